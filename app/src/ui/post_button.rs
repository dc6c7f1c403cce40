//! A button that does one thing: a form of its own, so that it works without JavaScript.

use super::form::{ApiForm, Submit};
use leptos::prelude::*;

/// A button that posts. What goes wrong appears as a notice.
#[component]
pub fn PostButton(
    /// Id of its form; once in a page.
    #[prop(into)]
    id: String,
    /// Path of the API that a plain post goes to.
    #[prop(into)]
    action: String,
    /// The same over the client.
    submit: Submit,
    /// Where a plain browser goes afterwards; back to this page when left out.
    #[prop(optional, into)]
    next: Option<String>,
    /// Class of the button.
    #[prop(default = "btn")]
    class: &'static str,
    /// Name of the button where its words do not say enough ("Stop explore-q4").
    #[prop(optional, into)]
    label: Option<String>,
    /// What the button shows.
    children: Children,
) -> impl IntoView {
    view! {
        <ApiForm id action submit next=next.unwrap_or_default() class="inline" quiet=true>
            <button type="submit" class=class aria-label=label>{children()}</button>
        </ApiForm>
    }
}
