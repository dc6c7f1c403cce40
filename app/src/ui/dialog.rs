//! A question over the page: native `dialog`, found by its id, so that a live update of the page beneath does not lose it.

use leptos::prelude::*;

/// A button that opens the dialog `id`.
#[component]
pub fn DialogButton(
    /// Id of the dialog.
    #[prop(into)]
    id: String,
    /// Class of the button.
    #[prop(default = "btn")]
    class: &'static str,
    /// What the button shows.
    children: Children,
) -> impl IntoView {
    view! { <button type="button" class=class aria-haspopup="dialog" commandfor=id.clone() command="show-modal" data-dialog=id>{children()}</button> }
}

/// A dialog. Escape and `Cancel` close it; a form within that ends well closes it too.
#[component]
pub fn Dialog(
    /// Id in the page.
    #[prop(into)]
    id: String,
    /// Its heading.
    #[prop(into)]
    title: String,
    /// The content.
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-title");
    let named = heading.clone();
    view! {
        <dialog class="box" id=id aria-labelledby=named>
            <div class="in"><h1 id=heading>{title}</h1>{children()}</div>
        </dialog>
    }
}

/// The button that closes the dialog around it.
#[component]
pub fn DialogCancel() -> impl IntoView {
    view! { <button type="button" class="btn" data-close="">"Cancel"</button> }
}
