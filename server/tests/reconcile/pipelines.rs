//! Pipeline runs: from the first task to the end.

use crate::world::{TEAM, World, artifacts, tick, tokens};
use app::api::{
    State,
    explain::TaskExplanation,
    pipeline_runs::{NewPipelineRun, PipelineRun, Task, TaskDelivery, TaskState},
    pipelines::{NewPipeline, SetPipelineLimits},
    resources::Resources,
};
use serde_json::{Value, json};
use server::{
    clock::rfc3339,
    cluster::{Exit, Runtime},
    error::Kind,
    launcher::{PLAN, Plan},
    logs::LogStore,
    pipelines::{caps, compare, explain, runs, submit, tasks, upload},
    reconcile::Task as _,
    store::placements::PlacementRow,
    workloads::explain::Explainer,
};
use std::{collections::BTreeMap, time::Duration};

/// `first` says something, `second` takes it and may be tried twice, `always` cleans up.
pub(crate) fn two() -> String {
    let component = |label: &str| {
        json!({
            "executorLabel": label,
            "inputDefinitions": { "parameters": { "text": { "parameterType": "STRING" } } },
            "outputDefinitions": { "parameters": { "said": { "parameterType": "STRING" } } },
        })
    };
    let executor = || {
        json!({ "container": {
            "image": "python:3.11", "command": ["python3", "-c", "print(1)"],
            "args": ["{{$.inputs.parameters['text']}}", "{{$.outputs.parameters['said'].output_file}}"],
        } })
    };
    let task = |name: &str, component: &str, text: Value, after: &[&str]| {
        json!({
            "taskInfo": { "name": name }, "componentRef": { "name": component }, "cachingOptions": { "enableCache": true },
            "inputs": { "parameters": { "text": text } }, "dependentTasks": after,
        })
    };
    let mut second = task(
        "second",
        "comp-second",
        json!({ "taskOutputParameter": { "producerTask": "first", "outputParameterKey": "said" } }),
        &["first"],
    );
    second["retryPolicy"] = json!({ "maxRetryCount": 1, "backoffDuration": "5s", "backoffFactor": 2, "backoffMaxDuration": "60s" });
    second["cachingOptions"] = json!({});
    json!({
        "pipelineInfo": { "name": "two" }, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.17.3",
        "components": { "comp-first": component("exec-first"), "comp-second": component("exec-second") },
        "deploymentSpec": { "executors": { "exec-first": executor(), "exec-second": executor() } },
        "root": {
            "inputDefinitions": { "parameters": { "text": { "parameterType": "STRING", "defaultValue": "hello" } } },
            "dag": { "tasks": {
                "first": task("first", "comp-first", json!({ "componentInputParameter": "text" }), &[]),
                "second": second,
            } },
        },
    })
    .to_string()
}

pub(crate) async fn begin(w: &World, new: NewPipelineRun) -> PipelineRun {
    submit::create(&w.parsed, &w.store, &w.ada, &new).await.unwrap()
}

pub(crate) async fn begin_two(w: &World) -> PipelineRun {
    begin(w, NewPipelineRun { spec: Some(two()), ..NewPipelineRun::default() }).await
}

pub(crate) async fn now(w: &World, run: &PipelineRun) -> PipelineRun {
    runs::get(&w.store, &w.ada, &run.id).await.unwrap()
}

