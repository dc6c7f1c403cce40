//! Who looks at the page, and what they may do: it decides which buttons are there. The API decides again.

use crate::api::{Client, Problem, members::Role, session::Me, transport::BoxFuture};
use futures::future::{FutureExt, Shared};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The team whose page was looked at last, for pages that are of none; from context, where there is one that is theirs to see.
#[derive(Debug, Clone)]
pub struct LastTeam(pub String);

/// Who is signed in; from context.
#[derive(Clone)]
pub struct Session {
    /// Asked once for the page.
    me: Shared<BoxFuture<Result<Me, Problem>>>,
    /// Name of the team in the address; empty outside of one.
    pub team: String,
    /// Name of the team that the frame leads to: that of the address, or the last one; empty where there is none.
    pub around: String,
}

impl Session {
    /// Asks, and puts the answer into context.
    pub fn provide() -> Self {
        let client = Client::from_context();
        let team = use_location().pathname.with_untracked(|p| team_of(p)).unwrap_or_default();
        let last = || use_context::<LastTeam>().map(|l| l.0).unwrap_or_default();
        let around = if team.is_empty() { last() } else { team.clone() };
        let me: BoxFuture<Result<Me, Problem>> = Box::pin(client.me());
        let session = Self { me: me.shared(), team, around };
        provide_context(session.clone());
        session
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// Nobody is any more.
    pub async fn me(self) -> Result<Me, Problem> {
        self.me.await
    }

    /// What the one signed in may do in the team of the address.
    ///
    /// # Errors
    /// Nobody is signed in any more.
    pub async fn access(self) -> Result<Access, Problem> {
        let team = self.team.clone();
        Ok(Access { me: self.me().await?, team })
    }
}

/// The team in `/teams/{team}/...`.
fn team_of(path: &str) -> Option<String> {
    path.strip_prefix("/teams/").and_then(|rest| rest.split('/').next()).filter(|t| !t.is_empty()).map(str::to_owned)
}

/// What one may do in a team.
#[derive(Debug, Clone, PartialEq)]
pub struct Access {
    /// Who.
    pub me: Me,
    /// Name of the team; empty outside of one.
    pub team: String,
}

impl Access {
    /// Whether one's role in the team is at least this.
    pub fn may(&self, role: Role) -> bool {
        self.me.admin || self.me.teams.iter().any(|t| t.name == self.team && t.role >= role)
    }

    /// Whether one may launch, submit, register, deploy.
    pub fn edits(&self) -> bool {
        self.may(Role::Editor)
    }

    /// Whether one may change what belongs to `owner`: they themselves, or a maintainer.
    pub fn changes(&self, owner: &str) -> bool {
        self.maintains() || (self.edits() && self.me.user == owner)
    }

    /// Whether one may change members, secrets, the team.
    pub fn maintains(&self) -> bool {
        self.may(Role::Maintainer)
    }

    /// Address of a page of the team.
    pub fn href(&self, rest: &str) -> String {
        format!("/teams/{}{rest}", self.team)
    }
}

#[cfg(test)]
mod tests {
    use super::team_of;

    #[test]
    fn team_of_an_address() {
        assert_eq!(team_of("/teams/forecast/runs").as_deref(), Some("forecast"));
        assert_eq!(team_of("/teams/forecast").as_deref(), Some("forecast"));
        assert_eq!(team_of("/teams/"), None);
        assert_eq!(team_of("/account"), None);
    }
}
