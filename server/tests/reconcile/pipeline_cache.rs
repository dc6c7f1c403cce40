//! What counts as made before.

use crate::{
    pipelines::{begin, begin_two, deliver, ends_well, now, task, two},
    world::{TEAM, World, artifacts},
};
use app::api::{
    State,
    pipeline_runs::{NewPipelineRun, Task, TaskDelivery, TaskState},
    pipelines::NewPipeline,
};
use serde_json::{Value, json};
use server::{
    models::location,
    pipelines::{cache, compare, runs, tasks, upload},
    store::pipeline_images::PipelineImageRow,
};
use std::collections::BTreeMap;

#[tokio::test]
async fn what_was_made_in_another_environment_is_made_again() {
    let w = World::new().await;
    let stands = async |seen: i64, environment: &str| {
        let mut tx = w.store.begin().await.unwrap();
        let row = PipelineImageRow { image: "python:3.11".into(), environment: environment.into() };
        assert!(tx.pipeline_images_set(seen, &[row]).await.unwrap());
        tx.commit().await.unwrap();
    };
    let first = async || {
        let run = begin_two(&w).await;
        w.settle().await;
        task(&w, &run, "first").await
    };
    let made = first().await;
    ends_well(&w, &made, "kept").await;
    assert_eq!(first().await.state, TaskState::Cached);
    stands(0, "train").await;
    let other = first().await;
    assert!(matches!(other.state, TaskState::Starting | TaskState::Queued), "{other:?}");
    stands(1, "").await;
    assert_eq!(first().await.state, TaskState::Cached, "the machine's own interpreter again");
}

#[tokio::test]
async fn what_was_made_before_is_taken_over() {
    let w = World::new().await;
    let one = begin_two(&w).await;
    w.settle().await;
    ends_well(&w, &task(&w, &one, "first").await, "kept").await;
    let made = task(&w, &one, "first").await;

    let other = begin_two(&w).await;
    w.settle().await;
    let first = task(&w, &other, "first").await;
    assert_eq!((first.state, first.run_id.is_none()), (TaskState::Cached, true));
    let from = first.cached_from.unwrap();
    assert_eq!((from.task_id, from.pipeline_run_id), (made.id, one.id.clone()));
    // The second says that it wants none of it.
    assert_eq!(task(&w, &other, "second").await.state, TaskState::Starting);

    let switched_off = begin(&w, NewPipelineRun { spec: Some(two()), cache: Some(false), ..NewPipelineRun::default() }).await;
    let different = begin(
        &w,
        NewPipelineRun { spec: Some(two()), parameters: BTreeMap::from([("text".into(), json!("other"))]), ..NewPipelineRun::default() },
    )
    .await;
    w.settle().await;
    for run in [&switched_off, &different] {
        assert!(matches!(task(&w, run, "first").await.state, TaskState::Starting | TaskState::Queued));
    }
}

