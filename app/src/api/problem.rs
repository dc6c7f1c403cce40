//! Errors as the API answers them: RFC 9457 problem details.

use serde::{Deserialize, Serialize};

/// A problem: what happened, which field it is about, what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[error("{}", self.sentence())]
pub struct Problem {
    /// A URI reference that names the kind of problem; `about:blank` where the status says it all.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status code; 0 where no answer came.
    pub status: u16,
    /// What happened, in a sentence for the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The field of the request it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

fn about_blank() -> String {
    "about:blank".into()
}

impl Problem {
    /// A problem of this status with a sentence.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        let title = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("No answer");
        Self { kind: about_blank(), title: title.into(), status, detail: Some(detail.into()), field: None, hint: None }
    }

    /// No answer came at all: the network, or the server, is away.
    pub fn no_answer(detail: impl Into<String>) -> Self {
        Self::new(0, detail)
    }

    /// Names the field it is about.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The detail, or the title where there is none.
    pub fn sentence(&self) -> &str {
        self.detail.as_deref().unwrap_or(&self.title)
    }
}
