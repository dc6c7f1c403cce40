//! Text that is cut where the room ends; all of it on hover.

use leptos::prelude::*;

/// Two lines of small text at most; nothing where there is none.
#[component]
pub fn Cut(
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let title = text.clone();
    (!text.is_empty()).then(|| view! { <div class="sub cut two" title=title>{text}</div> })
}
