//! Forms work without JavaScript: a plain browser that posted a form gets a 303 back to the page, with the problem and what was typed.

use app::api::Problem;
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

const LARGEST_FORM: usize = 1 << 20;
const NEVER_BACK: [&str; 7] = ["password", "current", "new", "token", "value", "next", "back"];

/// Answers plain browsers with a redirect; programs as they are.
pub async fn answer(request: Request, next: Next) -> Response {
    if !is_plain(request.method(), request.headers()) {
        return next.run(request).await;
    }
    let back = back_to(request.headers());
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_FORM).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&bytes).unwrap_or_default();
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    redirect(response, &pairs, &back).await
}

/// Whether a plain browser posted a form: it follows redirects, and shows what it is answered.
pub fn is_plain(method: &Method, headers: &HeaderMap) -> bool {
    let has = |name, part: &str| headers.get(name).and_then(|v| v.to_str().ok()).is_some_and(|v| v.to_ascii_lowercase().contains(part));
    method == Method::POST && has(header::CONTENT_TYPE, "application/x-www-form-urlencoded") && has(header::ACCEPT, "text/html")
}

/// The page that the form was on: path and query of `Referer` (its origin was checked before).
fn back_to(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|v| v.to_str().ok()).and_then(|r| r.parse::<axum::http::Uri>().ok());
    referer.and_then(|u| u.path_and_query().map(|p| p.as_str().to_owned())).filter(|p| local(p)).unwrap_or_else(|| "/".into())
}

/// A path on this server: `//host` and `/\host` are not.
fn local(path: &str) -> bool {
    path.starts_with('/') && !path[1..].starts_with(['/', '\\']) && !path.contains(['\r', '\n'])
}

async fn redirect(response: Response, pairs: &[(String, String)], back: &str) -> Response {
    let status = response.status();
    if status.is_redirection() {
        return response;
    }
    let field = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str()).filter(|v| local(v));
    let (mut headers, target) = if status.is_success() {
        (response.headers().clone(), field("next").unwrap_or_else(|| back.split('?').next().unwrap_or("/")).to_owned())
    } else {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, LARGEST_FORM).await.unwrap_or_else(|_| Bytes::new());
        let problem: Problem = serde_json::from_slice(&bytes).unwrap_or_else(|_| Problem::new(status.as_u16(), "Something went wrong."));
        (parts.headers, with_problem(field("back").unwrap_or(back), &problem, pairs))
    };
    let mut out = Redirect::to(&target).into_response();
    // Cookies of the answer (a new session) travel with the redirect.
    for cookie in headers.get_all(header::SET_COOKIE) {
        out.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    headers.clear();
    out
}

/// The page again, with the problem and everything typed that is no secret.
fn with_problem(back: &str, problem: &Problem, typed: &[(String, String)]) -> String {
    let (path, query) = back.split_once('?').unwrap_or((back, ""));
    let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    pairs.retain(|(k, _)| !matches!(k.as_str(), "problem" | "field" | "hint") && !typed.iter().any(|(t, _)| t == k));
    pairs.push(("problem".into(), problem.sentence().to_owned()));
    pairs.extend(problem.field.clone().map(|f| ("field".into(), f)));
    pairs.extend(problem.hint.clone().map(|h| ("hint".into(), h)));
    pairs.extend(typed.iter().filter(|(k, v)| !NEVER_BACK.contains(&k.as_str()) && v.len() <= 500).cloned());
    format!("{path}?{}", serde_urlencoded::to_string(pairs).unwrap_or_default())
}
