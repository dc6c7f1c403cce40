//! The way of server rendering: a call of the inner API router, no socket. It only reads: rendering never changes anything.

use super::{Answer, BoxFuture, Call, Transport};
use crate::api::Problem;
use std::sync::Arc;

/// What the server hands in: one request to the inner router, with the page's identity.
pub type Inner = Arc<dyn Fn(Call) -> BoxFuture<Result<Answer, Problem>> + Send + Sync>;

/// Calls the router that the server handed in.
pub struct InProcess(pub Inner);

impl Transport for InProcess {
    fn send(&self, call: Call) -> BoxFuture<Result<Answer, Problem>> {
        if call.method != http::Method::GET {
            return Box::pin(async { Err(Problem::new(405, "Rendering a page changes nothing: only GET is allowed here.")) });
        }
        (self.0)(call)
    }
}
