//! One run: its head, and the tab that the address names.

use super::{
    overview::Overview,
    register::RegisterDialog,
    tabs::{Logs, Metrics, System},
};
use crate::{
    api::{Client, State, changes::kinds, client::team_path, runs::Run},
    parts::{
        Access, AskWhy, Every, Head, StateBadge, ThisRun, Why,
        artifact_tree::ArtifactTree,
        loaded_of,
        params::{param, query, team},
        why::{ASKS, is_asked},
    },
    ui::{Ago, ApiForm, Dialog, DialogButton, DialogCancel, Lasting, Note, PostButton, Tabs},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn RunPage() -> impl IntoView {
    let client = Client::from_context();
    let (tab, open) = (query("tab").unwrap_or_default(), query(ASKS).is_some());
    let every = Every { kinds: &[kinds::RUN], seconds: 15, page: "Run" };
    let id = param("id");
    let run = ThisRun::of(&team(), &id).read();
    loaded_of(every, &id, run, move |run: Run, access| {
        let (team, id) = (access.team.clone(), run.summary.id.clone());
        let here = access.href(&format!("/runs/{id}"));
        let item = |words, name: &str| {
            let href = if name.is_empty() { here.clone() } else { format!("{here}?tab={name}") };
            (words, href, tab == name)
        };
        let items = vec![
            item("Overview", ""),
            item("Metrics", "metrics"),
            item("Logs", "logs"),
            item("Artifacts", "artifacts"),
            item("System", "system"),
        ];
        let said = run.summary.reason.is_some();
        let asked = run.submission.is_some() && (open || is_asked(run.summary.state, said));
        let why = client.run_explain(&team, &id);
        let active = !run.summary.state.is_final();
        let (attempt, pipeline) = (run.log_attempt(), run.pipeline.clone());
        let content = match tab.as_str() {
            "metrics" => view! { <Metrics client team id active/> }.into_any(),
            "logs" => view! { <Logs client team id attempt pipeline/> }.into_any(),
            "artifacts" => view! { <ArtifactTree client team id/> }.into_any(),
            "system" => view! { <System client team id active here=attempt.is_some() pipeline/> }.into_any(),
            _ => view! { <Overview client run=run.clone() access=access.clone() active/> }.into_any(),
        };
        let (title, team, note) = (run.summary.name.clone(), access.team.clone(), reason(&run));
        let (beside, acts) = (run.clone(), run.clone());
        view! {
            <Head title beside=move || view! { <Beside run=beside.clone() asked/> }><Actions run=acts access/></Head>
            {note}
            {asked.then(|| view! { <Why answer=why said open/> })}
            <Tabs label="Parts of the run" items/>
            {content}
            <RegisterDialog run team/>
        }
    })
}

#[component]
fn Beside(run: Run, asked: bool) -> impl IntoView {
    // Of what others run nothing is known.
    let asked = asked || run.submission.is_none();
    let s = run.summary;
    let times = s.started_at.clone().map(|from| {
        let since = from.clone();
        view! { <span class="muted"><Lasting from to=s.ended_at.clone()/>", started "<Ago time=since/></span> }
    });
    view! { <StateBadge state=s.state/>{times}<AskWhy state=s.state asked/> }
}

fn reason(run: &Run) -> Option<impl IntoView + use<>> {
    let text = run.summary.reason.clone()?;
    let tone = if run.summary.state == State::Failed { "red" } else { "amber" };
    let logs = (run.summary.state == State::Failed && run.log_attempt().is_some())
        .then(|| view! { <a class="link" href="?tab=logs">"Read the log"</a> });
    Some(view! { <Note tone=tone><span>{text}</span>{logs}</Note> })
}

/// Cancel, retry, register; delete apart.
#[component]
fn Actions(run: Run, access: Access) -> impl IntoView {
    let (id, state, edits) = (run.summary.id.clone(), run.summary.state, access.edits());
    let path = |rest: &str| team_path(&access.team, &format!("/runs/{id}{rest}"));
    let cancel = (edits && run.submission.is_some() && !state.is_final() && state != State::Stopping).then(|| {
        view! { <PostButton id="cancel" action=path("/cancel") say="It is being cancelled." class="btn danger">"Cancel"</PostButton> }
    });
    let retry = (edits && run.submission.is_some() && state.is_final()).then(|| {
        view! { <PostButton id="retry" action=path("/retry") next=access.href("/runs/{id}") say="Submitted again as a new run.">"Retry"</PostButton> }
    });
    let delete = (edits && state.is_final()).then(|| {
        let (action, next) = (path(""), access.href("/runs"));
        view! {
            <DialogButton id="delete" class="btn danger">"Delete"</DialogButton>
            <Dialog id="delete" title="Delete the run">
                <ApiForm id="delete-form" method="DELETE" action next say="The run is deleted.">
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
