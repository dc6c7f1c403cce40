//! The card of a model: its description, in Markdown, edited in place. What MLflow's client calls the description is this text.

use super::edit::Of;
use crate::{
    parts::Markdown,
    ui::{ApiForm, Area, Card, CodeBlock},
};
use leptos::prelude::*;

/// The card.
#[component]
pub fn ModelCard(
    /// Of what.
    of: Of,
    /// Its text.
    text: String,
    /// The revision of the object that is seen.
    revision: i64,
    /// The address of the page.
    here: String,
    /// Whether it is being edited.
    editing: bool,
    /// Whether one may.
    edits: bool,
) -> impl IntoView {
    let title = if of.version.is_some() { "About this version" } else { "Model card" };
    if editing && edits {
        return view! { <Card title><Edit of text revision here/></Card> }.into_any();
    }
    let (address, there) = (format!("{here}?card=edit"), !text.is_empty());
    let more = move || edits.then(|| view! { <a class="btn small" href=address.clone()>{if there { "Edit" } else { "Write" }}</a> });
    let content = match (text.is_empty(), of.version) {
        (false, _) => view! { <Markdown text/> }.into_any(),
        (true, Some(_)) => view! { <p class="muted">"Nothing was written about this version."</p> }.into_any(),
        (true, None) => {
            let command = format!("slipway model card set {} card.md", crate::ui::shell::word(&of.model));
            view! {
                <div class="stack">
                    <p class="muted">"No card yet: what the model is for, what it was trained on, how well it does, where it fails. In Markdown."</p>
                    {edits.then(|| view! { <CodeBlock text=command/> })}
                </div>
            }
            .into_any()
        }
    };
    view! { <Card title more>{content}</Card> }.into_any()
}

/// Its text, to be changed.
#[component]
fn Edit(of: Of, text: String, revision: i64, here: String) -> impl IntoView {
    let cancel = here.clone();
    view! {
        <ApiForm id="card" method="PATCH" action=of.path() next=here say="Kept.">
            // A text that is emptied is left out of a form: then it goes, and tags stay.
            <input type="hidden" name="replace" value="true"/>
            <input type="hidden" name="revision" value=revision.to_string()/>
            <Area name="description" label="Markdown" value=text rows=16 hint="Headings, lists, tables, code and links. HTML is shown as text, images as links to them."/>
            <div class="actions">
                <button class="btn primary" type="submit">"Keep"</button>
                <button class="btn scripted" type="button" data-preview="card-description">"Preview"</button>
                <a class="btn" href=cancel>"Cancel"</a>
            </div>
            <div id="card-description-preview" class="prose preview" aria-live="polite" hidden></div>
        </ApiForm>
    }
}
