//! Recurring runs: what is made when its time has come, and what is said where nothing is.

use crate::world::{TEAM, World, tick};
use app::api::{
    members::Role,
    pipeline_runs::PipelineRun,
    pipelines::{NewPipeline, NewPipelineVersion},
    recurring_runs::{NewRecurringRun, Overlap, RecurringRun, RecurringRunChange, Schedule},
};
use serde_json::json;
use server::{
    clock::rfc3339,
    pipelines::{recurring::service, runs, upload},
    reconcile::{Report, recurring_runs::RecurringRuns},
};
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;

fn spec(parameter: &str) -> String {
    json!({
        "pipelineInfo": { "name": "daily" }, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.17.3",
        "components": { "comp-say": {
            "executorLabel": "exec-say", "inputDefinitions": { "parameters": { "text": { "parameterType": "STRING" } } },
        } },
        "deploymentSpec": { "executors": { "exec-say": { "container": {
            "image": "python:3.11", "command": ["python3", "-c", "print(1)"], "args": ["{{$.inputs.parameters['text']}}"],
        } } } },
        "root": {
            "inputDefinitions": { "parameters": { parameter: { "parameterType": "STRING", "defaultValue": "hello" } } },
            "dag": { "tasks": { "say": {
                "taskInfo": { "name": "say" }, "componentRef": { "name": "comp-say" }, "cachingOptions": {},
                "inputs": { "parameters": { "text": { "componentInputParameter": parameter } } },
            } } },
        },
    })
    .to_string()
}

async fn pipeline(w: &World) {
    upload::create(&w.parsed, &w.store, &w.ada, &NewPipeline { spec: spec("text"), ..NewPipeline::default() }).await.unwrap();
}

fn minutely() -> NewRecurringRun {
    NewRecurringRun {
        pipeline: Some("daily".into()),
        schedule: Schedule { interval_seconds: Some(60), ..Schedule::default() },
        parameters: BTreeMap::from([("text".into(), json!("[[ScheduledTime.15:04]] [[Index]]"))]),
        max_active: Some(10),
        ..NewRecurringRun::default()
    }
}

async fn make(w: &World, new: NewRecurringRun) -> RecurringRun {
    service::create(&w.parsed, &w.store, &w.ada, &new).await.unwrap()
}

async fn look(w: &World) -> Report {
    tick(&RecurringRuns { store: w.store.clone(), parsed: w.parsed.clone() }).await
}

async fn now(w: &World, of: &RecurringRun) -> RecurringRun {
    service::get(&w.store, &w.ada, &of.id).await.unwrap()
}

/// What it made, oldest first.
async fn made(w: &World, of: &RecurringRun) -> Vec<PipelineRun> {
    let query = app::api::pipeline_runs::PipelineRunQuery { recurring_run: Some(of.id.clone()), ..Default::default() };
    let mut all = runs::list(&w.store, &w.ada, &query).await.unwrap().items;
    all.reverse();
    all
}

/// Ends all runs of a recurring run.
async fn end(w: &World, of: &RecurringRun) {
    for run in made(w, of).await.iter().filter(|r| !r.state.is_final()) {
        runs::cancel(&w.store, &w.ada, &run.id).await.unwrap();
    }
    w.settle().await;
}

