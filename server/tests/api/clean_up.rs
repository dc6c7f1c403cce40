//! Clean-up: what may be freed, what is kept while something needs it, and who frees.

use super::{
    deployments::{Desk, IRIS, passes},
    world::{Person, World},
};
use app::api::environments::Build;
use axum::http::Method;
use serde_json::{Value, json};
use server::{
    environments::{digest, free::Taken},
    ids,
    pipelines::token::TaskTokens,
    reconcile::{Task, clean_up::CleanUp, pipelines::Pipelines},
    store::{environments::NewEnvVersion, tasks::TaskRow},
};

const MLFLOW: &str = "/api/2.0/mlflow";
const FILES: &str = "/api/2.0/mlflow-artifacts/artifacts";
const CLEAN_UP: &str = "/api/v1/teams/forecast/clean-up";

/// A run of a team with files; its id and the folder of its artifacts.
async fn run(by: &Person, files: &[&str]) -> (String, String) {
    let made = by.post(&format!("{MLFLOW}/runs/create"), json!({ "experiment_id": "0", "run_name": "calm-heron" })).await.is(200).json();
    let info = &made["run"]["info"];
    let root = info["artifact_uri"].as_str().unwrap().trim_start_matches("mlflow-artifacts:/").trim_start_matches('/').to_owned();
    for file in files {
        let text = "flavors:\n  python_function:\n    loader_module: x\n";
        by.send(Method::PUT, &format!("{FILES}/{root}/{file}"), "", text).await.is(200);
    }
    (info["run_id"].as_str().unwrap().to_owned(), root)
}

async fn delete(by: &Person, run: &str) {
    by.post(&format!("{MLFLOW}/runs/delete"), json!({ "run_id": run })).await.is(200);
}

async fn list(by: &Person) -> Vec<Value> {
    by.get(CLEAN_UP).await.is(200).json()["items"].as_array().unwrap().clone()
}

async fn free(by: &Person, item: &str) -> super::world::Answer {
    by.post(CLEAN_UP, json!({ "items": [item] })).await
}

/// Files go from the store.
async fn take(w: &World) {
    CleanUp { store: w.web.store.clone(), artifacts: w.web.artifacts.clone() }.tick().await.unwrap();
}

fn on_disk(w: &World, root: &str) -> bool {
    let team = std::fs::read_dir(w.web.config.data.join("artifacts")).unwrap().map(|f| f.unwrap().path());
    team.into_iter().any(|folder| folder.join(root).join("model/MLmodel").exists())
}

#[tokio::test]
async fn a_deleted_run_is_freed_by_a_maintainer_of_its_team() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let (id, root) = run(&ada, &["model/MLmodel", "plot.png"]).await;
    let (empty, _) = run(&ada, &[]).await;
    assert!(list(&w.vic).await.is_empty(), "nothing is deleted");
    let item = format!("run:{id}");
    free(&w.mia, &item).await.is(409);
    delete(&ada, &id).await;
    delete(&ada, &empty).await;
    let found = list(&w.vic).await;
    assert_eq!(found.len(), 1, "what has no files is not listed: {found:?}");
    assert_eq!((&found[0]["item"], &found[0]["files"], &found[0]["kept"]), (&json!(item), &json!(2), &Value::Null));
    assert!(found[0]["bytes"].as_i64().unwrap() > 50);

    // Who may, and whose it is.
    free(&w.ada, &item).await.is(403);
    free(&w.eve, &item).await.is(404);
    w.eve.get(CLEAN_UP).await.is(404);
    w.eve.post("/api/v1/teams/elsewhere/clean-up", json!({ "items": [item] })).await.is(409);
    assert!(w.eve.get("/api/v1/teams/elsewhere/clean-up").await.is(200).json()["items"].as_array().unwrap().is_empty());
    for bad in [json!([]), json!(["run"]), json!(["model:x"]), json!(vec![item.clone(); 201])] {
        assert_eq!(w.mia.post(CLEAN_UP, json!({ "items": bad })).await.is(422).field(), "items");
    }
    take(&w).await;
    assert!(on_disk(&w, &root));

    let done = free(&w.mia, &item).await.is(200).json();
    assert_eq!((&done["freed"], &done["kept"], &done["said"]), (&json!([item]), &json!([]), &json!("1 freed.")));
    assert!(list(&w.vic).await.is_empty());
    // The server ends before the files are gone, and starts again.
    assert!(on_disk(&w, &root));
    take(&w).await;
    take(&w).await;
    assert!(!on_disk(&w, &root));
    free(&w.mia, &item).await.is(409);
    let events = w.vic.get("/api/v1/teams/forecast/events?kind=run&action=free").await.is(200).json();
    assert_eq!((&events["items"][0]["actor"], &events["items"][0]["object_id"]), (&json!("mia"), &json!(id)));

    // It does not come back, alone or with its experiment, and takes nothing new.
    let refused = ada.post(&format!("{MLFLOW}/runs/restore"), json!({ "run_id": id })).await;
    assert!(refused.status.is_client_error() && String::from_utf8_lossy(&refused.body).contains("freed by clean-up"));
    let refused = ada.send(Method::PUT, &format!("{FILES}/{root}/new"), "", "x").await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
    ada.post(&format!("{MLFLOW}/runs/restore"), json!({ "run_id": empty })).await.is(200);
    ada.post(&format!("{MLFLOW}/registered-models/create"), json!({ "name": "late" })).await.is(200);
    let body = json!({ "name": "late", "source": format!("runs:/{id}/model"), "run_id": id });
    let refused = ada.post(&format!("{MLFLOW}/model-versions/create"), body).await;
    assert!(refused.status.is_client_error(), "{}", refused.status);
}

