//! Pages of other origins that may call a deployment (CORS).

use super::trace::REQUEST_ID;
use crate::deployments::split::REVISION;
use http::{HeaderValue, Method, header};
use std::time::Duration;
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

/// How long a browser remembers the answer.
const REMEMBERED: Duration = Duration::from_secs(600);

/// What a browser is told for pages of these origins. Cookies never count, so none are let through. A server with paths of its own may take any
/// method.
pub fn layer(origins: &[String], own: bool) -> CorsLayer {
    let allowed = match origins.iter().any(|o| o == "*") {
        true => AllowOrigin::from(Any),
        false => AllowOrigin::list(origins.iter().filter_map(|o| HeaderValue::from_str(o).ok())),
    };
    let methods = [Method::GET, Method::POST, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE];
    let methods = if own { &methods[..] } else { &methods[..2] };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods(methods.to_vec())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([REQUEST_ID, REVISION, header::RETRY_AFTER])
        .max_age(REMEMBERED)
}
