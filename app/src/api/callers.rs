//! Who may call a deployment: its team, whoever has a token of it, pages of which origins, or everybody.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, team_path, with_query},
    deployments::Deployment,
};
use http::Method;
use serde::{Deserialize, Serialize};

/// How long the old secret of a token counts beside the new one where nothing else is said, in seconds.
pub const DEFAULT_OVERLAP: i64 = 24 * 3600;
/// Most requests per second that a token may be limited to.
pub const HIGHEST_RATE: i64 = 100_000;

/// Who may call a deployment beside its team and the tokens that are its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Callers {
    /// Whether everybody may who reaches the portal, without a token.
    #[serde(default)]
    pub public: bool,
    /// Origins whose pages may (CORS), such as `https://shop.example`; `*` is any. None where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
}

/// Callers to set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetCallers {
    /// As in [`Callers`]; only a maintainer opens a deployment to everybody.
    #[serde(default)]
    pub public: bool,
    /// As in [`Callers`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// The name of the deployment, once more, where it is opened to everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure: Option<String>,
    /// The revision of the deployment that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// A token with which this deployment is asked for predictions, and nothing else; without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CallerToken {
    /// Id.
    pub id: String,
    /// Who calls with it.
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    /// Who made it; it stays when they leave.
    pub by: String,
    /// Most requests per second; as many as come when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<i64>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub expires_at: String,
    /// RFC 3339, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

/// A token of a deployment to make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewCallerToken {
    /// Who calls with it, such as `shop`.
    pub name: String,
    /// Seconds from now; at most 366 days, 90 days when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<i64>,
    /// Most requests per second, 1 to 100000; as many as come when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<i64>,
}

/// How a token is replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RotateToken {
    /// Seconds for which the old secret counts beside the new one, 0 to 30 days; a day when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_seconds: Option<i64>,
}

/// A new token of a deployment with its secret, shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MadeCallerToken {
    /// The secret; begins with `slip_`.
    pub token: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub about: CallerToken,
}

impl Client {
    /// `PUT /api/v1/teams/{team}/deployments/{name}/callers`
    pub fn deployment_callers(&self, team: &str, name: &str, body: &SetCallers) -> Reply<Deployment> {
        self.call(Method::PUT, callers_path(team, name), body)
    }
    /// `GET /api/v1/teams/{team}/deployments/{name}/tokens`
    pub fn caller_token_list(&self, team: &str, name: &str, query: &ListQuery) -> Reply<Page<CallerToken>> {
        self.get(with_query(tokens_path(team, name), query))
    }
    /// `POST /api/v1/teams/{team}/deployments/{name}/tokens`
    pub fn caller_token_create(&self, team: &str, name: &str, body: &NewCallerToken) -> Reply<MadeCallerToken> {
        self.call(Method::POST, tokens_path(team, name), body)
    }
    /// `POST /api/v1/teams/{team}/deployments/{name}/tokens/{id}/rotate`
    pub fn caller_token_rotate(&self, team: &str, name: &str, id: &str, body: &RotateToken) -> Reply<MadeCallerToken> {
        self.call(Method::POST, format!("{}/rotate", token_path(team, name, id)), body)
    }
    /// `DELETE /api/v1/teams/{team}/deployments/{name}/tokens/{id}`
    pub fn caller_token_revoke(&self, team: &str, name: &str, id: &str) -> Reply<()> {
        self.act(Method::DELETE, token_path(team, name, id))
    }
}

/// Where the callers of a deployment are set.
pub fn callers_path(team: &str, name: &str) -> String {
    team_path(team, &format!("/deployments/{}/callers", segment(name)))
}

/// Where the tokens of a deployment are.
pub fn tokens_path(team: &str, name: &str) -> String {
    team_path(team, &format!("/deployments/{}/tokens", segment(name)))
}

/// Where one of them is.
pub fn token_path(team: &str, name: &str, id: &str) -> String {
    format!("{}/{}", tokens_path(team, name), segment(id))
}
