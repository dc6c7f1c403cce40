//! Two pipeline runs beside each other: what they were given, how long each task took, what it measured and made.

use super::{
    drawing::tone,
    of_pipeline::OfPipeline,
    task::{Made, Value as Shown},
};
use crate::{
    api::{
        Client, Problem,
        client::segment,
        pipeline_comparison::{ComparedRun, ComparedTask, PipelineRunComparison, TaskPair},
        pipeline_runs::{PipelineRun, TaskArtifact},
    },
    parts::{
        Access, Every, Head, StateBadge, loaded,
        params::{query, team},
    },
    ui::{Ago, Card, Lasting, Note, number, time},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde_json::Value;
use std::collections::BTreeSet;

/// Lines of one table.
const MOST: usize = 500;

/// Which two the address names: the one that was made first, and the other.
fn named(from: Option<String>, to: Option<String>, mut ticked: Vec<String>) -> Result<[String; 2], &'static str> {
    if let (Some(from), Some(to)) = (from, to) {
        return Ok([from, to]);
    }
    ticked.sort();
    ticked.dedup();
    <[String; 2]>::try_from(ticked).map_err(|other| match other.len() {
        0 | 1 => "Two pipeline runs are compared: tick another one.",
        _ => "Two pipeline runs are compared: tick no more than two.",
    })
}

/// The page.
#[component]
pub fn ComparePipelineRuns() -> impl IntoView {
    let ticked = use_query_map().with_untracked(|q| q.get_all("pick").unwrap_or_default());
    let (client, team, two) = (Client::from_context(), team(), named(query("from"), query("to"), ticked));
    let every = Every::change(&[]).page("Pipeline runs compared");
    let answer = async move {
        match two {
            Ok([from, to]) => compared(client, team, from, to).await.map(Ok),
            Err(words) => Ok(Err(words)),
        }
    };
    loaded(every, answer, move |found, access| match found {
        Ok(found) => view! { <Beside found access/> }.into_any(),
        Err(words) => {
            let back = access.href("/pipeline-runs");
            view! { <Head title="Pipeline runs compared"/><Note tone="amber"><span>{words}" "<a class="link" href=back>"To the pipeline runs"</a></span></Note> }.into_any()
        }
    })
}

async fn compared(client: Client, team: String, from: String, to: String) -> Result<PipelineRunComparison, Problem> {
    client.pipeline_run_compare(&team, &to, &from).await
}

#[component]
fn Beside(found: PipelineRunComparison, access: Access) -> impl IntoView {
    let PipelineRunComparison { before, after, tasks, more } = found;
    let names = two_names(&before.run, &after.run);
    let swap = format!("{}?from={}&to={}", access.href("/pipeline-runs/compare"), segment(&after.run.id), segment(&before.run.id));
    let cut = (more || tasks.len() > MOST)
        .then(|| format!("The runs have more tasks than are shown: these are the first {}.", tasks.len().min(MOST)));
    let cut = cut.map(|words| view! { <Note tone="amber"><span>{words}</span></Note> });
    let tasks: Vec<TaskPair> = tasks.into_iter().take(MOST).collect();
    let (here, there) = (before.run.id.clone(), after.run.id.clone());
    let to = move |after: bool, task: &str, access: &Access| {
        access.href(&format!("/pipeline-runs/{}?task={}", segment(if after { &there } else { &here }), segment(task)))
    };
    let tables =
        [parameters(&before.run, &after.run), durations(&tasks, &access, &to), metrics(&tasks), values(&tasks), artifacts(&tasks, &access)];
    let tables = tables.into_iter().map(|t| view! { <Table table=t names=names.clone()/> }).collect_view();
    view! {
        <Head title="Pipeline runs compared"><a class="btn" href=swap>"Swap"</a></Head>
        <Table table=whole(before, after, &access) names=names.clone()/>
        {cut}
        {tables}
    }
}

/// Names of both; what tells them apart where they have the same.
fn two_names(before: &PipelineRun, after: &PipelineRun) -> [String; 2] {
    if before.name != after.name {
        return [before.name.clone(), after.name.clone()];
    }
    [before, after].map(|r| format!("{} {}", r.name, r.id.get(r.id.len().saturating_sub(6)..).unwrap_or_default()))
}

/// One table: its heading, and lines of what, the one before, the one after.
struct Two {
    title: &'static str,
    first: &'static str,
    nothing: &'static str,
    /// What, whether it differs, both sides, and what stands behind them.
    lines: Vec<(AnyView, bool, [AnyView; 2], Option<AnyView>)>,
    /// The heading of what stands behind.
    last: Option<&'static str>,
}

