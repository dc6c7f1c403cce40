//! The REST API, `/api/v1`: one file per noun. A handler extracts, calls the room, replies.

pub mod artifacts;
pub mod models;
pub mod session;
pub mod teams;
pub mod tokens;

use super::state::Web;
use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(info(title = "Slipway", description = "Develop, train, ship and watch machine-learning models on shared hardware."))]
struct Document;

/// All operations, and their document.
pub fn router(web: Web) -> (Router, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(session::end))
        .routes(routes!(session::me))
        .routes(routes!(session::change_password))
        .routes(routes!(session::set_up))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::get, teams::update))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(models::list))
        .routes(routes!(models::get, models::update))
        .routes(routes!(models::version_list))
        .routes(routes!(models::version_get, models::version_update))
        .routes(routes!(models::version_register))
        .routes(routes!(models::alias_set, models::alias_remove))
        .routes(routes!(artifacts::list))
        .routes(routes!(artifacts::file))
        .with_state(web)
        .split_for_parts()
}
