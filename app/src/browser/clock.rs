//! Times in the reader's words and zone: the server writes them exactly and in UTC.

use super::dom;
use crate::ui::time::{duration, exact, local, parse, relative};
use std::{cell::Cell, time::Duration};
use web_sys::{Element, HtmlInputElement};

thread_local! {
    /// When the times were written.
    static WRITTEN: Cell<f64> = const { Cell::new(0.0) };
    /// Whether one of them counts seconds.
    static SECONDS: Cell<bool> = const { Cell::new(false) };
}

/// Ticks from now on: each second while a time counts seconds, else now and then; not where nobody looks.
pub fn begin() {
    let due = || !dom::hidden() && (SECONDS.get() || dom::now_ms() - WRITTEN.get() > 14_500.0);
    let second = move || {
        if due() {
            tick();
        }
    };
    let _ = leptos::prelude::set_interval_with_handle(second, Duration::from_secs(1));
}

/// Writes every time of the page anew.
pub fn tick() {
    let now = dom::now_ms();
    let mut seconds = false;
    for time in dom::all::<Element>("time[datetime]") {
        if let Some(ms) = time.get_attribute("datetime").as_deref().and_then(parse) {
            seconds |= (now - ms).abs() < 60_000.0;
            put(&time, &relative(ms, now));
            let _ = time.set_attribute("title", &exact(ms, true));
        }
    }
    for span in dom::all::<Element>("[data-from]") {
        let from = span.get_attribute("data-from").as_deref().and_then(parse);
        let to = span.get_attribute("data-to").as_deref().and_then(parse);
        if let Some(from) = from {
            seconds |= to.is_none();
            put(&span, &duration((to.unwrap_or(now) - from) / 1000.0));
        }
    }
    WRITTEN.set(now);
    SECONDS.set(seconds);
}

/// Fields for a moment speak of the reader's clock; without us they mean UTC.
pub fn moments() {
    for field in dom::all::<HtmlInputElement>("input[data-moment]") {
        if let Some(ms) = field.get_attribute("data-moment").as_deref().and_then(parse)
            && field.value() == field.default_value()
        {
            field.set_value(&local(ms));
        }
    }
    for words in dom::all::<Element>("[data-zone]") {
        put(&words, "");
    }
}

/// What such a field holds, in UTC.
pub fn moment(value: &str) -> Option<String> {
    let date = js_sys::Date::new(&value.into());
    (!date.get_time().is_nan()).then(|| date.to_iso_string().into())
}

fn put(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}