pub(crate) async fn task(w: &World, run: &PipelineRun, name: &str) -> Task {
    let all = tasks::list(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    all.into_iter().find(|t| t.name == name).unwrap_or_else(|| panic!("no task {name}"))
}

/// What the launcher of a task does at its end.
pub(crate) async fn deliver(w: &World, task: &Task, said: &str) {
    let files = BTreeMap::from([("said".to_owned(), said.to_owned())]);
    let delivery = serde_json::to_string(&TaskDelivery { attempt: task.attempt, files, ..TaskDelivery::default() }).unwrap();
    assert!(w.store.task_deliver(task.run_id.as_deref().unwrap(), task.attempt, &delivery).await.unwrap());
}

pub(crate) async fn ends_well(w: &World, task: &Task, said: &str) {
    let workload = task.workload_id.as_deref().expect("it runs");
    w.cluster.run(workload);
    w.settle().await;
    deliver(w, task, said).await;
    w.cluster.exit(workload, 0);
    w.settle().await;
}

async fn why(w: &World, run: &PipelineRun, task: &Task) -> TaskExplanation {
    let logs = LogStore::new(&w.data);
    let explainer = Explainer { store: &w.store, cluster: &*w.cluster, logs: &logs };
    explain::task(&explainer, &w.parsed, &w.ada, &run.id, &task.id).await.unwrap()
}

/// Sources and texts.
fn told(explained: &TaskExplanation) -> Vec<(&str, &str)> {
    explained.evidence.iter().map(|e| (e.source.as_str(), e.text.as_str())).collect()
}

#[tokio::test]
async fn a_task_says_what_it_waits_for_and_why_it_did_not_run() {
    let w = World::new().await;
    let run = begin_two(&w).await;
    w.settle().await;
    let (first, second) = (task(&w, &run, "first").await, task(&w, &run, "second").await);
    let waits = why(&w, &run, &second).await;
    assert_eq!((waits.state, waits.sentence.as_str()), (TaskState::Waiting, "It waits for first to end."));
    assert_eq!(told(&waits), [("task", "first starts")]);
    let starts = why(&w, &run, &first).await;
    assert!(told(&starts).contains(&("queue", "There was room for it.")), "{starts:?}");

    let workload = first.workload_id.clone().unwrap();
    w.cluster.run(&workload);
    w.settle().await;
    w.cluster.exit(&workload, 3);
    w.settle().await;
    let failed = why(&w, &run, &task(&w, &run, "first").await).await;
    assert_eq!(failed.state, TaskState::Failed);
    assert!(failed.sentence.starts_with("Exited with code 3."), "{failed:?}");
    let skipped = why(&w, &run, &task(&w, &run, "second").await).await;
    assert_eq!((skipped.state, skipped.sentence.as_str()), (TaskState::Skipped, "first did not succeed"));
    assert!(told(&skipped)[0].1.starts_with("first failed: "), "{skipped:?}");
}

#[tokio::test]
async fn a_task_that_asks_for_nothing_holds_what_the_admin_set_for_the_smallest_size() {
    let w = World::new().await;
    let empty = String::new;
    let small = PlacementRow {
        kind: "size".into(),
        object_id: "small".into(),
        tolerations: empty(),
        node_selector: empty(),
        patch: empty(),
        cpu: "250m".into(),
        memory: "300Mi".into(),
        gpu: empty(),
        revision: 0,
    };
    let mut tx = w.store.begin().await.unwrap();
    assert!(tx.placement_set(&small).await.unwrap());
    tx.commit().await.unwrap();
    let run = begin_two(&w).await;
    w.settle().await;
    let workload = task(&w, &run, "first").await.workload_id.unwrap();
    let row = w.store.workload(&workload).await.unwrap().unwrap();
    assert_eq!((row.resources().cpu_millis, row.resources().memory_bytes), (250, 300 << 20));
}

#[tokio::test]
async fn a_task_runs_with_the_accelerators_that_it_names_or_not_at_all() {
    let w = World::new().await;
    w.cluster.set_capacity(Resources { cpu_millis: 8000, memory_bytes: 16 << 30, gpus: 8 }, Resources::NONE);
    let new = |kind: &str, text: &str| {
        let mut spec: Value = serde_json::from_str(&two()).unwrap();
        let accelerator = json!({ "resourceType": kind, "resourceCount": "1" });
        spec["deploymentSpec"]["executors"]["exec-first"]["container"]["resources"] = json!({ "accelerator": accelerator });
        let parameters = BTreeMap::from([("text".to_owned(), json!(text))]);
        NewPipelineRun { spec: Some(spec.to_string()), parameters, cache: Some(false), ..NewPipelineRun::default() }
    };
    let given = "{{$.inputs.parameters['text']}}";
    for (kind, text) in [("nvidia.com/gpu", "hello"), (given, "nvidia.com/gpu"), (given, "")] {
        let run = begin(&w, new(kind, text)).await;
        w.settle().await;
        let workload = task(&w, &run, "first").await.workload_id.expect("it runs");
        assert_eq!(w.store.workload(&workload).await.unwrap().unwrap().resources().gpus, 1, "{kind} {text}");
    }
    let run = begin(&w, new(given, "TPU_V3")).await;
    w.settle().await;
    let first = task(&w, &run, "first").await;
    let why = "It asks for accelerators of the type TPU_V3, and here they are nvidia.com/gpu.";
    assert_eq!((first.state, first.reason.as_deref()), (TaskState::Failed, Some(why)));
    // What the pipeline itself says is refused before anything runs.
    let refused = submit::create(&w.parsed, &w.store, &w.ada, &new("TPU_V3", "hello")).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("spec"));
    let said = "deploymentSpec.executors.exec-first.container.resources.accelerator: there is no TPU_V3 here";
    assert!(refused.public.starts_with(said), "{refused}");
}

