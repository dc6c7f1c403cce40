//! Promotions: requests to move a version to a stage.

use crate::{
    access::{TeamEditor, TeamMaintainer, TeamViewer},
    error::{Error, Result},
    http::{
        extract::{At, EditorOrRun, Payload, Query},
        state::Web,
    },
    promotions::service,
};
use app::api::{
    Page, Problem,
    logs::{LogPage, LogQuery},
    promotions::{NewPromotion, Promotion, PromotionQuery, Say},
};
use axum::{Json, extract::State, http::StatusCode};

/// Promotions of a team, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/promotions", tag = "promotions", params(("team" = String, Path), PromotionQuery),
    responses((status = 200, body = Page<Promotion>), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamViewer, Query(query): Query<PromotionQuery>) -> Result<Json<Page<Promotion>>> {
    service::list(&web.store, &by, &query).await.map(Json)
}

/// Ask for a version to be promoted
#[utoipa::path(post, path = "/api/v1/teams/{team}/promotions", tag = "promotions", params(("team" = String, Path)),
    request_body = NewPromotion,
    responses((status = 201, body = Promotion), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn request(
    State(web): State<Web>,
    EditorOrRun(by): EditorOrRun,
    Payload(ask): Payload<NewPromotion>,
) -> Result<(StatusCode, Json<Promotion>)> {
    let made = service::request(&web.store, &by, &ask).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A promotion with its gates, votes and comments
#[utoipa::path(get, path = "/api/v1/teams/{team}/promotions/{id}", tag = "promotions",
    params(("team" = String, Path), ("id" = String, Path)), responses((status = 200, body = Promotion), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamViewer, At([id]): At<1>) -> Result<Json<Promotion>> {
    service::get(&web.store, &by, &id).await.map(Json)
}

/// Approve a promotion that somebody else asked for
#[utoipa::path(post, path = "/api/v1/teams/{team}/promotions/{id}/approve", tag = "promotions",
    params(("team" = String, Path), ("id" = String, Path)), request_body = Say,
    responses((status = 200, body = Promotion), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn approve(State(web): State<Web>, by: TeamMaintainer, At([id]): At<1>, Payload(say): Payload<Say>) -> Result<Json<Promotion>> {
    service::approve(&web.store, &web.artifacts, &by, &id, &say).await.map(Json)
}

/// Refuse a promotion
#[utoipa::path(post, path = "/api/v1/teams/{team}/promotions/{id}/refuse", tag = "promotions",
    params(("team" = String, Path), ("id" = String, Path)), request_body = Say,
    responses((status = 200, body = Promotion), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn refuse(State(web): State<Web>, by: TeamMaintainer, At([id]): At<1>, Payload(say): Payload<Say>) -> Result<Json<Promotion>> {
    service::refuse(&web.store, &by, &id, &say).await.map(Json)
}

/// Take back a promotion that was asked for
#[utoipa::path(post, path = "/api/v1/teams/{team}/promotions/{id}/withdraw", tag = "promotions",
    params(("team" = String, Path), ("id" = String, Path)), request_body = Say,
    responses((status = 200, body = Promotion), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn withdraw(State(web): State<Web>, by: TeamEditor, At([id]): At<1>, Payload(say): Payload<Say>) -> Result<Json<Promotion>> {
    service::withdraw(&web.store, &by, &id, &say).await.map(Json)
}

/// Say something about a promotion
#[utoipa::path(post, path = "/api/v1/teams/{team}/promotions/{id}/comments", tag = "promotions",
    params(("team" = String, Path), ("id" = String, Path)), request_body = Say,
    responses((status = 200, body = Promotion), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn comment(State(web): State<Web>, by: TeamEditor, At([id]): At<1>, Payload(say): Payload<Say>) -> Result<Json<Promotion>> {
    service::say(&web.store, &by, &id, &say).await.map(Json)
}

/// What the workload of a gate printed
#[utoipa::path(get, path = "/api/v1/teams/{team}/promotions/{id}/gates/{position}/log", tag = "promotions",
    params(("team" = String, Path), ("id" = String, Path), ("position" = i64, Path), LogQuery),
    responses((status = 200, body = LogPage), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn log(
    State(web): State<Web>,
    by: TeamViewer,
    At([id, position]): At<2>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogPage>> {
    let position = position.parse().map_err(|_| Error::not_found("gate"))?;
    service::log(&web.store, &web.logs, &by, &id, position, &query).await.map(Json)
}

/// Look at all gates again
#[utoipa::path(post, path = "/api/v1/teams/{team}/promotions/{id}/recheck", tag = "promotions",
    params(("team" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Promotion), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn recheck(State(web): State<Web>, by: TeamEditor, At([id]): At<1>) -> Result<Json<Promotion>> {
    service::recheck(&web.store, &by, &id).await.map(Json)
}
