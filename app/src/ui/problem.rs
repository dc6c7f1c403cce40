//! What went wrong, beside what it belongs to.

use crate::api::Problem;
use leptos::prelude::*;

/// A remark: `amber`, `red`, `green`, or blue when empty.
#[component]
pub fn Note(
    /// Its colour.
    #[prop(default = "")]
    tone: &'static str,
    /// The words.
    children: Children,
) -> impl IntoView {
    view! { <div class=format!("note {tone}") role=if tone == "red" { "alert" } else { "note" }>{children()}</div> }
}

/// A problem of the API: what happened, and what to do.
#[component]
pub fn ProblemNote(
    /// The problem.
    problem: Problem,
) -> impl IntoView {
    view! {
        <Note tone="red"><span>{problem.sentence().to_owned()}</span>{problem.hint.map(|h| view! { <span class="hint">{h}</span> })}</Note>
    }
}