#[tokio::test]
async fn two_runs_stand_beside_each_other() {
    let w = World::new().await;
    let new = |text: &str| NewPipelineRun {
        spec: Some(two()),
        cache: Some(false),
        parameters: BTreeMap::from([("text".to_owned(), json!(text))]),
        ..NewPipelineRun::default()
    };
    let one = begin(&w, new("one")).await;
    w.settle().await;
    ends_well(&w, &task(&w, &one, "first").await, "good morning").await;
    ends_well(&w, &task(&w, &one, "second").await, "the same").await;
    let other = begin(&w, new("other")).await;
    w.settle().await;
    ends_well(&w, &task(&w, &other, "first").await, "good evening").await;

    let found = compare::runs(&w.parsed, &w.store, &w.ada, &other.id, &one.id).await.unwrap();
    assert_eq!((found.before.run.id, found.after.run.id), (one.id.clone(), other.id.clone()));
    assert_eq!(found.before.digest, found.after.digest);
    let paths: Vec<&str> = found.tasks.iter().map(|t| t.path.as_str()).collect();
    assert_eq!(paths, ["first", "second"]);
    let first: Vec<_> = found.tasks[0].differences.iter().map(|d| (d.what.as_str(), d.before.as_deref(), d.after.as_deref())).collect();
    assert_eq!(first, [("Input text", Some("one"), Some("other")), ("Output said", Some("good morning"), Some("good evening"))]);
    // The second has not ended yet: what it will tell is no difference.
    let states = |n: usize| (found.tasks[n].before.as_ref().map(|t| t.state), found.tasks[n].after.as_ref().map(|t| t.state));
    assert_eq!(states(0), (Some(TaskState::Succeeded), Some(TaskState::Succeeded)));
    assert_eq!(states(1), (Some(TaskState::Succeeded), Some(TaskState::Starting)));
    assert_eq!(found.tasks[1].differences.iter().map(|d| d.what.as_str()).collect::<Vec<_>>(), ["Input text"]);
    assert_eq!(compare::runs(&w.parsed, &w.store, &w.ada, &one.id, &one.id).await.unwrap_err().field.as_deref(), Some("with"));
}

