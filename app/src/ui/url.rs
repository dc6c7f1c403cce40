//! Addresses of the same page with another query.

use crate::api::template;
use leptos_router::params::ParamsMap;

/// `path` with `query` after `changes`: a value sets a parameter, none removes it. What a plain form sent back is dropped.
pub fn with(path: &str, query: &ParamsMap, changes: &[(&str, Option<&str>)]) -> String {
    let kept =
        query.clone().into_iter().filter(|(k, _)| !template::is_of_refusal(k) && !changes.iter().any(|(name, _)| *name == k.as_ref()));
    let mut pairs: Vec<(String, String)> = kept.map(|(k, v)| (k.into_owned(), v)).collect();
    pairs.extend(changes.iter().filter_map(|(k, v)| v.map(|v| ((*k).to_owned(), v.to_owned()))));
    match serde_urlencoded::to_string(&pairs) {
        Ok(q) if !q.is_empty() => format!("{path}?{q}"),
        _ => path.to_owned(),
    }
}
