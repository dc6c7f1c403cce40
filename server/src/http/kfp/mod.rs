//! The REST API of Kubeflow Pipelines, `/apis/v2beta1`, over the same rooms as our own. `docs/pipelines.md` says what is here and what differs.

pub mod artifacts;
pub mod asker;
pub mod error;
pub mod experiments;
mod known;
pub mod list;
mod package;
pub mod pipelines;
pub mod recurring_runs;
pub mod run_wire;
pub mod runs;
pub mod server;
mod theirs;
pub mod upload;
pub mod versions;
pub mod wire;

use super::state::Web;
use axum::{
    Router,
    routing::{any, get, post},
};

/// Every endpoint; what is unknown answers as Kubeflow Pipelines does.
pub fn router(web: &Web) -> Router {
    let routes = Router::new()
        .route("/healthz", get(server::health))
        .route("/auth", get(server::authorize))
        .route("/pipelines", get(pipelines::list).post(pipelines::create))
        .route("/pipelines/create", post(pipelines::create_both))
        .route("/pipelines/upload", post(upload::pipeline))
        .route("/pipelines/upload_version", post(upload::version))
        .route("/pipelines/names/{name}", get(pipelines::get))
        .route("/pipelines/{id}", get(pipelines::get).patch(pipelines::update).delete(pipelines::delete))
        .route("/pipelines/{id}/versions", get(versions::list).post(versions::create))
        .route("/pipelines/{id}/versions/{version}", get(versions::get).patch(versions::update).delete(versions::delete))
        .route("/runs", get(runs::list).post(runs::create))
        .route("/runs/{id}", get(runs::get).delete(runs::delete).post(runs::act))
        .route("/runs/{id}/nodes/{node}/artifacts/{name}", get(artifacts::read))
        .route("/experiments", get(experiments::list).post(experiments::create))
        .route("/experiments/{id}", get(experiments::get).delete(experiments::delete).post(experiments::act))
        .route("/recurringruns", get(recurring_runs::list).post(recurring_runs::create))
        .route("/recurringruns/{id}", get(recurring_runs::get).delete(recurring_runs::delete).post(recurring_runs::act))
        .route("/visualizations/{*rest}", any(error::unimplemented))
        // Its own parts report there what they saw.
        .route("/workflows", post(error::unimplemented))
        .route("/scheduledworkflows", post(error::unimplemented))
        .route("/filters", get(error::unimplemented))
        .method_not_allowed_fallback(error::unknown)
        .fallback(error::unknown)
        .with_state(web.clone());
    Router::new().nest("/apis/v2beta1", routes).route("/apis/{*rest}", any(error::unknown))
}

/// Whether clients of Kubeflow Pipelines ask there: its own errors are what they understand.
pub fn speaks(path: &str) -> bool {
    path.starts_with("/apis/")
}
