//! Quota and capacity.

use crate::{
    access::{PlatformAdmin, TeamMaintainer, TeamViewer},
    error::Result,
    http::{extract::Payload, state::Web},
    quota::{capacity as room, service},
};
use app::api::{
    Problem,
    capacity::Capacity,
    quotas::{Quota, SetQuota},
};
use axum::{Json, extract::State};

/// What there is, what is held, and what each size would do
#[utoipa::path(get, path = "/api/v1/teams/{team}/capacity", tag = "quota", params(("team" = String, Path)),
    responses((status = 200, body = Capacity)))]
pub async fn capacity(State(web): State<Web>, by: TeamViewer) -> Result<Json<Capacity>> {
    room::of_team(&web.store, &*web.cluster, &by, web.config.max_upload_bytes).await.map(Json)
}

/// A team's quota
#[utoipa::path(get, path = "/api/v1/teams/{team}/quota", tag = "quota", params(("team" = String, Path)),
    responses((status = 200, body = Quota)))]
pub async fn get(State(web): State<Web>, by: TeamViewer) -> Result<Json<Quota>> {
    service::get(&web.store, &by).await.map(Json)
}

/// Set a team's quota; the platform admin's to do
#[utoipa::path(put, path = "/api/v1/teams/{team}/quota", tag = "quota", params(("team" = String, Path)), request_body = SetQuota,
    responses((status = 200, body = Quota), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub async fn set(
    State(web): State<Web>,
    admin: PlatformAdmin,
    team: TeamMaintainer,
    Payload(new): Payload<SetQuota>,
) -> Result<Json<Quota>> {
    service::set(&web.store, &admin, &team, &new).await.map(Json)
}
