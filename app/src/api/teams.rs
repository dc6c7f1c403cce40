//! Teams: people who share work, a quota and secrets.

use super::{
    Client, ListQuery, Page,
    client::{Reply, team_path, with_query},
    members::Role,
};
use http::Method;
use serde::{Deserialize, Serialize};

/// A team one is a member of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MyTeam {
    /// Name of the team.
    pub name: String,
    /// Free text.
    pub display_name: String,
    /// One's role in it.
    pub role: Role,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Team {
    /// Id.
    pub id: String,
    /// Name; never changes.
    pub name: String,
    /// Free text.
    pub display_name: String,
    /// How many members it has.
    pub members: i64,
    /// Counts up with each change.
    pub revision: i64,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

/// A team to make. Its maker becomes its first maintainer. Its stage Production is protected: a promotion with a signature, a smoke test, and an
/// approval once there are two maintainers, sets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewTeam {
    /// See [`super::name`].
    pub name: String,
    /// Free text; the name when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// A change of a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TeamChange {
    /// Free text.
    pub display_name: String,
    /// The revision one has seen.
    pub revision: i64,
}

impl Client {
    /// `GET /api/v1/teams`: one's own; for the admin all.
    pub fn team_list(&self, query: &ListQuery) -> Reply<Page<Team>> {
        self.get(with_query("/api/v1/teams".into(), query))
    }
    /// `POST /api/v1/teams`
    pub fn team_create(&self, body: &NewTeam) -> Reply<Team> {
        self.call(Method::POST, "/api/v1/teams", body)
    }
    /// `GET /api/v1/teams/{team}`
    pub fn team(&self, team: &str) -> Reply<Team> {
        self.get(team_path(team, ""))
    }
    /// `PATCH /api/v1/teams/{team}`
    pub fn team_update(&self, team: &str, body: &TeamChange) -> Reply<Team> {
        self.call(Method::PATCH, team_path(team, ""), body)
    }
}
