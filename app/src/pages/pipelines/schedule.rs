//! Letting a pipeline run by itself: the form that makes a recurring run, and the one that changes it.

use super::{
    schedule_fields::ScheduleFields,
    start,
    version_picker::{self, VersionPicker},
};
use crate::{
    api::{
        Client, ListQuery, Problem,
        client::{segment, team_path},
        page::MAX_PAGE_SIZE,
        pipelines::{Pipeline, PipelineOutline, PipelineParameter, PipelineVersion},
        recurring_runs::{Overlap, RecurringRun, Schedule, ScheduleKind, SchedulePreview},
    },
    islands::schedule_options::{NIGHTLY, options},
    parts::{
        Every, Head, ThisPipeline, ThisRecurringRun, loaded,
        params::{param, team},
    },
    ui::{ApiForm, Area, Card, CodeBlock, Field, Note, Select, shell},
};
use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};
use serde_json::Value;
use std::collections::BTreeMap;

/// The choice of no version.
const NEWEST: &str = "The newest at each time";

/// What stands for that where one is changed.
const NONE: &str = "newest";

/// What was typed, where a plain browser asks for the times of it.
fn typed(query: &ParamsMap, name: &str) -> Option<String> {
    query.get(name).filter(|v| !v.is_empty())
}

/// The schedule that was typed; nothing where none was.
fn typed_schedule(query: &ParamsMap) -> Option<Schedule> {
    let field = |name: &str| typed(query, &format!("schedule.{name}"));
    let kind = field("kind")?;
    let interval = kind == "interval";
    Some(Schedule {
        kind: Some(if interval { ScheduleKind::Interval } else { ScheduleKind::Cron }),
        cron: field("cron").filter(|_| !interval),
        interval_seconds: field("interval_seconds").filter(|_| interval).and_then(|n| n.parse().ok()),
        time_zone: field("time_zone"),
        start_at: field("start_at"),
        end_at: field("end_at"),
    })
}

/// The same from a terminal as far as the schedule, which stands at its end. `version`: its name, where one was chosen.
fn command(pipeline: &str, version: Option<&str>, parameters: &[PipelineParameter]) -> String {
    format!("slipway pipeline schedule create {}{}{} ", shell::word(pipeline), start::of_version(version), start::to_give(parameters))
}

/// The schedule that a command has: the one that was typed, or an example.
fn shown(typed: Option<Schedule>) -> Schedule {
    typed.unwrap_or_else(|| Schedule { cron: Some(NIGHTLY.into()), time_zone: Some("Europe/Berlin".into()), ..Schedule::default() })
}

/// What stands in the fields of parameters.
type Values = BTreeMap<String, Value>;

/// What both forms are made of.
struct Offer {
    versions: Vec<PipelineVersion>,
    outline: PipelineOutline,
    schedule: Schedule,
    preview: Result<SchedulePreview, Problem>,
}

async fn offer(client: &Client, team: &str, pipeline: &str, version: Option<&str>, schedule: Schedule) -> Result<Offer, Problem> {
    let all = ListQuery { page_size: Some(MAX_PAGE_SIZE), page_token: None };
    let versions = client.pipeline_versions(team, pipeline, &all).await?.items;
    let Some(of) = version.map(str::to_owned).or_else(|| versions.first().map(|v| v.id.clone())) else {
        return Err(Problem::new(404, "This pipeline has no version: upload one to run it."));
    };
    let preview = client.schedule_preview(&schedule);
    let (outline, preview) = futures::future::join(client.pipeline_outline(team, pipeline, &of), preview).await;
    Ok(Offer { versions, outline: outline?, schedule, preview })
}

