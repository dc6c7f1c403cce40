//! Makes what is shown like a new rendering of it, and keeps what the reader is at: nodes that stay are the same nodes, so focus, text
//! that was typed, open dialogs and scrolled boxes stay. Written here: no crate does it to the browser's own nodes, and a renderer that
//! knows its tree ahead (leptos) is what this spares the browser.

use super::{dom, living};
use std::collections::{HashMap, HashSet};
use wasm_bindgen::JsCast;
use web_sys::{CharacterData, Element, HtmlFormElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, Node};

/// Marks the form that a page is asked for by, until that has come.
pub const ASKS: &str = "data-asks";

/// What fields become.
#[derive(Clone, Copy, PartialEq)]
pub enum Fields {
    /// What was typed and chosen stays: the same page again.
    Stay,
    /// The same within a form that holds what nobody has sent yet: what it knows of the object (its revision) stays as well, so that
    /// nothing is overwritten that the reader has not seen.
    Typed,
    /// They hold what the rendering says, but for forms to the API that hold what nobody has sent yet: the same page, asked for otherwise, while
    /// the reader was at something else in it.
    Asked,
    /// The same within the form for whose sake the page is asked for: what depends on what was chosen in it (`data-depends`) keeps what was typed
    /// where it is there still, the rest holds what the rendering says.
    Chosen,
    /// They hold what the rendering says: another page.
    AsRendered,
}

/// Makes the children of `old` like those of `new`, which is used up.
pub fn children(old: &Node, new: &Node, fields: Fields) {
    let wanted: HashSet<String> = nodes(new).iter().filter_map(key).collect();
    let mut keyed: HashMap<String, Node> = nodes(old).into_iter().filter_map(|n| Some((key(&n)?, n))).collect();
    let mut at = old.first_child();
    let news = nodes(new);
    for (i, node) in news.iter().enumerate() {
        // What is no longer wanted goes at once: what stays behind it is then not moved, and keeps the focus.
        while let Some(gone) = at.as_ref().filter(|a| key(a).is_some_and(|k| !wanted.contains(&k))) {
            let next = gone.next_sibling();
            let _ = old.remove_child(gone);
            at = next;
        }
        let found = match key(node) {
            Some(k) => keyed.remove(&k),
            None => unkeyed(at.as_ref(), node),
        };
        match found.filter(|f| alike(f, node)) {
            Some(found) => {
                if key(node).is_none() {
                    at = skipped(old, at, &found, &news[i + 1..]);
                }
                if at.as_ref().is_some_and(|a| a.is_same_node(Some(&found))) {
                    at = found.next_sibling();
                } else {
                    let _ = old.insert_before(&found, at.as_ref());
                }
                one(&found, node, fields);
            }
            None => drop(old.insert_before(node, at.as_ref())),
        }
    }
    while let Some(rest) = at {
        at = rest.next_sibling();
        let _ = old.remove_child(&rest);
    }
}

fn nodes(of: &Node) -> Vec<Node> {
    let list = of.child_nodes();
    (0..list.length()).filter_map(|i| list.get(i)).collect()
}

/// The first from `at` on that has no key and is of the same kind: a note that appears is not what stood in its place.
fn unkeyed(at: Option<&Node>, like: &Node) -> Option<Node> {
    let mut at = at.cloned();
    while let Some(node) = at {
        if same_kind(&node, like) {
            return Some(node);
        }
        at = node.next_sibling();
    }
    None
}

/// Removes what lies from `at` to `found` and has no place among those that `come`, so that `found` is not moved and keeps the focus.
fn skipped(old: &Node, at: Option<Node>, found: &Node, come: &[Node]) -> Option<Node> {
    let mut at = at;
    while let Some(node) = at.take_if(|a| !a.is_same_node(Some(found))) {
        if key(&node).is_some() || come.iter().any(|c| same_kind(&node, c)) {
            return Some(node);
        }
        at = node.next_sibling();
        let _ = old.remove_child(&node);
    }
    at
}

/// Whether an unkeyed node may become like another: the same element with the same leading class.
fn same_kind(node: &Node, like: &Node) -> bool {
    let class = |n: &Node| n.dyn_ref::<Element>().and_then(|e| e.class_list().item(0));
    key(node).is_none() && key(like).is_none() && alike(node, like) && class(node) == class(like)
}

/// What tells a node from its siblings: its id, or what a row or a line leads to.
fn key(node: &Node) -> Option<String> {
    let element: &Element = node.dyn_ref()?;
    let own = |e: &Element, name: &str| e.get_attribute(name).filter(|v| !v.is_empty());
    if let Some(key) = own(element, "data-key").or_else(|| own(element, "id")) {
        return Some(key);
    }
    if !matches!(element.tag_name().as_str(), "TR" | "LI") {
        return None;
    }
    let inner = element.query_selector("a[href], [id]").ok().flatten()?;
    own(&inner, "href").or_else(|| own(&inner, "id"))
}

fn alike(a: &Node, b: &Node) -> bool {
    a.node_name() == b.node_name()
        && match (a.dyn_ref::<Element>(), b.dyn_ref::<Element>()) {
            (Some(a), Some(b)) => {
                a.get_attribute("data-island") == b.get_attribute("data-island")
                    && a.has_attribute("data-own") == b.has_attribute("data-own")
            }
            _ => true,
        }
}

