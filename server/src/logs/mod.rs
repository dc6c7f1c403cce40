//! Logs: how they are written down, and reading them.
//!
//! The log of an attempt is one sequence of bytes; offsets count from its first byte and never change. Each line is
//! `RFC3339-ms SP out|err|slipway SP text LF`. It lies in parts: `logs/{workload}/{attempt}.log` begins at 0, and once a part is full the next one
//! is `{attempt}.log.{offset}`. Only the last two parts are kept; the newer says so. No file is ever renamed, so a reader is never surprised.
//! A workload on several nodes has a log for each: the first node's lies where that of any workload does, those of the others in `node-{n}` below.
//! The empty file `{attempt}.end` says that nothing follows any more.

mod last_json;
mod last_words;
mod line;
mod mirror;
mod parts;
mod store;
mod writer;

pub use line::{MAX_LINE, Stream, format_line, parse_line};
pub use mirror::{LogMirror, Piece};
pub use parts::{end_path, node_folder, parts};
pub use store::LogStore;
pub use writer::LogWriter;
