//! Notebooks: interactive servers with files that outlive them.

use super::{
    Client, ListQuery, Page, State,
    client::{Reply, segment, team_path, with_query},
    logs::{LogPage, LogQuery},
    resources::{Resources, ResourcesAsked},
    secrets::SecretUse,
};
use http::Method;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A notebook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Notebook {
    /// Id.
    pub id: String,
    /// Name in the team.
    pub name: String,
    /// Who launched it; only they can open it.
    pub owner: String,
    /// State.
    pub state: State,
    /// Why it waits, does not start, or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Environment by name.
    pub environment: String,
    /// Version of the environment.
    pub environment_version: i64,
    /// What it holds, or asks for at its next start.
    pub resources: Resources,
    /// Use right now, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_millis: Option<i64>,
    /// Use right now, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<i64>,
    /// Whether a kernel or a terminal works right now.
    pub busy: bool,
    /// Last work of a kernel or a terminal, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_at: Option<String>,
    /// Environment variables.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Secrets by name.
    #[serde(default)]
    pub secrets: Vec<SecretUse>,
    /// Path on the notebook origin.
    pub path: String,
    /// Since when it is in this state, RFC 3339.
    pub state_since: String,
    /// Counts up with each change.
    pub revision: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// A notebook to launch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewNotebook {
    /// See [`super::name`].
    pub name: String,
    /// Environment by name; `notebook` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// A size by name; `small` when neither it nor amounts are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Amounts, which outrank the size.
    #[serde(flatten)]
    pub amount: ResourcesAsked,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Secrets by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretUse>,
}

/// A change, in force at the next start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NotebookChange {
    /// Environment by name, in its newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// A size by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Amounts, which outrank the size.
    #[serde(flatten)]
    pub amount: ResourcesAsked,
    /// The revision one has seen.
    pub revision: i64,
}

/// Where to open a notebook: a ticket that works once, within a minute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct OpenNotebook {
    /// URL on the notebook origin.
    pub url: String,
}

/// What becomes of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct DeleteNotebook {
    /// Delete the files as well; they are kept when left out.
    #[serde(default)]
    pub files: bool,
}

impl Client {
    /// `GET /api/v1/teams/{team}/notebooks`
    pub fn notebook_list(&self, team: &str, query: &ListQuery) -> Reply<Page<Notebook>> {
        self.get(with_query(team_path(team, "/notebooks"), query))
    }
    /// `POST /api/v1/teams/{team}/notebooks`
    pub fn notebook_launch(&self, team: &str, body: &NewNotebook) -> Reply<Notebook> {
        self.call(Method::POST, team_path(team, "/notebooks"), body)
    }
    /// `GET /api/v1/teams/{team}/notebooks/{name}`
    pub fn notebook(&self, team: &str, name: &str) -> Reply<Notebook> {
        self.get(path(team, name, ""))
    }
    /// `PATCH /api/v1/teams/{team}/notebooks/{name}`
    pub fn notebook_update(&self, team: &str, name: &str, body: &NotebookChange) -> Reply<Notebook> {
        self.call(Method::PATCH, path(team, name, ""), body)
    }
    /// `POST /api/v1/teams/{team}/notebooks/{name}/start`
    pub fn notebook_start(&self, team: &str, name: &str) -> Reply<()> {
        self.act(Method::POST, path(team, name, "/start"))
    }
    /// `POST /api/v1/teams/{team}/notebooks/{name}/stop`
    pub fn notebook_stop(&self, team: &str, name: &str) -> Reply<()> {
        self.act(Method::POST, path(team, name, "/stop"))
    }
    /// `POST /api/v1/teams/{team}/notebooks/{name}/open`
    pub fn notebook_open(&self, team: &str, name: &str) -> Reply<OpenNotebook> {
        self.call(Method::POST, path(team, name, "/open"), &serde_json::json!({}))
    }
    /// `DELETE /api/v1/teams/{team}/notebooks/{name}`
    pub fn notebook_delete(&self, team: &str, name: &str, query: &DeleteNotebook) -> Reply<()> {
        self.act(Method::DELETE, with_query(path(team, name, ""), query))
    }
    /// `GET /api/v1/teams/{team}/notebooks/{name}/log`
    pub fn notebook_log(&self, team: &str, name: &str, query: &LogQuery) -> Reply<LogPage> {
        self.get(with_query(path(team, name, "/log"), query))
    }
}

fn path(team: &str, name: &str, rest: &str) -> String {
    team_path(team, &format!("/notebooks/{}{rest}", segment(name)))
}
