//! The ledger of a deployment: what served when, from which version, run, commit and data, and who allowed it.

use super::{
    Client, Page,
    client::{Reply, segment, team_path, with_query},
    deployments::Deployment,
    resources::Resources,
    runs::Dataset,
    runtimes::{Program, served},
};
use http::Method;
use serde::{Deserialize, Serialize};

/// What began to serve, as it was noted then: it stays though the version, the run or the deployment is deleted later.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Served {
    /// Number of the revision.
    pub revision: i64,
    /// Registered model; empty for a program without one.
    pub model: String,
    /// Version of it; 0 for a program without one.
    pub version: i64,
    /// SHA-256 over the files of the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Id of the run that made the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Name of that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_name: Option<String>,
    /// Git commit of its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// SHA-256 of its uploaded code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_digest: Option<String>,
    /// Datasets it read.
    #[serde(default)]
    pub datasets: Vec<Dataset>,
    /// Server it runs in; `custom` for a program without a model.
    #[serde(default)]
    pub runtime: String,
    /// SHA-256 over what is run; absent for the shipped model server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_digest: Option<String>,
    /// What is run; absent for the shipped model server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// Environment and version: `serve v1`; or the image.
    #[serde(default)]
    pub environment: String,
    /// Content digest of the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_digest: Option<String>,
    /// What each replica holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Who asked for the revision.
    #[serde(default)]
    pub by: String,
    /// The revision it took the deployment back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_to: Option<i64>,
    /// The alias that was followed, without `@`; then `by` is who moved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Who approved the promotion that moved the alias; then `by` is who asked for it.
    #[serde(default)]
    pub approved_by: Vec<String>,
}

impl Served {
    /// What served, in words.
    pub fn words(&self) -> String {
        served(&self.model, self.version, self.program.as_ref())
    }
}

/// How something ceased to serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Another revision took over.
    Replaced,
    /// The deployment was taken back to an earlier revision, or a canary was taken back.
    RolledBack,
    /// It went on with another share.
    Shared,
    /// The deployment was stopped.
    Stopped,
    /// The deployment was deleted.
    Deleted,
}

impl Ended {
    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Replaced => "Replaced",
            Self::RolledBack => "Rolled back",
            Self::Shared => "Other share",
            Self::Stopped => "Stopped",
            Self::Deleted => "Deleted",
        }
    }
}

/// A time in which a revision took the traffic of a deployment, or a share of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LedgerEntry {
    /// What served.
    #[serde(flatten)]
    pub served: Served,
    /// Percent of the traffic that it took.
    #[serde(default)]
    pub share: i64,
    /// Who set that share, where it is somebody else than who asked for the revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_by: Option<String>,
    /// Place of its beginning in the sequence of events.
    pub seq: i64,
    /// Id of the deployment; another one where one of this name was deleted and made again.
    pub deployment_id: String,
    /// Since when, RFC 3339.
    pub from: String,
    /// Until when; absent while it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// How that came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// Who ended it: who asked for the revision that took over, or stopped or deleted the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// Whether the deployment can be rolled back to its revision.
    pub kept: bool,
}

/// Which entries; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct LedgerQuery {
    /// Only what served at this moment, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Rows per page, 1 to 500; 50 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// What the page before answered as `next_page_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// A file of the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum LedgerFormat {
    /// A table with a head, for spreadsheets.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl LedgerFormat {
    /// As it is written in an address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// Which file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct ExportQuery {
    /// `csv` or `jsonl`; `csv` when left out.
    #[serde(default)]
    pub format: LedgerFormat,
}

/// Back to a revision that has served.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RollBack {
    /// Number of the revision.
    pub to: i64,
    /// The revision of the deployment that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/deployments/{name}/ledger`: newest first.
    pub fn ledger(&self, team: &str, name: &str, query: &LedgerQuery) -> Reply<Page<LedgerEntry>> {
        self.get(with_query(path(team, name, "/ledger"), query))
    }
    /// `GET /api/v1/teams/{team}/deployments/{name}/ledger/export`: all of it as a file.
    pub fn ledger_export(&self, team: &str, name: &str, format: LedgerFormat) -> Reply<Vec<u8>> {
        self.bytes(export_path(team, name, format))
    }
    /// `POST /api/v1/teams/{team}/deployments/{name}/roll-back`
    pub fn deployment_roll_back(&self, team: &str, name: &str, body: &RollBack) -> Reply<Deployment> {
        self.call(Method::POST, path(team, name, "/roll-back"), body)
    }
}

/// Where the ledger is exported.
pub fn export_path(team: &str, name: &str, format: LedgerFormat) -> String {
    with_query(path(team, name, "/ledger/export"), &ExportQuery { format })
}

fn path(team: &str, name: &str, rest: &str) -> String {
    team_path(team, &format!("/deployments/{}{rest}", segment(name)))
}
