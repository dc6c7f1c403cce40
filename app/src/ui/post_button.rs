//! A button that does one thing: a form of its own, so that it works without JavaScript.

use super::form::ApiForm;
use leptos::prelude::*;

/// A button that calls the API. What goes wrong appears as a notice.
#[component]
pub fn PostButton(
    /// Id of its form; once in a page.
    #[prop(into)]
    id: String,
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    #[prop(default = "POST")]
    method: &'static str,
    /// Path of the API.
    #[prop(into)]
    action: String,
    /// Where it goes on afterwards; back to this page when left out.
    #[prop(optional, into)]
    next: Option<String>,
    /// What a notice says afterwards.
    #[prop(optional, into)]
    say: Option<String>,
    /// Whether somebody else is signed in afterwards.
    #[prop(optional)]
    whole: bool,
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
        <ApiForm id method action next=next.unwrap_or_default() say=say.unwrap_or_default() whole class="inline" quiet=true>
            <button type="submit" class=class aria-label=label>{children()}</button>
        </ApiForm>
    }
}
