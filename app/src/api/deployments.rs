//! Deployments: served endpoints of a team.

use super::{
    Client, ListQuery, Page, State,
    callers::Callers,
    canary::CanaryNow,
    client::{Reply, segment, team_path, with_query},
    limits::Limits,
    logs::{LogPage, LogQuery},
    resources::{Resources, ResourcesAsked},
    runtimes::{Custom, Program, Protocol, served},
    secrets::SecretUse,
};
use http::Method;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Deployment {
    /// Id.
    pub id: String,
    /// Name in the team, and of the model in its endpoint.
    pub name: String,
    /// State.
    pub state: State,
    /// Why it waits, does not start, or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The revision that takes the traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<Revision>,
    /// The revision that takes a share of the traffic beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryNow>,
    /// The revision on its way to take over, or to take a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Revision>,
    /// The share that it is to take, in percent; all of it where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_percent: Option<i64>,
    /// The newest revision, whatever became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Revision>,
    /// The alias it follows, where it follows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Follows>,
    /// How much it takes at once, how long and how large a request may be.
    #[serde(default)]
    pub limits: Limits,
    /// Requests with the same value of this header go to the same revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky_header: Option<String>,
    /// How many replicas each revision at work is to have.
    #[serde(default)]
    pub replicas: i64,
    /// How many of the revision that serves are ready, and not ejected.
    #[serde(default)]
    pub ready: i64,
    /// Who may call it beside its team and the tokens that are its own.
    #[serde(default)]
    pub callers: Callers,
    /// Path of the endpoint: `/serve/{team}/{deployment}`.
    pub path: String,
    /// Path to ask for a prediction: `/serve/{team}/{name}/v1/models/{name}:predict`, or what its runtime has for it; `/serve/{team}/{name}/` where
    /// that has paths of its own only.
    pub predict_path: String,
    /// How it is spoken to.
    #[serde(default)]
    pub protocols: Vec<Protocol>,
    /// Since when it is in this state, RFC 3339.
    pub state_since: String,
    /// Counts up with each change.
    pub revision: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// An alias that a deployment follows: whatever it points at is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Follows {
    /// Registered model.
    pub model: String,
    /// The alias, without `@`.
    pub alias: String,
    /// The version it points at now; absent where the alias was removed: then what serves goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// How far a revision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RevisionState {
    /// Waits for room.
    Queued,
    /// Model and environment are fetched, the server starts.
    Starting,
    /// Its own input example is tried.
    Smoking,
    /// Takes the traffic.
    Serving,
    /// Another took over, or the deployment was stopped.
    Retired,
    /// Did not become ready; the reason is kept.
    Failed,
}

/// One state of what a deployment serves; never changes but for how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Revision {
    /// From 1.
    pub number: i64,
    /// Registered model; empty for a program without one.
    pub model: String,
    /// Version of it; 0 for a program without one.
    pub version: i64,
    /// Server it runs in: `slipway-python`, one that an admin declared, or `custom` for a program without a model.
    pub runtime: String,
    /// SHA-256 over what is run, as the runtime had it when the revision was made; absent for the shipped model server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_digest: Option<String>,
    /// What is run, as it was then; absent for the shipped model server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// Environment and version: `serve v1`; or the image.
    pub environment: String,
    /// What each of its replicas holds.
    pub resources: Resources,
    /// Environment variables that were given to it; those of its runtime are not among them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Secrets by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretUse>,
    /// How far it is.
    pub state: RevisionState,
    /// Why it failed, or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the smoke test saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smoke: Option<Smoke>,
    /// Who asked for it.
    pub by: String,
    /// Number of the revision that it takes the deployment back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolled_back_to: Option<i64>,
    /// The alias for which it was made, without `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<String>,
}

impl Revision {
    /// What it serves, in words.
    pub fn words(&self) -> String {
        served(&self.model, self.version, self.program.as_ref())
    }

    /// Whether it serves a program without a model.
    pub const fn is_custom(&self) -> bool {
        self.model.is_empty()
    }
}

/// What the smoke test saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Smoke {
    /// Whether the model's own input example was answered; false where it has none and was only loaded.
    pub example: bool,
    /// How long the answer took, seconds.
    pub latency_seconds: f64,
    /// What happened, in a sentence.
    pub detail: String,
}

/// A deployment to make.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewDeployment {
    /// See [`super::name`].
    pub name: String,
    /// Registered model; left out for a program.
    #[serde(default)]
    pub model: String,
    /// Version of it; may be left out where an alias is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// An alias of the model to follow, now and whenever it moves; it outranks the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// A program to serve instead of a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// A runtime by name; the first in order that serves the model when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// A size by name; `small` when neither it nor amounts are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Amounts, which outrank the size.
    #[serde(flatten)]
    pub amount: ResourcesAsked,
    /// How many replicas, 1 to 64; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i64>,
    /// Environment by name; that of the runtime when left out, else `serve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Secrets by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretUse>,
}

