//! Runs that Slipway executes: code, submitting, cancelling, retrying, logs; and the environments they run in.

use super::world::{Answer, Person, World};
use axum::http::Method;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use server::environments::{python::Python, shipped};

const RUNS: &str = "/api/v1/teams/forecast/runs";
const CODE: &str = "/api/v1/teams/forecast/code";
const ENVIRONMENTS: &str = "/api/v1/teams/forecast/environments";

/// With the shipped environments registered, as after a start.
async fn world() -> World {
    let w = World::new().await;
    shipped::register(&w.web.store, Some(&Python::new("/usr/bin/python3.11", "3.11.7", "x86_64"))).await.unwrap();
    w
}

fn tar_gz(text: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "train.py", text.as_bytes()).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

async fn upload(by: &Person, path: &str, body: Vec<u8>) -> Answer {
    by.send(Method::POST, path, "application/gzip", body).await
}

async fn submit(by: &Person, body: Value) -> Value {
    by.post(RUNS, body).await.is(201).json()
}

#[tokio::test]
async fn a_run_with_uploaded_code() {
    let w = world().await;
    let code = upload(&w.ada, CODE, tar_gz("print(1)")).await.is(201).json();
    // the same bytes are the same upload
    assert_eq!(upload(&w.mia, CODE, tar_gz("print(1)")).await.is(201).json(), code);
    let digest = code["digest"].as_str().unwrap();
    assert!(w.web.config.data.join("code").read_dir().unwrap().count() == 1);

    let body = json!({
        "command": ["python", "train.py"], "params": { "lr": "0.1" }, "experiment": "digits", "cpu": "1", "memory": "1Gi",
        "code": { "type": "upload", "digest": digest }, "env": { "A": "1" }, "max_attempts": 2,
    });
    let run = submit(&w.ada, body).await;
    assert_eq!((&run["state"], &run["experiment"], &run["user"]), (&json!("queued"), &json!("digits"), &json!("ada")));
    assert_eq!(run["submission"]["command"], json!(["python", "train.py", "--lr", "0.1"]));
    assert_eq!(run["submission"]["resources"]["memory_bytes"], 1 << 30);

    let id = run["id"].as_str().unwrap();
    let shown = w.vic.get(&format!("{RUNS}/{id}")).await.is(200).json();
    assert_eq!((&shown["submission"], &shown["params"], &shown["tags"]), (&run["submission"], &run["params"], &run["tags"]));
    let list = w.vic.get(RUNS).await.is(200).json();
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["submitted"]), (&run["id"], &json!(true)));
}

#[tokio::test]
async fn uploads_that_are_refused() {
    let w = world().await;
    upload(&w.ada, CODE, b"hello".to_vec()).await.is(422);
    upload(&w.ada, CODE, vec![]).await.is(422);
    upload(&w.vic, CODE, tar_gz("1")).await.is(403);
    upload(&w.eve, CODE, tar_gz("1")).await.is(404);
    // nothing half-made is left
    let folder = w.web.config.data.join("code");
    let left: usize = folder.read_dir().unwrap().flatten().map(|team| team.path().read_dir().unwrap().count()).sum();
    assert_eq!(left, 0);

    // what another team uploaded is not there
    let theirs = upload(&w.eve, "/api/v1/teams/elsewhere/code", tar_gz("secret")).await.is(201).json();
    let body = json!({ "command": ["python"], "code": { "type": "upload", "digest": theirs["digest"] } });
    assert_eq!(w.ada.post(RUNS, body).await.is(422).field(), "code");
}

#[tokio::test]
async fn wrong_requests_name_their_field() {
    let w = world().await;
    for (body, field) in [
        (json!({}), "command"),
        (json!({ "command": [] }), "command"),
        (json!({ "command": 5 }), "command"),
        (json!({ "command": ["a"], "environment": "nope" }), "environment"),
        (json!({ "command": ["a"], "size": "nope" }), "size"),
        (json!({ "command": ["a"], "cpu": "9999" }), "cpu"),
        (json!({ "command": ["a"], "memory": "lots" }), "memory"),
        (json!({ "command": ["a"], "secrets": [{ "env": "A", "secret": "nope" }] }), "secrets"),
        (json!({ "command": ["a"], "env": { "MLFLOW_RUN_ID": "x" } }), "env"),
        (json!({ "command": ["a"], "max_attempts": 11 }), "max_attempts"),
        (json!({ "command": ["a"], "nodes": 0 }), "nodes"),
        (json!({ "command": ["a"], "nodes": 65, "cpu": "1m" }), "nodes"),
        (json!({ "command": ["a"], "nodes": 3, "cpu": "3" }), "nodes"),
        (json!({ "command": ["a"], "timeout_seconds": 0 }), "timeout_seconds"),
        (json!({ "command": ["a"], "code": { "type": "git", "url": "ext::sh -c id", "ref": "main" } }), "code"),
        (json!({ "command": ["a"], "code": { "type": "git", "url": "https://u:p@h/r", "ref": "main" } }), "code"),
        (json!({ "command": ["a"], "code": { "type": "upload", "digest": "../../key" } }), "code"),
    ] {
        assert_eq!(w.ada.post(RUNS, body.clone()).await.is(422).field(), field, "{body}");
    }
    assert_eq!(w.vic.get(RUNS).await.is(200).json()["items"], json!([]));
}

