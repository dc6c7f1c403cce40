//! Pipelines and their versions.

use crate::{
    access::{TeamEditor, TeamViewer},
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
    pipelines::{cache, caps, diff, upload},
};
use app::api::{
    ListQuery, Page, Problem,
    pipeline_diff::{DiffQuery, PipelineDiff},
    pipelines::{NewPipeline, NewPipelineVersion, Pipeline, PipelineOutline, PipelineSpec, PipelineVersion, SetPipelineLimits},
};
use axum::{Json, extract::State, http::StatusCode};

/// Pipelines of a team, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipelines", tag = "pipelines", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<Pipeline>), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<ListQuery>) -> Result<Json<Page<Pipeline>>> {
    upload::list(&web.store, &by, &query).await.map(Json)
}

/// Make a pipeline with its first version
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipelines", tag = "pipelines", params(("team" = String, Path)), request_body = NewPipeline,
    responses((status = 201, body = Pipeline), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(State(web): State<Web>, by: TeamEditor, Payload(new): Payload<NewPipeline>) -> Result<(StatusCode, Json<Pipeline>)> {
    let made = upload::create(&web.pipelines, &web.store, &by, &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A pipeline
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipelines/{pipeline}", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name")),
    responses((status = 200, body = Pipeline), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamViewer, At([pipeline]): At<1>) -> Result<Json<Pipeline>> {
    upload::get(&web.store, &by, &pipeline).await.map(Json)
}

/// Delete a pipeline with its versions; what ran stays
#[utoipa::path(delete, path = "/api/v1/teams/{team}/pipelines/{pipeline}", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name")),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete(State(web): State<Web>, by: TeamEditor, At([pipeline]): At<1>) -> Result<StatusCode> {
    upload::delete(&web.store, &by, &pipeline).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set how many tasks of all runs of a pipeline are at work at once
#[utoipa::path(put, path = "/api/v1/teams/{team}/pipelines/{pipeline}/limits", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name")), request_body = SetPipelineLimits,
    responses((status = 200, body = Pipeline), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn limits(
    State(web): State<Web>,
    by: TeamEditor,
    At([pipeline]): At<1>,
    Payload(new): Payload<SetPipelineLimits>,
) -> Result<Json<Pipeline>> {
    caps::set(&web.store, &by, &pipeline, &new).await.map(Json)
}

/// Clear the cache of a pipeline: its runs make everything anew once, and nothing is deleted
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipelines/{pipeline}/clear-cache", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name")),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn clear_cache(State(web): State<Web>, by: TeamEditor, At([pipeline]): At<1>) -> Result<StatusCode> {
    cache::clear(&web.store, &by, &pipeline).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Versions of a pipeline, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipelines/{pipeline}/versions", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name"), ListQuery),
    responses((status = 200, body = Page<PipelineVersion>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn versions(
    State(web): State<Web>,
    by: TeamViewer,
    At([pipeline]): At<1>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<PipelineVersion>>> {
    upload::versions(&web.store, &by, &pipeline, &query).await.map(Json)
}

/// Make a version of a pipeline
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipelines/{pipeline}/versions", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name")), request_body = NewPipelineVersion,
    responses((status = 201, body = PipelineVersion), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create_version(
    State(web): State<Web>,
    by: TeamEditor,
    At([pipeline]): At<1>,
    Payload(new): Payload<NewPipelineVersion>,
) -> Result<(StatusCode, Json<PipelineVersion>)> {
    let made = upload::create_version(&web.pipelines, &web.store, &by, &pipeline, &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A version of a pipeline
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name"), ("version" = String, Path, description = "Id or name")),
    responses((status = 200, body = PipelineVersion), (status = 404, body = Problem)))]
pub async fn version(State(web): State<Web>, by: TeamViewer, At([pipeline, version]): At<2>) -> Result<Json<PipelineVersion>> {
    let row = upload::version_row(&web.store, &by, &pipeline, Some(&version)).await?;
    Ok(Json(crate::pipelines::view::version(row)))
}

/// Delete a version of a pipeline; what ran of it stays
#[utoipa::path(delete, path = "/api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name"), ("version" = String, Path, description = "Id or name")),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete_version(State(web): State<Web>, by: TeamEditor, At([pipeline, version]): At<2>) -> Result<StatusCode> {
    upload::delete_version(&web.store, &by, &pipeline, &version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was uploaded as a version, as it came
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}/spec", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name"), ("version" = String, Path, description = "Id or name")),
    responses((status = 200, body = PipelineSpec), (status = 404, body = Problem)))]
pub async fn spec(State(web): State<Web>, by: TeamViewer, At([pipeline, version]): At<2>) -> Result<Json<PipelineSpec>> {
    upload::spec(&web.store, &by, &pipeline, &version).await.map(Json)
}

/// Parameters and tasks of a version, for a form and a graph
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}/outline", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name"), ("version" = String, Path, description = "Id or name")),
    responses((status = 200, body = PipelineOutline), (status = 404, body = Problem)))]
pub async fn outline(State(web): State<Web>, by: TeamViewer, At([pipeline, version]): At<2>) -> Result<Json<PipelineOutline>> {
    upload::outline(&web.pipelines, &web.store, &by, &pipeline, &version).await.map(Json)
}

/// What is different in a version against another, task by task
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}/diff", tag = "pipelines",
    params(("team" = String, Path), ("pipeline" = String, Path, description = "Id or name"), ("version" = String, Path, description = "Id or name"), DiffQuery),
    responses((status = 200, body = PipelineDiff), (status = 404, body = Problem)))]
pub async fn diff(
    State(web): State<Web>,
    by: TeamViewer,
    At([pipeline, version]): At<2>,
    Query(query): Query<DiffQuery>,
) -> Result<Json<PipelineDiff>> {
    diff::versions(&web.pipelines, &web.store, &by, &pipeline, &version, query.against.as_deref()).await.map(Json)
}
