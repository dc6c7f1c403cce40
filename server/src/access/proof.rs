//! Proofs: what a room demands. Each can only be made by its check; a foreign team answers 404.

use super::{Known, Principal, Via};
use crate::{
    error::{Error, Result},
    store::{Store, teams::TeamRow},
};
use app::api::members::Role;
use std::ops::Deref;

/// Somebody who belongs to a team, with the role in force: the member's, not above the token's.
#[derive(Debug, Clone)]
pub struct TeamMember {
    /// Who.
    pub principal: Principal,
    /// The team.
    pub team: TeamRow,
    /// What they may do in it.
    pub role: Role,
}

impl TeamMember {
    /// Checks that `principal` belongs to the team. A platform admin who is signed in counts as a maintainer of every team.
    ///
    /// # Errors
    /// Not a member, or no such team: not found. A token for predictions only: forbidden.
    pub async fn check(store: &Store, principal: &Principal, team: &str) -> Result<Self> {
        not_predict_only(principal)?;
        let (team, member) = store.team_of(team, &principal.user_id).await?.ok_or_else(|| Error::not_found("team"))?;
        let role = role_in_force(principal, &team.id, member).ok_or_else(|| Error::not_found("team"))?;
        Ok(Self { principal: principal.clone(), team, role })
    }

    /// As [`TeamMember::check`], from a token that was looked up with its team.
    ///
    /// # Errors
    /// As there.
    pub fn known(known: &Known, team: &str) -> Result<Self> {
        not_predict_only(&known.principal)?;
        let role = known.role().filter(|_| known.team.name == team).ok_or_else(|| Error::not_found("team"))?;
        Ok(Self { principal: known.principal.clone(), team: known.team.clone(), role })
    }

    /// Name for events.
    pub fn actor(&self) -> String {
        self.principal.actor()
    }

    fn at_least(self, role: Role) -> Result<Self> {
        if self.role >= role {
            return Ok(self);
        }
        let need = role.as_str();
        Err(Error::forbidden(format!("This needs the role {need} in the team {}; yours is {}.", self.team.name, self.role.as_str()))
            .hint("Ask a maintainer of the team."))
    }
}

fn not_predict_only(principal: &Principal) -> Result<()> {
    if principal.predict_only() {
        return Err(
            Error::forbidden("This token may only ask deployments for predictions.").hint("Use a token without the scope `predict`.")
        );
    }
    Ok(())
}

/// The role that counts: the member's own, not above the token's, and only in the token's team.
pub fn role_in_force(principal: &Principal, team_id: &str, member: Option<Role>) -> Option<Role> {
    match &principal.via {
        Via::Session if principal.admin => Some(Role::Maintainer),
        Via::Session => member,
        Via::Token { team_id: only, role, .. } if only == team_id => member.map(|m| m.min(*role)),
        Via::Token { .. } => None,
    }
}

macro_rules! proofs {
    ($($(#[$doc:meta])* $name:ident => $role:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(TeamMember);

        impl $name {
            /// Checks membership and role.
            ///
            /// # Errors
            /// Not a member: not found. A lesser role: forbidden.
            pub async fn check(store: &Store, principal: &Principal, team: &str) -> Result<Self> {
                TeamMember::check(store, principal, team).await?.at_least($role).map(Self)
            }

            /// From a membership that was checked already.
            ///
            /// # Errors
            /// A lesser role: forbidden.
            pub fn from_member(member: TeamMember) -> Result<Self> {
                member.at_least($role).map(Self)
            }
        }

        impl Deref for $name {
            type Target = TeamMember;
            fn deref(&self) -> &TeamMember {
                &self.0
            }
        }
    )*};
}

proofs! {
    /// May see what a team has.
    TeamViewer => Role::Viewer;
    /// May launch, submit, register, deploy.
    TeamEditor => Role::Editor;
    /// May change members, secrets, the team itself.
    TeamMaintainer => Role::Maintainer;
}

/// A platform admin who is signed in.
#[derive(Debug, Clone)]
pub struct PlatformAdmin(Principal);

impl PlatformAdmin {
    /// Checks it.
    ///
    /// # Errors
    /// Not an admin, or through a token: forbidden.
    pub fn check(principal: &Principal) -> Result<Self> {
        if principal.admin && principal.via == Via::Session {
            Ok(Self(principal.clone()))
        } else {
            Err(Error::forbidden("Only a platform admin who is signed in may do this."))
        }
    }
}

impl Deref for PlatformAdmin {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}
