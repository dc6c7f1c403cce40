//! What all operations have in common, written into the document once: how to say who is asking, and how a refusal looks.

use utoipa::openapi::{
    Content, OpenApi, PathItem, Ref, RefOr, Response,
    path::Operation,
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
};

const PROBLEM: &str = "application/problem+json";

/// Completes the document: ids that are unique, ways to authenticate, and every refusal as a problem.
pub fn complete(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            name(operation);
            refusals(operation);
        }
    }
    let components = document.components.get_or_insert_default();
    for (name, scheme) in schemes() {
        components.add_security_scheme(name, scheme);
    }
    // One of these; what needs none (to sign in) takes any.
    let one = |name: &str| SecurityRequirement::new(name, Vec::<String>::new());
    document.security = Some(vec![one("token"), one("basic"), one("session"), SecurityRequirement::default()]);
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Handlers are called alike in every file: the file's name comes first.
fn name(operation: &mut Operation) {
    if let (Some(id), Some(tag)) = (&operation.operation_id, operation.tags.as_ref().and_then(|t| t.first())) {
        operation.operation_id = Some(format!("{tag}_{id}"));
    }
}

/// Refusals are problems, also those that every operation may answer and none lists: not signed in, not allowed, a wrong request.
fn refusals(operation: &mut Operation) {
    let refused = |status: &str| status.starts_with('4') || status.starts_with('5');
    for (_, response) in operation.responses.responses.iter_mut().filter(|(status, _)| refused(status)) {
        let RefOr::T(response) = response else { continue };
        if let Some(content) = response.content.shift_remove("application/json") {
            response.content.insert(PROBLEM.into(), content);
        }
    }
    let mut other = Response::new("Refused, or failed: what happened, in a sentence, and what to do about it");
    other.content.insert(PROBLEM.into(), RefOr::T(Content::new(Some(Ref::from_schema_name("Problem")))));
    operation.responses.responses.insert("default".into(), RefOr::T(other));
}

fn schemes() -> [(&'static str, SecurityScheme); 3] {
    let http = |scheme, words: &str| {
        let mut http = Http::new(scheme);
        http.description = Some(words.into());
        SecurityScheme::Http(http)
    };
    let cookie =
        ApiKeyValue::with_description("slipway_session", "A person who signed in; the call has to come from the portal's own origin.");
    [
        ("token", http(HttpAuthScheme::Bearer, "A token made under Account.")),
        ("basic", http(HttpAuthScheme::Basic, "Any user name, and a token as password.")),
        ("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie))),
    ]
}