#[tokio::test]
async fn a_pipeline_run_goes_from_task_to_task() {
    let w = World::new().await;
    let run = begin_two(&w).await;
    assert_eq!((run.state, run.pipeline.as_str(), &run.parameters["text"]), (State::Queued, "two", &json!("hello")));
    w.settle().await;
    let run = now(&w, &run).await;
    assert_eq!((run.state, run.tasks, run.tasks_ended), (State::Running, 2, 0));
    let first = task(&w, &run, "first").await;
    assert_eq!((first.state, first.attempt), (TaskState::Starting, 1));
    assert_eq!(task(&w, &run, "second").await.state, TaskState::Waiting);

    let spec = w.cluster.spec(first.workload_id.as_deref().unwrap()).expect("the cluster was told");
    assert_eq!((spec.command.join(" ").as_str(), &spec.runtime), ("{slipway} shim task", &Runtime::Host));
    let plan: Plan = serde_json::from_str(&spec.files[PLAN]).unwrap();
    assert_eq!(plan.command[..4], ["python3", "-c", "print(1)", "hello"]);
    assert_eq!(plan.files["said"], plan.command[4]);
    assert_eq!(spec.env["MLFLOW_RUN_ID"], first.run_id.clone().unwrap());
    assert!(spec.secrets["SLIPWAY_TOKEN"].starts_with("slip_"));

    ends_well(&w, &first, "good morning").await;
    let first = task(&w, &run, "first").await;
    assert_eq!(first.state, TaskState::Succeeded);
    assert!(first.started_at.is_some() && first.ended_at.is_some() && first.workload_id.is_none());
    assert_eq!(w.live_tokens(first.run_id.as_deref().unwrap()).await, 0);
    let detail = tasks::get(&w.parsed, &w.store, &w.ada, &run.id, &first.id).await.unwrap();
    assert_eq!(detail.outputs.unwrap().parameters["said"], json!("good morning"));
    let second = task(&w, &run, "second").await;
    let spec = w.cluster.spec(second.workload_id.as_deref().unwrap()).expect("the cluster was told");
    assert_eq!(serde_json::from_str::<Plan>(&spec.files[PLAN]).unwrap().command[3], "good morning");

    ends_well(&w, &second, "done").await;
    let run = now(&w, &run).await;
    assert_eq!((run.state, run.tasks_ended), (State::Succeeded, 2));
    assert_eq!(w.events(&run.id).await, ["create", "start", "succeed"]);
    let parent = w.store.run(TEAM, &run.run_id).await.unwrap().unwrap();
    let child = w.store.run(TEAM, first.run_id.as_deref().unwrap()).await.unwrap().unwrap();
    assert_eq!((parent.state(), child.state()), (State::Succeeded, State::Succeeded));
    // Their runs say what they are of; the log of a task's is the task's.
    let viewer = server::access::TeamViewer::check(&w.store, &w.ada.principal, "vision").await.unwrap();
    let of = async |id: &str| server::runs::view::get(&w.store, &viewer, id).await.unwrap();
    let whole = of(&run.run_id).await;
    assert_eq!((whole.log_attempt(), whole.pipeline.map(|p| (p.pipeline_run_id, p.task))), (None, Some((run.id.clone(), None))));
    let part = of(&child.id).await;
    assert_eq!(
        (part.log_attempt(), part.pipeline.and_then(|p| p.task).map(|t| (t.id, t.name))),
        (Some(1), Some((first.id, "first".into())))
    );
    let log = w.log(&child.id).await;
    assert_eq!((log.attempt, log.attempts, log.complete), (1, 1, true));
    // Nothing more happens, and nothing is written.
    let before = now(&w, &run).await;
    w.settle().await;
    assert_eq!(now(&w, &run).await, before);
}

