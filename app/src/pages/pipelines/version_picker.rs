//! Choosing the version whose parameters a form asks for: a plain form, as the version has an address.

use crate::api::pipelines::PipelineVersion;
use leptos::prelude::*;

/// The form, for the head of the page.
#[component]
pub fn VersionPicker(
    /// Those there are.
    versions: Vec<PipelineVersion>,
    /// Id or name of the one that is chosen; empty where none is.
    chosen: String,
    /// Words of the choice of none, where that is one.
    #[prop(optional)]
    none: &'static str,
    /// What else stays in the address.
    kept: Vec<(String, String)>,
    /// The page.
    here: String,
) -> impl IntoView {
    let none = (!none.is_empty()).then(|| view! { <option value="" selected=chosen.is_empty()>{none}</option> });
    let options = versions.into_iter().map(|v| {
        let selected = v.id == chosen || v.name == chosen;
        view! { <option value=v.id selected=selected>{v.display_name}</option> }
    });
    let options = options.collect_view();
    let kept = kept.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view();
    view! { <form method="get" action=here class="row picked">{kept}<select name="version" aria-label="Version">{none}{options}</select><button class="btn" type="submit">"Choose"</button></form> }
}
