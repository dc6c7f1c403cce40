//! The ledger of a deployment: what served at a moment, and the way back to it.

use super::deployments::{Desk, IRIS, LIST, fails, passes, predict};
use axum::http::Method;
use serde_json::{Value, json};
use server::{
    clock::{Clock, rfc3339},
    cluster::WorkloadSpec,
};

const MLFLOW: &str = "/api/2.0/mlflow";

async fn ledger(d: &Desk, query: &str) -> Vec<Value> {
    let page = d.w.vic.get(&format!("{IRIS}/ledger{query}")).await.is(200).json();
    page["items"].as_array().unwrap().clone()
}

/// Revision, how it ended, who ended it.
fn words(entries: &[Value]) -> Vec<(i64, String, String)> {
    let word = |e: &Value, key: &str| e[key].as_str().unwrap_or_default().to_owned();
    entries.iter().map(|e| (e["revision"].as_i64().unwrap(), word(e, "ended"), word(e, "ended_by"))).collect()
}

fn is(revision: i64, ended: &str, by: &str) -> (i64, String, String) {
    (revision, ended.into(), by.into())
}

/// A moment between two others.
fn moment(d: &Desk) -> String {
    d.w.clock.advance(60_000);
    let now = rfc3339(d.w.clock.now());
    d.w.clock.advance(60_000);
    now
}

async fn at(d: &Desk, moment: &str) -> Vec<i64> {
    ledger(d, &format!("?at={moment}")).await.iter().map(|e| e["revision"].as_i64().unwrap()).collect()
}

async fn roll_back(d: &Desk, to: i64) -> WorkloadSpec {
    d.w.ada.post(&format!("{IRIS}/roll-back"), json!({ "to": to })).await.is(200);
    d.told().await
}

/// Gives version 1 a run with a commit and data.
async fn origin(d: &Desk) -> String {
    let ada = d.w.ada.token("forecast", "editor").await;
    let tags = json!([{ "key": "mlflow.source.git.commit", "value": "1b90d77" }]);
    let body = json!({ "experiment_id": "0", "run_name": "calm-heron", "tags": tags });
    let run = ada.post(&format!("{MLFLOW}/runs/create"), body).await.is(200).json();
    let id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let data = json!({ "name": "flowers", "digest": "d1", "source_type": "local", "source": "x" });
    let body = json!({ "run_id": id, "datasets": [{ "dataset": data, "tags": [] }] });
    ada.post(&format!("{MLFLOW}/runs/log-inputs"), body).await.is(200);
    let mut tx = d.w.web.store.begin().await.unwrap();
    tx.exec("UPDATE model_versions SET run_id = $1 WHERE id = 'v1'", server::args![&id]).await.unwrap();
    tx.commit().await.unwrap();
    id
}

#[tokio::test]
async fn what_served_at_a_moment_and_who_allowed_it() {
    let d = Desk::new().await;
    let run = origin(&d).await;
    let before = moment(&d);
    let first = d.deploy().await;
    assert!(ledger(&d, "").await.is_empty(), "it does not serve yet");
    d.serve(&first, "one", passes()).await;
    let one = moment(&d);
    let second = d.redeploy(2).await;
    d.serve(&second, "two", passes()).await;
    let two = moment(&d);
    // From the answer on no request is served, whatever the reconciler has come to.
    d.w.mia.post(&format!("{IRIS}/stop"), json!({})).await.is(204);
    let entries = ledger(&d, "").await;
    assert_eq!(words(&entries), [is(2, "stopped", "mia"), is(1, "replaced", "ada")]);
    assert_eq!(d.iris().await["serving"]["state"], "retired");
    d.settle().await;
    let off = moment(&d);
    d.w.ada.post(&format!("{IRIS}/start"), json!({})).await.is(204);
    let again = d.told().await;
    let starting = moment(&d);
    d.serve(&again, "two", passes()).await;
    let on = moment(&d);

    for (moment, revisions) in [(&before, vec![]), (&one, vec![1]), (&two, vec![2]), (&off, vec![]), (&starting, vec![]), (&on, vec![2])] {
        assert_eq!(at(&d, moment).await, revisions, "{moment}");
    }
    // The same moment with an offset.
    let plain = one.trim_end_matches('Z').replacen("T12:", "T14:", 1);
    assert_eq!(at(&d, &format!("{plain}%2B02:00")).await, [1], "{one}");
    let entry = ledger(&d, &format!("?at={one}")).await.remove(0);
    assert_eq!((&entry["model"], &entry["version"], &entry["by"]), (&json!("iris"), &json!(1), &json!("ada")));
    assert_eq!((&entry["run_id"], &entry["run_name"], &entry["commit"]), (&json!(run), &json!("calm-heron"), &json!("1b90d77")));
    assert_eq!((&entry["datasets"][0]["name"], &entry["datasets"][0]["digest"]), (&json!("flowers"), &json!("d1")));
    assert_eq!((&entry["environment"], &entry["environment_digest"]), (&json!("serve v1"), &json!("abc")));
    assert_eq!(entry["digest"].as_str().unwrap().len(), 64);
    let told = d.w.vic.get(&format!("{IRIS}/ledger?at=yesterday")).await.is(422);
    assert_eq!(told.field(), "at");

    // Pages follow each other.
    let first = d.w.vic.get(&format!("{IRIS}/ledger?page_size=2")).await.is(200).json();
    let token = first["next_page_token"].as_str().unwrap();
    assert_eq!(words(&ledger(&d, &format!("?page_size=2&page_token={token}")).await), [is(1, "replaced", "ada")]);

    d.w.eve.get(&format!("{IRIS}/ledger")).await.is(404);
    d.w.vic.get("/api/v1/teams/forecast/deployments/none/ledger").await.is(404);
    d.w.vic.get("/api/v1/teams/forecast/deployments/none/ledger/export").await.is(404);
}

