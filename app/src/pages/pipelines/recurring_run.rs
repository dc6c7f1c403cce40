//! One recurring run: when it runs, what it made, what it is of.

use super::{
    of_pipeline::OfPipeline,
    recurring::{EVERY, Switch, Switched},
    runs,
    task::Value as Shown,
};
use crate::{
    api::{
        Client,
        client::{segment, team_path},
        pipeline_runs::PipelineRunQuery,
        recurring_runs::{NextTime, Overlap, RecurringRun},
    },
    parts::{
        Access, Head, ThisRecurringRun, loaded,
        params::{param, query, team},
    },
    ui::{Ago, ApiForm, Card, Dialog, DialogButton, DialogCancel, Empty, Facts, Note, Pager, PostButton, facts::text},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn RecurringRunPage() -> impl IntoView {
    let (client, id, token) = (Client::from_context(), param("id"), query("page"));
    loaded(EVERY.page("Recurring run"), ThisRecurringRun::of(&team(), &id).read(), move |r: RecurringRun, access| {
        let problem = r.problem.clone().map(|words| {
            let at = r.problem_at.clone().map(|time| view! { " "<span class="muted"><Ago time/></span> });
            view! { <Note tone="amber"><span class="pre">{words}</span>{at}</Note> }
        });
        let gone = (r.version_deleted && !r.pipeline_deleted).then(|| {
            let edit = access.edits().then(
                || view! { <a class="link" href=access.href(&format!("/recurring-runs/{}/edit", segment(&r.id)))>"Choose another"</a> },
            );
            view! { <Note tone="amber"><span>"The version that it runs was deleted: its times make no run until another is chosen."</span>{edit}</Note> }
        });
        let asked = PipelineRunQuery { recurring_run: Some(r.id.clone()), page_token: token, ..PipelineRunQuery::default() };
        let made = loaded(EVERY, client.pipeline_run_list(&access.team, &asked), move |page, access| {
            if page.items.is_empty() {
                view! { <section class="card"><Empty text="It has made no run yet."/></section> }.into_any()
            } else {
                view! { <runs::Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
            }
        });
        let beside = (r.clone(), r.when.clone());
        let (acts, team) = (r.clone(), access.clone());
        let head = move || view! { <Switched run=beside.0.clone()/><span class="muted">{beside.1.clone()}</span> };
        view! {
            <Head title=r.name.clone() beside=head><Actions run=acts access=team/></Head>
            {gone}
            {problem}
            <div class="cols side">
                <div class="cols">{made}</div>
                <div class="cols"><Next run=r.clone()/><About client run=r access/></div>
            </div>
        }
    })
}

/// Delete apart; edit, switch, run.
#[component]
fn Actions(run: RecurringRun, access: Access) -> impl IntoView {
    access.edits().then(|| {
        let id = segment(&run.id);
        let path = |rest: &str| team_path(&access.team, &format!("/recurring-runs/{id}{rest}"));
        let (action, next) = (path(""), access.href("/recurring-runs"));
        let edit = access.href(&format!("/recurring-runs/{id}/edit"));
        view! {
            <DialogButton id="delete" class="btn danger">"Delete"</DialogButton>
            <Dialog id="delete" title=format!("Delete {}", run.name)>
                <ApiForm id="delete-form" method="DELETE" action next say="The recurring run is deleted.">
                    <p>"It makes no more runs. What it made stays, and what runs goes on."</p>
                    <div class="actions"><button class="btn danger" type="submit">"Delete"</button><DialogCancel/></div>
                </ApiForm>
            </Dialog>
            <a class="btn" href=edit>"Edit"</a>
            <Switch run=run.clone() access=access.clone()/>
            <PostButton id="run-now" action=path("/run") next=access.href("/pipeline-runs/{id}") class="btn primary">"Run now"</PostButton>
        }
    })
}

#[component]
fn Next(run: RecurringRun) -> impl IntoView {
    let content = if run.next.is_empty() {
        let words = if run.enabled { "It has ended: its last time is past." } else { "It is switched off: no time makes a run." };
        view! { <p class="muted">{words}</p> }.into_any()
    } else {
        view! { <Times next=run.next/> }.into_any()
    };
    view! { <Card title="Next times">{content}</Card> }
}

/// Times to come, in words.
#[component]
pub fn Times(
    /// The times.
    next: Vec<NextTime>,
) -> impl IntoView {
    let times = next.into_iter().map(|n| view! { <li title=n.at>{n.words}</li> }).collect_view();
    view! { <ol class="times">{times}</ol> }
}

#[component]
fn About(client: Client, run: RecurringRun, access: Access) -> impl IntoView {
    let r = run;
    let version = match &r.pipeline_id {
        // Its versions went with it.
        Some(_) if r.pipeline_deleted => None,
        Some(_) if r.version_deleted => text("one that was deleted"),
        Some(id) => match &r.version_id {
            Some(version) => {
                let version = client.pipeline_version(&access.team, id, version);
                // It may be gone by now.
                let name = async move { version.await.map_or_else(|_| "one that was deleted".to_owned(), |v| v.display_name) };
                Some(Suspend::new(name).into_any())
            }
            None => text("the newest at each time"),
        },
        None => text("its own"),
    };
    let deleted = r.pipeline_deleted;
    let pipeline = view! { <OfPipeline name=r.pipeline id=r.pipeline_id deleted access/> }.into_any();
    let full = match r.overlap {
        Overlap::Wait => "a time that comes meanwhile waits",
        Overlap::Skip => "a time that comes meanwhile is passed over",
    };
    let parameters = (!r.parameters.is_empty()).then(|| {
        let row = |(name, value): (&String, &serde_json::Value)| view! { <dt>{name.clone()}</dt><dd><Shown value=value.clone()/></dd> };
        let rows = r.parameters.iter().map(row).collect_view();
        view! { <Card title="Parameters"><dl class="facts values">{rows}</dl></Card> }
    });
    let rows = vec![
        ("Pipeline", Some(pipeline)),
        ("Version", version),
        ("When", text(r.when)),
        ("Start", r.schedule.start_at.map(|time| view! { <Ago time/> }.into_any())),
        ("End", r.schedule.end_at.map(|time| view! { <Ago time/> }.into_any())),
        ("At once", text(format!("{} {}; {full}", r.max_active, if r.max_active == 1 { "run" } else { "runs" }))),
        ("Missed times", text(if r.catch_up { "each is made up for" } else { "only the last is made up for" })),
        ("Made before", text(if r.cache { "taken over" } else { "all is done again" })),
        ("Runs so far", text(r.made.to_string())),
        ("Made", Some(view! { <span><Ago time=r.created_at/>" by "{r.created_by}", for whom it runs"</span> }.into_any())),
    ];
    let about = (!r.description.is_empty()).then(|| view! { <p class="pre">{r.description}</p> });
    view! { <Card title="About"><div class="stack">{about}<Facts rows/></div></Card>{parameters} }
}
