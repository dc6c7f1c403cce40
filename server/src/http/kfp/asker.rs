//! Who asks for which team: a namespace of Kubeflow Pipelines is a team. A token's own where none is named.

use super::error::KfpError;
use crate::{
    access::{Known, Principal, TeamEditor, TeamMember, TeamViewer},
    error::{Error, Result},
    http::{
        extract::{self, not_a_run, who},
        mlflow::team::workspace,
        state::Web,
    },
};
use axum::{extract::FromRequestParts, http::request::Parts};
use serde::Deserialize;
use std::sync::Arc;

/// Somebody who asks, and what their query says.
pub struct Asker {
    principal: Principal,
    known: Option<Arc<Known>>,
    /// The query.
    pub query: Query,
}

/// What queries of Kubeflow Pipelines say.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the words of its API")]
pub struct Query {
    pub page_token: Option<String>,
    pub page_size: Option<String>,
    pub sort_by: Option<String>,
    pub filter: Option<String>,
    pub namespace: Option<String>,
    pub experiment_id: Option<String>,
    pub name: Option<String>,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub pipelineid: Option<String>,
    pub tags: Option<String>,
    pub code_source_url: Option<String>,
    pub cascade: Option<String>,
    pub verb: Option<String>,
}

impl FromRequestParts<Web> for Asker {
    type Rejection = KfpError;
    async fn from_request_parts(parts: &mut Parts, _: &Web) -> std::result::Result<Self, KfpError> {
        let principal = parts.extensions.get::<Principal>().cloned().ok_or_else(who)?;
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(parts.uri.query().unwrap_or_default())
            .map_err(|e| Error::invalid("", format!("The query cannot be read: {e}.")))?;
        if pairs.iter().any(|(_, value)| value.contains('\0')) {
            return Err(Error::invalid("", "The query has a zero character in it.").into());
        }
        // One that comes twice counts as it comes last.
        let object: serde_json::Map<String, serde_json::Value> = pairs.into_iter().map(|(k, v)| (k, v.into())).collect();
        let query = serde_json::from_value(object.into()).map_err(Error::internal)?;
        Ok(Self { principal, known: parts.extensions.get::<Arc<Known>>().cloned(), query })
    }
}

impl Asker {
    /// As somebody who may see what the team has. The team: `namespace`, or that of the query.
    ///
    /// # Errors
    /// Not a member: not found. Several teams and none is named.
    pub async fn viewer(&self, web: &Web, namespace: Option<&str>) -> Result<TeamViewer> {
        TeamViewer::from_member(self.member(web, namespace).await?)
    }

    /// As somebody who may upload and run.
    ///
    /// # Errors
    /// As [`Asker::viewer`]; a lesser role, or the token of a run: forbidden.
    pub async fn editor(&self, web: &Web, namespace: Option<&str>) -> Result<TeamEditor> {
        let member = self.member(web, namespace).await?;
        not_a_run(&member)?;
        TeamEditor::from_member(member)
    }

    async fn member(&self, web: &Web, namespace: Option<&str>) -> Result<TeamMember> {
        let named = namespace.or(self.query.namespace.as_deref()).filter(|n| !n.is_empty());
        let name = match (named, &self.known) {
            (Some(name), _) => name.to_owned(),
            (None, Some(known)) => known.team.name.clone(),
            (None, None) => self.only_team(web).await?,
        };
        workspace(web, &self.principal, self.known.as_ref(), &name).await
    }

    async fn only_team(&self, web: &Web) -> Result<String> {
        let mut teams = web.store.teams_of_user(&self.principal.user_id).await?;
        match teams.len() {
            1 => Ok(teams.remove(0).0.name),
            0 => {
                Err(Error::forbidden("You are in no team, so there are no pipelines for you.")
                    .hint("Ask a maintainer to add you to a team."))
            }
            _ => Err(Error::invalid("namespace", "You are in several teams: say for which one this is.")
                .hint("Send the team's name as namespace, or use a token of the team.")),
        }
    }
}

/// Path parameters as text, checked to be of a sane length.
pub struct At<const N: usize>(pub [String; N]);

impl<const N: usize> FromRequestParts<Web> for At<N> {
    type Rejection = KfpError;
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> std::result::Result<Self, KfpError> {
        Ok(Self(extract::At::<N>::from_request_parts(parts, web).await?.0))
    }
}

/// The last part of a path and what is asked of it, `{id}:archive`. The router knows no such paths.
///
/// # Errors
/// Nothing is asked.
pub fn verb(last: &str) -> Result<(&str, &str)> {
    last.rsplit_once(':')
        .filter(|(id, _)| !id.is_empty())
        .ok_or_else(|| Error::new(crate::error::Kind::NotFound, "This path ends without an action.").hint("Such as runs/ID:archive."))
}
