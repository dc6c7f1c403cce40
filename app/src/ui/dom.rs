//! The few things that the browser does for us directly. On the server all of it does nothing.
#![cfg_attr(not(feature = "hydrate"), allow(unused_variables))]

use leptos::{ev, web_sys::HtmlDialogElement};

/// The fields of the form that was submitted, in order; the button that submitted it included. Files are left out.
pub fn form_values(event: &ev::SubmitEvent) -> Vec<(String, String)> {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let Some(form) = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlFormElement>().ok()) else { return Vec::new() };
        let Ok(data) = web_sys::FormData::new_with_form(&form) else { return Vec::new() };
        let Ok(Some(entries)) = js_sys::try_iter(&data) else { return Vec::new() };
        entries
            .flatten()
            .filter_map(|entry| {
                let pair: js_sys::Array = entry.dyn_into().ok()?;
                Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
            })
            .collect()
    }
    #[cfg(not(feature = "hydrate"))]
    Vec::new()
}

/// After a form ended well: empties it where `reset`, and closes the dialog around it.
pub fn form_done(target: Option<FormTarget>, reset: bool) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let Some(form) = target.map(|t| t.0.take()) else { return };
        if reset {
            form.reset();
        }
        if let Some(dialog) = form.closest("dialog.box").ok().flatten().and_then(|d| d.dyn_into::<HtmlDialogElement>().ok()) {
            dialog.close();
        }
    }
}

/// The form of an event, kept over an `await`.
#[cfg(feature = "hydrate")]
#[derive(Clone)]
pub struct FormTarget(send_wrapper::SendWrapper<web_sys::HtmlFormElement>);
/// The form of an event, kept over an `await`.
#[cfg(not(feature = "hydrate"))]
#[derive(Clone)]
pub struct FormTarget;

/// Keeps the form of an event.
pub fn form_target(event: &ev::SubmitEvent) -> Option<FormTarget> {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let form = event.target()?.dyn_into::<web_sys::HtmlFormElement>().ok()?;
        Some(FormTarget(send_wrapper::SendWrapper::new(form)))
    }
    #[cfg(not(feature = "hydrate"))]
    None
}

/// Opens the dialog `id`.
pub fn show_dialog(id: &str) {
    #[cfg(feature = "hydrate")]
    if let Some(dialog) = by_id::<HtmlDialogElement>(id)
        && !dialog.open()
    {
        let _ = dialog.show_modal();
    }
}

/// Closes the dialog `id`.
pub fn close_dialog(id: &str) {
    #[cfg(feature = "hydrate")]
    if let Some(dialog) = by_id::<HtmlDialogElement>(id) {
        dialog.close();
    }
}

/// Closes the dialog around what was clicked.
pub fn close_around(event: &ev::MouseEvent) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let dialog = event
            .target()
            .and_then(|t| t.dyn_into::<web_sys::Element>().ok())
            .and_then(|e| e.closest("dialog").ok().flatten())
            .and_then(|e| e.dyn_into::<HtmlDialogElement>().ok());
        if let Some(dialog) = dialog {
            dialog.close();
        }
    }
}

/// Makes a dialog that was rendered open a modal one.
pub fn make_modal(dialog: &HtmlDialogElement) {
    #[cfg(feature = "hydrate")]
    {
        let _ = dialog.remove_attribute("open");
        let _ = dialog.show_modal();
    }
}

/// Closes every menu but the one that `inside` says the event was in.
pub fn close_menus(event: Option<&ev::MouseEvent>) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let target = event.and_then(|e| e.target()).and_then(|t| t.dyn_into::<web_sys::Element>().ok());
        let Ok(open) = leptos::prelude::document().query_selector_all("details.menu[open]") else { return };
        for i in 0..open.length() {
            let Some(menu) = open.get(i).and_then(|n| n.dyn_into::<web_sys::Element>().ok()) else { continue };
            let within = target.as_ref().is_some_and(|t| menu.contains(Some(t)));
            let chose = target.as_ref().is_some_and(|t| t.closest("a, button").ok().flatten().is_some());
            let keep = target.as_ref().is_some_and(|t| t.closest("[data-keep]").ok().flatten().is_some());
            if !within || (chose && !keep) {
                let _ = menu.remove_attribute("open");
            }
        }
    }
}

/// Whether a key went into a field, or a dialog is open: then it is no shortcut.
pub fn is_typing(event: &ev::KeyboardEvent) -> bool {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let field = event
            .target()
            .and_then(|t| t.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|e| e.closest("input, textarea, select, [contenteditable]").ok().flatten().is_some());
        field || leptos::prelude::document().query_selector("dialog[open]").ok().flatten().is_some()
    }
    #[cfg(not(feature = "hydrate"))]
    false
}

/// Puts the focus on the first element that `selector` finds.
pub fn focus(selector: &str) -> bool {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let found = leptos::prelude::document().query_selector(selector).ok().flatten();
        found.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()).is_some_and(|e| e.focus().is_ok())
    }
    #[cfg(not(feature = "hydrate"))]
    false
}

/// Moves the focus to the row above or below in the table where the focus is.
pub fn step_row(down: bool) -> bool {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let document = leptos::prelude::document();
        let row = document.active_element().and_then(|e| e.closest("tbody > tr").ok().flatten());
        let next = match &row {
            Some(row) if down => row.next_element_sibling(),
            Some(row) => row.previous_element_sibling(),
            None if down => document.query_selector("main tbody > tr").ok().flatten(),
            None => None,
        };
        let link = next.and_then(|r| r.query_selector("a").ok().flatten());
        link.and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok()).is_some_and(|e| e.focus().is_ok())
    }
    #[cfg(not(feature = "hydrate"))]
    false
}

