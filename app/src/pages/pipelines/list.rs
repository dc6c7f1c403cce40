//! The pipelines of a team.

use super::{
    ticks::{Ticks, succeeded, usual},
    upload::UploadSheet,
};
use crate::{
    api::{Client, ListQuery, changes::kinds, client::segment, pipelines::Pipeline},
    parts::{
        Access, Every, Head, loaded,
        params::{query, team},
    },
    ui::{Ago, Cut, Empty, Pager, Table},
};
use leptos::prelude::*;

/// The page.
#[component]
pub fn Pipelines() -> impl IntoView {
    let (client, team) = (Client::from_context(), team());
    let every = Every::change(&[kinds::PIPELINE, kinds::PIPELINE_RUN]).page("Pipelines");
    let pipelines = client.pipeline_list(&team, &ListQuery { page_token: query("page"), page_size: None });
    let upload = query("upload").is_some();
    loaded(every, pipelines, move |page, access| {
        let (href, runs, edits) = (access.href("/pipelines?upload=1"), access.href("/pipeline-runs"), access.edits());
        let recurring = access.href("/recurring-runs");
        let list = if page.items.is_empty() {
            view! { <section class="card"><Empty text="A pipeline is what the kfp package compiles: tasks that hand on parameters and files. Upload the file that kfp.compiler wrote, then run it." button=edits.then(|| ("Upload pipeline", href.clone())) command="slipway pipeline upload pipeline.yaml"/></section> }.into_any()
        } else {
            view! { <Rows items=page.items access=access.clone()/><Pager next=page.next_page_token/> }.into_any()
        };
        let sheet = (edits && upload).then(|| view! { <UploadSheet access=access.clone()/> });
        view! {
            <Head title="Pipelines"><a class="btn" href=recurring>"Recurring runs"</a><a class="btn" href=runs>"All runs"</a>{edits.then(|| view! { <a class="btn primary" href=href>"Upload pipeline"</a> })}</Head>
            {list}
            {sheet}
        }
    })
}

#[component]
fn Rows(items: Vec<Pipeline>, access: Access) -> impl IntoView {
    let edits = access.edits();
    let rows = items.into_iter().map(|p| {
        let href = access.href(&format!("/pipelines/{}", segment(&p.name)));
        let (good, took) = (succeeded(&p.runs), usual(&p.runs));
        let last = p.runs.first().map(|r| {
            let (href, time) = (access.href(&format!("/pipeline-runs/{}", r.id)), r.created_at.clone());
            view! { <a class="link" href=href><Ago time/></a> }
        });
        let version = p.latest.map(|v| v.name);
        let run = (edits && version.is_some()).then(|| {
            let label = format!("Run {}", p.name);
            view! { <a class="btn small" href=format!("{href}/run") aria-label=label>"Run"</a> }
        });
        view! {
            <tr>
                <td class="lead" data-label="Name"><a class="name" href=href.clone()>{p.display_name}</a><Cut text=p.description/></td>
                <td data-label="Last runs"><Ticks runs=p.runs/></td>
                <td class="num" data-label="Succeeded"><span class="sub">{good}</span></td>
                <td class="num" data-label="Takes"><span class="sub">{took}</span></td>
                <td data-label="Last run"><span class="sub">{last}</span></td>
                <td class="named" data-label="Newest version"><span class="sub">{version}</span></td>
                <td data-label="By"><span class="sub">{p.created_by}</span></td>
                <td data-label="" class="right"><div class="actions">{run}</div></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let head = vec![
        ("Name", ""),
        ("Last runs", ""),
        ("Succeeded", "num"),
        ("Takes", "num"),
        ("Last run", ""),
        ("Newest version", ""),
        ("By", ""),
        ("", ""),
    ];
    view! { <section class="card"><div class="scroll"><Table label="Pipelines" head>{rows}</Table></div></section> }
}