#[tokio::test]
async fn stopped_and_started_before_anybody_looked() {
    let d = Desk::new().await;
    let spec = d.deploy().await;
    d.serve(&spec, "one", passes()).await;
    let token = d.w.vic.token("forecast", "viewer").await;
    d.w.clock.advance(1000);
    d.w.ada.post(&format!("{IRIS}/stop"), json!({})).await.is(204);
    d.w.web.gateway.routes.refresh(&d.w.web.store).await.unwrap();
    predict(&token, "{}").await.is(503);
    d.w.clock.advance(1000);
    d.w.ada.post(&format!("{IRIS}/start"), json!({})).await.is(204);
    d.settle().await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "one", "the replica had not been told to end");
    assert_eq!(words(&ledger(&d, "").await), [is(1, "", ""), is(1, "stopped", "ada")]);
}

#[tokio::test]
async fn back_to_what_served_before() {
    let d = Desk::new().await;
    let first = d.deploy().await;
    d.serve(&first, "good", passes()).await;
    let second = d.redeploy(2).await;
    d.serve(&second, "bad", passes()).await;
    let third = d.redeploy(3).await;
    d.serve(&third, "worse", fails()).await;
    let token = d.w.vic.token("forecast", "viewer").await;
    let back = format!("{IRIS}/roll-back");

    assert_eq!(d.w.ada.post(&back, json!({ "to": 9 })).await.is(422).field(), "to");
    let never = d.w.ada.post(&back, json!({ "to": 3 })).await.is(422).json();
    assert!(never["detail"].as_str().unwrap().starts_with("Revision 3 never served"), "{never}");
    d.w.ada.post(&back, json!({ "to": 2 })).await.is(409);
    let seen = d.iris().await["revision"].as_i64().unwrap();
    d.w.ada.post(&back, json!({ "to": 1, "revision": seen - 1 })).await.is(409);
    d.w.vic.post(&back, json!({ "to": 1 })).await.is(403);
    d.w.eve.post(&back, json!({ "to": 1 })).await.is(404);

    // A newer version of the environment does not come along.
    let mut tx = d.w.web.store.begin().await.unwrap();
    tx.exec("UPDATE revisions SET env_json = '{\"A\":\"1\"}', memory_bytes = 123456789 WHERE number = 1", vec![]).await.unwrap();
    tx.commit().await.unwrap();
    let again = roll_back(&d, 1).await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "bad", "until it is ready");
    assert_eq!((again.env["A"].as_str(), again.resources.memory_bytes), ("1", 123_456_789));
    assert!(again.command.join(" ").contains("--version 1"));
    d.serve(&again, "good again", passes()).await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "good again");
    let iris = d.iris().await;
    assert_eq!((&iris["serving"]["number"], &iris["serving"]["rolled_back_to"]), (&json!(4), &json!(1)));
    let entries = ledger(&d, "").await;
    assert_eq!(words(&entries), [is(4, "", ""), is(2, "rolled_back", "ada"), is(1, "replaced", "ada")]);
    assert_eq!(entries[0]["rolled_back_to"], 1);

    let page = d.w.ada.with("accept", "text/html").get("/teams/forecast/deployments/iris").await.is(200);
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert!(
        html.contains("Roll back to revision 1") && html.contains("Roll back to revision 2") && !html.contains("Roll back to revision 4")
    );
    let page = d.w.vic.with("accept", "text/html").get("/teams/forecast/deployments/iris?at=2020-01-01T00:00").await.is(200);
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert!(html.contains("Nothing served then") && !html.contains("Roll back to"));
}

