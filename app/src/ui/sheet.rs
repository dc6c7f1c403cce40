//! A panel at the right that has an address: without JavaScript it is simply open, with it it is modal.

use super::Icon;
use leptos::prelude::*;

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
    let to = back.clone();
    view! {
        <a class="scrim" href=back.clone() tabindex="-1" aria-hidden="true"></a>
        <dialog class="sheet" open aria-labelledby="sheet-title" data-key="sheet" data-back=to>
            <div class="in">
                <header><h1 id="sheet-title">{title}</h1><a class="btn bare icon" href=back aria-label="Close"><Icon name="x"/></a></header>
                {children()}
            </div>
        </dialog>
    }
}
