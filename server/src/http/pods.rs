//! `/pods/v1/…`: what the pods of a Kubernetes cluster ask, each with the token of its workload. No page and no person comes here.

use crate::{
    cluster::kubernetes::{
        Desk,
        plans::{Claim, Claimed, LogEnd, Report, Wishes},
    },
    error::{Error, Kind, Result},
    http::{authenticate::bearer, pod_files, problem},
};
use axum::{
    Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use serde::Deserialize;
use std::collections::HashMap;
use tower_http::catch_panic::CatchPanicLayer;

/// Largest body: a piece of a log.
const BODY: usize = 1 << 20;

/// The routes.
pub fn router(desk: &Desk) -> Router {
    Router::new()
        .route("/pods/v1/{id}/claim", post(claim))
        .route("/pods/v1/{id}/file", get(file))
        .route("/pods/v1/{id}/log", get(log_end).post(log))
        .route("/pods/v1/{id}/report", post(report))
        .route("/pods/v1/{id}/wishes", post(wishes))
        .route_layer(middleware::from_fn_with_state(desk.clone(), known))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .with_state(desk.clone())
}

/// Lets in who has the token of the workload in the path.
async fn known(State(desk): State<Desk>, Path(path): Path<HashMap<String, String>>, request: Request, next: Next) -> Response {
    let id = path.get("id").map(String::as_str).unwrap_or_default();
    match bearer(request.headers()) {
        Some(Ok(shown)) if desk.knows(id, &shown) => next.run(request).await,
        _ => Error::new(Kind::Unauthenticated, "This is not the token of the workload's pod.").into_response(),
    }
}

async fn claim(State(desk): State<Desk>, Path(id): Path<String>, Json(claim): Json<Claim>) -> Result<Json<Claimed>> {
    desk.claim(&id, &claim).await.map(Json)
}

#[derive(Deserialize)]
struct Asked {
    ticket: String,
}

async fn file(State(desk): State<Desk>, Path(id): Path<String>, Query(asked): Query<Asked>) -> Result<Body> {
    pod_files::body(desk.open(&id, &asked.ticket)?).await
}

/// Whose: the first node's where nothing is said.
#[derive(Deserialize)]
struct Of {
    #[serde(default)]
    node: u32,
}

async fn log_end(State(desk): State<Desk>, Path(id): Path<String>, Query(of): Query<Of>) -> Result<Json<LogEnd>> {
    desk.log_end(&id, of.node).await.map(Json)
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    node: u32,
    part: u64,
    offset: u64,
}

async fn log(State(desk): State<Desk>, Path(id): Path<String>, Query(place): Query<Place>, bytes: Bytes) -> Result<Json<LogEnd>> {
    desk.log(&id, place.node, place.part, place.offset, bytes).await.map(Json)
}

async fn report(State(desk): State<Desk>, Path(id): Path<String>, Query(of): Query<Of>, Json(report): Json<Report>) -> Result<StatusCode> {
    desk.report(&id, of.node, report).await.map(|()| StatusCode::NO_CONTENT)
}

async fn wishes(State(desk): State<Desk>, Path(id): Path<String>, Query(of): Query<Of>, Json(seen): Json<Wishes>) -> Result<Json<Wishes>> {
    desk.wishes(&id, of.node, seen).await.map(Json)
}
