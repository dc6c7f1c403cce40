//! Pipeline runs: of the team, and of one pipeline.

use super::{
    of_pipeline::OfPipeline,
    pick::{Pick, Picked},
};
use crate::{
    api::{
        Client, State,
        changes::kinds,
        client::segment,
        pipeline_runs::{PipelineRun, PipelineRunQuery},
    },
    parts::{
        Access, Every, Head, StateBadge, loaded,
        params::{query, team},
    },
    ui::{Ago, Cut, Empty, Lasting, Pager, Table, Tabs},
};
use leptos::prelude::*;

/// The page of all of them.
#[component]
pub fn PipelineRuns() -> impl IntoView {
    let (client, which) = (Client::from_context(), query("show").unwrap_or_default());
    let asked = PipelineRunQuery {
        archived: (which == "archived").then_some(true),
        state: match which.as_str() {
            "running" => Some(State::Running),
            "failed" => Some(State::Failed),
            _ => None,
        },
        page_token: query("page"),
        ..PipelineRunQuery::default()
    };
    let every = Every::change(&[kinds::PIPELINE_RUN]).page("Pipeline runs");
    loaded(every, client.pipeline_run_list(&team(), &asked), move |page, access| {
        let here = access.href("/pipeline-runs");
        let item = |words, name: &str| {
            let href = if name.is_empty() { here.clone() } else { format!("{here}?show={name}") };
            (words, href, which == name)
        };
        let items = vec![item("All", ""), item("Running", "running"), item("Failed", "failed"), item("Archived", "archived")];
        let list = if page.items.is_empty() {
            let text = match which.as_str() {
                "running" => "No pipeline run is running.",
                "failed" => "No pipeline run failed.",
                "archived" => "No pipeline run was archived.",
                _ => "Nothing ran yet: open a pipeline and press Run.",
            };
            let button = Some(("Pipelines", access.href("/pipelines")));
            view! { <section class="card"><Empty text button/></section> }.into_any()
        } else {
            view! { <Rows items=page.items access of_all=true/><Pager next=page.next_page_token/> }.into_any()
        };
        view! { <Head title="Pipeline runs"/><Tabs label="Which pipeline runs" items/>{list} }
    })
}

/// A table of them.
#[component]
pub fn Rows(
    /// Newest first.
    items: Vec<PipelineRun>,
    /// Who looks.
    access: Access,
    /// Whether they are of several pipelines.
    #[prop(optional)]
    of_all: bool,
) -> impl IntoView {
    let many = items.len() > 1;
    let picked = many.then(|| view! { <Picked action=access.href("/pipeline-runs/compare") what="pipeline runs"/> });
    let rows = items.into_iter().map(|r| {
        let pick = many.then(|| view! { <Pick id=r.id.clone() name=r.name.clone()/> });
        let href = access.href(&format!("/pipeline-runs/{}", segment(&r.id)));
        let reason = r.reason.map(|text| view! { <Cut text/> });
        let took = r.started_at.map(|from| view! { <Lasting from to=r.ended_at/> });
        let pipeline = of_all.then(|| {
            view! { <td class="named" data-label="Pipeline"><OfPipeline name=r.pipeline id=r.pipeline_id deleted=r.pipeline_deleted access=access.clone()/></td> }
        });
        view! {
            <tr>
                {pick}
                <td class="state" data-label="State"><StateBadge state=r.state/></td>
                <td class="lead" data-label="Name"><a class="name" href=href>{r.name}</a>{reason}</td>
                {pipeline}
                <td class="num" data-label="Tasks"><span class="sub">{format!("{} of {}", r.tasks_ended, r.tasks)}</span></td>
                <td data-label="Made"><span class="sub"><Ago time=r.created_at/></span></td>
                <td class="num" data-label="Took"><span class="sub">{took}</span></td>
                <td data-label="By"><span class="sub">{r.created_by}</span></td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let mut head = vec![("State", ""), ("Name", ""), ("Tasks", "num"), ("Made", ""), ("Took", "num"), ("By", "")];
    if of_all {
        head.insert(2, ("Pipeline", ""));
    }
    if many {
        head.insert(0, ("Compare", "pick"));
    }
    view! { <section class="card"><div class="scroll"><Table label="Pipeline runs" head>{rows}</Table></div>{picked}</section> }
}
