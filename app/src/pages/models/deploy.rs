//! One click from a version to an endpoint: a small sheet.

use crate::{
    api::{Client, ListQuery, client::team_path, models::ModelVersion, name, page::MAX_PAGE_SIZE},
    parts::{Access, Every, RuntimePicker, SizePicker, follow_options, loaded, secret_uses::Surroundings},
    ui::{ApiForm, CodeBlock, Field, Select, Sheet, shell},
};
use leptos::prelude::*;

/// A name for the deployment, made of the model's.
fn suggestion(model: &str) -> String {
    let dashed: String =
        model.to_lowercase().chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }).take(40).collect();
    let out = dashed.trim_matches('-').to_owned();
    if name::check(&out).is_ok() { out } else { "model".into() }
}

/// The sheet.
#[component]
pub fn DeploySheet(
    /// The way to the API.
    client: Client,
    /// What is deployed.
    version: ModelVersion,
    /// Who looks.
    access: Access,
    /// The address without the sheet.
    back: String,
) -> impl IntoView {
    let (title, cancel) = (format!("Deploy {} v{}", version.model, version.version), back.clone());
    let runtimes = client.runtime_list(&ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None });
    let form = loaded(Every::default(), client.capacity(&access.team).and(runtimes), move |(capacity, runtimes), access| {
        let (action, next) = (team_path(&access.team, "/deployments"), access.href("/deployments/{name}"));
        let (model, number, name) = (version.model.clone(), version.version, suggestion(&version.model));
        let aliases = version.aliases.iter().map(|a| (a.clone(), number));
        let follow = follow_options(aliases, "Nothing: this version, until another is deployed");
        let command = format!("slipway deployment create {name} --model={} --version={number}", shell::word(&model));
        view! {
            <ApiForm id="deploy" action next>
                <input type="hidden" name="model" value=model/>
                <input type="hidden" name="version" value=number.to_string()/>
                <Field name="name" label="Name of the deployment" value=name required=true autofocus=true code=true hint="Part of its endpoint; never changes."/>
                {follow.map(|options| view! { <Select name="alias" label="Follow an alias" options hint="Whenever the alias moves, what it points at is deployed."/> })}
                <RuntimePicker runtimes=runtimes.items flavors=version.flavors.clone()/>
                <SizePicker capacity/>
                <Field name="replicas" label="Replicas" kind="number" value="1" hint="So many servers answer; it can be changed at any time."/>
                <Surroundings/>
                <p class="sub">"The version is loaded and tried with its own input example before it takes traffic."</p>
                <div class="actions"><button class="btn primary" type="submit">"Deploy"</button><a class="btn" href=cancel>"Cancel"</a></div>
            </ApiForm>
            <div class="stack"><p class="sub">"The same from a terminal:"</p><CodeBlock text=command/></div>
        }
    });
    view! { <Sheet title back>{form}</Sheet> }
}

#[cfg(test)]
mod tests {
    use super::suggestion;

    #[test]
    fn names() {
        assert_eq!(suggestion("Churn Model_2"), "churn-model-2");
        assert_eq!(suggestion("___"), "model");
    }
}
