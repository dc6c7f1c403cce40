//! From page to page without leaving: the new page is fetched, and what is shown becomes like it.

use super::{
    arrived, dom,
    morph::{self, Fields},
    notices, stream,
};
use crate::api::{Problem, transport::browser::ask};
use std::cell::{Cell, RefCell};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    DomParser, Event, FormData, HtmlAnchorElement, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlTextAreaElement, MouseEvent,
    SubmitEvent, SupportedType, Url, UrlSearchParams,
};

thread_local! {
    /// Grows with each page that is asked for: what an earlier one answers comes too late.
    static ASKED: Cell<u64> = const { Cell::new(0) };
    /// What is on its way.
    static UNDER_WAY: Cell<Option<Way>> = const { Cell::new(None) };
    /// Whether the page is to be read once more when it has come.
    static ONCE_MORE: Cell<bool> = const { Cell::new(false) };
    /// What is shown, as it came.
    static SHOWN: RefCell<String> = const { RefCell::new(String::new()) };
    /// Path and query of what is shown.
    static HERE: RefCell<String> = const { RefCell::new(String::new()) };
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// Another page, in the history.
    To,
    /// The browser went back or forth.
    Back,
    /// The same page again.
    Again,
}

/// Listens to links, to forms that ask for a page, and to the browser's own buttons.
pub fn listen() {
    HERE.set(address());
    dom::on::<MouseEvent>("click", |e| {
        if let Some(url) = followed(&e) {
            e.prevent_default();
            go(&url);
        }
    });
    dom::on::<SubmitEvent>("submit", |e| {
        if let Some(url) = asked_for(&e) {
            e.prevent_default();
            go(&url);
        }
    });
    dom::on_window::<Event>("popstate", |_| {
        // Another place on the same page is the browser's own affair.
        if HERE.with_borrow(|here| *here != address()) {
            load(address(), Way::Back);
        }
    });
}

/// Goes to a page of this server.
pub fn go(url: &str) {
    load(url.to_owned(), Way::To);
}

/// Reads the page again. Never twice at once, and not while another page is on its way.
pub fn again() {
    match UNDER_WAY.get() {
        None => load(address(), Way::Again),
        Some(Way::Again) => ONCE_MORE.set(true),
        Some(Way::To | Way::Back) => {}
    }
}

