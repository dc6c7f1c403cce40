//! The dashboard's own files, embedded in a release, read from `target/site` in development. No asset comes from another host.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::RustEmbed;
use std::fmt::Write;

/// The folder below is that of the clone that compiled this: another clone with the same target folder compiles it again.
const _: &str = env!("SLIPWAY_ROOT");

#[derive(RustEmbed)]
#[folder = "../target/site"]
struct Site;

/// `/pkg/…` and the few files at the root.
pub fn router() -> Router {
    Router::new()
        .route("/pkg/{file}", get(|Path(file): Path<String>, headers: HeaderMap| async move { serve(&format!("pkg/{file}"), &headers) }))
        .route("/favicon.svg", get(|headers: HeaderMap| async move { serve("favicon.svg", &headers) }))
        .route("/favicon.ico", get(|headers: HeaderMap| async move { serve("favicon.svg", &headers) }))
        .route("/theme.js", get(|headers: HeaderMap| async move { serve("theme.js", &headers) }))
        .route("/start.js", get(|headers: HeaderMap| async move { serve("start.js", &headers) }))
}

/// The file, compressed ahead where the browser takes it; 304 where it has it already.
fn serve(path: &str, headers: &HeaderMap) -> Response {
    let takes = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let found = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| takes.split(',').any(|t| t.trim().split(';').next() == Some(name)))
        .find_map(|(name, end)| Site::get(&format!("{path}{end}")).map(|f| (f, Some(name))))
        .or_else(|| Site::get(path).map(|f| (f, None)));
    let Some((file, encoding)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let tag = file.metadata.sha256_hash().iter().take(12).fold(String::from("\""), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    }) + "\"";
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let mut response = if headers.get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == tag.as_bytes()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind.as_ref())], file.data).into_response()
    };
    let out = response.headers_mut();
    if let Ok(tag) = tag.parse() {
        out.insert(header::ETAG, tag);
    }
    out.insert(header::VARY, header::HeaderValue::from_static("accept-encoding"));
    // The name stays, so browsers ask again each time; the answer is a 304.
    out.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache"));
    if let Some(encoding) = encoding {
        out.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(encoding));
    }
    response
}