#[component]
fn Table(table: Two, names: [String; 2]) -> impl IntoView {
    let Two { title, first, nothing, lines, last } = table;
    if lines.is_empty() {
        return view! { <Card title><p class="muted">{nothing}</p></Card> }.into_any();
    }
    let [before, after] = names;
    let differ = lines.iter().filter(|l| l.1).count() as i64;
    let more = move || (differ > 0).then(|| format!("{} not the same", number::count(differ, "line", "lines")));
    let rows = lines.into_iter().map(|(what, differs, [was, is], behind)| {
        let behind = last.map(|last| view! { <td class="num" data-label=last>{behind}</td> });
        let mark = differs.then(|| view! { " "<span class="tag differs">"differs"</span> });
        view! { <tr><td class="lead" data-label=first>{what}{mark}</td><td data-label=before.clone()>{was}</td><td data-label=after.clone()>{is}</td>{behind}</tr> }
    });
    let rows = rows.collect_view();
    let head = last.map(|last| view! { <th scope="col" class="num">{last}</th> });
    view! {
        <Card title more flush=true>
            <table class="rows differ beside" aria-label=title>
                <thead><tr><th scope="col">{first}</th><th scope="col">{before.clone()}</th><th scope="col">{after.clone()}</th>{head}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </Card>
    }
    .into_any()
}

fn line(what: &'static str, differs: bool, sides: [AnyView; 2]) -> (AnyView, bool, [AnyView; 2], Option<AnyView>) {
    (what.into_any(), differs, sides, None)
}

fn whole(before: ComparedRun, after: ComparedRun, access: &Access) -> Two {
    let same = before.digest == after.digest;
    let both = [before, after];
    let runs = [&both[0].run, &both[1].run];
    let name = runs.map(|r| {
        let href = access.href(&format!("/pipeline-runs/{}", segment(&r.id)));
        view! { <a class="link" href=href>{r.name.clone()}</a> }.into_any()
    });
    let pipeline = runs.map(|r| {
        let (name, id) = (r.pipeline.clone(), r.pipeline_id.clone());
        view! { <OfPipeline name id deleted=r.pipeline_deleted access=access.clone()/> }.into_any()
    });
    let version = [&both[0], &both[1]].map(|c| {
        c.version
            .clone()
            .unwrap_or_else(|| if c.run.version_id.is_some() { "a version that was deleted" } else { "its own pipeline" }.to_owned())
            .into_any()
    });
    // Both are versions of one pipeline: what is different between them has a page.
    let between = match (runs[0].version_id.clone(), runs[1].version_id.clone(), runs[1].pipeline_id.clone()) {
        (Some(from), Some(to), Some(of))
            if !same && runs[0].pipeline_id.as_ref() == Some(&of) && both.iter().all(|c| c.version.is_some()) =>
        {
            let href = access.href(&format!("/pipelines/{}?tab=diff&from={}&to={}", segment(&of), segment(&from), segment(&to)));
            Some(view! { <a class="link" href=href>"Version"</a> }.into_any())
        }
        _ => None,
    };
    let took = runs.map(|r| {
        r.started_at.clone().map_or_else(|| "not started".into_any(), |from| view! { <Lasting from to=r.ended_at.clone()/> }.into_any())
    });
    let cached = runs.map(|r| if r.cache { "taken over" } else { "all is done again" }.into_any());
    let most = runs.map(|r| r.max_tasks.map_or_else(|| "as many as there is room for".to_owned(), |n| n.to_string()).into_any());
    let lines = vec![
        line("Run", false, name),
        line("State", runs[0].state != runs[1].state, runs.map(|r| view! { <StateBadge state=r.state/> }.into_any())),
        line("Pipeline", runs[0].pipeline != runs[1].pipeline, pipeline),
        (between.unwrap_or_else(|| "Version".into_any()), !same, version, None),
        line("Took", false, took),
        line("Tasks", runs[0].tasks != runs[1].tasks, runs.map(|r| r.tasks.into_any())),
        line("Made before", runs[0].cache != runs[1].cache, cached),
        line("Tasks at once", runs[0].max_tasks != runs[1].max_tasks, most),
        line("Made", false, runs.map(|r| view! { <span><Ago time=r.created_at.clone()/>" by "{r.created_by.clone()}</span> }.into_any())),
    ];
    Two { title: "Both runs", first: "What", nothing: "", lines, last: None }
}

fn shown(value: Option<&Value>) -> AnyView {
    match value {
        Some(value) => view! { <Shown value=value.clone()/> }.into_any(),
        None => view! { <span class="muted">"nothing"</span> }.into_any(),
    }
}

fn parameters(before: &PipelineRun, after: &PipelineRun) -> Two {
    let names: BTreeSet<&String> = before.parameters.keys().chain(after.parameters.keys()).collect();
    let lines = names.into_iter().map(|name| {
        let (was, is) = (before.parameters.get(name), after.parameters.get(name));
        (view! { <span class="name">{name.clone()}</span> }.into_any(), was != is, [shown(was), shown(is)], None)
    });
    Two { title: "Parameters", first: "Parameter", nothing: "Neither takes parameters.", lines: lines.collect(), last: None }
}

fn seconds(task: &ComparedTask) -> Option<f64> {
    let at = |text: &Option<String>| text.as_deref().and_then(time::parse);
    Some((at(&task.ended_at)? - at(&task.started_at)?) / 1000.0)
}

