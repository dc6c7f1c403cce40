//! Deployments beside a cluster that does what the test says, with model servers of a few lines on real sockets.

use super::world::{Person, World};
use app::api::environments::Build;
use axum::{
    Json, Router,
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Value, json};
use server::{
    artifacts::ArtifactPath,
    cluster::{Endpoint, Exit, WorkloadKind, WorkloadSpec},
    deployments::{model_files::ModelFiles, service::Service, spec::Replicas},
    reconcile::{Task, deployments::Deployments, following::Following, workloads::Workloads},
    store::environments::NewEnvVersion,
    workloads::specs::Builders,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

pub const LIST: &str = "/api/v1/teams/forecast/deployments";
pub const IRIS: &str = "/api/v1/teams/forecast/deployments/iris";
pub const PREDICT: &str = "/serve/forecast/iris/v1/models/iris:predict";
const FLAVORS: &str = "flavors:\n  python_function:\n    loader_module: x\n";

/// A portal with an environment, a model of four versions (the last cannot be served), and its reconcilers.
pub struct Desk {
    pub w: World,
    pub files: ModelFiles,
    workloads: Workloads,
    deployments: Deployments,
    pub following: Following,
    /// Rung when somebody who waited for a slow answer went away.
    pub gone: Arc<Notify>,
    sockets: tempfile::TempDir,
}

impl Desk {
    pub async fn new() -> Self {
        let w = World::new().await;
        let web = w.web.clone();
        let team = w.vic.get("/api/v1/teams/forecast").await.is(200).json()["id"].as_str().unwrap().to_owned();
        let mut tx = web.store.begin().await.unwrap();
        tx.environment_insert("e1", None, "serve", "").await.unwrap();
        let version = NewEnvVersion {
            id: "v1",
            environment_id: "e1",
            version: 1,
            requirements: "x",
            lock_text: None,
            image: None,
            digest: "abc",
            build: Build::Ready,
            reason: None,
            packages: "[]",
        };
        tx.environment_version_insert(&version).await.unwrap();
        let model = "INSERT INTO models (id, team_id, name, description, last_version, revision, created_at, updated_at)
             VALUES ('m', $1, 'iris', '', 4, 1, 0, 0)";
        tx.exec(model, server::args![&team]).await.unwrap();
        for v in 1..=4 {
            let (id, folder) = (format!("v{v}"), format!("{team}/models/m-{v}/artifacts"));
            tx.exec(
                "INSERT INTO model_versions (id, team_id, model_id, version, description, user_name, source, storage, stage, status,
                 revision, created_at, updated_at) VALUES ($1, $2, 'm', $3, '', 'ada', $4, $4, 'None', 'READY', 1, 0, 0)",
                server::args![&id, &team, i64::from(v), format!("mlflow-artifacts:/{folder}")],
            )
            .await
            .unwrap();
            let text = if v == 4 { "flavors:\n  h2o: {}\n" } else { FLAVORS };
            let path = ArtifactPath::parse(&format!("{folder}/MLmodel")).unwrap();
            let body = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from(format!("{text}# {v}\n")))]);
            web.artifacts.put(&team, &path, body).await.unwrap();
        }
        tx.commit().await.unwrap();
        let (store, data) = (web.store.clone(), web.config.data.clone());
        let files = ModelFiles::new(store.clone(), web.artifacts.clone(), data.clone());
        let replicas =
            Replicas { store: store.clone(), files: files.clone(), sealer: web.sealer.clone(), data, cache: None, max_body: 1 << 20 };
        let builders = Builders::default().with(WorkloadKind::Replica, replicas);
        let workloads = Workloads { store: store.clone(), cluster: w.cluster.clone(), builders };
        let service = Service { store: store.clone(), artifacts: web.artifacts.clone(), cluster: w.cluster.clone() };
        let deployments =
            Deployments::new(store, web.gateway.routes.clone(), web.gateway.reach.clone(), web.logs.clone(), web.artifacts.clone());
        Self {
            w,
            files,
            workloads,
            deployments,
            following: Following { service },
            gone: Arc::default(),
            sockets: tempfile::tempdir().unwrap(),
        }
    }

    /// Lets the reconcilers come to rest; models are fetched and tried on other tasks meanwhile.
    pub async fn settle(&self) {
        for _ in 0..12 {
            self.workloads.tick().await.unwrap();
            assert_eq!(self.following.tick().await.unwrap().get("failed"), None);
            assert_eq!(self.deployments.tick().await.unwrap().get("failed"), None);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.w.web.gateway.routes.refresh(&self.w.web.store).await.unwrap();
    }

    /// What the cluster was told last; ids follow the clock. Where the machine has much to do, a model may be fetched for longer.
    pub async fn told(&self) -> WorkloadSpec {
        self.w.clock.advance(1);
        let before = self.w.cluster.specs().len();
        self.settle().await;
        for _ in 0..200 {
            if self.w.cluster.specs().len() > before {
                break;
            }
            self.settle().await;
        }
        self.w.cluster.specs().into_iter().max_by(|a, b| a.id.cmp(&b.id)).unwrap()
    }

    pub async fn deploy(&self) -> WorkloadSpec {
        self.w.ada.post(LIST, json!({ "name": "iris", "model": "iris", "version": 1 })).await.is(201);
        self.told().await
    }

    pub async fn redeploy(&self, version: i64) -> WorkloadSpec {
        self.w.ada.post(&format!("{IRIS}/redeploy"), json!({ "version": version })).await.is(200);
        self.told().await
    }

    /// Lets the replica be ready, with a server that says who it is.
    pub async fn serve(&self, spec: &WorkloadSpec, says: &'static str, smoke: Value) -> Arc<Notify> {
        let path = self.sockets.path().join(format!("{}.sock", spec.id));
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let go = Arc::new(Notify::new());
        let (gate, gone) = (go.clone(), self.gone.clone());
        let app = Router::new().fallback(move |request: Request| model_server(request, says, smoke.clone(), gate.clone(), gone.clone()));
        tokio::spawn(async move { axum::serve(listener, app).await });
        self.w.cluster.serve(&spec.id, Endpoint::Unix { path });
        self.settle().await;
        go
    }

    /// What of a list of Home is said: kind, state, reason; each leads to a page that is there.
    async fn home(&self, list: &str) -> Vec<(String, String, String)> {
        let home = self.w.vic.get("/api/v1/teams/forecast/home").await.is(200).json();
        let mut out = Vec::new();
        for one in home[list].as_array().unwrap() {
            let word = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            self.w.vic.with("accept", "text/html").get(&word("href")).await.is(200);
            out.push((word("kind"), word("state"), word("reason")));
        }
        out
    }
    pub async fn iris(&self) -> Value {
        self.w.vic.get(IRIS).await.is(200).json()
    }
}

