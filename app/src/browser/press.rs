//! Buttons that act in the page alone: they open and close, copy, fold, and choose the theme.

use super::{dialogs, dom, notices, preview};
use web_sys::{Element, MouseEvent};

/// Listens to clicks.
pub fn listen() {
    dom::on::<MouseEvent>("click", |e| {
        let Some(target) = dom::target(&e) else { return };
        close_menus(Some(&target));
        if let Some(button) = dom::around::<Element>(&target, "button") {
            press(&button);
        }
    });
}

fn press(button: &Element) {
    let says = |name: &str| button.get_attribute(name);
    if let Some(id) = says("data-dialog") {
        // A browser that knows `commandfor` opens it by itself.
        if says("commandfor").is_none() || !js_sys::Reflect::has(button, &"commandForElement".into()).unwrap_or_default() {
            dialogs::show(&id);
        }
    } else if says("data-close").is_some() {
        dialogs::close(button);
    } else if let Some(text) = says("data-copy") {
        copy(button, &text);
    } else if let Some(theme) = says("data-theme-choice") {
        store("theme", Some(theme.as_str()).filter(|t| !t.is_empty()));
        show_theme();
    } else if says("data-fold").is_some() {
        let folded = stored("nav").as_deref() == Some("folded");
        store("nav", (!folded).then_some("folded"));
    } else if let Some(area) = says("data-preview") {
        preview::show(button, &area);
    } else if says("data-dismiss").is_some()
        && let Some(notice) = dom::around::<Element>(button, ".toast")
    {
        notice.remove();
    }
}

/// Closes every menu but the one around what was clicked.
pub fn close_menus(target: Option<&Element>) {
    for menu in dom::all::<Element>("details.menu[open]") {
        let within = target.is_some_and(|t| menu.contains(Some(t)));
        let chose = target.is_some_and(|t| dom::around::<Element>(t, "a, button").is_some());
        let keep = target.is_some_and(|t| dom::around::<Element>(t, "[data-keep]").is_some());
        if !within || (chose && !keep) {
            let _ = menu.remove_attribute("open");
        }
    }
}

fn copy(button: &Element, text: &str) {
    let navigator = dom::window().navigator();
    // Only there over https and on this machine.
    if !js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|c| !c.is_undefined()) {
        return notices::say("Not copied: browsers copy for pages over https only. Mark the text and copy it yourself.");
    }
    let _ = navigator.clipboard().write_text(text);
    let before = button.get_attribute("aria-label").unwrap_or_default();
    if button.class_list().contains("done") {
        return;
    }
    let _ = button.class_list().add_1("done");
    let _ = button.set_attribute("aria-label", "Copied");
    let button = button.clone();
    dom::later(1500, move || {
        let _ = button.class_list().remove_1("done");
        let _ = button.set_attribute("aria-label", &before);
    });
}

/// Says which theme is chosen.
pub fn show_theme() {
    let now = stored("theme").unwrap_or_default();
    for button in dom::all::<Element>("[data-theme-choice]") {
        let is = button.get_attribute("data-theme-choice").as_deref() == Some(&now);
        let _ = button.set_attribute("aria-pressed", if is { "true" } else { "false" });
    }
}

fn stored(key: &str) -> Option<String> {
    dom::window().local_storage().ok().flatten()?.get_item(key).ok().flatten()
}

/// Keeps `value` under `key`, and as `data-{key}` of the document; nothing removes both.
fn store(key: &str, value: Option<&str>) {
    let storage = dom::window().local_storage().ok().flatten();
    let Some(root) = dom::document().document_element() else { return };
    let name = format!("data-{key}");
    let _ = match value {
        Some(value) => (storage.map(|s| s.set_item(key, value)), root.set_attribute(&name, value)),
        None => (storage.map(|s| s.remove_item(key)), root.remove_attribute(&name)),
    };
}
