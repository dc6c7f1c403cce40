//! Slipway's words (`api`) and its dashboard. Floors, lowest first: `api` < `ui` < `parts` < `layout` < `pages` < `routes`.
#![recursion_limit = "512"]

pub mod api;
pub mod layout;
pub mod pages;
pub mod parts;
pub mod routes;
pub mod ui;

pub use routes::{App, shell, still_shell};

/// Compiled anew in another clone with the same target folder, however old its files are.
const _: &str = env!("SLIPWAY_ROOT");

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
    // For whoever drives the page: from here on it answers by itself.
    if let Some(root) = leptos::prelude::document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}
