//! How a request reaches the API. Three ways are real: `fetch` in the browser, in process while the server renders, and the
//! network for the command line (which lives with it, in `server/src/cli/transport.rs`).

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "ssr")]
pub mod in_process;

use super::Problem;
use std::{future::Future, pin::Pin};

/// A future that may cross threads; in the browser it never does.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One request to the API.
#[derive(Debug, Clone)]
pub struct Call {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`.
    pub method: http::Method,
    /// Path and query, beginning with `/`.
    pub path: String,
    /// JSON, or raw bytes where `content_type` says so.
    pub body: Option<Vec<u8>>,
    /// `application/json` unless a call uploads something else.
    pub content_type: &'static str,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
}

/// A way to the API.
pub trait Transport: Send + Sync {
    /// Sends `call` and waits for the whole answer.
    ///
    /// # Errors
    /// [`Problem::no_answer`] where none came; an answer with an error status is an [`Answer`].
    fn send(&self, call: Call) -> BoxFuture<Result<Answer, Problem>>;
}
