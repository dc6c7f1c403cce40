//! Forms that call the API, without leaving the page. What was typed stays when it is refused.

use super::{dom, notices, visit};
use crate::api::{FieldProblem, Problem, template, transport::browser::ask};
use serde_json::Value;
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FormData, HtmlButtonElement, HtmlDialogElement, HtmlElement, HtmlFormElement, SubmitEvent};

thread_local! {
    /// What was posted last and not answered yet, and its key.
    static UNANSWERED: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Listens to forms with `data-api`.
pub fn listen() {
    dom::on::<Event>("change", |e| follow(&e));
    dom::on::<SubmitEvent>("submit", |e| {
        let form = dom::target(&e).and_then(|t| t.dyn_into::<HtmlFormElement>().ok());
        let Some(form) = form.filter(|f| f.has_attribute("data-api")) else { return };
        // A button that asks for the form anew.
        if visit::getter(&e).is_some() {
            return;
        }
        e.prevent_default();
        if form.has_attribute("aria-busy") {
            return;
        }
        let _ = form.set_attribute("aria-busy", "true");
        let button = e.submitter().and_then(|b| b.dyn_into::<HtmlButtonElement>().ok());
        leptos::task::spawn_local(async move {
            match call(&form, button).await {
                // Busy until what follows is shown: a second click does nothing twice.
                Ok(answer) => done(&form, &answer),
                Err(problem) => {
                    let _ = form.remove_attribute("aria-busy");
                    refused(&form, &problem);
                    visit::catch_up();
                }
            }
        });
    });
}

/// Where something is chosen that the rest of the form depends on, it is asked for anew.
fn follow(e: &Event) {
    let around = dom::target(e).and_then(|t| t.closest("[data-follows]").ok().flatten());
    let button = around.and_then(|a| a.query_selector("button[formmethod=get]").ok().flatten());
    if let Some(button) = button.and_then(|b| b.dyn_into::<HtmlButtonElement>().ok()) {
        button.click();
    }
}

/// The fields, and those that only the way of a plain browser needs left out.
fn fields(form: &HtmlFormElement, button: Option<&HtmlButtonElement>) -> Vec<(String, String)> {
    let data = FormData::new_with_form(form).map(|d| visit::entries(&d)).unwrap_or_default();
    let mut all: Vec<_> = data.into_iter().filter(|(k, _)| k != "next" && !k.starts_with('_')).collect();
    all.extend(button.filter(|b| !b.name().is_empty()).map(|b| (b.name(), b.value())));
    all
}

async fn call(form: &HtmlFormElement, button: Option<HtmlButtonElement>) -> Result<Value, Problem> {
    let fields = fields(form, button.as_ref());
    // Of several buttons, each may call something else.
    let own = button.as_ref().and_then(|b| b.get_attribute("formaction"));
    let action = own.or_else(|| form.get_attribute("action")).unwrap_or_default();
    let mut path = template::path(&action, |name| fields.iter().find(|(k, _)| k == name).map(|(_, v)| v.trim().to_owned()));
    let sent = fields.iter().filter(|(k, _)| !action.contains(&format!("{{{k}}}"))).collect::<Vec<_>>();
    let fields_sent = serde_urlencoded::to_string(&sent).unwrap_or_default();
    let method = form.get_attribute("data-api").unwrap_or_default();
    let (mut body, mut key) = (None, None);
    match method.as_str() {
        // What is deleted has no body: its fields lie in the query.
        "DELETE" => path = format!("{path}?{fields_sent}"),
        _ => body = Some(("application/x-www-form-urlencoded", fields_sent.as_str())),
    }
    // The server keeps a hash of what a key came with; passwords are not to be tried against it.
    let open = |k: &str| matches!(k, "password" | "current" | "new");
    if method == "POST" && !sent.iter().any(|(k, _)| open(k)) {
        key = Some(key_of(&format!("{path}\n{fields_sent}")));
    }
    let got = ask(&method, &path, "application/json", body, key.as_deref()).await?;
    if got.status != 409 && got.status < 500 {
        UNANSWERED.take();
    }
    if (200..300).contains(&got.status) {
        return Ok(serde_json::from_str(&got.body).unwrap_or(Value::Null));
    }
    Err(serde_json::from_str(&got.body).unwrap_or_else(|_| Problem::new(got.status, got.body.chars().take(300).collect::<String>())))
}

/// The key of what is sent: the same again where the same was sent before and no answer came.
fn key_of(what: &str) -> String {
    let before = UNANSWERED.with_borrow(|u| u.as_ref().filter(|(sent, _)| sent == what).map(|(_, key)| key.clone()));
    before.unwrap_or_else(|| {
        let key = format!("{}-{}", dom::now_ms(), js_sys::Math::random());
        UNANSWERED.set(Some((what.to_owned(), key.clone())));
        key
    })
}

fn done(form: &HtmlFormElement, answer: &Value) {
    clear(form);
    let typed = fields(form, None);
    let known = |name: &str| template::known(answer, name, |n| typed.iter().find(|(k, _)| k == n).map(|(_, v)| v.as_str()));
    if let Some(say) = form.get_attribute("data-say") {
        notices::say(&template::words(&say, known));
    }
    // Who went elsewhere meanwhile stays there.
    if !form.is_connected() {
        return;
    }
    show_answer(form, answer);
    if form.has_attribute("data-reset") {
        form.reset();
    } else {
        // What was typed is kept by now: the next rendering says what there is.
        let _ = form.set_attribute("data-sent", "");
    }
    if let Some(dialog) = dom::around::<HtmlDialogElement>(form, "dialog.box") {
        dialog.close();
    }
    visit::busy_until_shown(form.clone());
    let next = form.get_attribute("data-next").map(|next| template::path(&next, known));
    match next {
        // Somebody else, or nobody, is signed in from here on: nothing of what was shown before stays.
        Some(next) if form.has_attribute("data-whole") => drop(dom::window().location().set_href(&next)),
        Some(next) => visit::go(&next),
        None => {
            visit::forget_refusal(&typed);
            visit::anew();
        }
    }
}

/// What is told once: a token.
fn show_answer(form: &HtmlFormElement, answer: &Value) {
    let Some(name) = form.get_attribute("data-show") else { return };
    let (Some(text), Some(place)) = (template::of_answer(answer, &name), dom::first::<HtmlElement>(&format!("[data-shown={name}]"))) else {
        return;
    };
    dom::put_code(&place, &text);
    let _ = place.remove_attribute("hidden");
}

fn words(problem: &Problem) -> String {
    problem.hint.as_deref().map_or_else(|| problem.sentence().to_owned(), |h| format!("{} {h}", problem.sentence()))
}

/// Takes away what was wrong before.
fn clear(form: &HtmlFormElement) {
    let _ = form.remove_attribute("data-refused");
    for note in dom::within::<Element>(form, ".wrong, [data-refusal]") {
        note.remove();
    }
    for field in dom::within::<Element>(form, ".field.bad") {
        let _ = field.class_list().remove_1("bad");
    }
    for control in dom::within::<Element>(form, "[aria-invalid]") {
        let _ = control.remove_attribute("aria-invalid");
        let _ = control.remove_attribute("aria-describedby");
    }
}

/// Said beside each field that is wrong, the first of which has the focus; at the end of the form what is about none of them.
fn refused(form: &HtmlFormElement, problem: &Problem) {
    clear(form);
    if form.has_attribute("data-quiet") || !form.is_connected() {
        return notices::problem(problem);
    }
    // Stays as it is until it is sent again: what is read meanwhile does not take away what was said.
    let _ = form.set_attribute("data-refused", "");
    let one = problem.field.clone().map(|field| FieldProblem { field, detail: words(problem) });
    let mut left = if problem.errors.is_empty() { Vec::from_iter(one) } else { problem.errors.clone() };
    let (any, mut first) = (!left.is_empty(), None);
    for control in dom::within::<HtmlElement>(form, "[name]") {
        let name = control.get_attribute("name").unwrap_or_default();
        if let Some(at) = left.iter().position(|error| error.is_of(&name))
            && beside(&control, &left[at].detail).is_some()
        {
            left.remove(at);
            first.get_or_insert(control);
        }
    }
    if let Some(control) = first {
        let _ = control.focus();
    }
    if any && left.is_empty() {
        return;
    }
    if let Some(note) = notices::note(problem) {
        let _ = note.set_attribute("data-refusal", "");
        let _ = form.append_child(&note);
    }
}

fn beside(control: &HtmlElement, words: &str) -> Option<()> {
    let field: Element = dom::around(control, ".field")?;
    // A field within what is folded up is not seen.
    if let Some(folded) = dom::around::<Element>(control, "details") {
        let _ = folded.set_attribute("open", "");
    }
    let wrong = dom::made("span", "wrong", words)?;
    wrong.set_id(&format!("{}-wrong", control.id()));
    let _ = wrong.set_attribute("role", "alert");
    let _ = field.class_list().add_1("bad");
    let _ = control.set_attribute("aria-invalid", "true");
    let _ = control.set_attribute("aria-describedby", &wrong.id());
    control.after_with_node_1(&wrong).ok()
}
