//! `fetch`, with the session cookie of the page.

use super::{Answer, BoxFuture, Call, Transport};
use crate::api::Problem;
use gloo_net::http::RequestBuilder;
use send_wrapper::SendWrapper;

/// The browser's own way.
pub struct Browser;

impl Transport for Browser {
    fn send(&self, call: Call) -> BoxFuture<Result<Answer, Problem>> {
        Box::pin(SendWrapper::new(async move {
            let lost = |e: gloo_net::Error| {
                Problem::no_answer(format!("The server did not answer: {e}")).hint("Check the connection, then try again.")
            };
            let mut request = RequestBuilder::new(&call.path).method(call.method).header("accept", "application/json");
            if let Some(key) = &call.idempotency_key {
                request = request.header("idempotency-key", key);
            }
            let request = match call.body {
                Some(body) => {
                    request.header("content-type", call.content_type).body(js_sys::Uint8Array::from(body.as_slice())).map_err(lost)?
                }
                None => request.build().map_err(lost)?,
            };
            let response = request.send().await.map_err(lost)?;
            let status = response.status();
            Ok(Answer { status, body: response.binary().await.map_err(lost)? })
        }))
    }
}
