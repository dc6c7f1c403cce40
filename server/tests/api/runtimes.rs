//! Declared runtimes, and programs that are served without a model.

use super::{
    deployments::{Desk, IRIS, LIST, passes},
    world::World,
};
use axum::{
    Json, Router,
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Value, json};
use server::{
    artifacts::ArtifactPath,
    cluster::{Endpoint, Runtime, WorkloadSpec},
};
use std::sync::{Arc, Mutex};

const PATH: &str = "/api/v1/runtimes";
const H2O: &str = "/api/v1/runtimes/h2o-server";
const APP: &str = "/api/v1/teams/forecast/deployments/app";

/// A server for h2o, the flavor that the fourth version of iris has and the shipped one does not serve.
fn h2o() -> Value {
    json!({
        "formats": ["h2o"], "order": 50, "protocols": ["v2"], "ready_path": "/v2/health/ready", "ready_status": 204,
        "command": ["h2o-serve", "--dir", "{model_path}", "--name", "{model_name}", "--port", "{port}"],
        "env": { "MODEL": "{model_name}@{model_version}" }, "revision": 0,
    })
}

fn with(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// What a server was asked: method, path, body.
type Asked = Arc<Mutex<Vec<(String, String, String)>>>;

/// Lets a replica be ready, with a server that says what it was asked, is well with 204 at `ready`, and answers predictions with this status.
async fn serve(d: &Desk, spec: &WorkloadSpec, ready: &'static str, predicts: u16) -> Asked {
    let path = std::env::temp_dir().join(format!("{}.sock", spec.id));
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let asked = Asked::default();
    let heard = asked.clone();
    let answer = move |request: Request| {
        let heard = heard.clone();
        async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.to_string();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            heard.lock().unwrap().push((parts.method.to_string(), path.clone(), String::from_utf8_lossy(&body).into_owned()));
            if path == ready {
                return StatusCode::NO_CONTENT.into_response();
            }
            let status = if path.ends_with("/infer") || path.ends_with(":predict") { predicts } else { 200 };
            let said = Json(json!({ "path": path, "method": parts.method.to_string() }));
            let headers = [("set-cookie", "a=b"), ("clear-site-data", "\"*\""), ("x-own", "1")];
            (StatusCode::from_u16(status).unwrap(), headers, said).into_response() as Response
        }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    d.w.cluster.serve(&spec.id, Endpoint::Unix { path });
    d.settle().await;
    asked
}

#[tokio::test]
async fn an_admin_declares_what_everybody_reads() {
    let w = World::new().await;
    let list = w.eve.get(PATH).await.is(200).json();
    let shipped = &list["items"][0];
    assert_eq!((&shipped["name"], &shipped["shipped"], &shipped["order"]), (&json!("slipway-python"), &json!(true), &json!(100)));
    w.mia.put(H2O, h2o()).await.is(403);
    let made = w.bob.put(H2O, h2o()).await.is(200).json();
    assert_eq!((&made["revision"], &made["formats"], &made["ready_status"]), (&json!(1), &json!(["h2o"]), &json!(204)));
    // Somebody who has not seen it does not write over it.
    w.bob.put(H2O, h2o()).await.is(409);
    let changed = w.bob.put(H2O, with(h2o(), json!({ "revision": 1, "command": ["h2o", "{socket}"] }))).await.is(200).json();
    assert_eq!(changed["revision"], 2);
    assert_ne!(changed["digest"], made["digest"]);
    assert_eq!(w.vic.get(H2O).await.is(200).json()["command"], json!(["h2o", "{socket}"]));
    let names: Vec<Value> = w.vic.get(PATH).await.json()["items"].as_array().unwrap().iter().map(|r| r["name"].clone()).collect();
    assert_eq!(names, ["h2o-server", "slipway-python"]);
    let page = w.vic.get(&format!("{PATH}?page_size=1")).await.is(200).json();
    let next = page["next_page_token"].as_str().unwrap();
    assert_eq!(w.vic.get(&format!("{PATH}?page_size=1&page_token={next}")).await.is(200).json()["items"][0]["name"], "slipway-python");

    w.mia.delete(H2O).await.is(403);
    w.bob.delete(&format!("{H2O}?revision=1")).await.is(409);
    w.bob.delete(&format!("{H2O}?revision=2")).await.is(204);
    w.vic.get(H2O).await.is(404);
    w.bob.delete(H2O).await.is(404);
    let events = w.bob.get("/api/v1/events?kind=runtime").await.is(200).json();
    let told: Vec<_> = events["items"].as_array().unwrap().iter().map(|e| (e["action"].clone(), e["actor"].clone())).collect();
    assert_eq!(told, [("delete", "bob"), ("update", "bob"), ("create", "bob")].map(|(a, b)| (json!(a), json!(b))));
    assert_eq!(events["items"][1]["before"]["command"][0], "h2o-serve");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let w = World::new().await;
    for (more, field) in [
        (json!({ "formats": [] }), "formats"),
        (json!({ "formats": ["a b"] }), "formats"),
        (json!({ "protocols": [] }), "protocols"),
        (json!({ "protocols": ["grpc"] }), "protocols[0]"),
        (json!({ "command": [] }), "command"),
        (json!({ "command": ["serve", "{modelpath}"] }), "command"),
        (json!({ "env": { "a-b": "1" } }), "env"),
        (json!({ "environment": "none" }), "environment"),
        (json!({ "environment": "none", "image": "registry.example/a:1" }), "environment"),
        (json!({ "image": "a b" }), "image"),
        (json!({ "port": 8000 }), "port"),
        (json!({ "port": 80, "image": "registry.example/a:1" }), "port"),
        (json!({ "ready_path": "ready" }), "ready_path"),
        (json!({ "ready_status": 1000 }), "ready_status"),
        (json!({ "start_seconds": 0 }), "start_seconds"),
        (json!({ "order": 0 }), "order"),
        (json!({ "description": "x".repeat(2001) }), "description"),
    ] {
        assert_eq!(w.bob.put(H2O, with(h2o(), more.clone())).await.is(422).field(), field, "{more}");
    }
    assert_eq!(w.bob.put("/api/v1/runtimes/Bad_Name", h2o()).await.is(422).field(), "name");
    assert_eq!(w.bob.put("/api/v1/runtimes/custom", h2o()).await.is(422).field(), "name");
    w.bob.put("/api/v1/runtimes/slipway-python", h2o()).await.is(409);
    w.bob.delete("/api/v1/runtimes/slipway-python").await.is(409);
    assert!(w.bob.get("/api/v1/events?kind=runtime").await.json()["items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_declared_runtime_serves_what_the_shipped_one_cannot() {
    let d = Desk::new().await;
    let ada = &d.w.ada;
    let fourth = json!({ "name": "iris", "model": "iris", "version": 4 });
    assert_eq!(ada.post(LIST, fourth.clone()).await.is(422).field(), "version");
    assert_eq!(ada.post(LIST, with(fourth.clone(), json!({ "runtime": "h2o-server" }))).await.is(422).field(), "runtime");
    let first = d.w.bob.put(H2O, h2o()).await.is(200).json();
    assert_eq!(ada.post(LIST, with(fourth.clone(), json!({ "runtime": "slipway-python" }))).await.is(422).field(), "runtime");
    // Its own example is what it is tried with.
    let team = d.w.vic.get("/api/v1/teams/forecast").await.json()["id"].as_str().unwrap().to_owned();
    for (file, text) in [
        (
            "MLmodel",
            "flavors:\n  h2o: {}\nsaved_input_example_info:\n  artifact_path: e.json\n  serving_input_path: s.json\n  type: ndarray\n",
        ),
        ("s.json", r#"{"inputs": [[1.5, 2.5]]}"#),
    ] {
        let path = ArtifactPath::parse(&format!("{team}/models/m-4/artifacts/{file}")).unwrap();
        let body = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(text))]);
        d.w.web.artifacts.put(&team, &path, body).await.unwrap();
    }
    ada.post(LIST, fourth).await.is(201);
    let spec = d.told().await;
    assert_eq!(spec.command, ["h2o-serve", "--dir", "{folder:model}", "--name", "iris", "--port", "{port}"]);
    assert_eq!((spec.env["MODEL"].as_str(), spec.env["PORT"].as_str(), spec.env["HF_HUB_OFFLINE"].as_str()), ("iris@4", "{port}", "1"));
    let server = spec.server.as_ref().unwrap();
    assert_eq!((server.ready_path.as_str(), server.ready_status, spec.folders.len()), ("/v2/health/ready", Some(204), 1));
    let asked = serve(&d, &spec, "/v2/health/ready", 200).await;
    let iris = d.iris().await;
    assert_eq!((&iris["state"], &iris["serving"]["smoke"]["example"]), (&json!("running"), &json!(true)), "{iris}");
    let body = json!({ "inputs": [{ "name": "input-0", "shape": [1, 2], "datatype": "FP64", "data": [1.5, 2.5] }] });
    let tried = asked.lock().unwrap().iter().find(|(method, ..)| method == "POST").cloned().unwrap();
    assert_eq!((tried.1.as_str(), serde_json::from_str::<Value>(&tried.2).unwrap()), ("/v2/models/iris/infer", body.clone()));
    assert_eq!((&iris["serving"]["runtime"], &iris["serving"]["runtime_digest"]), (&json!("h2o-server"), &first["digest"]));
    assert_eq!(iris["predict_path"], "/serve/forecast/iris/v2/models/iris/infer");

    // It speaks V2 and nothing else.
    let token = d.w.vic.token("forecast", "viewer").await;
    token.post("/serve/forecast/iris/v2/models/iris/infer", json!({})).await.is(200);
    for path in ["v1/models/iris:predict", "v2/repository/models/iris/unload", "metrics"] {
        token.post(&format!("/serve/forecast/iris/{path}"), json!({})).await.is(404);
    }
    assert_eq!(d.w.vic.get(&format!("{IRIS}/example")).await.is(200).json()["v2"], body);
    assert_eq!(d.w.vic.post(&format!("{IRIS}/try"), json!({ "anything": 1 })).await.is(200).json()["path"], "/v2/models/iris/infer");

    // In use it cannot be removed; what runs keeps what it was deployed with.
    assert_eq!(d.w.vic.get(H2O).await.json()["deployments"], 1);
    let refused = d.w.bob.delete(H2O).await.is(409).json();
    assert!(refused["detail"].as_str().unwrap().starts_with("1 deployment serves with h2o-server"), "{refused}");
    let second = d.w.bob.put(H2O, with(h2o(), json!({ "revision": 1, "command": ["h2o-new", "{port}"] }))).await.is(200).json();
    assert_eq!(d.iris().await["serving"]["runtime_digest"], first["digest"]);
    let next = d.redeploy(4).await;
    assert_eq!(next.command, ["h2o-new", "{port}"]);
    serve(&d, &next, "/v2/health/ready", 200).await;
    assert_eq!(d.iris().await["serving"]["runtime_digest"], second["digest"]);
    let ledger = d.w.vic.get(&format!("{IRIS}/ledger")).await.is(200).json();
    assert_eq!((&ledger["items"][0]["runtime_digest"], &ledger["items"][1]["runtime_digest"]), (&second["digest"], &first["digest"]));

    // Another runtime takes over, the first is removed, and one can still go back to what ran with it.
    let third = d.redeploy(1).await;
    assert!(third.command.join(" ").contains("slipway_model_server"), "the one it ran in does not serve version 1");
    d.serve(&third, "one", passes()).await;
    d.w.clock.advance(60_001);
    d.settle().await;
    d.w.bob.delete(H2O).await.is(204);
    ada.post(&format!("{IRIS}/redeploy"), json!({ "version": 4 })).await.is(422);
    ada.post(&format!("{IRIS}/roll-back"), json!({ "to": 1 })).await.is(200);
    assert_eq!(d.told().await.command[0], "h2o-serve");
    assert_eq!(d.iris().await["next"]["runtime_digest"], first["digest"]);
}

#[tokio::test]
async fn a_model_that_fails_its_own_example_in_a_declared_runtime_gets_no_traffic() {
    let d = Desk::new().await;
    let team = d.w.vic.get("/api/v1/teams/forecast").await.json()["id"].as_str().unwrap().to_owned();
    let any = with(h2o(), json!({ "formats": ["python_function"], "order": 1, "protocols": ["v1"], "ready_path": "/well" }));
    d.w.bob.put("/api/v1/runtimes/any", any).await.is(200);
    for (file, text) in [
        ("MLmodel", "flavors:\n  python_function: {}\nsaved_input_example_info:\n  artifact_path: e.json\n  serving_input_path: s.json\n"),
        ("s.json", r#"{"dataframe_split": {"columns": ["a"], "data": [[1]]}}"#),
    ] {
        let path = ArtifactPath::parse(&format!("{team}/models/m-2/artifacts/{file}")).unwrap();
        let body = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(text))]);
        d.w.web.artifacts.put(&team, &path, body).await.unwrap();
    }
    d.w.ada.post(LIST, json!({ "name": "iris", "model": "iris", "version": 1 })).await.is(201);
    let old = d.told().await;
    serve(&d, &old, "/well", 400).await;
    let iris = d.iris().await;
    assert_eq!(iris["state"], "running", "{iris}");
    assert_eq!(iris["serving"]["smoke"]["detail"], "Answered /well with 204. Its model has no input example that it could be tried with.");
    let new = d.redeploy(2).await;
    let asked = serve(&d, &new, "/well", 400).await;
    let tried = asked.lock().unwrap().iter().find(|(method, ..)| method == "POST").cloned().unwrap();
    assert_eq!((tried.1.as_str(), tried.2.as_str()), ("/v1/models/iris:predict", r#"{"instances":[{"a":1}]}"#));
    let iris = d.iris().await;
    assert_eq!(iris["serving"]["number"], 1);
    let why = iris["reason"].as_str().unwrap();
    assert!(why.starts_with("Revision 2 did not take over: /v1/models/iris:predict answered its own input example with 400"), "{why}");
}

#[tokio::test]
async fn a_program_is_a_deployment_like_any_other() {
    let d = Desk::new().await;
    let ada = &d.w.ada;
    let program = json!({ "command": ["python", "-m", "shop", "--port", "{port}"], "ready_path": "/well", "ready_status": 204 });
    let asked = json!({ "name": "app", "custom": program, "env": { "GREETING": "hello" }, "replicas": 2 });
    d.w.vic.post(LIST, asked.clone()).await.is(403);
    ada.post(LIST, asked).await.is(201);
    let one = d.told().await;
    assert!(matches!(one.runtime, Runtime::Environment { .. }) && one.folders.is_empty(), "it has no model to fetch");
    assert_eq!(
        (one.env["GREETING"].as_str(), one.env["PORT"].as_str(), one.env.contains_key("HF_HUB_OFFLINE")),
        ("hello", "{port}", false)
    );
    let both = d.w.cluster.specs();
    assert_eq!(both.len(), 2);
    for spec in &both {
        serve(&d, spec, "/well", 200).await;
    }
    let app = d.w.vic.get(APP).await.is(200).json();
    assert_eq!(
        (&app["state"], &app["ready"], &app["predict_path"]),
        (&json!("running"), &json!(2), &json!("/serve/forecast/app/")),
        "{app}"
    );
    assert_eq!((&app["serving"]["runtime"], &app["serving"]["model"]), (&json!("custom"), &json!("")));
    assert_eq!(app["serving"]["smoke"]["detail"], "Answered /well with 204.");

    // Its paths are its own, with any method; who may call is as for all.
    let token = d.w.vic.token("forecast", "viewer").await;
    d.w.nobody.get("/serve/forecast/app/orders").await.is(401);
    d.w.eve.token("elsewhere", "maintainer").await.get("/serve/forecast/app/orders").await.is(404);
    for path in ["", "/", "/orders?x=1", "/a/b.html", "/v2/models/m/infer"] {
        let answer = token.get(&format!("/serve/forecast/app{path}")).await.is(200);
        let expected = if path.is_empty() { "/" } else { path };
        assert_eq!(answer.json()["path"], expected);
        assert!(!answer.headers.contains_key("set-cookie") && !answer.headers.contains_key("clear-site-data"));
        assert!(answer.headers.contains_key("x-own") && answer.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    }
    assert_eq!(token.put("/serve/forecast/app/orders/7", json!({})).await.is(200).json()["method"], "PUT");
    for path in ["v2/repository/index", "v2//repository/models/m/load", "v2/%72epository/models/m/unload", "x/%2e%2e/v2/repository/index"] {
        token.post(&format!("/serve/forecast/app/{path}"), json!({})).await.is(404);
    }
    d.w.vic.get(&format!("{APP}/example")).await.is(409);
    d.w.vic.post(&format!("{APP}/try"), json!({})).await.is(409);

    // Another command takes over once it is ready, and one goes back to the first; the ledger tells what ran.
    let other = json!({ "custom": { "command": ["python", "-m", "shop2"], "ready_path": "/well" } });
    ada.post(&format!("{APP}/redeploy"), other).await.is(200);
    d.told().await;
    let new: Vec<_> = d.w.cluster.specs().into_iter().filter(|s| s.command.contains(&"shop2".to_owned())).collect();
    for spec in &new {
        serve(&d, spec, "/well", 200).await;
    }
    assert_eq!(d.w.vic.get(APP).await.json()["serving"]["number"], 2);
    let rolled = ada.post(&format!("{APP}/roll-back"), json!({ "to": 1 })).await.is(200).json();
    assert_eq!(rolled["next"]["program"]["command"], program["command"]);
    let ledger = d.w.vic.get(&format!("{APP}/ledger")).await.is(200).json();
    assert_eq!(ledger["items"][1]["program"]["command"], program["command"]);
    let csv = d.w.vic.get(&format!("{APP}/ledger/export?format=csv")).await.is(200);
    assert!(String::from_utf8_lossy(&csv.body).contains("python -m shop --port {port}"));
    // Deployed again it is the same program, in the newest version of its environment.
    let again = ada.post(&format!("{APP}/redeploy"), json!({ "canary": 10 })).await.is(200).json();
    assert_eq!((&again["next"]["program"]["command"][2], &again["next_percent"]), (&json!("shop2"), &json!(10)));
    for page in ["/teams/forecast/deployments", "/teams/forecast/deployments/app", "/teams/forecast/deployments/app?tab=revisions"] {
        let html = d.w.ada.with("accept", "text/html").get(page).await.is(200);
        assert!(String::from_utf8_lossy(&html.body).contains("python -m shop"), "{page}");
    }
}

#[tokio::test]
async fn a_program_is_checked_before_it_is_kept() {
    let d = Desk::new().await;
    let post = async |body: Value| d.w.ada.post(LIST, with(json!({ "name": "app" }), body)).await;
    assert_eq!(post(json!({})).await.is(422).field(), "model");
    for (body, field) in [
        (json!({ "custom": { "command": [] } }), "custom.command"),
        (json!({ "custom": { "command": ["serve", "{model_path}"] } }), "custom.command"),
        (json!({ "custom": { "command": ["x"], "ready_path": "x" } }), "custom.ready_path"),
        (json!({ "custom": { "command": ["x"], "ready_status": 7 } }), "custom.ready_status"),
        (json!({ "custom": { "command": ["x"], "start_seconds": 4000 } }), "custom.start_seconds"),
        (json!({ "custom": { "command": ["x"], "port": 8000 } }), "custom.port"),
        (json!({ "custom": { "command": ["x"], "port": 7070, "image": "registry.example/a:1" } }), "custom.port"),
        (json!({ "custom": { "command": ["x"] }, "model": "iris" }), "custom"),
        (json!({ "custom": { "command": ["x"] }, "version": 1 }), "custom"),
        (json!({ "custom": { "command": ["x"] }, "alias": "production" }), "custom"),
        (json!({ "custom": { "command": ["x"] }, "runtime": "slipway-python" }), "custom"),
        (json!({ "custom": { "command": ["x"] }, "environment": "none" }), "environment"),
        (json!({ "custom": { "command": ["x"], "image": "registry.example/a:1" }, "environment": "serve" }), "environment"),
        (json!({ "model": "iris", "version": 1, "runtime": "custom" }), "runtime"),
    ] {
        assert_eq!(post(body.clone()).await.is(422).field(), field, "{body}");
    }
    // An image runs as it is, where it says it listens.
    let image = json!({ "command": ["/app"], "image": "registry.example/a:1", "port": 8000 });
    let made = post(json!({ "custom": image })).await.is(201).json();
    assert_eq!(made["next"]["environment"], "registry.example/a:1");
    let spec = d.told().await;
    assert_eq!(spec.runtime, Runtime::Image { image: "registry.example/a:1".into() });
    assert_eq!(spec.server.unwrap().port, Some(8000));
}

#[tokio::test]
async fn forms_of_a_plain_browser() {
    let d = Desk::new().await;
    let pairs = [("name", "h2o-server"), ("formats", "h2o\r\npyspark"), ("protocols", "v1"), ("protocols", "v2"), ("order", "7")];
    let more = [("command", "serve '{model_path}' --name \"two words\""), ("ready_path", "/ready"), ("revision", "0"), ("_method", "PUT")];
    let pairs: Vec<_> = pairs.into_iter().chain(more).collect();
    d.w.bob.form("/runtimes?new=1", "/api/v1/runtimes/{name}", &pairs).await.is(303);
    let made = d.w.bob.get(H2O).await.is(200).json();
    assert_eq!(made["command"], json!(["serve", "{model_path}", "--name", "two words"]));
    assert_eq!((&made["protocols"], &made["formats"]), (&json!(["v1", "v2"]), &json!(["h2o", "pyspark"])));
    let page = d.w.vic.with("accept", "text/html").get("/runtimes?show=h2o-server").await.is(200);
    let html = String::from_utf8_lossy(&page.body);
    assert!(html.contains("h2o, pyspark") && !html.contains("Declare a runtime"), "everybody reads it");

    let program = [
        ("name", "app"),
        ("custom.command", "python -m shop --port {port}"),
        ("custom.ready_path", "/"),
        ("custom.port", ""),
        ("environment", "serve"),
    ];
    d.w.ada.form("/teams/forecast/deployments?program=1", LIST, &program).await.is(303);
    assert_eq!(d.w.vic.get(APP).await.is(200).json()["next"]["program"]["command"][3], "--port");
    let wrong = [("name", "app2"), ("custom.command", "python 'open"), ("custom.ready_path", "/")];
    let back = d.w.ada.form("/teams/forecast/deployments?program=1", LIST, &wrong).await.is(303);
    assert!(back.headers["location"].to_str().unwrap().contains("field=custom.command"), "{:?}", back.headers);
}
