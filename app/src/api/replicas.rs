//! Replicas of a deployment: how many there are to be, and how each does.

use super::{
    Client, Page, State,
    client::{Reply, segment, team_path},
    deployments::Deployment,
};
use http::Method;
use serde::{Deserialize, Serialize};

/// Most replicas that can be asked for.
pub const MOST_REPLICAS: i64 = 64;

/// A replica of a revision: one workload after the other, as often as it has to be started again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Replica {
    /// Number of its revision.
    pub revision: i64,
    /// Its own number, from 1.
    pub number: i64,
    /// How far it is; `starting` while it waits to be started again, `stopping` while it finishes what it has begun.
    pub state: State,
    /// Why it is not ready, or what happened last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// It is ready and does not answer: it gets no requests until it does.
    pub ejected: bool,
    /// Requests that wait for an answer of it.
    pub waiting: i64,
    /// How often in a row it ended by itself.
    pub crashes: i64,
    /// The attempt of its revision that it is; its log goes by that. Absent while it waits to be started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i64>,
    /// Since when it is ready, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

/// How many replicas there are to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Scale {
    /// 1 to 64, and no more than the team's quota has room for.
    pub replicas: i64,
    /// The revision of the deployment that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/deployments/{name}/replicas`: the newest revision first.
    pub fn replica_list(&self, team: &str, name: &str) -> Reply<Page<Replica>> {
        self.get(path(team, name, "/replicas"))
    }
    /// `PUT /api/v1/teams/{team}/deployments/{name}/scale`
    pub fn deployment_scale(&self, team: &str, name: &str, body: &Scale) -> Reply<Deployment> {
        self.call(Method::PUT, scale_path(team, name), body)
    }
}

/// Where the number of replicas is set.
pub fn scale_path(team: &str, name: &str) -> String {
    path(team, name, "/scale")
}

fn path(team: &str, name: &str, rest: &str) -> String {
    team_path(team, &format!("/deployments/{}{rest}", segment(name)))
}
