//! Markdown, as it is shown.

use super::{Client, client::Reply};
use http::Method;
use serde::{Deserialize, Serialize};

/// A text in Markdown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MarkdownText {
    /// The text, of 100,000 bytes at most.
    #[serde(default)]
    pub text: String,
}

/// What is shown for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MarkdownShown {
    /// HTML that is safe to show: raw HTML of the text is text in it, images are links.
    pub html: String,
}

impl Client {
    /// `POST /api/v1/markdown`
    pub fn markdown(&self, body: &MarkdownText) -> Reply<MarkdownShown> {
        self.call(Method::POST, "/api/v1/markdown", body)
    }
}
