use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Approval;
use crate::pipelines::ir::ArtifactType;

/// One instance of a task in a pipeline run: a row. The root DAG has none: its tasks have no parent.
///
/// A parent, a name and an iteration name one node: they are unique in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its id, made by the caller.
    pub id: String,
    /// The DAG or loop that it belongs to; none: the root.
    pub parent: Option<String>,
    /// The task's key in its DAG. An iteration has the name of its loop.
    pub name: String,
    /// Which iteration of its parent, a loop, it is.
    pub iteration: Option<u32>,
    /// What it is.
    pub kind: Kind,
    /// How it stands.
    pub state: State,
    /// Which try it is at: 1 is the first, 0 before that.
    pub attempt: u32,
    /// How many of its tries were made because the pipeline wants failed ones tried again.
    pub retried: u32,
    /// What goes in; empty until it starts.
    pub inputs: Inputs,
    /// What came out; empty until it ended well.
    pub outputs: Outputs,
    /// Why it failed, was skipped or canceled.
    pub error: Option<String>,
    /// Not to be started before this time, in milliseconds since 1970.
    pub not_before_ms: i64,
    /// What an approval asks, from its start on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Tasks of its own are its children.
    Dag,
    /// Its iterations are its children, each a node of the same name.
    Loop,
    /// A command that is run.
    Executor,
    /// Takes an artifact into the run. Nothing runs: its outputs come with its start.
    Importer,
    /// Waits for somebody of the team. Nothing runs: its outputs are their answer.
    Approval,
}

/// How a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Not started: it waits for others, for its turn or for its next try.
    Waiting,
    /// Started, not ended.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended well with what an equal task made before.
    Cached,
    /// Never to be started: its condition is false, or what it waits for did not end well.
    Skipped,
    /// Ended badly.
    Failed,
    /// Ended because somebody wished so.
    Canceled,
}

impl State {
    /// Nothing changes any more.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running)
    }

    /// Others may take its outputs.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Succeeded | Self::Cached)
    }
}

/// What goes into a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// By name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// By name; one, or a list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, Vec<Artifact>>,
    /// The secrets that it is to be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
}

/// A secret that a task is to be given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// Key in the secret, and the variable it becomes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<(String, String)>,
    /// Whether the task runs without it.
    #[serde(default)]
    pub optional: bool,
}

/// What came out of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    /// By name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// By name; one, or a list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, Vec<Artifact>>,
}

/// A file or folder that tasks pass on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its type.
    #[serde(default, rename = "type")]
    pub kind: ArtifactType,
    /// Its address.
    #[serde(default)]
    pub uri: String,
    /// What is noted with it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// Where the task put it, when it chose the place itself.
    #[serde(default, rename = "customPath", skip_serializing_if = "Option::is_none")]
    pub custom_path: Option<String>,
    /// What tells its content from another's, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// How a run is called: what its tasks are told when they ask with a placeholder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunNames {
    /// For people: `{{$.pipeline_job_name}}`.
    pub name: String,
    /// Unique: `{{$.pipeline_job_resource_name}}`.
    pub resource_name: String,
    /// Its id: `{{$.pipeline_job_uuid}}`.
    pub id: String,
    /// Where its artifacts lie: `{{$.pipeline_root}}`.
    pub root: String,
    /// As in `2026-01-31T12:00:00Z`: `{{$.pipeline_job_create_time_utc}}`.
    pub created_at: String,
    /// The same for a recurring run, of the time it was due: `{{$.pipeline_job_schedule_time_utc}}`.
    pub scheduled_at: String,
}

impl RunNames {
    /// What stands for a placeholder, of which `inner` is what stands in its braces.
    pub(super) fn find(&self, inner: &str, task_name: &str, task_id: &str) -> Option<String> {
        let found = match inner {
            "$.pipeline_job_name" => &self.name,
            "$.pipeline_job_resource_name" => &self.resource_name,
            "$.pipeline_job_uuid" => &self.id,
            "$.pipeline_root" => &self.root,
            "$.pipeline_job_create_time_utc" => &self.created_at,
            "$.pipeline_job_schedule_time_utc" => &self.scheduled_at,
            "$.pipeline_task_name" => task_name,
            "$.pipeline_task_uuid" => task_id,
            _ => return None,
        };
        Some(found.to_owned())
    }
}

/// What a run was started with and is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunInputs {
    /// Parameters of the root, checked and complete (`Pipeline::parameters`).
    pub parameters: Map<String, Value>,
    /// Artifacts of the root.
    #[serde(default)]
    pub artifacts: BTreeMap<String, Vec<Artifact>>,
    /// How the run is called.
    #[serde(default)]
    pub names: RunNames,
    /// Somebody wished the run to end.
    #[serde(default)]
    pub cancel: bool,
    /// And what cleans up with it.
    #[serde(default)]
    pub cancel_exits: bool,
    /// After the first failure in a DAG nothing new is started in it.
    #[serde(default)]
    pub fail_fast: bool,
    /// When it began, or last began to go on after its end, in milliseconds since 1970.
    pub started_ms: i64,
}
