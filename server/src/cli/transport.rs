//! The network's way to the API, for the command line.

use super::Failure;
use app::api::{
    Problem,
    transport::{Answer, BoxFuture, Call, Transport},
};
use http::Method;
use reqwest::{RequestBuilder, Response};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// How calls say who they are.
#[derive(Debug, Clone)]
pub enum Identity {
    /// A token.
    Token(String),
    /// A session: the cookie that signing in answered comes along, with the `Origin` that such calls need.
    Session(Arc<Mutex<Option<String>>>),
}

impl Identity {
    /// A session that has not begun.
    pub fn session() -> Self {
        Self::Session(Arc::default())
    }
}

/// Calls a portal over HTTP.
#[derive(Debug, Clone)]
pub struct Network {
    http: reqwest::Client,
    url: String,
    identity: Identity,
}

impl Network {
    /// A way to the portal at `url` (no slash at its end).
    ///
    /// # Errors
    /// A URL that is none, or a machine without certificates to trust.
    pub fn new(url: &str, identity: Identity) -> Result<Self, Failure> {
        // The library leaves the choice to us; a second call changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wrong = || Failure::usage(format!("\"{url}\" is not the URL of a portal, such as http://127.0.0.1:8080"));
        let parsed: http::Uri = url.parse().map_err(|_| wrong())?;
        let host = parsed.host().filter(|_| matches!(parsed.scheme_str(), Some("http" | "https"))).ok_or_else(wrong)?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("slipway/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            // The longest that an answer may take to begin, or to go on.
            .read_timeout(Duration::from_secs(300))
            // A redirect would carry the token to where nobody decided to send it.
            .redirect(reqwest::redirect::Policy::none());
        if matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|e| Failure::failed(format!("prepare calls over the network: {}", causes(&e))))?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), identity })
    }

    /// A request of somebody who is signed in.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).header("accept", "application/json, */*;q=0.5");
        match &self.identity {
            Identity::Token(token) => request = request.bearer_auth(token),
            Identity::Session(cookie) => {
                request = request.header("origin", &self.url);
                if let Some(cookie) = cookie.lock().ok().and_then(|c| c.clone()) {
                    request = request.header("cookie", cookie);
                }
            }
        }
        request
    }

    async fn call(self, call: Call) -> Result<Answer, Problem> {
        let mut request = self.request(call.method, &call.path);
        if let Some(body) = call.body {
            request = request.header("content-type", call.content_type).body(body);
        }
        self.answer(request).await
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// None came.
    pub async fn answer(&self, request: RequestBuilder) -> Result<Answer, Problem> {
        let response = self.begin(request).await?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: response.bytes().await.map_err(|e| self.lost(&e))?.to_vec() })
    }

    /// The problem of an answer that did not come, or broke off.
    pub fn lost(&self, e: &reqwest::Error) -> Problem {
        Problem::no_answer(format!("The portal at {} does not answer: {}.", self.url, causes(e)))
            .hint("Check the URL (--url, SLIPWAY_URL) and that the portal runs.")
    }

    /// Sends a request; the body of the answer is still to come.
    ///
    /// # Errors
    /// No answer began, or it leads to another place.
    pub async fn begin(&self, request: RequestBuilder) -> Result<Response, Problem> {
        let response = request.send().await.map_err(|e| self.lost(&e))?;
        let status = response.status().as_u16();
        if let Identity::Session(cookie) = &self.identity {
            let set = response.headers().get_all("set-cookie").iter().filter_map(|v| v.to_str().ok()?.split(';').next());
            let pairs: Vec<&str> = set.collect();
            if let (false, Ok(mut cookie)) = (pairs.is_empty(), cookie.lock()) {
                *cookie = Some(pairs.join("; "));
            }
        }
        if let (300..=399, Some(to)) = (status, response.headers().get("location").and_then(|v| v.to_str().ok())) {
            return Err(Problem::new(status, format!("The portal answers from another place: {to}")).hint("Use its URL there."));
        }
        Ok(response)
    }
}

impl Transport for Network {
    fn send(&self, call: Call) -> BoxFuture<Result<Answer, Problem>> {
        Box::pin(self.clone().call(call))
    }
}

/// An error with its causes: reqwest's own words rarely hold the reason.
fn causes(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
