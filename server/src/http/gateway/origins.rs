//! Pages of other origins that may call a deployment (CORS).

use http::{HeaderName, HeaderValue, Method, header};
use std::time::Duration;
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

/// How long a browser remembers the answer.
const REMEMBERED: Duration = Duration::from_secs(600);

/// What a browser is told for pages of these origins. Cookies never count, so none are let through.
pub fn layer(origins: &[String]) -> CorsLayer {
    let allowed = match origins.iter().any(|o| o == "*") {
        true => AllowOrigin::from(Any),
        false => AllowOrigin::list(origins.iter().filter_map(|o| HeaderValue::from_str(o).ok())),
    };
    let shown = ["x-request-id", "x-slipway-revision"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(shown.into_iter().chain([header::RETRY_AFTER]).collect::<Vec<_>>())
        .max_age(REMEMBERED)
}
