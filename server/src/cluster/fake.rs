//! A cluster for tests, which does what the test says.
//!
//! Without a word from the test a workload stays `Starting` until [`FakeCluster::run`], [`FakeCluster::set_phase`] or [`FakeCluster::end`]. A [`Script`]
//! given before the start lets it behave by itself.

use super::{
    Capacity, Clue, Cluster, Endpoint, Exit, Observed, Phase, RanImage, Room, Usage, WorkloadSpec, placement::Placement,
    workload::UsageNumbers,
};
use crate::{
    clock::SharedClock,
    error::{Error, Kind, Result},
};
use app::api::resources::Resources;
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// How a workload behaves by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Script {
    /// Stays `Starting` until the test says otherwise; ends when stopped.
    #[default]
    Waits,
    /// Runs at once, until it is stopped.
    Runs,
    /// Runs at once; when stopped it stays `Stopping` until the test ends it or the grace is zero.
    IgnoresStop,
    /// Is a server that is ready at once.
    Serves(Endpoint),
    /// Ends at once.
    Ends(Exit),
}

#[derive(Debug, Clone)]
struct Workload {
    spec: WorkloadSpec,
    script: Script,
    phase: Phase,
    started_at: Option<i64>,
    image: Option<RanImage>,
}

#[derive(Debug, Default)]
struct World {
    scripts: BTreeMap<String, Script>,
    workloads: BTreeMap<String, Workload>,
    usage: BTreeMap<String, UsageNumbers>,
    clues: BTreeMap<String, Vec<Clue>>,
    images: BTreeMap<String, Option<String>>,
    stops: Vec<(String, Duration)>,
    forgotten: Vec<String>,
    removed_volumes: Vec<String>,
    refusal: Option<(Kind, String)>,
    broken: Option<String>,
    total: Resources,
    reserve: Resources,
    rooms: Option<Vec<Room>>,
}

/// A cluster in memory.
#[derive(Debug)]
pub struct FakeCluster {
    clock: SharedClock,
    world: Mutex<World>,
    bell: watch::Sender<u64>,
    containers: bool,
}

impl FakeCluster {
    /// An empty cluster of 8 CPUs, 16 GiB and no GPU.
    pub fn new(clock: SharedClock) -> Self {
        let total = Resources { cpu_millis: 8000, memory_bytes: 16 << 30, gpus: 0 };
        Self { clock, world: Mutex::new(World { total, ..World::default() }), bell: watch::Sender::new(0), containers: false }
    }

    /// The same with the name of one that runs containers.
    pub fn of_containers(clock: SharedClock) -> Self {
        Self { containers: true, ..Self::new(clock) }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.bell.send_modify(|n| *n += 1);
    }

    /// How the workload of this id shall behave once it is started.
    pub fn script(&self, id: &str, script: Script) {
        self.world().scripts.insert(id.into(), script);
    }

    /// From now on nothing is started, for this reason; `None` lifts it.
    pub fn refuse(&self, reason: Option<&str>) {
        self.world().refusal = reason.map(|r| (Kind::Unavailable, r.into()));
    }

    /// From now on everything that is to be started is refused as wrong in itself, for this reason.
    pub fn refuse_as_wrong(&self, reason: &str) {
        self.world().refusal = Some((Kind::Invalid, reason.into()));
    }

    /// From now on `list`, `stop`, `forget` and `capacity` fail, as a cluster does that cannot be reached; `None` lifts it.
    pub fn cut_off(&self, reason: Option<&str>) {
        self.world().broken = reason.map(Into::into);
    }

    /// What there is for workloads.
    pub fn set_capacity(&self, total: Resources, reserve: Resources) {
        let mut world = self.world();
        (world.total, world.reserve) = (total, reserve);
    }

    /// Its nodes; `None`: everything is in one piece.
    pub fn set_rooms(&self, rooms: Option<Vec<Room>>) {
        self.world().rooms = rooms;
    }

