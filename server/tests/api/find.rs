//! What Home and the palette know: who has what, and any object by the beginning of its name.

use super::world::{Person, World};
use serde_json::{Value, json};
use server::{
    environments::{python::Python, shipped},
    pipelines::token::TaskTokens,
    reconcile::{Task, pipelines::Pipelines},
};

async fn world() -> World {
    let w = World::new().await;
    w.nobody.get("/readyz").await.is(503);
    shipped::register(&w.web.store, Some(&Python::new("/usr/bin/python3.11", "3.11.7", "x86_64"))).await.unwrap();
    w.nobody.get("/readyz").await.is(200);
    w
}

async fn found(by: &Person, team: &str, q: &str) -> Vec<Value> {
    by.get(&format!("/api/v1/teams/{team}/find?q={q}")).await.is(200).json().as_array().unwrap().clone()
}

#[tokio::test]
async fn every_kind_is_found_by_its_name_and_runs_by_their_id() {
    let w = world().await;
    let ada = w.ada.token("forecast", "editor").await;
    let mlflow = "/api/2.0/mlflow";
    let experiment = ada.post(&format!("{mlflow}/experiments/create"), json!({ "name": "digits-all" })).await.is(200).json();
    let new = json!({ "experiment_id": experiment["experiment_id"], "run_name": "digits-first" });
    let run = ada.post(&format!("{mlflow}/runs/create"), new).await.is(200).json();
    let id = run["run"]["info"]["run_id"].as_str().unwrap();
    ada.post(&format!("{mlflow}/registered-models/create"), json!({ "name": "digits" })).await.is(200);
    let hello = std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/hello.yaml")).unwrap();
    w.ada.post("/api/v1/teams/forecast/pipelines", json!({ "name": "digits-flow", "spec": hello })).await.is(201);
    w.ada.post("/api/v1/teams/forecast/notebooks", json!({ "name": "digits-lab", "environment": "train" })).await.is(201);
    w.ada.post("/api/v1/teams/forecast/environments", json!({ "name": "digits-env", "requirements": "numpy" })).await.is(201);

    let all = found(&w.vic, "forecast", "digits").await;
    let kinds: Vec<(&str, &str)> = all.iter().map(|f| (f["kind"].as_str().unwrap(), f["label"].as_str().unwrap())).collect();
    assert_eq!(
        kinds,
        [
            ("notebook", "digits-lab"),
            ("run", "digits-first"),
            ("pipeline", "digits-flow"),
            ("model", "digits"),
            ("experiment", "digits-all"),
            ("environment", "digits-env")
        ]
    );
    // Each leads to a page that is there.
    for one in &all {
        let href = one["href"].as_str().unwrap();
        w.ada.with("accept", "text/html").get(href).await.is(200);
    }
    for q in [id, &id[..10], &id[..8].to_uppercase()] {
        assert_eq!(found(&w.vic, "forecast", q).await[0]["sub"], id, "{q}");
    }
    assert!(found(&w.vic, "forecast", &id[..4]).await.is_empty(), "too little to look for");
    // Of another team nothing is found, by whatever.
    for q in ["digits", id] {
        assert!(found(&w.eve, "elsewhere", q).await.is_empty(), "{q}");
    }
    w.eve.get("/api/v1/teams/forecast/find?q=digits").await.is(404);
    // What was deleted is gone.
    ada.post(&format!("{mlflow}/runs/delete"), json!({ "run_id": id })).await.is(200);
    assert!(found(&w.vic, "forecast", id).await.is_empty());
}

#[tokio::test]
async fn home_names_who() {
    let w = world().await;
    w.ada.post("/api/v1/teams/forecast/notebooks", json!({ "name": "lab", "environment": "train" })).await.is(201);
    w.mia.post("/api/v1/teams/forecast/runs", json!({ "name": "go", "environment": "train", "command": ["true"] })).await.is(201);
    let home = w.vic.get("/api/v1/teams/forecast/home").await.is(200).json();
    let mut who: Vec<(&str, &str)> =
        home["active"].as_array().unwrap().iter().map(|i| (i["name"].as_str().unwrap(), i["by"].as_str().unwrap())).collect();
    who.sort_unstable();
    assert_eq!(who, [("go", "mia"), ("lab", "ada")]);
}

#[tokio::test]
async fn a_pipeline_run_that_failed_needs_somebody_until_it_is_put_away() {
    let w = world().await;
    let own = "/api/v1/teams/forecast";
    let hello = std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/hello.yaml")).unwrap();
    // Nothing stands for its image, so its task can never start.
    let spec = hello.replace("image: python:3.11", "image: registry.example.org/ml/none");
    let run = w.ada.post(&format!("{own}/pipeline-runs"), json!({ "spec": spec, "name": "nightly" })).await.is(201).json();
    let pipelines = Pipelines::new(
        w.web.store.clone(),
        w.web.pipelines.clone(),
        w.web.logs.clone(),
        w.web.cluster.clone(),
        w.web.artifacts.clone(),
        TaskTokens::new(&w.web.sealer),
    );
    for _ in 0..3 {
        pipelines.tick().await.unwrap();
    }
    let home = w.vic.get(&format!("{own}/home")).await.is(200).json();
    for list in ["failed", "recent"] {
        let one = &home[list][0];
        assert_eq!((&one["kind"], &one["name"], &one["state"]), (&json!("pipeline_run"), &json!("nightly"), &json!("failed")), "{list}");
        assert_eq!(one["href"], format!("/teams/forecast/pipeline-runs/{}", run["id"].as_str().unwrap()));
    }
    let page = w.ada.with("accept", "text/html").get("/teams/forecast").await.is(200);
    assert!(String::from_utf8_lossy(&page.body).contains("Needs you"));
    w.ada.post(&format!("{own}/pipeline-runs/{}/archive", run["id"].as_str().unwrap()), json!({})).await.is(204);
    assert_eq!(w.vic.get(&format!("{own}/home")).await.is(200).json()["failed"], json!([]));
}

/// More parts than the database has connections, each with several questions: none waits for one that nobody looks after.
#[tokio::test]
async fn a_page_of_many_parts_answers() {
    let w = world().await;
    for n in 0..12 {
        w.bob.post("/api/v1/teams", json!({ "name": format!("team-{n}") })).await.is(201);
    }
    let browser = w.bob.with("accept", "text/html");
    let pages = (0..6).map(|_| browser.get("/admin?tab=quotas"));
    for page in futures::future::join_all(pages).await {
        let page = page.is(200);
        assert_eq!(String::from_utf8_lossy(&page.body).matches("name=\"cpu\"").count(), 10);
    }
}

/// Outside of a team an admin finds every page of the platform, and nobody else does.
#[tokio::test]
async fn the_palette_leads_to_the_pages_of_the_platform() {
    let w = world().await;
    let offered = async |by: &Person, line: &str| {
        let page = by.with("accept", "text/html").get("/account").await.is(200);
        String::from_utf8_lossy(&page.body).contains(&format!("&quot;label&quot;:&quot;{line}&quot;"))
    };
    for line in ["Quotas", "Placement", "Runtimes", "Events of the platform"] {
        assert!(offered(&w.bob, line).await, "{line}");
        assert!(!offered(&w.mia, line).await, "{line}");
    }
}
