//! Runs that Slipway executes: submit, cancel, retry, and what they use.

use crate::{
    access::{TeamEditor, TeamViewer},
    error::Result,
    http::{
        api::run_form::RunForm,
        extract::{At, Payload},
        state::Web,
    },
    runs::{service, submit::Submitter},
};
use app::api::{
    Problem,
    runs::{NewRun, Run},
    usage::UsageSample,
};
use axum::{Json, extract::State, http::StatusCode};

fn submitter(web: &Web) -> Submitter<'_> {
    Submitter { store: &web.store, cluster: &*web.cluster, data: &web.config.data }
}

/// Submit a run
#[utoipa::path(post, path = "/api/v1/teams/{team}/runs", tag = "runs", params(("team" = String, Path)), request_body = NewRun,
    responses((status = 201, body = Run), (status = 422, body = Problem)))]
pub async fn submit(State(web): State<Web>, by: TeamEditor, Payload(RunForm(new)): Payload<RunForm>) -> Result<(StatusCode, Json<Run>)> {
    let run = submitter(&web).submit(&by, &new).await?;
    Ok((StatusCode::CREATED, Json(run)))
}

/// Ask a run to end
#[utoipa::path(post, path = "/api/v1/teams/{team}/runs/{id}/cancel", tag = "runs", params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<StatusCode> {
    service::cancel(&web.store, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Submit a run again that has ended: a new run with `retry_of`
#[utoipa::path(post, path = "/api/v1/teams/{team}/runs/{id}/retry", tag = "runs", params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 201, body = Run), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn retry(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<(StatusCode, Json<Run>)> {
    let run = submitter(&web).retry(&by, &id).await?;
    Ok((StatusCode::CREATED, Json(run)))
}

/// What a run uses
#[utoipa::path(get, path = "/api/v1/teams/{team}/runs/{id}/usage", tag = "runs", params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Vec<UsageSample>), (status = 404, body = Problem)))]
pub async fn usage(State(web): State<Web>, by: TeamViewer, At([id]): At<1>) -> Result<Json<Vec<UsageSample>>> {
    service::usage(&web.store, &by, &id).await.map(Json)
}
