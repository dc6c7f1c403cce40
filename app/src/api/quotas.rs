//! The quota of a team: how much its workloads may hold together.

use super::{
    Client,
    client::{Reply, team_path},
    resources::ResourcesAsked,
};
use http::Method;
use serde::{Deserialize, Serialize};

/// A team's quota; an absent amount means everything there is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Quota {
    /// CPU in thousandths of a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_millis: Option<i64>,
    /// Memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<i64>,
    /// Whole GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<i64>,
    /// Tasks of pipelines at work at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_tasks: Option<i64>,
    /// Counts up with each change.
    #[serde(default)]
    pub revision: i64,
}

/// A quota to set; an absent amount means everything there is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetQuota {
    /// Kubernetes quantities.
    #[serde(flatten)]
    pub amount: ResourcesAsked,
    /// Most tasks of pipelines at work at once; absent is as many as there is room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_tasks: Option<i64>,
    /// The revision one has seen.
    pub revision: i64,
}

impl Client {
    /// `GET /api/v1/teams/{team}/quota`
    pub fn quota(&self, team: &str) -> Reply<Quota> {
        self.get(team_path(team, "/quota"))
    }
    /// `PUT /api/v1/teams/{team}/quota`
    pub fn quota_set(&self, team: &str, body: &SetQuota) -> Reply<Quota> {
        self.call(Method::PUT, team_path(team, "/quota"), body)
    }
}
