//! A bordered box with a title.

use leptos::prelude::*;

/// A titled section.
#[component]
pub fn Card(
    /// Its heading.
    #[prop(into)]
    title: String,
    /// What stands at the right of the heading.
    #[prop(optional, into)]
    more: ViewFn,
    /// Whether the content has no padding of its own around it (tables, lists).
    #[prop(optional)]
    flush: bool,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card">
            <header><h2>{title}</h2><span class="more">{more.run()}</span></header>
            <div class=if flush { "flush scroll" } else { "in" }>{children()}</div>
        </section>
    }
}
