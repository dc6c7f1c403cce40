//! Short notices at the edge of the page, read out by screen readers; and problems in place.

use super::dom;
use crate::api::Problem;
use web_sys::Element;

/// Says that something was done.
pub fn say(text: &str) {
    push("", text, 4000);
}

/// Says that something went wrong.
pub fn problem(problem: &Problem) {
    let hint = problem.hint.as_deref().map(|h| format!(" {h}")).unwrap_or_default();
    push("red", &format!("{}{hint}", problem.sentence()), 12_000);
}

fn push(tone: &str, text: &str, millis: u64) {
    let make = || {
        let (region, toast) = (dom::first::<Element>(".toasts")?, dom::made("div", &format!("toast {tone}"), "")?);
        let dismiss = dom::made("button", "btn bare icon small", "×")?;
        dismiss.set_attribute("type", "button").ok()?;
        dismiss.set_attribute("aria-label", "Dismiss").ok()?;
        dismiss.set_attribute("data-dismiss", "").ok()?;
        toast.append_child(dom::made("span", "", text)?.as_ref()).ok()?;
        toast.append_child(&dismiss).ok()?;
        region.append_child(&toast).ok()?;
        Some(toast)
    };
    if let Some(toast) = make() {
        dom::later(millis, move || toast.remove());
    }
}

/// A problem as pages show it.
pub fn note(problem: &Problem) -> Option<Element> {
    let note = dom::made("div", "note red", "")?;
    note.set_attribute("role", "alert").ok()?;
    note.append_child(dom::made("span", "", problem.sentence())?.as_ref()).ok()?;
    if let Some(hint) = &problem.hint {
        note.append_child(dom::made("span", "hint", hint)?.as_ref()).ok()?;
    }
    Some(note)
}