    /// What `usage` answers for a workload.
    pub fn set_usage(&self, id: &str, numbers: UsageNumbers) {
        self.world().usage.insert(id.into(), numbers);
    }

    /// What it saw of a workload.
    pub fn set_clues(&self, id: &str, clues: Vec<Clue>) {
        self.world().clues.insert(id.into(), clues);
    }

    /// What an image of this name is for workloads that are started from now on; `None`: they do not say it. Those that did not say it before do now.
    pub fn set_image(&self, name: &str, digest: Option<&str>) {
        let digest = digest.map(str::to_owned);
        let mut world = self.world();
        for image in world.workloads.values_mut().filter_map(|w| w.image.as_mut()).filter(|i| i.name == name && i.digest.is_none()) {
            image.digest.clone_from(&digest);
        }
        world.images.insert(name.into(), digest);
        drop(world);
        self.ring();
    }

    /// Puts a started workload into a phase. Unknown, or ended before: nothing happens.
    pub fn set_phase(&self, id: &str, phase: Phase) {
        let now = self.clock.now();
        if let Some(workload) = self.world().workloads.get_mut(id).filter(|w| !is_ended(w)) {
            if matches!(phase, Phase::Running { .. }) {
                workload.started_at.get_or_insert(now);
            }
            workload.phase = phase;
        }
        self.ring();
    }

    /// Lets a started workload run.
    pub fn run(&self, id: &str) {
        self.set_phase(id, Phase::Running { endpoint: None });
    }

    /// Lets a server be ready there.
    pub fn serve(&self, id: &str, endpoint: Endpoint) {
        self.set_phase(id, Phase::Running { endpoint: Some(endpoint) });
    }

    /// Ends a workload. A moment of 0 becomes now.
    pub fn end(&self, id: &str, exit: Exit) {
        let exit = self.dated(exit);
        self.set_phase(id, Phase::Ended(exit));
    }

    /// Ends a workload by itself with an exit code.
    pub fn exit(&self, id: &str, code: i64) {
        self.end(id, Exit { code: Some(code), ..Exit::default() });
    }

    /// What was started under this id and not forgotten.
    pub fn spec(&self, id: &str) -> Option<WorkloadSpec> {
        self.world().workloads.get(id).map(|w| w.spec.clone())
    }

    /// Everything that was started and not forgotten.
    pub fn specs(&self) -> Vec<WorkloadSpec> {
        self.world().workloads.values().map(|w| w.spec.clone()).collect()
    }

    /// What was asked to stop, in order.
    pub fn stops(&self) -> Vec<(String, Duration)> {
        self.world().stops.clone()
    }

    /// What was forgotten, in order.
    pub fn forgotten(&self) -> Vec<String> {
        self.world().forgotten.clone()
    }

    /// Volumes that were deleted, in order.
    pub fn removed_volumes(&self) -> Vec<String> {
        self.world().removed_volumes.clone()
    }

    fn dated(&self, mut exit: Exit) -> Exit {
        if exit.ended_at == 0 {
            exit.ended_at = self.clock.now();
        }
        exit
    }

    fn reachable(&self) -> Result<MutexGuard<'_, World>> {
        let world = self.world();
        match &world.broken {
            Some(reason) => Err(Error::new(Kind::Unavailable, reason.clone())),
            None => Ok(world),
        }
    }
}

fn is_ended(workload: &Workload) -> bool {
    matches!(workload.phase, Phase::Ended(_))
}