#[tokio::test]
async fn what_was_measured_before_stands_in_the_run_table_again() {
    let w = World::new().await;
    let mut spec: Value = serde_json::from_str(&two()).unwrap();
    spec["components"]["comp-first"]["outputDefinitions"]["artifacts"] =
        json!({ "numbers": { "artifactType": { "schemaTitle": "system.Metrics", "schemaVersion": "0.0.1" } } });
    let begins = async || {
        let run = begin(&w, NewPipelineRun { spec: Some(spec.to_string()), ..NewPipelineRun::default() }).await;
        w.settle().await;
        run
    };
    let measured = async |task: &Task| {
        let run = w.store.run(TEAM, task.run_id.as_deref().unwrap()).await.unwrap().unwrap();
        let all = w.store.metrics_latest(&[run.key]).await.unwrap().into_iter().map(|m| (m.key, m.value));
        (run.state(), all.collect::<Vec<_>>())
    };
    let one = begins().await;
    let first = task(&w, &one, "first").await;
    w.cluster.run(first.workload_id.as_deref().unwrap());
    w.settle().await;
    let said = json!({ "artifacts": { "numbers": { "artifacts": [{ "metadata": { "accuracy": 0.875, "rows": 3 } }] } } });
    let files = BTreeMap::from([("said".to_owned(), "kept".to_owned()), ("/executor_output.json".to_owned(), said.to_string())]);
    let delivery = serde_json::to_string(&TaskDelivery { attempt: first.attempt, files, ..TaskDelivery::default() }).unwrap();
    assert!(w.store.task_deliver(first.run_id.as_deref().unwrap(), first.attempt, &delivery).await.unwrap());
    w.cluster.exit(first.workload_id.as_deref().unwrap(), 0);
    w.settle().await;
    let wanted = (State::Succeeded, vec![("accuracy".to_owned(), 0.875), ("rows".to_owned(), 3.0)]);
    assert_eq!(measured(&task(&w, &one, "first").await).await, wanted);

    let other = begins().await;
    let cached = task(&w, &other, "first").await;
    assert_eq!((cached.state, cached.workload_id.is_none()), (TaskState::Cached, true));
    assert_ne!(cached.run_id, first.run_id, "a run of its own");
    assert_eq!(measured(&cached).await, wanted);
    let sql = "SELECT value FROM run_tags t JOIN runs r ON r.key = t.run_key WHERE r.id = $1 AND t.key = 'mlflow.parentRunId'";
    let parents: Vec<(String,)> = w.store.all(sql, server::args![cached.run_id.as_deref()]).await.unwrap();
    assert_eq!(parents, [(other.run_id.clone(),)]);
    let third = begins().await;
    // What it took over lies with the other's run, also when that is deleted.
    let lost = async || {
        let detail = tasks::get(&w.parsed, &w.store, &w.ada, &other.id, &cached.id).await.unwrap();
        let numbers = &detail.outputs.unwrap().artifacts["numbers"][0];
        assert_eq!(numbers.stored().unwrap().0, first.run_id.as_deref().unwrap());
        let beside = compare::runs(&w.parsed, &w.store, &w.ada, &other.id, &third.id).await.unwrap().tasks;
        let sides = beside.iter().flat_map(|pair| pair.before.iter().chain(&pair.after)).filter_map(|side| side.artifacts.get("numbers"));
        let beside: Vec<_> = sides.flatten().map(|artifact| artifact.run_deleted).collect();
        assert_eq!(beside, [numbers.run_deleted; 2]);
        (detail.task.cached_from.is_none(), numbers.run_deleted)
    };
    assert_eq!(lost().await, (false, false));
    runs::cancel(&w.store, &w.ada, &one.id).await.unwrap();
    w.settle().await;
    runs::delete(&w.store, &w.ada, &one.id).await.unwrap();
    assert_eq!(lost().await, (true, true));
}

#[tokio::test]
async fn what_was_made_before_is_made_again_where_its_file_is_gone() {
    let w = World::new().await;
    let mut spec: Value = serde_json::from_str(&two()).unwrap();
    let artifact = |title: &str| json!({ "artifactType": { "schemaTitle": title, "schemaVersion": "0.0.1" } });
    spec["components"]["comp-first"]["outputDefinitions"]["artifacts"] =
        json!({ "data": artifact("system.Dataset"), "numbers": artifact("system.Metrics") });
    let begins = async || {
        let run = begin(&w, NewPipelineRun { spec: Some(spec.to_string()), ..NewPipelineRun::default() }).await;
        w.settle().await;
        run
    };
    let run = begins().await;
    ends_well(&w, &task(&w, &run, "first").await, "kept").await;
    let made = tasks::get(&w.parsed, &w.store, &w.ada, &run.id, &task(&w, &run, "first").await.id).await.unwrap().outputs.unwrap();
    let path = location::path_of(&made.artifacts["data"][0].uri).unwrap().unwrap();
    let file = artifacts(&w.data).place(TEAM, &path).unwrap();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "rows").unwrap();
    assert_eq!(task(&w, &begins().await, "first").await.state, TaskState::Cached, "metrics have no file, and need none");
    std::fs::remove_file(&file).unwrap();
    let run = begins().await;
    let first = task(&w, &run, "first").await;
    assert!(matches!(first.state, TaskState::Starting | TaskState::Queued) && first.attempt == 1, "{first:?}");
}

