//! The canary of a deployment.

use super::deployments::service;
use crate::{
    access::TeamEditor,
    error::Result,
    http::{
        extract::{At, Payload},
        state::Web,
    },
};
use app::api::{
    Problem,
    canary::{SetCanary, Sticky},
    deployments::Deployment,
};
use axum::{Json, extract::State};

/// Set the share of the canary: 100 lets it take over, 0 takes it back
#[utoipa::path(put, path = "/api/v1/teams/{team}/deployments/{name}/canary", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), request_body = SetCanary,
    responses((status = 200, body = Deployment), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn canary_set(
    State(web): State<Web>,
    by: TeamEditor,
    At([name]): At<1>,
    Payload(body): Payload<SetCanary>,
) -> Result<Json<Deployment>> {
    let set = service(&web).set_canary(&by, &name, &body).await?;
    // Who is told that it is so finds that it is.
    web.gateway.routes.refresh(&web.store).await?;
    Ok(Json(set))
}

/// Set the header by which requests stay with a revision while two share the traffic
#[utoipa::path(put, path = "/api/v1/teams/{team}/deployments/{name}/sticky", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), request_body = Sticky,
    responses((status = 200, body = Deployment), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn sticky_set(
    State(web): State<Web>,
    by: TeamEditor,
    At([name]): At<1>,
    Payload(body): Payload<Sticky>,
) -> Result<Json<Deployment>> {
    let set = service(&web).set_sticky(&by, &name, &body).await?;
    web.gateway.routes.refresh(&web.store).await?;
    Ok(Json(set))
}
