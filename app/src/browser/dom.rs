//! Short words for what the browser's objects say at length.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{AddEventListenerOptions, Document, Element, Event, HtmlElement, WheelEvent, Window};

/// The window.
pub fn window() -> Window {
    leptos::prelude::window()
}

/// The document.
pub fn document() -> Document {
    leptos::prelude::document()
}

/// Calls `f` with every such event of the document, for as long as the page lives. Those that do not bubble are caught on their way down.
pub fn on<E: JsCast>(event: &str, f: impl Fn(E) + 'static) {
    listen(&document(), event, f);
}

/// The same of the window.
pub fn on_window<E: JsCast>(event: &str, f: impl Fn(E) + 'static) {
    listen(&window(), event, f);
}

fn listen<E: JsCast>(target: &web_sys::EventTarget, event: &str, f: impl Fn(E) + 'static) {
    let listener = Closure::<dyn Fn(Event)>::new(move |e: Event| f(e.unchecked_into()));
    let options = AddEventListenerOptions::new();
    options.set_capture(matches!(event, "close" | "toggle"));
    add(target, event, listener, &options);
}

/// Calls `f` when something in the page is scrolled, which no event of the document tells on its way up.
pub fn on_scroll_within(f: impl Fn(Element) + 'static) {
    let listener = Closure::<dyn Fn(Event)>::new(move |e: Event| {
        if let Some(element) = target(&e) {
            f(element);
        }
    });
    let options = AddEventListenerOptions::new();
    options.set_capture(true);
    options.set_passive(true);
    add(&document(), "scroll", listener, &options);
}

/// Calls `f` with what the wheel does, which it may keep from the browser.
pub fn on_wheel(f: impl Fn(&WheelEvent) + 'static) {
    let listener = Closure::<dyn Fn(Event)>::new(move |e: Event| f(e.unchecked_ref()));
    let options = AddEventListenerOptions::new();
    options.set_passive(false);
    add(&document(), "wheel", listener, &options);
}

fn add(target: &web_sys::EventTarget, event: &str, listener: Closure<dyn Fn(Event)>, options: &AddEventListenerOptions) {
    let _ = target.add_event_listener_with_callback_and_add_event_listener_options(event, listener.as_ref().unchecked_ref(), options);
    listener.forget();
}

/// What was clicked, pressed, sent.
pub fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// The nearest element around `of`, itself included, that `selector` finds.
pub fn around<T: JsCast>(of: &Element, selector: &str) -> Option<T> {
    of.closest(selector).ok().flatten()?.dyn_into().ok()
}

/// The first that `selector` finds in the document.
pub fn first<T: JsCast>(selector: &str) -> Option<T> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// All that `selector` finds in the document.
pub fn all<T: JsCast>(selector: &str) -> Vec<T> {
    within(document().unchecked_ref(), selector)
}

/// All that `selector` finds below `root`.
pub fn within<T: JsCast>(root: &Element, selector: &str) -> Vec<T> {
    let Ok(found) = root.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|i| found.get(i)?.dyn_into().ok()).collect()
}

/// A new element with a class and a text.
pub fn made(tag: &str, class: &str, text: &str) -> Option<Element> {
    let element = document().create_element(tag).ok()?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    if !text.is_empty() {
        element.set_text_content(Some(text));
    }
    Some(element)
}

/// Shows another text in the code below `place`, which is copied from then on.
pub fn put_code(place: &Element, text: &str) {
    for code in within::<Element>(place, "code") {
        code.set_text_content(Some(text));
    }
    for button in within::<Element>(place, "[data-copy]") {
        let _ = button.set_attribute("data-copy", text);
    }
}

/// Puts the focus there.
pub fn focus(selector: &str) -> bool {
    first::<HtmlElement>(selector).is_some_and(|e| e.focus().is_ok())
}

/// Whether the page lies in a tab that nobody looks at.
pub fn hidden() -> bool {
    document().hidden()
}

/// Milliseconds since 1970.
pub fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// Calls `f` once, later.
pub fn later(millis: u64, f: impl FnOnce() + 'static) {
    leptos::prelude::set_timeout(f, std::time::Duration::from_millis(millis));
}
