//! Use beside what is held, as small bars.

use crate::{
    api::resources::{bytes_words, cpu_words},
    ui::Mini,
};
use leptos::prelude::*;

/// CPU in use of CPU held.
pub fn cpu_use(used: Option<i64>, held: i64) -> Option<impl IntoView> {
    used.map(|u| {
        let words = cpu_words((u + 50) / 100 * 100);
        view! { <Mini share=u as f64 / held.max(1) as f64/>{words} }
    })
}

/// Memory in use of memory held.
pub fn memory_use(used: Option<i64>, held: i64) -> Option<impl IntoView> {
    used.map(|u| view! { <Mini share=u as f64 / held.max(1) as f64/>{bytes_words(u)} })
}
