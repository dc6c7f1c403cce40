//! Text for a terminal or a file, with a copy button.

use super::CopyButton;
use leptos::prelude::*;

/// A block of code.
#[component]
pub fn CodeBlock(
    /// The text, as it is copied.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! {
        <div class="codeblock"><pre tabindex="0"><code>{text.clone()}</code></pre><CopyButton text/></div>
    }
}
