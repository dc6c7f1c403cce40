//! Why something is as it is: the sentence, and what it rests on, in order.

use super::{
    notebooks::{LAB, running, settle, world},
    world::World,
};
use serde_json::{Value, json};
use server::cluster::{Endpoint, Exit};
use std::path::PathBuf;

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
