//! Metrics, log and system of a run.

use crate::{
    api::{
        Client,
        logs::LogQuery,
        resources::bytes_words,
        runs::{MetricSeries, SeriesQuery, log_stream_path, log_text_path},
        usage::UsageSample,
    },
    parts::{Every, loaded},
    ui::{Axis, Card, Chart, Empty, LogSource, LogStream, LogView, Series, number, time},
};
use leptos::prelude::*;

/// One chart for each metric; the crosshair is shared.
#[component]
pub fn MetricCharts(
    /// The curves.
    #[prop(into)]
    series: Signal<Vec<MetricSeries>>,
) -> impl IntoView {
    let keys = Memo::new(move |_| series.read().iter().map(|s| s.key.clone()).collect::<Vec<_>>());
    let chart = move |key: String| {
        let (name, label) = (key.clone(), format!("{key} by step"));
        let curve = Memo::new(move |_| series.read().iter().find(|s| s.key == key).map(|s| vec![line(s)]).unwrap_or_default());
        let title = name.clone();
        let head = Memo::new(move |_| {
            let all = series.read();
            let s = all.iter().find(|s| s.key == name)?;
            let last = s.points.iter().rev().find_map(|p| p.value).map(number::short);
            Some((last, number::count(s.total, "point", "points")))
        });
        let more = move || head.get().map(|(last, count)| view! { <b>{last}</b><span>{count}</span> });
        view! { <Card title more><Chart label series=curve axis=Axis::Step/></Card> }
    };
    view! {
        {move || keys.read().is_empty().then(|| view! { <section class="card"><Empty text="No metric was logged yet. A script logs one with mlflow.log_metric(\"loss\", value, step=n)."/></section> })}
        <div class="metrics"><For each=move || keys.get() key=Clone::clone children=chart/></div>
    }
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
    /// The team.
    team: String,
    /// Id of the run.
    id: String,
    /// Whether it still logs.
    active: bool,
) -> impl IntoView {
    let client = Client::from_context();
    loaded(
        "Loading curves",
        Every { kinds: &["metric"], seconds: if active { 3 } else { 0 }, page: "" },
        move || (team.clone(), id.clone()),
        move |(team, id)| client.run_metrics(&team, &id, &SeriesQuery { keys: None, points: Some(500) }),
        |series, _| view! { <MetricCharts series/> },
    )
}

/// The log tab.
#[component]
pub fn Logs(
    /// The team.
    team: String,
    /// Id of the run.
    id: String,
    /// The attempt under way: a new one has a log of its own.
    attempt: Memo<Option<i64>>,
) -> impl IntoView {
    if attempt.with_untracked(Option::is_none) {
        return view! { <section class="card"><Empty text="This run is executed elsewhere: its log is there."/></section> }.into_any();
    }
    let download = log_text_path(&team, &id);
    let (source, stream) = log_of(team, id);
    let again = Signal::derive(move || attempt.get().unwrap_or(0).unsigned_abs());
    view! { <section class="card"><LogView source stream=Some(stream) download again height="calc(100vh - 260px)" nothing="It has not written a line yet."/></section> }.into_any()
}

/// Where the log of run `id` comes from.
fn log_of(team: String, id: String) -> (LogSource, LogStream) {
    let client = Client::from_context();
    let (t, i) = (team.clone(), id.clone());
    let source = LogSource::new(move |q: LogQuery| client.run_log(&t, &i, &q));
    (source, LogStream::new(move |attempt, offset| log_stream_path(&team, &id, attempt, offset)))
}

/// The end of the log, as the overview shows it.
#[component]
pub fn LogTail(
    /// The team.
    team: String,
    /// Id of the run.
    id: String,
    /// The attempt under way.
    attempt: Memo<Option<i64>>,
) -> impl IntoView {
    let (source, stream) = log_of(team, id);
    let again = Signal::derive(move || attempt.get().unwrap_or(0).unsigned_abs());
    view! {
        <section class="card">
            <header><h2>"Log"</h2><span class="more"><a class="link" href="?tab=logs">"Search and download"</a></span></header>
            <LogView source stream=Some(stream) again bare=true height="230px" nothing="It has not written a line yet."/>
        </section>
    }
}

/// The system tab: what it used.
#[component]
pub fn System(
    /// The team.
    team: String,
    /// Id of the run.
    id: String,
    /// Whether it still runs.
    active: bool,
    /// Whether it is executed here.
    submitted: bool,
) -> impl IntoView {
    if !submitted {
        return view! { <section class="card"><Empty text="This run is executed elsewhere: what it used is not known here."/></section> }
            .into_any();
    }
    let client = Client::from_context();
    loaded(
        "Loading usage",
        Every { kinds: &[], seconds: if active { 5 } else { 0 }, page: "" },
        move || (team.clone(), id.clone()),
        move |(team, id)| client.run_usage(&team, &id),
        |usage, _| {
            let cpu = Memo::new(move |_| vec![curve("CPU", &usage.read(), |s| s.cpu_millis as f64 / 1000.0)]);
            let memory = Memo::new(move |_| vec![curve("Memory", &usage.read(), |s| s.memory_bytes as f64)]);
            view! {
                <div class="cols c2">
                    <Card title="CPU, cores"><Chart label="CPU in use, cores" series=cpu axis=Axis::Time zero=true height=200/></Card>
                    <Card title="Memory"><Chart label="Memory in use" series=memory axis=Axis::Time zero=true words=|v| bytes_words(v as i64) ticks=|v| bytes_words(v as i64) height=200/></Card>
                </div>
            }
        },
    )
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
