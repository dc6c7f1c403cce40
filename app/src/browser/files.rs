//! A file that is chosen is read into a text of the same form, where it can be looked at before it is sent.

use super::{dom, notices};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, HtmlInputElement, HtmlTextAreaElement};

/// Listens to fields with `data-into`: the id of the text.
pub fn listen() {
    dom::on::<Event>("change", |e| {
        let Some(field) = dom::target(&e).and_then(|t| dom::around::<HtmlInputElement>(&t, "input[type=file][data-into]")) else { return };
        let into = field.get_attribute("data-into").and_then(|id| dom::first::<HtmlTextAreaElement>(&format!("[id=\"{id}\"]")));
        let (Some(file), Some(into)) = (field.files().and_then(|f| f.get(0)), into) else { return };
        leptos::task::spawn_local(async move {
            match JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string()) {
                Some(text) => into.set_value(&text),
                None => notices::say("The file could not be read."),
            }
        });
    });
}
