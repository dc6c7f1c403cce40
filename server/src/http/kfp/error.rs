//! Our errors in the words of Kubeflow Pipelines, which are gRPC's: `{"error", "code", "message", "details"}`.

use crate::{
    error::{Error, Kind},
    http::problem,
};
use axum::{
    Json,
    extract::OriginalUri,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// An error on its way to a client of Kubeflow Pipelines.
#[derive(Debug)]
pub struct KfpError(pub Error);

impl From<Error> for KfpError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// What a handler answers.
pub type Reply<T> = Result<Json<T>, KfpError>;

/// Codes of gRPC that have no kind of error of ours.
const NOT_FOUND: i32 = 5;
const UNIMPLEMENTED: i32 = 12;

/// Status and gRPC's code of a kind of error.
const fn code(kind: Kind) -> (StatusCode, i32) {
    match kind {
        Kind::Invalid => (StatusCode::BAD_REQUEST, 3),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, 16),
        Kind::Forbidden => (StatusCode::FORBIDDEN, 7),
        Kind::NotFound => (StatusCode::NOT_FOUND, NOT_FOUND),
        Kind::Conflict => (StatusCode::BAD_REQUEST, 9),
        Kind::Taken => (StatusCode::CONFLICT, 6),
        Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 3),
        Kind::TooMany => (StatusCode::TOO_MANY_REQUESTS, 8),
        Kind::Unavailable | Kind::Upstream => (StatusCode::SERVICE_UNAVAILABLE, 14),
        Kind::Full => (StatusCode::INSUFFICIENT_STORAGE, 8),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, 13),
    }
}

impl IntoResponse for KfpError {
    fn into_response(self) -> Response {
        // Writes the private part to the log.
        let problem = problem::of(&self.0);
        let (status, code) = code(self.0.kind);
        let message = match &self.0.hint {
            Some(hint) => format!("{} {hint}", problem.sentence()),
            None => problem.sentence().to_owned(),
        };
        let mut violations: Vec<Value> =
            self.0.errors.iter().map(|each| json!({ "field": each.field, "description": each.detail })).collect();
        if violations.is_empty() {
            violations.extend(self.0.field.iter().map(|field| json!({ "field": field, "description": problem.sentence() })));
        }
        let details = if violations.is_empty() {
            json!([])
        } else {
            json!([{ "@type": "type.googleapis.com/google.rpc.BadRequest", "field_violations": violations }])
        };
        answer(status, code, &message, &details)
    }
}

fn answer(status: StatusCode, code: i32, message: &str, details: &Value) -> Response {
    let body = json!({ "error": message, "code": code, "message": message, "details": details });
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"slipway\""));
    }
    response
}

/// An endpoint that is not there.
pub async fn unknown(method: Method, OriginalUri(uri): OriginalUri) -> Response {
    let other = if uri.path().starts_with("/apis/v2beta1") { "" } else { " It speaks /apis/v2beta1, which kfp 2 asks." };
    let message = format!("{method} {} is not an endpoint of this server.{other}", uri.path());
    answer(StatusCode::NOT_FOUND, NOT_FOUND, &message, &json!([]))
}

/// An endpoint of Kubeflow Pipelines for something that is not done here.
pub async fn unimplemented(method: Method, OriginalUri(uri): OriginalUri) -> Response {
    let message = format!("{method} {}: this is not offered by this server.", uri.path());
    answer(StatusCode::NOT_IMPLEMENTED, UNIMPLEMENTED, &message, &json!([]))
}
