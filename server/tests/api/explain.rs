//! Why something is as it is: the sentence, and what it rests on, in order.

use super::{
    deployments::{Desk, IRIS, LIST, passes},
    notebooks::{LAB, nowhere, running, settle, world},
    world::World,
};
use serde_json::{Value, json};
use server::{
    cluster::{Clue, Endpoint, Exit, WorkloadSpec},
    logs::{LogWriter, Stream},
    notebooks::plan::PAUSES_MS,
};
use std::path::PathBuf;

/// Lets a workload say something, now.
fn say(w: &World, spec: &WorkloadSpec, text: &str) {
    let mut log = LogWriter::open(&w.web.config.data.join("logs").join(&spec.id), spec.attempt, 1 << 20).unwrap();
    log.lines(w.web.clock.now(), Stream::Err, [text.as_bytes()]);
    log.sync();
}

async fn why(w: &World, path: &str) -> (Value, Vec<(String, String)>) {
    let told = w.vic.get(&format!("{path}/explain")).await.is(200).json();
    let word = |e: &Value, key: &str| e[key].as_str().unwrap_or_default().to_owned();
    let evidence = told["evidence"].as_array().unwrap().iter().map(|e| (word(e, "source"), word(e, "text"))).collect();
    (told["sentence"].clone(), evidence)
}

#[tokio::test]
async fn a_notebook_from_the_queue_to_its_end() {
    let w = world().await;
    let pair = |source: &str, text: &str| (source.to_owned(), text.to_owned());
    w.clock.advance(1000);
    let spec = running(&w, Endpoint::Unix { path: PathBuf::from("/nowhere") }).await;
    let (sentence, evidence) = why(&w, LAB).await;
    assert_eq!(sentence, "It runs, and nothing is known against it.");
    let begun = [
        pair("queue", "Asked for 1 CPU, 1 GiB."),
        pair("queue", "There was room for it."),
        pair("cluster", "The cluster was told to start it."),
        pair("cluster", "It ran."),
    ];
    assert_eq!(evidence[..4], begun);
    assert_eq!(evidence[4], pair("cluster", "Attempt 1 of a notebook."), "what the cluster says");

    // A cluster that cannot be asked takes nothing from what we know ourselves.
    w.cluster.cut_off(Some("no route"));
    let (_, evidence) = why(&w, LAB).await;
    assert_eq!(evidence[..4], begun);
    assert!(evidence[4].1.starts_with("It could not be asked: "), "{evidence:?}");
    w.cluster.cut_off(None);

    w.ada.post(&format!("{LAB}/stop"), json!({})).await.is(204);
    settle(&w).await;
    w.cluster.end(&spec.id, Exit { code: Some(0), stopped: true, ended_at: w.web.clock.now(), ..Exit::default() });
    settle(&w).await;
    let (sentence, evidence) = why(&w, LAB).await;
    assert!(evidence.iter().any(|(source, text)| source == "queue" && text.contains("ada")), "who stopped it: {sentence} {evidence:?}");
    w.eve.get(&format!("{LAB}/explain")).await.is(404);
    w.vic.get("/api/v1/teams/forecast/notebooks/none/explain").await.is(404);
}

#[tokio::test]
async fn what_waits_says_for_what_and_what_never_ran_here_says_no_more_than_it_knows() {
    let w = world().await;
    w.ada.post("/api/v1/teams/forecast/notebooks", json!({ "name": "lab", "cpu": "1", "memory": "1Gi" })).await.is(201);
    let (sentence, evidence) = why(&w, LAB).await;
    assert_eq!((sentence, evidence.len()), (json!("It waits for its turn."), 1));
    let ada = w.ada.token("forecast", "editor").await;
    let run = ada.post("/api/2.0/mlflow/runs/create", json!({ "experiment_id": "0", "run_name": "mine" })).await.is(200).json();
    let id = run["run"]["info"]["run_id"].as_str().unwrap();
    let (_, evidence) = why(&w, &format!("/api/v1/teams/forecast/runs/{id}")).await;
    assert!(evidence.is_empty());
}