/// So many tasks that all make the same.
fn alike(n: usize) -> String {
    let mut spec: Value = serde_json::from_str(&two()).unwrap();
    let mut task = spec["root"]["dag"]["tasks"]["first"].clone();
    task["inputs"]["parameters"]["text"] = json!({ "runtimeValue": { "constant": "hello" } });
    let tasks = (0..n).map(|i| {
        let name = format!("task-{i}");
        task["taskInfo"]["name"] = name.clone().into();
        (name, task.clone())
    });
    spec["root"]["dag"]["tasks"] = tasks.collect::<serde_json::Map<_, _>>().into();
    spec["components"].as_object_mut().unwrap().remove("comp-second");
    spec["deploymentSpec"]["executors"].as_object_mut().unwrap().remove("exec-second");
    spec.to_string()
}

#[tokio::test]
async fn what_is_taken_over_takes_no_room() {
    let w = World::new().await;
    // More than one look holds.
    let run = begin(&w, NewPipelineRun { spec: Some(alike(450)), max_tasks: Some(1), ..NewPipelineRun::default() }).await;
    w.settle().await;
    // The second starts with the end of the first, before others can know what that made.
    for _ in 0..2 {
        let all = tasks::list(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
        let started: Vec<&Task> = all.iter().filter(|t| t.state == TaskState::Starting).collect();
        assert_eq!((all.len(), started.len()), (450, 1));
        ends_well(&w, started[0], "x").await;
    }
    w.settle().await;
    let run = now(&w, &run).await;
    assert_eq!((run.state, run.tasks_ended), (State::Succeeded, 450));
    let all = tasks::list(&w.parsed, &w.store, &w.ada, &run.id).await.unwrap();
    assert_eq!(all.iter().filter(|t| t.state == TaskState::Cached).count(), 448);
}

#[tokio::test]
async fn what_was_made_before_the_cache_was_cleared_is_made_anew_once() {
    let w = World::new().await;
    for name in ["one", "other"] {
        let new = NewPipeline { name: Some(name.into()), spec: alike(1), ..NewPipeline::default() };
        upload::create(&w.parsed, &w.store, &w.ada, &new).await.unwrap();
    }
    // Id of a run of the pipeline, and of the run that its task took over from; where it took over nothing, it is done to its end.
    let ran = async |pipeline: &str| {
        let run = begin(&w, NewPipelineRun { pipeline: Some(pipeline.into()), ..NewPipelineRun::default() }).await;
        w.settle().await;
        let made = task(&w, &run, "task-0").await;
        if made.cached_from.is_none() {
            ends_well(&w, &made, "x").await;
        }
        assert_eq!(now(&w, &run).await.state, State::Succeeded);
        (run.id, made.cached_from.map(|from| from.pipeline_run_id))
    };
    let (first, none) = ran("one").await;
    assert_eq!(none, None);
    // All of the team take over from each other.
    for pipeline in ["one", "other"] {
        assert_eq!(ran(pipeline).await.1.as_ref(), Some(&first), "{pipeline}");
    }

    cache::clear(&w.store, &w.ada, "other").await.unwrap();
    let (anew, none) = ran("other").await;
    assert_eq!(none, None);
    assert_eq!(ran("other").await.1, Some(anew));
    assert_eq!(ran("one").await.1, Some(first), "its own cache was not cleared");
    // One that was cleared as often does not stand in for it.
    cache::clear(&w.store, &w.ada, "one").await.unwrap();
    let (anew, none) = ran("one").await;
    assert_eq!(none, None);
    assert_eq!(ran("one").await.1, Some(anew));
}

/// The image of the tasks.
const IMAGE: &str = "python:3.11";

/// A run of one task, which is on its way; `cache`: whether it may take over what was made before.
async fn begin_one(w: &World, cache: bool) -> Task {
    let run = begin(w, NewPipelineRun { spec: Some(alike(1)), cache: Some(cache), ..NewPipelineRun::default() }).await;
    w.settle().await;
    task(w, &run, "task-0").await
}

/// Whether a run of one task took over what was made before; where it did not, it is done to its end.
async fn took_over(w: &World, cache: bool) -> bool {
    let made = begin_one(w, cache).await;
    if made.state != TaskState::Cached {
        assert_eq!(made.state, TaskState::Starting, "{made:?}");
        ends_well(w, &made, "x").await;
    }
    made.state == TaskState::Cached
}

#[tokio::test]
async fn what_an_image_made_before_its_tag_was_moved_is_made_anew() {
    let w = World::of_containers().await;
    w.cluster.set_image(IMAGE, Some("sha256:one"));
    assert!(!took_over(&w, true).await && took_over(&w, true).await);
    w.cluster.set_image(IMAGE, Some("sha256:two"));
    assert!(took_over(&w, true).await, "nobody has run it since, so nobody knows");
    assert!(!took_over(&w, false).await, "this one tells");
    assert!(!took_over(&w, true).await, "made of another image");
    assert!(took_over(&w, true).await);
    w.cluster.set_image(IMAGE, Some("sha256:three"));
    assert!(!took_over(&w, false).await);
    // It does not say what it ran: its name is all that is known.
    w.cluster.set_image(IMAGE, None);
    assert!(!took_over(&w, true).await && took_over(&w, true).await);
}

#[tokio::test]
async fn a_task_with_a_key_of_its_own_takes_over_whatever_its_image_is() {
    let w = World::of_containers().await;
    let mut spec: Value = serde_json::from_str(&alike(1)).unwrap();
    spec["root"]["dag"]["tasks"]["task-0"]["cachingOptions"] = json!({ "enableCache": true, "cacheKey": "mine" });
    let first = async || {
        let run = begin(&w, NewPipelineRun { spec: Some(spec.to_string()), ..NewPipelineRun::default() }).await;
        w.settle().await;
        task(&w, &run, "task-0").await
    };
    w.cluster.set_image(IMAGE, Some("sha256:one"));
    ends_well(&w, &first().await, "x").await;
    w.cluster.set_image(IMAGE, Some("sha256:two"));
    assert!(!took_over(&w, false).await);
    assert_eq!(first().await.state, TaskState::Cached);
}

#[tokio::test]
async fn a_short_task_says_its_image_after_its_end() {
    let w = World::of_containers().await;
    w.cluster.set_image(IMAGE, None);
    let ended = async || {
        let made = begin_one(&w, false).await;
        let workload = made.workload_id.clone().unwrap();
        w.cluster.run(&workload);
        w.settle().await;
        deliver(&w, &made, "x").await;
        w.cluster.exit(&workload, 0);
        w.settle().await;
        let row = w.store.workload(&workload).await.unwrap().unwrap();
        assert_eq!((row.state(), row.settled, row.forgotten, row.image_digest), (State::Succeeded, 1, 0, None), "it may still say it");
        workload
    };
    let silent = ended().await;
    let of = async |id: &str| {
        let row = w.store.workload(id).await.unwrap().unwrap();
        (row.forgotten, row.image_digest)
    };
    w.clock.advance(5_000);
    w.settle().await;
    assert_eq!(of(&silent).await, (1, None), "nobody waits for long");
    let tells = ended().await;
    w.cluster.set_image(IMAGE, Some("sha256:one"));
    w.settle().await;
    assert_eq!(of(&tells).await, (1, Some("sha256:one".into())));
    assert_eq!(w.store.image_digests(&[IMAGE]).await.unwrap()[IMAGE], "sha256:one");
}
