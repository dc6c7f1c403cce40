//! A menu under a button: native `details`, so that it opens without JavaScript.

use leptos::prelude::*;

/// A menu. A click elsewhere and Escape close it.
#[component]
pub fn Menu(
    /// What the button shows.
    #[prop(into)]
    button: ViewFn,
    /// Class of the button.
    #[prop(default = "btn")]
    class: &'static str,
    /// Name of the button, where it shows no words.
    #[prop(optional, into)]
    label: Option<String>,
    /// Whether it opens towards the left.
    #[prop(optional)]
    end: bool,
    /// Class of the whole.
    #[prop(default = "")]
    outer: &'static str,
    /// The entries.
    children: Children,
) -> impl IntoView {
    view! {
        <details class=format!("menu {outer}{}", if end { " end" } else { "" })>
            <summary class=class aria-label=label.clone() title=label>{button.run()}</summary>
            <div class="pop">{children()}</div>
        </details>
    }
}
