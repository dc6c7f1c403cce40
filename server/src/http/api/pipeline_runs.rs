//! Pipeline runs and their tasks.

use crate::{
    access::{TeamEditor, TeamViewer},
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
    pipelines::{approvals, compare, delivery::Deliveries, runs, submit, tasks},
};
use app::api::{
    Page, Problem,
    logs::{LogPage, LogQuery},
    pipeline_comparison::{CompareQuery, PipelineRunComparison},
    pipeline_runs::{NewPipelineRun, PipelineRun, PipelineRunQuery, Task, TaskDelivery, TaskDetail, TaskKeep},
    pipelines::PipelineOutline,
    promotions::Say,
};
use axum::{Json, extract::State, http::StatusCode};

/// Pipeline runs of a team, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipeline-runs", tag = "pipelines", params(("team" = String, Path), PipelineRunQuery),
    responses((status = 200, body = Page<PipelineRun>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<PipelineRunQuery>) -> Result<Json<Page<PipelineRun>>> {
    runs::list(&web.store, &by, &query).await.map(Json)
}

/// Run a pipeline
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipeline-runs", tag = "pipelines", params(("team" = String, Path)), request_body = NewPipelineRun,
    responses((status = 201, body = PipelineRun), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(web): State<Web>,
    by: TeamEditor,
    Payload(new): Payload<NewPipelineRun>,
) -> Result<(StatusCode, Json<PipelineRun>)> {
    let made = submit::create(&web.pipelines, &web.store, &by, &new).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A pipeline run
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipeline-runs/{id}", tag = "pipelines", params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = PipelineRun), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamViewer, At([id]): At<1>) -> Result<Json<PipelineRun>> {
    runs::get(&web.store, &by, &id).await.map(Json)
}

/// Delete a pipeline run that has ended, with the runs of its tasks; their files stay until clean-up frees them
#[utoipa::path(delete, path = "/api/v1/teams/{team}/pipeline-runs/{id}", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    runs::delete(&web.store, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask a pipeline run to end: it is stopping then, and exit tasks still run. Asked once more, they end as well
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipeline-runs/{id}/cancel", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    runs::cancel(&web.store, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Go on with a pipeline run that failed or was cancelled, from what did not succeed
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipeline-runs/{id}/retry", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn retry(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    runs::retry(&web.pipelines, &web.store, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put a pipeline run away
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipeline-runs/{id}/archive", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn archive(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    runs::archive(&web.store, &by, &id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take back a pipeline run that was put away
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipeline-runs/{id}/unarchive", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn unarchive(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    runs::archive(&web.store, &by, &id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Parameters and tasks of what a pipeline run runs, for a form to run it again
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipeline-runs/{id}/outline", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = PipelineOutline), (status = 404, body = Problem)))]
pub async fn outline(State(web): State<Web>, by: TeamViewer, At([id]): At<1>) -> Result<Json<PipelineOutline>> {
    runs::outline(&web.pipelines, &web.store, &by, &id).await.map(Json)
}

/// A pipeline run beside another, task by task
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipeline-runs/{id}/compare", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path), CompareQuery),
    responses((status = 200, body = PipelineRunComparison), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn compare(
    State(web): State<Web>,
    by: TeamViewer,
    At([id]): At<1>,
    Query(query): Query<CompareQuery>,
) -> Result<Json<PipelineRunComparison>> {
    compare::runs(&web.pipelines, &web.store, &by, &id, &query.with).await.map(Json)
}

/// Tasks of a pipeline run, all of them, in the order in which they were made
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipeline-runs/{id}/tasks", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)), responses((status = 200, body = Vec<Task>), (status = 404, body = Problem)))]
pub async fn tasks(State(web): State<Web>, by: TeamViewer, At([id]): At<1>) -> Result<Json<Vec<Task>>> {
    tasks::list(&web.pipelines, &web.store, &by, &id).await.map(Json)
}

/// What went into a task and what came out
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path), ("task" = String, Path)),
    responses((status = 200, body = TaskDetail), (status = 404, body = Problem)))]
pub async fn task(State(web): State<Web>, by: TeamViewer, At([id, task]): At<2>) -> Result<Json<TaskDetail>> {
    tasks::get(&web.pipelines, &web.store, &by, &id, &task).await.map(Json)
}

/// What a task printed
#[utoipa::path(get, path = "/api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}/log", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path), ("task" = String, Path), LogQuery),
    responses((status = 200, body = LogPage), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn task_log(
    State(web): State<Web>,
    by: TeamViewer,
    At([id, task]): At<2>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogPage>> {
    tasks::log(&web.store, &web.logs, &by, &id, &task, &query).await.map(Json)
}

/// Approve what a task asks; who has the role that it asks for, never a run
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}/approve", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path), ("task" = String, Path)), request_body = Say,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn approve(State(web): State<Web>, by: TeamViewer, At([id, task]): At<2>, Payload(say): Payload<Say>) -> Result<StatusCode> {
    approvals::answer(&web.store, &by, &id, &task, true, &say).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse what a task asks; who has the role that it asks for, never a run
#[utoipa::path(post, path = "/api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}/refuse", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path), ("task" = String, Path)), request_body = Say,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn refuse(State(web): State<Web>, by: TeamViewer, At([id, task]): At<2>, Payload(say): Payload<Say>) -> Result<StatusCode> {
    approvals::answer(&web.store, &by, &id, &task, false, &say).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the workload of a task made: its own token brings it
#[utoipa::path(put, path = "/api/v1/teams/{team}/runs/{id}/delivery", tag = "pipelines",
    params(("team" = String, Path), ("id" = String, Path)), request_body = TaskDelivery,
    responses((status = 200, body = TaskKeep), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn deliver(
    State(web): State<Web>,
    by: TeamViewer,
    At([id]): At<1>,
    Payload(delivery): Payload<TaskDelivery>,
) -> Result<Json<TaskKeep>> {
    let local = (web.cluster.name() == "local").then_some(&web.artifacts);
    let deliveries = Deliveries { store: &web.store, parsed: &web.pipelines, local };
    deliveries.take(&by, &id, &delivery).await.map(Json)
}
