//! What a run is and how far it came.

use super::tabs::{LogTail, MetricCharts};
use crate::{
    api::{
        Client,
        changes::kinds,
        client::segment,
        resources::{Resources, bytes_words, cpu_words},
        runs::{Code, Run, RunPipeline, SeriesQuery, Submission},
    },
    parts::{
        Access, Every,
        amounts::{cpu_use, memory_use},
        loaded, loaded_of, secret_uses,
    },
    ui::{Ago, Card, CodeBlock, Copyable, Facts, facts::text, number, shell},
};
use leptos::prelude::*;

/// How many curves the overview shows above the log.
const CURVES: usize = 2;
/// What a training is watched by, best known first.
const WATCHED: [&str; 7] = ["loss", "acc", "auc", "f1", "score", "rmse", "mae"];

/// The metrics to show, in order.
fn foremost(run: &Run) -> Vec<String> {
    let mut keys: Vec<_> = run.summary.metrics.keys().cloned().collect();
    keys.sort_by_key(|k| WATCHED.iter().position(|w| k.contains(w)).unwrap_or(WATCHED.len()));
    keys.truncate(if run.log_attempt().is_some() { CURVES } else { 2 * CURVES });
    keys
}

/// The overview tab.
#[component]
pub fn Overview(
    /// The way to the API.
    client: Client,
    /// The run.
    run: Run,
    /// Who looks.
    access: Access,
    /// Whether it still changes.
    active: bool,
) -> impl IntoView {
    let (team, id) = (access.team.clone(), run.summary.id.clone());
    let keys = foremost(&run);
    let every = Every { kinds: &[kinds::METRIC], seconds: if active { 30 } else { 0 }, page: "" };
    // A run that has not logged anything yet shows whatever comes first.
    let query = SeriesQuery { keys: (!keys.is_empty()).then(|| keys.join(",")), points: Some(300) };
    let curves = loaded_of(every, &id, client.run_metrics(&team, &id, &query), move |mut series, _| {
        series.sort_by_key(|s| keys.iter().position(|k| *k == s.key));
        series.truncate(2 * CURVES);
        view! { <MetricCharts series/> }
    });
    let held = run.submission.as_ref().filter(|_| active).map(Submission::held);
    let used = held.map(|held| view! { <Use client=client.clone() team=team.clone() id=id.clone() held/> });
    let attempt = run.log_attempt();
    let log = attempt.map(|attempt| view! { <LogTail client team id attempt/> });
    view! {
        <div class="cols side">
            <div class="cols">
                {curves}
                {log}
                <Latest run=run.clone()/>
            </div>
            <div class="cols">
                <Source run=run.clone() access=access.clone()/>
                {used}
                <Params run=run.clone()/>
                <Lineage run=run.clone() access/>
                <Tags run/>
            </div>
        </div>
    }
}

/// What it uses right now of what it holds.
#[component]
fn Use(client: Client, team: String, id: String, held: Resources) -> impl IntoView {
    let every = Every { kinds: &[], seconds: 5, page: "" };
    loaded(every, client.run_usage(&team, &id), move |samples, _| {
        let now = samples.last().cloned()?;
        let of = |used: AnyView, of: String| Some(view! { <span>{used}" of "{of}</span> }.into_any());
        let rows = vec![
            ("CPU", of(cpu_use(Some(now.cpu_millis), held.cpu_millis).into_any(), cpu_words(held.cpu_millis))),
            ("Memory", of(memory_use(Some(now.memory_bytes), held.memory_bytes).into_any(), bytes_words(held.memory_bytes))),
        ];
        Some(view! { <Card title="Use"><Facts rows/></Card> })
    })
}

/// The latest value of each metric.
#[component]
fn Latest(run: Run) -> impl IntoView {
    (!run.summary.metrics.is_empty()).then(|| {
        let rows = run.summary.metrics.iter().map(|(k, v)| view! { <tr><td class="name">{k.clone()}</td><td class="num">{number::metric(v)}</td></tr> });
        let rows = rows.collect_view();
        view! {
            <Card title="Latest values" flush=true>
                <table aria-label="Latest value of each metric"><thead><tr><th scope="col">"Metric"</th><th class="num" scope="col">"Value"</th></tr></thead><tbody>{rows}</tbody></table>
            </Card>
        }
    })
}

#[component]
fn Source(run: Run, access: Access) -> impl IntoView {
    let s = run.summary.clone();
    let mut rows = vec![("Experiment", {
        let href = format!("{}?experiment={}", access.href("/runs"), s.experiment_id);
        Some(view! { <a class="link" href=href>{s.experiment.clone()}</a> }.into_any())
    })];
    match (run.submission, run.pipeline) {
        (Some(sub), _) => rows.extend(submitted(sub, &access)),
        (None, Some(of)) => rows.push(("Executed", Some(within(of, &access)))),
        (None, None) => rows.push(("Executed", text("elsewhere; it logs here with the mlflow client"))),
    }
    rows.push(("By", text(s.user)));
    rows.push(("Ended", s.ended_at.map(|time| view! { <Ago time/> }.into_any())));
    rows.push(("Id", Some(view! { <Copyable text=s.id/> }.into_any())));
    view! { <Card title="Source"><Facts rows/></Card> }
}

