//! Another version or program to serve: the one before serves until the new one is ready.

use super::program::ProgramFields;
use crate::{
    api::{
        Client, ListQuery, State,
        capacity::Capacity,
        client::team_path,
        deployments::{Deployment, Revision},
        environments::Environment,
        models::ModelVersion,
        page::MAX_PAGE_SIZE,
        runtimes::Runtime,
    },
    parts::{
        Access, EnvironmentPicker, Every, RuntimePicker, follow_options, loaded, offers,
        secret_uses::{Now, Surroundings},
    },
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
    let now = deployment.serving.as_ref().or(deployment.next.as_ref()).or(deployment.latest.as_ref());
    if now.is_some_and(|r| r.is_custom()) {
        let (title, next) = (format!("Deploy {} anew", deployment.name), back.clone());
        let form = loaded(Every::default(), offers(&client, &access.team), move |(capacity, environments), access| {
            view! { <Program deployment access next capacity environments=environments.items/> }
        });
        return view! { <Sheet title back>{form}</Sheet> }.into_any();
    }
    let model = deployment
        .serving
        .as_ref()
        .or(deployment.next.as_ref())
        .or(deployment.latest.as_ref())
        .map(|r| r.model.clone())
        .unwrap_or_default();
    let versions = client.version_list(&access.team, &model, &ListQuery { page_size: Some(100), page_token: None });
    let (title, next) = (format!("Deploy another version of {}", deployment.name), back.clone());
    let runtimes = client.runtime_list(&ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None });
    let asked = versions.and(client.capacity(&access.team)).and(runtimes);
    let form = loaded(Every::default(), asked, move |((versions, capacity), runtimes), access| {
        view! { <Choice deployment access next versions=versions.items capacity runtimes=runtimes.items/> }
    });
    view! { <Sheet title back>{form}</Sheet> }.into_any()
}

/// A program: as it is now, to be changed.
#[component]
fn Program(deployment: Deployment, access: Access, next: String, capacity: Capacity, environments: Vec<Environment>) -> impl IntoView {
    let now = deployment.serving.clone().or(deployment.next.clone()).or(deployment.latest.clone());
    let environment = now.as_ref().and_then(|r| r.environment.rsplit_once(" v")).map(|(name, _)| name.to_owned()).unwrap_or_default();
    let in_image = now.as_ref().and_then(|r| r.program.as_ref()).is_some_and(|p| p.image.is_some());
    let held = now.as_ref().map(|r| r.resources.words()).unwrap_or_default();
    let beside = takes_canary(&deployment);
    let given = now.as_ref().map(given);
    let mut sizes = vec![(String::new(), format!("As now: {held}"))];
    sizes.extend(capacity.sizes.iter().map(|s| (s.name.clone(), format!("{}: {}. {}", s.label, s.resources.words(), s.effect))));
    let action = team_path(&access.team, &format!("/deployments/{}/redeploy", deployment.name));
    let cancel = next.clone();
    view! {
        <ApiForm id="redeploy" action next say="The program is on its way.">
            <input type="hidden" name="revision" value=deployment.revision.to_string()/>
            <ProgramFields program=now.and_then(|r| r.program)/>
            {(!in_image).then(|| view! { <EnvironmentPicker environments chosen=environment/> })}
            <Select name="size" label="Size" options=sizes/>
            {given}
            {beside.then(|| view! { <Canary/> })}
            <p class="sub">"It takes traffic once it says that it is ready. Until then the one before keeps serving; no request is dropped."</p>
            <div class="actions"><button class="btn primary" type="submit">"Deploy"</button><a class="btn" href=cancel>"Cancel"</a></div>
        </ApiForm>
    }
}

/// Variables and secrets as they are, to be changed.
fn given(now: &Revision) -> AnyView {
    match Now::of(&now.env, &now.secrets) {
        Some(now) => view! { <Surroundings now=Some(now)/> }.into_any(),
        None => view! { <p class="sub">"It keeps its variables and secrets: a value of them has more than one line, or spaces around it, which the API and the command line can give."</p> }.into_any(),
    }
}

#[component]
fn Canary() -> impl IntoView {
    view! { <Field name="canary" label="As a canary, percent" kind="number" placeholder="all of the traffic" hint="1 to 99: it takes so much of the traffic beside the one that serves."/> }
}

fn takes_canary(deployment: &Deployment) -> bool {
    deployment.serving.is_some() && matches!(deployment.state, State::Running | State::Starting | State::Queued)
}

#[component]
fn Choice(
    deployment: Deployment,
    access: Access,
    next: String,
    versions: Vec<ModelVersion>,
    capacity: Capacity,
    runtimes: Vec<Runtime>,
) -> impl IntoView {
    let now = deployment.serving.clone().or(deployment.next.clone()).or(deployment.latest.clone());
    let serving = now.as_ref().map_or(0, |r| r.version);
    let options = versions.iter().map(|v| {
        let aliases: String = v.aliases.iter().map(|a| format!(" @{a}")).collect();
        (v.version.to_string(), format!("v{}{aliases}{}", v.version, if v.version == serving { " (serves now)" } else { "" }))
    });
    let options = options.collect::<Vec<_>>();
    let follow = follow_options(
        versions.iter().flat_map(|v| v.aliases.iter().map(|a| (a.clone(), v.version))),
        &match &deployment.follows {
            Some(f) => format!("As now: @{}, unless a version is chosen", f.alias),
            None => "Nothing: this version, until another is deployed".to_owned(),
        },
    );
    let hint = match &deployment.follows {
        Some(f) => format!("It follows @{} now; a version ends that.", f.alias),
        None => "Outranks the version. Whenever the alias moves, what it points at is deployed.".to_owned(),
    };
    // Whoever follows an alias goes on doing so unless a version is chosen; else another version is what one comes for.
    let followed =
        deployment.follows.as_ref().and_then(|f| Some((String::new(), format!("Whatever @{} points at: v{} now", f.alias, f.version?))));
    let other = versions.iter().map(|v| v.version).find(|v| *v != serving).unwrap_or(serving);
    let chosen = if followed.is_some() { String::new() } else { other.to_string() };
    let options = followed.into_iter().chain(options).collect::<Vec<_>>();
    let held = now.as_ref().map(|r| r.resources.words()).unwrap_or_default();
    let beside = takes_canary(&deployment);
    let given = now.as_ref().map(given);
    let runtime = now.as_ref().map(|r| r.runtime.clone()).unwrap_or_default();
    // All versions of a model are of the same kind, as a rule; where one is not, the answer says so.
    let flavors: Vec<String> = versions.iter().flat_map(|v| v.flavors.clone()).collect();
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
            <RuntimePicker runtimes flavors now=runtime/>
            <Select name="size" label="Size" options=sizes/>
            {given}
            {beside.then(|| view! { <Canary/> })}
            <p class="sub">"The new version is tried with its own input example first. Until it is ready the one before keeps serving; no request is dropped."</p>
            <div class="actions"><button class="btn primary" type="submit">"Deploy"</button><a class="btn" href=cancel>"Cancel"</a></div>
        </ApiForm>
    }
}
