//! Runtimes.

use crate::{
    access::{PlatformAdmin, Principal},
    deployments::runtimes as room,
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
};
use app::api::{
    ListQuery, Page, Problem,
    runtimes::{Runtime, SeenRuntime, SetRuntime},
};
use axum::{Json, extract::State, http::StatusCode};

/// Runtimes by name: what comes with Slipway, and what an admin declared
#[utoipa::path(get, path = "/api/v1/runtimes", tag = "runtimes", params(ListQuery),
    responses((status = 200, body = Page<Runtime>), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: Principal, Query(query): Query<ListQuery>) -> Result<Json<Page<Runtime>>> {
    room::list(&web.store, &by, &query).await.map(Json)
}

/// A runtime
#[utoipa::path(get, path = "/api/v1/runtimes/{name}", tag = "runtimes", params(("name" = String, Path)),
    responses((status = 200, body = Runtime), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: Principal, At([name]): At<1>) -> Result<Json<Runtime>> {
    room::get(&web.store, &by, &name).await.map(Json)
}

/// Declare a runtime, or change it; what runs already goes on as it is
#[utoipa::path(put, path = "/api/v1/runtimes/{name}", tag = "runtimes", params(("name" = String, Path)), request_body = SetRuntime,
    responses((status = 200, body = Runtime), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn set(
    State(web): State<Web>,
    admin: PlatformAdmin,
    At([name]): At<1>,
    Payload(new): Payload<SetRuntime>,
) -> Result<Json<Runtime>> {
    room::set(&web.store, &*web.cluster, &admin, &name, &new).await.map(Json)
}

/// Remove a runtime that nothing serves with, or is to
#[utoipa::path(delete, path = "/api/v1/runtimes/{name}", tag = "runtimes", params(("name" = String, Path), SeenRuntime),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn remove(
    State(web): State<Web>,
    admin: PlatformAdmin,
    At([name]): At<1>,
    Query(SeenRuntime { revision }): Query<SeenRuntime>,
) -> Result<StatusCode> {
    room::remove(&web.store, &admin, &name, revision).await?;
    Ok(StatusCode::NO_CONTENT)
}
