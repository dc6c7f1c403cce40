//! MLflow's API: teams apart from each other, its errors, its JSON. The real client has a suite of its own (`end2end/python`).

use super::world::{Person, World};
use http::Method;
use serde_json::{Value, json};

const P: &str = "/api/2.0/mlflow";

async fn run_of(who: &Person) -> String {
    let made = who.post(&format!("{P}/runs/create"), json!({ "experiment_id": "0", "run_name": "r" })).await.is(200).json();
    made["run"]["info"]["run_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_another_teams_does_not_exist() {
    let w = World::new().await;
    let (ada, eve) = (w.ada.token("forecast", "editor").await, w.eve.token("elsewhere", "editor").await);
    let run = run_of(&ada).await;
    let exp = ada.post(&format!("{P}/experiments/create"), json!({ "name": "e" })).await.is(200).json();
    let exp = exp["experiment_id"].as_str().unwrap();
    ada.post(&format!("{P}/runs/log-metric"), json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1 })).await.is(200);
    for (path, body) in [
        ("runs/update", json!({ "run_id": run, "status": "KILLED" })),
        ("runs/delete", json!({ "run_id": run })),
        ("runs/restore", json!({ "run_id": run })),
        ("runs/set-tag", json!({ "run_id": run, "key": "k", "value": "v" })),
        ("runs/delete-tag", json!({ "run_id": run, "key": "mlflow.runName" })),
        ("runs/log-metric", json!({ "run_id": run, "key": "m", "value": 1, "timestamp": 1 })),
        ("runs/log-parameter", json!({ "run_id": run, "key": "p", "value": "1" })),
        ("runs/log-batch", json!({ "run_id": run, "tags": [{ "key": "k", "value": "v" }] })),
        ("runs/log-inputs", json!({ "run_id": run, "models": [{ "model_id": "m-1" }] })),
        ("runs/outputs", json!({ "run_id": run, "models": [{ "model_id": "m-1" }] })),
        ("runs/create", json!({ "experiment_id": exp })),
        ("experiments/update", json!({ "experiment_id": exp, "new_name": "x" })),
        ("experiments/delete", json!({ "experiment_id": exp })),
        ("experiments/restore", json!({ "experiment_id": exp })),
        ("experiments/set-experiment-tag", json!({ "experiment_id": exp, "key": "k", "value": "v" })),
        ("experiments/delete-experiment-tag", json!({ "experiment_id": exp, "key": "k" })),
    ] {
        let answer = eve.post(&format!("{P}/{path}"), body).await.is(404).json();
        assert_eq!(answer["error_code"], "RESOURCE_DOES_NOT_EXIST", "{path}");
    }
    for path in [
        format!("runs/get?run_id={run}"),
        format!("metrics/get-history?run_id={run}&metric_key=m"),
        format!("experiments/get?experiment_id={exp}"),
        "experiments/get-by-name?experiment_name=e".into(),
    ] {
        eve.get(&format!("{P}/{path}")).await.is(404);
    }
    let found = eve.post(&format!("{P}/runs/search"), json!({ "experiment_ids": [exp, "0"] })).await.is(200).json();
    assert_eq!(found, json!({}), "her own Default is empty, and ada's is not hers");
    let names = eve.post(&format!("{P}/experiments/search"), json!({ "max_results": 10 })).await.is(200).json();
    assert_eq!(names["experiments"].as_array().unwrap().len(), 1);
    eve.with("x-mlflow-workspace", "forecast").get(&format!("{P}/runs/get?run_id={run}")).await.is(404);
}

