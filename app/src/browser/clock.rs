//! Times in the reader's words and zone: the server writes them exactly and in UTC.

use super::dom;
use crate::ui::time::{duration, exact, parse, relative};
use std::time::Duration;
use web_sys::Element;

/// Ticks from now on.
pub fn begin() {
    let _ = leptos::prelude::set_interval_with_handle(tick, Duration::from_secs(15));
}

/// Writes every time of the page anew.
pub fn tick() {
    let now = dom::now_ms();
    for time in dom::all::<Element>("time[datetime]") {
        if let Some(ms) = time.get_attribute("datetime").as_deref().and_then(parse) {
            put(&time, &relative(ms, now));
            let _ = time.set_attribute("title", &exact(ms, true));
        }
    }
    for span in dom::all::<Element>("[data-from]") {
        let from = span.get_attribute("data-from").as_deref().and_then(parse);
        let to = span.get_attribute("data-to").as_deref().and_then(parse);
        if let Some(from) = from {
            put(&span, &duration((to.unwrap_or(now) - from) / 1000.0));
        }
    }
}

fn put(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}
