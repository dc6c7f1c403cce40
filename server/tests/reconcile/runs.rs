//! Runs: from the queue to their end.

use crate::world::{TEAM, World, tick};
use app::api::{
    State,
    environments::Build,
    logs::LogQuery,
    resources::{Resources, ResourcesAsked},
    runs::{Code, NewRun},
};
use server::{
    cluster::{Exit, Phase, Runtime},
    logs::LogStore,
    runs::service,
    store::placements::PlacementRow,
};
use std::collections::BTreeMap;

fn python() -> NewRun {
    NewRun { command: vec!["python".into(), "train.py".into()], ..NewRun::default() }
}

#[tokio::test]
async fn a_run_goes_through_its_states() {
    let w = World::new().await;
    let params = BTreeMap::from([("lr".to_owned(), "0.1".to_owned())]);
    let run = w.submit(NewRun { params, experiment: Some("digits".into()), ..python() }).await.summary;
    assert_eq!((run.state, run.experiment.as_str(), run.params["lr"].as_str()), (State::Queued, "digits", "0.1"));
    assert_eq!(w.run(&run.id).await.0.status, "SCHEDULED");

    w.settle().await;
    assert_eq!(w.state(&run.id).await.0, State::Starting);
    let workload = w.workload(&run.id).await;
    let spec = w.cluster.spec(&workload.id).expect("the cluster was told");
    assert_eq!(spec.command, ["python", "train.py", "--lr", "0.1"]);
    assert!(matches!(spec.runtime, Runtime::Environment { .. }));
    assert_eq!((spec.env["MLFLOW_RUN_ID"].as_str(), spec.env["SLIPWAY_ATTEMPT"].as_str()), (run.id.as_str(), "1"));
    assert!(spec.secrets["MLFLOW_TRACKING_TOKEN"].starts_with("slip_") && !spec.env.contains_key("MLFLOW_TRACKING_TOKEN"));
    assert_eq!(w.live_tokens(&run.id).await, 1);

    w.clock.advance(3000);
    w.cluster.run(&workload.id);
    w.settle().await;
    let (row, submission) = w.run(&run.id).await;
    assert_eq!((row.state(), row.status.as_str()), (State::Running, "RUNNING"));
    assert_eq!((row.started_at, submission.running_at), (w.now(), Some(w.now())));

    w.cluster.exit(&workload.id, 0);
    w.settle().await;
    let (row, submission) = w.run(&run.id).await;
    assert_eq!((row.state(), row.status.as_str(), submission.exit_code, submission.live), (State::Succeeded, "FINISHED", Some(0), 0));
    assert_eq!(w.live_tokens(&run.id).await, 0);
    assert_eq!(w.events(&run.id).await, ["submit", "start", "succeed"]);
    assert!(w.cluster.forgotten().contains(&workload.id));
    let before = w.run(&run.id).await;
    w.settle().await;
    assert_eq!(w.run(&run.id).await, before);
}

#[tokio::test]
async fn a_run_that_nobody_saw_running_has_a_start() {
    let w = World::new().await;
    let run = w.submit(python()).await.summary;
    w.clock.advance(1000);
    w.settle().await;
    let began = w.now();
    w.clock.advance(2000);
    w.cluster.exit(&w.workload(&run.id).await.id, 0);
    w.settle().await;
    let (row, submission) = w.run(&run.id).await;
    assert_eq!((row.state(), row.started_at, row.ended_at), (State::Succeeded, began, Some(w.now())));
    assert_eq!(submission.running_at, Some(began));
}

