//! For which team a request is: a token's own, that of `X-MLFLOW-WORKSPACE`, or the only one that its sender is in.

use super::error::MlflowError;
use crate::{
    access::{Known, Principal, TeamEditor, TeamMember, TeamViewer},
    error::{Error, Kind, Result},
    http::{extract::who, state::Web},
};
use axum::{extract::FromRequestParts, http::request::Parts};
use std::sync::Arc;

/// MLflow's name for a team.
pub const HEADER: &str = "x-mlflow-workspace";

/// Somebody who may read what the team has.
pub struct Reader(pub TeamViewer);

/// Somebody who may log, register, change.
pub struct Writer(pub TeamEditor);

/// A [`Writer`] who may also rename and delete what is there: not the program of a run.
pub struct Keeper(pub TeamEditor);

impl FromRequestParts<Web> for Keeper {
    type Rejection = MlflowError;
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> std::result::Result<Self, MlflowError> {
        let member = member(parts, web).await?;
        if member.principal.run().is_some() {
            let refused = Error::forbidden("The token of a run renames and deletes no registered models and no versions of them.");
            return Err(refused.hint("Use a token of your own.").into());
        }
        Ok(Self(TeamEditor::from_member(member)?))
    }
}

impl FromRequestParts<Web> for Reader {
    type Rejection = MlflowError;
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> std::result::Result<Self, MlflowError> {
        Ok(Self(TeamViewer::from_member(member(parts, web).await?)?))
    }
}

impl FromRequestParts<Web> for Writer {
    type Rejection = MlflowError;
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> std::result::Result<Self, MlflowError> {
        Ok(Self(TeamEditor::from_member(member(parts, web).await?)?))
    }
}

async fn member(parts: &Parts, web: &Web) -> Result<TeamMember> {
    let principal = parts.extensions.get::<Principal>().ok_or_else(who)?;
    let named = parts.headers.get(HEADER).map(|v| v.to_str().unwrap_or_default().trim().to_owned()).filter(|v| !v.is_empty());
    let known = parts.extensions.get::<Arc<Known>>();
    let name = match (named, known) {
        (Some(name), _) => name,
        (None, Some(known)) => known.team.name.clone(),
        (None, None) => only_team(web, principal).await?,
    };
    workspace(web, principal, known, &name).await
}

/// Somebody as a member of the team that they name.
///
/// # Errors
/// Not a member, or no such team: not found, with the teams that there are for them.
pub async fn workspace(web: &Web, principal: &Principal, known: Option<&Arc<Known>>, name: &str) -> Result<TeamMember> {
    let found = match known {
        Some(known) => TeamMember::known(known, name),
        None => TeamMember::check(&web.store, principal, name).await,
    };
    found.map_err(|e| match (e.kind, known) {
        (Kind::NotFound, Some(known)) => e.hint(format!("This token is for the team {}.", known.team.name)),
        _ => e,
    })
}

async fn only_team(web: &Web, principal: &Principal) -> Result<String> {
    let mut teams = web.store.teams_of_user(&principal.user_id).await?;
    match teams.len() {
        1 => Ok(teams.remove(0).0.name),
        0 => Err(Error::forbidden("You are in no team, so there is nowhere to track.").hint("Ask a maintainer to add you to a team.")),
        _ => {
            let names: Vec<String> = teams.into_iter().take(10).map(|(t, _)| t.name).collect();
            Err(Error::invalid("", format!("You are in several teams ({}): say for which one this is.", names.join(", "))).hint(
                "Send the header X-MLFLOW-WORKSPACE with the team's name (MLFLOW_WORKSPACE for the client), or use a token of the team.",
            ))
        }
    }
}
