//! Who is asking: a token, or the session of a browser. Leaves a `Principal` in the request's extensions, or nothing.

use super::{kfp, mlflow, pages, problem, state::Web};
use crate::{
    access::{Known, Principal, sign_in},
    error::{Error, Kind, Result},
    store::sessions::{Sessions, USER},
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::sync::Arc;
use tower_sessions::{Expiry, Session, SessionManagerLayer, cookie::SameSite};

const STARTED: &str = "started";
const SEEN: &str = "seen";
const MINUTE: i64 = 60_000;

/// The session layer: cookie, store, idle expiry.
pub fn sessions(web: &Web) -> SessionManagerLayer<Sessions> {
    let https = web.config.public_url.as_deref().is_some_and(|u| u.starts_with("https://"));
    SessionManagerLayer::new(Sessions(web.store.clone()))
        .with_name("slipway_session")
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(https)
        .with_expiry(Expiry::OnInactivity(time::Duration::seconds(web.config.session_idle_seconds)))
}

/// Finds out who is asking. A token that is no good answers 401 at once; a session that is none counts as nobody.
pub async fn authenticate(State(web): State<Web>, session: Session, mut request: Request, next: Next) -> Response {
    let found = match bearer(request.headers()) {
        Some(Ok(token)) => match web.tokens.authenticate(&web.store, &token).await.and_then(everywhere) {
            Ok(known) => {
                let principal = known.principal.clone();
                request.extensions_mut().insert(known);
                Ok(Some(principal))
            }
            Err(error) => Err(error),
        },
        Some(Err(error)) => Err(error),
        None => of_session(&web, &session).await,
    };
    match found {
        Ok(Some(principal)) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Ok(None) => next.run(request).await,
        // A browser looks for a page: the sign-in, or the one that says there is none.
        Err(_) if pages::asks_for_one(&request) => next.run(request).await,
        Err(error) if mlflow::speaks(request.uri().path()) => {
            let code = if error.kind == Kind::Forbidden { "PERMISSION_DENIED" } else { "UNAUTHENTICATED" };
            let body = serde_json::json!({ "error_code": code, "message": error.public });
            (problem::status(error.kind), axum::Json(body)).into_response()
        }
        Err(error) if kfp::speaks(request.uri().path()) => kfp::error::KfpError(error).into_response(),
        Err(error) => error.into_response(),
    }
}

/// A token for predictions is for the gateway, which looks for itself; here it may nothing.
fn everywhere(known: Arc<Known>) -> Result<Arc<Known>> {
    if known.principal.predict_only() {
        return Err(
            Error::forbidden("This token may only ask deployments for predictions.").hint("Use a token without the scope `predict`.")
        );
    }
    Ok(known)
}

/// The token of `Authorization: Bearer`, or the password of `Basic`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Result<String>> {
    let wrong = || {
        Error::new(Kind::Unauthenticated, "The Authorization header cannot be read.")
            .hint("Send Bearer TOKEN, or Basic with the token as password.")
    };
    let value = headers.get(header::AUTHORIZATION)?;
    let Ok(text) = value.to_str() else { return Some(Err(wrong())) };
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Ok(rest.trim().to_owned()));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(rest.trim()).ok().and_then(|b| String::from_utf8(b).ok());
        return Some(decoded.and_then(|d| d.split_once(':').map(|(_, p)| p.to_owned())).ok_or_else(wrong));
    }
    Some(Err(wrong()))
}

async fn of_session(web: &Web, session: &Session) -> Result<Option<Principal>> {
    let Some(user) = session.get::<String>(USER).await.map_err(Error::internal)? else { return Ok(None) };
    let now = web.clock.now();
    let started = session.get::<i64>(STARTED).await.map_err(Error::internal)?.unwrap_or(0);
    let row = web.store.user(&user).await?.filter(|u| !u.disabled());
    let Some(row) = row.filter(|_| now - started < web.config.session_max_seconds * 1000) else {
        session.flush().await.map_err(Error::internal)?;
        return Ok(None);
    };
    // Idle expiry counts from the last write: once a minute is enough.
    if now - session.get::<i64>(SEEN).await.map_err(Error::internal)?.unwrap_or(0) > MINUTE {
        session.insert(SEEN, now).await.map_err(Error::internal)?;
    }
    Ok(Some(sign_in::of_session(&row)))
}

/// Begins a session for a user: a new id, whatever cookie came along.
///
/// # Errors
/// The database does not answer.
pub async fn begin(web: &Web, session: &Session, principal: &Principal) -> Result<()> {
    session.flush().await.map_err(Error::internal)?;
    session.cycle_id().await.map_err(Error::internal)?;
    let now = web.clock.now();
    session.insert(USER, &principal.user_id).await.map_err(Error::internal)?;
    session.insert(STARTED, now).await.map_err(Error::internal)?;
    session.insert(SEEN, now).await.map_err(Error::internal)
}
