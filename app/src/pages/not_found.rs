//! Nothing is at this address, or it could not be found out.

use crate::layout::Door;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The address that is rendered where it could not be found out what is at the real one.
pub const UNAVAILABLE: &str = "/unavailable";

/// The page for an address that leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    if use_location().pathname.with_untracked(|p| p == UNAVAILABLE) {
        return view! {
            <Door title="Something went wrong">
                <p class="muted">"The page could not be read. Try again in a moment."</p>
                <a class="btn primary" href="">"Try again"</a>
            </Door>
        }
        .into_any();
    }
    view! {
        <Door title="Not found">
            <p class="muted">"Nothing is at this address, or it is not yours to see."</p>
            <a class="btn primary" href="/">"To your teams"</a>
        </Door>
    }
    .into_any()
}
