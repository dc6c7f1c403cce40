//! What the address says.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// A part of the path.
pub fn param(name: &'static str) -> String {
    use_params_map().with_untracked(|p| p.get(name).unwrap_or_default())
}

/// The team of the path.
pub fn team() -> String {
    param("team")
}

/// A parameter of the query; nothing where it is missing or empty.
pub fn query(name: &'static str) -> Option<String> {
    use_query_map().with_untracked(|q| q.get(name).filter(|v| !v.is_empty()))
}
