//! How much of how much.

use leptos::prelude::*;

/// A bar of portions: `(percent, class)`; the words stand beside it.
#[component]
pub fn Portions(
    /// Share of the whole in percent, and its class (empty, `blue`, `weak`, `amber`, `red`).
    parts: Vec<(f64, &'static str)>,
) -> impl IntoView {
    view! {
        <div class="bar" aria-hidden="true">
            {parts.into_iter().filter(|(p, _)| *p > 0.0).map(|(p, class)| view! { <i class=class style=format!("width:{:.1}%", p.min(100.0))></i> }).collect_view()}
        </div>
    }
}

/// A small bar within a table cell, before its number.
#[component]
pub fn Mini(
    /// Share of the whole, 0 to 1.
    share: f64,
) -> impl IntoView {
    view! { <span class="mini" aria-hidden="true"><i style=format!("width:{:.0}%", share.clamp(0.0, 1.0) * 100.0)></i></span> }
}

/// `part` of `whole` in percent; 0 where there is no whole.
pub fn percent(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}