/// Rings when it is dropped before its time.
struct Gone(Option<Arc<Notify>>);

impl Drop for Gone {
    fn drop(&mut self) {
        if let Some(gone) = &self.0 {
            gone.notify_one();
        }
    }
}

async fn model_server(request: Request, says: &'static str, smoke: Value, go: Arc<Notify>, gone: Arc<Notify>) -> Response {
    let (parts, body) = request.into_parts();
    match parts.uri.path() {
        "/slipway/smoke" => return Json(smoke).into_response(),
        "/slipway/example" => return Json(json!({ "v1": { "instances": [1] }, "v2": null, "source": "guess" })).into_response(),
        _ => {}
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if body.starts_with(b"slow") {
        let mut gone = Gone(Some(gone));
        go.notified().await;
        gone.0 = None;
    }
    if body.starts_with(b"{\"wrong") {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "column x is missing" }))).into_response();
    }
    let headers: Vec<&str> = parts.headers.keys().map(|k| k.as_str()).collect();
    let answer = json!({ "says": says, "path": parts.uri.to_string(), "headers": headers, "bytes": body.len() });
    ([(header::SET_COOKIE, "slipway_session=x")], Json(answer)).into_response()
}

pub fn passes() -> Value {
    json!({ "loaded": true, "ok": true, "example": true, "latency_ms": 1.5, "output_preview": "[0]", "detail": "answered in 1.5 ms" })
}

