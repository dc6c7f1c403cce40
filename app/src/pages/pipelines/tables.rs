//! What a pipeline run was given, and what its tasks made.

use super::{
    shown::is_one,
    task::{Made, Value as Shown, has_looks, place},
    way::{Way, WayWords, ways},
};
use crate::{
    api::{
        Client, Problem,
        client::segment,
        pipeline_runs::{PipelineRun, Task, TaskArtifact, TaskDetail, TaskState},
    },
    parts::{Access, Every, loaded, params::query},
    ui::{Card, Empty, Facts, Table, facts::text},
};
use futures::future::try_join_all;
use leptos::prelude::*;

/// Tasks whose outputs are asked for at once.
const PIECE: usize = 25;

/// The tab of parameters.
#[component]
pub fn Parameters(
    /// The run.
    run: PipelineRun,
    /// Where the pipeline is run again with others.
    again: Option<String>,
) -> impl IntoView {
    let rows = run.parameters.iter().map(|(name, value)| {
        view! { <tr><td class="lead" data-label="Name"><span class="name">{name.clone()}</span></td><td class="wrap" data-label="Value"><Shown value=value.clone()/></td></tr> }
    });
    let rows = rows.collect_view();
    let table = if run.parameters.is_empty() {
        view! { <Empty text="The pipeline takes no parameters."/> }.into_any()
    } else {
        view! { <Table label="Parameters" head=vec![("Name", ""), ("Value", "")]>{rows}</Table> }.into_any()
    };
    let settings = vec![
        ("Made before", text(if run.cache { "taken over" } else { "all is done again" })),
        ("At once", text(run.max_tasks.map_or_else(|| "as many tasks as there is room for".to_owned(), |n| n.to_string()))),
    ];
    let more = move || again.clone().map(|href| view! { <a class="btn small" href=href>"Run again with others"</a> });
    view! { <div class="cols side"><Card title="Parameters" more flush=true>{table}</Card><Card title="Settings"><Facts rows=settings/></Card></div> }
}

/// The tab of artifacts: what the tasks that ended well made.
#[component]
pub fn Artifacts(
    /// The way to the API.
    client: Client,
    /// The run.
    run: PipelineRun,
    /// Its tasks.
    tasks: Vec<Task>,
    /// Who looks.
    access: Access,
    /// Address of the run's page.
    here: String,
) -> impl IntoView {
    let from = query("from").and_then(|n| n.parse::<usize>().ok()).unwrap_or_default();
    let all_ways = ways(&tasks);
    let ended_well = |t: &Task| is_one(t) && matches!(t.state, TaskState::Succeeded | TaskState::Cached);
    let good: Vec<(Task, Way)> = tasks.into_iter().zip(all_ways).filter(|(t, _)| ended_well(t)).collect();
    let more = good.len() > from + PIECE;
    let (piece, piece_ways): (Vec<Task>, Vec<Way>) = good.into_iter().skip(from).take(PIECE).unzip();
    let (team, ended) = (access.team.clone(), run.state.is_final());
    let details = async move {
        let all: Result<Vec<TaskDetail>, Problem> = try_join_all(piece.iter().map(|t| client.task(&team, &run.id, &t.id))).await;
        all
    };
    loaded(Every::default(), details, move |details, access| {
        let rows = details.into_iter().zip(piece_ways).flat_map(|(d, way)| {
            let (href, label) = (format!("{here}?task={}", d.task.id), way.whole());
            let outputs = d.outputs.unwrap_or_default();
            let artifacts =
                outputs.artifacts.into_iter().flat_map(|(name, all)| all.into_iter().enumerate().map(move |(at, a)| (name.clone(), at, a)));
            let access = access.clone();
            let row = move |(name, at, a): (String, usize, TaskArtifact)| {
                let look = has_looks(&a).then(|| {
                    let (to, words) = (format!("{href}&view={}", segment(&place("out", &name, at))), format!("Look at {name} of {label}"));
                    view! { <a class="btn small" href=to aria-label=words>"Look"</a> }
                });
                view! { <tr><td class="lead" data-label="Task"><a class="name" href=href.clone()><WayWords way=way.clone()/></a></td><td class="named" data-label="Output">{name}</td><td class="wrap" data-label="Artifact"><Made artifact=a access=access.clone()/></td><td data-label="" class="right"><div class="actions">{look}</div></td></tr> }
            };
            artifacts.map(row).collect::<Vec<_>>()
        });
        let rows = rows.collect_view();
        let empty = rows.is_empty();
        let next = more.then(|| view! { <nav class="pager" aria-label="Pages"><a class="btn small" rel="next" href=format!("{here}?tab=artifacts&from={}", from + PIECE)>"More tasks"</a></nav> });
        let list = if empty {
            let none = match (more || from > 0, ended) {
                (true, _) => "None of these tasks made an artifact.",
                (false, true) => "No task made an artifact.",
                (false, false) => "No task has made an artifact yet.",
            };
            let text = format!("{none} A component declares one as an output, as dsl.Output[dsl.Dataset].");
            view! { <Empty text/> }.into_any()
        } else {
            view! { <div class="scroll"><Table label="Artifacts" head=vec![("Task", ""), ("Output", ""), ("Artifact", ""), ("", "")]>{rows}</Table></div> }.into_any()
        };
        view! { <section class="card">{list}</section>{next} }
    })
}