/// Copies text to the clipboard.
pub fn copy(text: &str) {
    #[cfg(feature = "hydrate")]
    {
        // Only there over https and on this machine; where it is missing the text can still be marked by hand.
        let clipboard = js_sys::Reflect::get(&leptos::prelude::window().navigator(), &"clipboard".into()).unwrap_or_default();
        if !clipboard.is_undefined() {
            let _ = leptos::prelude::window().navigator().clipboard().write_text(text);
        }
    }
}

/// What the browser keeps under `key`.
pub fn stored(key: &str) -> Option<String> {
    #[cfg(feature = "hydrate")]
    return leptos::prelude::window().local_storage().ok().flatten()?.get_item(key).ok().flatten();
    #[cfg(not(feature = "hydrate"))]
    None
}

/// Keeps `value` under `key`, and as `data-{key}` of the document; nothing removes both.
pub fn store(key: &str, value: Option<&str>) {
    #[cfg(feature = "hydrate")]
    {
        let storage = leptos::prelude::window().local_storage().ok().flatten();
        let root = leptos::prelude::document().document_element();
        match value {
            Some(value) => {
                storage.map(|s| s.set_item(key, value));
                root.map(|r| r.set_attribute(&format!("data-{key}"), value));
            }
            None => {
                storage.map(|s| s.remove_item(key));
                root.map(|r| r.remove_attribute(&format!("data-{key}")));
            }
        }
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> f64 {
    #[cfg(feature = "hydrate")]
    return js_sys::Date::now();
    #[cfg(not(feature = "hydrate"))]
    0.0
}

/// Minutes that the reader's clock is ahead of UTC at that moment.
pub fn zone_minutes(ms: f64) -> f64 {
    #[cfg(feature = "hydrate")]
    return -js_sys::Date::new(&ms.into()).get_timezone_offset();
    #[cfg(not(feature = "hydrate"))]
    0.0
}

/// Loads another page of this or another origin.
pub fn leave_for(url: &str) {
    #[cfg(feature = "hydrate")]
    let _ = leptos::prelude::window().location().set_href(url);
}

/// Opens an empty window at once (while the click still allows it), to be sent somewhere later.
pub fn open_window() -> Option<Opened> {
    #[cfg(feature = "hydrate")]
    return leptos::prelude::window()
        .open_with_url_and_target("about:blank", "_blank")
        .ok()
        .flatten()
        .map(|w| Opened(send_wrapper::SendWrapper::new(w)));
    #[cfg(not(feature = "hydrate"))]
    None
}

/// A window that [`open_window`] opened.
#[cfg(feature = "hydrate")]
pub struct Opened(send_wrapper::SendWrapper<web_sys::Window>);
/// A window that [`open_window`] opened.
#[cfg(not(feature = "hydrate"))]
pub struct Opened;

impl Opened {
    /// Sends it to `url`.
    pub fn go(self, url: &str) {
        #[cfg(feature = "hydrate")]
        {
            let _ = self.0.set_opener(&wasm_bindgen::JsValue::NULL);
            let _ = self.0.location().set_href(url);
        }
    }
    /// Closes it.
    pub fn close(self) {
        #[cfg(feature = "hydrate")]
        let _ = self.0.close();
    }
}

#[cfg(feature = "hydrate")]
fn by_id<T: wasm_bindgen::JsCast>(id: &str) -> Option<T> {
    leptos::prelude::document().get_element_by_id(id).and_then(|e| wasm_bindgen::JsCast::dyn_into(e).ok())
}

/// Where a pointer is across the element that listens: 0 at its left to 1 at its right.
pub fn pointer_share(event: &ev::PointerEvent) -> Option<f64> {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast;
        let rect = event.current_target()?.dyn_into::<web_sys::Element>().ok()?.get_bounding_client_rect();
        (rect.width() > 0.0).then(|| ((f64::from(event.client_x()) - rect.left()) / rect.width()).clamp(0.0, 1.0))
    }
    #[cfg(not(feature = "hydrate"))]
    None
}

/// Scrolls an element to its end.
pub fn scroll_to_end(element: &leptos::web_sys::HtmlDivElement) {
    #[cfg(feature = "hydrate")]
    element.set_scroll_top(element.scroll_height());
}

/// Whether an element is scrolled to its end, or nearly.
pub fn at_end(element: &leptos::web_sys::HtmlDivElement) -> bool {
    #[cfg(feature = "hydrate")]
    return element.scroll_height() - element.scroll_top() - element.client_height() < 40;
    #[cfg(not(feature = "hydrate"))]
    true
}

/// How far an element is scrolled, pixels.
pub fn scrolled(element: &leptos::web_sys::HtmlDivElement) -> i32 {
    #[cfg(feature = "hydrate")]
    return element.scroll_top();
    #[cfg(not(feature = "hydrate"))]
    0
}

/// Whether the focus is within a row of a table.
pub fn in_row() -> bool {
    #[cfg(feature = "hydrate")]
    return leptos::prelude::document().active_element().and_then(|e| e.closest("tbody > tr").ok().flatten()).is_some();
    #[cfg(not(feature = "hydrate"))]
    false
}

/// Whether the page lies in a tab that nobody looks at.
pub fn hidden() -> bool {
    #[cfg(feature = "hydrate")]
    return leptos::prelude::document().hidden();
    #[cfg(not(feature = "hydrate"))]
    false
}
