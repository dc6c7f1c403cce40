//! From page to page without leaving: the new page is fetched, and what is shown becomes like it.

use super::{
    arrived, clock, dom, living,
    morph::{self, Fields},
    notices, stream,
};
use crate::api::{Problem, template::WRONG, transport::browser::ask};
use std::cell::{Cell, RefCell};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    DomParser, Element, Event, FormData, HtmlButtonElement, HtmlDialogElement, HtmlElement, HtmlFormElement, MouseEvent, ScrollRestoration,
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
    /// Forms that were answered, and wait for the page that follows.
    static BUSY: RefCell<Vec<HtmlFormElement>> = const { RefCell::new(Vec::new()) };
    /// Whether the history is about to be told how far the page is scrolled.
    static TOLD_SOON: Cell<bool> = const { Cell::new(false) };
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
        // Another place on the same page was there all the time.
        if HERE.with_borrow(|here| *here == address()) {
            scroll_back();
        } else {
            load(address(), Way::Back);
        }
    });
    // The page that one comes back to is there only later than the browser would scroll it.
    if let Ok(history) = dom::window().history() {
        let _ = history.set_scroll_restoration(ScrollRestoration::Manual);
    }
    scroll_back();
    dom::on::<Event>("scroll", |_| {
        if !TOLD_SOON.replace(true) {
            dom::later(150, || {
                TOLD_SOON.set(false);
                if matches!(UNDER_WAY.get(), None | Some(Way::Again)) {
                    tell_history();
                }
            });
        }
    });
}

/// Keeps in the history how far the page is scrolled.
fn tell_history() {
    let window = dom::window();
    if let (Ok(history), Ok(y)) = (window.history(), window.scroll_y()) {
        let _ = history.replace_state_with_url(&y.into(), "", None);
    }
}

/// Scrolls to where the page was left.
fn scroll_back() {
    if let Some(y) = dom::window().history().and_then(|h| h.state()).ok().and_then(|s| s.as_f64()) {
        dom::window().scroll_to_with_x_and_y(0.0, y);
    }
}

/// Goes to a page of this server.
pub fn go(url: &str) {
    load(url.to_owned(), Way::To);
}

/// Reads the page again. Never twice at once: what is on its way may be older than what changed. Nor while something is sent that leads elsewhere:
/// what the page shows may be what is being deleted.
pub fn again() {
    let leads_away = || dom::first::<HtmlFormElement>("form[data-api][data-next][aria-busy]").is_some();
    if UNDER_WAY.get().is_some() || leads_away() {
        ONCE_MORE.set(true);
    } else {
        load(address(), Way::Again);
    }
}

/// Reads the page again where that was put off.
pub fn catch_up() {
    if UNDER_WAY.get().is_none() && ONCE_MORE.take() {
        stream::stale();
    }
}

/// Reads the page again, and shows it also where nothing of it changed: a form holds what there is.
pub fn anew() {
    SHOWN.take();
    match UNDER_WAY.get() {
        None => load(address(), Way::Again),
        Some(_) => ONCE_MORE.set(true),
    }
}

/// The form is busy until the next page is shown.
pub fn busy_until_shown(form: HtmlFormElement) {
    BUSY.with_borrow_mut(|busy| busy.push(form));
}

/// Takes what an earlier refusal left in the address out of it: it is mended.
pub fn forget_refusal(typed: &[(String, String)]) {
    let Some(url) = dom::window().location().href().and_then(|h| Url::new(&h)).ok().filter(|u| u.search_params().has("problem")) else {
        return;
    };
    for name in ["problem", "field", "hint", "_form"].into_iter().chain(typed.iter().map(|(k, _)| k.as_str())) {
        url.search_params().delete(name);
        url.search_params().delete(&format!("{WRONG}{name}"));
    }
    replace(&(url.pathname() + &url.search()));
    HERE.set(address());
}

fn replace(url: &str) {
    let _ = dom::window().history().and_then(|h| h.replace_state_with_url(&h.state()?, "", Some(url)));
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
    // A link of a drawing is no link of HTML, and says the same.
    let link: Element = dom::around(&dom::target(event)?, "a[href]")?;
    let says = |name: &str| link.get_attribute(name).unwrap_or_default();
    if !says("target").is_empty() || link.has_attribute("download") || says("rel").contains("external") {
        return None;
    }
    let url = Url::new_with_base(&says("href"), &dom::window().location().href().ok()?).ok()?;
    let to = url.pathname() + &url.search();
    // Closing gives the focus back to where the sheet was opened, and goes there.
    if let Some(sheet) = dom::around::<HtmlDialogElement>(&link, "dialog.sheet[open]")
        && sheet.get_attribute("data-back").as_deref() == Some(to.as_str())
    {
        event.prevent_default();
        sheet.close();
        return None;
    }
    // A place on this page.
    if !url.hash().is_empty() && to == address() {
        return None;
    }
    is_page(&url).then_some(to)
}

/// The button that was pressed, where it asks for a page whatever its form does.
pub fn getter(event: &SubmitEvent) -> Option<HtmlButtonElement> {
    let button = event.submitter()?.dyn_into::<HtmlButtonElement>().ok()?;
    (button.get_attribute("formmethod").as_deref() == Some("get")).then_some(button)
}