#[tokio::test]
async fn runs_of_a_deleted_experiment_stay_deleted_once_they_are_freed() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let made = ada.post(&format!("{MLFLOW}/experiments/create"), json!({ "name": "old" })).await.is(200).json();
    let experiment = made["experiment_id"].as_str().unwrap();
    let mut runs = Vec::new();
    for name in ["one", "two"] {
        let made =
            ada.post(&format!("{MLFLOW}/runs/create"), json!({ "experiment_id": experiment, "run_name": name })).await.is(200).json();
        let id = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        ada.send(Method::PUT, &format!("{FILES}/{experiment}/{id}/artifacts/x"), "", "x").await.is(200);
        runs.push(id);
    }
    ada.post(&format!("{MLFLOW}/experiments/delete"), json!({ "experiment_id": experiment })).await.is(200);
    assert_eq!(list(&w.vic).await.len(), 2);
    // Page by page.
    let first = w.vic.get(&format!("{CLEAN_UP}?page_size=1")).await.is(200).json();
    let next = first["next_page_token"].as_str().unwrap();
    let second = w.vic.get(&format!("{CLEAN_UP}?page_size=1&page_token={next}")).await.is(200).json();
    assert_ne!(first["items"][0]["item"], second["items"][0]["item"]);
    assert!(second.get("next_page_token").is_none());

    free(&w.mia, &format!("run:{}", runs[0])).await.is(200);
    ada.post(&format!("{MLFLOW}/experiments/restore"), json!({ "experiment_id": experiment })).await.is(200);
    for (id, lifecycle) in runs.iter().zip(["deleted", "active"]) {
        let got = ada.get(&format!("{MLFLOW}/runs/get?run_id={id}")).await.is(200).json();
        assert_eq!(got["run"]["info"]["lifecycle_stage"], lifecycle);
    }
}

#[tokio::test]
async fn what_the_ledger_names_is_kept() {
    let d = Desk::new().await;
    let w = &d.w;
    let ada = w.ada.token("forecast", "editor").await;
    let (id, root) = run(&ada, &["model/MLmodel", "model/data/x"]).await;
    let mut tx = w.web.store.begin().await.unwrap();
    let storage = format!("mlflow-artifacts:/{root}/model");
    tx.exec("UPDATE model_versions SET storage = $1, run_id = $2 WHERE id = 'v1'", server::args![&storage, &id]).await.unwrap();
    tx.commit().await.unwrap();
    delete(&ada, &id).await;
    let item = format!("run:{id}");
    let kept = async || list(&w.vic).await[0]["kept"].as_str().unwrap_or_default().to_owned();
    assert_eq!(kept().await, "iris v1 was registered from it: delete the version first.");

    let first = d.deploy().await;
    d.serve(&first, "one", passes()).await;
    let second = d.redeploy(2).await;
    d.serve(&second, "two", passes()).await;
    // Version 1 serves no more, and is in the ledger.
    let why = kept().await;
    assert!(why.contains("iris v1") && why.contains("the deployment iris serves that, or can be rolled back to it"), "{why}");
    let refused = free(&w.mia, &item).await.is(409).json();
    assert!(refused.to_string().contains("can be rolled back to it"), "{refused}");
    take(w).await;
    assert!(on_disk(w, &root));
    // Nor is it written over: what is rolled back to is what served.
    for (file, may) in [("model/MLmodel", false), ("model/new", false), ("other/y", true)] {
        let answer = ada.send(Method::PUT, &format!("{FILES}/{root}/{file}"), "", "x").await;
        assert_eq!(answer.status.is_success(), may, "{file}: {}", answer.status);
    }
    w.ada.post(&format!("{IRIS}/roll-back"), json!({ "to": 1 })).await.is(200);
    let third = d.told().await;
    d.serve(&third, "one again", passes()).await;
    assert_eq!(d.iris().await["serving"]["version"], 1);

    // Without the deployment the version holds it, and without the version nothing does.
    w.mia.delete(IRIS).await.is(204);
    d.settle().await;
    assert_eq!(kept().await, "iris v1 was registered from it: delete the version first.");
    let body = json!({ "name": "iris", "version": "1" }).to_string();
    ada.send(Method::DELETE, &format!("{MLFLOW}/model-versions/delete"), "application/json", body).await.is(200);
    free(&w.mia, &item).await.is(200);
    take(w).await;
    assert!(!on_disk(w, &root));
}