fn durations(tasks: &[TaskPair], access: &Access, to: &impl Fn(bool, &str, &Access) -> String) -> Two {
    let side = |task: &Option<ComparedTask>, after: bool| match task {
        None => view! { <span class="muted">"no such task"</span> }.into_any(),
        Some(t) => {
            let (href, dot) = (to(after, &t.id, access), format!("dot {}", tone(t.state)));
            let took = t.started_at.clone().map(|from| view! { ", "<Lasting from to=t.ended_at.clone()/> });
            let attempt = (t.attempt > 1).then(|| format!(", attempt {}", t.attempt));
            view! { <span class="nowrap"><i class=dot></i><a class="link" href=href>{t.state.label()}</a>{took}{attempt}</span> }.into_any()
        }
    };
    let lines = tasks.iter().map(|t| {
        let states = (t.before.as_ref().map(|t| t.state), t.after.as_ref().map(|t| t.state));
        let longer = t.before.as_ref().and_then(seconds).zip(t.after.as_ref().and_then(seconds)).map(|(was, is)| {
            let sign = if is >= was { "+" } else { "−" };
            format!("{sign}{}", time::duration((is - was).abs())).into_any()
        });
        (
            view! { <span class="name">{t.path.clone()}</span> }.into_any(),
            states.0 != states.1,
            [side(&t.before, false), side(&t.after, true)],
            longer,
        )
    });
    Two { title: "Tasks", first: "Task", nothing: "No task was made yet.", lines: lines.collect(), last: Some("Longer by") }
}

fn metrics(tasks: &[TaskPair]) -> Two {
    let mut lines = Vec::new();
    for t in tasks {
        let of = |side: &'_ Option<ComparedTask>| side.as_ref().map(|s| s.metrics.clone()).unwrap_or_default();
        let (before, after) = (of(&t.before), of(&t.after));
        for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let (was, is) = (before.get(name), after.get(name));
            let change = was.and_then(Value::as_f64).zip(is.and_then(Value::as_f64)).filter(|(was, is)| was != is);
            let change =
                change.map(|(was, is)| format!("{}{}", if is > was { "+" } else { "−" }, number::short((is - was).abs())).into_any());
            let words = |v: Option<&Value>| {
                v.map_or_else(|| view! { <span class="muted">"not measured"</span> }.into_any(), |v| number::metric(v).into_any())
            };
            let what = view! { <span class="name">{name.clone()}</span>" "<span class="sub">{t.path.clone()}</span> }.into_any();
            lines.push((what, was != is, [words(was), words(is)], change));
        }
    }
    Two { title: "Metrics", first: "Metric", nothing: "No task of either measured anything.", lines, last: Some("More by") }
}

fn values(tasks: &[TaskPair]) -> Two {
    let text = |text: &Option<String>| shown(text.clone().map(Value::String).as_ref());
    let lines = tasks.iter().flat_map(|t| {
        t.differences.iter().map(|d| {
            let what = view! { <span class="name">{d.what.clone()}</span>" "<span class="sub">{t.path.clone()}</span> }.into_any();
            (what, true, [text(&d.before), text(&d.after)], None)
        })
    });
    Two {
        title: "Inputs and outputs that differ",
        first: "Value",
        nothing: "Tasks of both were given the same and told the same.",
        lines: lines.collect(),
        last: None,
    }
}

fn artifacts(tasks: &[TaskPair], access: &Access) -> Two {
    let mut lines = Vec::new();
    for t in tasks {
        let of = |side: &'_ Option<ComparedTask>| side.as_ref().map(|s| s.artifacts.clone()).unwrap_or_default();
        let (before, after) = (of(&t.before), of(&t.after));
        for name in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let made = |all: Option<&Vec<TaskArtifact>>| match all {
                Some(all) => all.iter().map(|a| view! { <Made artifact=a.clone() access=access.clone()/> }).collect_view().into_any(),
                None => view! { <span class="muted">"nothing"</span> }.into_any(),
            };
            let (was, is) = (before.get(name), after.get(name));
            let what = view! { <span class="name">{name.clone()}</span>" "<span class="sub">{t.path.clone()}</span> }.into_any();
            // Where they lie differs always: only what one of them lacks is told.
            lines.push((what, was.is_some() != is.is_some(), [made(was), made(is)], None));
        }
    }
    Two { title: "Artifacts", first: "Artifact", nothing: "No task of either made an artifact.", lines, last: None }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn two_are_compared() {
        let ticked = |all: &[&str]| all.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        assert_eq!(named(None, None, ticked(&["02", "01"])), Ok(["01", "02"].map(str::to_owned)));
        // An address that names them is not turned round.
        assert_eq!(named(Some("2".into()), Some("1".into()), vec![]), Ok(["2", "1"].map(str::to_owned)));
        for wrong in [&[][..], &["1"], &["1", "1"], &["1", "2", "3"]] {
            assert!(named(None, None, ticked(wrong)).is_err(), "{wrong:?}");
        }
    }
}
