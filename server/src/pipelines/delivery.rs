//! What the launcher of a task brings, before its workload ends. It counts once the workload has ended well.

use super::{
    engine::{self, Node},
    launched,
    parsed::Parsed,
    upload::pipeline_of,
};
use crate::{
    access::TeamViewer,
    artifacts::ArtifactStore,
    error::{Error, Result},
    launcher,
    store::{Store, pipeline_runs::PipelineRunRow, tasks::TaskRow},
    wake::TeamChange,
};
use app::api::{
    changes::kinds,
    pipeline_runs::{KeptFile, TaskDelivery, TaskKeep},
};

/// Most files of outputs.
const MOST: usize = 1000;

/// Takes deliveries.
pub struct Deliveries<'a> {
    /// The database.
    pub store: &'a Store,
    /// Pipelines that were read lately.
    pub parsed: &'a Parsed,
    /// Where artifacts lie, where tasks run on this machine.
    pub local: Option<&'a ArtifactStore>,
}

impl Deliveries<'_> {
    /// Keeps what the attempt under way of a task brings; what it is to keep besides. `run_id`: the task's run of MLflow, whose token asks.
    ///
    /// # Errors
    /// Somebody else asks; nobody waits for it any more; it is not what the component promises.
    pub async fn take(&self, by: &TeamViewer, run_id: &str, delivery: &TaskDelivery) -> Result<TaskKeep> {
        if by.principal.run() != Some(run_id) {
            return Err(Error::forbidden("Only the task's own workload delivers what it made."));
        }
        let bytes: u64 = delivery.files.values().map(|text| text.len() as u64).sum();
        if delivery.files.len() > MOST || bytes > 2 * launcher::MOST_BYTES {
            return Err(Error::invalid("files", "These are more outputs than a task may have.").hint("Use an artifact for what is large."));
        }
        let nobody = || Error::conflict("Nobody waits for this task any more.");
        let row = self.store.task_of_run(&by.team.id, run_id).await?.ok_or_else(nobody)?;
        let run = self.parsed.run_as_made(&row.pipeline_run_id).await?.ok_or_else(nobody)?;
        let keep = self.keep(&row, &run, delivery).await?;
        if !self.store.task_deliver(run_id, delivery.attempt, &serde_json::to_string(delivery)?).await? {
            return Err(nobody());
        }
        if !keep.is_empty() {
            let change = TeamChange { team_id: Some(by.team.id.clone()), kind: kinds::ARTIFACT.into(), id: run_id.into(), revision: 0 };
            self.store.bell().ring(vec![change], false);
        }
        Ok(TaskKeep { keep })
    }

    async fn keep(&self, row: &TaskRow, run: &PipelineRunRow, delivery: &TaskDelivery) -> Result<Vec<KeptFile>> {
        let pipeline = pipeline_of(self.parsed, &run.spec_digest).await?;
        let lines = self.parsed.places().lines(&[&row.id]).await?;
        let node: Node = serde_json::from_str(&row.node)?;
        let wrong = |why: String| Error::invalid("files", why);
        let of = launched::of(&pipeline, &lines, &row.id).ok_or_else(|| wrong("The pipeline does not say what it runs.".into()))?;
        let launch = launched::launch(of, run, row, &node.inputs, Default::default()).map_err(wrong)?;
        let collected = engine::collect(of.component, &launch, &launched::written(delivery)).map_err(wrong)?;
        let one = |(path, address): (String, String)| {
            let artifact = launched::own(&address, run, row)?;
            let place = self.local.and_then(|s| s.place(&row.team_id, &artifact)).map(|p| p.display().to_string());
            Some(KeptFile { path, artifact: artifact.to_string(), place })
        };
        Ok(collected.files.into_iter().filter_map(one).collect())
    }
}
