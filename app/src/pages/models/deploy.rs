//! One click from a version to an endpoint: a small sheet.

use crate::{
    api::{Client, client::team_path, deployments::NewDeployment, models::ModelVersion, name},
    parts::{
        Access, Every, SizePicker, asked, loaded, offers,
        secret_uses::{Surroundings, secrets},
    },
    ui::{After, ApiForm, CodeBlock, Field, Sheet, Submit},
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
    /// What is deployed.
    version: ModelVersion,
    /// Who looks.
    access: Access,
    /// The address without the sheet.
    back: String,
) -> impl IntoView {
    let client = Client::from_context();
    let fetch = {
        let client = client.clone();
        move |team: String| offers(&client, &team)
    };
    let team = access.team.clone();
    let title = format!("Deploy {} v{}", version.model, version.version);
    let cancel = StoredValue::new(back.clone());
    let form = loaded(
        "Loading sizes",
        Every::default(),
        move || team.clone(),
        fetch,
        move |data, access| {
            let (capacity, _) = data.get_untracked();
            let (client, team, v) = (client.clone(), access.team.clone(), version.clone());
            let (model, number) = (v.model.clone(), v.version);
            let (action, next) = (team_path(&team, "/deployments"), access.href("/deployments"));
            let command = format!("slipway deploy {model} --version {number} --name {}", suggestion(&model));
            let name = suggestion(&model);
            let submit = Submit::new(move |values| {
                let (size, amount) = asked(&values);
                let body = values.pairs("env").and_then(|env| {
                    let name = values.text("name");
                    Ok(NewDeployment {
                        name,
                        model: v.model.clone(),
                        version: v.version,
                        size,
                        amount,
                        environment: None,
                        env,
                        secrets: secrets(&values)?,
                    })
                });
                let (call, access) = (body.map(|body| client.deployment_create(&team, &body)), access.clone());
                async move {
                    let made = call?.await?;
                    Ok(After::go(access.href(&format!("/deployments/{}", made.name))))
                }
            });
            view! {
                <ApiForm id="deploy" action submit next>
                    <input type="hidden" name="model" value=model/>
                    <input type="hidden" name="version" value=number.to_string()/>
                    <Field name="name" label="Name of the deployment" value=name required=true autofocus=true code=true hint="Part of its endpoint; never changes."/>
                    <SizePicker capacity/>
                    <Surroundings/>
                    <p class="sub">"The version is loaded and tried with its own input example before it takes traffic."</p>
                    <div class="actions"><button class="btn primary" type="submit">"Deploy"</button><a class="btn" href=cancel.get_value()>"Cancel"</a></div>
                </ApiForm>
                <div class="stack"><p class="sub">"The same from a terminal:"</p><CodeBlock text=command/></div>
            }
        },
    );
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
