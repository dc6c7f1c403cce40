//! Members of a team.

use crate::{
    access::{TeamMaintainer, TeamViewer},
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
    teams::members as room,
};
use app::api::{
    ListQuery, Page, Problem,
    members::{Member, SetMember},
};
use axum::{Json, extract::State, http::StatusCode};

/// Members by name
#[utoipa::path(get, path = "/api/v1/teams/{team}/members", tag = "members", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<Member>)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<ListQuery>) -> Result<Json<Page<Member>>> {
    room::list(&web.store, &by, &query).await.map(Json)
}

/// Give a user a role in the team
#[utoipa::path(put, path = "/api/v1/teams/{team}/members/{user}", tag = "members",
    params(("team" = String, Path), ("user" = String, Path)), request_body = SetMember,
    responses((status = 200, body = Member), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn set(State(web): State<Web>, by: TeamMaintainer, At([user]): At<1>, Payload(body): Payload<SetMember>) -> Result<Json<Member>> {
    room::set(&web.store, &by, &user, &body).await.map(Json)
}

/// Take a user out of the team
#[utoipa::path(delete, path = "/api/v1/teams/{team}/members/{user}", tag = "members",
    params(("team" = String, Path), ("user" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn remove(State(web): State<Web>, by: TeamMaintainer, At([user]): At<1>) -> Result<StatusCode> {
    room::remove(&web.store, &by, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
