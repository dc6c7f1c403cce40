//! The machine we are on as a cluster: each workload is the child of a small supervisor process (`slipway shim`) that outlives the server.
//!
//! The server only starts supervisors, reads their records and asks them to end their workloads; see `paths` for what lies where. What is
//! started survives the server because nothing of it hangs on the server: a supervisor has a session of its own, its log and its records are files.
//! A later server finds it again by pid and start time. A supervisor that was killed leaves processes behind: `lost` finds and ends them.

mod adopt;
mod capacity;
mod clues;
pub(in crate::cluster) mod handover;
mod launch;
pub(in crate::cluster) mod limits;
mod lost;
pub(in crate::cluster) mod paths;
mod process;
pub(in crate::cluster) mod record;
mod remove;
pub mod shim;
mod spare;
mod usage;
mod watch;

pub use capacity::{gpus, memory_bytes};
pub use limits::LimitsMode;

use super::{Capacity, Clue, Cluster, Observed, Usage, WorkloadSpec, doors::Doors};
use crate::{
    clock::SharedClock,
    error::{Context, Error, Result},
};
use app::api::resources::Resources;
use async_trait::async_trait;
use limits::Limits;
use paths::{Paths, check_id, make_private};
use record::StopRequest;
use rustix::process::Signal;
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::watch as bell;

/// How large a part of a log grows; two parts are kept.
pub const LOG_BYTES: u64 = 64 << 20;

/// What the local cluster is told at its start.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// Data folder; its owner holds its lock.
    pub data: PathBuf,
    /// Folder that holds `environments/{digest}`.
    pub cache: PathBuf,
    /// The `slipway` program, for supervisors.
    pub exe: PathBuf,
    /// Kept back from the machine's capacity.
    pub reserve: Resources,
    /// Numbers of the GPUs that may be handed out: [`gpus`] of the machine.
    pub gpus: Vec<u32>,
    /// How large an uploaded folder may be, in bytes.
    pub upload_bytes: u64,
    /// The time.
    pub clock: SharedClock,
}

/// The machine we are on.
pub struct LocalCluster {
    inner: Arc<Inner>,
    /// Ends with the cluster, not with the workloads.
    watcher: tokio::task::JoinHandle<()>,
}

/// What its files share.
struct Inner {
    paths: Paths,
    cache: PathBuf,
    exe: PathBuf,
    path: String,
    reserve: Resources,
    /// Numbers of all GPUs.
    gpus: Vec<u32>,
    clock: SharedClock,
    limits: Limits,
    log_bytes: u64,
    upload_bytes: u64,
    bell: bell::Sender<u64>,
    /// One at a time for each workload.
    doors: Doors,
    /// GPUs that are being handed out.
    handing_gpus: tokio::sync::Mutex<()>,
    meters: Mutex<HashMap<String, usage::Meter>>,
    spare: spare::Spare,
}

impl LocalCluster {
    /// Opens the cluster of a data folder. Has to be called inside a tokio runtime.
    ///
    /// # Errors
    /// The data folder cannot be used.
    pub fn open(config: LocalConfig) -> Result<Self> {
        Self::open_with(config, LOG_BYTES, None)
    }

    /// Opens it with logs of another size and without trying control groups, for tests.
    ///
    /// # Errors
    /// The data folder cannot be used.
    pub fn open_with(config: LocalConfig, log_bytes: u64, limits: Option<LimitsMode>) -> Result<Self> {
        make_private(&config.data).context("making the data folder")?;
        let data = fs::canonicalize(&config.data).context("finding the data folder")?;
        let cache = std::path::absolute(&config.cache).context("finding the cache folder")?;
        let paths = Paths::new(data);
        make_private(&paths.records()).context("making the folder of records")?;
        let name = group_name(paths.data());
        let limits = if limits == Some(LimitsMode::Rlimits) { Limits::NONE } else { limits::probe(&name) };
        let (bell, _) = bell::channel(0);
        let inner = Arc::new(Inner {
            paths,
            cache,
            exe: config.exe,
            path: tools_path(),
            reserve: config.reserve,
            gpus: config.gpus,
            clock: config.clock,
            limits,
            log_bytes,
            upload_bytes: config.upload_bytes,
            bell,
            doors: Doors::default(),
            handing_gpus: tokio::sync::Mutex::default(),
            meters: Mutex::default(),
            spare: spare::Spare::default(),
        });
        let watcher = watch::start(&inner).context("watching the folder of records")?;
        Ok(Self { inner, watcher })
    }

    /// How limits are put upon workloads here, for `doctor` and the Admin page.
    pub fn limits_mode(&self) -> LimitsMode {
        self.inner.limits.mode
    }
}