#[tokio::test]
async fn the_team_comes_from_the_token_the_header_or_is_the_only_one() {
    let w = World::new().await;
    let ask = format!("{P}/experiments/get?experiment_id=0");
    let name = |v: Value| v["experiment"]["name"].as_str().unwrap().to_owned();
    assert_eq!(name(w.ada.get(&ask).await.is(200).json()), "Default", "ada is in one team");
    w.mia.post("/api/v1/teams", json!({ "name": "second" })).await.is(201);
    let told = w.mia.get(&ask).await.is(400).json();
    assert!(told["message"].as_str().unwrap().contains("X-MLFLOW-WORKSPACE"), "{told}");
    w.mia.with("x-mlflow-workspace", "second").get(&ask).await.is(200);
    w.mia.with("x-mlflow-workspace", "elsewhere").get(&ask).await.is(404);
    assert_eq!(w.nobody.get(&ask).await.is(401).json()["error_code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn viewers_read_and_runs_write_their_own() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let (own, other) = (run_of(&ada).await, run_of(&ada).await);
    let viewer = w.ada.token("forecast", "viewer").await;
    viewer.get(&format!("{P}/runs/get?run_id={own}")).await.is(200);
    let refused = viewer.post(&format!("{P}/runs/set-tag"), json!({ "run_id": own, "key": "k", "value": "v" })).await.is(403).json();
    assert_eq!(refused["error_code"], "PERMISSION_DENIED");

    let run = w.run(&own).await;
    run.post(&format!("{P}/runs/set-tag"), json!({ "run_id": own, "key": "k", "value": "v" })).await.is(200);
    run.post(&format!("{P}/runs/set-tag"), json!({ "run_id": other, "key": "k", "value": "v" })).await.is(403);
    run.post(&format!("{P}/runs/update"), json!({ "run_id": other, "status": "FAILED" })).await.is(403);
    run.get(&format!("{P}/runs/get?run_id={other}")).await.is(200);
    let child = run_of(&run).await;
    run.post(&format!("{P}/runs/log-metric"), json!({ "run_id": child, "key": "m", "value": 1, "timestamp": 1 })).await.is(200);
    run.post(&format!("{P}/experiments/delete"), json!({ "experiment_id": "0" })).await.is(403);

    // It registers, and takes away nothing that is registered.
    run.post(&format!("{P}/registered-models/create"), json!({ "name": "its own" })).await.is(200);
    let refused = run.post(&format!("{P}/registered-models/rename"), json!({ "name": "its own", "new_name": "another" })).await.is(403);
    assert_eq!(refused.json()["error_code"], "PERMISSION_DENIED");
    for (what, body) in
        [("registered-models", json!({ "name": "its own" })), ("model-versions", json!({ "name": "its own", "version": "1" }))]
    {
        run.send(Method::DELETE, &format!("{P}/{what}/delete"), "application/json", body.to_string()).await.is(403);
    }
}

#[tokio::test]
async fn strange_bodies_are_the_callers_fault() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let run = run_of(&ada).await;
    let long = "n".repeat(10 << 20);
    for (path, body) in [
        ("runs/create", "{".to_owned()),
        ("runs/create", "\u{feff}{}".to_owned()),
        ("runs/create", "null".to_owned()),
        ("runs/create", "{\"experiment_id\": 5}".to_owned()),
        ("runs/create", "{\"tags\": [5]}".to_owned()),
        ("runs/create", "{\"run_name\": \"a\\u0000b\"}".to_owned()),
        ("runs/update", format!("{{\"run_id\": \"{run}\", \"end_time\": \"soon\"}}")),
        ("runs/update", format!("{{\"run_id\": \"{run}\", \"status\": 9}}")),
        ("runs/search", "{\"filter\": \"metrics.a = ;\"}".to_owned()),
        ("runs/search", "{\"experiment_ids\": [\"0\"], \"page_token\": \"%%%\"}".to_owned()),
        ("runs/search", "{\"experiment_ids\": [\"0\"], \"max_results\": 50001}".to_owned()),
        ("runs/search", "{\"experiment_ids\": [\"0\"], \"run_view_type\": \"SOME\"}".to_owned()),
        ("experiments/search", "{\"max_results\": -1}".to_owned()),
        ("experiments/create", format!("{{\"name\": \"{long}\"}}")),
        ("experiments/create", "{\"name\": \"x\", \"artifact_location\": \"file:///etc\"}".to_owned()),
        ("experiments/create", "{\"name\": \"x\", \"artifact_location\": \"mlflow-artifacts:/../other\"}".to_owned()),
        ("runs/log-metric", format!("{{\"run_id\": \"{run}\", \"key\": \"m\", \"value\": true, \"timestamp\": 1}}")),
        ("runs/log-metric", format!("{{\"run_id\": \"{run}\", \"key\": \"m\", \"value\": 1, \"timestamp\": -1}}")),
        ("runs/log-metric", format!("{{\"run_id\": \"{run}\", \"key\": \"{long}\", \"value\": 1, \"timestamp\": 1}}")),
        ("runs/log-inputs", format!("{{\"run_id\": \"{run}\", \"datasets\": [{{\"dataset\": {{}}}}]}}")),
        ("runs/outputs", format!("{{\"run_id\": \"{run}\", \"models\": [{{}}]}}")),
    ] {
        let answer = ada.send(Method::POST, &format!("{P}/{path}"), "application/json", body.clone()).await;
        let shown = &body[..body.len().min(80)];
        assert!((400..500).contains(&answer.status.as_u16()), "{path} {shown}: {}", answer.status);
        assert!(answer.json()["message"].as_str().unwrap().len() < 1000, "{path} {shown}");
        assert!(answer.json()["error_code"].is_string());
    }
    // Python's json writes NaN bare.
    let body = format!("{{\"run_id\": \"{run}\", \"key\": \"m\", \"value\": NaN, \"timestamp\": \"5\", \"step\": null}}");
    ada.send(Method::POST, &format!("{P}/runs/log-metric"), "application/json", body).await.is(200);
    let got = ada.get(&format!("{P}/runs/get?run_uuid={run}")).await.is(200).json();
    assert_eq!(got["run"]["data"]["metrics"][0], json!({ "key": "m", "value": "NaN", "timestamp": 5, "step": 0 }));
}

#[tokio::test]
async fn every_prefix_and_what_is_not_there() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    for prefix in ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow"] {
        ada.get(&format!("{prefix}/experiments/get?experiment_id=0")).await.is(200);
    }
    assert_eq!(w.nobody.get("/health").await.is(200).body, "OK");
    w.nobody.get("/version").await.is(200);
    ada.get("/api/3.0/mlflow/server-info").await.is(200);
    for (method, path) in [
        (Method::POST, "/api/2.0/mlflow/runs/dance"),
        (Method::GET, "/api/2.0/mlflow/runs/create"),
        (Method::POST, "/api/3.0/mlflow/traces"),
        (Method::GET, "/api/2.0/nothing"),
        (Method::POST, "/ajax-api/3.0/mlflow/scorers"),
    ] {
        let answer = ada.send(method, path, "application/json", "{}").await.is(404).json();
        assert_eq!(answer["error_code"], "ENDPOINT_NOT_FOUND", "{path}");
        assert!(answer["message"].as_str().unwrap().contains(path));
    }
}

