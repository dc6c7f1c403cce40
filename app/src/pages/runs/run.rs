//! One run: its head, and the tab that the address names.

use super::{
    overview::Overview,
    register::RegisterDialog,
    tabs::{Logs, Metrics, System},
};
use crate::{
    api::{Client, State, client::team_path, runs::Run},
    parts::{
        Access, Every, Head, StateBadge,
        artifact_tree::ArtifactTree,
        loaded,
        params::{param, query, team},
    },
    ui::{After, Ago, Crosshair, Dialog, DialogButton, DialogCancel, Lasting, Note, PostButton, Submit, Tabs, form::ApiForm},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn RunPage() -> impl IntoView {
    let client = Client::from_context();
    let (team, id, tab) = (team(), param("id"), query("tab"));
    Crosshair::provide();
    loaded(
        "Loading the run",
        Every { kinds: &["run"], seconds: 15, page: "Run" },
        move || (team.get(), id.get()),
        move |(team, id)| client.run(&team, &id),
        move |data, access| {
            let first = data.get_untracked();
            let id = StoredValue::new(first.summary.id.clone());
            let here = StoredValue::new(access.href(&format!("/runs/{}", first.summary.id)));
            let state = Memo::new(move |_| data.read().summary.state);
            let attempt = Memo::new(move |_| data.read().submission.as_ref().map(|s| s.attempt));
            let tabs = move || {
                let now = tab.get();
                let item = |words, name: &str| {
                    let href = here.with_value(|h| if name.is_empty() { h.clone() } else { format!("{h}?tab={name}") });
                    (words, href, now.as_deref().unwrap_or("") == name)
                };
                vec![
                    item("Overview", ""),
                    item("Metrics", "metrics"),
                    item("Logs", "logs"),
                    item("Artifacts", "artifacts"),
                    item("System", "system"),
                ]
            };
            let (top, about) = (access.clone(), access.clone());
            let content = move || {
                let (team, id) = (access.team.clone(), id.get_value());
                let active = !state.get_untracked().is_final();
                match tab.get().as_deref() {
                    Some("metrics") => view! { <Metrics team id active/> }.into_any(),
                    Some("logs") => view! { <Logs team id attempt/> }.into_any(),
                    Some("artifacts") => view! { <ArtifactTree team id/> }.into_any(),
                    Some("system") => {
                        view! { <System team id active submitted=data.with_untracked(|r| r.submission.is_some())/> }.into_any()
                    }
                    _ => view! { <Overview data access=about.clone() active attempt/> }.into_any(),
                }
            };
            view! {
                <Head title=first.summary.name.clone() beside=move || view! { <Beside run=data.get()/> }>{move || view! { <Actions run=data.get() access=top.clone()/> }}</Head>
                {move || reason(&data.read())}
                {move || view! { <Tabs label="Parts of the run" items=tabs()/> }}
                {content}
                <RegisterDialog run=data/>
            }
        },
    )
}

#[component]
fn Beside(run: Run) -> impl IntoView {
    let s = run.summary;
    let times = s.started_at.clone().map(|from| {
        let since = from.clone();
        view! { <span class="muted"><Lasting from to=s.ended_at.clone()/>", started "<Ago time=since/></span> }
    });
    view! { <StateBadge state=s.state/>{times} }
}

fn reason(run: &Run) -> Option<impl IntoView + use<>> {
    let text = run.summary.reason.clone()?;
    let tone = if run.summary.state == State::Failed { "red" } else { "amber" };
    let logs = (run.summary.state == State::Failed && run.submission.is_some())
        .then(|| view! { <a class="link" href="?tab=logs">"Read the log"</a> });
    Some(view! { <Note tone=tone><span>{text}</span>{logs}</Note> })
}

/// Cancel, retry, register; delete apart.
#[component]
fn Actions(run: Run, access: Access) -> impl IntoView {
    let client = Client::from_context();
    let (team, id, state) = (access.team.clone(), run.summary.id.clone(), run.summary.state);
    let path = |verb: &str| team_path(&team, &format!("/runs/{id}/{verb}"));
    let edits = access.edits();
    let cancel = (edits && run.submission.is_some() && !state.is_final() && state != State::Stopping).then(|| {
        let (client, team, id) = (client.clone(), team.clone(), id.clone());
        let submit = Submit::new(move |_| {
            let call = client.run_cancel(&team, &id);
            async move { call.await.map(|()| After::say("It is being cancelled.")) }
        });
        view! { <PostButton id="cancel" action=path("cancel") submit class="btn danger">"Cancel"</PostButton> }
    });
    let retry = (edits && run.submission.is_some() && state.is_final()).then(|| {
        let (client, team, id, access) = (client.clone(), team.clone(), id.clone(), access.clone());
        let submit = Submit::new(move |_| {
            let (call, access) = (client.run_retry(&team, &id), access.clone());
            async move {
                call.await.map(|run| After::go_saying(access.href(&format!("/runs/{}", run.summary.id)), "Submitted again as a new run."))
            }
        });
        view! { <PostButton id="retry" action=path("retry") submit>"Retry"</PostButton> }
    });
    let delete = (edits && state.is_final()).then(|| {
        let (client, team, id, list) = (client.clone(), team.clone(), id.clone(), access.href("/runs"));
        let action = team_path(&team, &format!("/runs/{id}"));
        let submit = Submit::new(move |_| {
            let (call, list) = (client.run_delete(&team, &id), list.clone());
            async move { call.await.map(|()| After::go_saying(list, "The run is deleted.")) }
        });
        view! {
            <DialogButton id="delete" class="btn danger">"Delete"</DialogButton>
            <Dialog id="delete" title="Delete the run">
                <ApiForm id="delete-form" action submit>
                    <p>"It goes from every list. With the mlflow client it can still be restored."</p>
                    <div class="actions"><button class="btn danger" type="submit">"Delete"</button><DialogCancel/></div>
                </ApiForm>
            </Dialog>
        }
    });
    let register = (edits && !run.logged_models.is_empty())
        .then(|| view! { <DialogButton id="register" class="btn primary">"Register model"</DialogButton> });
    view! { {delete}{cancel}{retry}{register} }
}
