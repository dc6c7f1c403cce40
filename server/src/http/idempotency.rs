//! A creating POST with an `Idempotency-Key` may be sent again: within a day it gets the same answer, and nothing is made twice.

use super::state::Web;
use crate::{
    access::Principal,
    error::{Error, Kind, Result},
    ids,
    store::idempotency::KeptAnswer,
};
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const LARGEST: usize = 4 << 20;
/// While the first request is under way its row has this status.
const UNDER_WAY: i64 = 0;

/// Answers a repeated POST from what is kept, else keeps its answer.
pub async fn once(State(web): State<Web>, request: Request, next: Next) -> Response {
    let key = request.headers().get(HEADER).map(|v| v.to_str().map(str::to_owned));
    let who = request.extensions().get::<Principal>().map(|p| p.user_id.clone());
    let (Some(key), Some(who), &Method::POST) = (key, who, request.method()) else { return next.run(request).await };
    let uploads = request.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"application/gzip"));
    if uploads {
        // An upload is kept by its content: sending it twice makes one.
        return next.run(request).await;
    }
    match key {
        Ok(key) if (1..=200).contains(&key.len()) => {
            keyed(&web, &who, &key, request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
        _ => Error::invalid("Idempotency-Key", "An Idempotency-Key has 1 to 200 printable characters.").into_response(),
    }
}

async fn keyed(web: &Web, who: &str, key: &str, request: Request, next: Next) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, web.config.max_body_bytes)
        .await
        .map_err(|_| Error::new(Kind::TooLarge, "The body is larger than this server takes."))?;
    let request_hash = ids::sha256([parts.method.as_str().as_bytes(), b" ", parts.uri.path().as_bytes(), b"\n", &bytes].concat());
    let place = format!("idempotency:{who}:{key}");
    let mut tx = web.store.begin().await?;
    let first =
        tx.idempotency_keep(who, key, &KeptAnswer { request_hash: request_hash.clone(), status: UNDER_WAY, body: String::new() }).await?;
    tx.commit().await?;
    if !first {
        return replay(web, who, key, &request_hash, &place).await;
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    let (head, body) = response.into_parts();
    let bytes = to_bytes(body, LARGEST).await.map_err(Error::internal)?;
    let mut tx = web.store.begin().await?;
    if head.status.is_success() {
        // Sealed: the answer may carry a token.
        let body = web.sealer.seal(&place, &bytes)?;
        tx.idempotency_answer(who, key, i64::from(head.status.as_u16()), &body).await?;
    } else {
        tx.idempotency_drop(who, key).await?;
    }
    tx.commit().await?;
    Ok(Response::from_parts(head, Body::from(bytes)))
}

async fn replay(web: &Web, who: &str, key: &str, request_hash: &str, place: &str) -> Result<Response> {
    let kept = web.store.idempotency_get(who, key).await?.filter(|k| k.status != UNDER_WAY || k.request_hash != request_hash);
    let kept = kept.ok_or_else(|| {
        Error::conflict("A request with this Idempotency-Key is under way.").hint("Wait, then look whether the object was made.")
    })?;
    if kept.request_hash != request_hash {
        return Err(Error::invalid("Idempotency-Key", "This Idempotency-Key was used for another request.").hint("Use a new one."));
    }
    let body = web.sealer.open(place, &kept.body)?;
    let status = u16::try_from(kept.status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK);
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(response)
}
