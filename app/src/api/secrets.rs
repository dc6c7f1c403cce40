//! Secrets of a team: named, encrypted, write-only.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, team_path, with_query},
};
use http::Method;
use serde::{Deserialize, Serialize};

/// A secret; its value never comes out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Secret {
    /// Name, used in notebooks, runs and deployments.
    pub name: String,
    /// Who set it last.
    pub set_by: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// The value to keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetSecret {
    /// At most 64 KiB.
    pub value: String,
}

/// A secret given to a workload as an environment variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SecretUse {
    /// Name of the environment variable.
    pub env: String,
    /// Name of the team's secret.
    pub secret: String,
}

impl Client {
    /// `GET /api/v1/teams/{team}/secrets`
    pub fn secret_list(&self, team: &str, query: &ListQuery) -> Reply<Page<Secret>> {
        self.get(with_query(team_path(team, "/secrets"), query))
    }
    /// `PUT /api/v1/teams/{team}/secrets/{name}`
    pub fn secret_set(&self, team: &str, name: &str, value: &str) -> Reply<Secret> {
        self.call(Method::PUT, team_path(team, &format!("/secrets/{}", segment(name))), &SetSecret { value: value.into() })
    }
    /// `DELETE /api/v1/teams/{team}/secrets/{name}`
    pub fn secret_remove(&self, team: &str, name: &str) -> Reply<()> {
        self.act(Method::DELETE, team_path(team, &format!("/secrets/{}", segment(name))))
    }
}
