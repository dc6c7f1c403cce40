//! A panel at the right that has an address: without JavaScript it is simply open, with it it is modal.

use super::{Icon, dom};
use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// A side sheet; closing it goes to `back`.
#[component]
pub fn Sheet(
    /// Its heading.
    #[prop(into)]
    title: String,
    /// The address without the sheet.
    #[prop(into)]
    back: String,
    /// The content.
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = node.get() {
            dom::make_modal(&dialog);
        }
    });
    let go = use_navigate();
    let target = back.clone();
    let close = move |_| go(&target, NavigateOptions { scroll: false, ..Default::default() });
    view! {
        <a class="scrim" href=back.clone() tabindex="-1" aria-hidden="true"></a>
        <dialog class="sheet" open aria-labelledby="sheet-title" node_ref=node on:close=close>
            <div class="in">
                <header><h1 id="sheet-title">{title}</h1><a class="btn bare icon" href=back aria-label="Close"><Icon name="x"/></a></header>
                {children()}
            </div>
        </dialog>
    }
}