#[tokio::test]
async fn a_run_gets_the_placement_of_its_size_and_of_its_environment() {
    let w = World::new().await;
    let environment = w.store.placed_environment(None, "train").await.unwrap().unwrap();
    let mut tx = w.store.begin().await.unwrap();
    for (kind, object_id, label) in
        [("size", "small", "size: small"), ("size", "gpu", "size: gpu"), ("environment", &environment.id, "env: train")]
    {
        let row = PlacementRow {
            kind: kind.into(),
            object_id: object_id.into(),
            tolerations: format!("[{{key: {kind}, operator: Exists}}]"),
            node_selector: label.into(),
            patch: String::new(),
            cpu: String::new(),
            memory: String::new(),
            gpu: String::new(),
            revision: 0,
        };
        assert!(tx.placement_set(&row).await.unwrap());
    }
    tx.commit().await.unwrap();
    let run = w.submit(python()).await.summary;
    w.settle().await;
    let placement = w.cluster.spec(&w.workload(&run.id).await.id).expect("the cluster was told").placement;
    let labels: Vec<_> = placement.node_selector.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(labels, [("env", "train"), ("size", "small")]);
    assert_eq!(placement.tolerations.iter().map(|t| t.key.as_deref().unwrap()).collect::<Vec<_>>(), ["size", "environment"]);
}

#[tokio::test]
async fn the_exit_code_outranks_what_the_script_said() {
    let w = World::new().await;
    let run = w.submit(python()).await.summary.id;
    w.settle().await;
    let workload = w.workload(&run).await.id;
    w.cluster.run(&workload);
    w.settle().await;
    let (row, _) = w.run(&run).await;
    let mut tx = w.store.begin().await.unwrap();
    let said = server::store::runs::RunChange { status: Some("FINISHED".parse().unwrap()), ended_at: Some(1), name: None };
    tx.run_update(&row, &said).await.unwrap();
    tx.commit().await.unwrap();
    w.cluster.exit(&workload, 3);
    w.settle().await;
    let (row, _) = w.run(&run).await;
    assert_eq!((row.status.as_str(), row.reason.as_deref()), ("FAILED", Some("Exited with code 3.")));
}

#[tokio::test]
async fn a_failed_attempt_is_followed_by_another_with_a_log_and_a_token_of_its_own() {
    let w = World::new().await;
    let run = w.submit(NewRun { max_attempts: Some(2), ..python() }).await.summary.id;
    w.settle().await;
    let first = w.workload(&run).await;
    w.clock.advance(1000);
    w.cluster.run(&first.id);
    w.settle().await;
    let started = w.run(&run).await.0.started_at;
    w.cluster.end(&first.id, Exit { signal: Some(9), out_of_memory: true, ..Exit::default() });
    w.settle().await;
    let (state, reason) = w.state(&run).await;
    assert_eq!(state, State::Queued);
    assert!(reason.starts_with("Out of memory at 1 GiB, attempt 1 of 2."), "{reason}");
    assert_eq!(w.live_tokens(&run).await, 0);
    assert_eq!(w.store.workloads_of(&run, 9).await.unwrap().len(), 1);

    w.clock.advance(5000);
    w.settle().await;
    let second = w.workload(&run).await;
    assert_eq!((second.attempt, w.cluster.spec(&second.id).unwrap().attempt), (2, 2));
    assert_eq!(w.live_tokens(&run).await, 1);
    assert_eq!((w.log(&run).await.attempt, w.log(&run).await.attempts), (2, 2));
    assert!(w.store.failed(TEAM, 0, 9).await.unwrap().is_empty(), "an attempt is not the run");
    w.cluster.run(&second.id);
    w.settle().await;
    assert_eq!(w.run(&run).await.0.started_at, started, "the first start is the run's");
    w.cluster.exit(&second.id, 0);
    w.settle().await;
    assert_eq!(w.state(&run).await, (State::Succeeded, String::new()));
    assert_eq!(w.events(&run).await, ["submit", "start", "fail_attempt", "attempt", "start", "succeed"]);
    assert!(w.store.failed(TEAM, 0, 9).await.unwrap().is_empty());
    assert_eq!(w.store.at_rest(TEAM, 0, 9).await.unwrap().len(), 1, "once, whatever its attempts");
}

