//! Two pipeline runs beside each other.

use super::{
    Client,
    client::{Reply, segment, team_path, with_query},
    pipeline_diff::Difference,
    pipeline_runs::{PipelineRun, TaskArtifact, TaskState},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A pipeline run beside another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PipelineRunComparison {
    /// The run it is compared with.
    pub before: ComparedRun,
    /// The run.
    pub after: ComparedRun,
    /// Tasks of both that run something, those of the same path in one line, in the order of their paths.
    pub tasks: Vec<TaskPair>,
    /// Whether there are more tasks than were compared.
    pub more: bool,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ComparedRun {
    /// The run.
    pub run: PipelineRun,
    /// Name of its version for people; absent where the run brought its own pipeline, or the version was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// SHA-256 of the pipeline that it ran.
    pub digest: String,
}

/// A task in both runs, or in one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskPair {
    /// Names from the top down, with slashes, and turns of loops.
    pub path: String,
    /// In the run it is compared with; absent where that has no such task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ComparedTask>,
    /// In the run; absent where it has no such task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ComparedTask>,
    /// Which parameters that went in or came out are not the same, of a task that both have.
    pub differences: Vec<Difference>,
}

/// A task of one of the two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ComparedTask {
    /// Id.
    pub id: String,
    /// How far it is.
    pub state: TaskState,
    /// Attempts so far.
    pub attempt: i64,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// What it measured, the latest value of each: a number, or the word for one that is none.
    pub metrics: BTreeMap<String, Value>,
    /// What it made, by name.
    pub artifacts: BTreeMap<String, Vec<TaskArtifact>>,
}

/// With which pipeline run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct CompareQuery {
    /// Id of the pipeline run to compare with.
    pub with: String,
}

impl Client {
    /// `GET /api/v1/teams/{team}/pipeline-runs/{id}/compare`
    pub fn pipeline_run_compare(&self, team: &str, id: &str, with: &str) -> Reply<PipelineRunComparison> {
        let path = team_path(team, &format!("/pipeline-runs/{}/compare", segment(id)));
        self.get(with_query(path, &CompareQuery { with: with.to_owned() }))
    }
}
