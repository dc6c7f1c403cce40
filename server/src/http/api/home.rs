//! Home of a team, and finding things.

use crate::{
    access::TeamViewer,
    error::Result,
    http::{extract::Query, state::Web},
    platform::home as room,
};
use app::api::home::{FindQuery, Found, Home};
use axum::{Json, extract::State};

/// What runs, waits, failed
#[utoipa::path(get, path = "/api/v1/teams/{team}/home", tag = "home", params(("team" = String, Path)), responses((status = 200, body = Home)))]
pub async fn get(State(web): State<Web>, by: TeamViewer) -> Result<Json<Home>> {
    room::of_team(&web.store, &by).await.map(Json)
}

/// Find objects of the team by name or id
#[utoipa::path(get, path = "/api/v1/teams/{team}/find", tag = "home", params(("team" = String, Path), FindQuery),
    responses((status = 200, body = [Found])))]
pub async fn find(State(web): State<Web>, by: TeamViewer, Query(query): Query<FindQuery>) -> Result<Json<Vec<Found>>> {
    room::find(&web.store, &by, &query.q).await.map(Json)
}
