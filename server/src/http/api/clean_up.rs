//! Clean-up of a team.

use crate::{
    access::{TeamMaintainer, TeamViewer},
    clean_up::service::Service,
    error::Result,
    http::{
        extract::{Payload, Query},
        state::Web,
    },
};
use app::api::{
    ListQuery, Page, Problem,
    clean_up::{CleanUpItem, Free, Freed},
};
use axum::{Json, extract::State};

fn service(web: &Web) -> Service {
    // Where workloads are pods, environments are images.
    let cache = (web.cluster.name() != "kubernetes").then(|| web.config.cache.clone());
    Service { store: web.store.clone(), artifacts: web.artifacts.clone(), cache }
}

/// What takes room and may be freed, and what is kept all the same, with the reason
#[utoipa::path(get, path = "/api/v1/teams/{team}/clean-up", tag = "clean-up", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<CleanUpItem>), (status = 404, body = Problem)))]
pub async fn clean_up_list(State(web): State<Web>, by: TeamViewer, Query(query): Query<ListQuery>) -> Result<Json<Page<CleanUpItem>>> {
    service(&web).list(&by, &query).await.map(Json)
}

/// Free what is named; it cannot be restored
#[utoipa::path(post, path = "/api/v1/teams/{team}/clean-up", tag = "clean-up", params(("team" = String, Path)), request_body = Free,
    responses((status = 200, body = Freed), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn clean_up(State(web): State<Web>, by: TeamMaintainer, Payload(body): Payload<Free>) -> Result<Json<Freed>> {
    service(&web).free(&by, &body).await.map(Json)
}