#[tokio::test]
async fn logged_models_go_with_their_run_or_alone() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let (id, _) = run(&ada, &["plot.png"]).await;
    let mut folders = Vec::new();
    for name in ["model", "other"] {
        let body = json!({ "experiment_id": "0", "name": name, "source_run_id": id });
        let made = ada.post(&format!("{MLFLOW}/logged-models"), body).await.is(200).json();
        let info = &made["model"]["info"];
        let root = info["artifact_uri"].as_str().unwrap().trim_start_matches("mlflow-artifacts:/").trim_start_matches('/').to_owned();
        ada.send(Method::PUT, &format!("{FILES}/{root}/model/MLmodel"), "", "x").await.is(200);
        folders.push((info["model_id"].as_str().unwrap().to_owned(), root));
    }
    ada.delete(&format!("{MLFLOW}/logged-models/{}", folders[1].0)).await.is(200);
    let found = list(&w.vic).await;
    let other = format!("logged_model:{}", folders[1].0);
    assert_eq!((found.len(), &found[0]["item"]), (1, &json!(other)), "{found:?}");
    free(&w.mia, &other).await.is(200);
    delete(&ada, &id).await;
    let found = list(&w.vic).await;
    assert_eq!((found.len(), &found[0]["models"], &found[0]["files"]), (1, &json!(["model"]), &json!(2)), "{found:?}");
    free(&w.mia, &format!("run:{id}")).await.is(200);
    take(&w).await;
    for (_, root) in &folders {
        assert!(!on_disk(&w, root));
    }
    ada.get(&format!("{MLFLOW}/logged-models/{}", folders[0].0)).await.is(404);
}

#[tokio::test]
async fn what_a_pipeline_run_shows_or_took_over_is_kept() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let (id, _) = run(&ada, &["x"]).await;
    delete(&ada, &id).await;
    let item = format!("run:{id}");
    let mut task = task(&w).await;
    let mut tx = w.web.store.begin().await.unwrap();
    tx.task_put(&TaskRow { run_id: Some(id.clone()), ..task.clone() }).await.unwrap();
    tx.commit().await.unwrap();
    assert!(free(&w.mia, &item).await.is(409).json().to_string().contains("The pipeline run nightly shows what it made"));
    task.cached_from = Some("gone".into());
    let mut tx = w.web.store.begin().await.unwrap();
    tx.task_put(&TaskRow { run_id: None, ..task.clone() }).await.unwrap();
    tx.task_takes_over(&task.id, &id).await.unwrap();
    tx.commit().await.unwrap();
    assert!(list(&w.vic).await[0]["kept"].as_str().unwrap().contains("nightly"));
    w.mia.delete(&format!("/api/v1/teams/forecast/pipeline-runs/{}", task.pipeline_run_id)).await.is(204);
    free(&w.mia, &item).await.is(200);
}