#[tokio::test]
async fn our_own_api_shows_what_was_tracked() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let run = run_of(&ada).await;
    let metrics: Vec<Value> =
        (0..600).map(|i| json!({ "key": "loss", "value": 1.0 / (i + 1) as f64, "timestamp": i, "step": i })).collect();
    let batch = json!({ "run_id": run, "metrics": metrics, "params": [{ "key": "lr", "value": "0.1" }] });
    ada.post(&format!("{P}/runs/log-batch"), batch).await.is(200);
    let found =
        w.vic.get("/api/v1/teams/forecast/runs?filter=params.lr%20%3D%20%270.1%27&order_by=metrics.loss%20DESC").await.is(200).json();
    assert_eq!((&found["items"][0]["id"], &found["items"][0]["state"]), (&json!(run), &json!("running")));
    let whole = w.vic.get(&format!("/api/v1/teams/forecast/runs/{run}")).await.is(200).json();
    assert_eq!((&whole["params"]["lr"], &whole["tags"]["mlflow.runName"]), (&json!("0.1"), &json!("r")));
    let curves = w.vic.get(&format!("/api/v1/teams/forecast/runs/{run}/metrics?keys=loss&points=40")).await.is(200).json();
    assert_eq!(curves[0]["total"], 600);
    let points = curves[0]["points"].as_array().unwrap();
    assert!((10..=40).contains(&points.len()), "{}", points.len());
    assert_eq!((&points[0]["step"], &points.last().unwrap()["step"]), (&json!(0), &json!(599)));
    let experiments = w.vic.get("/api/v1/teams/forecast/experiments").await.is(200).json();
    assert_eq!(experiments["items"][0]["name"], "Default");
    let wrong = w.vic.get("/api/v1/teams/forecast/runs?filter=nonsense").await.is(422);
    assert_eq!(wrong.field(), "filter");
    w.eve.get(&format!("/api/v1/teams/elsewhere/runs/{run}")).await.is(404);
    w.vic.delete(&format!("/api/v1/teams/forecast/runs/{run}")).await.is(403);
    w.ada.delete(&format!("/api/v1/teams/forecast/runs/{run}")).await.is(204);
    w.vic.get(&format!("/api/v1/teams/forecast/runs/{run}")).await.is(404);
    ada.post(&format!("{P}/runs/restore"), json!({ "run_id": run })).await.is(200);
    w.vic.get(&format!("/api/v1/teams/forecast/runs/{run}")).await.is(200);
    let told = w.mia.get(&format!("/api/v1/teams/forecast/events?object_id={run}")).await.is(200).json();
    let actions: Vec<&str> = told["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["restore", "delete", "create"], "metrics, parameters and tags make no events");
}

