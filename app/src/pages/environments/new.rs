//! A new environment, or a new version of one.

use crate::{
    api::{Client, client::team_path, environments::NewEnvironment},
    parts::params::team,
    ui::{After, ApiForm, Area, CodeBlock, Field, Sheet, Submit},
};
use leptos::prelude::*;

/// The sheet; `name` is fixed for a new version.
#[component]
pub fn NewSheet(
    /// The environment to make a new version of.
    #[prop(optional_no_strip)]
    of: Option<NewEnvironment>,
    /// The address without the sheet.
    back: String,
) -> impl IntoView {
    let client = Client::from_context();
    let team = team().get_untracked();
    let action = team_path(&team, "/environments");
    let target = format!("/teams/{team}/environments");
    let next = target.clone();
    let submit = Submit::new(move |v| {
        let body = NewEnvironment {
            name: v.text("name"),
            description: v.text("description"),
            requirements: v.raw("requirements"),
            image: v.some("image"),
        };
        let (call, target) = (client.environment_create(&team, &body), target.clone());
        async move {
            let made = call.await?;
            Ok(After::go_saying(format!("{target}/{}", made.name), format!("Version {} is being built.", made.latest.version)))
        }
    });
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
            <ApiForm id="environment" action submit next>
                {named}
                <Field name="description" label="Description" value=description/>
                <Area name="requirements" label="Python requirements" value=requirements rows=8 required=true placeholder="scikit-learn>=1.5" hint="Lines of requirements.txt. They are resolved once into a lock with hashes."/>
                <Field name="image" label="Container image" value=image code=true hint="For clusters with containers; empty here."/>
                <div class="actions"><button class="btn primary" type="submit">"Build"</button><a class="btn" href=cancel>"Cancel"</a></div>
            </ApiForm>
            <div class="stack"><p class="sub">"The same from a terminal:"</p><CodeBlock text="slipway environment create torch -r requirements.txt"/></div>
        </Sheet>
    }
}