#[tokio::test]
async fn each_time_makes_one_run() {
    let w = World::new().await;
    pipeline(&w).await;
    let first = w.now();
    let of = make(&w, minutely()).await;
    assert_eq!((of.when.as_str(), of.next.len(), of.name.as_str()), ("Every minute", 5, "daily"));
    look(&w).await;
    assert!(made(&w, &of).await.is_empty(), "its time has not come");
    w.clock.advance(MINUTE);
    assert_eq!(look(&w).await["made"], 1);
    assert_eq!(look(&w).await["made"], 0, "once");
    w.clock.advance(MINUTE);
    look(&w).await;
    let all = made(&w, &of).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].scheduled_at.as_deref(), Some(rfc3339(first + MINUTE).as_str()));
    assert_eq!(all[1].scheduled_at.as_deref(), Some(rfc3339(first + 2 * MINUTE).as_str()));
    let clock = |ms: i64| rfc3339(ms)[11..16].to_owned();
    assert_eq!(all[1].parameters["text"], format!("{} 2", clock(first + 2 * MINUTE)));
    assert_eq!((all[0].created_by.as_str(), all[0].recurring_run_id.as_deref()), ("ada", Some(of.id.as_str())));
    let told = now(&w, &of).await;
    assert_eq!((told.made, told.runs.len(), told.next[0].at.as_str()), (2, 2, rfc3339(first + 3 * MINUTE).as_str()));
    // Out of turn, for whoever asks.
    let asked = service::run(&w.parsed, &w.store, &w.ada, &of.id).await.unwrap();
    assert_eq!((asked.scheduled_at, &asked.parameters["text"]), (None, &json!(format!("{} 3", clock(w.now())))));
    assert_eq!(w.events(&of.id).await, ["create"], "what it makes has events of its own");
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_as_it_says() {
    let w = World::new().await;
    pipeline(&w).await;
    let all = make(&w, minutely()).await;
    let last = make(&w, NewRecurringRun { catch_up: Some(false), ..minutely() }).await;
    let off = make(&w, NewRecurringRun { enabled: Some(false), ..minutely() }).await;
    // The portal was away for five minutes and a bit.
    w.clock.advance(5 * MINUTE + 1000);
    look(&w).await;
    assert_eq!((made(&w, &all).await.len(), made(&w, &last).await.len(), made(&w, &off).await.len()), (5, 1, 0));
    assert_eq!(made(&w, &last).await[0].scheduled_at, made(&w, &all).await[4].scheduled_at);
    assert!(now(&w, &last).await.problem.is_none(), "that is what was asked for");
    // Switched on, it makes up for the time that it was off.
    service::enable(&w.store, &w.ada, &off.id, true).await.unwrap();
    look(&w).await;
    assert_eq!(made(&w, &off).await.len(), 5);
    service::enable(&w.store, &w.ada, &off.id, false).await.unwrap();
    assert!(now(&w, &off).await.next.is_empty());
    // Away for days: no more than a hundred, and it says so.
    end(&w, &all).await;
    w.clock.advance(3 * 24 * 60 * MINUTE);
    look(&w).await;
    let told = now(&w, &all).await;
    let oldest = &made(&w, &all).await[5];
    assert!(told.problem.as_deref().unwrap().contains("missed"), "{:?}", told.problem);
    assert_eq!(w.events(&all.id).await, ["create", "miss"]);
    let behind = server::clock::parse_rfc3339(&told.created_at).unwrap();
    let at = server::clock::parse_rfc3339(oldest.scheduled_at.as_deref().unwrap()).unwrap();
    let grid = (w.now() - behind).div_euclid(MINUTE) * MINUTE + behind;
    assert_eq!(at, grid - 99 * MINUTE);
}

#[tokio::test]
async fn runs_under_way_hold_the_next_one_back() {
    let w = World::new().await;
    pipeline(&w).await;
    let waits = make(&w, NewRecurringRun { max_active: Some(1), ..minutely() }).await;
    let skips = make(&w, NewRecurringRun { max_active: Some(1), overlap: Some(Overlap::Skip), ..minutely() }).await;
    w.clock.advance(MINUTE);
    look(&w).await;
    w.clock.advance(2 * MINUTE);
    look(&w).await;
    assert_eq!((made(&w, &waits).await.len(), made(&w, &skips).await.len()), (1, 1));
    let told = now(&w, &skips).await;
    assert!(told.problem.as_deref().unwrap().contains("passed over"), "{:?}", told.problem);
    end(&w, &waits).await;
    end(&w, &skips).await;
    look(&w).await;
    assert_eq!((made(&w, &waits).await.len(), made(&w, &skips).await.len()), (2, 1), "what waited is made, what was skipped is not");
    w.clock.advance(MINUTE);
    look(&w).await;
    assert_eq!(made(&w, &skips).await.len(), 2);
    assert!(now(&w, &skips).await.problem.is_none());
}

#[tokio::test]
async fn why_nothing_was_made_is_said() {
    let w = World::new().await;
    pipeline(&w).await;
    let of = make(&w, minutely()).await;
    // The newest version has another parameter.
    let newer = NewPipelineVersion { spec: spec("words"), ..NewPipelineVersion::default() };
    upload::create_version(&w.parsed, &w.store, &w.ada, "daily", &newer).await.unwrap();
    for _ in 0..2 {
        w.clock.advance(MINUTE);
        look(&w).await;
    }
    let told = now(&w, &of).await;
    assert!(told.problem.as_deref().unwrap().contains("text: the pipeline has no such parameter"), "{:?}", told.problem);
    assert!(made(&w, &of).await.is_empty());
    assert_eq!(w.events(&of.id).await, ["create", "fail"], "the same again is no news");
    // Put right.
    let change = RecurringRunChange { parameters: Some(BTreeMap::from([("words".into(), json!("x"))])), ..RecurringRunChange::default() };
    service::change(&w.parsed, &w.store, &w.ada, &of.id, &change).await.unwrap();
    w.clock.advance(MINUTE);
    look(&w).await;
    assert_eq!((made(&w, &of).await.len(), now(&w, &of).await.problem), (1, None));

    // Who may not run pipelines any more has none run for them.
    let role = async |role| {
        let mut tx = w.store.begin().await.unwrap();
        tx.member_set(TEAM, "ada", role).await.unwrap();
        tx.commit().await.unwrap();
    };
    role(Role::Viewer).await;
    w.clock.advance(MINUTE);
    look(&w).await;
    assert_eq!(now(&w, &of).await.problem.as_deref(), Some("ada may not run pipelines in this team any more."));
    role(Role::Editor).await;
    upload::delete(&w.store, &w.ada, "daily").await.unwrap();
    w.clock.advance(MINUTE);
    look(&w).await;
    assert_eq!(now(&w, &of).await.problem.as_deref(), Some("The pipeline daily was deleted."));
    assert_eq!(made(&w, &of).await.len(), 1);
}