#[tokio::test]
async fn every_change_of_what_is_tracked_is_an_event() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let run = run_of(&ada).await;
    let ok = async |path: &str, body: Value| ada.post(&format!("{P}/{path}"), body).await.is(200).json();
    // A run.
    ok("runs/set-tag", json!({ "run_id": run, "key": "team", "value": "red" })).await;
    ok("runs/set-tag", json!({ "run_id": run, "key": "team", "value": "blue" })).await;
    ok("runs/set-tag", json!({ "run_id": run, "key": "mlflow.runName", "value": "renamed" })).await;
    ok("runs/delete-tag", json!({ "run_id": run, "key": "team" })).await;
    let data = json!({ "name": "digits", "digest": "d1", "source_type": "local", "source": "here" });
    ok("runs/log-inputs", json!({ "run_id": run, "datasets": [{ "dataset": data }] })).await;
    // What a run says of itself is its data.
    let own = w.run(&run).await;
    own.post(&format!("{P}/runs/set-tag"), json!({ "run_id": run, "key": "phase", "value": "warm-up" })).await.is(200);
    let events = async |id: &str| {
        let told = w.mia.get(&format!("/api/v1/teams/forecast/events?object_id={id}")).await.is(200).json();
        told["items"].as_array().unwrap().iter().rev().map(|e| (e["action"].as_str().unwrap().to_owned(), e.clone())).collect::<Vec<_>>()
    };
    let names = |all: &[(String, Value)]| all.iter().map(|e| e.0.clone()).collect::<Vec<_>>().join(" ");
    let told = events(&run).await;
    assert_eq!(names(&told), "create update update update update log_inputs");
    assert_eq!(
        (&told[2].1["before"], &told[2].1["after"]),
        (&json!({ "tags": { "team": "red" } }), &json!({ "tags": { "team": "blue" } }))
    );
    assert_eq!(told[4].1["after"], json!({ "tags": { "team": null } }));
    assert_eq!(w.vic.get(&format!("/api/v1/teams/forecast/runs/{run}")).await.is(200).json()["name"], "renamed");
    // An experiment.
    let experiment = ok("experiments/create", json!({ "name": "e" })).await["experiment_id"].as_str().unwrap().to_owned();
    ok("experiments/set-experiment-tag", json!({ "experiment_id": experiment, "key": "k", "value": "v" })).await;
    ok("experiments/delete-experiment-tag", json!({ "experiment_id": experiment, "key": "k" })).await;
    assert_eq!(names(&events(&experiment).await), "create update update");
    // A logged model of the Default experiment, which clients know as 0.
    let model = ok("logged-models", json!({ "experiment_id": "0", "name": "m", "source_run_id": run })).await;
    assert_eq!(model["model"]["info"]["experiment_id"], "0");
    let id = model["model"]["info"]["model_id"].as_str().unwrap().to_owned();
    ok(&format!("logged-models/{id}/params"), json!({ "params": [{ "key": "a", "value": "1" }] })).await;
    let path = format!("{P}/logged-models/{id}");
    ada.patch(&format!("{path}/tags"), json!({ "tags": [{ "key": "a", "value": "1" }] })).await.is(200);
    ada.delete(&format!("{path}/tags/a")).await.is(200);
    ada.patch(&path, json!({ "model_id": id, "status": "LOGGED_MODEL_READY" })).await.is(200);
    ada.delete(&path).await.is(200);
    assert_eq!(names(&events(&id).await), "create update update update finalize delete");
    // A file.
    let proxy = "/api/2.0/mlflow-artifacts/artifacts";
    let file = format!("{proxy}/0/{run}/artifacts/a/b.txt");
    ada.send(http::Method::PUT, &file, "text/plain", "x").await.is(200);
    ada.delete(&format!("{proxy}/0/{run}/artifacts/nothing")).await.is(404);
    ada.delete(&format!("{proxy}/0/{run}/artifacts/a")).await.is(200);
    ada.get(&file).await.is(404);
    let told = events(&run).await;
    assert_eq!(names(&told[6..]), "delete_artifacts");
}
