//! Nothing here yet: one sentence, one button, one command that does the same from a terminal.

use super::CodeBlock;
use leptos::prelude::*;

/// An empty state.
#[component]
pub fn Empty(
    /// What would be here.
    #[prop(into)]
    text: String,
    /// Words and address of the button, for who may press it.
    #[prop(optional_no_strip)]
    button: Option<(&'static str, String)>,
    /// The command.
    #[prop(optional, into)]
    command: Option<String>,
) -> impl IntoView {
    view! {
        <div class="empty">
            <p>{text}</p>
            {button.map(|(words, href)| view! { <a class="btn primary" href=href>{words}</a> })}
            {command.map(|text| view! { <CodeBlock text/> })}
        </div>
    }
}
