//! The tasks of a pipeline run with the artifacts that went in and came out: what a client that asks for the whole run is told.

use super::{
    engine::{Artifact, Node},
    parsed::Parsed,
    tasks,
};
use crate::{
    access::TeamMember,
    error::Result,
    store::{Store, pipeline_runs::PipelineRunRow},
};
use app::api::pipeline_runs::Task;
use std::collections::{BTreeMap, HashMap};

/// A task with its artifacts.
#[derive(Debug, Clone)]
pub struct Whole {
    /// The task.
    pub task: Task,
    /// When it was made, milliseconds since 1970.
    pub created_at: i64,
    /// Addresses of what went in, by name.
    pub inputs: BTreeMap<String, Vec<String>>,
    /// Addresses of what came out, by name.
    pub outputs: BTreeMap<String, Vec<String>>,
}

/// All tasks of a pipeline run, in the order in which they were made.
///
/// # Errors
/// No such pipeline run.
pub async fn tasks(parsed: &Parsed, store: &Store, by: &TeamMember, run: &PipelineRunRow) -> Result<Vec<Whole>> {
    let all = tasks::list(parsed, store, by, &run.id).await?;
    let rows = store.tasks(&run.id).await?;
    let rows: HashMap<&str, _> = rows.iter().map(|r| (r.id.as_str(), r)).collect();
    let one = |task: Task| -> Result<Option<Whole>> {
        // Made again by a retry meanwhile.
        let Some(row) = rows.get(task.id.as_str()) else { return Ok(None) };
        let node: Node = serde_json::from_str(&row.node)?;
        let (inputs, outputs) = (addresses(node.inputs.artifacts), addresses(node.outputs.artifacts));
        Ok(Some(Whole { created_at: row.created_at, inputs, outputs, task }))
    };
    all.into_iter().filter_map(|task| one(task).transpose()).collect()
}

fn addresses(artifacts: BTreeMap<String, Vec<Artifact>>) -> BTreeMap<String, Vec<String>> {
    artifacts.into_iter().map(|(name, all)| (name, all.into_iter().map(|a| a.uri).collect())).collect()
}