#[tokio::test]
async fn a_run_by_form_without_javascript() {
    let w = world().await;
    let page = "/teams/forecast/runs/new";
    let fields = [
        ("command", "python -c 'print(1)'"),
        ("name", "by form"),
        ("params", "lr=0.1\r\nepochs=5"),
        ("env", "A=1"),
        ("secrets", ""),
        ("git_url", ""),
        ("git_ref", ""),
        ("cpu", ""),
        ("max_attempts", "2"),
        ("next", "/teams/forecast/runs"),
    ];
    assert_eq!(w.ada.form(page, RUNS, &fields).await.is(303).location(), "/teams/forecast/runs");
    let item = &w.ada.get(RUNS).await.json()["items"][0];
    assert_eq!((&item["name"], &item["params"]), (&json!("by form"), &json!({ "lr": "0.1", "epochs": "5" })));

    let open = w.ada.form(page, RUNS, &[("command", "echo 'open")]).await.is(303);
    assert!(open.location().starts_with(page) && open.location().contains("field=command"), "{}", open.location());
}

#[tokio::test]
async fn cancel_and_retry() {
    let w = world().await;
    let run = submit(&w.ada, json!({ "command": ["python"], "name": "one" })).await;
    let path = format!("{RUNS}/{}", run["id"].as_str().unwrap());
    w.vic.post(&format!("{path}/cancel"), json!({})).await.is(403);
    w.eve.post(&format!("{path}/cancel"), json!({})).await.is(404);
    w.ada.post(&format!("{RUNS}/00000000000000000000000000000000/cancel"), json!({})).await.is(404);
    // a retry is for what has ended
    w.ada.post(&format!("{path}/retry"), json!({})).await.is(409);
    w.ada.post(&format!("{path}/cancel"), json!({})).await.is(204);
    w.ada.post(&format!("{path}/cancel"), json!({})).await.is(204);
    let (action, actor) = {
        let events = w.ada.get(&format!("/api/v1/teams/forecast/events?object_id={}", run["id"].as_str().unwrap())).await.json();
        (events["items"][0]["action"].clone(), events["items"][0]["actor"].clone())
    };
    assert_eq!((action, actor), (json!("cancel"), json!("ada")));
}

#[tokio::test]
async fn a_run_from_elsewhere_is_neither_cancelled_nor_retried() {
    let w = world().await;
    let token = w.ada.token("forecast", "editor").await;
    let made = token.post("/api/2.0/mlflow/runs/create", json!({ "experiment_id": "0" })).await.is(200).json();
    let id = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    for action in ["cancel", "retry"] {
        w.ada.post(&format!("{RUNS}/{id}/{action}"), json!({})).await.is(409);
    }
    let log = w.ada.get(&format!("{RUNS}/{id}/log")).await.is(200).json();
    assert_eq!((&log["items"], &log["complete"]), (&json!([]), &json!(true)));
    assert_eq!(w.ada.get(&format!("{RUNS}/{id}/usage")).await.is(200).json(), json!([]));
}

#[tokio::test]
async fn logs() {
    let w = world().await;
    let run = submit(&w.ada, json!({ "command": ["python"] })).await;
    let id = run["id"].as_str().unwrap();
    let path = format!("{RUNS}/{id}/log");
    let page = w.vic.get(&path).await.is(200).json();
    assert_eq!((&page["items"], &page["complete"], &page["attempt"]), (&json!([]), &json!(false), &json!(1)));

    let workload = w.web.store.workloads_of(id, 1).await.unwrap().pop().unwrap().id;
    let mut log = server::logs::LogWriter::open(&w.web.config.data.join("logs").join(&workload), 1, 1 << 20).unwrap();
    log.say(0, "hello\nworld");
    let page = w.vic.get(&format!("{path}?contains=wor")).await.is(200).json();
    assert_eq!(page["items"][0]["text"], "world");
    let text = w.vic.get(&format!("{path}/text")).await.is(200);
    assert!(text.headers["content-disposition"].to_str().unwrap().contains(&format!("run-{id}-1.log")));
    assert_eq!(String::from_utf8_lossy(&text.body).lines().count(), 2);
    let stream = w.vic.get(&format!("{path}/stream")).await.is(200);
    assert_eq!(stream.headers["content-type"], "text/event-stream");

    assert_eq!(w.vic.get(&format!("{path}?attempt=7")).await.is(422).field(), "attempt");
    w.vic.get(&format!("{path}?limit=0")).await.is(422);
    w.vic.with("last-event-id", "x").get(&format!("{path}/stream")).await.is(422);
    for rest in ["", "/text", "/stream"] {
        w.eve.get(&format!("{path}{rest}")).await.is(404);
        w.vic.get(&format!("{RUNS}/nope/log{rest}")).await.is(404);
    }
}

