//! Pages: what may not be shown is decided before rendering; rendering calls the API in process, as the same principal.

use super::{headers, problem, proxy::notebook_origin, state::Web};
use crate::access::{PlatformAdmin, Principal, TeamMember};
use app::api::{
    Client, Problem,
    transport::{
        Answer, Call,
        in_process::{InProcess, Inner},
    },
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{Method, StatusCode, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
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

/// Every page of the dashboard over `api`, the inner API router.
pub fn router(web: &Web, api: Router) -> Router {
    let options = LeptosOptions::builder().output_name("slipway").site_pkg_dir("pkg").build();
    let routes = generate_route_list(app::App);
    let config = web.config.clone();
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
        provide_context(Client::new(InProcess(inner(api.clone(), principal, options.clone()))));
        if let (Some(nonce), Some(options)) = (leptos::nonce::use_nonce(), options)
            && let Ok(policy) = headers::page_policy(&nonce, &notebooks).parse()
        {
            options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            options.insert_header(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        }
    };
    let lost = leptos_axum::render_app_async_with_context(context.clone(), app::still_shell);
    let guarded = (web.clone(), lost.clone());
    Router::new()
        .leptos_routes_with_context(&options, routes, context, app::shell)
        .with_state(options)
        .layer(middleware::from_fn(move |request: Request, next: Next| {
            let (web, lost) = guarded.clone();
            async move {
                let asker = request.extensions().get::<Principal>().cloned();
                match refusal(&web, asker.as_ref(), &request.uri().clone()).await {
                    None => next.run(request).await,
                    Some(Refusal::SignIn(address)) => Redirect::to(&address).into_response(),
                    Some(Refusal::NotFound) => not_found(lost(nowhere(request)).await),
                }
            }
        }))
        .fallback(move |request: Request| {
            let lost = lost.clone();
            async move {
                if !asks_for_one(&request) {
                    return problem::nothing_here(request.method().clone(), request.uri().clone()).await;
                }
                not_found(lost(nowhere(request)).await)
            }
        })
}

/// The same request, for an address that leads nowhere: the page of the real one is not to be rendered.
fn nowhere(mut request: Request) -> Request {
    *request.uri_mut() = Uri::from_static("/not-found");
    request
}

fn not_found(mut response: Response) -> Response {
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Whether a browser looks for a page, and not a program for an answer.
pub(super) fn asks_for_one(request: &Request) -> bool {
    let html = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|a| a.contains("text/html"));
    let path = request.uri().path();
    html && request.method() == Method::GET && !["/api/", "/ajax-api/", "/serve/"].iter().any(|start| path.starts_with(start))
}

/// The API in process: the page's principal goes along in the extensions, where nothing from the wire can get. The page of what is not
/// there is "not found" itself.
fn inner(api: Router, principal: Option<Principal>, page: Option<ResponseOptions>) -> Inner {
    Arc::new(move |call: Call| {
        let (api, principal, page) = (api.clone(), principal.clone(), page.clone());
        Box::pin(async move {
            let lost = |e: String| Problem::new(500, "The page could not be put together.").hint(e);
            // A task of its own: a page waits for its parts one after the other. A part that nobody looks after for a while would keep the
            // connection to the database that it has, or was promised, from the part that the page waits for.
            let asked = tokio::spawn(ask(api, call, principal).in_current_span());
            let answer = asked.await.map_err(|e| lost(e.to_string()))?.map_err(lost)?;
            if let Some(page) = page.filter(|_| answer.status == StatusCode::NOT_FOUND.as_u16()) {
                page.set_status(StatusCode::NOT_FOUND);
            }
            Ok(answer)
        })
    })
}

/// One request of the inner router, or why it could not be asked.
async fn ask(api: Router, call: Call, principal: Option<Principal>) -> Result<Answer, String> {
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

/// Why a page is not rendered.
enum Refusal {
    /// Nobody is signed in: the address of the sign-in page, which leads back.
    SignIn(String),
    /// Nothing is there, or it is not theirs to see.
    NotFound,
}

/// Decided before anything renders.
async fn refusal(web: &Web, asker: Option<&Principal>, uri: &Uri) -> Option<Refusal> {
    let path = uri.path();
    if PUBLIC.contains(&path) {
        return None;
    }
    let Some(principal) = asker else {
        let from = uri.path_and_query().map_or("/", |p| p.as_str());
        let query =
            if from == "/" { String::new() } else { format!("?{}", serde_urlencoded::to_string([("next", from)]).unwrap_or_default()) };
        return Some(Refusal::SignIn(format!("/sign-in{query}")));
    };
    (!allowed(web, principal, path).await).then_some(Refusal::NotFound)
}

async fn allowed(web: &Web, principal: &Principal, path: &str) -> bool {
    if path == "/admin" || path.starts_with("/admin/") {
        return PlatformAdmin::check(principal).is_ok();
    }
    match path.strip_prefix("/teams/").map(|rest| rest.split('/').next().unwrap_or_default()) {
        Some(team) => TeamMember::check(&web.store, principal, team).await.is_ok(),
        None => true,
    }
}
