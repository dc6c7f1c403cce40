//! Pipeline runs: what the engine says follows from their tasks is done, in one transaction for each run.

mod apply;
mod judge;
mod loaded;

use super::{Report, Task};
use crate::{
    artifacts::ArtifactStore,
    cluster::{SharedCluster, WorkloadKind},
    error::Result,
    logs::LogStore,
    pipelines::{engine, kept, parsed::Parsed, token::TaskTokens},
    quota::sizes::Sizes,
    store::{Store, pipeline_runs::PipelineRunRow, workloads::WorkloadRow},
};
use app::api::State;
use apply::{Room, Turn};
use async_trait::async_trait;
use loaded::{Known, Loaded};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Mutex;

/// So many times a run is looked at again in one transaction: what one step makes possible is done with it.
const DEEP: usize = 200;

/// Time between two looks where nothing is due before.
const EVERY: Duration = Duration::from_secs(2);
/// And at the least, whatever is due.
const AT_LEAST: Duration = Duration::from_millis(10);
/// Nothing is due.
const NEVER: i64 = i64::MAX;

/// The task.
pub struct Pipelines {
    store: Store,
    parsed: Parsed,
    logs: LogStore,
    cluster: SharedCluster,
    artifacts: ArtifactStore,
    tokens: TaskTokens,
    /// What was read before: a run that did not change since is not read again. Nothing rests on it.
    known: Mutex<Known>,
    /// When something is due next that no bell rings for, milliseconds since 1970.
    next: AtomicI64,
}

impl Pipelines {
    /// Over this database; nothing was read yet.
    pub fn new(store: Store, parsed: Parsed, logs: LogStore, cluster: SharedCluster, artifacts: ArtifactStore, tokens: TaskTokens) -> Self {
        Self { store, parsed, logs, cluster, artifacts, tokens, known: Mutex::default(), next: AtomicI64::new(NEVER) }
    }
}

#[async_trait]
impl Task for Pipelines {
    fn name(&self) -> &'static str {
        "pipelines"
    }

    /// Sooner where a task is to be tried again sooner, or somebody's time to answer, or that of a run, is over.
    fn every(&self) -> Duration {
        let left = self.next.load(Ordering::Relaxed).saturating_sub(self.store.clock().now()).max(0);
        Duration::from_millis(left.unsigned_abs()).clamp(AT_LEAST, EVERY)
    }

    fn eager(&self) -> bool {
        true
    }

    async fn tick(&self) -> Result<Report> {
        let mut known = self.known.lock().await;
        // Should the look fail, the next is no sooner than ever.
        self.next.store(NEVER, Ordering::Relaxed);
        // Workloads first: what is inserted after that is not mistaken for lost.
        let workloads: HashMap<String, Arc<WorkloadRow>> =
            self.store.workloads_unsettled(WorkloadKind::Task).await?.into_iter().map(|w| (w.id.clone(), w)).collect();
        let runs = self.store.pipeline_runs_live().await?;
        let mut report = Report::from([("live", runs.len() as i64), ("workloads", workloads.len() as i64)]);
        known.retain(&runs);
        for run in &runs {
            match self.look(&mut known, run, &workloads).await {
                Ok(did) => *report.entry("did").or_default() += i64::from(did),
                Err(error) => {
                    tracing::warn!(pipeline_run = run.id, error = %error, "pipeline run");
                    *report.entry("failed").or_default() += 1;
                    // Whatever was half done in memory is read anew.
                    known.forget(&run.id);
                }
            }
        }
        for workload in workloads.values().filter(|w| !known.wants(w)) {
            self.unwanted(workload).await?;
        }
        self.next.store(known.next_due().unwrap_or(NEVER), Ordering::Relaxed);
        Ok(report)
    }
}

