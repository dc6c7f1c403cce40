//! Nothing is at this address.

use leptos::prelude::*;
use leptos_meta::Title;

/// The page for an address that leads nowhere.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <main class="page"><h1>"Not found"</h1><p>"Nothing is at this address, or it is not yours to see. " <a class="link" href="/">"Home"</a></p></main>
    }
}
