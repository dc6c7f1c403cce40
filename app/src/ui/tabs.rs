//! Tabs that are links: each has its address.

use leptos::prelude::*;

/// A row of tabs: words, address, whether it is the one shown.
#[component]
pub fn Tabs(
    /// What they switch, for those who do not see it.
    #[prop(into)]
    label: String,
    /// Words, address, current.
    items: Vec<(&'static str, String, bool)>,
) -> impl IntoView {
    view! {
        <nav class="tabs" aria-label=label>
            {items.into_iter().map(|(words, href, current)| view! { <a href=href aria-current=current.then_some("page")>{words}</a> }).collect_view()}
        </nav>
    }
}
