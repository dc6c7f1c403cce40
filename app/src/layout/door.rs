//! The frame of those who are not signed in: a box in the middle.

use crate::ui::QueryProblem;
use leptos::prelude::*;
use leptos_meta::Title;

/// The page of those who are not signed in: a box in the middle.
#[component]
pub fn Door(
    /// Its heading.
    title: &'static str,
    /// The form.
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=title/>
        <main class="door">
            <div class="in">
                <div class="mark"><img src="/favicon.svg" alt="" width="24" height="24"/>"Slipway"</div>
                <section class="card stack"><h1>{title}</h1><QueryProblem/>{children()}</section>
            </div>
        </main>
        <div class="toasts" role="status" aria-live="polite" data-key="toasts" data-own=""></div>
    }
}
