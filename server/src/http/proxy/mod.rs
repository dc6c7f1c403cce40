//! The notebook origin: a listener of its own on which nothing is but `/notebook/{team}/{name}/…`.
//!
//! A browser comes with a ticket from the portal ([`enter`]), gets a cookie for one notebook, and from then on everything below that path goes
//! to its JupyterLab ([`forward`]), as long as the cookie's user is the notebook's owner ([`gate`]). JupyterLab is reached with a token that
//! only the server knows; since that token switches Jupyter's own origin checks off, ours stand before it ([`origin`]).

pub mod enter;
pub mod forward;
pub mod gate;
pub mod headers;
pub mod origin;
pub mod page;

use crate::{
    cluster::reach::Reach,
    config::Config,
    http::{problem, state::Web},
    notebooks,
};
use app::api::name;
use axum::{
    Router,
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use gate::Gate;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

/// What the handlers of the notebook origin share. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    config: Arc<Config>,
    gate: Arc<Gate>,
    reach: Reach,
    drain: watch::Receiver<bool>,
    /// How often an open WebSocket is checked again.
    recheck: Duration,
}

/// Where a request goes: the notebook's team and name, and the rest of the path, which begins with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Name of the team.
    pub team: String,
    /// Name of the notebook.
    pub name: String,
    /// The rest; empty where even the closing `/` of the notebook's path is missing.
    pub rest: String,
}

impl Place {
    /// The notebook's path: `/notebook/{team}/{name}/`.
    pub fn prefix(&self) -> String {
        notebooks::prefix(&self.team, &self.name)
    }
}

fn place(path: &str) -> Option<Place> {
    let mut parts = path.strip_prefix("/notebook/")?.splitn(3, '/');
    let (team, name) = (parts.next()?, parts.next()?);
    let rest = parts.next().map(|r| format!("/{r}")).unwrap_or_default();
    (name::check(team).is_ok() && name::check(name).is_ok()).then(|| Place { team: team.into(), name: name.into(), rest })
}

/// How often an open WebSocket is checked again.
const RECHECK: Duration = Duration::from_secs(5);

/// The whole router of the notebook origin.
pub fn router(web: &Web) -> Router {
    router_rechecking(web, RECHECK)
}

/// The same, which checks open WebSockets again this often.
pub fn router_rechecking(web: &Web, recheck: Duration) -> Router {
    let door =
        Door { config: web.config.clone(), gate: Arc::new(Gate::new(web)), reach: web.reach.clone(), drain: web.drain.clone(), recheck };
    Router::new()
        .fallback(answer)
        .with_state(door)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(TraceLayer::new_for_http().on_failure(()))
}

async fn answer(State(door): State<Door>, request: Request) -> Response {
    let browser = Browser::of(&door, &request);
    let Some(place) = place(request.uri().path()) else { return browser.nothing_here() };
    let socket = headers::is_websocket(request.method(), request.headers());
    if !origin::may(request.method(), request.headers(), socket, door.config.notebook_url.as_deref()) {
        return (StatusCode::FORBIDDEN, "This request came from another site.\n").into_response();
    }
    if place.rest == enter::PATH {
        return enter::enter(&door, &browser, &place, request).await;
    }
    let admitted = match door.gate.admit(request.headers(), &place).await {
        Ok(Some(admitted)) => admitted,
        Ok(None) => return browser.not_open(&place),
        Err(error) => return browser.trouble(&place, &error),
    };
    if place.rest.is_empty() {
        return Redirect::permanent(&place.prefix()).into_response();
    }
    match admitted.endpoint.clone() {
        Some(endpoint) => forward::forward(&door, &browser, &place, admitted, endpoint, request).await,
        None => browser.state(&place, admitted.state, admitted.reason.as_deref()),
    }
}

/// What our own answers need to know of the browser.
#[derive(Debug, Clone)]
pub struct Browser {
    /// Whether it shows a page, rather than a script waiting for data.
    pub page: bool,
    /// URL of the portal as this browser knows it.
    pub portal: String,
}

impl Browser {
    fn of(door: &Door, request: &Request) -> Self {
        let accepts = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|a| a.contains("text/html"));
        let host = request.headers().get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
        Self { page: accepts && matches!(*request.method(), Method::GET | Method::POST), portal: portal(&door.config, host) }
    }
}

/// The portal's URL: configured, else the host that was asked with the portal's port.
fn portal(config: &Config, host: &str) -> String {
    match &config.public_url {
        Some(url) => url.clone(),
        None => format!("http://{}:{}", without_port(host), config.listen.port()),
    }
}

/// The notebook origin's URL as a browser knows it that asked the portal under `host`.
pub fn notebook_origin(config: &Config, host: &str) -> String {
    match &config.notebook_url {
        Some(url) => url.clone(),
        None => format!("http://{}:{}", without_port(host), config.notebook_listen.port()),
    }
}

fn without_port(host: &str) -> &str {
    let good = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]_".contains(&b));
    if !good {
        return "127.0.0.1";
    }
    match host.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}
