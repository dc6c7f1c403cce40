//! Keys: `Ctrl-K` and `/` find, `g` and a letter go places, `j` `k` and the arrows step through rows, Escape closes menus;
//! a page may have keys of its own.

use super::{dialogs, dom, press, visit};
use std::cell::Cell;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlAnchorElement, HtmlElement, KeyboardEvent};

thread_local! {
    /// When `g` was pressed.
    static AFTER_G: Cell<f64> = const { Cell::new(0.0) };
}

/// Listens to keys.
pub fn listen() {
    dom::on::<KeyboardEvent>("keydown", |e| {
        if taken(&e) {
            e.prevent_default();
        }
    });
}

fn taken(e: &KeyboardEvent) -> bool {
    let key = e.key();
    let palette = || {
        dialogs::show("palette");
        true
    };
    if (e.ctrl_key() || e.meta_key()) && key.eq_ignore_ascii_case("k") {
        return palette();
    }
    if key == "Escape" {
        press::close_menus(None);
        return false;
    }
    if e.ctrl_key() || e.meta_key() || e.alt_key() || is_typing(e) {
        return false;
    }
    let waiting = dom::now_ms() - AFTER_G.replace(0.0) < 1500.0;
    // The side nav says which key leads where.
    let place =
        waiting.then(|| dom::first::<HtmlAnchorElement>(&format!("nav.nav a[data-go=\"{}\"]", key.replace(['"', '\\'], "")))).flatten();
    if let Some(place) = place {
        visit::go(&place.get_attribute("href").unwrap_or_default());
        return true;
    }
    match key.as_str() {
        "g" => {
            AFTER_G.set(dom::now_ms());
            true
        }
        "/" => dom::focus("[data-filter]") || palette(),
        "j" => step(true),
        "k" => step(false),
        "ArrowDown" | "ArrowUp" if row().is_some() => step(key == "ArrowDown"),
        other => pressed(other),
    }
}

/// Follows the link of the page that says it is followed with this key.
fn pressed(key: &str) -> bool {
    let link = dom::first::<HtmlAnchorElement>(&format!("main a[href][data-press=\"{}\"]", key.replace(['"', '\\'], "")));
    link.is_some_and(|link| {
        visit::go(&link.get_attribute("href").unwrap_or_default());
        true
    })
}

/// Whether a key went into a field, or a dialog is open: then it is no shortcut.
fn is_typing(e: &KeyboardEvent) -> bool {
    let field = dom::target(e).and_then(|t| dom::around::<Element>(&t, "input, textarea, select, [contenteditable]"));
    field.is_some() || dom::first::<Element>("dialog[open]").is_some()
}

/// The row where the focus is.
fn row() -> Option<Element> {
    dom::around(&dom::document().active_element()?, "tbody > tr")
}

/// Moves the focus to the row above or below.
fn step(down: bool) -> bool {
    let next = match row() {
        Some(row) if down => row.next_element_sibling(),
        Some(row) => row.previous_element_sibling(),
        None if down => dom::first("main tbody > tr"),
        None => None,
    };
    let link = next.and_then(|r| r.query_selector("a").ok().flatten());
    link.and_then(|e| e.dyn_into::<HtmlElement>().ok()).is_some_and(|e| e.focus().is_ok())
}
