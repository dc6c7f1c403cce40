//! Another version to serve: the one before serves until the new one is ready.

use crate::{
    api::{
        Client, ListQuery,
        client::team_path,
        deployments::{Deployment, Redeploy},
    },
    parts::{Access, Every, loaded},
    ui::{After, ApiForm, Select, Sheet, Submit},
};
use leptos::prelude::*;

/// The sheet.
#[component]
pub fn RedeploySheet(
    /// The deployment.
    deployment: Deployment,
    /// Who looks.
    access: Access,
    /// The address without the sheet.
    back: String,
) -> impl IntoView {
    let client = Client::from_context();
    let now = deployment.serving.clone().or(deployment.next.clone());
    let model = now.as_ref().map(|r| r.model.clone()).unwrap_or_default();
    let fetch = {
        let client = client.clone();
        move |(team, model): (String, String)| {
            client.version_list(&team, &model, &ListQuery { page_size: Some(100), page_token: None }).and(client.capacity(&team))
        }
    };
    let (team, source) = (access.team.clone(), model.clone());
    let (name, here) = (deployment.name.clone(), StoredValue::new(back.clone()));
    let form = loaded(
        "Loading versions",
        Every::default(),
        move || (team.clone(), source.clone()),
        fetch,
        move |data, access| {
            let (versions, capacity) = data.get_untracked();
            let serving = now.as_ref().map_or(0, |r| r.version);
            let options: Vec<(String, String)> = versions
                .items
                .iter()
                .map(|v| {
                    let aliases: String = v.aliases.iter().map(|a| format!(" @{a}")).collect();
                    (v.version.to_string(), format!("v{}{aliases}{}", v.version, if v.version == serving { " (serves now)" } else { "" }))
                })
                .collect();
            let chosen = versions.items.iter().map(|v| v.version).find(|v| *v != serving).unwrap_or(serving).to_string();
            let held = now.as_ref().map(|r| r.resources.words()).unwrap_or_default();
            let mut sizes = vec![(String::new(), format!("As now: {held}"))];
            sizes.extend(capacity.sizes.iter().map(|s| (s.name.clone(), format!("{}: {}. {}", s.label, s.resources.words(), s.effect))));
            let (client, team, name, model) = (client.clone(), access.team.clone(), name.clone(), model.clone());
            let action = team_path(&team, &format!("/deployments/{name}/redeploy"));
            let hidden = model.clone();
            let submit = Submit::new(move |v| {
                let body = v.number("version").map(|version| Redeploy {
                    model: Some(model.clone()),
                    version: version.unwrap_or(0),
                    size: v.some("size"),
                    ..Redeploy::default()
                });
                let call = body.map(|body| client.deployment_redeploy(&team, &name, &body));
                let back = here.get_value();
                async move {
                    call?.await?;
                    Ok(After::go_saying(back, "The version is on its way."))
                }
            });
            view! {
                <ApiForm id="redeploy" action submit next=here.get_value()>
                    <input type="hidden" name="model" value=hidden/>
                    <Select name="version" label="Version" options value=chosen/>
                    <Select name="size" label="Size" options=sizes/>
                    <p class="sub">"The new version is tried with its own input example first. Until it is ready the one before keeps serving; no request is dropped."</p>
                    <div class="actions"><button class="btn primary" type="submit">"Deploy"</button><a class="btn" href=here.get_value()>"Cancel"</a></div>
                </ApiForm>
            }
        },
    );
    view! { <Sheet title=format!("Deploy another version of {}", deployment.name) back>{form}</Sheet> }
}