#[tokio::test]
async fn another_schedule_counts_from_the_change() {
    let w = World::new().await;
    pipeline(&w).await;
    let of = make(&w, minutely()).await;
    w.clock.advance(10 * MINUTE);
    let hourly = Schedule { interval_seconds: Some(3600), ..Schedule::default() };
    let change = RecurringRunChange { revision: Some(of.revision), schedule: Some(hourly.clone()), ..RecurringRunChange::default() };
    let changed = service::change(&w.parsed, &w.store, &w.ada, &of.id, &change).await.unwrap();
    assert_eq!((changed.when.as_str(), changed.next[0].at.as_str()), ("Every hour", rfc3339(w.now() + 60 * MINUTE).as_str()));
    look(&w).await;
    assert!(made(&w, &of).await.is_empty(), "what was missed before is not made up for");
    let stale = service::change(&w.parsed, &w.store, &w.ada, &of.id, &change).await.expect_err("an older revision");
    assert_eq!(stale.kind, server::error::Kind::Conflict);
    // The same schedule again moves nothing.
    w.clock.advance(30 * MINUTE);
    let name = RecurringRunChange { name: Some("hourly".into()), schedule: Some(hourly), ..RecurringRunChange::default() };
    let named = service::change(&w.parsed, &w.store, &w.ada, &of.id, &name).await.unwrap();
    assert_eq!((named.name.as_str(), &named.next[0].at), ("hourly", &changed.next[0].at));
    // One that has ended is not switched on.
    let over = Schedule { end_at: Some(rfc3339(w.now() + 1)), interval_seconds: Some(1), ..Schedule::default() };
    let refused =
        service::change(&w.parsed, &w.store, &w.ada, &of.id, &RecurringRunChange { schedule: Some(over), ..RecurringRunChange::default() })
            .await
            .expect_err("it would never run");
    assert_eq!(refused.field.as_deref(), Some("schedule.end_at"));
}

#[tokio::test]
async fn a_start_in_the_past_is_when_it_began() {
    let w = World::new().await;
    pipeline(&w).await;
    w.clock.advance(60 * MINUTE);
    let start = |minutes: i64| Schedule { start_at: Some(rfc3339(w.now() - minutes * MINUTE)), ..minutely().schedule };
    let each = make(&w, NewRecurringRun { schedule: start(4), ..minutely() }).await;
    let last = make(&w, NewRecurringRun { schedule: start(4), catch_up: Some(false), ..minutely() }).await;
    let over = Schedule { end_at: Some(rfc3339(w.now() - 2 * MINUTE)), ..start(4) };
    let ended = make(&w, NewRecurringRun { schedule: over, ..minutely() }).await;
    look(&w).await;
    assert_eq!((made(&w, &each).await.len(), made(&w, &last).await.len(), made(&w, &ended).await.len()), (4, 1, 2));
    assert_eq!(made(&w, &last).await[0].scheduled_at.as_deref(), Some(rfc3339(w.now()).as_str()));
    assert!(now(&w, &ended).await.next.is_empty());
    let never = Schedule { end_at: Some(rfc3339(w.now() - 4 * MINUTE)), ..start(4) };
    let refused = service::create(&w.parsed, &w.store, &w.ada, &NewRecurringRun { schedule: never, ..minutely() }).await;
    assert_eq!(refused.expect_err("no time lies between").field.as_deref(), Some("schedule.end_at"));
}

#[tokio::test]
async fn a_version_that_was_deleted_stays_until_another_is_chosen() {
    let w = World::new().await;
    pipeline(&w).await;
    let newer = NewPipelineVersion { spec: spec("words"), ..NewPipelineVersion::default() };
    let version = upload::create_version(&w.parsed, &w.store, &w.ada, "daily", &newer).await.unwrap().id;
    let of = make(&w, NewRecurringRun { version: Some(version.clone()), parameters: BTreeMap::new(), ..minutely() }).await;
    assert!(!of.version_deleted);
    upload::delete_version(&w.store, &w.ada, "daily", &version).await.unwrap();
    assert!(now(&w, &of).await.version_deleted);
    let change = |version: &str| RecurringRunChange { name: Some("named".into()), version: Some(version.into()), ..Default::default() };
    let named = service::change(&w.parsed, &w.store, &w.ada, &of.id, &change(&version)).await.unwrap();
    assert_eq!((named.name.as_str(), named.version_id.as_deref()), ("named", Some(version.as_str())));
    w.clock.advance(MINUTE);
    look(&w).await;
    assert_eq!(now(&w, &of).await.problem.as_deref(), Some("Its version of the pipeline daily was deleted."));
    let chosen = service::change(&w.parsed, &w.store, &w.ada, &of.id, &change("newest")).await.unwrap();
    assert_eq!((chosen.version_id, chosen.version_deleted), (None, false));
}