/// The page that makes one.
#[component]
pub fn SchedulePipeline() -> impl IntoView {
    let (client, query) = (Client::from_context(), use_query_map().get_untracked());
    let this = ThisPipeline::of(&team(), &param("pipeline"));
    let asked = (team(), query.clone());
    let answer = async move {
        let (team, query) = asked;
        let (pipeline, experiments) = futures::future::try_join(this.read(), client.experiment_list(&team, &ListQuery::default())).await?;
        let schedule = typed_schedule(&query).unwrap_or_else(|| Schedule { cron: Some(NIGHTLY.into()), ..Schedule::default() });
        let offer = offer(&client, &team, &pipeline.id, typed(&query, "version").as_deref(), schedule).await?;
        let values = version_picker::typed(&client, &team, &pipeline.id, &query, &BTreeMap::new()).await;
        Ok((pipeline, experiments.items.into_iter().map(|e| e.name).collect::<Vec<_>>(), offer, values))
    };
    loaded(
        Every::default().page("Schedule a pipeline"),
        answer,
        move |(p, experiments, o, values): (Pipeline, Vec<String>, Offer, Values), access| {
            if !access.edits() {
                return view! { <Head title="Schedule a pipeline"/><Note tone="amber"><span>"Only editors of the team schedule pipelines."</span></Note> }
                .into_any();
            }
            let back = access.href(&format!("/pipelines/{}", segment(&p.name)));
            let here = format!("{back}/schedule");
            let (action, next) = (team_path(&access.team, "/recurring-runs"), access.href("/recurring-runs/{id}"));
            // In an address a version may go by its name.
            let asked = typed(&query, "version").unwrap_or_default();
            let version = o.versions.iter().find(|v| v.name == asked || v.id == asked);
            let command = command(&p.name, version.map(|v| v.name.as_str()), &o.outline.parameters);
            let text = format!("{command}{}", options(&shown(typed_schedule(&query))));
            let chosen = version.map_or(asked, |v| v.id.clone());
            let say = move |name: &str| typed(&query, name).unwrap_or_default();
            view! {
            <Head title=format!("Schedule {}", p.display_name)/>
            <div class="cols side">
                <section class="card"><div class="in">
                    <ApiForm id="schedule" action next>
                        <input type="hidden" name="pipeline" value=p.id/>
                        <Field name="name" label="Name" value=say("name") placeholder=p.name hint="Its runs bear it, with their time."/>
                        <ScheduleFields schedule=o.schedule preview=o.preview here=here.clone()/>
                        <VersionPicker versions=o.versions chosen none=("", NEWEST) here/>
                        <Parameters outline=o.outline values/>
                        <Policy max_active=say("max_active") overlap=say("overlap") catch_up=say("catch_up")/>
                        <details class="more">
                            <summary>"Experiment, caching, description"</summary>
                            <div class="form">
                                <div class="pair">
                                    <Field name="experiment" label="Experiment" value=say("experiment") placeholder="Default" hint="Made where it does not exist." offers=experiments/>
                                    <Cache value=say("cache")/>
                                </div>
                                <Area name="description" label="Description" value=say("description")/>
                            </div>
                        </details>
                        <div class="actions"><button class="btn primary" type="submit">"Schedule"</button><a class="btn" href=back>"Cancel"</a></div>
                    </ApiForm>
                </div></section>
                // With the schedule that is being typed, where the script is there (`browser/schedule.rs`).
                <Card title="From a terminal"><div data-schedule-command=command><CodeBlock text/></div></Card>
            </div>
        }
        .into_any()
        },
    )
}

/// The page that changes one.
#[component]
pub fn EditRecurringRun() -> impl IntoView {
    let (client, query) = (Client::from_context(), use_query_map().get_untracked());
    let asked = (team(), query.clone(), ThisRecurringRun::of(&team(), &param("id")));
    let answer = async move {
        let (team, query, run) = asked;
        let run = run.read().await?;
        let schedule = typed_schedule(&query).unwrap_or_else(|| run.schedule.clone());
        // One that brought its own pipeline has no versions, and its parameters stay.
        let version = typed(&query, "version").or_else(|| run.version_id.clone()).filter(|v| v != NONE);
        // One that was deleted has no parameters any more, and stays until another is chosen.
        let gone = run.version_deleted && version == run.version_id;
        let offer = match &run.pipeline_id {
            Some(pipeline) => {
                let of = version.as_deref().filter(|_| !gone);
                offer(&client, &team, pipeline, of, schedule.clone()).await.ok()
            }
            None => None,
        };
        let mut values = run.parameters.clone();
        if let Some(pipeline) = &run.pipeline_id {
            values.extend(version_picker::typed(&client, &team, pipeline, &query, &run.parameters).await);
        }
        let none = || PipelineOutline { parameters: vec![], tasks: vec![] };
        let offer = match offer {
            Some(offer) if gone => Offer { outline: none(), ..offer },
            Some(offer) => offer,
            None => {
                let preview = client.schedule_preview(&schedule).await;
                Offer { versions: vec![], outline: none(), schedule, preview }
            }
        };
        Ok((run, offer, values, gone))
    };
    loaded(
        Every::default().page("Edit a recurring run"),
        answer,
        move |(r, o, values, gone): (RecurringRun, Offer, Values, bool), access| {
            if !access.edits() {
                return view! { <Head title="Edit a recurring run"/><Note tone="amber"><span>"Only editors of the team change recurring runs."</span></Note> }
                .into_any();
            }
            let back = access.href(&format!("/recurring-runs/{}", segment(&r.id)));
            let (action, here) = (team_path(&access.team, &format!("/recurring-runs/{}", segment(&r.id))), format!("{back}/edit"));
            let say = move |name: &str, there: String| typed(&query, name).unwrap_or(there);
            let (chosen, others) = (say("version", r.version_id.clone().unwrap_or_else(|| NONE.into())), here.clone());
            let versions = r.pipeline_id.is_some().then_some(o.versions);
            // Made within the form, by which they are called.
            let picker = move || versions.map(|versions| view! { <VersionPicker versions chosen none=(NONE, NEWEST) gone here=others/> });
            let overlap = match r.overlap {
                Overlap::Wait => "wait",
                Overlap::Skip => "skip",
            };
            view! {
            <Head title=format!("Edit {}", r.name)/>
            <section class="card"><div class="in">
                <ApiForm id="edit" method="PATCH" action next=back.clone() say="It is changed.">
                    <input type="hidden" name="revision" value=r.revision.to_string()/>
                    <Field name="name" label="Name" value=say("name", r.name) required=true/>
                    <ScheduleFields schedule=o.schedule preview=o.preview here/>
                    {picker()}
                    <Parameters outline=o.outline values/>
                    <Policy max_active=say("max_active", r.max_active.to_string()) overlap=say("overlap", overlap.into()) catch_up=say("catch_up", r.catch_up.to_string())/>
                    <Cache value=say("cache", r.cache.to_string())/>
                    <Area name="description" label="Description" value=say("description", r.description)/>
                    <p class="sub">"With another schedule, times before now are not made up for. What it made stays as it is."</p>
                    <div class="actions"><button class="btn primary" type="submit">"Save"</button><a class="btn" href=back>"Cancel"</a></div>
                </ApiForm>
            </div></section>
        }
        .into_any()
        },
    )
}

