//! A curve the size of a word.

use leptos::prelude::*;
use std::fmt::Write;

/// A small curve; nothing where there are fewer than two points.
#[component]
pub fn Spark(
    /// Values, oldest first.
    values: Vec<f64>,
    /// What it shows, for those who do not see it.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    (values.len() > 1).then(|| {
        view! {
            <svg class="spark" width="72" height="18" viewBox="0 0 72 18" role="img" aria-label=label><path d=path(&values)/></svg>
        }
    })
}

fn path(values: &[f64]) -> String {
    let (low, high) = values.iter().filter(|v| v.is_finite()).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    let span = if high > low { high - low } else { 1.0 };
    let mut d = String::new();
    for (i, v) in values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let x = i as f64 * 72.0 / (values.len() - 1) as f64;
        let y = 1.0 + 16.0 * (1.0 - (v - low) / span);
        let _ = write!(d, "{}{x:.1} {y:.1}", if d.is_empty() { "M" } else { "L" });
    }
    d
}