#[tokio::test]
async fn a_pipeline_run_takes_its_runs_along() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let task = task(&w).await;
    let path = format!("/api/v1/teams/forecast/pipeline-runs/{}", task.pipeline_run_id);
    let parent = w.vic.get(&path).await.is(200).json()["run_id"].as_str().unwrap().to_owned();
    // One task was made again since; the run of the other has files.
    let made_again = task.run_id.clone().unwrap();
    let (id, root) = run(&ada, &["model/MLmodel", "plot.png"]).await;
    let mut tx = w.web.store.begin().await.unwrap();
    tx.tasks_remove(&task.pipeline_run_id, std::slice::from_ref(&task.id)).await.unwrap();
    tx.task_put(&TaskRow { id: "again".into(), run_id: Some(id.clone()), ..task.clone() }).await.unwrap();
    tx.commit().await.unwrap();
    // Somebody's own, whatever it is tagged with.
    let (own, _) = run(&ada, &["x"]).await;
    let tag = json!({ "run_id": own, "key": "slipway.pipeline_run", "value": task.pipeline_run_id });
    ada.post(&format!("{MLFLOW}/runs/set-tag"), tag).await.is(200);
    ada.post(&format!("{MLFLOW}/registered-models/create"), json!({ "name": "hello" })).await.is(200);
    let body = json!({ "name": "hello", "source": format!("runs:/{id}/model"), "run_id": id });
    ada.post(&format!("{MLFLOW}/model-versions/create"), body).await.is(200);

    let lifecycle = async |run: &str| {
        let got = ada.get(&format!("{MLFLOW}/runs/get?run_id={run}")).await.is(200).json();
        got["run"]["info"]["lifecycle_stage"].as_str().unwrap().to_owned()
    };
    w.eve.delete(&path).await.is(404);
    w.vic.delete(&path).await.is(403);
    assert_eq!((lifecycle(&parent).await.as_str(), list(&w.vic).await.len()), ("active", 0));
    w.ada.delete(&path).await.is(204);
    for (run, is) in [(&parent, "deleted"), (&made_again, "deleted"), (&id, "deleted"), (&own, "active")] {
        assert_eq!(lifecycle(run).await, is, "{run}");
    }
    let events = w.vic.get("/api/v1/teams/forecast/events?kind=run&action=delete").await.is(200).json();
    let mut told: Vec<&str> = events["items"].as_array().unwrap().iter().map(|e| e["object_id"].as_str().unwrap()).collect();
    let mut three = vec![parent.as_str(), &made_again, &id];
    told.sort_unstable();
    three.sort_unstable();
    assert_eq!((told, &events["items"][0]["actor"]), (three, &json!("ada")));

    // Files are counted, kept for the version, and freed without it.
    let item = format!("run:{id}");
    let found = list(&w.vic).await;
    assert_eq!((found.len(), &found[0]["item"], &found[0]["files"]), (1, &json!(item), &json!(2)), "{found:?}");
    assert_eq!(found[0]["kept"], "hello v1 was registered from it: delete the version first.");
    free(&w.mia, &item).await.is(409);
    let body = json!({ "name": "hello", "version": "1" }).to_string();
    ada.send(Method::DELETE, &format!("{MLFLOW}/model-versions/delete"), "application/json", body).await.is(200);
    free(&w.mia, &item).await.is(200);
    take(&w).await;
    assert!(!on_disk(&w, &root));
    ada.post(&format!("{MLFLOW}/runs/restore"), json!({ "run_id": made_again })).await.is(200);
}

/// The task of a pipeline run that has ended.
async fn task(w: &World) -> TaskRow {
    let spec = std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/hello.yaml")).unwrap();
    let made = w.ada.post("/api/v1/teams/forecast/pipeline-runs", json!({ "spec": spec, "name": "nightly" })).await.is(201).json();
    let (web, id) = (&w.web, made["id"].as_str().unwrap());
    let pipelines = Pipelines::new(
        web.store.clone(),
        web.pipelines.clone(),
        web.logs.clone(),
        web.cluster.clone(),
        web.artifacts.clone(),
        TaskTokens::new(&web.sealer),
    );
    pipelines.tick().await.unwrap();
    let mut tx = web.store.begin().await.unwrap();
    tx.exec("UPDATE pipeline_runs SET live = 0 WHERE id = $1", server::args![id]).await.unwrap();
    tx.commit().await.unwrap();
    web.store.tasks(id).await.unwrap().pop().unwrap()
}

