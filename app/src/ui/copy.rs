//! Copying to the clipboard.

use super::{Icon, dom};
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
    let done = RwSignal::new(false);
    let click = move |_| {
        dom::copy(&text);
        done.set(true);
        set_timeout(
            move || {
                done.try_set(false);
            },
            std::time::Duration::from_millis(1500),
        );
    };
    view! {
        <button type="button" class="btn bare icon small copy" class:done=move || done.get() aria-label=move || if done.get() { "Copied" } else { label } title=label on:click=click>
            {move || if done.get() { view! { <Icon name="ok"/> } } else { view! { <Icon name="copy"/> } }}
        </button>
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
