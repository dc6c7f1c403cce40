//! Markdown.

use crate::{
    access::Principal,
    error::{Error, Result},
    http::extract::Payload,
};
use app::{
    api::{
        Problem,
        markdown::{MarkdownShown, MarkdownText},
    },
    parts::markdown,
};
use axum::Json;

/// Longest text, in bytes.
const LONGEST: usize = 100_000;

/// Markdown as it is shown, such as a description of a model before it is kept
#[utoipa::path(post, path = "/api/v1/markdown", tag = "models", request_body = MarkdownText,
    responses((status = 200, body = MarkdownShown), (status = 422, body = Problem)))]
pub async fn show(_: Principal, Payload(body): Payload<MarkdownText>) -> Result<Json<MarkdownShown>> {
    if body.text.len() > LONGEST {
        return Err(Error::invalid("text", format!("The text is longer than {LONGEST} bytes.")));
    }
    Ok(Json(MarkdownShown { html: markdown::html(&body.text) }))
}
