//! Two revisions at once: the share of the traffic that the newer one takes, and which requests stay together.

use super::{
    Client,
    client::{Reply, segment, team_path},
    deployments::{Deployment, Revision},
};
use http::Method;
use serde::{Deserialize, Serialize};

/// A revision that takes a share of the traffic beside the one that serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CanaryNow {
    /// The revision.
    pub revision: Revision,
    /// Percent of the traffic, 1 to 99; the one that serves takes the rest.
    pub percent: i64,
}

/// The share of the canary, or of the one that is on its way to become it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetCanary {
    /// Percent of the traffic: 100 lets it take over, 0 takes it back.
    pub percent: i64,
    /// The revision of the deployment that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// The header by which requests stay together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Sticky {
    /// Requests with the same value of this header go to the same revision; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The revision of the deployment that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Client {
    /// `PUT /api/v1/teams/{team}/deployments/{name}/canary`
    pub fn deployment_canary(&self, team: &str, name: &str, body: &SetCanary) -> Reply<Deployment> {
        self.call(Method::PUT, canary_path(team, name), body)
    }
    /// `PUT /api/v1/teams/{team}/deployments/{name}/sticky`
    pub fn deployment_sticky(&self, team: &str, name: &str, body: &Sticky) -> Reply<Deployment> {
        self.call(Method::PUT, sticky_path(team, name), body)
    }
}

/// Where the share of the canary is set.
pub fn canary_path(team: &str, name: &str) -> String {
    path(team, name, "/canary")
}

/// Where it is set which requests stay together.
pub fn sticky_path(team: &str, name: &str) -> String {
    path(team, name, "/sticky")
}

fn path(team: &str, name: &str, rest: &str) -> String {
    team_path(team, &format!("/deployments/{}{rest}", segment(name)))
}
