//! Replicas of a deployment.

use super::deployments::service;
use crate::{
    access::{TeamEditor, TeamViewer},
    error::Result,
    http::{
        extract::{At, Payload},
        state::Web,
    },
};
use app::api::{
    Page, Problem,
    deployments::Deployment,
    replicas::{Replica, Scale},
};
use axum::{Json, extract::State};

/// Replicas of a deployment, the newest revision first
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}/replicas", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = Page<Replica>), (status = 404, body = Problem)))]
pub async fn replicas(State(web): State<Web>, by: TeamViewer, At([name]): At<1>) -> Result<Json<Page<Replica>>> {
    service(&web).replicas(&web.gateway.routes, &by, &name).await.map(Json)
}

/// Set how many replicas a deployment has
#[utoipa::path(put, path = "/api/v1/teams/{team}/deployments/{name}/scale", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), request_body = Scale,
    responses((status = 200, body = Deployment), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn scale(State(web): State<Web>, by: TeamEditor, At([name]): At<1>, Payload(body): Payload<Scale>) -> Result<Json<Deployment>> {
    service(&web).scale(&by, &name, &body).await.map(Json)
}
