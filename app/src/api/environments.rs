//! Environments: named runtimes to work in.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, team_path, with_query},
    logs::{LogPage, LogQuery},
};
use http::Method;
use serde::{Deserialize, Serialize};

/// How far an environment version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Build {
    /// Waits to be built.
    Queued,
    /// Being resolved and installed.
    Building,
    /// Can be used.
    Ready,
    /// Could not be made; the reason is kept.
    Failed,
}

/// An environment with its newest version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Environment {
    /// Name.
    pub name: String,
    /// Made ahead by Slipway and there for every team.
    pub shipped: bool,
    /// Free text.
    pub description: String,
    /// The newest version.
    pub latest: EnvironmentVersion,
}

/// A version of an environment; never changes once ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct EnvironmentVersion {
    /// From 1.
    pub version: i64,
    /// How far it is.
    pub build: Build,
    /// 0 to 1 while it is built.
    pub progress: f64,
    /// Why it failed, in the resolver's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Python requirements as given.
    pub requirements: String,
    /// Container image, for clusters with containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// SHA-256 of what it is made from.
    pub digest: String,
    /// `scikit-learn 1.9.1`, ... of what was asked for by name.
    pub packages: Vec<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<String>,
}

/// An environment, or a new version of one, to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewEnvironment {
    /// See [`super::name`].
    pub name: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// Lines of `requirements.txt`.
    pub requirements: String,
    /// Container image, for clusters with containers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/environments`
    pub fn environment_list(&self, team: &str, query: &ListQuery) -> Reply<Page<Environment>> {
        self.get(with_query(team_path(team, "/environments"), query))
    }
    /// `POST /api/v1/teams/{team}/environments`: a name that exists gets a new version.
    pub fn environment_create(&self, team: &str, body: &NewEnvironment) -> Reply<Environment> {
        self.call(Method::POST, team_path(team, "/environments"), body)
    }
    /// `GET /api/v1/teams/{team}/environments/{name}`
    pub fn environment(&self, team: &str, name: &str) -> Reply<Environment> {
        self.get(team_path(team, &format!("/environments/{}", segment(name))))
    }
    /// `GET /api/v1/teams/{team}/environments/{name}/versions`: newest first.
    pub fn environment_versions(&self, team: &str, name: &str, query: &ListQuery) -> Reply<Page<EnvironmentVersion>> {
        self.get(with_query(team_path(team, &format!("/environments/{}/versions", segment(name))), query))
    }
    /// `POST /api/v1/teams/{team}/environments/{name}/retry`: builds the newest version again.
    pub fn environment_retry(&self, team: &str, name: &str) -> Reply<()> {
        self.act(Method::POST, team_path(team, &format!("/environments/{}/retry", segment(name))))
    }
    /// `GET /api/v1/teams/{team}/environments/{name}/log`
    pub fn environment_log(&self, team: &str, name: &str, query: &LogQuery) -> Reply<LogPage> {
        self.get(with_query(team_path(team, &format!("/environments/{}/log", segment(name))), query))
    }
}