#[async_trait]
impl Cluster for FakeCluster {
    fn name(&self) -> &'static str {
        if self.containers { "kubernetes" } else { "fake" }
    }

    async fn ensure(&self, spec: &WorkloadSpec) -> Result<()> {
        {
            let now = self.clock.now();
            let mut world = self.world();
            if world.workloads.contains_key(&spec.id) {
                return Ok(());
            }
            if let Some((kind, reason)) = &world.refusal {
                return Err(Error::new(*kind, reason.clone()));
            }
            if let Some(reason) = &world.broken {
                return Err(Error::new(Kind::Unavailable, reason.clone()));
            }
            let script = world.scripts.get(&spec.id).cloned().unwrap_or_default();
            let phase = match &script {
                Script::Waits => Phase::Starting { doing: "Starting".into() },
                Script::Runs | Script::IgnoresStop => Phase::Running { endpoint: None },
                Script::Serves(endpoint) => Phase::Running { endpoint: Some(endpoint.clone()) },
                Script::Ends(exit) => Phase::Ended(self.dated(exit.clone())),
            };
            let started_at = matches!(phase, Phase::Running { .. }).then_some(now);
            let named = spec.runtime.image().and_then(|name| world.images.get_key_value(name));
            let image = named.map(|(name, digest)| RanImage { name: name.clone(), digest: digest.clone() });
            world.workloads.insert(spec.id.clone(), Workload { spec: spec.clone(), script, phase, started_at, image });
        }
        self.ring();
        Ok(())
    }

    async fn stop(&self, id: &str, grace: Duration) -> Result<()> {
        {
            let now = self.clock.now();
            let mut world = self.reachable()?;
            world.stops.push((id.into(), grace));
            let Some(workload) = world.workloads.get_mut(id).filter(|w| !is_ended(w)) else { return Ok(()) };
            workload.phase = if workload.script == Script::IgnoresStop && !grace.is_zero() {
                Phase::Stopping
            } else {
                let signal = if grace.is_zero() { 9 } else { 15 };
                Phase::Ended(Exit { signal: Some(signal), stopped: true, ended_at: now, ..Exit::default() })
            };
        }
        self.ring();
        Ok(())
    }

    async fn forget(&self, id: &str) -> Result<()> {
        {
            let mut world = self.reachable()?;
            world.workloads.remove(id);
            world.usage.remove(id);
            world.forgotten.push(id.into());
        }
        self.ring();
        Ok(())
    }

    async fn remove_volume(&self, volume: &str) -> Result<()> {
        self.reachable()?.removed_volumes.push(volume.into());
        Ok(())
    }

    async fn list(&self) -> Result<Vec<Observed>> {
        let world = self.reachable()?;
        let observed = |(id, w): (&String, &Workload)| Observed {
            id: id.clone(),
            phase: w.phase.clone(),
            started_at: w.started_at,
            // What has not started has no image yet.
            image: w.image.clone().filter(|_| w.started_at.is_some()),
        };
        Ok(world.workloads.iter().map(observed).collect())
    }

    async fn clues(&self, id: &str) -> Result<Vec<Clue>> {
        let world = self.reachable()?;
        let clue = |w: &Workload| vec![Clue::now("cluster", format!("Attempt {} of a {}.", w.spec.attempt, w.spec.kind.as_str()))];
        let given = || world.clues.get(id).cloned();
        Ok(world.workloads.get(id).map(|w| given().unwrap_or_else(|| clue(w))).unwrap_or_default())
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    async fn usage(&self) -> Result<Vec<Usage>> {
        let time = self.clock.now();
        let world = self.world();
        let runs = |id: &str| world.workloads.get(id).is_some_and(|w| matches!(w.phase, Phase::Running { .. } | Phase::Stopping));
        Ok(world.usage.iter().filter(|(id, _)| runs(id)).map(|(id, n)| Usage { id: id.clone(), time, numbers: *n }).collect())
    }

    fn has_nodes(&self) -> bool {
        true
    }

    async fn rooms(&self, placement: &Placement) -> Result<Option<Vec<Room>>> {
        let rooms = self.reachable()?.rooms.clone();
        // None of its nodes has a label.
        Ok(rooms.map(|all| if placement.node_selector.is_empty() { all } else { Vec::new() }))
    }

    async fn capacity(&self) -> Result<Capacity> {
        let world = self.reachable()?;
        Ok(Capacity { total: world.total, reserve: world.reserve })
    }
}