fn address() -> String {
    let location = dom::window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// Whether an address leads to a page, and not to a file or out of here.
fn is_page(url: &Url) -> bool {
    let away = ["/api/", "/ajax-api/", "/serve/", "/notebook/", "/pkg/"];
    url.origin() == dom::window().location().origin().unwrap_or_default() && !away.iter().any(|start| url.pathname().starts_with(start))
}

/// The page that a click asks for.
fn followed(event: &MouseEvent) -> Option<String> {
    if event.default_prevented() || event.button() != 0 || event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key() {
        return None;
    }
    let link: HtmlAnchorElement = dom::around(&dom::target(event)?, "a[href]")?;
    if !link.target().is_empty() || link.has_attribute("download") || link.rel().contains("external") {
        return None;
    }
    let url = Url::new(&link.href()).ok()?;
    let to = url.pathname() + &url.search();
    // A place on this page.
    if !url.hash().is_empty() && to == address() {
        return None;
    }
    is_page(&url).then_some(to)
}

/// The page that a form asks for; empty fields are left out of its address.
fn asked_for(event: &SubmitEvent) -> Option<String> {
    let form: HtmlFormElement = dom::target(event)?.dyn_into().ok()?;
    if event.default_prevented() || form.method() != "get" {
        return None;
    }
    let url = Url::new(&form.action()).ok().filter(is_page)?;
    let query = UrlSearchParams::new().ok()?;
    for (name, value) in entries(&FormData::new_with_form(&form).ok()?) {
        if !value.is_empty() {
            query.append(&name, &value);
        }
    }
    let query = query.to_string().as_string().filter(|q| !q.is_empty());
    Some(query.map_or_else(|| url.pathname(), |q| format!("{}?{q}", url.pathname())))
}

/// The fields of a form; files are left out.
pub fn entries(data: &FormData) -> Vec<(String, String)> {
    let Ok(Some(entries)) = js_sys::try_iter(data) else { return Vec::new() };
    let pair = |entry: JsValue| {
        let pair: js_sys::Array = entry.dyn_into().ok()?;
        Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
    };
    entries.flatten().filter_map(pair).collect()
}

fn load(url: String, way: Way) {
    let turn = ASKED.get() + 1;
    ASKED.set(turn);
    UNDER_WAY.set(Some(way));
    ONCE_MORE.set(false);
    if way != Way::Again {
        super::press::close_menus(None);
        // Said after a moment: most pages are there before.
        dom::later(150, move || {
            if ASKED.get() == turn {
                waiting(true);
            }
        });
    }
    leptos::task::spawn_local(async move {
        let got = ask("GET", &url, "text/html", None).await;
        if ASKED.get() != turn {
            return;
        }
        ASKED.set(turn + 1);
        UNDER_WAY.set(None);
        waiting(false);
        match got {
            Ok(page) if page.kind.starts_with("text/html") => {
                stream::answers(true);
                show(&page.url, &page.body, way);
            }
            Ok(other) => refused(
                &url,
                way,
                &serde_json::from_str(&other.body).unwrap_or_else(|_| Problem::new(other.status, "The page cannot be shown.")),
            ),
            Err(problem) if way == Way::Again => drop((problem, stream::answers(false))),
            Err(problem) => refused(&url, way, &problem),
        }
        stream::read();
        if ONCE_MORE.take() {
            stream::stale();
        }
    });
}

fn waiting(is: bool) {
    if let Some(page) = dom::first::<HtmlElement>("main") {
        let _ = if is { page.set_attribute("aria-busy", "true") } else { page.remove_attribute("aria-busy") };
    }
}

/// What came instead of the page: the frame stays, the page says it.
fn refused(url: &str, way: Way, problem: &Problem) {
    if way == Way::Again {
        return;
    }
    let Some(page) = dom::first::<HtmlElement>("main") else { return notices::problem(problem) };
    if way == Way::To {
        push(url);
    }
    HERE.set(url.to_owned());
    SHOWN.take();
    page.set_text_content(None);
    for part in [dom::made("h1", "", "Not loaded"), notices::note(problem)].into_iter().flatten() {
        let _ = page.append_child(&part);
    }
    dom::document().set_title("Not loaded · Slipway");
    arrived();
}

/// Whether a form of the page holds what nobody has sent yet.
fn is_typed_in() -> bool {
    let text =
        |i: &HtmlInputElement| matches!(i.type_().as_str(), "text" | "search" | "password" | "number") && i.value() != i.default_value();
    dom::all::<HtmlInputElement>("form[data-api] input").iter().any(text)
        || dom::all::<HtmlTextAreaElement>("form[data-api] textarea").iter().any(|a| a.value() != a.text_content().unwrap_or_default())
}

fn push(url: &str) {
    if let Ok(history) = dom::window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(url));
    }
}

fn show(url: &str, html: &str, way: Way) {
    // What stands around it differs each time and matters only to the document that was loaded.
    let text = html.split_once("</head>").map_or(html, |(_, body)| body).rsplit_once("</body>").map_or(html, |(body, _)| body);
    let same = SHOWN.with_borrow(|shown| shown == text);
    if way == Way::Again && same {
        return;
    }
    let Some(new) = DomParser::new().ok().and_then(|p| p.parse_from_string(html, SupportedType::TextHtml).ok()) else { return };
    let (Some(old), Some(body)) = (dom::document().body(), new.body()) else { return };
    // Signed out meanwhile: what is being typed is not taken away.
    if way == Way::Again && url.starts_with("/sign-in") && is_typed_in() {
        return stream::answers(false);
    }
    let before = HERE.with_borrow(|h| h.split('?').next().unwrap_or_default().to_owned());
    let path = url.split('?').next().unwrap_or_default();
    match way {
        Way::To if HERE.with_borrow(|h| h != url) => push(url),
        // Sent elsewhere: the address says so.
        Way::Back | Way::Again if url != address() => {
            let _ = dom::window().history().map(|h| h.replace_state_with_url(&JsValue::NULL, "", Some(url)));
        }
        _ => {}
    }
    HERE.set(url.to_owned());
    let fields = if way == Way::Again { Fields::Stay } else { Fields::AsRendered };
    morph::children(&old, &body, fields);
    SHOWN.set(text.to_owned());
    dom::document().set_title(&new.title());
    arrived();
    if way == Way::To && path != before {
        dom::window().scroll_to_with_x_and_y(0.0, 0.0);
        // Whoever reads with the keyboard or with a screen reader is at the beginning of the new page.
        if dom::first::<HtmlElement>("dialog[open]").is_none() && !dom::focus("main [autofocus]") {
            dom::focus("main");
        }
    }
}
