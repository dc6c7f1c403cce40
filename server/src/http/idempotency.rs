//! A creating POST with an `Idempotency-Key` may be sent again: within a day it gets the same answer, and nothing is made twice.
//!
//! What the server died over is told apart by the key's row (`store/idempotency.rs`). Where nothing was committed, a repeated request is
//! carried out once [`LONGEST_MS`] have passed; should the first still be under way somewhere, it can commit nothing any more. Where
//! something was, the answer is lost, and the repeated request is told so.

use super::state::Web;
use crate::{
    access::Principal,
    error::{Error, Kind, Result},
    ids,
    store::idempotency::{self, CLAIMED, COMMITTED},
};
use axum::{
    body::{Body, BodyDataStream, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use futures::StreamExt;

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The largest answer that is kept, bytes.
const LARGEST: usize = 4 << 20;
/// A request that has committed nothing for this long does not hold its key any more, milliseconds.
const LONGEST_MS: i64 = 120_000;

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
    let mut claim = tx.idempotency_claim(who, key, &request_hash).await?;
    if claim.is_none() {
        match replay(web, who, key, &request_hash, &place).await? {
            Some(answer) => return Ok(answer),
            None => {
                let before = tx.now() - LONGEST_MS;
                claim = tx.idempotency_take_over(who, key, before).await?;
            }
        }
    }
    tx.commit().await?;
    let claim = claim.ok_or_else(under_way)?;
    let response = idempotency::fenced(claim.clone(), next.run(Request::from_parts(parts, Body::from(bytes)))).await;
    let (head, body) = response.into_parts();
    if !head.status.is_success() {
        let mut tx = web.store.begin().await?;
        tx.idempotency_drop(&claim).await?;
        tx.commit().await?;
        return Ok(Response::from_parts(head, body));
    }
    let (begin, rest) = beginning(body).await?;
    if let Some(rest) = rest {
        // Too large to be kept: it goes on its way, and a repeated request is told that it was carried out.
        let whole = futures::stream::iter([Ok(begin)]).chain(rest);
        return Ok(Response::from_parts(head, Body::from_stream(whole)));
    }
    // Sealed: the answer may carry a token.
    let sealed = web.sealer.seal(&place, &begin)?;
    let mut tx = web.store.begin().await?;
    tx.idempotency_answer(&claim, i64::from(head.status.as_u16()), &sealed).await?;
    tx.commit().await?;
    Ok(Response::from_parts(head, Body::from(begin)))
}

/// The whole body, or where it is larger than is kept what was read so far and the rest.
async fn beginning(body: Body) -> Result<(Bytes, Option<BodyDataStream>)> {
    let (mut begin, mut rest) = (BytesMut::new(), body.into_data_stream());
    while let Some(piece) = rest.next().await {
        begin.extend_from_slice(&piece.map_err(Error::internal)?);
        if begin.len() > LARGEST {
            return Ok((begin.freeze(), Some(rest)));
        }
    }
    Ok((begin.freeze(), None))
}

fn under_way() -> Error {
    Error::conflict("A request with this Idempotency-Key is under way.").hint("Wait, then look whether the object was made.")
}

/// The answer that is kept; none where the key's request did nothing for so long that it may be taken over.
async fn replay(web: &Web, who: &str, key: &str, request_hash: &str, place: &str) -> Result<Option<Response>> {
    let kept = web.store.idempotency_get(who, key).await?.ok_or_else(under_way)?;
    if kept.request_hash != request_hash {
        return Err(Error::invalid("Idempotency-Key", "This Idempotency-Key was used for another request.").hint("Use a new one."));
    }
    let old = kept.created_at < web.store.clock().now() - LONGEST_MS;
    match (kept.status, old) {
        (CLAIMED, true) => return Ok(None),
        (COMMITTED, true) => {
            return Err(Error::conflict("A request with this Idempotency-Key was carried out, but its answer was not kept.")
                .hint("Look at what was made. To do it once more, use a new key."));
        }
        (CLAIMED | COMMITTED, false) => return Err(under_way()),
        _ => {}
    }
    let body = web.sealer.open(place, &kept.body)?;
    let status = u16::try_from(kept.status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK);
    let mut response = (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(Some(response))
}
