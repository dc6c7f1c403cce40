//! Choosing the version that a form is about: part of the form, so that what stands there is what is sent. The form is asked for anew then, with the
//! parameters of that version (`data-depends`). What was typed beside these stays; with our script also what was typed for those that both have.

use crate::{
    api::pipelines::PipelineVersion,
    ui::{FollowButton, Select},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

/// Which version the form was made for.
const OF: &str = "_of";

/// The field.
#[component]
pub fn VersionPicker(
    /// Those there are.
    versions: Vec<PipelineVersion>,
    /// Id of the one that the form is made for, or the value that stands for none.
    chosen: String,
    /// Value and words of the choice of none, where that is one.
    #[prop(optional)]
    none: Option<(&'static str, &'static str)>,
    /// A field that stays in the address.
    #[prop(default = None)]
    kept: Option<(&'static str, String)>,
    /// The page.
    here: String,
) -> impl IntoView {
    let none = none.map(|(value, words)| (value.to_owned(), words.to_owned()));
    let options: Vec<_> = none.into_iter().chain(versions.into_iter().map(|v| (v.id, v.display_name))).collect();
    view! {
        <div class="form" data-follows>
            <input type="hidden" name=OF value=chosen.clone()/>
            <Select name="version" label="Version" options value=chosen/>
            <FollowButton here kept>"Ask for its parameters"</FollowButton>
        </div>
    }
}

/// Whether what an address says of parameters was typed for another version: it may have others of the same name, and other defaults.
pub fn of_another(query: &ParamsMap) -> bool {
    query.get(OF).is_some_and(|of| Some(of) != query.get("version"))
}
