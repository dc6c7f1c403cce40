//! Calls that a cookie authenticates have to come from our own pages. Notebooks, on their own origin, run code of anybody.

use super::state::Web;
use crate::{
    access::{Principal, Via},
    error::Error,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Refuses cookie-authenticated API calls, and any sign-in, from foreign pages; pages themselves may be opened from anywhere.
pub async fn check(State(web): State<Web>, request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with("/api/") || request.uri().path().starts_with("/ajax-api/");
    let by_cookie = request.extensions().get::<Principal>().is_some_and(|p| p.via == Via::Session);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let from = origin_of(request.headers(), web.config.public_url.as_deref());
    let refuse = match from {
        From::Ours => false,
        From::Foreign => by_cookie && (api || changes) || api && changes && !has_token(request.headers()),
        From::Unknown => by_cookie && (api || changes),
    };
    if refuse {
        return Error::forbidden("This call came from another site.")
            .hint("Open the portal itself. A script sends a token, or with a cookie the header Origin with the portal's own URL.")
            .into_response();
    }
    next.run(request).await
}

fn has_token(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

#[derive(Debug, PartialEq, Eq)]
enum From {
    Ours,
    Foreign,
    Unknown,
}

/// From where a request came: the browser's own word, else `Origin`, else (plain http, where browsers send neither on reads) `Referer`.
fn origin_of(headers: &HeaderMap, public_url: Option<&str>) -> From {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let host = text("host").unwrap_or_default();
    let ours = |url: &str| {
        let Some((scheme, rest)) = url.split_once("://") else { return false };
        let authority = rest.split('/').next().unwrap_or_default();
        match public_url {
            Some(public) => format!("{scheme}://{authority}").eq_ignore_ascii_case(public),
            None => !host.is_empty() && authority.eq_ignore_ascii_case(host),
        }
    };
    match text("sec-fetch-site") {
        Some("same-origin") => return From::Ours,
        Some(_) => return From::Foreign,
        None => {}
    }
    match text("origin").or_else(|| text("referer")) {
        Some(url) if ours(url) => From::Ours,
        Some(_) => From::Foreign,
        None => From::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&'static str, &'static str)], public: Option<&str>) -> From {
        let headers = pairs.iter().map(|(k, v)| (header::HeaderName::from_static(k), header::HeaderValue::from_static(v))).collect();
        origin_of(&headers, public)
    }

    #[test]
    fn origins() {
        assert_eq!(from(&[("sec-fetch-site", "same-origin")], None), From::Ours);
        assert_eq!(from(&[("sec-fetch-site", "same-site"), ("host", "h:1"), ("origin", "http://h:1")], None), From::Foreign);
        assert_eq!(from(&[("host", "h:1"), ("origin", "http://h:1")], None), From::Ours);
        assert_eq!(from(&[("host", "h:1"), ("origin", "http://h:2")], None), From::Foreign);
        assert_eq!(from(&[("host", "h:1"), ("referer", "http://h:1/teams/x")], None), From::Ours);
        assert_eq!(from(&[("host", "evil"), ("origin", "http://evil")], Some("https://ours")), From::Foreign);
        assert_eq!(from(&[("host", "h"), ("origin", "null")], None), From::Foreign);
        assert_eq!(from(&[("host", "h")], None), From::Unknown);
    }
}
