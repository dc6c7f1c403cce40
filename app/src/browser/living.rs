//! The parts of a page that live on their own (`islands`): each is taken over where the server rendered it, and given what later
//! renderings say.

use super::dom;
use crate::{
    api::{Client, transport::browser::Browser},
    islands::{self, Crosshair},
};
use leptos::{
    mount::{UnmountHandle, mount_to},
    prelude::*,
};
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

type View = UnmountHandle<<AnyView as Render>::State>;

struct Living {
    element: HtmlElement,
    props: RwSignal<String>,
    /// Nothing while it is being made ready.
    view: Option<View>,
}

impl Drop for Living {
    fn drop(&mut self) {
        // What it is read by ends first.
        self.view = None;
        self.props.dispose();
    }
}

thread_local! {
    static ALL: RefCell<Vec<Living>> = const { RefCell::new(Vec::new()) };
    /// Owns what all of them share.
    static ROOT: RefCell<Option<(Owner, Crosshair)>> = const { RefCell::new(None) };
}

/// Before the first: what all of them share.
pub fn begin() {
    let _ = any_spawner::Executor::init_wasm_bindgen();
    let root = Owner::new();
    let crosshair = root.with(Crosshair::new);
    ROOT.set(Some((root, crosshair)));
}

/// Ends those whose place is gone, and brings the new ones to life.
pub fn settle() {
    let gone: Vec<Living> = ALL.with_borrow_mut(|all| all.extract_if(.., |l| !l.element.is_connected()).collect());
    drop(gone);
    for element in dom::all::<HtmlElement>("[data-island]") {
        if !ALL.with_borrow(|all| all.iter().any(|l| l.element == element)) {
            begin_one(element);
        }
    }
}

fn begin_one(element: HtmlElement) {
    let name = element.get_attribute("data-island").unwrap_or_default();
    let Some(props) = with_root(|_| RwSignal::new(element.get_attribute("data-props").unwrap_or_default())) else { return };
    ALL.with_borrow_mut(|all| all.push(Living { element: element.clone(), props, view: None }));
    let of = element.clone();
    let kind = name.clone();
    islands::ready(&kind, &props.get_untracked(), move |first| {
        if !of.is_connected() {
            return;
        }
        let view = with_root(|crosshair| {
            let place = of.clone();
            of.set_text_content(None);
            mount_to(place, move || {
                provide_context(Client::new(Browser));
                provide_context(crosshair);
                islands::view(&name, props, first)
            })
        });
        ALL.with_borrow_mut(|all| {
            if let Some(living) = all.iter_mut().find(|l| l.element == of) {
                living.view = view;
            }
        });
    });
}

fn with_root<T>(f: impl FnOnce(Crosshair) -> T) -> Option<T> {
    let (root, crosshair) = ROOT.with_borrow(|r| r.as_ref().map(|(o, c)| (o.clone(), *c)))?;
    Some(root.with(|| f(crosshair)))
}

/// Another page: the pointer is at no place of its charts.
pub fn elsewhere() {
    with_root(Crosshair::leave);
}

/// Gives the island at `old` what the new rendering of it says.
pub fn give(old: &Element, new: &Element) {
    let text = new.get_attribute("data-props").unwrap_or_default();
    let props = ALL.with_borrow(|all| all.iter().find(|l| l.element.is_same_node(Some(old.unchecked_ref()))).map(|l| l.props));
    if let Some(props) = props
        && props.with_untracked(|p| *p != text)
    {
        props.set(text);
    }
}