/// By which pipeline run, and as which task of it.
fn within(of: RunPipeline, access: &Access) -> AnyView {
    let there = access.href(&format!("/pipeline-runs/{}", segment(&of.pipeline_run_id)));
    let task = of.task.map(|task| {
        let href = format!("{there}?task={}", segment(&task.id));
        view! { "as the task "<a class="link" href=href>{task.name}</a>" of " }
    });
    let own = task.is_none().then_some("as ");
    view! { <span>{own}{task}"the pipeline run "<a class="link" href=there>{of.pipeline_run}</a></span> }.into_any()
}

fn submitted(sub: Submission, access: &Access) -> Vec<(&'static str, Option<AnyView>)> {
    let code = sub.code.map(|c| match c {
        Code::Upload { digest } => {
            view! { <span>"uploaded folder "<code title=digest.clone()>{digest.chars().take(12).collect::<String>()}</code></span> }
                .into_any()
        }
        Code::Git { url, reference, commit } => {
            let commit = commit.map(|c| view! { <code>{c.chars().take(10).collect::<String>()}</code>" of " });
            view! { <span>{commit}{reference}" in "<code>{url}</code></span> }.into_any()
        }
    });
    let environment = access.href(&format!("/environments/{}?version={}", sub.environment, sub.environment_version));
    let attempts = (sub.max_attempts > 1 || sub.attempt > 1).then(|| format!("{} of {}", sub.attempt, sub.max_attempts));
    let retry_of =
        sub.retry_of.map(|id| view! { <a class="link" href=access.href(&format!("/runs/{id}"))>"an earlier run"</a> }.into_any());
    vec![
        ("Command", Some(view! { <CodeBlock text=shell::words(&sub.command)/> }.into_any())),
        ("Code", code),
        (
            "Environment",
            Some(view! { <a class="link" href=environment>{format!("{} v{}", sub.environment, sub.environment_version)}</a> }.into_any()),
        ),
        ("Size", text(sub.resources.on_nodes(sub.nodes))),
        ("Attempt", attempts.map(IntoAny::into_any)),
        ("Time limit", sub.timeout_seconds.map(|s| crate::ui::time::duration(s as f64).into_any())),
        ("Exit code", sub.exit_code.map(|c| c.to_string().into_any())),
        ("Retry of", retry_of),
        ("Variables", secret_uses::variables(&sub.env).and_then(text)),
        ("Secrets", secret_uses::secrets(&sub.secrets).and_then(text)),
        ("Submitted", Some(view! { <Ago time=sub.queued_at/> }.into_any())),
    ]
}

#[component]
fn Params(run: Run) -> impl IntoView {
    (!run.summary.params.is_empty()).then(|| {
        let rows = run.summary.params.into_iter().map(|(k, v)| view! { <dt>{k}</dt><dd class="mono">{v}</dd> });
        let rows = rows.collect_view();
        view! { <Card title="Parameters"><dl class="facts">{rows}</dl></Card> }
    })
}

/// Datasets it read, model versions that came of it.
#[component]
fn Lineage(run: Run, access: Access) -> impl IntoView {
    (!run.datasets.is_empty() || !run.model_versions.is_empty()).then(|| {
        let data = run.datasets.into_iter().map(|d| {
            view! { <dt>{d.context.unwrap_or_else(|| "Dataset".into())}</dt><dd>{d.name}" "<code class="sub">{d.digest}</code></dd> }
        });
        let data = data.collect_view();
        let models = run.model_versions.into_iter().map(|m| {
            let href = access.href(&format!("/models/{}/{}", segment(&m.model), m.version));
            view! { <dt>"Registered"</dt><dd><a class="link" href=href>{format!("{} v{}", m.model, m.version)}</a></dd> }
        });
        let models = models.collect_view();
        view! { <Card title="Lineage"><dl class="facts">{data}{models}</dl></Card> }
    })
}

/// Tags that a person or a script set; those of mlflow and of Slipway itself are left out.
#[component]
fn Tags(run: Run) -> impl IntoView {
    let tags: Vec<_> = run.tags.into_iter().filter(|(k, _)| !k.starts_with("mlflow.") && !k.starts_with("slipway.")).collect();
    (!tags.is_empty()).then(|| {
        let rows = tags.into_iter().map(|(k, v)| view! { <dt>{k}</dt><dd>{v}</dd> }).collect_view();
        view! { <Card title="Tags"><dl class="facts">{rows}</dl></Card> }
    })
}
