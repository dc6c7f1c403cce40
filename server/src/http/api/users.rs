//! Local users.

use crate::{
    access::{PlatformAdmin, users as room},
    error::Result,
    http::{
        extract::{At, Payload, Query},
        state::Web,
    },
};
use app::api::{
    ListQuery, Page, Problem,
    users::{NewUser, User, UserChange},
};
use axum::{Json, extract::State, http::StatusCode};

/// Users by name
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(ListQuery),
    responses((status = 200, body = Page<User>), (status = 403, body = Problem)))]
pub async fn list(State(web): State<Web>, admin: PlatformAdmin, Query(query): Query<ListQuery>) -> Result<Json<Page<User>>> {
    room::list(&web.store, &admin, &query).await.map(Json)
}

/// Make a user
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = NewUser,
    responses((status = 201, body = User), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn create(State(web): State<Web>, admin: PlatformAdmin, Payload(new): Payload<NewUser>) -> Result<(StatusCode, Json<User>)> {
    let user = room::create(&web.store, &admin, new).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Change a user: name, password, admin, disabled
#[utoipa::path(patch, path = "/api/v1/users/{user}", tag = "users", params(("user" = String, Path)), request_body = UserChange,
    responses((status = 200, body = User), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn update(
    State(web): State<Web>,
    admin: PlatformAdmin,
    At([user]): At<1>,
    Payload(change): Payload<UserChange>,
) -> Result<Json<User>> {
    room::update(&web.store, &admin, &user, change).await.map(Json)
}
