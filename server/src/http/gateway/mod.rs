//! Inference traffic: `/serve/{team}/{deployment}/…`, handed on to the deployment's replica.
//!
//! It stands outside of sessions and pages: a token is needed, cookies do not count, and once a token is known a request asks the
//! database nothing.

mod bodies;
pub mod forward;
pub mod passes;
pub mod paths;

use self::{
    forward::{Call, forward, refused},
    passes::Passes,
    paths::{Allowed, allowed},
};
use super::{problem, state::Web};
use crate::{
    clock::SharedClock,
    cluster::reach::Reach,
    deployments::routes::Routes,
    error::{Error, Result},
    store::Store,
};
use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// What the gateway needs. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Parts>);

/// Its parts.
pub struct Parts {
    /// The database, for tokens that are not known yet.
    pub store: Store,
    /// The clock.
    pub clock: SharedClock,
    /// Where requests go.
    pub routes: Routes,
    /// Who may ask.
    pub passes: Passes,
    /// The client that reaches replicas.
    pub reach: Reach,
    /// Largest body of a request, in bytes.
    pub max_body: usize,
}

impl std::ops::Deref for Gateway {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Gateway {
    /// Over these routes.
    pub fn new(store: Store, routes: Routes, max_body: usize) -> Self {
        let parts = Parts { clock: store.clock().clone(), store, routes, passes: Passes::default(), reach: Reach::default(), max_body };
        Self(Arc::new(parts))
    }
}

/// `/serve/…`
pub fn router(web: &Web) -> Router {
    Router::new().route("/serve/{*path}", any(serve)).with_state(web.gateway.clone()).layer(CatchPanicLayer::custom(problem::panicked))
}

async fn serve(State(gateway): State<Gateway>, request: Request) -> Response {
    answer(&gateway, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(gateway: &Gateway, request: Request) -> Result<Response> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let below = path.strip_prefix("/serve/").unwrap_or_default();
    let (team, below) = below.split_once('/').unwrap_or((below, ""));
    let (name, rest) = below.split_once('/').unwrap_or((below, ""));
    let team_id = gateway.passes.check(&gateway.store, &parts.headers, team).await?;
    let table = gateway.routes.table();
    let route = table.get(team, name).filter(|r| r.team_id == team_id).ok_or_else(|| Error::not_found("deployment"))?;
    match allowed(&parts.method, rest) {
        Allowed::Yes => {}
        Allowed::Only(method) => return Ok(refused(&parts.method, path, Some(method))),
        Allowed::No => return Ok(refused(&parts.method, path, None)),
    }
    let query = parts.uri.query().map(|q| format!("?{q}")).unwrap_or_default();
    let call = Call { path: format!("/{rest}{query}"), method: parts.method.clone(), headers: parts.headers, body };
    Ok(forward(gateway, team, name, route.clone(), call).await)
}
