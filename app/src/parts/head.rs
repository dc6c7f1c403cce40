//! The head of a page: its title, and its one obvious action at the right.

use leptos::prelude::*;
use leptos_meta::Title;

/// Title, what stands beside it, and actions.
#[component]
pub fn Head(
    /// The title.
    #[prop(into)]
    title: String,
    /// What stands beside the title.
    #[prop(optional, into)]
    beside: ViewFn,
    /// The actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <Title text=title.clone()/>
        <div class="head"><h1>{title}</h1>{beside.run()}{children.map(|c| view! { <div class="actions">{c()}</div> })}</div>
    }
}
