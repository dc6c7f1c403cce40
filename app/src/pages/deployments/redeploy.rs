//! Another version to serve: the one before serves until the new one is ready.

use crate::{
    api::{Client, ListQuery, State, capacity::Capacity, client::team_path, deployments::Deployment, models::ModelVersion},
    parts::{Access, Every, follow_options, loaded},
    ui::{ApiForm, Field, Select, Sheet},
};
use leptos::prelude::*;

/// The sheet.
#[component]
pub fn RedeploySheet(
    /// The way to the API.
    client: Client,
    /// The deployment.
    deployment: Deployment,
    /// Who looks.
    access: Access,
    /// The address without the sheet.
    back: String,
) -> impl IntoView {
    let model = deployment
        .serving
        .as_ref()
        .or(deployment.next.as_ref())
        .or(deployment.latest.as_ref())
        .map(|r| r.model.clone())
        .unwrap_or_default();
    let versions = client.version_list(&access.team, &model, &ListQuery { page_size: Some(100), page_token: None });
    let (title, next) = (format!("Deploy another version of {}", deployment.name), back.clone());
    let form = loaded(Every::default(), versions.and(client.capacity(&access.team)), move |(versions, capacity), access| {
        view! { <Choice deployment access next versions=versions.items capacity/> }
    });
    view! { <Sheet title back>{form}</Sheet> }
}

#[component]
fn Choice(deployment: Deployment, access: Access, next: String, versions: Vec<ModelVersion>, capacity: Capacity) -> impl IntoView {
    let now = deployment.serving.clone().or(deployment.next.clone()).or(deployment.latest.clone());
    let serving = now.as_ref().map_or(0, |r| r.version);
    let options = versions.iter().map(|v| {
        let aliases: String = v.aliases.iter().map(|a| format!(" @{a}")).collect();
        (v.version.to_string(), format!("v{}{aliases}{}", v.version, if v.version == serving { " (serves now)" } else { "" }))
    });
    let options = options.collect::<Vec<_>>();
    let follow = follow_options(
        versions.iter().flat_map(|v| v.aliases.iter().map(|a| (a.clone(), v.version))),
        "Nothing: this version, until another is deployed",
    );
    let hint = match &deployment.follows {
        Some(f) => format!("It follows @{} now; a version alone ends that.", f.alias),
        None => "Outranks the version. Whenever the alias moves, what it points at is deployed.".to_owned(),
    };
    let chosen = versions.iter().map(|v| v.version).find(|v| *v != serving).unwrap_or(serving).to_string();
    let held = now.as_ref().map(|r| r.resources.words()).unwrap_or_default();
    let beside = deployment.serving.is_some() && matches!(deployment.state, State::Running | State::Starting | State::Queued);
    let mut sizes = vec![(String::new(), format!("As now: {held}"))];
    sizes.extend(capacity.sizes.iter().map(|s| (s.name.clone(), format!("{}: {}. {}", s.label, s.resources.words(), s.effect))));
    let action = team_path(&access.team, &format!("/deployments/{}/redeploy", deployment.name));
    let (model, cancel) = (now.map(|r| r.model).unwrap_or_default(), next.clone());
    view! {
        <ApiForm id="redeploy" action next say="The version is on its way.">
            <input type="hidden" name="model" value=model/>
            <input type="hidden" name="revision" value=deployment.revision.to_string()/>
            <Select name="version" label="Version" options value=chosen/>
            {follow.map(|options| view! { <Select name="alias" label="Follow an alias" options hint/> })}
            <Select name="size" label="Size" options=sizes/>
            {beside.then(|| view! { <Field name="canary" label="As a canary, percent" kind="number" placeholder="all of the traffic" hint="1 to 99: it takes so much of the traffic beside the one that serves."/> })}
            <p class="sub">"The new version is tried with its own input example first. Until it is ready the one before keeps serving; no request is dropped."</p>
            <div class="actions"><button class="btn primary" type="submit">"Deploy"</button><a class="btn" href=cancel>"Cancel"</a></div>
        </ApiForm>
    }
}
