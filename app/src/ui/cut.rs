//! Text that is cut where the room ends; all of it on hover.

use leptos::prelude::*;

/// One line of small text.
#[component]
pub fn Cut(
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let title = text.clone();
    view! { <div class="sub cut" title=title>{text}</div> }
}
