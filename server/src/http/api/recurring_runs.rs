//! Recurring runs.

use crate::{
    access::{Principal, TeamEditor, TeamViewer},
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
    pipelines::recurring::service,
};
use app::api::{
    Page, Problem,
    pipeline_runs::PipelineRun,
    recurring_runs::{NewRecurringRun, RecurringRun, RecurringRunChange, RecurringRunQuery, Schedule, SchedulePreview},
};
use axum::{Json, extract::State, http::StatusCode};

/// Recurring runs of a team, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/recurring-runs", tag = "pipelines", params(("team" = String, Path), RecurringRunQuery),
    responses((status = 200, body = Page<RecurringRun>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<RecurringRunQuery>) -> Result<Json<Page<RecurringRun>>> {
    service::list(&web.store, &by, &query).await.map(Json)
}

/// Let a pipeline run by itself
#[utoipa::path(post, path = "/api/v1/teams/{team}/recurring-runs", tag = "pipelines", params(("team" = String, Path)), request_body = NewRecurringRun,
    responses((status = 201, body = RecurringRun), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(web): State<Web>,
    by: TeamEditor,
    Payload(new): Payload<NewRecurringRun>,
) -> Result<(StatusCode, Json<RecurringRun>)> {
    let made = service::create(&web.pipelines, &web.store, &by, &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A recurring run, with its last runs and the times to come
#[utoipa::path(get, path = "/api/v1/teams/{team}/recurring-runs/{id}", tag = "pipelines", params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = RecurringRun), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamViewer, At([id]): At<1>) -> Result<Json<RecurringRun>> {
    service::get(&web.store, &by, &id).await.map(Json)
}

/// Change a recurring run; what it made stays as it is
#[utoipa::path(patch, path = "/api/v1/teams/{team}/recurring-runs/{id}", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)), request_body = RecurringRunChange,
    responses((status = 200, body = RecurringRun), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(web): State<Web>,
    by: TeamEditor,
    At([id]): At<1>,
    Payload(change): Payload<RecurringRunChange>,
) -> Result<Json<RecurringRun>> {
    service::change(&web.pipelines, &web.store, &by, &id, &change).await.map(Json)
}

/// Delete a recurring run; what it made stays, and what runs goes on
#[utoipa::path(delete, path = "/api/v1/teams/{team}/recurring-runs/{id}", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn delete(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    service::delete(&web.store, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switch a recurring run on; what was missed meanwhile is made up for as it says
#[utoipa::path(post, path = "/api/v1/teams/{team}/recurring-runs/{id}/enable", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn enable(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    service::enable(&web.store, &by, &id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switch a recurring run off; what runs goes on
#[utoipa::path(post, path = "/api/v1/teams/{team}/recurring-runs/{id}/disable", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn disable(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    service::enable(&web.store, &by, &id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a run of a recurring run now, out of turn
#[utoipa::path(post, path = "/api/v1/teams/{team}/recurring-runs/{id}/run", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 201, body = PipelineRun), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn run(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<(StatusCode, Json<PipelineRun>)> {
    let made = service::run(&web.pipelines, &web.store, &by, &id).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// When a schedule runs, in words
#[utoipa::path(get, path = "/api/v1/schedule", tag = "pipelines", params(Schedule),
    responses((status = 200, body = SchedulePreview), (status = 422, body = Problem)))]
pub async fn preview(State(web): State<Web>, _: Principal, Query(schedule): Query<Schedule>) -> Result<Json<SchedulePreview>> {
    service::preview(&web.store, &schedule).map(Json)
}
