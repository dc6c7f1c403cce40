//! Experiments.

use crate::{
    access::TeamViewer,
    error::Result,
    http::{extract::Query, state::Web},
    runs::experiments,
};
use app::api::{ListQuery, Page, Problem, experiments::Experiment};
use axum::{Json, extract::State};

/// Active experiments, last changed first
#[utoipa::path(get, path = "/api/v1/teams/{team}/experiments", tag = "experiments", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<Experiment>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<ListQuery>) -> Result<Json<Page<Experiment>>> {
    experiments::list(&web.store, &by, &query).await.map(Json)
}
