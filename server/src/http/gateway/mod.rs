//! Inference traffic: `/serve/{team}/{deployment}/…`, handed on to the deployment's replica.
//!
//! It stands outside of sessions and pages: a token is needed unless the deployment is public, cookies do not count, and once a token is
//! known a request asks the database nothing.

mod bodies;
pub mod forward;
mod origins;
pub mod passes;
pub mod paths;
mod rates;
pub mod trace;

use self::{
    forward::{Call, forward, refused},
    paths::{Allowed, allowed},
    rates::Rates,
};
use super::{problem, state::Web};
use crate::{
    access::Tokens,
    clock::SharedClock,
    cluster::reach::Reach,
    deployments::routes::{Route, Routes},
    error::Error,
    store::Store,
};
use app::api::runtimes::Protocol;
use axum::{
    Router,
    extract::{Request, State},
    http::{header, request::Parts},
    response::{IntoResponse, Response},
    routing::any,
};
use std::{convert::Infallible, sync::Arc};
use tower::{Layer, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;

/// What the gateway needs. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inside>);

/// Its parts.
pub struct Inside {
    /// The database, for tokens that are not known yet.
    pub store: Store,
    /// The clock.
    pub clock: SharedClock,
    /// Where requests go.
    pub routes: Routes,
    /// Tokens that were looked up lately.
    pub tokens: Tokens,
    /// The client that reaches replicas.
    pub reach: Reach,
    /// Largest body of a request, in bytes.
    pub max_body: usize,
    /// How fast each token may call.
    rates: Rates,
}

impl std::ops::Deref for Gateway {
    type Target = Inside;
    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl Gateway {
    /// Over these routes.
    pub fn new(store: Store, tokens: Tokens, routes: Routes, reach: Reach, max_body: usize) -> Self {
        let parts = Inside { clock: store.clock().clone(), store, routes, tokens, reach, max_body, rates: Rates::default() };
        Self(Arc::new(parts))
    }
}

/// `/serve/…`
pub fn router(web: &Web) -> Router {
    Router::new().route("/serve/{*path}", any(serve)).with_state(web.gateway.clone()).layer(CatchPanicLayer::custom(problem::panicked))
}

async fn serve(State(gateway): State<Gateway>, request: Request) -> Response {
    // Only browsers say on whose page they are, and only where that is another origin or the method is not GET.
    let cross = request.headers().contains_key(header::ORIGIN);
    let (origins, own) = if cross { open_to(&gateway, request.uri().path()) } else { (Vec::new(), false) };
    if origins.is_empty() {
        return answer(gateway, request).await;
    }
    let inner = tower::service_fn(move |request| {
        let gateway = gateway.clone();
        async move { Ok::<_, Infallible>(answer(gateway, request).await) }
    });
    let Ok(answer) = Box::pin(origins::layer(&origins, own).layer(inner).oneshot(request)).await;
    answer
}

/// Origins whose pages may call the deployment at `path`, and whether that has paths of its own.
fn open_to(gateway: &Gateway, path: &str) -> (Vec<String>, bool) {
    let (team, name) = place(path).0;
    let table = gateway.routes.table();
    table.get(team, name).map(|r| (r.callers.origins.clone(), r.spoken.contains(&Protocol::Http))).unwrap_or_default()
}

async fn answer(gateway: Gateway, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    match find(&gateway, &parts).await {
        Ok((route, path)) => {
            let (team, name) = place(parts.uri.path()).0;
            let call = Call { path, method: parts.method.clone(), headers: parts.headers, body };
            forward(&gateway, team, name, route, call).await
        }
        Err(mut answer) => {
            bodies::drain(body).await;
            answer.headers_mut().insert(trace::REQUEST_ID, trace::follow(&mut parts.headers));
            answer
        }
    }
}

/// Team, deployment, and what is below it.
fn place(path: &str) -> ((&str, &str), &str) {
    let below = path.strip_prefix("/serve/").unwrap_or_default();
    let (team, below) = below.split_once('/').unwrap_or((below, ""));
    let (name, rest) = below.split_once('/').unwrap_or((below, ""));
    ((team, name), rest)
}

/// The route of a request that may be handed on, and its path there; else the answer.
async fn find(gateway: &Gateway, parts: &Parts) -> Result<(Arc<Route>, String), Response> {
    let path = parts.uri.path();
    let ((team, name), rest) = place(path);
    let table = gateway.routes.table();
    let there = table.get(team, name);
    let public = there.is_some_and(|r| r.callers.public);
    let route = if public && !passes::shown(&parts.headers) {
        there
    } else {
        let pass = passes::check(&gateway.tokens, &gateway.store, &parts.headers, team).await.map_err(IntoResponse::into_response)?;
        let route = there.filter(|r| pass.is_for(&r.team_id, &r.id));
        if let Some((route, (caller, rate))) = route.zip(pass.rate.as_ref()) {
            gateway.rates.admit(caller, *rate).map_err(|wait| forward::too_fast(route, *rate, wait))?;
        }
        route
    };
    let route = route.ok_or_else(|| Error::not_found("deployment").into_response())?;
    match allowed(&parts.method, rest, &route.spoken) {
        Allowed::Yes => {}
        Allowed::Only(method) => return Err(refused(&parts.method, path, Some(method))),
        Allowed::No => return Err(refused(&parts.method, path, None)),
    }
    let query = parts.uri.query().map(|q| format!("?{q}")).unwrap_or_default();
    Ok((route.clone(), format!("/{rest}{query}")))
}
