//! One pipeline: what ran of it, its versions.

use super::{
    differ::{Differ, Pair},
    recurring, runs,
    ticks::{Ticks, succeeded, usual},
    upload::UploadSheet,
    versions::Versions,
};
use crate::{
    api::{
        Client, ListQuery,
        changes::kinds,
        client::{segment, team_path},
        pipeline_runs::PipelineRunQuery,
        pipelines::Pipeline,
        recurring_runs::RecurringRunQuery,
    },
    parts::{
        Access, Every, Head, ThisPipeline, loaded,
        params::{param, query, team},
    },
    ui::{Ago, ApiForm, Card, Dialog, DialogButton, DialogCancel, Empty, Facts, Field, Pager, Tabs, facts::text, shell},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

const EVERY: Every = Every::change(&[kinds::PIPELINE, kinds::PIPELINE_RUN]);

/// The page.
#[component]
pub fn PipelinePage() -> impl IntoView {
    let (client, tab, token) = (Client::from_context(), query("tab").unwrap_or_default(), query("page"));
    let upload = query("upload").is_some();
    let ticked = use_query_map().with_untracked(|q| q.get_all("pick").unwrap_or_default());
    let pair = Pair::of(query("from"), query("to"), ticked);
    // A comparison has the width of the page.
    let wide = tab == "diff";
    loaded(EVERY.page("Pipeline"), ThisPipeline::of(&team(), &param("pipeline")).read(), move |p: Pipeline, access| {
        let here = access.href(&format!("/pipelines/{}", segment(&p.name)));
        let (edits, runs) = (access.edits(), format!("{here}/run"));
        let actions = edits.then(|| {
            let schedule = p.latest.is_some().then(|| view! { <a class="btn" href=format!("{here}/schedule")>"Schedule"</a> });
            let run = p.latest.is_some().then(|| view! { <a class="btn primary" href=runs.clone()>"Run"</a> });
            view! { <Delete pipeline=p.clone() access=access.clone()/><ClearCache pipeline=p.clone() access=access.clone()/><a class="btn" href=format!("{here}?upload=1")>"Upload version"</a>{schedule}{run} }
        });
        let items = vec![
            ("Runs", here.clone(), tab.is_empty()),
            ("Recurring", format!("{here}?tab=recurring"), tab == "recurring"),
            ("Versions", format!("{here}?tab=versions"), tab == "versions" || tab == "diff"),
        ];
        let content = match tab.as_str() {
            "diff" => view! { <Differ client pipeline=p.clone() pair access=access.clone()/> }.into_any(),
            "versions" => {
                let (of, versions) =
                    (p.clone(), client.pipeline_versions(&access.team, &p.id, &ListQuery { page_token: token, page_size: None }));
                loaded(EVERY, versions, move |page, access| {
                    view! { <Versions items=page.items pipeline=of access/><Pager next=page.next_page_token/> }
                })
            }
            "recurring" => {
                let asked = RecurringRunQuery { pipeline: Some(p.id.clone()), page_token: token, page_size: None };
                let button = (edits && p.latest.is_some()).then(|| ("Schedule", format!("{here}/schedule")));
                let command = format!("slipway pipeline schedule create {} --cron '0 0 2 * * *'", shell::word(&p.name));
                loaded(recurring::EVERY, client.recurring_run_list(&access.team, &asked), move |page, access| {
                    if page.items.is_empty() {
                        view! { <section class="card"><Empty text="It does not run by itself yet." button command/></section> }.into_any()
                    } else {
                        view! { <recurring::Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
                    }
                })
            }
            _ => {
                let asked = PipelineRunQuery { pipeline: Some(p.id.clone()), page_token: token, ..PipelineRunQuery::default() };
                let button = (edits && p.latest.is_some()).then(|| ("Run", runs.clone()));
                let command = format!("slipway pipeline run {} --watch", shell::word(&p.name));
                loaded(EVERY, client.pipeline_run_list(&access.team, &asked), move |page, access| {
                    if page.items.is_empty() {
                        view! { <section class="card"><Empty text="Nothing of it ran yet." button command/></section> }.into_any()
                    } else {
                        view! { <runs::Rows items=page.items access/><Pager next=page.next_page_token/> }.into_any()
                    }
                })
            }
        };
        let sheet = (edits && upload).then(|| view! { <UploadSheet access=access.clone() of=p.clone()/> });
        view! {
            <Head title=p.display_name.clone()>{actions}</Head>
            <div class=if wide { "cols" } else { "cols side" }>
                <div class="cols"><Tabs label="Parts of the pipeline" items/>{content}</div>
                {(!wide).then(|| view! { <div class="cols"><About pipeline=p.clone()/>{edits.then(|| view! { <Limits pipeline=p access=access.clone()/> })}</div> })}
            </div>
            {sheet}
        }
    })
}

#[component]
fn About(pipeline: Pipeline) -> impl IntoView {
    let p = pipeline;
    let rows = vec![
        ("Last runs", (!p.runs.is_empty()).then(|| view! { <Ticks runs=p.runs.clone()/> }.into_any())),
        ("Succeeded", succeeded(&p.runs).and_then(text)),
        ("Takes", usual(&p.runs).and_then(text)),
        ("Newest", p.latest.and_then(|v| text(v.display_name))),
        ("Name", Some(view! { <code>{p.name}</code> }.into_any())),
        ("Made", Some(view! { <span><Ago time=p.created_at/>" by "{p.created_by}</span> }.into_any())),
    ];
    let about = (!p.description.is_empty()).then(|| view! { <p class="pre">{p.description}</p> });
    view! { <Card title="About"><div class="stack">{about}<Facts rows/></div></Card> }
}

/// How much of it goes on at once.
#[component]
fn Limits(pipeline: Pipeline, access: Access) -> impl IntoView {
    let action = team_path(&access.team, &format!("/pipelines/{}/limits", segment(&pipeline.id)));
    let value = pipeline.max_tasks.map(|n| n.to_string()).unwrap_or_default();
    view! {
        <Card title="Limits">
            <ApiForm id="limits" method="PUT" action say="The limit is set.">
                <Field name="max_tasks" label="Tasks at once" kind="number" value placeholder="as many as there is room for" hint="Of all its runs together. What is at work goes on."/>
                <div class="actions"><button class="btn" type="submit">"Set"</button></div>
            </ApiForm>
        </Card>
    }
}

#[component]
fn ClearCache(pipeline: Pipeline, access: Access) -> impl IntoView {
    let action = team_path(&access.team, &format!("/pipelines/{}/clear-cache", segment(&pipeline.id)));
    view! {
        <DialogButton id="clear-cache">"Clear cache"</DialogButton>
        <Dialog id="clear-cache" title=format!("Clear the cache of {}", pipeline.name)>
            <ApiForm id="clear-cache-form" action say="The cache is cleared.">
                <p>"The next run makes everything anew. Nothing is deleted."</p>
                <div class="actions"><button class="btn primary" type="submit">"Clear cache"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}

#[component]
fn Delete(pipeline: Pipeline, access: Access) -> impl IntoView {
    let (action, next) = (team_path(&access.team, &format!("/pipelines/{}", segment(&pipeline.id))), access.href("/pipelines"));
    view! {
        <DialogButton id="delete" class="btn danger">"Delete"</DialogButton>
        <Dialog id="delete" title=format!("Delete {}", pipeline.name)>
            <ApiForm id="delete-form" method="DELETE" action next say="The pipeline is deleted.">
                <p>"It goes with all its versions; what ran of it stays."</p>
                <div class="actions"><button class="btn danger" type="submit">"Delete"</button><DialogCancel/></div>
            </ApiForm>
        </Dialog>
    }
}
