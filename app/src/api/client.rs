//! The one typed client. Each noun adds its calls in its own file.

pub use super::reply::Reply;
use super::{
    Problem,
    transport::{Answer, BoxFuture, Call, Transport},
};
use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt::Write, sync::Arc};

/// A client of the REST API over some [`Transport`]. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<dyn Transport>);

impl Client {
    /// A client over `transport`.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self(Arc::new(transport))
    }

    /// The client of the page. Take it synchronously in the component, never after an `await`.
    ///
    /// Where none was given (the router is asked for its routes without a request) every call answers a problem.
    pub fn from_context() -> Self {
        leptos::prelude::use_context::<Client>().unwrap_or_else(|| Self::new(Nowhere))
    }

    /// `GET` of a JSON answer.
    pub fn get<T: DeserializeOwned + 'static>(&self, path: impl Into<String>) -> Reply<T> {
        Reply::json(self.send(Method::GET, path.into(), None))
    }

    /// `GET` of an answer as it is.
    pub fn bytes(&self, path: impl Into<String>) -> Reply<Vec<u8>> {
        Reply::new(self.send(Method::GET, path.into(), None), Ok)
    }

    /// A call with a JSON body and a JSON answer.
    pub fn call<B: Serialize, T: DeserializeOwned + 'static>(&self, method: Method, path: impl Into<String>, body: &B) -> Reply<T> {
        Reply::json(self.send(method, path.into(), Some(json(body))))
    }

    /// A call without a body whose answer does not matter.
    pub fn act(&self, method: Method, path: impl Into<String>) -> Reply<()> {
        Reply::new(self.send(method, path.into(), None), |_| Ok(()))
    }

    /// A call with a JSON body whose answer does not matter.
    pub fn act_with<B: Serialize>(&self, method: Method, path: impl Into<String>, body: &B) -> Reply<()> {
        Reply::new(self.send(method, path.into(), Some(json(body))), |_| Ok(()))
    }

    /// `POST` of raw bytes with a JSON answer.
    pub fn upload<T: DeserializeOwned + 'static>(&self, path: impl Into<String>, content_type: &'static str, body: Vec<u8>) -> Reply<T> {
        Reply::json(self.body_of(Call { method: Method::POST, path: path.into(), body: Some(body), content_type }))
    }

    fn send(&self, method: Method, path: String, body: Option<Vec<u8>>) -> BoxFuture<Result<Vec<u8>, Problem>> {
        self.body_of(Call { method, path, body, content_type: "application/json" })
    }

    fn body_of(&self, call: Call) -> BoxFuture<Result<Vec<u8>, Problem>> {
        let sent = self.0.send(call);
        Box::pin(async move { read_answer(sent.await?) })
    }
}

fn json<B: Serialize>(body: &B) -> Vec<u8> {
    // Our own request types: maps with text keys and plain fields, which always serialise.
    serde_json::to_vec(body).unwrap_or_default()
}

/// The body of a good answer.
///
/// # Errors
/// The problem that the answer tells.
pub fn read_answer(answer: Answer) -> Result<Vec<u8>, Problem> {
    if (200..300).contains(&answer.status) {
        return Ok(answer.body);
    }
    Err(serde_json::from_slice(&answer.body).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(&answer.body);
        Problem::new(answer.status, text.chars().take(300).collect::<String>())
    }))
}

struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: Call) -> BoxFuture<Result<Answer, Problem>> {
        Box::pin(async { Err(Problem::no_answer("There is no way to the API here.")) })
    }
}

/// Percent-encodes one segment of a path.
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~@".contains(&b) {
            out.push(b as char);
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

/// `path?query` from a serialisable query; only `path` where it is empty. A path that has a query already is continued.
pub fn with_query<Q: Serialize>(path: String, query: &Q) -> String {
    match serde_urlencoded::to_string(query) {
        Ok(q) if !q.is_empty() => format!("{path}{}{q}", if path.contains('?') { '&' } else { '?' }),
        _ => path,
    }
}

/// `/api/v1/teams/{team}` and what follows it; write the rest with encoded segments.
pub fn team_path(team: &str, rest: &str) -> String {
    format!("/api/v1/teams/{}{rest}", segment(team))
}
