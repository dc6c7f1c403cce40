//! One deployment: is it serving, what, how fast; try it; what served when.

use super::{redeploy::RedeploySheet, revisions::Revisions, traffic::TrafficCharts, try_it::TryIt};
use crate::{
    api::{Client, State, client::team_path, deployments::Deployment, logs::LogQuery},
    parts::{
        Access, Every, Head, RevisionBadge, StateBadge, loaded,
        params::{param, query, team},
    },
    ui::{
        After, Copyable, Crosshair, Dialog, DialogButton, DialogCancel, LogSource, LogView, Note, PostButton, Submit, Tabs, form::ApiForm,
    },
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn DeploymentPage() -> impl IntoView {
    let client = Client::from_context();
    let logs = client.clone();
    let (team, name, tab, redeploy) = (team(), param("name"), query("tab"), query("redeploy"));
    Crosshair::provide();
    loaded(
        "Loading the deployment",
        Every { kinds: &["deployment", "revision", "workload"], seconds: 15, page: "Deployment" },
        move || (team.get(), name.get()),
        move |(team, name)| client.deployment(&team, &name),
        move |data, access| {
            let first = data.get_untracked();
            let here = access.href(&format!("/deployments/{}", first.name));
            let state = Memo::new(move |_| data.read().state);
            let (top, rows, sheet, base) = (access.clone(), access.clone(), access.clone(), here.clone());
            let tabs = {
                let here = here.clone();
                move || {
                    let now = tab.get();
                    let item = |words, name: &str| {
                        let href = if name.is_empty() { here.clone() } else { format!("{here}?tab={name}") };
                        (words, href, now.as_deref().unwrap_or("") == name)
                    };
                    vec![item("Overview", ""), item("Try it", "try"), item("Log", "log")]
                }
            };
            let logs = logs.clone();
            let content = move || {
                let (team, name) = (access.team.clone(), data.with_untracked(|d| d.name.clone()));
                match tab.get().as_deref() {
                    Some("try") => view! { <TryIt team name state/> }.into_any(),
                    Some("log") => {
                        let client = logs.clone();
                        let source = LogSource::new(move |q: LogQuery| client.deployment_log(&team, &name, &q));
                        let again = Signal::derive(move || state.get() as u64);
                        view! { <section class="card"><header><h2>"Log of the newest revision"</h2></header><LogView source again height="calc(100vh - 280px)"/></section> }.into_any()
                    }
                    _ => view! { <TrafficCharts team=team.clone() name=name.clone()/><Revisions access=rows.clone() name/> }.into_any(),
                }
            };
            view! {
                <Head title=first.name.clone() beside=move || view! { <Beside deployment=data.get()/> }>{move || view! { <Actions deployment=data.get() access=top.clone()/> }}</Head>
                <Copyable text=first.predict_path.clone() short=format!("POST {}", first.predict_path)/>
                {move || data.read().reason.clone().map(|r| {
                    let tone = if state.get_untracked() == State::Failed { "red" } else { "amber" };
                    view! { <Note tone=tone><span class="pre">{r}</span></Note> }
                })}
                {move || view! { <Taking deployment=data.get()/> }}
                {move || view! { <Tabs label="Parts of the deployment" items=tabs()/> }}
                {content}
                {move || redeploy.get().is_some().then(|| view! { <RedeploySheet deployment=data.get_untracked() access=sheet.clone() back=base.clone()/> })}
            }
        },
    )
}

#[component]
fn Beside(deployment: Deployment) -> impl IntoView {
    let serving =
        deployment.serving.map(|r| view! { <span class="muted">{format!("{} v{}, {}", r.model, r.version, r.resources.words())}</span> });
    view! { <StateBadge state=deployment.state server=true/>{serving} }
}

/// The revision on its way to take over.
#[component]
fn Taking(deployment: Deployment) -> impl IntoView {
    let serves = deployment.serving.is_some();
    deployment.next.map(|r| {
        let words = if serves { " is on its way. Until it is ready the one before keeps serving." } else { " is on its way." };
        let reason = r.reason.map(|r| view! { <span class="hint">{r}</span> });
        view! { <Note><span class="row"><RevisionBadge state=r.state/><span>{format!("Revision {}, {} v{},", r.number, r.model, r.version)}{words}</span></span>{reason}</Note> }
    })
}

#[component]
fn Actions(deployment: Deployment, access: Access) -> impl IntoView {
    let client = Client::from_context();
    let edits = access.edits();
    let (team, name, state) = (access.team.clone(), deployment.name.clone(), deployment.state);
    let path = |verb: &str| team_path(&team, &format!("/deployments/{name}/{verb}"));
    let stop = (edits && matches!(state, State::Queued | State::Starting | State::Running)).then(|| {
        let (client, team, name) = (client.clone(), team.clone(), name.clone());
        let submit = Submit::new(move |_| {
            let (call, text) = (client.deployment_stop(&team, &name), format!("{name} stops."));
            async move { call.await.map(|()| After::say(text)) }
        });
        view! { <PostButton id="stop" action=path("stop") submit class="btn danger">"Stop"</PostButton> }
    });
    let start = (edits && state.is_final()).then(|| {
        let (client, team, name) = (client.clone(), team.clone(), name.clone());
        let submit = Submit::new(move |_| {
            let (call, text) = (client.deployment_start(&team, &name), format!("{name} starts."));
            async move { call.await.map(|()| After::say(text)) }
        });
        view! { <PostButton id="start" action=path("start") submit>"Start"</PostButton> }
    });
    let delete = edits.then(|| {
        let (client, team, name, list) = (client.clone(), team.clone(), name.clone(), access.href("/deployments"));
        let action = team_path(&team, &format!("/deployments/{name}"));
        let title = format!("Delete {name}");
        let hint = format!("Type {name} to delete it.");
        let submit = Submit::new(move |v| {
            let sure = v.text("sure") == name;
            let (call, list, text) = (sure.then(|| client.deployment_delete(&team, &name)), list.clone(), format!("{name} is deleted."));
            async move {
                match call {
                    Some(call) => call.await.map(|()| After::go_saying(list, text)),
                    None => Err(crate::api::Problem::new(422, "That is not its name.").field("sure")),
                }
            }
        });
        view! {
            <DialogButton id="delete" class="btn danger">"Delete"</DialogButton>
            <Dialog id="delete" title>
                <ApiForm id="delete-form" action submit>
                    <p>"Its endpoint stops answering at once. The model and its versions stay."</p>
                    <crate::ui::Field name="sure" label="Name of the deployment" hint code=true required=true/>
                    <div class="actions"><button class="btn danger" type="submit">"Delete"</button><DialogCancel/></div>
                </ApiForm>
            </Dialog>
        }
    });
    let redeploy =
        edits.then(|| view! { <a class="btn primary" href=access.href(&format!("/deployments/{name}?redeploy=1"))>"Deploy version"</a> });
    view! { {delete}{stop}{start}{redeploy} }
}
