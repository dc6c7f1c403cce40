//! The whole router on one screen, layers outermost to innermost.

pub mod api;
pub mod assets;
pub mod authenticate;
pub mod extract;
pub mod files;
pub mod gateway;
pub mod headers;
pub mod health;
pub mod idempotency;
pub mod kfp;
pub mod lanes;
pub mod links;
pub mod metered;
pub mod mlflow;
pub mod origin;
pub mod pages;
pub mod plain_browser;
pub mod pod_files;
pub mod pods;
pub mod problem;
pub mod proxy;
pub mod state;
pub mod uploads;

pub use state::Web;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, trace::TraceLayer};

/// The portal: pages, API, dialects, one listener.
pub fn router(web: &Web) -> Router {
    let (api, document) = api::router(web.clone());
    // What pages call while they render: the same routes, inside of authentication.
    let inner = api.clone().fallback(problem::nothing_here);
    Router::new()
        .merge(
            api.layer(middleware::from_fn_with_state(web.clone(), idempotency::once))
                .layer(middleware::from_fn_with_state(inner.clone(), plain_browser::answer)),
        )
        .merge(mlflow::router(web))
        .merge(kfp::router(web))
        .merge(pages::router(web, inner))
        .merge(assets::router())
        .merge(health::router(web.clone(), document))
        .layer(
            ServiceBuilder::new()
                .layer(middleware::from_fn(metered::measure))
                .layer(CatchPanicLayer::custom(problem::panicked))
                .layer(TraceLayer::new_for_http().on_failure(())) // what fails here says so itself, with its reason
                .layer(middleware::from_fn(headers::security))
                .layer(CompressionLayer::new().compress_when(headers::worth_compressing()))
                .layer(DefaultBodyLimit::max(web.config.max_body_bytes))
                .layer(authenticate::sessions(web))
                .layer(middleware::from_fn_with_state(web.clone(), authenticate::authenticate))
                .layer(middleware::from_fn_with_state(web.clone(), origin::check)),
        )
        // Outside of all the above: they know their own askers, and their way is short.
        .merge(gateway::router(web))
        .merge(web.desk.as_ref().map_or_else(Router::new, pods::router))
}
