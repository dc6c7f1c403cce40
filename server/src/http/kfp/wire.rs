//! The JSON of Kubeflow Pipelines and its habits: it is protobuf's, so names may come in snake_case or camelCase, `null` means left out, and
//! what is empty is left out of answers.

use super::{
    error::KfpError,
    known::{self, Message},
};
use crate::{
    clock::rfc3339,
    error::{Error, Kind, Result},
    http::extract::json,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::StatusCode,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + Message, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = KfpError;
    async fn from_request(request: Request, state: &S) -> std::result::Result<Self, KfpError> {
        let body = bytes(request, state).await?;
        let read = json(&body)?;
        known::check(&body, T::FIELDS)?;
        Ok(Self(read))
    }
}

/// A JSON body of which two structures read their parts; the second knows all its fields. One within the other would no longer say which field is
/// wrong.
pub struct Both<A, B>(pub A, pub B);

impl<A: DeserializeOwned, B: DeserializeOwned + Message, S: Send + Sync> FromRequest<S> for Both<A, B> {
    type Rejection = KfpError;
    async fn from_request(request: Request, state: &S) -> std::result::Result<Self, KfpError> {
        let body = bytes(request, state).await?;
        let read = Self(json(&body)?, json(&body)?);
        known::check(&body, B::FIELDS)?;
        Ok(read)
    }
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    Bytes::from_request(request, state).await.map_err(|e| {
        if e.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Error::new(Kind::TooLarge, "The body is larger than this server takes.")
        } else {
            Error::invalid("", "The body could not be read to its end.")
        }
    })
}

/// An answer that says nothing: `{}`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Empty {}

/// A time.
pub fn time(ms: i64) -> String {
    rfc3339(ms)
}

/// Refuses what would be kept or done elsewhere and is not here.
///
/// # Errors
/// There is something.
pub fn not_here(field: &str, value: Option<&Value>, reason: &str) -> Result<()> {
    let empty = match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(_) => false,
    };
    if empty { Ok(()) } else { Err(Error::invalid(field, reason).hint(format!("Leave {field} out."))) }
}

/// As [`not_here`], for a text.
///
/// # Errors
/// There is one.
pub fn no_text(field: &str, value: Option<&str>, reason: &str) -> Result<()> {
    not_here(field, value.map(|v| Value::String(v.to_owned())).as_ref(), reason)
}

/// A status of gRPC, within an answer.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// 2: it is not told more closely.
    pub code: i32,
    /// A sentence.
    pub message: String,
}

impl Status {
    /// With a sentence.
    pub const fn of(message: String) -> Self {
        Self { code: 2, message }
    }
}
