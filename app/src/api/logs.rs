//! Logs: kept by us from the first line.

use serde::{Deserialize, Serialize};

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// RFC 3339 with milliseconds.
    pub time: String,
    /// `out`, `err`, or `slipway` for what we say about the workload.
    pub stream: String,
    /// The text without its line end.
    pub text: String,
}

/// A piece of a log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LogPage {
    /// Lines in order.
    pub items: Vec<LogLine>,
    /// Where the next piece begins; hand it back as `offset`.
    pub next_offset: i64,
    /// Whether the log has ended and all of it was read.
    pub complete: bool,
    /// Which attempt this is of.
    pub attempt: i64,
    /// How many attempts there were.
    pub attempts: i64,
    /// Which node this is of, from 0.
    #[serde(default)]
    pub node: i64,
    /// On how many nodes it runs; each has a log of its own.
    #[serde(default)]
    pub nodes: i64,
}

/// Which piece of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct LogQuery {
    /// Attempt, from 1; the last one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i64>,
    /// Node, from 0; when left out the first, or the one whose failure ended the attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// Byte offset to begin at; negative counts from the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// Lines at most, 1 to 5000; 500 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only lines that contain this text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
}
