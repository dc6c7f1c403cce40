//! Why something is as it is.

use super::{
    Client, State,
    client::{Reply, segment, team_path},
    pipeline_runs::TaskState,
};
use serde::{Deserialize, Serialize};

/// A sentence with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Explanation {
    /// How it is.
    pub state: State,
    /// Why, in a sentence.
    pub sentence: String,
    /// What was seen of its newest workload, of how the one before it failed, and of their logs: oldest first, and last what is so now.
    pub evidence: Vec<Evidence>,
}

/// The same of a task of a pipeline run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskExplanation {
    /// How far it is.
    pub state: TaskState,
    /// Why, in a sentence.
    pub sentence: String,
    /// What it waits for, what it was given, what happened to its attempts.
    pub evidence: Vec<Evidence>,
}

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// When, RFC 3339; absent for what is so now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Who says so: `queue`, `cluster`, `log`, `gateway`, `task`, `run`, `environment`, or on Kubernetes the kind of the object, such as `Pod`.
    pub source: String,
    /// What.
    pub text: String,
}

impl Client {
    /// `GET /api/v1/teams/{team}/notebooks/{name}/explain`
    pub fn notebook_explain(&self, team: &str, name: &str) -> Reply<Explanation> {
        self.get(team_path(team, &format!("/notebooks/{}/explain", segment(name))))
    }
    /// `GET /api/v1/teams/{team}/runs/{id}/explain`
    pub fn run_explain(&self, team: &str, id: &str) -> Reply<Explanation> {
        self.get(team_path(team, &format!("/runs/{}/explain", segment(id))))
    }
    /// `GET /api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}/explain`
    pub fn task_explain(&self, team: &str, id: &str, task: &str) -> Reply<TaskExplanation> {
        self.get(team_path(team, &format!("/pipeline-runs/{}/tasks/{}/explain", segment(id), segment(task))))
    }
    /// `GET /api/v1/teams/{team}/deployments/{name}/explain`
    pub fn deployment_explain(&self, team: &str, name: &str) -> Reply<Explanation> {
        self.get(team_path(team, &format!("/deployments/{}/explain", segment(name))))
    }
}
