//! What a form of a plain browser came back with.

use super::Note;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The refusal in the address: `?problem=`, `?hint=`.
#[component]
pub fn QueryProblem() -> impl IntoView {
    let query = use_query_map();
    query.with_untracked(|q| {
        let text = q.get("problem")?;
        let hint = q.get("hint");
        Some(view! { <Note tone="red"><span>{text}</span>{hint.map(|h| view! { <span class="hint">{h}</span> })}</Note> })
    })
}
