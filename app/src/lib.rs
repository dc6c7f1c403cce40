//! Slipway's words (`api`) and its dashboard. Floors, lowest first: `api` < `ui` < `islands` < `parts` < `layout` < `pages` < `routes`; the
//! browser gets `api`, `islands` and what they use of `ui`, with `browser` on top.
#![recursion_limit = "512"]

pub mod api;
pub mod islands;
pub mod ui;

#[cfg(feature = "browser")]
pub mod browser;

#[cfg(feature = "ssr")]
pub mod layout;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod parts;
#[cfg(feature = "ssr")]
pub mod routes;

#[cfg(feature = "ssr")]
pub use routes::{App, shell, still_shell};

/// Compiled anew in another clone with the same target folder, however old its files are.
const _: &str = env!("SLIPWAY_ROOT");
