//! A new environment, or a new version of one.

use crate::{
    api::{client::team_path, environments::NewEnvironment},
    ui::{ApiForm, Area, CodeBlock, Field, Sheet},
};
use leptos::prelude::*;

/// The sheet; the name is fixed for a new version.
#[component]
pub fn NewSheet(
    /// The team.
    team: String,
    /// The environment to make a new version of.
    #[prop(optional_no_strip)]
    of: Option<NewEnvironment>,
    /// The address without the sheet.
    back: String,
) -> impl IntoView {
    let (action, next) = (team_path(&team, "/environments"), format!("/teams/{team}/environments/{{name}}"));
    let title = of.as_ref().map_or_else(|| "New environment".into(), |e| format!("New version of {}", e.name));
    let cancel = back.clone();
    let (name, description, requirements, image) =
        of.map_or_else(Default::default, |e| (Some(e.name), e.description, e.requirements, e.image.unwrap_or_default()));
    let named = match name {
        Some(name) => view! { <input type="hidden" name="name" value=name/> }.into_any(),
        None => view! { <Field name="name" label="Name" required=true autofocus=true code=true placeholder="torch" hint="A name that exists gets a new version."/> }.into_any(),
    };
    view! {
        <Sheet title back>
            <ApiForm id="environment" action next say="Version {latest.version} is being built.">
                {named}
                <Field name="description" label="Description" value=description/>
                <Area name="requirements" label="Python requirements" value=requirements rows=8 required=true placeholder="scikit-learn>=1.5" hint="Lines of requirements.txt. They are resolved once into a lock with hashes."/>
                <Field name="image" label="Container image" value=image code=true hint="For clusters with containers; empty here."/>
                <div class="actions"><button class="btn primary" type="submit">"Build"</button><a class="btn" href=cancel>"Cancel"</a></div>
            </ApiForm>
            <div class="stack"><p class="sub">"For example, from a terminal:"</p><CodeBlock text="slipway environment create torch --file requirements.txt"/></div>
        </Sheet>
    }
}