fn one(old: &Node, new: &Node, fields: Fields) {
    let (Some(o), Some(n)) = (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) else {
        if let (Some(o), Some(n)) = (old.dyn_ref::<CharacterData>(), new.dyn_ref::<CharacterData>())
            && o.data() != n.data()
        {
            o.set_data(&n.data());
        }
        return;
    };
    // Ours, not the server's: notices, the state of the connection, the theme.
    if o.has_attribute("data-own") {
        return;
    }
    if o.has_attribute("data-island") {
        living::give(o, n);
        return;
    }
    // The clock wrote these in the reader's words.
    let clocked = ["datetime", "data-from"].iter().any(|name| o.has_attribute(name));
    if clocked && ["datetime", "data-from", "data-to"].iter().all(|name| o.get_attribute(name) == n.get_attribute(name)) {
        return;
    }
    // What is seen of a form that is being filled in, and what it says of that, belong together.
    if fields == Fields::Typed && matches!(o.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT") {
        return;
    }
    let fields = match o.dyn_ref::<HtmlFormElement>() {
        Some(form) if fields == Fields::Stay => match within(form) {
            Some(fields) => fields,
            None => return,
        },
        Some(form) if fields == Fields::Asked && form.has_attribute(ASKS) => Fields::Chosen,
        Some(form) if fields == Fields::Asked && is_left_alone(form) && asks_the_same(form, n) => Fields::Typed,
        _ => fields,
    };
    let stays = fields == Fields::Chosen && is_changed(o) && o.closest("[data-depends]").is_ok_and(|around| around.is_some());
    attributes(o, n);
    children(old, new, fields);
    if matches!(fields, Fields::Asked | Fields::Chosen | Fields::AsRendered) && !stays {
        as_rendered(o);
    }
}

/// What becomes of the fields of a form of the same page; nothing where it was refused and stays as it is.
fn within(form: &HtmlFormElement) -> Option<Fields> {
    if form.has_attribute("data-refused") {
        None
    } else if form.has_attribute("data-sent") {
        Some(Fields::AsRendered)
    } else {
        // What was typed once and sent keeps its text, whatever its attribute says: it is told.
        Some(if is_typed_in(form) { Fields::Typed } else { Fields::AsRendered })
    }
}

/// Whether a form holds what nobody has sent yet, and is not the one for whose sake the page is asked for.
fn is_left_alone(form: &HtmlFormElement) -> bool {
    form.has_attribute("data-api") && !["data-sent", ASKS].iter().any(|name| form.has_attribute(name)) && is_typed_in(form)
}

/// Whether another rendering of a form is about the same object, as far as it was known: a form of the same name may be about another one.
fn asks_the_same(form: &Element, new: &Element) -> bool {
    let rendered = |form: &Element| {
        let control = |e: Element| {
            let first = e.dyn_ref::<HtmlTextAreaElement>().map(|a| a.default_value().unwrap_or_default());
            (e.get_attribute("name"), e.get_attribute("value").or(first))
        };
        // Each change of the object counts its revision on.
        dom::within::<Element>(form, "[name]:not([name=revision])").into_iter().map(control).collect::<Vec<_>>()
    };
    form.get_attribute("action") == new.get_attribute("action") && rendered(form) == rendered(new)
}

/// Whether a form holds what nobody has sent yet.
pub fn is_typed_in(form: &HtmlFormElement) -> bool {
    dom::within::<Element>(form, "input, textarea, select").iter().any(is_changed)
}

/// Whether a field holds something else than its rendering says.
fn is_changed(field: &Element) -> bool {
    if let Some(input) = field.dyn_ref::<HtmlInputElement>() {
        match input.type_().as_str() {
            "checkbox" | "radio" => input.checked() != input.default_checked(),
            "hidden" => false,
            _ => input.value() != input.default_value(),
        }
    } else if let Some(area) = field.dyn_ref::<HtmlTextAreaElement>() {
        area.default_value().is_ok_and(|first| area.value() != first)
    } else {
        field.dyn_ref::<HtmlSelectElement>().is_some_and(|select| select.selected_index() != chosen(select))
    }
}

/// Which option a rendering says is chosen.
fn chosen(select: &Element) -> i32 {
    let options: Vec<Element> = dom::within(select, "option");
    options.iter().position(|o| o.has_attribute("selected")).and_then(|i| i32::try_from(i).ok()).unwrap_or(0)
}

/// What opens and closes by itself keeps how it is.
fn attributes(old: &Element, new: &Element) {
    let opens = matches!(old.tag_name().as_str(), "DIALOG" | "DETAILS");
    let names = |e: &Element| e.get_attribute_names().iter().filter_map(|n| n.as_string()).collect::<Vec<_>>();
    for name in names(new) {
        let value = new.get_attribute(&name).unwrap_or_default();
        if !(opens && name == "open") && old.get_attribute(&name).as_ref() != Some(&value) {
            let _ = old.set_attribute(&name, &value);
        }
    }
    for name in names(old) {
        if !(opens && name == "open") && name != "aria-busy" && !new.has_attribute(&name) {
            let _ = old.remove_attribute(&name);
        }
    }
}

fn as_rendered(element: &Element) {
    if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        match input.type_().as_str() {
            "checkbox" | "radio" => input.set_checked(input.has_attribute("checked")),
            "hidden" | "file" => {}
            _ => input.set_value(&input.get_attribute("value").unwrap_or_default()),
        }
    } else if let Some(area) = element.dyn_ref::<HtmlTextAreaElement>() {
        area.set_value(&area.default_value().unwrap_or_default());
    } else if let Some(select) = element.dyn_ref::<HtmlSelectElement>() {
        select.set_selected_index(chosen(select));
    }
}