/// The page that a form asks for; empty fields are left out of its address.
fn asked_for(event: &SubmitEvent) -> Option<String> {
    let form: HtmlFormElement = dom::target(event)?.dyn_into().ok()?;
    // The attributes: a field called `action` or `method` hides what the form says under that name.
    let getter = getter(event);
    let own = |name: &str| getter.as_ref().and_then(|b| b.get_attribute(&format!("form{name}")));
    let says = |name: &str| own(name).or_else(|| form.get_attribute(name)).unwrap_or_default();
    if event.default_prevented() || !matches!(says("method").as_str(), "" | "get") {
        return None;
    }
    let url = Url::new_with_base(&says("action"), &dom::window().location().href().ok()?).ok().filter(is_page)?;
    let query = UrlSearchParams::new().ok()?;
    let beside = getter.as_ref().filter(|b| !b.name().is_empty()).map(|b| (b.name(), b.value()));
    // What a form says to a plain browser alone, and what depends on what was chosen before. A name that would need quoting is none of those.
    let field = |of: &str, name: &str| form.query_selector(&format!("{of}[name=\"{name}\"]")).ok().flatten();
    let stays = |name: &str| getter.is_none() || !(matches!(name, "next" | "_method") || field("[data-depends] ", name).is_some());
    for (name, value) in entries(&FormData::new_with_form(&form).ok()?).into_iter().filter(|(name, _)| stays(name)).chain(beside) {
        let moment = field("input[data-moment]", &name).and_then(|_| clock::moment(&value));
        let value = moment.unwrap_or(value);
        if !value.is_empty() {
            query.append(&name, &value);
        }
    }
    let _ = form.set_attribute(morph::ASKS, "");
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
        let got = ask("GET", &url, "text/html", None, None).await;
        if ASKED.get() != turn {
            return;
        }
        ASKED.set(turn + 1);
        UNDER_WAY.set(None);
        waiting(false);
        let problem = match got {
            // What stands between us and the server has pages of its own to say that it is away.
            Ok(page) if page.kind.starts_with("text/html") && page.status < 500 && show(&page.url, &page.body, way) => None,
            Ok(other) => {
                let unknown = |_| Problem::new(other.status, "What was answered is no page of Slipway.").hint("Try again in a moment.");
                Some(serde_json::from_str(&other.body).unwrap_or_else(unknown))
            }
            Err(problem) => Some(problem),
        };
        match problem {
            None => {}
            Some(_) if way == Way::Again => stream::answers(false),
            Some(problem) => {
                if problem.status == 0 {
                    stream::answers(false);
                }
                refused(&url, way, &problem);
            }
        }
        for form in BUSY.take() {
            let _ = form.remove_attribute("aria-busy");
        }
        stream::read();
        catch_up();
    });
}

fn waiting(is: bool) {
    if let Some(page) = dom::first::<HtmlElement>("main") {
        let _ = if is { page.set_attribute("aria-busy", "true") } else { page.remove_attribute("aria-busy") };
    }
}

/// What came instead of the page: the frame stays, the page says it.
fn refused(url: &str, way: Way, problem: &Problem) {
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
    dom::all::<HtmlFormElement>("form[data-api]").iter().any(morph::is_typed_in)
}

fn push(url: &str) {
    tell_history();
    if let Ok(history) = dom::window().history() {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(url));
    }
}

/// Shows a page that came; false where it is none of ours.
fn show(url: &str, html: &str, way: Way) -> bool {
    // What stands around it differs each time and matters only to the document that was loaded.
    let text = html.split_once("</head>").map_or(html, |(_, body)| body).rsplit_once("</body>").map_or(html, |(body, _)| body);
    if way == Way::Again && SHOWN.with_borrow(|shown| shown == text) {
        stream::answers(true);
        return true;
    }
    let Some(new) = DomParser::new().ok().and_then(|p| p.parse_from_string(html, SupportedType::TextHtml).ok()) else { return false };
    let (Some(old), Some(body)) = (dom::document().body(), new.body()) else { return false };
    if !new.query_selector("main#page, main.door").is_ok_and(|m| m.is_some()) {
        return false;
    }
    // Signed out meanwhile: what is being typed is not taken away.
    if way == Way::Again && url.starts_with("/sign-in") && is_typed_in() {
        stream::signed_out();
        return true;
    }
    stream::answers(true);
    let before = HERE.with_borrow(|h| h.split('?').next().unwrap_or_default().to_owned());
    let elsewhere = url.split('?').next().unwrap_or_default() != before;
    match way {
        Way::To if HERE.with_borrow(|h| h != url) => push(url),
        // Sent elsewhere: the address says so.
        Way::Back | Way::Again if url != address() => replace(url),
        _ => {}
    }
    HERE.set(url.to_owned());
    let followed = BUSY.with_borrow(|b| !b.is_empty()) || dom::first::<Element>("dialog.sheet[open]").is_some();
    if elsewhere {
        // A dialog of the same id on the next page is another one.
        for dialog in dom::all::<HtmlDialogElement>("dialog.box[open]") {
            dialog.close();
        }
        living::elsewhere();
    }
    let fields = match way {
        Way::Again => Fields::Stay,
        Way::To if !elsewhere => Fields::Asked,
        Way::To | Way::Back => Fields::AsRendered,
    };
    morph::children(&old, &body, fields);
    SHOWN.set(text.to_owned());
    dom::document().set_title(&new.title());
    arrived();
    let open = dom::first::<Element>("dialog[open]").is_some();
    if way == Way::To && elsewhere {
        dom::window().scroll_to_with_x_and_y(0.0, 0.0);
        // Whoever reads with the keyboard or with a screen reader is at the beginning of the new page.
        if !open && !dom::focus("main [autofocus]") {
            dom::focus("main");
        }
    } else if way == Way::Back {
        scroll_back();
    }
    // What had the focus is gone with the sheet, or with the row.
    if followed && !open && dom::document().active_element().is_none_or(|e| e.tag_name() == "BODY") {
        dom::focus("main");
    }
    true
}