/// Another version or program to serve, without a dropped request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Redeploy {
    /// Registered model; the one served now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Version of it, served until another is deployed. Where neither it nor an alias is named it is what is served now: the alias that is
    /// followed, or the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// An alias of the model to follow, now and whenever it moves; it outranks the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// A program to serve instead of a model. Where neither is named, a program that is served now is deployed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// A runtime by name; the one it runs in now when left out and that serves the version, else the first in order that does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<String>,
    /// Environment by name; the one it runs in now when left out, in its newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// A size by name; what it holds now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Amounts, which outrank the size.
    #[serde(flatten)]
    pub amount: ResourcesAsked,
    /// Environment variables, in place of all that it has now; those when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<String, String>>,
    /// Secrets by name, in place of all that it has now; those when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<Vec<SecretUse>>,
    /// Percent of the traffic that it takes beside the one that serves, 1 to 99; all of it when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<i64>,
    /// The revision that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// Traffic of a revision over the last minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RevisionTraffic {
    /// Number of the revision.
    pub revision: i64,
    /// Points, oldest first.
    pub points: Vec<TrafficPoint>,
}

/// Traffic over the last minutes, one point each 10 seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Traffic {
    /// Of each revision that answered in that time, the newest first.
    #[serde(default)]
    pub revisions: Vec<RevisionTraffic>,
    /// Of all together, oldest first.
    pub points: Vec<TrafficPoint>,
}

/// Traffic of 10 seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TrafficPoint {
    /// When the 10 seconds began, RFC 3339.
    pub time: String,
    /// Requests per second.
    pub rate: f64,
    /// Median latency, seconds; absent without requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_seconds: Option<f64>,
    /// 95th percentile of latency, seconds; absent without requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_seconds: Option<f64>,
    /// Answers of 5xx per second.
    pub errors: f64,
}

/// Request bodies to begin with in "Try it".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Example {
    /// Body for `:predict`.
    pub v1: serde_json::Value,
    /// Body for `infer`.
    pub v2: serde_json::Value,
    /// MLflow's model signature, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<serde_json::Value>,
}

/// Which revision of a deployment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct RevisionQuery {
    /// Number of the revision, from 1; the newest when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/deployments`
    pub fn deployment_list(&self, team: &str, query: &ListQuery) -> Reply<Page<Deployment>> {
        self.get(with_query(team_path(team, "/deployments"), query))
    }
    /// `POST /api/v1/teams/{team}/deployments`
    pub fn deployment_create(&self, team: &str, body: &NewDeployment) -> Reply<Deployment> {
        self.call(Method::POST, team_path(team, "/deployments"), body)
    }
    /// `GET /api/v1/teams/{team}/deployments/{name}`
    pub fn deployment(&self, team: &str, name: &str) -> Reply<Deployment> {
        self.get(path(team, name, ""))
    }
    /// `POST /api/v1/teams/{team}/deployments/{name}/redeploy`
    pub fn deployment_redeploy(&self, team: &str, name: &str, body: &Redeploy) -> Reply<Deployment> {
        self.call(Method::POST, path(team, name, "/redeploy"), body)
    }
    /// `POST /api/v1/teams/{team}/deployments/{name}/start`
    pub fn deployment_start(&self, team: &str, name: &str) -> Reply<()> {
        self.act(Method::POST, path(team, name, "/start"))
    }
    /// `POST /api/v1/teams/{team}/deployments/{name}/stop`
    pub fn deployment_stop(&self, team: &str, name: &str) -> Reply<()> {
        self.act(Method::POST, path(team, name, "/stop"))
    }
    /// `DELETE /api/v1/teams/{team}/deployments/{name}`
    pub fn deployment_delete(&self, team: &str, name: &str) -> Reply<()> {
        self.act(Method::DELETE, path(team, name, ""))
    }
    /// `GET /api/v1/teams/{team}/deployments/{name}/revisions`: newest first.
    pub fn revision_list(&self, team: &str, name: &str, query: &ListQuery) -> Reply<Page<Revision>> {
        self.get(with_query(path(team, name, "/revisions"), query))
    }
    /// `GET /api/v1/teams/{team}/deployments/{name}/traffic`
    pub fn deployment_traffic(&self, team: &str, name: &str) -> Reply<Traffic> {
        self.get(path(team, name, "/traffic"))
    }
    /// `GET /api/v1/teams/{team}/deployments/{name}/example`
    pub fn deployment_example(&self, team: &str, name: &str) -> Reply<Example> {
        self.get(path(team, name, "/example"))
    }
    /// `GET /api/v1/teams/{team}/deployments/{name}/log`: of the newest revision, or of the one that is asked for.
    pub fn deployment_log(&self, team: &str, name: &str, revision: Option<i64>, query: &LogQuery) -> Reply<LogPage> {
        self.get(with_query(log_path(team, name, revision), query))
    }
    /// `POST /api/v1/teams/{team}/deployments/{name}/try`: a prediction with one's session, for "Try it".
    pub fn deployment_try(&self, team: &str, name: &str, body: &serde_json::Value) -> Reply<serde_json::Value> {
        self.call(Method::POST, path(team, name, "/try"), body)
    }
}

/// Where the log of a revision is read; of the newest where none is named.
pub fn log_path(team: &str, name: &str, revision: Option<i64>) -> String {
    with_query(path(team, name, "/log"), &RevisionQuery { revision })
}

fn path(team: &str, name: &str, rest: &str) -> String {
    team_path(team, &format!("/deployments/{}{rest}", segment(name)))
}