#[tokio::test]
async fn a_failed_task_is_tried_again_after_a_pause_and_then_fails_the_run() {
    let w = World::new().await;
    let run = begin_two(&w).await;
    w.settle().await;
    ends_well(&w, &task(&w, &run, "first").await, "x").await;
    let second = task(&w, &run, "second").await;
    let workload = second.workload_id.clone().unwrap();
    w.cluster.run(&workload);
    w.cluster.exit(&workload, 3);
    w.settle().await;
    let again = task(&w, &run, "second").await;
    assert_eq!((again.state, again.workload_id.is_none()), (TaskState::Queued, true));
    assert_eq!(now(&w, &run).await.state, State::Running);

    // It is looked at when the pause is over, and not with the next of the looks that come anyway.
    assert_eq!(w.pipelines.every(), Duration::from_secs(2));
    w.clock.advance(4500);
    w.settle().await;
    assert_eq!((task(&w, &run, "second").await.attempt, w.pipelines.every()), (1, Duration::from_millis(500)));
    w.clock.advance(500);
    w.settle().await;
    assert_eq!(w.pipelines.every(), Duration::from_secs(2));
    let again = task(&w, &run, "second").await;
    assert_eq!((again.attempt, again.state), (2, TaskState::Starting));
    // What the first attempt would have delivered counts no more.
    assert!(!w.store.task_deliver(again.run_id.as_deref().unwrap(), 1, "{}").await.unwrap());
    w.cluster.exit(again.workload_id.as_deref().unwrap(), 3);
    w.settle().await;
    let run = now(&w, &run).await;
    assert_eq!(run.state, State::Failed);
    assert!(run.reason.clone().unwrap_or_default().contains("second"), "{:?}", run.reason);
    assert!(task(&w, &run, "second").await.reason.unwrap().starts_with("Exited with code 3."));
    let notices: Vec<(String,)> =
        w.store.all("SELECT action FROM events WHERE object_id = $1 ORDER BY seq", server::args![&run.id]).await.unwrap();
    assert_eq!(notices.last().unwrap().0, "fail");

    // From what failed: the first task is not done again.
    runs::retry(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    assert_eq!(task(&w, &run, "first").await.state, TaskState::Succeeded);
    let second = task(&w, &run, "second").await;
    assert_eq!((second.attempt, second.state), (3, TaskState::Starting));
    ends_well(&w, &second, "at last").await;
    assert_eq!(now(&w, &run).await.state, State::Succeeded);
}

#[tokio::test]
async fn a_retry_has_the_whole_time_once_more() {
    let w = World::new().await;
    let mut pipeline: Value = serde_json::from_str(&two()).unwrap();
    pipeline["root"]["dag"]["tasks"]["second"].as_object_mut().unwrap().remove("retryPolicy");
    let platform = json!({ "platforms": { "kubernetes": { "pipelineConfig": { "activeDeadlineSeconds": "60" } } } });
    let spec = json!({ "pipeline_spec": pipeline, "platform_spec": platform }).to_string();
    let run = begin(&w, NewPipelineRun { spec: Some(spec), ..NewPipelineRun::default() }).await;
    w.settle().await;
    let started = now(&w, &run).await.started_at;
    let ends_late = async || {
        w.clock.advance(60_000);
        w.settle().await;
        let ended = now(&w, &run).await;
        assert_eq!(ended.state, State::Failed);
        assert!(ended.reason.as_deref().is_some_and(|why| why.contains("60 seconds")), "{:?}", ended.reason);
    };
    ends_late().await;
    // Long after.
    w.clock.advance(600_000);
    runs::retry(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    assert_eq!(now(&w, &run).await.state, State::Running);
    w.clock.advance(59_000);
    w.settle().await;
    assert_eq!((now(&w, &run).await.state, now(&w, &run).await.started_at), (State::Running, started));
    ends_late().await;
    // In time.
    runs::retry(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    ends_well(&w, &task(&w, &run, "first").await, "a").await;
    ends_well(&w, &task(&w, &run, "second").await, "b").await;
    assert_eq!(now(&w, &run).await.state, State::Succeeded);
}

#[tokio::test]
async fn an_end_without_a_delivery_is_a_failure() {
    let w = World::new().await;
    let run = begin_two(&w).await;
    w.settle().await;
    let first = task(&w, &run, "first").await;
    w.cluster.run(first.workload_id.as_deref().unwrap());
    w.cluster.exit(first.workload_id.as_deref().unwrap(), 0);
    w.settle().await;
    assert_eq!(task(&w, &run, "first").await.state, TaskState::Failed);
    assert_eq!(task(&w, &run, "second").await.state, TaskState::Skipped);
    assert_eq!(now(&w, &run).await.state, State::Failed);
}

#[tokio::test]
async fn a_run_that_ends_while_a_task_waits_for_another_attempt_leaves_no_run_open() {
    let w = World::new().await;
    let run = begin_two(&w).await;
    w.settle().await;
    ends_well(&w, &task(&w, &run, "first").await, "a").await;
    let second = task(&w, &run, "second").await;
    w.cluster.run(second.workload_id.as_deref().unwrap());
    w.cluster.exit(second.workload_id.as_deref().unwrap(), 1);
    w.settle().await;
    let child = async || w.store.run(TEAM, second.run_id.as_deref().unwrap()).await.unwrap().unwrap();
    assert_eq!(child().await.state(), State::Queued, "it waits for the next one");
    runs::cancel(&w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    assert_eq!((now(&w, &run).await.state, task(&w, &run, "second").await.state), (State::Cancelled, TaskState::Cancelled));
    let child = child().await;
    assert_eq!((child.state(), child.ended_at), (State::Cancelled, Some(w.now())));
}

#[tokio::test]
async fn a_task_that_nobody_saw_running_has_a_start() {
    let w = World::new().await;
    let run = begin_two(&w).await;
    tick(&w.pipelines).await;
    w.clock.advance(1000);
    w.settle().await;
    let (first, began) = (task(&w, &run, "first").await, w.now());
    w.clock.advance(2000);
    deliver(&w, &first, "quick").await;
    w.cluster.exit(first.workload_id.as_deref().unwrap(), 0);
    w.settle().await;
    let first = task(&w, &run, "first").await;
    assert_eq!((first.state, first.started_at, first.ended_at), (TaskState::Succeeded, Some(rfc3339(began)), Some(rfc3339(w.now()))));
    let child = w.store.run(TEAM, first.run_id.as_deref().unwrap()).await.unwrap().unwrap();
    assert_eq!((child.state(), child.started_at, child.ended_at), (State::Succeeded, began, Some(w.now())));
}

#[tokio::test]
async fn a_cancelled_run_ends_what_runs() {
    let w = World::new().await;
    let run = begin_two(&w).await;
    w.settle().await;
    let first = task(&w, &run, "first").await;
    let workload = first.workload_id.clone().unwrap();
    w.cluster.run(&workload);
    w.settle().await;
    runs::cancel(&w.store, &w.ada, &run.id).await.unwrap();
    let stopping = now(&w, &run).await;
    assert_eq!((stopping.state, stopping.reason), (State::Stopping, None), "at once");
    w.settle().await;
    assert!(w.cluster.stops().iter().any(|(id, _)| *id == workload));
    w.cluster.end(&workload, Exit { signal: Some(15), stopped: true, ..Exit::default() });
    w.settle().await;
    let run = now(&w, &run).await;
    assert_eq!((run.state, run.reason.as_deref()), (State::Cancelled, Some("Cancelled by ada.")));
    assert_eq!(task(&w, &run, "first").await.state, TaskState::Cancelled);
    assert_eq!(task(&w, &run, "second").await.state, TaskState::Cancelled);
    assert!(runs::cancel(&w.store, &w.ada, &run.id).await.is_err());
}

/// The second cleans up after the first.
fn cleans_up() -> String {
    let mut spec: Value = serde_json::from_str(&two()).unwrap();
    let tasks = spec["root"]["dag"]["tasks"].as_object_mut().unwrap();
    let first = tasks.remove("first").unwrap();
    tasks.insert("exit-handler-1".into(), first);
    tasks["second"]["dependentTasks"] = json!(["exit-handler-1"]);
    tasks["second"]["triggerPolicy"] = json!({ "strategy": "ALL_UPSTREAM_TASKS_COMPLETED" });
    tasks["second"]["inputs"]["parameters"]["text"] = json!({ "runtimeValue": { "constant": "swept" } });
    spec.to_string()
}

#[tokio::test]
async fn a_run_that_is_cancelled_once_more_cleans_up_no_longer() {
    let w = World::new().await;
    let run = begin(&w, NewPipelineRun { spec: Some(cleans_up()), ..NewPipelineRun::default() }).await;
    w.settle().await;
    w.cluster.run(task(&w, &run, "exit-handler-1").await.workload_id.as_deref().unwrap());
    w.settle().await;
    runs::cancel(&w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    assert_eq!(task(&w, &run, "exit-handler-1").await.state, TaskState::Cancelled);
    w.settle().await;
    let hangs = task(&w, &run, "second").await.workload_id.expect("it cleans up");
    w.cluster.run(&hangs);
    w.settle().await;
    assert_eq!((now(&w, &run).await.state, task(&w, &run, "second").await.state), (State::Stopping, TaskState::Running));
    let refused = runs::delete(&w.store, &w.ada, &run.id).await.unwrap_err();
    assert!(refused.kind == Kind::Conflict && refused.hint.is_some_and(|hint| hint.contains("once more")));
    assert!(!w.cluster.stops().iter().any(|(id, _)| *id == hangs));

    runs::cancel(&w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    assert!(w.cluster.stops().iter().any(|(id, _)| *id == hangs));
    w.settle().await;
    let second = task(&w, &run, "second").await;
    assert_eq!((second.state, second.attempt), (TaskState::Cancelled, 1), "it is not tried again");
    let ended = now(&w, &run).await;
    assert_eq!((ended.state, ended.reason.as_deref()), (State::Cancelled, Some("Cancelled by ada, exit tasks by ada.")));
    assert_eq!(w.events(&run.id).await, ["create", "start", "cancel", "cancel_exits", "end_cancelled"]);

    // What goes on cleans up again.
    runs::retry(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    runs::cancel(&w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    w.settle().await;
    assert!(task(&w, &run, "second").await.workload_id.is_some());
    runs::cancel(&w.store, &w.ada, &run.id).await.unwrap();
    w.settle().await;
    w.settle().await;
    runs::delete(&w.store, &w.ada, &run.id).await.unwrap();
}

#[tokio::test]
async fn no_more_tasks_at_once_than_the_run_wants() {
    let w = World::new().await;
    let mut spec: Value = serde_json::from_str(&two()).unwrap();
    let task_of = spec["root"]["dag"]["tasks"]["first"].clone();
    for n in 0..5 {
        spec["root"]["dag"]["tasks"][format!("more-{n}")] = task_of.clone();
    }
    let new = NewPipelineRun { spec: Some(spec.to_string()), max_tasks: Some(2), cache: Some(false), ..NewPipelineRun::default() };
    let run = begin(&w, new).await;
    w.settle().await;
    let all = tasks::list(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    let at_work: Vec<&Task> = all.iter().filter(|t| t.workload_id.is_some()).collect();
    assert_eq!((all.len(), at_work.len()), (7, 2));
    let idle = all.iter().find(|t| t.name.starts_with("more") && t.workload_id.is_none()).unwrap();
    let waits = why(&w, &run, idle).await;
    assert_eq!(waits.sentence, "It waits for its turn: at most 2 tasks of this run are at work at once.");
    assert_eq!(told(&waits).len(), 2, "{waits:?}");
    ends_well(&w, at_work[0], "x").await;
    let all = tasks::list(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    assert_eq!(all.iter().filter(|t| t.workload_id.is_some()).count(), 2);
}

async fn at_work(w: &World, run: &PipelineRun) -> usize {
    let all = tasks::list(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    all.iter().filter(|t| matches!(t.state, TaskState::Starting | TaskState::Running)).count()
}

#[tokio::test]
async fn no_more_tasks_at_once_than_the_pipeline_and_the_team_may() {
    let w = World::new().await;
    let mut spec: Value = serde_json::from_str(&two()).unwrap();
    let task_of = spec["root"]["dag"]["tasks"]["first"].clone();
    for n in 0..3 {
        spec["root"]["dag"]["tasks"][format!("more-{n}")] = task_of.clone();
    }
    upload::create(&w.parsed, &w.store, &w.ada, &NewPipeline { spec: spec.to_string(), ..NewPipeline::default() }).await.unwrap();
    let limit = |max_tasks| SetPipelineLimits { max_tasks };
    assert_eq!(caps::set(&w.store, &w.ada, "two", &limit(Some(0))).await.unwrap_err().field.as_deref(), Some("max_tasks"));
    assert_eq!(caps::set(&w.store, &w.ada, "two", &limit(Some(1))).await.unwrap().max_tasks, Some(1));
    let of_pipeline = || NewPipelineRun { pipeline: Some("two".into()), cache: Some(false), ..NewPipelineRun::default() };
    let (one, other) = (begin(&w, of_pipeline()).await, begin(&w, of_pipeline()).await);
    let own = begin(&w, NewPipelineRun { spec: Some(spec.to_string()), cache: Some(false), ..NewPipelineRun::default() }).await;
    w.settle().await;
    assert_eq!(at_work(&w, &one).await + at_work(&w, &other).await, 1, "of both runs together");
    assert!(at_work(&w, &own).await > 1, "it is of no pipeline");
    let all = tasks::list(&w.parsed, &w.store, &w.ada, &other.id).await.unwrap();
    let why = all.iter().find_map(|t| t.reason.clone().filter(|_| t.state == TaskState::Queued)).unwrap();
    assert!(why.contains("in the queue: 1 task of the pipeline two is at work"), "{why}");

    // The team's limit holds for all of them; what is at work goes on.
    let before = at_work(&w, &own).await;
    let mut tx = w.store.begin().await.unwrap();
    tx.exec("UPDATE quotas SET pipeline_tasks = 1 WHERE team_id = $1", server::args![TEAM]).await.unwrap();
    tx.commit().await.unwrap();
    caps::set(&w.store, &w.ada, "two", &limit(None)).await.unwrap();
    w.settle().await;
    assert_eq!((at_work(&w, &own).await, at_work(&w, &one).await + at_work(&w, &other).await), (before, 1));
    let waiting = w.store.workloads_live_of(TEAM).await.unwrap();
    assert!(waiting.iter().filter_map(|w| w.reason.as_deref()).any(|r| r.contains("1 task of the team's pipelines is at work")));
}

#[tokio::test]
async fn a_server_that_starts_again_goes_on_where_the_other_was() {
    let w = World::new().await;
    let run = begin_two(&w).await;
    w.settle().await;
    let first = task(&w, &run, "first").await;
    w.cluster.run(first.workload_id.as_deref().unwrap());
    deliver(&w, &first, "x").await;
    w.cluster.exit(first.workload_id.as_deref().unwrap(), 0);
    // Nothing in memory: another reconciler over the same rows.
    let other = server::reconcile::pipelines::Pipelines::new(
        w.store.clone(),
        w.parsed.clone(),
        server::logs::LogStore::new(&w.data),
        w.cluster.clone(),
        artifacts(&w.data),
        tokens(),
    );
    for _ in 0..3 {
        tick(&w.workloads).await;
        tick(&other).await;
    }
    assert_eq!(task(&w, &run, "first").await.state, TaskState::Succeeded);
    assert_eq!(task(&w, &run, "second").await.attempt, 1);
    // The one that was there before looks again, too, and does nothing twice.
    w.settle().await;
    assert_eq!(w.store.workloads_of(&task(&w, &run, "second").await.id, 9).await.unwrap().len(), 1);
}
