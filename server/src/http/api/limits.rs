//! Limits of a deployment.

use super::deployments::service;
use crate::{
    access::TeamEditor,
    error::Result,
    http::{
        extract::{At, Payload},
        state::Web,
    },
};
use app::api::{Problem, deployments::Deployment, limits::SetLimits};
use axum::{Json, extract::State};

/// Set how much a deployment takes at once, how long and how large a request may be
#[utoipa::path(put, path = "/api/v1/teams/{team}/deployments/{name}/limits", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), request_body = SetLimits,
    responses((status = 200, body = Deployment), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn limits_set(
    State(web): State<Web>,
    by: TeamEditor,
    At([name]): At<1>,
    Payload(body): Payload<SetLimits>,
) -> Result<Json<Deployment>> {
    service(&web).set_limits(&by, &name, &body, web.config.max_body_bytes).await.map(Json)
}