pub fn fails() -> Value {
    json!({ "loaded": true, "ok": false, "example": true, "latency_ms": 1.0, "output_preview": null, "detail": "its own example fails" })
}

/// Posts a prediction as a program with this token.
pub async fn predict(by: &Person, body: &str) -> super::world::Answer {
    by.send(axum::http::Method::POST, PREDICT, "application/json", body.to_owned()).await
}

#[tokio::test]
async fn from_a_version_to_a_prediction() {
    let d = Desk::new().await;
    let token = d.w.vic.token("forecast", "viewer").await;
    let spec = d.deploy().await;
    assert_eq!(d.iris().await["state"], "starting");
    predict(&token, "{}").await.is(503);
    let line = spec.command.join(" ");
    assert!(
        line.contains("-m slipway_model_server --model-dir") && line.contains("--name iris --version 1 --unix-socket {socket}"),
        "{line}"
    );
    assert!(
        spec.env["PYTHONPATH"] == "{folder:server}"
            && spec.folders["server"].to_string_lossy().contains("/runtimes/")
            && spec.env["HF_HUB_OFFLINE"] == "1"
            && spec.secrets.is_empty()
    );

    d.serve(&spec, "one", passes()).await;
    let iris = d.iris().await;
    assert_eq!(
        (&iris["state"], &iris["serving"]["number"], &iris["serving"]["smoke"]["example"]),
        (&json!("running"), &json!(1), &json!(true))
    );

    let answer = predict(&token.with("cookie", "a=b").with("x-request-id", "7"), r#"{"instances":[[1]]}"#).await.is(200);
    assert_eq!(answer.json()["path"], "/v1/models/iris:predict");
    let passed = answer.json()["headers"].to_string();
    assert!(passed.contains("x-request-id") && !passed.contains("authorization") && !passed.contains("cookie"), "{passed}");
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
    assert_eq!(answer.headers["x-slipway-revision"], "1");
    token.post("/serve/forecast/iris/v2/models/iris/infer?x=1", json!({})).await.is(200);
    token.get("/serve/forecast/iris/v2/health/ready").await.is(200);

    assert_eq!(d.w.vic.get(&format!("{IRIS}/example")).await.is(200).json()["v1"]["instances"], json!([1]));
    d.w.vic.post(&format!("{IRIS}/try"), json!({ "instances": [1] })).await.is(200);
    let refused = d.w.vic.post(&format!("{IRIS}/try"), json!({ "wrong": 1 })).await.is(400).json();
    assert_eq!(refused["detail"], "column x is missing");
    d.w.clock.advance(10_000);
    let traffic = d.w.vic.get(&format!("{IRIS}/traffic")).await.is(200).json();
    assert_eq!(traffic["points"].as_array().unwrap().last().unwrap()["rate"], 0.6);
}

#[tokio::test]
async fn who_may_ask_and_for_what() {
    let d = Desk::new().await;
    let spec = d.deploy().await;
    d.serve(&spec, "one", passes()).await;
    let token = d.w.ada.token("forecast", "viewer").await;
    predict(&d.w.nobody, "{}").await.is(401);
    predict(&d.w.ada, "{}").await.is(401);
    predict(&d.w.nobody.with("authorization", "Bearer slip_wrong"), "{}").await.is(401);
    predict(&d.w.eve.token("elsewhere", "maintainer").await, "{}").await.is(404);
    token.get("/serve/elsewhere/iris/v1/models").await.is(404);
    token.get("/serve/forecast/none/v1/models").await.is(404);
    for path in ["slipway/smoke", "metrics", "v2/repository/index", "v2/models/../slipway/smoke", ""] {
        token.get(&format!("/serve/forecast/iris/{path}")).await.is(404);
    }
    assert_eq!(token.get(PREDICT).await.is(405).headers[header::ALLOW], "POST");
    let made =
        d.w.ada.post("/api/v1/tokens", json!({ "name": "p", "team": "forecast", "role": "viewer", "scope": "predict" })).await.json();
    let only = d.w.nobody.with("authorization", &format!("Bearer {}", made["token"].as_str().unwrap()));
    predict(&only, "{}").await.is(200);
    d.w.ada.delete(&format!("/api/v1/tokens/{}", made["id"].as_str().unwrap())).await.is(204);
    d.w.clock.advance(5_001);
    predict(&only, "{}").await.is(401);

    let limit = d.w.web.config.max_body_bytes;
    predict(&token, &"x".repeat(limit + 1)).await.is(413);
    let chunks = futures::stream::iter((0..=limit >> 20).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1 << 20]))));
    let streamed = axum::body::Body::from_stream(chunks);
    token.send(axum::http::Method::POST, PREDICT, "", streamed).await.is(413);
}

