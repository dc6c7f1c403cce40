//! What a deployment takes: how much at once, how long, how large.

use super::{
    Client,
    client::{Reply, segment, team_path},
    deployments::Deployment,
};
use http::Method;
use serde::{Deserialize, Serialize};

/// Most requests at once that can be asked for.
pub const MOST_AT_ONCE: i64 = 10_000;
/// Longest line that can be asked for.
pub const LONGEST_QUEUE: i64 = 100_000;
/// Longest that a request may take, in seconds.
pub const LONGEST_SECONDS: i64 = 600;
/// How long a request may take where nothing else is said, in seconds.
pub const DEFAULT_SECONDS: i64 = 60;

/// Limits of a deployment. They hold for all its revisions, and from the next request on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Limits {
    /// Requests at once, 1 to 10000; as many as come when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<i64>,
    /// Requests that wait for their turn where there is a limit to those at once, 0 to 100000; what comes beyond is refused with 429.
    /// None when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<i64>,
    /// Seconds that a request may wait for its turn, and then for its answer to begin, 1 to 600; 60 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// Largest body of a request, like `4Mi`; the portal's `max_body` when left out, which none passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_body: Option<String>,
}

/// Limits to set; what is left out is not limited any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetLimits {
    /// As in [`Limits`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<i64>,
    /// As in [`Limits`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<i64>,
    /// As in [`Limits`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// As in [`Limits`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_body: Option<String>,
    /// The revision of the deployment that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl SetLimits {
    /// The limits alone.
    pub fn limits(&self) -> Limits {
        Limits { concurrency: self.concurrency, queue: self.queue, timeout_seconds: self.timeout_seconds, max_body: self.max_body.clone() }
    }
}

impl Client {
    /// `PUT /api/v1/teams/{team}/deployments/{name}/limits`
    pub fn deployment_limits(&self, team: &str, name: &str, body: &SetLimits) -> Reply<Deployment> {
        self.call(Method::PUT, limits_path(team, name), body)
    }
}

/// Where the limits of a deployment are set.
pub fn limits_path(team: &str, name: &str) -> String {
    team_path(team, &format!("/deployments/{}/limits", segment(name)))
}
