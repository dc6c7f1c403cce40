//! One deployment: is it serving, what, how fast; what served when, and the way back; try it.

use super::{
    callers::CallersTab,
    ledger::{Ledger, Of},
    limits::{LimitsForm, StickyForm},
    log::RevisionLog,
    redeploy::RedeploySheet,
    replicas::Replicas,
    revisions::Revisions,
    traffic::{Shares, TrafficCharts},
    try_it::TryIt,
};
use crate::{
    api::{Client, State, changes::kinds, client::team_path, deployments::Deployment},
    parts::{
        Access, AskWhy, Every, Head, RevisionBadge, StateBadge, Why, loaded,
        params::{param, query, team},
        why::{ASKS, is_asked},
    },
    ui::{ApiForm, Copyable, Dialog, DialogButton, DialogCancel, Field, Note, PostButton, Tabs},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn DeploymentPage() -> impl IntoView {
    let client = Client::from_context();
    let (tab, redeploy) = (query("tab").unwrap_or_default(), query("redeploy").is_some());
    let open = query(ASKS).is_some();
    // Trying it is not disturbed by looking: an example is asked of the model server.
    let seconds = if tab == "try" { 0 } else { 15 };
    let every = Every { kinds: &[kinds::DEPLOYMENT, kinds::WORKLOAD], seconds, page: "Deployment" };
    loaded(every, client.deployment(&team(), &param("name")), move |deployment: Deployment, access| {
        let (team, name, state) = (access.team.clone(), deployment.name.clone(), deployment.state);
        let here = access.href(&format!("/deployments/{name}"));
        let item = |words, of: &str| {
            let href = if of.is_empty() { here.clone() } else { format!("{here}?tab={of}") };
            (words, href, tab == of)
        };
        let items = vec![
            item("Overview", ""),
            item("Revisions", "revisions"),
            item("Replicas", "replicas"),
            item("Try it", "try"),
            item("Log", "log"),
            item("Limits", "limits"),
            item("Callers", "callers"),
        ];
        let said = deployment.reason.is_some();
        let asked = open || is_asked(state, said) || deployment.next.is_some();
        let why = client.deployment_explain(&team, &name);
        let sheet = redeploy.then(
            || view! { <RedeploySheet client=client.clone() deployment=deployment.clone() access=access.clone() back=here.clone()/> },
        );
        let content = match tab.as_str() {
            "try" => view! { <TryIt client team name state protocols=deployment.protocols.clone()/> }.into_any(),
            "limits" => {
                let sticky = deployment.sticky_header.clone();
                view! {
                    <LimitsForm team=team.clone() name=name.clone() limits=deployment.limits.clone() revision=deployment.revision edits=access.edits()/>
                    <StickyForm team name header=sticky revision=deployment.revision edits=access.edits()/>
                }
                .into_any()
            }
            "replicas" => view! { <Replicas client team deployment=deployment.clone() edits=access.edits()/> }.into_any(),
            "callers" => view! { <CallersTab client access=access.clone() deployment=deployment.clone()/> }.into_any(),
            "log" => view! { <RevisionLog client team name state/> }.into_any(),
            "revisions" => view! { <Revisions client team name/> }.into_any(),
            _ => {
                let serving = deployment.serving.as_ref().map(|r| r.number);
                let of = Of { team: team.clone(), name: name.clone(), serving, revision: deployment.revision };
                let shares = view! { <Shares team=team.clone() deployment=deployment.clone() edits=access.edits()/> };
                view! { {shares}<TrafficCharts client=client.clone() team deployment=deployment.clone()/><Ledger client of/> }.into_any()
            }
        };
        // What keeps a revision on its way is said once, where the revision is named.
        let told = deployment.next.as_ref().and_then(|r| r.reason.as_ref());
        let reason = deployment.reason.clone().filter(|r| told != Some(r));
        let (title, path) = (deployment.name.clone(), deployment.predict_path.clone());
        let short = if path.ends_with('/') { path.clone() } else { format!("POST {path}") };
        let (beside, acts) = (deployment.clone(), deployment.clone());
        let tone = if state == State::Failed { "red" } else { "amber" };
        view! {
            <Head title beside=move || view! { <Beside deployment=beside.clone() asked/> }><Actions deployment=acts access/></Head>
            <Copyable text=path.clone() short/>
            {reason.map(|r| view! { <Note tone=tone><span class="pre">{r}</span></Note> })}
            {asked.then(|| view! { <Why answer=why said open/> })}
            {behind(&deployment).map(|words| view! { <Note>{words}</Note> })}
            <Taking deployment/>
            <Tabs label="Parts of the deployment" items/>
            {content}
            {sheet}
        }
    })
}

/// What is said while not that is served to which the alias points.
fn behind(d: &Deployment) -> Option<String> {
    let follows = d.follows.as_ref().filter(|_| !matches!(d.state, State::Stopped | State::Stopping))?;
    let Some(version) = follows.version else {
        return Some(format!("@{} of {} points nowhere now: what serves goes on.", follows.alias, follows.model));
    };
    d.latest.as_ref().filter(|r| (&r.model, r.version) != (&follows.model, version))?;
    let stays = d.serving.as_ref().map(|r| format!("; until then {} stays", r.words())).unwrap_or_default();
    let then = format!("a revision is made for it once its files can be read{stays}.");
    Some(format!("@{} of {} points at v{version} now: {then}", follows.alias, follows.model))
}

#[component]
fn Beside(deployment: Deployment, asked: bool) -> impl IntoView {
    let follows = deployment.follows.as_ref().map(|f| {
        let title = match f.version {
            Some(version) => format!("Whatever @{} of {} points at is served: v{version} now.", f.alias, f.model),
            None => format!("@{} of {} points nowhere now: what serves goes on.", f.alias, f.model),
        };
        view! { <span class="tag" title=title>{format!("follows @{}", f.alias)}</span> }
    });
    let many = match deployment.replicas {
        2.. => format!(", {} of {} replicas ready", deployment.ready, deployment.replicas),
        _ => String::new(),
    };
    let serving = deployment
        .serving
        .or(deployment.latest)
        .map(|r| view! { <span class="muted">{format!("{}, {}{many}", r.words(), r.resources.words())}</span> });
    let public = deployment
        .callers
        .public
        .then(|| view! { <span class="tag" title="Everybody who reaches this portal may call it, without a token.">"public"</span> });
    view! { <StateBadge state=deployment.state server=true/>{serving}{follows}{public}<AskWhy state=deployment.state asked/> }
}

/// The revision on its way to take over.
#[component]
fn Taking(deployment: Deployment) -> impl IntoView {
    let serves = deployment.serving.is_some();
    deployment.next.map(|r| {
        let words = match deployment.next_percent {
            Some(percent) => format!(" is on its way. Once it is ready it takes {percent} % of the traffic."),
            None if serves => " is on its way. Until it is ready the one before keeps serving.".to_owned(),
            None => " is on its way.".to_owned(),
        };
        let reason = r.reason.clone().map(|r| view! { <span class="hint">{r}</span> });
        view! { <Note><span class="row"><RevisionBadge state=r.state/><span>{format!("Revision {}, {},", r.number, r.words())}{words}</span></span>{reason}</Note> }
    })
}

#[component]
fn Actions(deployment: Deployment, access: Access) -> impl IntoView {
    let edits = access.edits();
    let custom = deployment.serving.as_ref().or(deployment.latest.as_ref()).is_some_and(|r| r.is_custom());
    let (name, state) = (deployment.name, deployment.state);
    let path = |rest: &str| team_path(&access.team, &format!("/deployments/{name}{rest}"));
    let stop = (edits && matches!(state, State::Queued | State::Starting | State::Running)).then(|| {
        let (action, say, title) = (path("/stop"), format!("{name} stops."), format!("Stop {name}"));
        let refused = format!("Requests to /serve/{}/{name} are refused until it is started again.", access.team);
        view! {
            <DialogButton id="stop" class="btn danger">"Stop"</DialogButton>
            <Dialog id="stop" title>
                <ApiForm id="stop-form" action say>
                    <p>{refused}</p>
                    <div class="actions"><button class="btn danger" type="submit">"Stop"</button><DialogCancel/></div>
                </ApiForm>
            </Dialog>
        }
    });
    let start = (edits && state.is_final())
        .then(|| view! { <PostButton id="start" action=path("/start") say=format!("{name} starts.")>"Start"</PostButton> });
    let delete = edits.then(|| {
        let (action, next, say) = (path(""), access.href("/deployments"), format!("{name} is deleted."));
        let (title, hint, sure) = (format!("Delete {name}"), format!("Type {name} to delete it."), name.clone());
        view! {
            <DialogButton id="delete" class="btn danger">"Delete"</DialogButton>
            <Dialog id="delete" title>
                <ApiForm id="delete-form" method="DELETE" action next say>
                    <p>"Its endpoint stops answering at once. The model and its versions stay."</p>
                    <Field name="sure" label="Name of the deployment" hint code=true required=true pattern=sure/>
                    <div class="actions"><button class="btn danger" type="submit">"Delete"</button><DialogCancel/></div>
                </ApiForm>
            </Dialog>
        }
    });
    let redeploy =
        edits.then(|| view! { <a class="btn primary" href=access.href(&format!("/deployments/{name}?redeploy=1"))>{if custom { "Deploy anew" } else { "Deploy version" }}</a> });
    view! { {delete}{stop}{start}{redeploy} }
}
