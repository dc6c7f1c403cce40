//! What the platform admin sees of the platform itself.

use super::{Client, client::Reply, resources::Resources};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a background task did last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskReport {
    /// Name of the task.
    pub name: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run_at: Option<String>,
    /// How long it took.
    pub last_seconds: f64,
    /// Runs since the server started.
    pub runs: i64,
    /// What it counted: seen, did, failed, ...
    pub counts: BTreeMap<String, i64>,
    /// The error of the last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// One finding of the doctor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// `ok`, `warning`, `error`.
    pub level: String,
    /// What was seen.
    pub detail: String,
    /// What to do, where something is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// The platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Platform {
    /// Version of Slipway.
    pub version: String,
    /// Name of the cluster.
    pub cluster: String,
    /// `sqlite` or `postgresql`.
    pub database: String,
    /// RFC 3339.
    pub started_at: String,
    /// All that workloads may hold together.
    pub total: Resources,
    /// What nobody holds.
    pub free: Resources,
    /// Findings of the doctor.
    pub findings: Vec<Finding>,
    /// Background tasks.
    pub tasks: Vec<TaskReport>,
}

impl Client {
    /// `GET /api/v1/platform`
    pub fn platform(&self) -> Reply<Platform> {
        self.get("/api/v1/platform")
    }
}
