//! Placements of sizes and environments.

use crate::{
    access::PlatformAdmin,
    error::Result,
    http::{
        extract::{Payload, Query},
        state::Web,
    },
    platform::placements as room,
};
use app::api::{
    ListQuery, Page, Problem,
    placements::{Placement, SetPlacement},
};
use axum::{Json, extract::State};

/// On which nodes workloads run and what more their pods have: of sizes, then of environments
#[utoipa::path(get, path = "/api/v1/placements", tag = "platform", params(ListQuery),
    responses((status = 200, body = Page<Placement>), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub async fn list(State(web): State<Web>, admin: PlatformAdmin, Query(query): Query<ListQuery>) -> Result<Json<Page<Placement>>> {
    room::list(&web.store, &*web.cluster, &admin, &query).await.map(Json)
}

/// Set a placement; the cluster tries the pod that such a workload would get first, and keeps nothing of it
#[utoipa::path(put, path = "/api/v1/placements", tag = "platform", request_body = SetPlacement,
    responses((status = 200, body = Placement), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub async fn set(State(web): State<Web>, admin: PlatformAdmin, Payload(new): Payload<SetPlacement>) -> Result<Json<Placement>> {
    room::set(&web.store, &*web.cluster, &admin, &new).await.map(Json)
}
