//! Dialogs: opened by `data-dialog`, closed by `data-close` and Escape; a side sheet has an address, so closing it goes somewhere.

use super::{dom, visit};
use web_sys::{Element, Event, HtmlDialogElement};

/// Listens to dialogs that close.
pub fn listen() {
    dom::on::<Event>("close", |e| {
        let back = dom::target(&e).filter(|d| d.is_connected()).and_then(|d| d.get_attribute("data-back"));
        if let Some(back) = back {
            visit::go(&back);
        }
    });
}

/// Opens the dialog `id`.
pub fn show(id: &str) {
    let found = dom::document().get_element_by_id(id).and_then(|e| wasm_bindgen::JsCast::dyn_into::<HtmlDialogElement>(e).ok());
    if let Some(dialog) = found
        && !dialog.open()
    {
        let _ = dialog.show_modal();
    }
}

/// Closes the dialog around an element.
pub fn close(around: &Element) {
    if let Some(dialog) = dom::around::<HtmlDialogElement>(around, "dialog") {
        dialog.close();
    }
}

/// A sheet comes open from the server, for those without a script: here it is modal.
pub fn raise() {
    for sheet in dom::all::<HtmlDialogElement>("dialog.sheet[open]") {
        if !sheet.matches(":modal").unwrap_or(true) {
            let _ = sheet.remove_attribute("open");
            let _ = sheet.show_modal();
        }
    }
}