#[tokio::test]
async fn another_revision_has_the_variables_of_the_one_before_or_those_that_are_given() {
    let d = Desk::new().await;
    d.deploy().await;
    let redeploy = async |more: Value, status: u16| {
        let mut body = json!({ "version": 2 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = d.w.ada.post(&format!("{IRIS}/redeploy"), body).await.is(status);
        if status != 200 {
            return Some(answer.field());
        }
        answer.json()["latest"]["env"]["LIMIT"].as_str().map(str::to_owned)
    };
    assert_eq!(redeploy(json!({ "env": { "LIMIT": "7" } }), 200).await.as_deref(), Some("7"));
    assert_eq!(redeploy(json!({}), 200).await.as_deref(), Some("7"));
    assert_eq!(redeploy(json!({ "env": {} }), 200).await, None);
    assert!(redeploy(json!({ "env": { "A=B": "7" } }), 422).await.is_some_and(|field| field.starts_with("env")));
    let unknown = json!({ "secrets": [{ "env": "KEY", "secret": "none" }] });
    assert!(redeploy(unknown, 422).await.is_some_and(|field| field.starts_with("secrets")));

    // The sheet begins with what there is; what is left empty there is none.
    d.w.mia.put("/api/v1/teams/forecast/secrets/warehouse", json!({ "value": "s3cret" })).await.is(200);
    let uses = json!({ "env": { "LIMIT": "8" }, "secrets": [{ "env": "KEY", "secret": "warehouse" }] });
    assert_eq!(redeploy(uses, 200).await.as_deref(), Some("8"));
    let page = async |tab: &str| {
        let page = d.w.ada.with("accept", "text/html").get(&format!("/teams/forecast/deployments/iris{tab}")).await.is(200);
        String::from_utf8_lossy(&page.body).into_owned()
    };
    let sheet = page("?redeploy=1").await;
    assert!(["LIMIT=8", "KEY=warehouse"].iter().all(|lines| sheet.contains(lines)), "{sheet}");
    assert!(page("?tab=revisions").await.contains("KEY from warehouse"));
    let newest = async |pairs: &[(&str, &str)]| {
        d.w.ada.form("/teams/forecast/deployments/iris", &format!("{IRIS}/redeploy"), pairs).await.is(303);
        let latest = d.w.ada.get(IRIS).await.is(200).json()["latest"].clone();
        (latest["env"].clone(), latest["secrets"].clone())
    };
    assert_eq!(newest(&[("version", "2")]).await, (json!({ "LIMIT": "8" }), json!([{ "env": "KEY", "secret": "warehouse" }])));
    let emptied = [("version", "2"), ("empty", "env"), ("empty", "secrets"), ("env", ""), ("secrets", "")];
    assert_eq!(newest(&emptied).await, (Value::Null, Value::Null));
}

#[tokio::test]
async fn another_version_takes_over_while_the_old_one_finishes() {
    let d = Desk::new().await;
    let token = d.w.ada.token("forecast", "viewer").await;
    let old = d.deploy().await;
    let go = d.serve(&old, "old", passes()).await;
    let slow = {
        let token = token.clone();
        tokio::spawn(async move { predict(&token, "slow").await })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;

    // What was asked for on the grounds of an earlier state is refused.
    let seen = d.w.vic.get(IRIS).await.is(200).json()["revision"].as_i64().unwrap();
    d.w.ada.post(&format!("{IRIS}/redeploy"), json!({ "version": 3, "revision": seen - 1 })).await.is(409);
    let new = d.redeploy(2).await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "old");
    d.serve(&new, "new", passes()).await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "new");
    // Somebody still waits for the old one.
    d.w.clock.advance(30_000);
    d.settle().await;
    assert!(d.w.cluster.stops().is_empty());
    go.notify_waiters();
    assert_eq!(slow.await.unwrap().is(200).json()["says"], "old");
    d.settle().await;
    assert_eq!(d.w.cluster.stops()[0].0, old.id);
    let revisions = d.w.vic.get(&format!("{IRIS}/revisions")).await.is(200).json();
    let states: Vec<_> = revisions["items"].as_array().unwrap().iter().map(|r| r["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["serving", "retired"]);
}

#[tokio::test]
async fn what_fails_its_smoke_test_gets_no_traffic_and_leaves_nothing() {
    let d = Desk::new().await;
    let token = d.w.ada.token("forecast", "viewer").await;
    let old = d.deploy().await;
    d.serve(&old, "old", passes()).await;
    let new = d.redeploy(2).await;
    d.serve(&new, "new", fails()).await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "old");
    let iris = d.iris().await;
    assert_eq!((&iris["state"], &iris["reason"]), (&json!("running"), &json!("Revision 2 did not take over: Its own example fails.")));
    d.settle().await;
    assert!(d.w.cluster.spec(&new.id).is_none(), "ended and forgotten");
    assert!(d.w.cluster.spec(&old.id).is_some());
    let did_not = ("deployment".into(), "running".into(), "Revision 2 did not take over: Its own example fails.".into());
    assert_eq!(d.home("failed").await, [did_not], "it serves, and somebody has to look");
    let better = d.redeploy(3).await;
    d.serve(&better, "better", passes()).await;
    assert!(d.home("failed").await.is_empty());
}

#[tokio::test]
async fn a_model_that_does_not_load_and_one_that_crashes() {
    let d = Desk::new().await;
    let token = d.w.ada.token("forecast", "viewer").await;
    let first = d.deploy().await;
    d.w.cluster.end(&first.id, Exit { code: Some(3), reason: Some("Exited.".into()), ..Exit::default() });
    d.settle().await;
    let iris = d.iris().await;
    assert_eq!((&iris["state"], &iris["latest"]["state"]), (&json!("failed"), &json!("failed")));
    let why = predict(&token, "{}").await.is(503).json();
    assert_eq!(why["detail"], "iris does not run.", "what the server said last is its team's to know, and no caller's");
    assert!(d.w.cluster.specs().is_empty(), "nothing half-made is left");
    let told = d.w.vic.get(&format!("{IRIS}/explain")).await.is(200).json();
    assert_eq!((&told["state"], &told["sentence"]), (&json!("failed"), &iris["reason"]));
    assert!(told["evidence"].as_array().unwrap().iter().any(|e| e["text"].as_str().unwrap().contains("Exited.")), "{told}");
    for list in ["failed", "recent"] {
        assert_eq!(d.home(list).await, [("deployment".into(), "failed".into(), iris["reason"].as_str().unwrap().into())], "{list}");
    }

    d.w.ada.post(&format!("{IRIS}/start"), json!({})).await.is(204);
    let second = d.told().await;
    assert_eq!(second.attempt, 2);
    d.serve(&second, "one", passes()).await;
    predict(&token, "{}").await.is(200);

    d.w.cluster.end(&second.id, Exit { signal: Some(9), ..Exit::default() });
    d.settle().await;
    let iris = d.iris().await;
    assert_eq!((&iris["state"], &iris["serving"]["state"]), (&json!("starting"), &json!("serving")));
    assert!(iris["reason"].as_str().unwrap().contains("It is started again 1 s later."), "{iris}");
    predict(&token, "{}").await.is(503);
    d.w.clock.advance(1_000);
    let third = d.told().await;
    d.serve(&third, "again", fails()).await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "again", "it passed its smoke test before");
    assert_eq!(d.iris().await["reason"], Value::Null);
}

#[tokio::test]
async fn stop_start_and_remove() {
    let d = Desk::new().await;
    let token = d.w.ada.token("forecast", "viewer").await;
    let spec = d.deploy().await;
    d.serve(&spec, "one", passes()).await;
    for _ in 0..2 {
        d.w.ada.post(&format!("{IRIS}/stop"), json!({})).await.is(204);
        d.settle().await;
    }
    assert_eq!(d.iris().await["state"], "stopped");
    assert_eq!(d.home("recent").await, [("deployment".into(), "stopped".into(), String::new())]);
    assert_eq!(predict(&token, "{}").await.is(503).json()["detail"], "iris is stopped.");
    d.w.ada.post(&format!("{IRIS}/start"), json!({})).await.is(204);
    let again = d.told().await;
    assert_ne!(again.id, spec.id);
    d.serve(&again, "two", passes()).await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "two");
    d.w.vic.delete(IRIS).await.is(403);
    d.w.ada.delete(IRIS).await.is(204);
    d.settle().await;
    d.w.vic.get(IRIS).await.is(404);
    predict(&token, "{}").await.is(404);
    assert!(d.w.cluster.specs().is_empty());
    assert!(d.home("failed").await.is_empty() && d.home("recent").await.is_empty(), "what was deleted is gone");
}

