//! `fetch`, with the session cookie of the page.

use super::{Answer, BoxFuture, Call, Transport};
use crate::api::Problem;
use leptos::prelude::window;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Headers, Request, RequestInit, Response};

/// The browser's own way.
pub struct Browser;

/// What [`ask`] got.
pub struct Got {
    /// The HTTP status code.
    pub status: u16,
    /// Where it came from, after redirects: path and query.
    pub url: String,
    /// Content type.
    pub kind: String,
    /// The whole body.
    pub body: String,
}

/// One request of this page's origin. A POST with a `key` makes one thing, however often it is sent.
///
/// # Errors
/// No answer came.
pub async fn ask(method: &str, path: &str, accept: &str, body: Option<(&str, &str)>, key: Option<&str>) -> Result<Got, Problem> {
    send(method, path, accept, body, key)
        .await
        .map_err(|_| Problem::no_answer("The server did not answer.").hint("Check the connection, then try again."))
}

async fn send(method: &str, path: &str, accept: &str, body: Option<(&str, &str)>, key: Option<&str>) -> Result<Got, JsValue> {
    let (headers, init) = (Headers::new()?, RequestInit::new());
    headers.set("accept", accept)?;
    if let Some(key) = key {
        headers.set("idempotency-key", key)?;
    }
    if let Some((kind, text)) = body {
        headers.set("content-type", kind)?;
        init.set_body(&text.into());
    }
    init.set_method(method);
    init.set_headers(&headers);
    let request = Request::new_with_str_and_init(path, &init)?;
    let response: Response = js(window().fetch_with_request(&request)).await?.dyn_into()?;
    let url = web_sys::Url::new(&response.url())?;
    let kind = response.headers().get("content-type")?.unwrap_or_default();
    let body = js(response.text()?).await?.as_string().unwrap_or_default();
    Ok(Got { status: response.status(), url: url.pathname() + &url.search(), kind, body })
}

async fn js(promise: js_sys::Promise) -> Result<JsValue, JsValue> {
    wasm_bindgen_futures::JsFuture::from(promise).await
}

impl Transport for Browser {
    fn send(&self, call: Call) -> BoxFuture<Result<Answer, Problem>> {
        Box::pin(SendWrapper::new(async move {
            let body = call.body.map(|b| String::from_utf8_lossy(&b).into_owned());
            let body = body.as_deref().map(|b| (call.content_type, b));
            let got = ask(call.method.as_str(), &call.path, "application/json", body, None).await?;
            Ok(Answer { status: got.status, body: got.body.into_bytes() })
        }))
    }
}
