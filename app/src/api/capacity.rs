//! What there is, what is held, and what a size would do to it.

use super::{
    Client,
    client::{Reply, team_path},
    resources::Resources,
};
use serde::{Deserialize, Serialize};

/// Capacity as a team sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Capacity {
    /// Name of the cluster: `local`.
    pub cluster: String,
    /// All that workloads may hold together.
    pub total: Resources,
    /// What nobody holds.
    pub free: Resources,
    /// What this team holds.
    pub held: Resources,
    /// What this team may hold: its quota, or everything.
    pub quota: Resources,
    /// What this team's workloads use right now.
    pub used: Resources,
    /// Workloads of this team that wait.
    pub queued: i64,
    /// Largest upload of code, packed and unpacked, and largest artifact, in bytes.
    #[serde(default)]
    pub max_upload_bytes: i64,
    /// The sizes on offer.
    pub sizes: Vec<Size>,
}

/// A named amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Size {
    /// `small`, `medium`, `large`.
    pub name: String,
    /// For people.
    pub label: String,
    /// What it holds.
    pub resources: Resources,
    /// Whether it would start at once.
    pub starts_at_once: bool,
    /// What would happen, in a sentence.
    pub effect: String,
    /// How many of this size would start at once, one by one or as the nodes of a run, at most 64: each in one piece of what is free.
    #[serde(default)]
    pub nodes_now: i64,
    /// How many could ever: within the quota, and what each node of the cluster has.
    #[serde(default)]
    pub nodes_at_most: i64,
}

impl Client {
    /// `GET /api/v1/teams/{team}/capacity`
    pub fn capacity(&self, team: &str) -> Reply<Capacity> {
        self.get(team_path(team, "/capacity"))
    }
}