#[tokio::test]
async fn several_nodes() {
    let w = world().await;
    let run = submit(&w.ada, json!({ "command": ["python"], "nodes": 2, "cpu": "2", "memory": "1Gi" })).await;
    let id = run["id"].as_str().unwrap();
    assert_eq!((&run["submission"]["nodes"], &run["submission"]["resources"]["cpu_millis"]), (&json!(2), &json!(2000)));
    assert_eq!(run["tags"]["slipway.nodes"], "2");
    let seen = w.ada.token("forecast", "viewer").await.get(&format!("/api/2.0/mlflow/runs/get?run_id={id}")).await.is(200).json();
    assert!(seen["run"]["data"]["tags"].as_array().unwrap().contains(&json!({ "key": "slipway.nodes", "value": "2" })));
    let row = w.web.store.workloads_of(id, 1).await.unwrap().pop().unwrap();
    assert_eq!((row.nodes, row.cpu_millis, row.per_node().cpu_millis), (2, 4000, 2000));

    // A log for each node; unasked the first's.
    for (node, text) in [(0, "from zero"), (1, "from one")] {
        let folder = server::logs::node_folder(&w.web.config.data.join("logs").join(&row.id), node);
        server::logs::LogWriter::open(&folder, 1, 1 << 20).unwrap().say(0, text);
    }
    let path = format!("{RUNS}/{id}/log");
    for (query, node, text) in [("", 0, "from zero"), ("?node=0", 0, "from zero"), ("?node=1", 1, "from one")] {
        let page = w.vic.get(&format!("{path}{query}")).await.is(200).json();
        assert_eq!((&page["node"], &page["nodes"], &page["items"][0]["text"]), (&json!(node), &json!(2), &json!(text)));
    }
    let whole = w.vic.get(&format!("{path}/text?node=1")).await.is(200);
    assert!(String::from_utf8_lossy(&whole.body).ends_with("slipway from one\n"));
    assert!(whole.headers["content-disposition"].to_str().unwrap().contains(&format!("run-{id}-1-node-1.log")));
    for rest in ["", "/text", "/stream"] {
        assert_eq!(w.vic.get(&format!("{path}{rest}?node=2")).await.is(422).field(), "node");
    }

    w.ada.post(&format!("{RUNS}/{id}/cancel"), json!({})).await.is(204);
    let one = submit(&w.ada, json!({ "command": ["python"] })).await;
    assert_eq!((&one["submission"]["nodes"], one["tags"].get("slipway.nodes")), (&json!(1), None));
}

#[tokio::test]
async fn environments() {
    let w = world().await;
    let names = |list: &Value| list["items"].as_array().unwrap().iter().map(|e| e["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&w.vic.get(ENVIRONMENTS).await.is(200).json()), ["notebook", "serve", "train"]);
    let page = w.vic.get(&format!("{ENVIRONMENTS}?page_size=2")).await.is(200).json();
    let next = format!("{ENVIRONMENTS}?page_size=2&page_token={}", page["next_page_token"].as_str().unwrap());
    assert_eq!(names(&w.vic.get(&next).await.is(200).json()), ["train"]);

    let new = json!({ "name": "torch", "description": "For vision.", "requirements": "numpy\n" });
    let made = w.ada.post(ENVIRONMENTS, new.clone()).await.is(201).json();
    assert_eq!((&made["shipped"], &made["latest"]["version"], &made["latest"]["build"]), (&json!(false), &json!(1), &json!("queued")));
    assert_eq!(w.ada.post(ENVIRONMENTS, new.clone()).await.is(201).json()["latest"]["version"], 2);
    let versions = w.vic.get(&format!("{ENVIRONMENTS}/torch/versions?page_size=1")).await.is(200).json();
    assert_eq!((&versions["items"][0]["version"], &versions["items"][0]["requirements"]), (&json!(2), &json!("numpy\n")));
    let next = format!("{ENVIRONMENTS}/torch/versions?page_token={}", versions["next_page_token"].as_str().unwrap());
    assert_eq!(w.vic.get(&next).await.is(200).json()["items"][0]["version"], 1);
    w.eve.get("/api/v1/teams/elsewhere/environments/torch/versions").await.is(404);
    w.vic.post(ENVIRONMENTS, new).await.is(403);
    w.ada.post(ENVIRONMENTS, json!({ "name": "train", "requirements": "numpy" })).await.is(409);
    assert_eq!(w.ada.post(ENVIRONMENTS, json!({ "name": "x", "requirements": "-r /etc/passwd" })).await.is(422).field(), "requirements");

    w.ada.post(&format!("{ENVIRONMENTS}/torch/retry"), json!({})).await.is(409);
    w.ada.get(&format!("{ENVIRONMENTS}/nope")).await.is(404);
    w.ada.get(&format!("{ENVIRONMENTS}/torch/log")).await.is(200);
    // those of one team are not there for another
    w.eve.get("/api/v1/teams/elsewhere/environments/torch").await.is(404);
    w.eve.get("/api/v1/teams/elsewhere/environments/train").await.is(200);
}
