//! The time at which a page is made, by the server's clock.

use leptos::prelude::use_context;

/// Given by the server to every page: milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Now(pub f64);

impl Now {
    /// From context; 1970 where a page is made without one, which no time is before.
    pub fn of_page() -> f64 {
        use_context::<Self>().map_or(0.0, |now| now.0)
    }
}
