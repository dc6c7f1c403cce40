//! Webhooks of a team.

use crate::{
    access::TeamMaintainer,
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
};
use app::api::{
    ListQuery, Page, Problem,
    webhooks::{CreatedWebhook, Delivery, NewWebhook, RotatedWebhook, SetWebhook, Webhook},
};
use axum::{Json, extract::State, http::StatusCode};

/// Webhooks of a team
#[utoipa::path(get, path = "/api/v1/teams/{team}/webhooks", tag = "webhooks", params(("team" = String, Path), ListQuery),
    responses((status = 200, body = Page<Webhook>), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, by: TeamMaintainer, Query(query): Query<ListQuery>) -> Result<Json<Page<Webhook>>> {
    web.webhooks().list(&by, &query).await.map(Json)
}

/// Make a webhook; its secret is answered this once
#[utoipa::path(post, path = "/api/v1/teams/{team}/webhooks", tag = "webhooks", params(("team" = String, Path)), request_body = NewWebhook,
    responses((status = 201, body = CreatedWebhook), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(
    State(web): State<Web>,
    by: TeamMaintainer,
    Payload(ask): Payload<NewWebhook>,
) -> Result<(StatusCode, Json<CreatedWebhook>)> {
    let made = web.webhooks().create(&by, &ask).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// A webhook
#[utoipa::path(get, path = "/api/v1/teams/{team}/webhooks/{name}", tag = "webhooks",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 200, body = Webhook), (status = 404, body = Problem)))]
pub async fn get(State(web): State<Web>, by: TeamMaintainer, At([name]): At<1>) -> Result<Json<Webhook>> {
    web.webhooks().get(&by, &name).await.map(Json)
}

/// Replace what a webhook is, but for its secret
#[utoipa::path(put, path = "/api/v1/teams/{team}/webhooks/{name}", tag = "webhooks",
    params(("team" = String, Path), ("name" = String, Path)), request_body = SetWebhook,
    responses((status = 200, body = Webhook), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn set(
    State(web): State<Web>,
    by: TeamMaintainer,
    At([name]): At<1>,
    Payload(ask): Payload<SetWebhook>,
) -> Result<Json<Webhook>> {
    web.webhooks().set(&by, &name, &ask).await.map(Json)
}

/// Remove a webhook and the log of its deliveries
#[utoipa::path(delete, path = "/api/v1/teams/{team}/webhooks/{name}", tag = "webhooks",
    params(("team" = String, Path), ("name" = String, Path)), responses((status = 204), (status = 404, body = Problem)))]
pub async fn remove(State(web): State<Web>, by: TeamMaintainer, At([name]): At<1>) -> Result<StatusCode> {
    web.webhooks().remove(&by, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have another secret sign; it is answered this once, and the one before signs along for a day, no older one
#[utoipa::path(post, path = "/api/v1/teams/{team}/webhooks/{name}/rotate", tag = "webhooks",
    params(("team" = String, Path), ("name" = String, Path)),
    responses((status = 200, body = RotatedWebhook), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn rotate(State(web): State<Web>, by: TeamMaintainer, At([name]): At<1>) -> Result<Json<RotatedWebhook>> {
    web.webhooks().rotate(&by, &name).await.map(Json)
}

/// Send a test, once
#[utoipa::path(post, path = "/api/v1/teams/{team}/webhooks/{name}/test", tag = "webhooks",
    params(("team" = String, Path), ("name" = String, Path)),
    responses((status = 202, body = Delivery), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn test(State(web): State<Web>, by: TeamMaintainer, At([name]): At<1>) -> Result<(StatusCode, Json<Delivery>)> {
    let queued = web.webhooks().test(&by, &name).await?;
    Ok((StatusCode::ACCEPTED, Json(queued)))
}

/// What was and is delivered, newest first
#[utoipa::path(get, path = "/api/v1/teams/{team}/webhooks/{name}/deliveries", tag = "webhooks",
    params(("team" = String, Path), ("name" = String, Path), ListQuery),
    responses((status = 200, body = Page<Delivery>), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn deliveries(
    State(web): State<Web>,
    by: TeamMaintainer,
    At([name]): At<1>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Delivery>>> {
    web.webhooks().deliveries(&by, &name, &query).await.map(Json)
}

/// Send a delivery once more, under the same id
#[utoipa::path(post, path = "/api/v1/teams/{team}/webhooks/{name}/deliveries/{id}/redeliver", tag = "webhooks",
    params(("team" = String, Path), ("name" = String, Path), ("id" = String, Path)),
    responses((status = 202, body = Delivery), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn redeliver(State(web): State<Web>, by: TeamMaintainer, At([name, id]): At<2>) -> Result<(StatusCode, Json<Delivery>)> {
    let queued = web.webhooks().redeliver(&by, &name, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(queued)))
}
