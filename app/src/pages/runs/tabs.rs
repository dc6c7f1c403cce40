//! Metrics, log and system of a run.

use crate::{
    api::{
        Client,
        changes::kinds,
        runs::{MetricSeries, RunPipeline, SeriesQuery, log_path},
        usage::UsageSample,
    },
    islands::{Axis, Chart, LogView, Series},
    parts::{Every, loaded, loaded_of},
    ui::{Card, Empty, number, time},
};
use leptos::prelude::*;

/// Points of a curve; fewer where there are many curves.
const POINTS: u32 = 500;

/// One chart for each metric; the crosshair is shared.
#[component]
pub fn MetricCharts(
    /// The curves.
    series: Vec<MetricSeries>,
) -> impl IntoView {
    let none = series.is_empty().then(|| view! { <section class="card"><Empty text="No metric was logged yet. A script logs one with mlflow.log_metric(\"loss\", value, step=n)."/></section> });
    let charts = series.into_iter().map(|s| {
        let last = s.points.iter().rev().find_map(|p| p.value).map(number::short);
        let count = number::count(s.total, "point", "points");
        let more = move || view! { <b>{last.clone()}</b><span>{count.clone()}</span> };
        let curve = vec![line(&s)];
        view! { <Card title=s.key.clone() more><Chart label=format!("{} by step", s.key) series=curve axis=Axis::Step/></Card> }
    });
    view! { {none}<div class="metrics">{charts.collect_view()}</div> }
}

/// A curve of a metric by step. Several values of one step: the last counts.
fn line(s: &MetricSeries) -> Series {
    let mut points: Vec<(f64, Option<f64>)> = Vec::with_capacity(s.points.len());
    for p in &s.points {
        match points.last_mut() {
            Some(last) if last.0 == p.step as f64 => last.1 = p.value,
            _ => points.push((p.step as f64, p.value)),
        }
    }
    Series { name: s.key.clone(), points }
}

/// The metrics tab.
#[component]
pub fn Metrics(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Id of the run.
    id: String,
    /// Whether it still logs.
    active: bool,
) -> impl IntoView {
    let every = Every { kinds: &[kinds::METRIC], seconds: if active { 30 } else { 0 }, page: "" };
    let series = client.run_metrics(&team, &id, &SeriesQuery { keys: None, points: Some(POINTS) });
    loaded_of(every, &id, series, |series, _| view! { <MetricCharts series/> })
}

/// The log tab.
#[component]
pub fn Logs(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Id of the run.
    id: String,
    /// The attempt under way: a new one has a log of its own.
    attempt: Option<i64>,
    /// Where it stands in a pipeline run.
    pipeline: Option<RunPipeline>,
) -> impl IntoView {
    let Some(attempt) = attempt else {
        let text = match pipeline {
            Some(RunPipeline { task: Some(_), .. }) => "Nothing ran for this task: there is no log.",
            Some(_) => "A pipeline run has no log of its own: its tasks have.",
            None => "This run is executed elsewhere: its log is there.",
        };
        return view! { <section class="card"><Empty text/></section> }.into_any();
    };
    let path = log_path(&team, &id);
    let download = format!("{path}/text");
    view! { <section class="card"><LogView client path streams=true download again=attempt.unsigned_abs() height="calc(100vh - 260px)" nothing="It has not written a line yet."/></section> }.into_any()
}

/// The end of the log, as the overview shows it.
#[component]
pub fn LogTail(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Id of the run.
    id: String,
    /// The attempt under way.
    attempt: i64,
) -> impl IntoView {
    view! {
        <section class="card">
            <header><h2>"Log"</h2><span class="more"><a class="link" href="?tab=logs">"Search and download"</a></span></header>
            <LogView client path=log_path(&team, &id) streams=true again=attempt.unsigned_abs() bare=true height="230px" nothing="It has not written a line yet."/>
        </section>
    }
}

/// The system tab: what it used.
#[component]
pub fn System(
    /// The way to the API.
    client: Client,
    /// The team.
    team: String,
    /// Id of the run.
    id: String,
    /// Whether it still runs.
    active: bool,
    /// Whether it is executed here.
    here: bool,
    /// Where it stands in a pipeline run.
    pipeline: Option<RunPipeline>,
) -> impl IntoView {
    if !here {
        let text = match pipeline {
            Some(RunPipeline { task: Some(_), .. }) => "Nothing ran for this task: it used nothing.",
            Some(_) => "A pipeline run uses nothing of its own: its tasks do.",
            None => "This run is executed elsewhere: what it used is not known here.",
        };
        return view! { <section class="card"><Empty text/></section> }.into_any();
    }
    let every = Every { kinds: &[], seconds: if active { 5 } else { 0 }, page: "" };
    loaded(every, client.run_usage(&team, &id), |usage: Vec<UsageSample>, _| {
        let cpu = vec![curve("CPU", &usage, |s| s.cpu_millis as f64 / 1000.0)];
        let memory = vec![curve("Memory", &usage, |s| s.memory_bytes as f64)];
        view! {
            <div class="cols c2">
                <Card title="CPU, cores"><Chart label="CPU in use, cores" series=cpu axis=Axis::Time zero=true height=200/></Card>
                <Card title="Memory"><Chart label="Memory in use" series=memory axis=Axis::Time zero=true bytes=true height=200/></Card>
            </div>
        }
    })
    .into_any()
}

/// A curve over time; three missed samples are a gap.
fn curve(name: &str, samples: &[UsageSample], value: fn(&UsageSample) -> f64) -> Series {
    let mut points: Vec<(f64, Option<f64>)> = Vec::with_capacity(samples.len());
    for s in samples {
        let Some(at) = time::parse(&s.time) else { continue };
        if let Some((before, Some(_))) = points.last()
            && at - before > 20_000.0
        {
            let middle = (at + before) / 2.0;
            points.push((middle, None));
        }
        points.push((at, Some(value(s))));
    }
    Series { name: name.into(), points }
}