/// What happened stands in order, whoever saw it: a cluster that tells whole seconds is no earlier than what it follows from.
#[tokio::test]
async fn evidence_is_in_order() {
    let w = world().await;
    w.clock.advance(250);
    let spec = running(&w, nowhere()).await;
    let second = w.web.clock.now() / 1000 * 1000;
    w.cluster.set_clues(
        &spec.id,
        vec![
            Clue::now("Pod", "so now"),
            Clue::then("Container", second + 1000, "ended"),
            Clue::then("Pod", second + 1, "scheduled"),
            Clue::then("Job", second, "made"),
        ],
    );
    w.clock.advance(1000);
    say(&w, &spec, "hello");
    let (_, evidence) = why(&w, LAB).await;
    let texts: Vec<&str> = evidence.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts[2..], ["The cluster was told to start it.", "It ran.", "made", "scheduled", "hello", "ended", "so now"]);
}

/// What starts again says why it had to.
#[tokio::test]
async fn a_crash_is_evidence_after_the_next_start_too() {
    let w = world().await;
    let first = running(&w, nowhere()).await;
    say(&w, &first, "ValueError: no such kernel");
    w.clock.advance(1);
    w.cluster.exit(&first.id, 1);
    settle(&w).await;
    let said = [("log".to_owned(), "ValueError: no such kernel".to_owned()), ("cluster".to_owned(), "Exited with code 1.".to_owned())];
    let (_, evidence) = why(&w, LAB).await;
    assert!(said.iter().all(|one| evidence.contains(one)), "{evidence:?}");
    w.clock.advance(PAUSES_MS[0]);
    settle(&w).await;
    let (_, evidence) = why(&w, LAB).await;
    let at = |part: &str| evidence.iter().position(|(_, text)| text == part).unwrap_or_else(|| panic!("{part}: {evidence:?}"));
    assert!(at("ValueError: no such kernel") < at("A start before this one: Exited with code 1."));
    assert!(at("A start before this one: Exited with code 1.") < at("Asked for 1 CPU, 1 GiB."));
}

/// Of several replicas the one is explained that does not answer.
#[tokio::test]
async fn a_replica_that_crashed_is_explained_and_not_one_that_runs() {
    let d = Desk::new().await;
    d.w.ada.post(LIST, json!({ "name": "iris", "model": "iris", "version": 1, "replicas": 2 })).await.is(201);
    d.told().await;
    let mut all = d.w.cluster.specs();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    d.serve(&all[0], "a", passes()).await;
    d.serve(&all[1], "b", passes()).await;
    say(&d.w, &all[0], "MemoryError: too much");
    d.w.cluster.exit(&all[0].id, 1);
    d.settle().await;
    let (_, evidence) = why(&d.w, IRIS).await;
    assert!(evidence.contains(&("log".to_owned(), "MemoryError: too much".to_owned())), "{evidence:?}");
    assert!(evidence.contains(&("cluster".to_owned(), "Exited with code 1.".to_owned())), "{evidence:?}");
    d.w.clock.advance(1000);
    d.settle().await;
    let (_, evidence) = why(&d.w, IRIS).await;
    assert!(evidence.iter().any(|(_, text)| text == "A start before this one: Exited with code 1."), "{evidence:?}");
}

/// What runs well does not explain itself on its page before somebody asks.
#[tokio::test]
async fn whoever_asks_is_told_of_what_runs_too() {
    let w = world().await;
    running(&w, nowhere()).await;
    let page = async |query: &str| {
        let page = w.vic.with("accept", "text/html").get(&format!("/teams/forecast/notebooks/lab{query}")).await.is(200);
        String::from_utf8_lossy(&page.body).into_owned()
    };
    let quiet = page("").await;
    assert!(quiet.contains("href=\"?why=1\"") && !quiet.contains("There was room for it."));
    assert!(page("?why=1").await.contains("There was room for it."));
}
