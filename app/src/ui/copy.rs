//! Copying to the clipboard.

use super::Icon;
use leptos::prelude::*;

/// A small button that copies `text`.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: String,
    /// What it is, for those who do not see it: "Copy the token".
    #[prop(default = "Copy")]
    label: &'static str,
) -> impl IntoView {
    view! {
        <button type="button" class="btn bare icon small copy" aria-label=label title=label data-copy=text><Icon name="copy"/><Icon name="ok"/></button>
    }
}

/// A piece of text in monospace with its copy button.
#[component]
pub fn Copyable(
    /// What is shown and copied.
    #[prop(into)]
    text: String,
    /// A shorter form to show.
    #[prop(optional, into)]
    short: Option<String>,
) -> impl IntoView {
    let shown = short.unwrap_or_else(|| text.clone());
    view! { <span class="copied"><code title=text.clone()>{shown}</code><CopyButton text/></span> }
}
