//! Secrets of a team.

use crate::{
    access::{TeamMaintainer, TeamViewer},
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
    teams::secrets as room,
};
use app::api::{
    ListQuery, Page, Problem,
    secrets::{Secret, SetSecret},
};
use axum::{Json, extract::State, http::StatusCode};

/// Names of the team's secrets
#[utoipa::path(get, path = "/api/v1/teams/{team}/secrets", tag = "secrets", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<Secret>)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<ListQuery>) -> Result<Json<Page<Secret>>> {
    room::list(&web.store, &by, &query).await.map(Json)
}

/// Set a secret; its value never comes out again
#[utoipa::path(put, path = "/api/v1/teams/{team}/secrets/{name}", tag = "secrets",
    params(("team" = String, Path), ("name" = String, Path)), request_body = SetSecret,
    responses((status = 200, body = Secret), (status = 422, body = Problem)))]
pub async fn set(State(web): State<Web>, by: TeamMaintainer, At([name]): At<1>, Payload(body): Payload<SetSecret>) -> Result<Json<Secret>> {
    room::set(&web.store, &web.sealer, &by, &name, &body.value).await.map(Json)
}

/// Remove a secret
#[utoipa::path(delete, path = "/api/v1/teams/{team}/secrets/{name}", tag = "secrets",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn remove(State(web): State<Web>, by: TeamMaintainer, At([name]): At<1>) -> Result<StatusCode> {
    room::remove(&web.store, &by, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
