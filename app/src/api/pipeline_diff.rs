//! What is different between two versions of a pipeline.

use super::{
    Client,
    client::{Reply, segment, team_path, with_query},
    pipelines::PipelineVersion,
};
use serde::{Deserialize, Serialize};

/// What is different in a version against another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PipelineDiff {
    /// The version it is compared with.
    pub before: PipelineVersion,
    /// The version.
    pub after: PipelineVersion,
    /// Of the pipeline as a whole: its settings, what a run takes, what comes out.
    pub pipeline: Vec<Difference>,
    /// Tasks that are not the same in both, those that hold others included, in the order of their paths.
    pub tasks: Vec<TaskDifference>,
    /// How many tasks are the same in both.
    pub same: i64,
    /// Whether there are more tasks than were compared.
    pub more: bool,
}

/// A task that is not the same in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskDifference {
    /// Names from the top down, with slashes.
    pub path: String,
    /// Name for people.
    pub name: String,
    /// What happened to it.
    pub change: Change,
    /// What of it; all there is to say of one that was added or removed.
    pub differences: Vec<Difference>,
}

/// What happened to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Only the version has it.
    Added,
    /// Only the one before has it.
    Removed,
    /// Both have it, and it is another.
    Changed,
}

/// Something that is not the same in both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Difference {
    /// What, as in `Image`, `Packages`, `Input rows`.
    pub what: String,
    /// As it was; absent where it was not there. What is long is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// As it is; absent where it is not there any more. What is long is cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Of a text of several lines those that differ, with some around them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<DiffLine>,
}

/// A line of a text that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct DiffLine {
    /// In which of the two it is.
    pub side: Side,
    /// The line.
    pub text: String,
}

/// In which of two texts a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// In both.
    Both,
    /// Only in the one before.
    Before,
    /// Only in the one after.
    After,
    /// Lines that are in both are left out here.
    Gap,
}

/// With which version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct DiffQuery {
    /// Id or name of the version to compare with; the one that was made before it, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}/diff`
    pub fn pipeline_diff(&self, team: &str, pipeline: &str, version: &str, query: &DiffQuery) -> Reply<PipelineDiff> {
        let path = format!("/pipelines/{}/versions/{}/diff", segment(pipeline), segment(version));
        self.get(with_query(team_path(team, &path), query))
    }
}
