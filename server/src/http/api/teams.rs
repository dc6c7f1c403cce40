//! Teams.

use crate::{
    access::{Principal, TeamMaintainer, TeamViewer},
    error::Result,
    http::{
        extract::{Payload, Query, SignedIn},
        state::Web,
    },
    teams::service,
};
use app::api::{
    ListQuery, Page, Problem,
    teams::{NewTeam, Team, TeamChange},
};
use axum::{Json, extract::State, http::StatusCode};

/// One's own teams; for the platform admin all
#[utoipa::path(get, path = "/api/v1/teams", tag = "teams", params(ListQuery), responses((status = 200, body = Page<Team>)))]
pub async fn list(State(web): State<Web>, principal: Principal, Query(query): Query<ListQuery>) -> Result<Json<Page<Team>>> {
    service::list(&web.store, &principal, &query).await.map(Json)
}

/// Make a team; its maker is its first maintainer
#[utoipa::path(post, path = "/api/v1/teams", tag = "teams", request_body = NewTeam,
    responses((status = 201, body = Team), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(web): State<Web>,
    SignedIn(principal): SignedIn,
    Payload(new): Payload<NewTeam>,
) -> Result<(StatusCode, Json<Team>)> {
    let team = service::create(&web.store, &principal, &new).await?;
    Ok((StatusCode::CREATED, Json(team)))
}

/// A team
#[utoipa::path(get, path = "/api/v1/teams/{team}", tag = "teams", params(("team" = String, Path)),
    responses((status = 200, body = Team), (status = 404, body = Problem)))]
pub async fn get(by: TeamViewer) -> Json<Team> {
    Json(service::team(by.team.clone()))
}

/// Change a team's display name
#[utoipa::path(patch, path = "/api/v1/teams/{team}", tag = "teams", params(("team" = String, Path)), request_body = TeamChange,
    responses((status = 200, body = Team), (status = 409, body = Problem)))]
pub async fn update(State(web): State<Web>, by: TeamMaintainer, Payload(change): Payload<TeamChange>) -> Result<Json<Team>> {
    service::update(&web.store, &by, &change).await.map(Json)
}
