//! Our errors in MLflow's words: `{"error_code", "message"}`.

use crate::{
    error::{Error, Kind},
    http::problem,
};
use axum::{
    Json,
    extract::OriginalUri,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// An error on its way to an MLflow client.
#[derive(Debug)]
pub struct MlflowError(pub Error);

impl From<Error> for MlflowError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// What a handler answers.
pub type Reply<T> = Result<Json<T>, MlflowError>;

impl IntoResponse for MlflowError {
    fn into_response(self) -> Response {
        // Writes the private part to the log.
        let problem = problem::of(&self.0);
        let (status, code) = match self.0.kind {
            // MLflow says so too of what is in the wrong state. Its INVALID_STATE is a 500, which clients would send again.
            Kind::Invalid | Kind::Conflict => (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
            Kind::Taken => (StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS"),
            Kind::NotFound => (StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
            Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            Kind::Forbidden => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "INVALID_PARAMETER_VALUE"),
            Kind::TooMany => (StatusCode::TOO_MANY_REQUESTS, "REQUEST_LIMIT_EXCEEDED"),
            Kind::Unavailable | Kind::Upstream => (StatusCode::SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
            Kind::Full => (StatusCode::INSUFFICIENT_STORAGE, "RESOURCE_EXHAUSTED"),
            Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
        };
        let message = match &self.0.hint {
            Some(hint) => format!("{} {hint}", problem.sentence()),
            None => problem.sentence().to_owned(),
        };
        (status, Json(json!({ "error_code": code, "message": message }))).into_response()
    }
}

/// An endpoint that is not there.
pub async fn unknown(method: Method, OriginalUri(uri): OriginalUri) -> Response {
    let message = format!("{method} {} is not an endpoint of this server.", uri.path());
    (StatusCode::NOT_FOUND, Json(json!({ "error_code": "ENDPOINT_NOT_FOUND", "message": message }))).into_response()
}
