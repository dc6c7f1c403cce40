//! Makes what is shown like a new rendering of it, and keeps what the reader is at: nodes that stay are the same nodes, so focus, text
//! that was typed, open dialogs and scrolled boxes stay. Written here: no crate does it to the browser's own nodes, and a renderer that
//! knows its tree ahead (leptos) is what this spares the browser.

use super::{dom, living};
use std::collections::{HashMap, HashSet};
use wasm_bindgen::JsCast;
use web_sys::{CharacterData, Element, HtmlInputElement, HtmlOptionElement, HtmlTextAreaElement, Node};

/// What fields become.
#[derive(Clone, Copy, PartialEq)]
pub enum Fields {
    /// What was typed and chosen stays: the same page again.
    Stay,
    /// They hold what the rendering says: another page.
    AsRendered,
}

/// Makes the children of `old` like those of `new`, which is used up.
pub fn children(old: &Node, new: &Node, fields: Fields) {
    let wanted: HashSet<String> = nodes(new).iter().filter_map(key).collect();
    let mut keyed: HashMap<String, Node> = nodes(old).into_iter().filter_map(|n| Some((key(&n)?, n))).collect();
    let mut at = old.first_child();
    for node in nodes(new) {
        // What is no longer wanted goes at once: what stays behind it is then not moved, and keeps the focus.
        while let Some(gone) = at.as_ref().filter(|a| key(a).is_some_and(|k| !wanted.contains(&k))) {
            let next = gone.next_sibling();
            let _ = old.remove_child(gone);
            at = next;
        }
        let found = match key(&node) {
            Some(k) => keyed.remove(&k),
            None => unkeyed(at.as_ref(), &node),
        };
        match found.filter(|f| alike(f, &node)) {
            Some(found) => {
                if at.as_ref().is_some_and(|a| a.is_same_node(Some(&found))) {
                    at = found.next_sibling();
                } else {
                    let _ = old.insert_before(&found, at.as_ref());
                }
                one(&found, &node, fields);
            }
            None => drop(old.insert_before(&node, at.as_ref())),
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

/// The first from `at` on that has no key and is of the same kind.
fn unkeyed(at: Option<&Node>, like: &Node) -> Option<Node> {
    let mut at = at.cloned();
    while let Some(node) = at {
        if key(&node).is_none() && alike(&node, like) {
            return Some(node);
        }
        at = node.next_sibling();
    }
    None
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
            (Some(a), Some(b)) => a.get_attribute("data-island") == b.get_attribute("data-island"),
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
    attributes(o, n);
    children(old, new, fields);
    if fields == Fields::AsRendered {
        as_rendered(o);
    }
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
        area.set_value(&area.text_content().unwrap_or_default());
    } else if element.tag_name() == "SELECT" {
        let options: Vec<HtmlOptionElement> = dom::within(element, "option");
        let chosen = options.iter().position(|o| o.has_attribute("selected")).unwrap_or(0);
        for (i, option) in options.iter().enumerate() {
            option.set_selected(i == chosen);
        }
    }
}
