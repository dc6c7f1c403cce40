//! From page to page of a list, by key.

use super::url;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

/// Links to the first and the next page; nothing where all rows are shown. The token lies in `?page=`.
#[component]
pub fn Pager(
    /// What the API answered as the next page's token.
    next: Option<String>,
) -> impl IntoView {
    let (query, path) = (use_query_map(), use_location().pathname);
    let (query, path) = (query.get_untracked(), path.get_untracked());
    let first = query.get("page").is_some();
    (first || next.is_some()).then(|| {
        view! {
            <nav class="pager" aria-label="Pages">
                {first.then(|| view! { <a class="btn small" href=url::with(&path, &query, &[("page", None)])>"Newest"</a> })}
                {next.map(|token| view! { <a class="btn small" rel="next" href=url::with(&path, &query, &[("page", Some(&token))])>"Older"</a> })}
            </nav>
        }
    })
}
