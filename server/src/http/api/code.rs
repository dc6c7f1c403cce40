//! Uploads of code.

use crate::{
    access::TeamEditor,
    error::Result,
    http::{state::Web, uploads},
    runs::code,
};
use app::api::{Problem, runs::UploadedCode};
use axum::{Json, body::Body, extract::State, http::StatusCode};

/// Upload a folder as a gzipped tar; submit runs with its digest
#[utoipa::path(post, path = "/api/v1/teams/{team}/code", tag = "runs", params(("team" = String, Path)),
    request_body(content = Vec<u8>, content_type = "application/gzip"),
    responses((status = 201, body = UploadedCode), (status = 413, body = Problem), (status = 422, body = Problem)))]
pub async fn upload(State(web): State<Web>, by: TeamEditor, body: Body) -> Result<(StatusCode, Json<UploadedCode>)> {
    let limit = web.config.max_upload_bytes;
    let mut body = body.into_data_stream();
    let kept = code::upload(&web.store, &web.config.data, limit, &by, &mut body).await;
    if kept.is_err() {
        uploads::drain(body).await;
    }
    kept.map(|kept| (StatusCode::CREATED, Json(kept)))
}
