//! Pages: what may not be shown is decided before rendering; rendering calls the API in process, as the same principal.

use super::{
    headers, links, problem,
    proxy::{headers::cookies, notebook_origin},
    state::Web,
};
use crate::{
    access::{PlatformAdmin, Principal, TeamMember},
    error::{Kind, Result},
};
use app::{
    api::{
        Client, Problem,
        transport::{
            Answer, Call,
            in_process::{InProcess, Inner},
        },
    },
    pages::not_found::UNAVAILABLE,
    parts::{LastTeam, Missing, Nodes, Now},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use leptos::{
    config::LeptosOptions,
    prelude::{Owner, provide_context},
};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use std::sync::Arc;
use tower::ServiceExt;
use tracing::Instrument;

const PUBLIC: [&str; 2] = ["/sign-in", "/setup"];
/// The team whose page was looked at last: no secret, and asked about again each time.
const LAST_TEAM: &str = "slipway_team";

/// Every page of the dashboard over `api`, the inner API router.
pub fn router(web: &Web, api: Router) -> Router {
    let options = LeptosOptions::builder().output_name("slipway").site_pkg_dir("pkg").build();
    let routes = generate_route_list(app::App);
    let (config, nodes, clock) = (web.config.clone(), Nodes(web.cluster.has_nodes()), web.store.clock().clone());
    let context = move || {
        let parts = leptos::prelude::use_context::<axum::http::request::Parts>();
        let principal = parts.as_ref().and_then(|p| p.extensions.get::<Principal>().cloned());
        let host = parts.as_ref().and_then(|p| p.headers.get(header::HOST)?.to_str().ok()).unwrap_or_default();
        let notebooks = notebook_origin(&config, host);
        let options = leptos::prelude::use_context::<ResponseOptions>();
        // Nothing is rendered a second time in the browser, so nothing travels along for that.
        if let Some(shared) = Owner::current_shared_context() {
            shared.set_is_hydrating(false);
        }
        if let Some(last) = parts.as_ref().and_then(|p| p.extensions.get::<LastTeam>().cloned()) {
            provide_context(last);
        }
        provide_context(nodes);
        provide_context(Now(clock.now() as f64));
        provide_context(Client::new(InProcess(inner(api.clone(), principal))));
        if let Some(page) = options.clone() {
            provide_context(Missing(Arc::new(move || page.set_status(StatusCode::NOT_FOUND))));
        }
        if let (Some(nonce), Some(options)) = (leptos::nonce::use_nonce(), options)
            && let Ok(policy) = headers::page_policy(&nonce, &notebooks).parse()
        {
            options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            options.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    };
    let lost = leptos_axum::render_app_async_with_context(context.clone(), app::still_shell);
    let guarded = (web.clone(), lost.clone());
    Router::new()
        .leptos_routes_with_context(&options, routes, context, app::shell)
        .with_state(options)
        // Never asked: it leads elsewhere, or nowhere.
        .route(&format!("{}{{*what}}", links::OPEN), get(problem::nothing_here))
        .layer(middleware::from_fn(move |mut request: Request, next: Next| {
            let (web, lost) = guarded.clone();
            async move {
                let asker = request.extensions().get::<Principal>().cloned();
                match asked(&web, asker.as_ref(), request.uri(), request.headers()).await {
                    Ok(Asked::Plain) => next.run(request).await,
                    Ok(Asked::OfTeam(team)) => {
                        let known = cookies(request.headers(), LAST_TEAM).any(|t| t == team);
                        let response = next.run(request).await;
                        if known { response } else { remembering(response, &team) }
                    }
                    Ok(Asked::After(last)) => {
                        request.extensions_mut().insert(last);
                        next.run(request).await
                    }
                    Ok(Asked::Another(address)) => Redirect::to(&address).into_response(),
                    Err(e) if matches!(e.kind, Kind::NotFound | Kind::Forbidden) => {
                        instead(StatusCode::NOT_FOUND, lost(elsewhere(request, NOWHERE)).await)
                    }
                    Err(e) => {
                        tracing::error!(error = %e, "whether a page may be shown could not be read");
                        instead(StatusCode::SERVICE_UNAVAILABLE, lost(elsewhere(request, UNAVAILABLE)).await)
                    }
                }
            }
        }))
        .fallback(move |request: Request| {
            let lost = lost.clone();
            async move {
                if !asks_for_one(&request) {
                    return problem::nothing_here(request.method().clone(), request.uri().clone()).await;
                }
                instead(StatusCode::NOT_FOUND, lost(elsewhere(request, NOWHERE)).await)
            }
        })
}

/// An address that leads nowhere.
const NOWHERE: &str = "/not-found";

/// The same request, for another address: the page of the real one is not to be rendered.
fn elsewhere(mut request: Request, address: &'static str) -> Request {
    *request.uri_mut() = Uri::from_static(address);
    request
}

fn instead(status: StatusCode, mut response: Response) -> Response {
    *response.status_mut() = status;
    response
}

/// Has the browser remember the team, for pages that are of none.
fn remembering(mut response: Response, team: &str) -> Response {
    if let Ok(cookie) = format!("{LAST_TEAM}={team}; Path=/; SameSite=Lax; Max-Age=31536000").parse() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Whether a browser looks for a page, and not a program for an answer.
pub(super) fn asks_for_one(request: &Request) -> bool {
    let html = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|a| a.contains("text/html"));
    let path = request.uri().path();
    html && request.method() == Method::GET && !["/api/", "/ajax-api/", "/serve/"].iter().any(|start| path.starts_with(start))
}

/// The API in process: the page's principal goes along in the extensions, where nothing from the wire can get.
fn inner(api: Router, principal: Option<Principal>) -> Inner {
    Arc::new(move |call: Call| {
        let (api, principal) = (api.clone(), principal.clone());
        Box::pin(async move {
            let lost = |e: String| Problem::new(500, "The page could not be put together.").hint(e);
            // A task of its own: a page waits for its parts one after the other. A part that nobody looks after for a while would keep the
            // connection to the database that it has, or was promised, from the part that the page waits for.
            let asked = tokio::spawn(ask(api, call, principal).in_current_span());
            asked.await.map_err(|e| lost(e.to_string()))?.map_err(lost)
        })
    })
}

/// One request of the inner router, or why it could not be asked.
async fn ask(api: Router, call: Call, principal: Option<Principal>) -> std::result::Result<Answer, String> {
    let mut request = Request::builder()
        .method(call.method)
        .uri(&call.path)
        .body(Body::from(call.body.unwrap_or_default()))
        .map_err(|e| e.to_string())?;
    if let Some(principal) = principal {
        request.extensions_mut().insert(principal);
    }
    let response = match api.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 64 << 20).await.map_err(|e| e.to_string())?;
    Ok(Answer { status, body: body.to_vec() })
}

/// What a page that may be shown is of.
enum Asked {
    /// Of nothing in particular.
    Plain,
    /// Of a team.
    OfTeam(String),
    /// Of no team, after one whose pages are still theirs to see.
    After(LastTeam),
    /// Of another address: that of the sign-in page, which leads back, where nobody is signed in; where a link without a team leads.
    Another(String),
}

/// Decided before anything renders. What is not there, or not theirs to see, is not found.
async fn asked(web: &Web, asker: Option<&Principal>, uri: &Uri, headers: &HeaderMap) -> Result<Asked> {
    let path = uri.path();
    if PUBLIC.contains(&path) {
        return Ok(Asked::Plain);
    }
    let Some(principal) = asker else {
        let from = uri.path_and_query().map_or("/", |p| p.as_str());
        let query =
            if from == "/" { String::new() } else { format!("?{}", serde_urlencoded::to_string([("next", from)]).unwrap_or_default()) };
        return Ok(Asked::Another(format!("/sign-in{query}")));
    };
    if let Some(what) = path.strip_prefix(links::OPEN) {
        return links::page(&web.store, principal, what).await.map(Asked::Another);
    }
    if path == "/admin" || path.starts_with("/admin/") {
        PlatformAdmin::check(principal)?;
    }
    let of = |team: String| async move { TeamMember::check(&web.store, principal, &team).await.map(|member| member.team.name) };
    if let Some(rest) = path.strip_prefix("/teams/") {
        return of(rest.split('/').next().unwrap_or_default().to_owned()).await.map(Asked::OfTeam);
    }
    let Some(last) = cookies(headers, LAST_TEAM).next() else { return Ok(Asked::Plain) };
    // Only a help: the page is shown without it too.
    Ok(of(last.to_owned()).await.map_or(Asked::Plain, |team| Asked::After(LastTeam(team))))
}
