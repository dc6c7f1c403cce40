//! Runs: what was tracked of them.

use crate::{
    access::{TeamEditor, TeamViewer},
    error::Result,
    http::{
        extract::{At, Query},
        state::Web,
    },
    records::run::Lifecycle,
    runs::{curves, tracked, view},
};
use app::api::{
    Page, Problem,
    runs::{MetricSeries, Run, RunQuery, RunSummary, SeriesQuery},
};
use axum::{Json, extract::State, http::StatusCode};

/// Runs of a team, newest first unless it is asked for otherwise
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs", tag = "runs", params(("team" = String, Path), RunQuery),
    responses((status = 200, body = Page<RunSummary>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<RunQuery>) -> Result<Json<Page<RunSummary>>> {
    view::list(&web.store, &by, &query).await.map(Json)
}

/// A run with everything
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}", tag = "runs", params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Run), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamViewer, At([id]): At<1>) -> Result<Json<Run>> {
    view::get(&web.store, &by, &id).await.map(Json)
}

/// Delete a run; through MLflow's API it can be restored
#[utoipa::path(delete, path = "/api/v1/teams/{team}/runs/{id}", tag = "runs", params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    tracked::set_lifecycle(&web.store, &by, &id, Lifecycle::Deleted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Curves of a run, thinned out to what a chart can show
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/metrics", tag = "runs",
    params(("team" = String, Path), ("id" = String, Path), SeriesQuery),
    responses((status = 200, body = Vec<MetricSeries>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn metrics(
    State(web): State<Web>,
    by: TeamViewer,
    At([id]): At<1>,
    Query(query): Query<SeriesQuery>,
) -> Result<Json<Vec<MetricSeries>>> {
    curves::series(&web.store, &by, &id, &query).await.map(Json)
}
