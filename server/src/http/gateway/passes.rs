//! Who may ask: a member of the deployment's team, or whoever has a token of the deployment.

use crate::{
    access::Tokens,
    error::{Error, Result},
    http::{authenticate, extract},
    store::Store,
};
use http::{HeaderMap, header};

/// What a good token lets one ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Id of its team.
    pub team_id: String,
    /// Id of the only deployment it is for.
    pub deployment: Option<String>,
    /// Whose requests are counted, with the most in a second, where there is a limit.
    pub rate: Option<(String, i64)>,
}

impl Pass {
    /// Whether it is good for this deployment.
    pub fn is_for(&self, team_id: &str, deployment_id: &str) -> bool {
        self.team_id == team_id && self.deployment.as_deref().is_none_or(|id| id == deployment_id)
    }
}

/// Whether a request says who asks.
pub fn shown(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

/// What the request's token lets one ask in `team`: any role will do, and so does the scope `predict`. Cookies do not count here.
///
/// # Errors
/// No token, or one that is no good: unauthenticated. Of another team: not found.
pub async fn check(tokens: &Tokens, store: &Store, headers: &HeaderMap, team: &str) -> Result<Pass> {
    let token = authenticate::bearer(headers).ok_or_else(|| extract::who().hint("Send a token: Authorization: Bearer slip_…"))??;
    let known = tokens.authenticate(store, &token).await?;
    let deployment = known.principal.deployment().map(str::to_owned);
    if known.team.name != team || (deployment.is_none() && known.role().is_none()) {
        return Err(Error::not_found("deployment"));
    }
    Ok(Pass { team_id: known.team.id.clone(), deployment, rate: known.rate.clone() })
}
