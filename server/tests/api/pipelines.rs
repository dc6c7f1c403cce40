//! Pipelines and pipeline runs: who may what, what is refused.

use super::world::World;
use serde_json::{Value, json};

const OWN: &str = "/api/v1/teams/forecast";

fn hello() -> String {
    std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/hello.yaml")).unwrap()
}

#[tokio::test]
async fn a_pipeline_is_uploaded_gets_versions_and_goes() {
    let w = World::new().await;
    let made = w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(201).json();
    assert_eq!((&made["name"], &made["description"], &made["latest"]["name"]), (&json!("hello"), &json!("Says hello."), &json!("hello")));
    assert_eq!(w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(409).field(), "name");
    let versions = format!("{OWN}/pipelines/hello/versions");
    w.ada.post(&versions, json!({ "spec": hello(), "name": "2", "description": "the same" })).await.is(201);
    assert_eq!(w.ada.post(&versions, json!({ "spec": hello(), "name": "2" })).await.is(409).field(), "name");
    let listed = w.vic.get(&versions).await.is(200).json();
    assert_eq!(
        listed["items"].as_array().map(|v| v.iter().map(|v| v["name"].clone()).collect::<Vec<_>>()),
        Some(vec![json!("2"), json!("hello")])
    );
    assert_eq!(w.vic.get(&format!("{versions}/2/spec")).await.is(200).json()["spec"], hello());
    let outline = w.vic.get(&format!("{versions}/2/outline")).await.is(200).json();
    assert_eq!(outline["parameters"][0]["default"], "hello");
    assert_eq!(outline["tasks"], json!([{ "path": "say", "name": "say", "kind": "executor", "after": [] }]));
    let run = w.ada.post(&format!("{OWN}/pipeline-runs"), json!({ "pipeline": "hello", "version": "2" })).await.is(201).json();
    w.ada.delete(&format!("{OWN}/pipelines/hello")).await.is(204);
    w.vic.get(&format!("{OWN}/pipelines/hello")).await.is(404);
    // What ran outlives what it was of.
    let run = w.vic.get(&format!("{OWN}/pipeline-runs/{}", run["id"].as_str().unwrap())).await.is(200).json();
    assert_eq!((&run["pipeline"], &run["parameters"]), (&json!("hello"), &json!({ "text": "hello" })));
}

#[tokio::test]
async fn what_cannot_run_is_refused_with_its_place() {
    let w = World::new().await;
    let mut spec: Value = serde_json::from_str(r#"{"pipelineInfo":{"name":"x"},"schemaVersion":"2.1.0","root":{"dag":{"tasks":{"a":{"componentRef":{"name":"comp-none"},"taskInfo":{"name":"a"}}}}}}"#).unwrap();
    let refused = w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": spec.to_string() })).await.is(422);
    assert!(refused.json()["detail"].as_str().unwrap().contains("root.dag.tasks.a"), "{}", refused.json());
    assert_eq!(refused.field(), "spec");
    spec["schemaVersion"] = json!("1.0");
    w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": spec.to_string() })).await.is(422);
    for bad in ["", "not: [yaml", "[]", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n"] {
        assert_eq!(w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": bad })).await.is(422).field(), "spec");
    }
    let ask = |body: Value| {
        let w = &w;
        async move { w.ada.post(&format!("{OWN}/pipeline-runs"), body).await }
    };
    assert_eq!(ask(json!({})).await.is(422).field(), "pipeline");
    ask(json!({ "pipeline": "nothing" })).await.is(404);
    assert_eq!(ask(json!({ "pipeline": "x", "spec": hello() })).await.is(422).field(), "spec");
    assert_eq!(ask(json!({ "spec": hello(), "parameters": { "txt": "x" } })).await.is(422).field(), "parameters");
    assert_eq!(ask(json!({ "spec": hello(), "max_tasks": 0 })).await.is(422).field(), "max_tasks");
}

#[tokio::test]
async fn pipelines_are_the_teams_own() {
    let w = World::new().await;
    w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(201);
    let run = w.ada.post(&format!("{OWN}/pipeline-runs"), json!({ "pipeline": "hello" })).await.is(201).json()["id"].clone();
    let run = run.as_str().unwrap();
    for path in
        ["pipelines/hello", "pipelines/hello/versions/hello/spec", &format!("pipeline-runs/{run}"), &format!("pipeline-runs/{run}/tasks")]
    {
        w.eve.get(&format!("{OWN}/{path}")).await.is(404);
    }
    w.vic.post(&format!("{OWN}/pipeline-runs/{run}/cancel"), json!({})).await.is(403);
    w.ada.delete(&format!("{OWN}/pipeline-runs/{run}")).await.is(409);
    w.ada.post(&format!("{OWN}/pipeline-runs/{run}/retry"), json!({})).await.is(409);
    w.ada.post(&format!("{OWN}/pipeline-runs/{run}/cancel"), json!({})).await.is(204);
    // Nobody but the task's own workload delivers, and nobody waits for this one.
    let delivery = json!({ "attempt": 1, "files": {} });
    w.ada.put(&format!("{OWN}/runs/{run}/delivery"), delivery.clone()).await.is(403);
    let program = w.run("0123456789abcdef0123456789abcdef").await;
    program.put(&format!("{OWN}/runs/0123456789abcdef0123456789abcdef/delivery"), delivery).await.is(409);
}

#[tokio::test]
async fn what_stands_for_an_image_is_the_admins_to_say() {
    let w = World::new().await;
    let path = "/api/v1/pipeline-images";
    w.mia.get(path).await.is(403);
    let one = |image: &str, environment: &str| json!({ "images": [{ "image": image, "environment": environment }] });
    w.bob.put(path, one("registry.example.org/ml/base:1", "train")).await.is(200);
    assert_eq!(w.bob.get(path).await.is(200).json(), one("registry.example.org/ml/base:1", "train"));
    for (image, environment) in [("", "train"), ("a b", "train"), ("a", "nothing")] {
        assert_eq!(w.bob.put(path, one(image, environment)).await.is(422).field(), "images");
    }
}
