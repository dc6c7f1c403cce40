//! The network's way to the API, for the command line.

use super::Failure;
use app::api::{
    Problem,
    transport::{Answer, BoxFuture, Call, Transport},
};
use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    io::IsTerminal,
    sync::{Arc, Mutex},
    time::Duration,
};

/// Uploads from here on show a progress bar.
const LARGE: usize = 512 * 1024;
const PIECE: usize = 64 * 1024;

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

    async fn answer(self, call: Call) -> Result<Answer, Problem> {
        let mut request = self.http.request(call.method, format!("{}{}", self.url, call.path)).header("accept", "application/json");
        match &self.identity {
            Identity::Token(token) => request = request.bearer_auth(token),
            Identity::Session(cookie) => {
                request = request.header("origin", &self.url);
                if let Some(cookie) = cookie.lock().ok().and_then(|c| c.clone()) {
                    request = request.header("cookie", cookie);
                }
            }
        }
        if let Some(body) = call.body {
            request = request.header("content-type", call.content_type);
            request = if body.len() >= LARGE && std::io::stderr().is_terminal() { watched(request, body) } else { request.body(body) };
        }
        let lost = |e: reqwest::Error| {
            Problem::no_answer(format!("The portal at {} does not answer: {}.", self.url, causes(&e)))
                .hint("Check the URL (--url, SLIPWAY_URL) and that the portal runs.")
        };
        let response = request.send().await.map_err(lost)?;
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
        Ok(Answer { status, body: response.bytes().await.map_err(lost)?.to_vec() })
    }
}

impl Transport for Network {
    fn send(&self, call: Call) -> BoxFuture<Result<Answer, Problem>> {
        Box::pin(self.clone().answer(call))
    }
}

/// Sends `body` in pieces, with a bar of how much is on its way.
fn watched(request: reqwest::RequestBuilder, body: Vec<u8>) -> reqwest::RequestBuilder {
    let (body, bar) = (Bytes::from(body), ProgressBar::new(0));
    bar.set_length(body.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("Uploading {bar:40} {bytes} of {total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    let length = body.len();
    let pieces = (0..length).step_by(PIECE).map(move |at| {
        let piece = body.slice(at..length.min(at + PIECE));
        bar.inc(piece.len() as u64);
        if at + PIECE >= length {
            bar.finish_and_clear();
        }
        Ok::<_, std::io::Error>(piece)
    });
    request.header("content-length", length).body(reqwest::Body::wrap_stream(futures::stream::iter(pieces)))
}

/// An error with its causes: reqwest's own words rarely hold the reason.
fn causes(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
