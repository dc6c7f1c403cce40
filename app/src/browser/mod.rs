//! The dashboard in the browser. The server renders every page, and what a form or a link does works without us. With us the page stays:
//! links and forms answer within it (`visit`, `send`), what changes on the server appears (`stream`), and a few parts live on their own
//! (`living`). Everything listens on the document, so that what a new rendering brings works at once.

mod clock;
mod dialogs;
mod dom;
mod files;
mod graph;
mod keys;
mod living;
mod morph;
mod notices;
mod press;
mod preview;
mod schedule;
mod send;
mod stream;
mod tabs;
mod visit;

use wasm_bindgen::prelude::wasm_bindgen;

/// Begins, once the module is loaded: the document has been read by then.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    living::begin();
    graph::listen();
    press::listen();
    keys::listen();
    send::listen();
    files::listen();
    schedule::listen();
    dialogs::listen();
    visit::listen();
    clock::begin();
    stream::begin();
    arrived();
    // For whoever drives the page: from here on it answers by itself.
    if let Some(root) = dom::document().document_element() {
        let _ = root.set_attribute("data-started", "");
    }
}

/// What a rendering that just arrived needs.
fn arrived() {
    living::settle();
    clock::tick();
    clock::moments();
    dialogs::raise();
    press::show_theme();
    stream::watch();
    tabs::settle();
    graph::settle();
}
