//! Forms work without JavaScript: a plain browser that posted a form gets a 303 back to the page, with the problem and what was typed.

use crate::access::{Known, Principal};
use app::api::{
    Problem,
    template::{self, SECRET, WRONG, is_local},
};
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use std::sync::Arc;
use tower::ServiceExt;
use tower_sessions::Session;

const LARGEST_FORM: usize = 1 << 20;
/// Longest text of a field, or about it, that comes back in an address.
const LONGEST: usize = 500;
/// What a form has for this way alone: where it goes on, the method that it means, the part of the answer that is shown this once, and
/// which form it is, to which what was typed comes back.
const FOR_US: [&str; 5] = ["next", "_method", "_show", "_form", "_of"];

/// Answers plain browsers with a redirect; programs as they are. `_method` and `{field}` in the path are what a form has beside GET and
/// POST: such a request goes to `api` as it is meant.
pub async fn answer(State(api): State<Router>, request: Request, next: Next) -> Response {
    if !is_plain(request.method(), request.headers()) {
        return next.run(request).await;
    }
    let back = back_to(request.headers());
    let (mut parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_FORM).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&bytes).unwrap_or_default();
    let response = match meant(&parts.uri, &pairs) {
        None => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Some((method, uri)) => {
            (parts.method, parts.uri) = (method, uri);
            // What is deleted has no body: its fields lie in the query.
            let body = if parts.method == Method::DELETE { String::new() } else { encoded(&pairs) };
            parts.headers.remove(header::CONTENT_LENGTH);
            let mut request = Request::new(Body::from(body));
            (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (parts.method, parts.uri, parts.headers);
            // Who asks goes along; what the router found out about the path that was posted to is not about this one.
            carry::<Principal>(&parts.extensions, &mut request);
            carry::<Arc<Known>>(&parts.extensions, &mut request);
            carry::<Session>(&parts.extensions, &mut request);
            api.oneshot(request).await.unwrap_or_else(|never| match never {})
        }
    };
    redirect(response, &pairs, &back).await
}

fn carry<T: Clone + Send + Sync + 'static>(from: &Extensions, to: &mut Request) {
    if let Some(one) = from.get::<T>() {
        to.extensions_mut().insert(one.clone());
    }
}

/// Method and address that a form means, where they are not those that it was sent with.
fn meant(uri: &Uri, pairs: &[(String, String)]) -> Option<(Method, Uri)> {
    let field = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.trim().to_owned());
    let path = uri.path().replace("%7B", "{").replace("%7D", "}");
    let method = field("_method").filter(|m| ["PUT", "PATCH", "DELETE"].contains(&m.as_str()));
    if method.is_none() && !template::is(&path) {
        return None;
    }
    let method = method.and_then(|m| m.parse().ok()).unwrap_or(Method::POST);
    let mut target = template::path(&path, field);
    if method == Method::DELETE {
        target = format!("{target}?{}", encoded(pairs));
    }
    Some((method, target.parse().ok()?))
}

/// The fields that are for the API.
fn encoded(pairs: &[(String, String)]) -> String {
    let fields = pairs.iter().filter(|(k, _)| !FOR_US.contains(&k.as_str())).collect::<Vec<_>>();
    serde_urlencoded::to_string(fields).unwrap_or_default()
}

/// Whether a plain browser posted a form: it follows redirects, and shows what it is answered.
pub fn is_plain(method: &Method, headers: &HeaderMap) -> bool {
    let has = |name, part: &str| headers.get(name).and_then(|v| v.to_str().ok()).is_some_and(|v| v.to_ascii_lowercase().contains(part));
    method == Method::POST && has(header::CONTENT_TYPE, "application/x-www-form-urlencoded") && has(header::ACCEPT, "text/html")
}

/// The page that the form was on: path and query of `Referer` (its origin was checked before).
fn back_to(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|v| v.to_str().ok()).and_then(|r| r.parse::<axum::http::Uri>().ok());
    referer.and_then(|u| u.path_and_query().map(|p| p.as_str().to_owned())).filter(|p| is_local(p)).unwrap_or_else(|| "/".into())
}