/// A version of an environment of the team, ready on the disk.
async fn environment(w: &World, name: &str, version: i64, digest: &str) -> String {
    let store = &w.web.store;
    // Ids follow the clock.
    w.clock.advance(1);
    let team = team(w).await;
    let (id, of) = (ids::new_id(&**store.clock()), format!("e-{name}"));
    let mut tx = store.begin().await.unwrap();
    if version == 1 {
        tx.environment_insert(&of, Some(&team), name, "").await.unwrap();
    } else {
        assert!(tx.environment_set_latest(&of, version, "").await.unwrap());
    }
    tx.environment_version_insert(&NewEnvVersion {
        id: &id,
        environment_id: &of,
        version,
        requirements: "six\n",
        lock_text: Some("six==1.17.0\n"),
        image: None,
        digest,
        build: Build::Ready,
        reason: None,
        packages: "[]",
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let folder = digest::folder(&w.web.config.cache, digest);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(digest::MARKER), "x".repeat(100)).unwrap();
    id
}

async fn team(w: &World) -> String {
    let store = &w.web.store;
    let user = store.user_by_name("mia").await.unwrap().unwrap();
    store.team_of("forecast", &user.id).await.unwrap().unwrap().0.id
}

#[tokio::test]
async fn an_environment_that_nobody_needs() {
    let w = World::new().await;
    let old = environment(&w, "torch", 1, "d1").await;
    assert!(list(&w.vic).await.is_empty(), "the newest of its environment");
    environment(&w, "torch", 2, "d2").await;
    environment(&w, "pipeline-0123456789ab", 1, "d3").await;
    let found = list(&w.vic).await;
    let names: Vec<&str> = found.iter().map(|i| i["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["torch v1", "pipeline-0123456789ab v1"]);
    let item = format!("environment:{old}");
    w.eve.post("/api/v1/teams/elsewhere/clean-up", json!({ "items": [item] })).await.is(409);

    // A deployment that can be rolled back to it keeps it, until it is no more.
    let team = team(&w).await;
    let mut tx = w.web.store.begin().await.unwrap();
    tx.deployment_insert("d", &team, "web", 1).await.unwrap();
    tx.exec(
        "INSERT INTO revisions (id, deployment_id, team_id, number, model, version, runtime, environment, environment_version,
         environment_version_id, cpu_millis, memory_bytes, gpus, env_json, secrets_json, state, created_by, attempts, created_at, serving_at)
         VALUES ('r', 'd', $1, 7, 'iris', 1, 'x', 'torch', 1, $2, 1, 1, 0, '{}', '[]', 'retired', 'ada', 0, 0, 1)",
        server::args![&team, &old],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let refused = free(&w.mia, &item).await.is(409).json().to_string();
    assert!(refused.contains("Revision 7 of the deployment web runs in it, or can be rolled back to."), "{refused}");
    assert_eq!(list(&w.vic).await[0]["kept"], "Revision 7 of the deployment web runs in it, or can be rolled back to.");
    let mut tx = w.web.store.begin().await.unwrap();
    tx.exec("UPDATE deployments SET desired = 'deleted' WHERE id = 'd'", server::args![]).await.unwrap();
    tx.commit().await.unwrap();

    free(&w.mia, &item).await.is(200);
    let names: Vec<Value> = list(&w.vic).await.iter().map(|i| i["name"].clone()).collect();
    assert_eq!(names, ["pipeline-0123456789ab v1"]);
    let row = w.web.store.environment_version(&old).await.unwrap().unwrap();
    assert!(row.freed_at.is_some() && row.build() == Build::Ready);
    assert_eq!(server::environments::free::take(&w.web.config.cache, "d1").unwrap(), Taken::Gone);
    let wait = server::environments::awaits::again(&w.web.store, Some(&w.web.config.cache), &old).await.unwrap();
    assert!(wait.is_some(), "who needs it waits");
    let row = w.web.store.environment_version(&old).await.unwrap().unwrap();
    assert_eq!((row.freed_at, row.build()), (None, Build::Queued), "and it is made again");
}

#[tokio::test]
async fn the_page_shows_it_and_its_form_frees() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let mut items = Vec::new();
    for _ in 0..2 {
        let (id, _) = run(&ada, &["x"]).await;
        delete(&ada, &id).await;
        items.push(format!("run:{id}"));
    }
    let page = "/teams/forecast/team?tab=clean-up";
    let html = |answer: super::world::Answer| String::from_utf8_lossy(&answer.is(200).body).into_owned();
    let seen = html(w.mia.with("accept", "text/html").get(page).await);
    assert!(seen.contains("2 things can be freed") && seen.contains("Free all of these") && seen.contains(&items[0]));
    let seen = html(w.vic.with("accept", "text/html").get(page).await);
    assert!(!seen.contains("Free all of these") && seen.contains("Can be freed by a maintainer"));
    w.mia.form(page, CLEAN_UP, &[("items", &items[0]), ("items", &items[1])]).await.is(303);
    let seen = html(w.mia.with("accept", "text/html").get(page).await);
    assert!(seen.contains("There is nothing to clean up."));
}
