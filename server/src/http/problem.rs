//! Our errors as RFC 9457 problems.

use crate::error::{Error, Kind};
use app::api::Problem;
use axum::{
    body::Body,
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use std::any::Any;

/// The status of a kind of error.
pub const fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict | Kind::Taken => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Full => StatusCode::INSUFFICIENT_STORAGE,
        Kind::Upstream => StatusCode::BAD_GATEWAY,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The problem of an error; writes its private part to the log.
pub fn of(error: &Error) -> Problem {
    if !error.private.is_empty() {
        if matches!(error.kind, Kind::Internal) {
            tracing::error!(error = %error, "failed");
        } else {
            tracing::info!(error = %error, "refused");
        }
    }
    let mut problem = Problem::new(status(error.kind).as_u16(), &error.public);
    problem.field.clone_from(&error.field);
    problem.errors.clone_from(&error.errors);
    problem.hint.clone_from(&error.hint);
    problem
}

/// A problem as a response.
pub fn response(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer realm=\"slipway\""));
    }
    response
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        response(&of(&self))
    }
}

/// Nothing is at this path.
pub async fn nothing_here(method: Method, uri: Uri) -> Response {
    response(
        &Problem::new(404, format!("Nothing answers {method} {}.", uri.path())).hint("GET /api/openapi.json lists everything that does."),
    )
}

/// A handler panicked: our fault, told as such.
#[expect(clippy::needless_pass_by_value, reason = "the signature that the layer wants")]
pub fn panicked(panic: Box<dyn Any + Send>) -> axum::http::Response<Body> {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Error::internal(format!("panicked: {}", words.unwrap_or("?"))).into_response()
}