#[component]
fn Parameters(outline: PipelineOutline, values: Values) -> impl IntoView {
    (!outline.parameters.is_empty()).then(|| {
        let fields = outline.parameters.iter().map(|p| start::field(p, values.get(&p.name), false)).collect_view();
        view! {
            <fieldset class="form" data-depends>
                <legend>"Parameters"</legend>
                // Most fields that are empty do not come along; with this, none of them means that none is given.
                <input type="hidden" name="parameters" value=" "/>
                <p class="sub">"Filled in for each run, in UTC: "<code>"[[ScheduledTime.2006-01-02]]"</code>", "<code>"[[ScheduledTime]]"</code>", "<code>"[[CurrentTime]]"</code>", "<code>"[[Index]]"</code>"."</p>
                {fields}
            </fieldset>
        }
    })
}

/// How many at once, and what becomes of times that come meanwhile or were missed.
#[component]
fn Policy(max_active: String, overlap: String, catch_up: String) -> impl IntoView {
    let pair = |value: &str, words: &str| (value.to_owned(), words.to_owned());
    let many = (1..=10).map(|n| (n.to_string(), if n == 1 { "1 run".to_owned() } else { format!("{n} runs") })).collect::<Vec<_>>();
    let overlaps = vec![pair("wait", "It waits until one ends"), pair("skip", "It is passed over")];
    let missed = vec![pair("true", "Each is made up for, at most 100"), pair("false", "Only the last is made up for")];
    let first = |given: String, at_first: &str| if given.is_empty() { at_first.to_owned() } else { given };
    view! {
        <Select name="max_active" label="At once" options=many value=first(max_active, "1")/>
        <div class="pair">
            <Select name="overlap" label="A time that comes while there are as many" options=overlaps value=first(overlap, "wait")/>
            <Select name="catch_up" label="Times that were missed" hint="While the portal was away, or it was switched off." options=missed value=first(catch_up, "true")/>
        </div>
    }
}

#[component]
fn Cache(value: String) -> impl IntoView {
    let options = vec![
        ("true".to_owned(), "Take over what was made of the same before".to_owned()),
        ("false".to_owned(), "Do all of it again".to_owned()),
    ];
    let value = if value.is_empty() { "true".to_owned() } else { value };
    view! { <Select name="cache" label="What was made before" options value/> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        let p = |name: &str, default: Option<Value>, optional| PipelineParameter {
            name: name.into(),
            kind: "STRING".into(),
            description: String::new(),
            default,
            optional,
        };
        let asked = [p("day", None, false), p("n", Some(1.into()), false), p("more", None, true)];
        assert_eq!(command("a b", Some("2"), &asked), "slipway pipeline schedule create 'a b' --version 2 --param day=VALUE ");
        assert_eq!(options(&shown(None)), "--cron '0 0 2 * * *' --time-zone Europe/Berlin");
        let typed = Schedule { interval_seconds: Some(60), ..Schedule::default() };
        assert_eq!(command("a", None, &[]) + &options(&shown(Some(typed))), "slipway pipeline schedule create a --interval 60");
    }

    #[test]
    fn what_was_typed_is_a_schedule() {
        let mut query = ParamsMap::new();
        assert_eq!(typed_schedule(&query), None);
        for (name, value) in [("kind", "interval"), ("cron", "0 0 2 * * *"), ("interval_seconds", "90"), ("time_zone", "")] {
            query.insert(format!("schedule.{name}"), value.to_owned());
        }
        let interval = typed_schedule(&query).unwrap();
        assert_eq!((interval.cron, interval.interval_seconds, interval.time_zone), (None, Some(90), None));
    }
}
