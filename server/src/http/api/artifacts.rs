//! Files of runs.

use crate::{
    access::TeamViewer,
    error::Result,
    http::{
        extract::{At, Query},
        files,
        state::Web,
    },
    models::{preview, run_files},
};
use app::api::{
    Problem,
    previews::ArtifactPreview,
    runs::{Artifact, ArtifactQuery},
};
use axum::{Json, extract::State, http::HeaderMap, response::Response};

/// Files and folders of a run, with the models it logged
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/artifacts", tag = "artifacts",
    params(("team" = String, Path), ("id" = String, Path), ArtifactQuery),
    responses((status = 200, body = Vec<Artifact>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(
    State(web): State<Web>,
    by: TeamViewer,
    At([id]): At<1>,
    Query(query): Query<ArtifactQuery>,
) -> Result<Json<Vec<Artifact>>> {
    run_files::list(&web.store, &web.artifacts, &by, &id, query.path.as_deref().unwrap_or_default()).await.map(Json)
}

/// A file of a run; text, images, CSV and JSON are shown by browsers, everything else is saved
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/artifact", tag = "artifacts",
    params(("team" = String, Path), ("id" = String, Path), ArtifactQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 206, description = "The part asked for"),
        (status = 404, body = Problem), (status = 416, body = Problem), (status = 422, body = Problem)))]
pub async fn file(
    State(web): State<Web>,
    by: TeamViewer,
    At([id]): At<1>,
    Query(query): Query<ArtifactQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let path = query.path.unwrap_or_default();
    let ending = preview::ending(&web.store, &web.artifacts, &by, &id, &path).await?;
    let found = run_files::open(&web.store, &web.artifacts, &by, &id, &path, files::range(&headers)).await;
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = ending.map_or_else(|| name.to_owned(), |ending| format!("{name}.{ending}"));
    files::answer(found, &name, files::As::Preview, &headers)
}

/// A file of a run as HTML within a frame: a browser lays it out, runs nothing of it and loads nothing for it
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/artifact/page", tag = "artifacts",
    params(("team" = String, Path), ("id" = String, Path), ArtifactQuery),
    responses((status = 200, body = String, content_type = "text/html"), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn page(
    State(web): State<Web>,
    by: TeamViewer,
    At([id]): At<1>,
    Query(query): Query<ArtifactQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let path = query.path.unwrap_or_default();
    let found = run_files::open(&web.store, &web.artifacts, &by, &id, &path, None).await;
    files::answer(found, path.rsplit('/').next().unwrap_or_default(), files::As::Framed, &headers)
}

/// The beginning of a file of a run, as far as it can be shown
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/artifact/preview", tag = "artifacts",
    params(("team" = String, Path), ("id" = String, Path), ArtifactQuery),
    responses((status = 200, body = ArtifactPreview), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn look(
    State(web): State<Web>,
    by: TeamViewer,
    At([id]): At<1>,
    Query(query): Query<ArtifactQuery>,
) -> Result<Json<ArtifactPreview>> {
    preview::of(&web.store, &web.artifacts, &by, &id, query.path.as_deref().unwrap_or_default()).await.map(Json)
}
