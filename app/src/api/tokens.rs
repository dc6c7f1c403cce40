//! Tokens: how programs sign in.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, with_query},
    members::Role,
};
use http::Method;
use serde::{Deserialize, Serialize};

/// What a token may be used for, where it may not do all its role can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Only asks deployments of its team for predictions.
    Predict,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Token {
    /// Id.
    pub id: String,
    /// What its maker called it.
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    /// The team it is for.
    pub team: String,
    /// The most it may do.
    pub role: Role,
    /// Only this, where given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// RFC 3339, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

/// A token to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewToken {
    /// What to call it.
    pub name: String,
    /// Name of the team.
    pub team: String,
    /// Not above one's own role.
    pub role: Role,
    /// Seconds from now; at most a year, 30 days when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<i64>,
    /// Narrows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
}

/// A new token with its secret, shown this once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// The secret; begins with `slip_`.
    pub token: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub about: Token,
}

impl Client {
    /// `GET /api/v1/tokens`: one's own.
    pub fn token_list(&self, query: &ListQuery) -> Reply<Page<Token>> {
        self.get(with_query("/api/v1/tokens".into(), query))
    }
    /// `POST /api/v1/tokens`
    pub fn token_create(&self, body: &NewToken) -> Reply<CreatedToken> {
        self.call(Method::POST, "/api/v1/tokens", body)
    }
    /// `DELETE /api/v1/tokens/{id}`
    pub fn token_revoke(&self, id: &str) -> Reply<()> {
        self.act(Method::DELETE, format!("/api/v1/tokens/{}", segment(id)))
    }
}