/// How limits would be put upon workloads by a server that is started as this process was. For `doctor`, beside a running server.
pub fn limits_mode() -> LimitsMode {
    let limits = limits::probe(&format!("slipway-probe-{}", std::process::id()));
    limits.remove_bases();
    limits.mode
}

impl Drop for LocalCluster {
    fn drop(&mut self) {
        self.watcher.abort();
        // Only where they are empty, which the kernel knows best.
        self.inner.limits.remove_bases();
    }
}

#[async_trait]
impl Cluster for LocalCluster {
    fn name(&self) -> &'static str {
        "local"
    }

    async fn ensure(&self, spec: &WorkloadSpec) -> Result<()> {
        check_id(&spec.id)?;
        // In a task of its own: whoever asked may go away in the midst of it.
        let (inner, spec) = (self.inner.clone(), spec.clone());
        tokio::spawn(async move { inner.launch(spec).await }).await.map_err(Error::internal)?
    }

    async fn stop(&self, id: &str, grace: Duration) -> Result<()> {
        check_id(id)?;
        let _door = self.inner.door(id).await;
        let (inner, id) = (self.inner.clone(), id.to_owned());
        blocking(move || inner.ask_to_end(&id, grace)).await
    }

    async fn forget(&self, id: &str) -> Result<()> {
        check_id(id)?;
        let (inner, id) = (self.inner.clone(), id.to_owned());
        tokio::spawn(async move { inner.remove(&id).await }).await.map_err(Error::internal)?
    }

    async fn remove_volume(&self, volume: &str) -> Result<()> {
        let folder = self.inner.paths.volume(volume)?;
        blocking(move || remove::remove_tree(&folder).context("deleting a volume")).await
    }

    async fn list(&self) -> Result<Vec<Observed>> {
        self.inner.clone().observe_all().await
    }

    async fn clues(&self, id: &str) -> Result<Vec<Clue>> {
        check_id(id)?;
        let (inner, id) = (self.inner.clone(), id.to_owned());
        blocking(move || inner.clues(&id)).await
    }

    fn watch(&self) -> bell::Receiver<u64> {
        self.inner.bell.subscribe()
    }

    async fn usage(&self) -> Result<Vec<Usage>> {
        let inner = self.inner.clone();
        blocking(move || Ok(inner.measure())).await
    }

    async fn capacity(&self) -> Result<Capacity> {
        let inner = self.inner.clone();
        blocking(move || Ok(capacity::capacity(inner.reserve, &inner.gpus))).await
    }
}

impl Inner {
    fn ring(&self) {
        self.bell.send_modify(|n| *n += 1);
    }

    /// Waits until nobody else changes this workload.
    async fn door(&self, id: &str) -> tokio::sync::OwnedMutexGuard<()> {
        self.doors.door(id).await
    }

    /// Asks the supervisor, if there is one that lives, to end its workload.
    fn ask_to_end(&self, id: &str, grace: Duration) -> Result<()> {
        let state = match record::read::<record::State>(&self.paths.state(id)) {
            Ok(Some(state)) => state,
            Ok(None) => return Ok(()),
            // Nobody is its supervisor; `list` ends what is left of it.
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => return Ok(()),
            Err(e) => return Err(e).context("reading a record"),
        };
        if self.paths.exit(id).exists() || state.boot != process::boot() || !state.shim.alive() {
            return Ok(());
        }
        let path = self.paths.stop(id);
        let mut request = StopRequest { grace_ms: u64::try_from(grace.as_millis()).unwrap_or(u64::MAX) };
        if let Ok(Some(before)) = record::read::<StopRequest>(&path) {
            request.grace_ms = request.grace_ms.min(before.grace_ms);
        }
        record::write(&path, &request).context("writing a request to stop")?;
        // `false` means that it is gone meanwhile, which is what was asked.
        state.shim.signal(Signal::TERM);
        // Its workload runs as the same user and may have halted it.
        state.shim.signal(Signal::CONT);
        Ok(())
    }
}

/// Runs what waits for the disk or for processes away from the async threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// Name of the control group that holds those of this data folder.
fn group_name(data: &Path) -> String {
    let digest = crate::ids::sha256(data.as_os_str().as_encoded_bytes());
    format!("slipway-{}", &digest[..12])
}

/// The machine's tools are those that the server finds.
fn tools_path() -> String {
    let path = std::env::var_os("PATH").and_then(|p| p.into_string().ok()).filter(|p| !p.is_empty());
    path.unwrap_or_else(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into())
}