#[tokio::test]
async fn what_can_be_rolled_back_to_is_kept() {
    let d = Desk::new().await;
    let first = d.deploy().await;
    d.serve(&first, "one", passes()).await;
    let second = d.redeploy(2).await;
    d.serve(&second, "two", passes()).await;
    let ada = d.w.ada.token("forecast", "editor").await;
    let delete = async |version: &str| {
        let body = json!({ "name": "iris", "version": version }).to_string();
        ada.send(Method::DELETE, &format!("{MLFLOW}/model-versions/delete"), "application/json", body).await
    };
    let model = async || {
        let body = json!({ "name": "iris" }).to_string();
        ada.send(Method::DELETE, &format!("{MLFLOW}/registered-models/delete"), "application/json", body).await
    };
    let refused = delete("1").await;
    let text = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(refused.status.is_client_error() && text.contains("the deployment iris serves it, or can be rolled back to it"), "{text}");
    assert!(model().await.status.is_client_error());
    delete("3").await.is(200);

    // Renamed it is still found.
    ada.post(&format!("{MLFLOW}/registered-models/rename"), json!({ "name": "iris", "new_name": "lily" })).await.is(200);
    let again = roll_back(&d, 1).await;
    d.serve(&again, "one again", passes()).await;
    assert_eq!((&d.iris().await["serving"]["model"], ledger(&d, "").await[0]["version"].as_i64()), (&json!("lily"), Some(1)));
    ada.post(&format!("{MLFLOW}/registered-models/rename"), json!({ "name": "lily", "new_name": "iris" })).await.is(200);

    // What served is told after all of it is gone, and of the next one of the name as well.
    d.w.clock.advance(1000);
    d.w.mia.delete(IRIS).await.is(204);
    d.settle().await;
    d.w.vic.get(IRIS).await.is(404);
    delete("1").await.is(200);
    model().await.is(200);
    let entries = ledger(&d, "").await;
    assert_eq!(words(&entries), [is(3, "deleted", "mia"), is(2, "rolled_back", "ada"), is(1, "replaced", "ada")]);
    assert!(entries.iter().all(|e| e["kept"] == false && e["environment"] == "serve v1"), "{entries:?}");
    d.w.ada.post(&format!("{IRIS}/roll-back"), json!({ "to": 1 })).await.is(404);
}

#[tokio::test]
async fn files_of_what_is_kept_stay() {
    let d = Desk::new().await;
    let ada = d.w.ada.token("forecast", "editor").await;
    let run = ada.post(&format!("{MLFLOW}/runs/create"), json!({ "experiment_id": "0" })).await.is(200).json();
    let root =
        run["run"]["info"]["artifact_uri"].as_str().unwrap().trim_start_matches("mlflow-artifacts:/").trim_start_matches('/').to_owned();
    let files = format!("/api/2.0/mlflow-artifacts/artifacts/{root}");
    for file in ["model/MLmodel", "model/data/x", "other/y"] {
        let text = "flavors:\n  python_function:\n    loader_module: x\n";
        ada.send(Method::PUT, &format!("{files}/{file}"), "", text).await.is(200);
    }
    let mut tx = d.w.web.store.begin().await.unwrap();
    let storage = format!("mlflow-artifacts:/{root}/model");
    tx.exec("UPDATE model_versions SET storage = $1 WHERE id = 'v1'", server::args![&storage]).await.unwrap();
    tx.commit().await.unwrap();
    let spec = d.deploy().await;
    d.serve(&spec, "one", passes()).await;
    for kept in ["model", "model/data", "model/data/x", ""] {
        let path = format!("{files}/{kept}");
        let answer = ada.delete(path.trim_end_matches('/')).await;
        assert!(answer.status.is_client_error(), "{kept}: {}", answer.status);
    }
    ada.delete(&format!("{files}/other/y")).await.is(200);
    d.w.ada.delete(IRIS).await.is(204);
    d.settle().await;
    ada.delete(&format!("{files}/model")).await.is(200);
}

#[tokio::test]
async fn the_ledger_as_a_file() {
    let d = Desk::new().await;
    origin(&d).await;
    let spec = d.deploy().await;
    d.serve(&spec, "one", passes()).await;
    let second = d.redeploy(2).await;
    d.serve(&second, "two", passes()).await;
    let table = d.w.vic.get(&format!("{IRIS}/ledger/export")).await.is(200);
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(table.headers["content-disposition"], "attachment; filename=\"iris-ledger.csv\"");
    let text = String::from_utf8(table.body.to_vec()).unwrap();
    let rows: Vec<&str> = text.split_terminator("\r\n").collect();
    assert!(rows.len() == 3 && rows[0].starts_with("from,until,ended,") && rows[2].contains(",calm-heron,1b90d77,,flowers d1,"), "{text}");
    let lines = d.w.vic.get(&format!("{IRIS}/ledger/export?format=jsonl")).await.is(200);
    let text = String::from_utf8(lines.body.to_vec()).unwrap();
    let entries: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(entries, ledger(&d, "").await);
    d.w.vic.get(&format!("{IRIS}/ledger/export?format=xml")).await.is(422);
    d.w.eve.get(&format!("{IRIS}/ledger/export")).await.is(404);
    d.w.ada.post(LIST, json!({ "name": "other", "model": "iris", "version": 1 })).await.is(201);
    let empty = d.w.vic.get("/api/v1/teams/forecast/deployments/other/ledger/export").await.is(200);
    assert_eq!(String::from_utf8(empty.body.to_vec()).unwrap().lines().count(), 1, "only the head");
}
