//! One's own notices.

use crate::{
    error::Result,
    http::{
        extract::{Payload, Person, Query, SignedIn},
        state::Web,
    },
    notices::service,
};
use app::api::{
    ListQuery, Page, Problem,
    notices::{MarkRead, Notice, NoticeChoices, SetNoticeChoices, Unread},
};
use axum::{Json, extract::State, http::StatusCode};

/// One's own notices, newest first; with a token those of its team
#[utoipa::path(get, path = "/api/v1/me/notices", tag = "notices", params(ListQuery),
    responses((status = 200, body = Page<Notice>), (status = 422, body = Problem)))]
pub async fn list(State(web): State<Web>, Person(me): Person, Query(query): Query<ListQuery>) -> Result<Json<Page<Notice>>> {
    service::list(&web.store, &me, &query).await.map(Json)
}

/// How many of them are unread
#[utoipa::path(get, path = "/api/v1/me/notices/unread", tag = "notices", responses((status = 200, body = Unread)))]
pub async fn unread(State(web): State<Web>, Person(me): Person) -> Result<Json<Unread>> {
    service::unread(&web.store, &me).await.map(Json)
}

/// Mark them as read
#[utoipa::path(post, path = "/api/v1/me/notices/read", tag = "notices", request_body = MarkRead,
    responses((status = 200, body = Unread), (status = 422, body = Problem)))]
pub async fn read(State(web): State<Web>, Person(me): Person, Payload(ask): Payload<MarkRead>) -> Result<Json<Unread>> {
    service::read(&web.store, &me, &ask).await.map(Json)
}

/// What one wants to be told, and where
#[utoipa::path(get, path = "/api/v1/me/notice-choices", tag = "notices", responses((status = 200, body = NoticeChoices)))]
pub async fn choices(State(web): State<Web>, SignedIn(me): SignedIn) -> Result<Json<NoticeChoices>> {
    service::choices(&web.store, &me, web.mailer.is_some()).await.map(Json)
}

/// Choose it
#[utoipa::path(put, path = "/api/v1/me/notice-choices", tag = "notices", request_body = SetNoticeChoices,
    responses((status = 200, body = NoticeChoices), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn choose(
    State(web): State<Web>,
    SignedIn(me): SignedIn,
    Payload(ask): Payload<SetNoticeChoices>,
) -> Result<Json<NoticeChoices>> {
    service::choose(&web.store, &me, &ask, web.mailer.is_some()).await.map(Json)
}

/// Mail a test to oneself
#[utoipa::path(post, path = "/api/v1/me/notice-choices/test", tag = "notices",
    responses((status = 204), (status = 409, body = Problem), (status = 429, body = Problem), (status = 502, body = Problem)))]
pub async fn test(State(web): State<Web>, SignedIn(me): SignedIn) -> Result<StatusCode> {
    service::test(&web.store, web.mailer.as_ref(), &me, &web.config.portal_url()).await?;
    Ok(StatusCode::NO_CONTENT)
}
