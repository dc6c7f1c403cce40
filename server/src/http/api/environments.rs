//! Environments.

use crate::{
    access::{TeamEditor, TeamViewer},
    environments::service,
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
    logs::LogStore,
};
use app::api::{
    ListQuery, Page, Problem,
    environments::{Environment, EnvironmentVersion, NewEnvironment},
    logs::{LogPage, LogQuery},
};
use axum::{Json, extract::State, http::StatusCode};

/// Environments of the team, and the shipped ones
#[utoipa::path(get, path = "/api/v1/teams/{team}/environments", tag = "environments", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<Environment>), (status = 404, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<ListQuery>) -> Result<Json<Page<Environment>>> {
    service::list(&web.store, &by, &query).await.map(Json)
}

/// Make an environment; a name that exists gets a new version
#[utoipa::path(post, path = "/api/v1/teams/{team}/environments", tag = "environments", params(("team" = String, Path)),
    request_body = NewEnvironment,
    responses((status = 201, body = Environment), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(web): State<Web>,
    by: TeamEditor,
    Payload(new): Payload<NewEnvironment>,
) -> Result<(StatusCode, Json<Environment>)> {
    let made = service::create(&web.store, &by, &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// An environment
#[utoipa::path(get, path = "/api/v1/teams/{team}/environments/{name}", tag = "environments",
    params(("team" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Environment), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamViewer, At([name]): At<1>) -> Result<Json<Environment>> {
    service::get(&web.store, &by, &name).await.map(Json)
}

/// Versions of an environment, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/environments/{name}/versions", tag = "environments",
    params(("team" = String, Path), ("name" = String, Path), ListQuery),
    responses((status = 200, body = Page<EnvironmentVersion>), (status = 404, body = Problem)))]
pub async fn versions(
    State(web): State<Web>,
    by: TeamViewer,
    At([name]): At<1>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<EnvironmentVersion>>> {
    service::versions(&web.store, &by, &name, &query).await.map(Json)
}

/// Build the newest version again, where it failed
#[utoipa::path(post, path = "/api/v1/teams/{team}/environments/{name}/retry", tag = "environments",
    params(("team" = String, Path), ("name" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn retry(State(web): State<Web>, by: TeamEditor, At([name]): At<1>) -> Result<StatusCode> {
    service::retry(&web.store, &by, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The log of the newest build
#[utoipa::path(get, path = "/api/v1/teams/{team}/environments/{name}/log", tag = "environments",
    params(("team" = String, Path), ("name" = String, Path), LogQuery),
    responses((status = 200, body = LogPage), (status = 404, body = Problem)))]
pub async fn log(State(web): State<Web>, by: TeamViewer, At([name]): At<1>, Query(query): Query<LogQuery>) -> Result<Json<LogPage>> {
    service::log(&web.store, &LogStore::new(&web.config.data), &by, &name, &query).await.map(Json)
}
