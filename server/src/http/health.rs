//! Health, readiness, metrics, and the API's document.

use super::state::Web;
use crate::environments::shipped;
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use utoipa::openapi::OpenApi;

/// `/healthz`, `/readyz`, `/metrics`, `/api/openapi.json`.
pub fn router(web: Web, document: OpenApi) -> Router {
    let document = bytes::Bytes::from(document.to_json().unwrap_or_default());
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(web)
        .route("/api/openapi.json", get(move || async move { ([(header::CONTENT_TYPE, "application/json")], document.clone()) }))
}

async fn ready(State(web): State<Web>) -> Response {
    let database = web.store.ping().await;
    let cluster = web.cluster.capacity().await.map(drop);
    let environments = shipped::registered(&web.store).await;
    let draining = *web.drain.borrow();
    let word = |r: &crate::error::Result<()>| match r {
        Ok(()) => "ok".to_owned(),
        Err(e) => e.public.clone(),
    };
    let good = database.is_ok() && cluster.is_ok() && environments.is_ok() && !draining;
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let parts = json!({
        "database": word(&database), "cluster": word(&cluster), "environments": word(&environments), "draining": draining
    });
    let body = json!({ "ready": good, "parts": parts });
    (status, Json(body)).into_response()
}

async fn metrics(State(web): State<Web>) -> Response {
    match &web.metrics {
        Some(handle) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
