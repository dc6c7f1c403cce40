//! Headers of every answer, and what is worth compressing.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

const STRICT: &str = "default-src 'none'; frame-ancestors 'none'";

/// The content security policy of a page, with the nonce of what leptos writes inline. Forms lead to us, and on to the notebook origin; frames
/// show what is ours, which is HTML of a run that is kept apart.
pub fn page_policy(nonce: &str, notebooks: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self'; font-src 'self'; frame-src 'self'; form-action 'self' {notebooks}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Puts them on, where an answer does not say otherwise.
pub async fn security(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let api = path.starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(header::CONTENT_SECURITY_POLICY, STRICT);
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::REFERRER_POLICY, "same-origin");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if api {
        put(header::CACHE_CONTROL, "no-store");
    }
    response
}

/// Compress text, but neither streams that have to flow nor what is compressed already.
pub fn worth_compressing() -> impl Predicate {
    DefaultPredicate::new()
        .and(NotForContentType::const_new("text/event-stream"))
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::const_new("application/wasm"))
}
