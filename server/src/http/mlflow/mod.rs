//! MLflow's REST API at the server's root, over the same rooms as our own. `docs/mlflow.md` says what is here and what is not.

pub mod artifacts;
pub mod error;
pub mod experiments;
pub mod logged_models;
pub mod metrics;
pub mod model_versions;
pub mod registered_models;
pub mod registry_wire;
pub mod runs;
pub mod search;
pub mod server_info;
pub mod team;
pub mod wire;
pub mod workspaces;

use super::state::Web;
use axum::{
    Router,
    routing::{any, get, post},
};

/// Every endpoint, under each prefix that MLflow has for it; what is unknown answers as MLflow does.
pub fn router(web: &Web) -> Router {
    let strict = |routes: Router<Web>| routes.method_not_allowed_fallback(error::unknown);
    let door = |routes: Router<Web>| -> Router { routes.fallback(error::unknown).with_state(web.clone()) };
    let second =
        || door(Router::new().nest("/mlflow", strict(second_version())).nest("/mlflow-artifacts", strict(artifacts::proxy_router())));
    let third = || door(Router::new().nest("/mlflow", strict(third_version())));
    Router::new()
        .nest("/api/2.0", second())
        .nest("/ajax-api/2.0", second())
        .nest("/api/3.0", third())
        .nest("/ajax-api/3.0", third())
        .merge(server_info::router())
        // What MLflow has outside of those; its clients are to hear it in their words.
        .route("/v1/traces", any(error::unknown))
        .route("/ajax-api/{*rest}", any(error::unknown))
}

/// Whether MLflow's clients ask there: its own errors are what they understand.
pub fn speaks(path: &str) -> bool {
    path == "/v1/traces" || ["/api/2.0/", "/api/3.0/", "/ajax-api/"].iter().any(|start| path.starts_with(start))
}

fn second_version() -> Router<Web> {
    Router::new()
        .route("/experiments/create", post(experiments::create))
        .route("/experiments/get", get(experiments::get))
        .route("/experiments/get-by-name", get(experiments::by_name))
        .route("/experiments/search", get(experiments::search).post(experiments::search))
        .route("/experiments/update", post(experiments::update))
        .route("/experiments/delete", post(experiments::delete))
        .route("/experiments/restore", post(experiments::restore))
        .route("/experiments/set-experiment-tag", post(experiments::set_tag))
        .route("/experiments/delete-experiment-tag", post(experiments::delete_tag).delete(experiments::delete_tag))
        .route("/runs/create", post(runs::create))
        .route("/runs/get", get(runs::get))
        .route("/runs/update", post(runs::update))
        .route("/runs/delete", post(runs::delete))
        .route("/runs/restore", post(runs::restore))
        .route("/runs/search", post(search::search))
        .route("/runs/set-tag", post(runs::set_tag))
        .route("/runs/delete-tag", post(runs::delete_tag))
        .route("/runs/log-metric", post(metrics::log_metric))
        .route("/runs/log-parameter", post(metrics::log_param))
        .route("/runs/log-batch", post(metrics::log_batch))
        .route("/runs/log-inputs", post(runs::log_inputs))
        .route("/runs/outputs", post(runs::log_outputs))
        .route("/metrics/get-history", get(metrics::history))
        .merge(artifacts::router())
        .merge(logged_models::router())
        .merge(registered_models::router())
        .merge(model_versions::router())
}

fn third_version() -> Router<Web> {
    Router::new().route("/server-info", get(server_info::info)).merge(workspaces::router())
}