async fn redirect(response: Response, pairs: &[(String, String)], back: &str) -> Response {
    let status = response.status();
    if status.is_redirection() {
        return response;
    }
    let field = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let (mut headers, target) = if status.is_success() {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, LARGEST_FORM).await.unwrap_or_else(|_| Bytes::new());
        let answer: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if let Some(text) = field("_show").and_then(|name| template::of_answer(&answer, name)) {
            return shown_once(&text, &clean(back, pairs));
        }
        let known = |name: &str| template::known(&answer, name, field);
        let next = field("next").map(|next| if template::is(next) { template::path(next, known) } else { next.to_owned() });
        (parts.headers, next.filter(|n| is_local(n)).unwrap_or_else(|| clean(back, pairs)))
    } else {
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, LARGEST_FORM).await.unwrap_or_else(|_| Bytes::new());
        let problem: Problem = serde_json::from_slice(&bytes).unwrap_or_else(|_| Problem::new(status.as_u16(), "Something went wrong."));
        (parts.headers, with_problem(back, &problem, pairs))
    };
    let mut out = Redirect::to(&target).into_response();
    // Cookies of the answer (a new session) travel with the redirect.
    for cookie in headers.get_all(header::SET_COOKIE) {
        out.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    headers.clear();
    out
}

/// What the answer says this once (a token): a page of its own, which nothing keeps.
fn shown_once(text: &str, back: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Shown once · Slipway</title><link rel=\"icon\" href=\"/favicon.svg\"><link rel=\"stylesheet\" href=\"/pkg/slipway.css\"></head>\
         <body><main class=\"door\"><div class=\"in\"><section class=\"card stack\"><h1>Copy it now</h1>\
         <p class=\"muted\">It is not shown again.</p><div class=\"codeblock\"><pre tabindex=\"0\"><code>{}</code></pre></div>\
         <a class=\"btn primary\" href=\"{}\">Copied, go back</a></section></div></main></body></html>",
        escaped(text),
        escaped(back)
    );
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let mut response = Html(page).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Path and query of an address, without what an earlier refusal put there.
fn parts<'a>(back: &'a str, typed: &[(String, String)]) -> (&'a str, Vec<(String, String)>) {
    let (path, query) = back.split_once('?').unwrap_or((back, ""));
    let mut pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    pairs.retain(|(k, _)| !template::is_of_refusal(k) && !typed.iter().any(|(t, _)| t == k));
    (path, pairs)
}

/// The page again, as it was.
fn clean(back: &str, typed: &[(String, String)]) -> String {
    let (path, pairs) = parts(back, typed);
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The page again, with the problem and everything typed that is no secret.
fn with_problem(back: &str, problem: &Problem, typed: &[(String, String)]) -> String {
    let (path, mut pairs) = parts(back, typed);
    pairs.push(("problem".into(), problem.sentence().to_owned()));
    let wrong = fields(problem, typed);
    // The first on the page has the focus.
    let first = wrong.first().map(|(name, _)| (*name).to_owned()).or_else(|| problem.field.clone());
    pairs.extend(first.map(|f| ("field".into(), f)));
    pairs.extend(wrong.iter().map(|(name, why)| (format!("{WRONG}{name}"), why.chars().take(LONGEST).collect())));
    pairs.extend(problem.hint.clone().map(|h| ("hint".into(), h)));
    pairs.extend(typed.iter().find(|(k, _)| k == "_form").cloned());
    pairs.extend(
        typed.iter().filter(|(k, v)| !FOR_US.contains(&k.as_str()) && !SECRET.contains(&k.as_str()) && v.len() <= LONGEST).cloned(),
    );
    format!("{path}?{}", serde_urlencoded::to_string(pairs).unwrap_or_default())
}

/// What is wrong with each field that was sent, in their order.
fn fields<'a>(problem: &'a Problem, typed: &'a [(String, String)]) -> Vec<(&'a str, &'a str)> {
    let mut out: Vec<(&str, &str)> = Vec::new();
    for (name, _) in typed {
        if let Some(error) = problem.errors.iter().find(|e| e.is_of(name))
            && !out.iter().any(|(known, _)| known == name)
        {
            out.push((name, &error.detail));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::api::FieldProblem;

    #[test]
    fn each_field_that_is_wrong_comes_back_in_the_order_of_the_form() {
        let error = |field: &str, detail: &str| FieldProblem { field: field.into(), detail: detail.into() };
        let mut problem = Problem::new(422, "Both are wrong.").field("parameters");
        problem.errors = vec![error("parameters.a", "A."), error("texts.b", "B."), error("parameters.gone", "Gone.")];
        let typed: Vec<(String, String)> =
            [("_form", "start"), ("texts.b", "x"), ("texts.a", ""), ("texts.c", "1")].map(|(k, v)| (k.into(), v.into())).into();
        let back = with_problem("/run?wrong.texts.c=C.&version=v1", &problem, &typed);
        assert_eq!(
            back,
            "/run?version=v1&problem=Both+are+wrong.&field=texts.b&wrong.texts.b=B.&wrong.texts.a=A.&_form=start&texts.b=x&texts.a=&texts.c=1"
        );
        assert_eq!(clean(&back, &typed), "/run?version=v1");
    }
}
