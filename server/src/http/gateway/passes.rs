//! Who may ask: a member of the deployment's team, with a token.

use crate::{
    access::Tokens,
    error::{Error, Result},
    http::{authenticate, extract},
    store::Store,
};
use http::HeaderMap;

/// The id of `team`, where the request's token is of a member of it: any role will do, and so does the scope `predict`. Cookies do not
/// count here.
///
/// # Errors
/// No token, or one that is no good: unauthenticated. Of another team: not found.
pub async fn check(tokens: &Tokens, store: &Store, headers: &HeaderMap, team: &str) -> Result<String> {
    let token = authenticate::bearer(headers).ok_or_else(|| extract::who().hint("Send a token: Authorization: Bearer slip_…"))??;
    let known = tokens.authenticate(store, &token).await?;
    match known.role() {
        Some(_) if known.team.name == team => Ok(known.team.id.clone()),
        _ => Err(Error::not_found("deployment")),
    }
}
