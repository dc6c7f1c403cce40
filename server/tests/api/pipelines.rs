//! Pipelines and pipeline runs: who may what, what is refused.

use super::world::World;
use serde_json::{Value, json};
use server::reconcile::{Task, pipelines::Pipelines};

const OWN: &str = "/api/v1/teams/forecast";

/// Runs `approval` up to where it asks; the addresses of the task for a maintainer, and of that for an editor.
async fn asking(w: &World) -> (String, String) {
    let spec = std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/approval.yaml")).unwrap();
    let run = w.ada.post(&format!("{OWN}/pipeline-runs"), json!({ "spec": spec })).await.is(201).json()["id"].as_str().unwrap().to_owned();
    let web = &w.web;
    Pipelines::new(web.store.clone(), web.pipelines.clone(), web.logs.clone(), web.cluster.clone()).tick().await.unwrap();
    let tasks = w.vic.get(&format!("{OWN}/pipeline-runs/{run}/tasks")).await.is(200).json();
    let of = |name: &str| {
        let id = tasks.as_array().unwrap().iter().find(|t| t["name"] == name).unwrap()["id"].as_str().unwrap();
        format!("{OWN}/pipeline-runs/{run}/tasks/{id}")
    };
    (of("approve"), of("consult"))
}

#[tokio::test]
async fn the_role_decides_who_answers_and_the_first_answer_counts() {
    let w = World::new().await;
    let (of_maintainers, of_editors) = asking(&w).await;
    super::notices::look(&w).await;
    let no = || json!({});
    for who in [&w.vic, &w.ada] {
        who.post(&format!("{of_maintainers}/approve"), no()).await.is(403);
        assert_eq!(who.get(&of_maintainers).await.is(200).json()["approval"]["can_answer"], false);
    }
    w.vic.post(&format!("{of_editors}/refuse"), no()).await.is(403);
    w.eve.post(&format!("{of_maintainers}/approve"), no()).await.is(404);
    let elsewhere = of_maintainers.replace("/teams/forecast/", "/teams/elsewhere/");
    w.eve.post(&format!("{elsewhere}/approve"), no()).await.is(404);
    w.run("00000000000000000000000000000001").await.post(&format!("{of_editors}/approve"), no()).await.is(403);
    let notebook = server::access::Subject::Notebook("00000000000000000000000000000002".into());
    w.workload(&notebook).await.post(&format!("{of_editors}/approve"), no()).await.is(403);
    // A token may what its role may, and not what its owner's would.
    w.mia.token("forecast", "editor").await.post(&format!("{of_maintainers}/approve"), no()).await.is(403);
    assert_eq!(w.mia.post(&format!("{of_maintainers}/approve"), json!({ "comment": "x".repeat(10_001) })).await.is(422).field(), "comment");

    let home = |json: Value| json["tasks"].as_array().unwrap().iter().map(|t| t["task"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(home(w.mia.get(&format!("{OWN}/home")).await.is(200).json()).len(), 2);
    assert_eq!(home(w.ada.get(&format!("{OWN}/home")).await.is(200).json()), ["consult"]);
    assert!(home(w.vic.get(&format!("{OWN}/home")).await.is(200).json()).is_empty());
    let told = w.ada.get("/api/v1/me/notices").await.is(200).json();
    assert_eq!((told["items"].as_array().map(Vec::len), &told["items"][0]["kind"]), (Some(1), &json!("pipeline_waiting")));
    assert!(w.vic.get("/api/v1/me/notices").await.is(200).json()["items"].as_array().unwrap().is_empty());

    let (yes, other) = (format!("{of_maintainers}/approve"), format!("{of_maintainers}/refuse"));
    let (one, two) = tokio::join!(w.mia.post(&yes, json!({ "comment": "Good." })), w.bob.post(&other, no()));
    let mut both = [one.status.as_u16(), two.status.as_u16()];
    both.sort_unstable();
    assert_eq!(both, [204, 409]);
    w.mia.post(&yes, no()).await.is(409);
    let detail = w.vic.get(&of_maintainers).await.is(200).json();
    let by = if one.status.as_u16() == 204 { "mia" } else { "bob" };
    assert_eq!((&detail["approval"]["decision"]["by"], &detail["approval"]["can_answer"]), (&json!(by), &json!(false)));
    assert_eq!(home(w.mia.get(&format!("{OWN}/home")).await.is(200).json()), ["consult"]);
    // What is no approval waits for none.
    let run = of_maintainers.split("/tasks/").next().unwrap();
    let tasks = w.vic.get(&format!("{run}/tasks")).await.is(200).json();
    let say = tasks.as_array().unwrap().iter().find(|t| t["name"] == "say-2").unwrap()["id"].as_str().unwrap().to_owned();
    w.mia.post(&format!("{run}/tasks/{say}/approve"), no()).await.is(409);
}

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
