//! Members of a team and their roles.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, team_path, with_query},
};
use http::Method;
use serde::{Deserialize, Serialize};

/// What a member may do in a team; each role includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything but secrets.
    Viewer,
    /// Launches, submits, registers, deploys.
    Editor,
    /// Members, secrets, tokens of the team.
    Maintainer,
}

impl Role {
    /// The word of the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Editor => "editor",
            Role::Maintainer => "maintainer",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        [Role::Viewer, Role::Editor, Role::Maintainer].into_iter().find(|r| r.as_str() == s).ok_or_else(|| format!("no such role: {s}"))
    }
}

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Member {
    /// Name of the user.
    pub user: String,
    /// Free text.
    pub display_name: String,
    /// Role in the team.
    pub role: Role,
    /// Since when, RFC 3339.
    pub since: String,
    /// Counts up with each change.
    pub revision: i64,
}

/// The role to give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetMember {
    /// Role in the team.
    pub role: Role,
    /// The revision that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/members`
    pub fn member_list(&self, team: &str, query: &ListQuery) -> Reply<Page<Member>> {
        self.get(with_query(team_path(team, "/members"), query))
    }
    /// `PUT /api/v1/teams/{team}/members/{user}`
    pub fn member_set(&self, team: &str, user: &str, role: Role) -> Reply<Member> {
        self.call(Method::PUT, team_path(team, &format!("/members/{}", segment(user))), &SetMember { role, revision: None })
    }
    /// `DELETE /api/v1/teams/{team}/members/{user}`
    pub fn member_remove(&self, team: &str, user: &str) -> Reply<()> {
        self.act(Method::DELETE, team_path(team, &format!("/members/{}", segment(user))))
    }
}
