//! A question over the page: native `dialog`, found by its id, so that a live update of the page beneath does not lose it.

use leptos::{context::Provider, prelude::*};

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
    let (named, around) = (heading.clone(), Around(id.clone()));
    view! {
        <dialog class="box" id=id aria-labelledby=named>
            <div class="in"><h1 id=heading>{title}</h1><Provider value=around>{children()}</Provider></div>
        </dialog>
    }
}

/// Id of the dialog around; from context.
#[derive(Clone)]
struct Around(String);

/// The button that closes the dialog around it.
#[component]
pub fn DialogCancel() -> impl IntoView {
    let id = use_context::<Around>().map(|a| a.0);
    view! { <button type="button" class="btn" commandfor=id command="close" data-close="">"Cancel"</button> }
}
