//! What the notebook origin says itself: small pages without a script, and lines of text for scripts.

use super::{Browser, Place, enter};
use crate::error::Error;
use app::api::{State, client::segment};
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:44rem;margin:18vh auto 0;padding:0 1.5rem;color:#1f2430;background:#fbfbfc}\
h1{font-size:1.35rem;margin:0 0 .6rem}p{margin:.4rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,monospace;\
background:#eef0f4;padding:.8rem 1rem;border-radius:6px}a{color:#1d5fd1}button{font:inherit;padding:.45rem 1rem;border-radius:6px;border:0;\
background:#1d5fd1;color:#fff;cursor:pointer}\
@media(prefers-color-scheme:dark){body{color:#e4e7ee;background:#14161b}pre{background:#20242c}a{color:#7fb0ff}}";

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
});

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A page of ours; `seconds` until it loads itself again.
fn page(status: StatusCode, title: &str, body: &str, seconds: Option<u32>) -> Response {
    let again = seconds.map(|s| format!("<meta http-equiv=\"refresh\" content=\"{s}\">")).unwrap_or_default();
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">{again}\
         <title>{title} · Slipway</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>",
        title = escape(title)
    );
    plain(status, Html(html).into_response())
}

fn plain(status: StatusCode, mut response: Response) -> Response {
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Browser {
    /// A page with a sentence and the way back, or the sentence alone for a script.
    pub fn say(&self, status: StatusCode, place: &Place, title: &str, sentence: &str, seconds: Option<u32>) -> Response {
        if !self.page {
            let mut response = plain(status, format!("{sentence}\n").into_response());
            if seconds.is_some() {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            return response;
        }
        let (first, rest) = sentence.split_once('\n').unwrap_or((sentence, ""));
        let log = if rest.is_empty() { String::new() } else { format!("<pre>{}</pre>", escape(rest)) };
        let body = format!("<p>{}</p>{log}<p>{}</p>", escape(first), self.way_back(place));
        page(status, title, &body, seconds)
    }

    fn way_back(&self, place: &Place) -> String {
        let href = format!("{}/teams/{}/notebooks/{}", self.portal, segment(&place.team), segment(&place.name));
        format!("<a href=\"{}\">{} in Slipway</a>", escape(&href), escape(&place.name))
    }

    /// Nothing is at this path.
    pub fn nothing_here(&self) -> Response {
        if !self.page {
            return plain(StatusCode::NOT_FOUND, "There is nothing here.\n".into_response());
        }
        let body = format!("<p>There is no such notebook.</p><p><a href=\"{}\">Slipway</a></p>", escape(&self.portal));
        page(StatusCode::NOT_FOUND, "Nothing here", &body, None)
    }

    /// No such notebook, or not open in this browser: which of both is not told.
    pub fn not_open(&self, place: &Place) -> Response {
        let sentence = "There is no such notebook, or it is not open in this browser. Its owner opens it from Slipway.";
        self.say(StatusCode::NOT_FOUND, place, "Not open here", sentence, None)
    }

    /// Something failed that may work in a moment.
    pub fn trouble(&self, place: &Place, error: &Error) -> Response {
        let problem = crate::http::problem::of(error);
        self.say(StatusCode::SERVICE_UNAVAILABLE, place, "In a moment", problem.sentence(), Some(3))
    }

    /// It runs, but does not answer: it may just have ended.
    pub fn silent(&self, place: &Place) -> Response {
        self.say(StatusCode::BAD_GATEWAY, place, &place.name, "The notebook does not answer right now.", Some(2))
    }

    /// A notebook that does not run says so, and looks again by itself.
    pub fn state(&self, place: &Place, state: State, reason: Option<&str>) -> Response {
        let (words, seconds) = match state {
            State::Queued => ("is queued", 2),
            State::Starting | State::Running => ("is starting", 2),
            State::Stopping => ("is stopping", 3),
            State::Failed => ("has failed", 5),
            State::Succeeded | State::Cancelled | State::Stopped => ("is stopped", 5),
        };
        let sentence = match (reason, state) {
            (Some(reason), _) => reason.to_owned(),
            (None, State::Queued | State::Starting | State::Running) => "This page opens it as soon as it is ready.".into(),
            (None, _) => "Start it in Slipway; its files are kept.".into(),
        };
        self.say(StatusCode::SERVICE_UNAVAILABLE, place, &format!("{} {words}", place.name), &sentence, Some(seconds))
    }

    /// Asks before a ticket that did not come from the portal is used.
    pub fn ask(&self, place: &Place, owner: &str, ticket: &str) -> Response {
        let body = format!(
            "<p>This is the notebook {name} of <b>{owner}</b> in the team {team}. Its code will run in your browser: open it only if you are \
             {owner}.</p><form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\
             <p><button type=\"submit\">Open as {owner}</button></p></form><p>{back}</p>",
            name = escape(&place.name),
            team = escape(&place.team),
            owner = escape(owner),
            action = escape(&format!("{}{}", place.prefix(), enter::PATH.trim_start_matches('/'))),
            ticket = escape(ticket),
            back = self.way_back(place)
        );
        page(StatusCode::OK, &format!("Open {}?", place.name), &body, None)
    }
}