impl Pipelines {
    /// Looks at one run; whether anything was done.
    async fn look(&self, known: &mut Known, run: &PipelineRunRow, workloads: &HashMap<String, Arc<WorkloadRow>>) -> Result<bool> {
        if !known.is_due(run, workloads, self.store.clock().now()) {
            return Ok(false);
        }
        let (mut run, mut there, mut did) = (run.clone(), HashMap::new(), false);
        loop {
            let unsure = self.turn(known, &run, workloads, &there, &mut did).await?;
            if unsure.is_empty() {
                return Ok(did);
            }
            // Outside of the transaction, and then once more from what the rows are now.
            kept::look(&self.artifacts, &run.team_id, unsure, &mut there).await?;
            known.forget(&run.id);
            let Some(now) = self.store.pipeline_run_any(&run.id).await? else { return Ok(did) };
            run = now;
        }
    }

    /// One transaction of a run; addresses of artifacts that are to be looked for before more can be done.
    async fn turn(
        &self,
        known: &mut Known,
        run: &PipelineRunRow,
        workloads: &HashMap<String, Arc<WorkloadRow>>,
        there: &HashMap<String, bool>,
        did: &mut bool,
    ) -> Result<BTreeSet<String>> {
        let now = self.store.clock().now();
        let mut loaded = match known.take(run) {
            Some(loaded) => loaded,
            None => Loaded::read(&self.store, &self.parsed, run).await?,
        };
        let ended = judge::ended(&self.store, &self.logs, run, &loaded, workloads).await?;
        let inputs = loaded.run_inputs(run);
        // One that an older server asked to end may not say so yet.
        let says = run.cancelled_by.is_none() || run.state() == State::Stopping;
        if says && !loaded.moved(workloads) && engine::plan(&loaded.pipeline, &inputs, &loaded.nodes, now).is_empty() {
            loaded.rest(run.revision, &inputs, now);
            known.keep(&run.id, loaded);
            return Ok(BTreeSet::new());
        }
        let room = Room {
            total: self.cluster.capacity().await?.total,
            sizes: Sizes::in_force(&self.store).await?,
            local: self.cluster.name() != "kubernetes",
            gpu: self.cluster.gpu().to_owned(),
        };
        let mut turn = Turn::begin(&self.store, room, run, &mut loaded, workloads, there, &self.tokens).await?;
        turn.follow().await?;
        turn.ends(ended).await?;
        let mut rests = false;
        for _ in 0..DEEP {
            let steps = engine::plan(&turn.loaded.pipeline, &inputs, &turn.loaded.nodes, now);
            if !turn.perform(steps).await? {
                rests = true;
                break;
            }
        }
        let unsure = std::mem::take(&mut turn.unsure);
        let Some(committed) = turn.commit().await? else { return Ok(BTreeSet::new()) };
        match committed {
            apply::Committed::Nothing => {
                loaded.rest(run.revision, &inputs, now);
                known.keep(&run.id, loaded);
                return Ok(unsure);
            }
            apply::Committed::Live(revision) if rests => {
                loaded.rest(revision, &inputs, now);
                known.keep(&run.id, loaded);
            }
            // There was more to do than one transaction is to hold: it is read anew, and goes on with the next look.
            apply::Committed::Live(_) => known.forget(&run.id),
            apply::Committed::Over => known.forget(&run.id),
        }
        *did = true;
        Ok(unsure)
    }

    /// Nobody waits for this one: its run is over, or its task was made anew.
    async fn unwanted(&self, workload: &WorkloadRow) -> Result<()> {
        // Begun after we read the run: the next tick knows it.
        if let Some(task) = self.store.task_any(&workload.owner_id).await?
            && task.workload_id.as_deref() == Some(&workload.id)
        {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        if workload.ended() {
            tx.workload_settle(&workload.id).await?;
        } else if workload.stop_requested_at.is_none() {
            tx.workload_stop(&workload.id, "Its pipeline run does not wait for it any more.", 5).await?;
        } else {
            return Ok(());
        }
        tx.commit().await
    }
}
