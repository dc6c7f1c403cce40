//! Who may call a deployment, and the tokens that are its own.

use super::deployments::service;
use crate::{
    access::TeamEditor,
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
};
use app::api::{
    ListQuery, Page, Problem,
    callers::{CallerToken, MadeCallerToken, NewCallerToken, RotateToken, SetCallers},
    deployments::Deployment,
};
use axum::{Json, extract::State, http::StatusCode};

/// Set who may call a deployment beside its team and its tokens
#[utoipa::path(put, path = "/api/v1/teams/{team}/deployments/{name}/callers", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), request_body = SetCallers,
    responses((status = 200, body = Deployment), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn callers_set(
    State(web): State<Web>,
    by: TeamEditor,
    At([name]): At<1>,
    Payload(body): Payload<SetCallers>,
) -> Result<Json<Deployment>> {
    service(&web).set_callers(&by, &name, &body).await.map(Json)
}

/// The tokens of a deployment, without their secrets
#[utoipa::path(get, path = "/api/v1/teams/{team}/deployments/{name}/tokens", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path), ListQuery),
    responses((status = 200, body = Page<CallerToken>), (status = 404, body = Problem)))]
pub async fn caller_tokens(
    State(web): State<Web>,
    by: TeamEditor,
    At([name]): At<1>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<CallerToken>>> {
    service(&web).caller_tokens(&by, &name, &query).await.map(Json)
}

/// Make a token of a deployment; its secret is answered this once
#[utoipa::path(post, path = "/api/v1/teams/{team}/deployments/{name}/tokens", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path)), request_body = NewCallerToken,
    responses((status = 201, body = MadeCallerToken), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn caller_token_create(
    State(web): State<Web>,
    by: TeamEditor,
    At([name]): At<1>,
    Payload(body): Payload<NewCallerToken>,
) -> Result<(StatusCode, Json<MadeCallerToken>)> {
    let made = service(&web).caller_token_create(&by, &name, &body).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Replace a token of a deployment; the old secret counts for a while yet
#[utoipa::path(post, path = "/api/v1/teams/{team}/deployments/{name}/tokens/{id}/rotate", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path), ("id" = String, Path)), request_body = RotateToken,
    responses((status = 201, body = MadeCallerToken), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn caller_token_rotate(
    State(web): State<Web>,
    by: TeamEditor,
    At([name, id]): At<2>,
    Payload(body): Payload<RotateToken>,
) -> Result<(StatusCode, Json<MadeCallerToken>)> {
    let made = service(&web).caller_token_rotate(&by, &name, &id, &body).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Revoke a token of a deployment
#[utoipa::path(delete, path = "/api/v1/teams/{team}/deployments/{name}/tokens/{id}", tag = "deployments",
    params(("team" = String, Path), ("name" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn caller_token_revoke(State(web): State<Web>, by: TeamEditor, At([name, id]): At<2>) -> Result<StatusCode> {
    service(&web).caller_token_revoke(&by, &name, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