#[tokio::test]
async fn a_run_that_failed_is_told_once_in_its_own_words() {
    let w = World::new().await;
    let run = w.submit(NewRun { max_attempts: Some(2), ..python() }).await.summary.id;
    for code in [3, 4] {
        w.settle().await;
        let attempt = w.workload(&run).await;
        w.cluster.run(&attempt.id);
        w.settle().await;
        w.cluster.exit(&attempt.id, code);
        w.settle().await;
        w.clock.advance(60_000);
    }
    let (state, reason) = w.state(&run).await;
    assert_eq!(state, State::Failed);
    let failed = w.store.failed(TEAM, 0, 9).await.unwrap();
    assert_eq!(failed.iter().map(|f| (&f.id, f.reason.as_deref(), f.by.as_str())).collect::<Vec<_>>(), [(&run, Some(&*reason), "ada")]);
    assert_eq!(failed[0].state(), State::Failed);
    assert!(w.store.failed(TEAM, w.now(), 9).await.unwrap().is_empty(), "long ago");
    assert!(w.store.failed("another", 0, 9).await.unwrap().is_empty());
    w.submit(python()).await;
    assert_eq!(w.store.failed(TEAM, 0, 9).await.unwrap(), failed, "what waits has not failed");
}

#[tokio::test]
async fn a_cancel_ends_it_wherever_it_is() {
    let w = World::new().await;
    // in the queue
    let queued = w.submit(python()).await.summary.id;
    service::cancel(&w.store, &w.ada, &queued).await.unwrap();
    w.settle().await;
    assert_eq!(w.state(&queued).await, (State::Cancelled, "Cancelled by ada.".into()));
    // its log never began, and is complete
    assert!(w.log(&queued).await.complete);

    // running
    let running = w.submit(python()).await.summary.id;
    w.settle().await;
    let workload = w.workload(&running).await.id;
    w.cluster.run(&workload);
    w.settle().await;
    service::cancel(&w.store, &w.ada, &running).await.unwrap();
    service::cancel(&w.store, &w.ada, &running).await.unwrap();
    w.settle().await;
    assert_eq!(w.state(&running).await, (State::Cancelled, "Cancelled by ada.".into()));
    assert_eq!(w.run(&running).await.0.status, "KILLED");
    assert!(service::cancel(&w.store, &w.ada, &running).await.is_err(), "it has ended");

    // between attempts
    let between = w.submit(NewRun { max_attempts: Some(3), ..python() }).await.summary.id;
    w.settle().await;
    w.cluster.exit(&w.workload(&between).await.id, 1);
    w.settle().await;
    assert_eq!(w.state(&between).await.0, State::Queued);
    service::cancel(&w.store, &w.ada, &between).await.unwrap();
    w.settle().await;
    assert_eq!(w.state(&between).await.0, State::Cancelled);
    w.clock.advance(600_000);
    w.settle().await;
    assert_eq!(w.store.workloads_of(&between, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_start_fails_with_its_reason() {
    let w = World::new().await;
    let run = w.submit(NewRun { max_attempts: Some(3), ..python() }).await.summary.id;
    w.settle().await;
    w.cluster.end(&w.workload(&run).await.id, Exit { reason: Some("The command \"python\" was not found.".into()), ..Exit::default() });
    w.settle().await;
    assert_eq!(w.state(&run).await, (State::Failed, "The command \"python\" was not found.".into()));
}

#[tokio::test]
async fn a_run_waits_for_its_environment() {
    let w = World::bare().await;
    tick(&w.environments).await;
    let run = w.submit(python()).await.summary.id;
    w.settle().await;
    let (state, reason) = w.state(&run).await;
    assert_eq!(state, State::Starting);
    assert!(reason.contains("environment train v1 is being made"), "{reason}");

    let version = w.store.environment(TEAM, "train").await.unwrap().unwrap();
    let build = w.workload(&version.id).await.id;
    w.cluster.end(&build, Exit { code: Some(1), ..Exit::default() });
    w.settle().await;
    let (state, reason) = w.state(&run).await;
    assert_eq!(state, State::Failed);
    assert!(reason.contains("could not be made"), "{reason}");
}

#[tokio::test]
async fn an_emptied_cache_is_filled_again() {
    let w = World::new().await;
    std::fs::remove_dir_all(w.cache.join("environments")).unwrap();
    let run = w.submit(python()).await.summary.id;
    w.settle().await;
    assert!(w.state(&run).await.1.contains("being made"));
    let version = w.store.environment(TEAM, "train").await.unwrap().unwrap();
    assert_ne!(version.build(), Build::Ready);
    w.put_environment(&version.digest);
    let build = w.workload(&version.id).await.id;
    let result = serde_json::json!({ "result": "made", "digest": version.digest, "lock": version.lock_text });
    let path = server::environments::build_result::path(&w.cache, &build);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, result.to_string()).unwrap();
    w.cluster.exit(&build, 0);
    w.settle().await;
    assert!(w.cluster.spec(&w.workload(&run).await.id).is_some());
}

#[tokio::test]
async fn a_retry_is_a_new_run_with_the_same_code() {
    let w = World::new().await;
    let commit = "a".repeat(40);
    let code = Code::Git { url: "https://git.example.org/x.git".into(), reference: "main".into(), commit: Some(commit.clone()) };
    let first = w.submit(NewRun { code: Some(code), name: Some("one".into()), ..python() }).await.summary.id;
    assert!(w.submitter().retry(&w.ada, &first).await.is_err(), "it has not ended");
    w.settle().await;
    let spec = w.cluster.spec(&w.workload(&first).await.id).unwrap();
    assert_eq!(spec.command, ["sh", ".slipway/start.sh", "python", "train.py"]);
    assert_eq!(spec.env["SLIPWAY_GIT_COMMIT"], commit);
    w.cluster.exit(&w.workload(&first).await.id, server::runs::git::NO_CODE);
    w.settle().await;
    assert!(w.state(&first).await.1.contains("code could not be fetched"));

    let again = w.submitter().retry(&w.ada, &first).await.unwrap();
    let submission = again.submission.unwrap();
    assert_eq!((submission.retry_of.as_deref(), again.summary.name.as_str()), (Some(first.as_str()), "one"));
    assert!(matches!(submission.code, Some(Code::Git { commit: Some(c), .. }) if c == commit));
    assert_eq!(again.tags["mlflow.source.git.commit"], commit);
    assert_ne!(again.summary.id, first);
}

#[tokio::test]
async fn a_stopping_run_says_who_asked() {
    let w = World::new().await;
    let run = w.submit(python()).await.summary.id;
    w.settle().await;
    let workload = w.workload(&run).await.id;
    w.cluster.run(&workload);
    w.settle().await;
    w.cluster.set_phase(&workload, Phase::Stopping);
    service::cancel(&w.store, &w.ada, &run).await.unwrap();
    w.settle().await;
    assert_eq!(w.state(&run).await, (State::Stopping, "Cancelled by ada.".into()));
}

#[tokio::test]
async fn the_live_log_goes_over_all_attempts_and_tells_the_end() {
    use futures::StreamExt;
    use server::runs::log::{Place, Told, follow};
    let w = World::new().await;
    let run = w.submit(NewRun { max_attempts: Some(2), ..python() }).await.summary.id;
    for (attempt, code) in [(1, 1), (2, 0)] {
        w.settle().await;
        let workload = w.workload(&run).await;
        assert_eq!(workload.attempt, attempt);
        let mut log = server::logs::LogWriter::open(&w.data.join("logs").join(&workload.id), attempt, 1 << 20).unwrap();
        log.say(0, &format!("first of {attempt}\nsecond of {attempt}"));
        log.finish().unwrap();
        w.cluster.exit(&workload.id, code);
        w.settle().await;
        w.clock.advance(5000);
    }
    let (_keep, drain) = tokio::sync::watch::channel(false);
    let logs = LogStore::new(&w.data);
    let read = async |place: Place, only: bool| {
        let told = follow(w.store.clone(), logs.clone(), &w.ada, &run, place, only, drain.clone()).await.unwrap();
        told.collect::<Vec<_>>().await
    };
    let all = read(Place { attempt: Some(1), ..Place::default() }, false).await;
    let texts: Vec<_> = all.iter().filter_map(|t| if let Told::Line { line, .. } = t { Some(line.text.as_str()) } else { None }).collect();
    assert_eq!(texts, ["first of 1", "second of 1", "first of 2", "second of 2"]);
    assert_eq!(all.last(), Some(&Told::End { state: State::Succeeded, reason: None }));

    // what a reader who lost the connection sends brings what follows, and nothing twice
    let Told::Line { id: Some(id), .. } = &all[1] else { panic!("{all:?}") };
    assert_eq!(read(Place::parse(id).unwrap(), false).await, all[2..]);
    assert_eq!(read(Place { attempt: Some(1), ..Place::default() }, true).await.len(), 3);

    let page = server::runs::log::page(&w.store, &logs, &w.ada, &run, &LogQuery { attempt: Some(1), ..LogQuery::default() }).await.unwrap();
    assert_eq!((page.items.len(), page.attempt, page.attempts, page.complete), (2, 1, 2, true));
}

#[tokio::test]
async fn a_start_that_fails_says_why_and_ends_only_when_it_is_the_runs_own_fault() {
    let w = World::new().await;
    let run = w.submit(python()).await.summary;
    w.cluster.refuse(Some("The cluster cannot be reached."));
    w.settle().await;
    assert_eq!(w.state(&run.id).await, (State::Starting, "The cluster cannot be reached.".into()));
    let row = w.workload(&run.id).await;
    assert_eq!((row.generation, row.granted()), (1, Some(row.resources())));
    w.clock.advance(3_600_000);
    w.settle().await;
    assert_eq!(w.state(&run.id).await.0, State::Starting, "nobody can say that it will not be reached again");
    w.cluster.refuse(None);
    w.settle().await;
    assert_eq!(w.workload(&run.id).await.reason.as_deref(), Some("Starting"), "the reason is gone");

    let wrong = w.submit(python()).await.summary;
    w.cluster.refuse_as_wrong("Its folder has no name.");
    w.settle().await;
    assert_eq!(w.state(&wrong.id).await, (State::Starting, "Its folder has no name.".into()));
    w.clock.advance(31_000);
    w.settle().await;
    assert_eq!(w.state(&wrong.id).await, (State::Failed, "Its folder has no name.".into()));
}

#[tokio::test]
async fn a_queue_that_did_not_move_is_not_written_again() {
    let w = World::new().await;
    w.cluster.set_capacity(Resources { cpu_millis: 1000, memory_bytes: 4 << 30, gpus: 0 }, Resources::NONE);
    let new = || NewRun { amount: ResourcesAsked { cpu: Some("1".into()), ..ResourcesAsked::default() }, ..python() };
    let first = w.submit(new()).await.summary;
    w.settle().await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        w.clock.advance(1000);
        waiting.push(w.submit(new()).await.summary.id);
    }
    w.settle().await;
    let places = async || {
        let mut out = Vec::new();
        for id in &waiting {
            let row = w.workload(id).await;
            assert!(row.state() != State::Queued || row.granted().is_none());
            out.push(row.reason.unwrap_or_default().split(' ').next().unwrap_or_default().to_owned());
        }
        out
    };
    assert_eq!(places().await, ["1st", "2nd", "3rd"]);
    let rings = w.store.bell().work();
    let before = *rings.borrow();
    tick(&w.workloads).await;
    assert_eq!(*rings.borrow(), before, "nothing was written");
    let workload = w.workload(&first.id).await;
    w.cluster.run(&workload.id);
    w.cluster.exit(&workload.id, 0);
    w.settle().await;
    assert_eq!(places().await[1..], ["1st", "2nd"]);
}

#[tokio::test]
async fn several_nodes_start_together_or_wait_and_the_one_that_failed_is_named() {
    let w = World::new().await;
    let on = |nodes| NewRun {
        nodes: Some(nodes),
        amount: ResourcesAsked { cpu: Some("3".into()), memory: Some("2Gi".into()), gpu: None },
        ..python()
    };
    // Of 8 CPUs two nodes of three leave room for none of another two, though for one of them.
    let (first, second) = (w.submit(on(2)).await.summary.id, w.submit(on(2)).await.summary.id);
    w.settle().await;
    assert_eq!(w.state(&second).await, (State::Queued, "1st in the queue: needs 6 CPU, 4 GiB; 2 CPU, 12 GiB are free.".into()));
    let workload = w.workload(&first).await;
    let spec = w.cluster.spec(&workload.id).unwrap();
    assert_eq!((spec.nodes, spec.resources), (2, Resources { cpu_millis: 3000, memory_bytes: 2 << 30, gpus: 0 }));
    w.cluster.run(&workload.id);
    w.settle().await;
    w.cluster.end(&workload.id, Exit { code: Some(3), node: Some(1), ..Exit::default() });
    w.settle().await;
    assert_eq!(w.state(&first).await, (State::Failed, "Node 1 exited with code 3.".into()));
    // Its log is the one that is shown unasked.
    assert_eq!((w.log(&first).await.node, w.log(&second).await.node), (1, 0));
    assert_eq!(w.state(&second).await.0, State::Starting);

    let again = w.submitter().retry(&w.ada, &first).await.unwrap();
    assert_eq!(again.submission.unwrap().nodes, 2);
    w.settle().await;
    w.cluster.end(&w.workload(&second).await.id, Exit { signal: Some(9), out_of_memory: true, node: Some(0), ..Exit::default() });
    w.settle().await;
    assert_eq!(w.state(&second).await.1, "Node 0 ran out of memory at 2 GiB.");
    assert_eq!(w.cluster.spec(&w.workload(&again.summary.id).await.id).unwrap().nodes, 2);
}

#[tokio::test]
async fn the_quota_counts_all_nodes() {
    let w = World::new().await;
    let mut tx = w.store.begin().await.unwrap();
    tx.exec("UPDATE quotas SET cpu_millis = 1000 WHERE team_id = $1", server::args![TEAM]).await.unwrap();
    tx.commit().await.unwrap();
    let run = w.submit(NewRun { nodes: Some(3), ..python() }).await.summary.id;
    w.settle().await;
    let (state, reason) = w.state(&run).await;
    assert_eq!(state, State::Queued);
    assert!(reason.contains("asks for 1.5 CPU, 3 GiB, but the team's quota is 1 CPU"), "{reason}");
}

#[tokio::test]
async fn what_ends_makes_room_and_what_is_granted_starts_in_one_look() {
    let w = World::new().await;
    w.cluster.set_capacity(Resources { cpu_millis: 1000, memory_bytes: 4 << 30, gpus: 0 }, Resources::NONE);
    let new = || NewRun { amount: ResourcesAsked { cpu: Some("1".into()), ..ResourcesAsked::default() }, ..python() };
    let first = w.submit(new()).await.summary.id;
    w.clock.advance(1000);
    let second = w.submit(new()).await.summary.id;
    tick(&w.workloads).await;
    let workloads = [w.workload(&first).await, w.workload(&second).await];
    assert_eq!((workloads[0].state(), workloads[0].granted()), (State::Starting, Some(workloads[0].resources())));
    assert!(workloads[0].ensured_at.is_some() && w.cluster.spec(&workloads[0].id).is_some());
    assert_eq!((workloads[1].state(), w.cluster.specs().len()), (State::Queued, 1));
    w.cluster.run(&workloads[0].id);
    w.cluster.exit(&workloads[0].id, 0);
    tick(&w.workloads).await;
    assert_eq!(w.workload(&first).await.state(), State::Succeeded);
    assert!(w.cluster.spec(&w.workload(&second).await.id).is_some());
}