#[tokio::test]
async fn what_cannot_be_deployed_is_told() {
    let d = Desk::new().await;
    let ask = |more: Value| {
        let mut body = json!({ "name": "x", "model": "iris", "version": 1 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let ada = d.w.ada.clone();
        async move { ada.post(LIST, body).await.is(422).field() }
    };
    assert_eq!(ask(json!({ "name": "X" })).await, "name");
    assert_eq!(ask(json!({ "version": 9 })).await, "version");
    assert_eq!(ask(json!({ "version": 4 })).await, "version");
    assert_eq!(ask(json!({ "environment": "none" })).await, "environment");
    assert_eq!(ask(json!({ "size": "huge" })).await, "size");
    assert_eq!(ask(json!({ "env": { "A=B": "1" } })).await, "env");
    d.w.ada.post(LIST, json!({ "name": "x", "model": "iris", "version": 1 })).await.is(201);
    d.w.ada.post(LIST, json!({ "name": "x", "model": "iris", "version": 1 })).await.is(409);
}

#[tokio::test]
async fn every_revision_keeps_its_log() {
    let d = Desk::new().await;
    let wrote = |spec: &WorkloadSpec, text: &str| {
        let mut log = server::logs::LogWriter::open(&d.w.web.config.data.join("logs").join(&spec.id), spec.attempt, 1 << 20).unwrap();
        log.say(0, text);
        log.finish().unwrap();
    };
    let old = d.deploy().await;
    wrote(&old, "the first model");
    d.serve(&old, "old", passes()).await;
    let new = d.redeploy(2).await;
    wrote(&new, "the second model");
    d.serve(&new, "new", passes()).await;
    d.settle().await;

    let log = async |query: &str| {
        let page = d.w.vic.get(&format!("{IRIS}/log{query}")).await.is(200).json();
        (page["items"][0]["text"].as_str().unwrap().to_owned(), page["attempts"].clone())
    };
    assert_eq!(log("").await, ("the second model".into(), json!(1)), "the newest");
    assert_eq!(log("?revision=2").await.0, "the second model");
    assert_eq!(log("?revision=1").await, ("the first model".into(), json!(1)));
    assert_eq!(log("?revision=1&attempt=1&contains=first").await.0, "the first model");
    let told = d.w.vic.get(&format!("{IRIS}/log?revision=3")).await.is(422);
    assert_eq!((told.field().as_str(), told.json()["detail"].as_str().unwrap()), ("revision", "There is no revision 3; there were 2."));
    d.w.vic.get(&format!("{IRIS}/log?revision=x")).await.is(422);

    let page = d.w.vic.with("accept", "text/html").get("/teams/forecast/deployments/iris?tab=log&revision=1").await.is(200);
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert!(html.contains("the first model") && !html.contains("the second model"), "{html}");
    assert!(html.contains("Log of revision 1") && html.contains("value=\"2\""), "{html}");
}
