//! Nothing is at this address.

use crate::layout::Door;
use leptos::prelude::*;

/// The page for an address that leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Door title="Not found">
            <p class="muted">"Nothing is at this address, or it is not yours to see."</p>
            <a class="btn primary" href="/">"To your teams"</a>
        </Door>
    }
}
