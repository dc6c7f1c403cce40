//! Notebooks: who may what, and what becomes of them beside a cluster that does what the test says.

use super::world::{PASSWORD, World};
use app::api::environments::Build;
use serde_json::{Value, json};
use server::{
    cluster::{Endpoint, Exit, WorkloadKind, WorkloadSpec},
    notebooks::{NotebookKeys, plan::PAUSES_MS, spec::NotebookSpecs},
    reconcile::{Task, notebooks::Notebooks, workloads::Workloads},
    store::environments::NewEnvVersion,
    workloads::specs::Builders,
};
use std::path::PathBuf;

pub const LIST: &str = "/api/v1/teams/forecast/notebooks";
pub const LAB: &str = "/api/v1/teams/forecast/notebooks/lab";

/// A world with an environment `notebook` that is ready.
pub async fn world() -> World {
    let w = World::new().await;
    let mut tx = w.web.store.begin().await.unwrap();
    tx.environment_insert("e1", None, "notebook", "").await.unwrap();
    tx.environment_version_insert(&NewEnvVersion {
        id: "v1",
        environment_id: "e1",
        version: 1,
        requirements: "jupyterlab",
        lock_text: None,
        image: None,
        digest: "abc",
        build: Build::Ready,
        reason: None,
        packages: "[]",
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    w
}

/// Lets the reconcilers come to rest.
pub async fn settle(w: &World) {
    let (store, cluster) = (&w.web.store, &w.web.cluster);
    let keys = NotebookKeys::new(w.web.sealer.clone());
    let specs = NotebookSpecs { store: store.clone(), sealer: w.web.sealer.clone(), links: w.web.links.clone(), cache: None };
    let builders = Builders::default().with(WorkloadKind::Notebook, specs);
    let workloads = Workloads { store: store.clone(), cluster: cluster.clone(), builders };
    let notebooks = Notebooks { store: store.clone(), cluster: cluster.clone(), logs: w.web.logs.clone(), keys };
    for _ in 0..6 {
        workloads.tick().await.unwrap();
        assert_eq!(notebooks.tick().await.unwrap()["failed"], 0);
    }
}

/// ada's notebook `lab`, running at `endpoint`.
pub async fn running(w: &World, endpoint: Endpoint) -> WorkloadSpec {
    w.ada.post(LIST, json!({ "name": "lab", "cpu": "1", "memory": "1Gi", "env": { "DATA": "x" } })).await.is(201);
    settle(w).await;
    let spec = w.cluster.specs().pop().unwrap();
    w.cluster.serve(&spec.id, endpoint);
    settle(w).await;
    spec
}

pub fn nowhere() -> Endpoint {
    Endpoint::Unix { path: PathBuf::from("/nowhere.sock") }
}

async fn lab(w: &World) -> Value {
    w.ada.get(LAB).await.is(200).json()
}

fn reason(notebook: &Value) -> &str {
    notebook["reason"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn from_launch_to_running_and_off_again() {
    let w = world().await;
    let made = w.ada.post(LIST, json!({ "name": "lab", "cpu": "1", "memory": "1Gi" })).await.is(201).json();
    assert_eq!(
        (made["state"].as_str(), made["owner"].as_str(), made["path"].as_str()),
        (Some("queued"), Some("ada"), Some("/notebook/forecast/lab/"))
    );
    settle(&w).await;
    assert_eq!(lab(&w).await["state"], "starting");
    let spec = w.cluster.specs().pop().unwrap();
    w.cluster.serve(&spec.id, nowhere());
    settle(&w).await;
    assert_eq!(lab(&w).await["state"], "running");
    // Its token works for its owner, as long as it runs.
    let inside = w.nobody.with("authorization", &format!("Bearer {}", spec.secrets["MLFLOW_TRACKING_TOKEN"]));
    inside.get("/api/v1/teams/forecast").await.is(200);

    w.ada.post(&format!("{LAB}/stop"), json!({})).await.is(204);
    assert_eq!(lab(&w).await["state"], "stopping");
    w.ada.post(&format!("{LAB}/start"), json!({})).await.is(409);
    settle(&w).await;
    assert_eq!(lab(&w).await["state"], "stopped");
    assert_eq!(w.cluster.forgotten(), std::slice::from_ref(&spec.id));
    inside.get("/api/v1/teams/forecast").await.is(401);

    w.ada.post(&format!("{LAB}/start"), json!({})).await.is(204);
    w.ada.post(&format!("{LAB}/start"), json!({})).await.is(204);
    settle(&w).await;
    let again = w.cluster.specs();
    assert_eq!((again.len(), again[0].volume.as_deref()), (1, Some("forecast/lab")));
    assert_ne!((&again[0].id, &again[0].secrets["JUPYTER_TOKEN"]), (&spec.id, &spec.secrets["JUPYTER_TOKEN"]));
}

#[tokio::test]
async fn what_the_cluster_is_told() {
    let w = world().await;
    w.mia.put("/api/v1/teams/forecast/secrets/key", json!({ "value": "s3cret" })).await.is(200);
    let body = json!({ "name": "lab", "secrets": [{ "env": "API_KEY", "secret": "key" }], "env": { "DATA": "x" } });
    w.ada.post(LIST, body).await.is(201);
    settle(&w).await;
    let spec = w.cluster.specs().pop().unwrap();
    assert_eq!((spec.secrets["API_KEY"].as_str(), spec.env["DATA"].as_str()), ("s3cret", "x"));
    assert_eq!(spec.env["MLFLOW_TRACKING_URI"], w.web.links.internal_url);
    assert_eq!(spec.server.unwrap().ready_path, "/notebook/forecast/lab/api");
    let told = format!("{} {:?}", spec.command.join(" "), spec.env);
    for (name, secret) in &spec.secrets {
        assert!(!told.contains(secret.as_str()), "{name}");
    }
    // What is answered and written down has none of it either.
    let shown = format!("{} {}", lab(&w).await, w.mia.get("/api/v1/teams/forecast/events").await.is(200).json());
    assert!(spec.secrets.values().all(|s| !shown.contains(s.as_str())));
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field() {
    let w = world().await;
    let field = async |body: Value, status: u16| w.ada.post(LIST, body).await.is(status).field();
    assert_eq!(field(json!({ "name": "A" }), 422).await, "name");
    assert_eq!(field(json!({ "name": "a", "environment": "nope" }), 422).await, "environment");
    assert_eq!(field(json!({ "name": "a", "size": "huge" }), 422).await, "size");
    assert_eq!(field(json!({ "name": "a", "cpu": "x" }), 422).await, "cpu");
    assert_eq!(field(json!({ "name": "a", "env": { "JUPYTER_TOKEN": "x" } }), 422).await, "env");
    assert_eq!(field(json!({ "name": "a", "secrets": [{ "env": "A", "secret": "none" }] }), 422).await, "secrets");
    w.ada.post(LIST, json!({ "name": "a" })).await.is(201);
    assert_eq!(field(json!({ "name": "a" }), 409).await, "name");
}

#[tokio::test]
async fn only_the_owner_opens_and_only_owner_or_maintainer_change() {
    let w = world().await;
    running(&w, nowhere()).await;
    w.bob.post("/api/v1/users", json!({ "name": "max", "password": PASSWORD })).await.is(201);
    w.mia.put("/api/v1/teams/forecast/members/max", json!({ "role": "editor" })).await.is(200);
    let max = w.nobody.sign_in("max").await;
    let run = w.run("00000000000000000000000000000001").await;
    let open = format!("{LAB}/open");
    w.ada.post(&open, json!({})).await.is(200);
    for (who, status) in [(&max, 403), (&w.mia, 403), (&w.bob, 403), (&w.vic, 403), (&w.eve, 404), (&run, 403)] {
        who.post(&open, json!({})).await.is(status);
    }
    for verb in ["stop", "start"] {
        max.post(&format!("{LAB}/{verb}"), json!({})).await.is(403);
    }
    max.delete(LAB).await.is(403);
    w.vic.get(LAB).await.is(200);
    w.mia.post(&format!("{LAB}/stop"), json!({})).await.is(204);
}

#[tokio::test]
async fn resizing_takes_a_revision_and_counts_from_the_next_start() {
    let w = world().await;
    let first = running(&w, nowhere()).await;
    let revision = lab(&w).await["revision"].as_i64().unwrap();
    let changed = w.ada.patch(LAB, json!({ "memory": "2Gi", "revision": revision })).await.is(200).json();
    assert_eq!(changed["resources"]["memory_bytes"], 2_i64 << 30);
    w.ada.patch(LAB, json!({ "memory": "3Gi", "revision": revision })).await.is(409);
    assert_eq!(w.cluster.spec(&first.id).unwrap().resources.memory_bytes, 1 << 30);
    w.ada.post(&format!("{LAB}/stop"), json!({})).await.is(204);
    settle(&w).await;
    w.ada.post(&format!("{LAB}/start"), json!({})).await.is(204);
    settle(&w).await;
    assert_eq!(w.cluster.specs()[0].resources.memory_bytes, 2 << 30);
}

#[tokio::test]
async fn a_crash_starts_again_and_what_never_starts_has_failed() {
    let w = world().await;
    let first = running(&w, nowhere()).await;
    w.cluster.exit(&first.id, 1);
    settle(&w).await;
    let now = lab(&w).await;
    assert_eq!(now["state"], "queued");
    assert!(reason(&now).starts_with("It ended and starts again in 5 seconds. Exited with code 1."), "{now}");
    w.clock.advance(PAUSES_MS[0]);
    settle(&w).await;
    let second = w.cluster.specs().pop().unwrap();
    assert_ne!(second.id, first.id);
    w.cluster.end(&second.id, Exit { code: Some(1), reason: None, ..Exit::default() });
    settle(&w).await;
    let now = lab(&w).await;
    assert_eq!((now["state"].as_str(), reason(&now)), (Some("failed"), "It did not start. Exited with code 1."));
    w.ada.post(&format!("{LAB}/start"), json!({})).await.is(204);
    settle(&w).await;
    assert_eq!(lab(&w).await["state"], "starting");
}

#[tokio::test]
async fn deleting_keeps_the_files_for_their_owner_or_takes_them_along() {
    let w = world().await;
    running(&w, nowhere()).await;
    w.ada.delete(LAB).await.is(204);
    assert_eq!(reason(&lab(&w).await), "It is being deleted.");
    w.ada.post(&format!("{LAB}/open"), json!({})).await.is(409);
    settle(&w).await;
    w.ada.get(LAB).await.is(404);
    assert!(w.cluster.removed_volumes().is_empty());
    w.mia.post(LIST, json!({ "name": "lab" })).await.is(409);
    w.ada.post(LIST, json!({ "name": "lab" })).await.is(201);
    settle(&w).await;
    w.ada.delete(&format!("{LAB}?files=true")).await.is(204);
    settle(&w).await;
    assert_eq!(w.cluster.removed_volumes(), ["forecast/lab"]);
    w.mia.post(LIST, json!({ "name": "lab" })).await.is(201);
}

#[tokio::test]
async fn a_form_says_what_becomes_of_the_files() {
    let w = world().await;
    for (files, gone) in [("false", 0), ("true", 1)] {
        w.ada.post(LIST, json!({ "name": "lab" })).await.is(201);
        settle(&w).await;
        let fields = [("_method", "DELETE"), ("_form", "delete-form"), ("next", "/teams/forecast/notebooks"), ("files", files)];
        let answer = w.ada.form("/teams/forecast/notebooks/lab", LAB, &fields).await.is(303);
        assert_eq!(answer.location(), "/teams/forecast/notebooks");
        settle(&w).await;
        assert_eq!(w.cluster.removed_volumes().len(), gone, "files={files}");
    }
}

#[tokio::test]
async fn whose_owner_leaves_the_team_stops() {
    let w = world().await;
    running(&w, nowhere()).await;
    w.mia.put("/api/v1/teams/forecast/members/ada", json!({ "role": "viewer" })).await.is(200);
    settle(&w).await;
    let now = w.vic.get(LAB).await.is(200).json();
    assert_eq!((now["state"].as_str(), reason(&now)), (Some("stopped"), "Its owner is no longer an editor of the team."));
}

#[tokio::test]
async fn a_plain_browser_is_sent_on_to_the_notebook_origin() {
    let w = world().await;
    running(&w, nowhere()).await;
    let answer = w.ada.form("/teams/forecast/notebooks", &format!("{LAB}/open"), &[]).await.is(303);
    assert!(answer.location().starts_with("http://portal.test:8081/notebook/forecast/lab/-/open?ticket="), "{}", answer.location());
    assert_eq!(answer.headers["referrer-policy"], "origin");
    let page = w.ada.with("accept", "text/html").get("/teams/forecast").await.is(200);
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("form-action 'self' http://portal.test:8081;"));
}
