//! Teams, members, secrets, quotas.

use super::world::{Answer, Person, World};
use serde_json::json;

#[tokio::test]
async fn names_are_checked_and_taken_once() {
    let w = World::new().await;
    assert_eq!(w.ada.post("/api/v1/teams", json!({ "name": "Nope" })).await.is(422).field(), "name");
    assert_eq!(w.ada.post("/api/v1/teams", json!({})).await.is(422).field(), "name");
    assert_eq!(w.ada.post("/api/v1/teams", json!({ "name": 7 })).await.is(422).field(), "name");
    assert_eq!(w.ada.post("/api/v1/teams", json!({ "name": "forecast" })).await.is(409).field(), "name");
}

#[tokio::test]
async fn a_stale_revision_is_a_conflict() {
    let w = World::new().await;
    let body = json!({ "display_name": "F", "revision": 1 });
    w.mia.patch("/api/v1/teams/forecast", body.clone()).await.is(200);
    w.mia.patch("/api/v1/teams/forecast", body).await.is(409);
}

#[tokio::test]
async fn what_somebody_else_changed_meanwhile_is_not_overwritten() {
    let w = World::new().await;
    let sentence = |what: &str| format!("{what} was changed in the meantime.");
    // A role.
    let path = "/api/v1/teams/forecast/members/ada";
    let seen = w.vic.get("/api/v1/teams/forecast/members").await.is(200).json()["items"][0].clone();
    assert_eq!((seen["user"].as_str(), seen["revision"].as_i64()), (Some("ada"), Some(1)));
    let first = w.mia.put(path, json!({ "role": "viewer", "revision": 1 })).await.is(200).json();
    assert_eq!(first["revision"], 2);
    let late = w.mia.put(path, json!({ "role": "maintainer", "revision": 1 })).await.is(409);
    assert_eq!(late.json()["detail"], sentence("The role of ada"));
    w.mia.put(path, json!({ "role": "editor" })).await.is(200);
    // A user.
    let seen = w.bob.patch("/api/v1/users/eve", json!({ "display_name": "E", "revision": 1 })).await.is(200).json();
    assert_eq!(seen["revision"], 2);
    let late = w.bob.patch("/api/v1/users/eve", json!({ "disabled": true, "revision": 1 })).await.is(409);
    assert_eq!(late.json()["detail"], sentence("The user eve"));
    w.bob.patch("/api/v1/users/eve", json!({ "disabled": true, "revision": 2 })).await.is(200);
    // A model and a version of it.
    let ada = w.ada.with("x-mlflow-workspace", "forecast");
    ada.post("/api/2.0/mlflow/registered-models/create", json!({ "name": "iris" })).await.is(200);
    let run = ada.post("/api/2.0/mlflow/runs/create", json!({ "experiment_id": "0" })).await.is(200).json();
    let run = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let source = format!("runs:/{run}/model");
    ada.post("/api/2.0/mlflow/model-versions/create", json!({ "name": "iris", "source": source, "run_id": run })).await.is(200);
    for (path, what) in
        [("/api/v1/teams/forecast/models/iris/versions/1", "iris v1"), ("/api/v1/teams/forecast/models/iris", "The model iris")]
    {
        let seen = w.vic.get(path).await.is(200).json()["revision"].as_i64().unwrap();
        let change = json!({ "description": "new", "revision": seen });
        assert!(w.ada.patch(path, change.clone()).await.is(200).json()["revision"].as_i64().unwrap() > seen);
        assert_eq!(w.ada.patch(path, change).await.is(409).json()["detail"], sentence(what));
        w.ada.patch(path, json!({ "description": "newer" })).await.is(200);
    }
}

#[tokio::test]
async fn a_team_keeps_a_maintainer() {
    let w = World::new().await;
    w.mia.put("/api/v1/teams/forecast/members/mia", json!({ "role": "viewer" })).await.is(409);
    w.mia.delete("/api/v1/teams/forecast/members/mia").await.is(409);
    w.mia.put("/api/v1/teams/forecast/members/ada", json!({ "role": "maintainer" })).await.is(200);
    w.mia.delete("/api/v1/teams/forecast/members/mia").await.is(204);
    w.mia.get("/api/v1/teams/forecast").await.is(404);
    assert_eq!(w.ada.get("/api/v1/teams/forecast").await.is(200).json()["members"], 2);
}

#[tokio::test]
async fn secrets_go_in_and_never_out() {
    let w = World::new().await;
    w.mia.put("/api/v1/teams/forecast/secrets/api-key", json!({ "value": "hunter2-hunter2" })).await.is(200);
    let list = w.vic.get("/api/v1/teams/forecast/secrets").await.is(200);
    assert_eq!(list.json()["items"][0]["name"], "api-key");
    assert!(!String::from_utf8_lossy(&list.body).contains("hunter2"));
    let sealed =
        w.web.store.secret_sealed(w.mia.get("/api/v1/teams/forecast").await.json()["id"].as_str().unwrap(), "api-key").await.unwrap();
    assert!(!sealed.unwrap().contains("hunter2"));
    let events = w.mia.get("/api/v1/teams/forecast/events?kind=secret").await.is(200);
    assert!(!String::from_utf8_lossy(&events.body).contains("hunter2"));
    w.mia.delete("/api/v1/teams/forecast/secrets/api-key").await.is(204);
    w.mia.delete("/api/v1/teams/forecast/secrets/api-key").await.is(404);
}

#[tokio::test]
async fn the_admin_sets_quotas() {
    let w = World::new().await;
    let path = "/api/v1/teams/forecast/quota";
    assert_eq!(w.bob.put(path, json!({ "cpu": "lots", "revision": 1 })).await.is(422).field(), "cpu");
    let quota = w.bob.put(path, json!({ "cpu": "1500m", "memory": "2Gi", "revision": 1 })).await.is(200).json();
    assert_eq!((quota["cpu_millis"].as_i64(), quota["memory_bytes"].as_i64()), (Some(1500), Some(2 << 30)));
    w.bob.put(path, json!({ "revision": 1 })).await.is(409);
    w.mia.put(path, json!({ "revision": 2 })).await.is(403);
}

#[tokio::test]
async fn a_repeated_post_makes_one() {
    let w = World::new().await;
    let mia = w.mia.with("idempotency-key", "k1");
    let body = json!({ "name": "t", "team": "forecast", "role": "viewer" });
    let first = mia.post("/api/v1/tokens", body.clone()).await.is(201).json();
    let again = mia.post("/api/v1/tokens", body).await.is(201);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(first, again.json());
    assert_eq!(w.mia.get("/api/v1/tokens").await.json()["items"].as_array().unwrap().len(), 1);
    mia.post("/api/v1/tokens", json!({ "name": "other", "team": "forecast", "role": "viewer" })).await.is(422);
    w.ada.with("idempotency-key", "k1").post("/api/v1/teams", json!({ "name": "mine" })).await.is(201);
}

#[tokio::test]
async fn what_the_server_died_over_is_done_once() {
    let w = World::new().await;
    let user = w.web.store.user_by_name("mia").await.unwrap().unwrap().id;
    let body = json!({ "name": "t", "team": "forecast", "role": "viewer" });
    let hash = server::ids::sha256(format!("POST /api/v1/tokens\n{body}").into_bytes());
    let mia = |key: &str| w.mia.with("idempotency-key", key);
    // It died before anything was committed: the row of the key is all there is.
    let mut tx = w.web.store.begin().await.unwrap();
    let first = tx.idempotency_claim(&user, "died-before", &hash).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    mia("died-before").post("/api/v1/tokens", body.clone()).await.is(409);
    w.clock.advance(121_000);
    mia("died-before").post("/api/v1/tokens", body.clone()).await.is(201);
    mia("died-before").post("/api/v1/tokens", body.clone()).await.is(201);
    assert_eq!(w.mia.get("/api/v1/tokens").await.json()["items"].as_array().unwrap().len(), 1);
    // What is left of the first request commits nothing any more.
    let late = server::store::idempotency::fenced(first, async { w.web.store.begin().await.unwrap().commit().await }).await;
    assert_eq!(late.unwrap_err().kind, server::error::Kind::Conflict);
    // It died after: the answer is lost, and nothing is made twice.
    let mut tx = w.web.store.begin().await.unwrap();
    let claim = tx.idempotency_claim(&user, "died-after", &hash).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    server::store::idempotency::fenced(claim, async { w.web.store.begin().await.unwrap().commit().await }).await.unwrap();
    w.clock.advance(121_000);
    let told = mia("died-after").post("/api/v1/tokens", body).await.is(409).json();
    assert!(told["detail"].as_str().unwrap().contains("was carried out"), "{told}");
    assert_eq!(w.mia.get("/api/v1/tokens").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn bad_requests_are_told() {
    let w = World::new().await;
    for body in ["", "{", "[]", "null", "{\"name\": \"x\"} {}", "{\"name\":\"\\ud800\"}"] {
        let answer = w.ada.send(http::Method::POST, "/api/v1/teams", "application/json", body).await.is(422);
        assert!(answer.json()["detail"].as_str().unwrap().len() > 10);
    }
    w.ada.send(http::Method::POST, "/api/v1/teams", "text/plain", "x").await.is(422);
    assert_eq!(w.ada.get("/api/v1/teams?page_size=0").await.is(422).field(), "page_size");
    assert_eq!(w.ada.get("/api/v1/teams?page_size=x").await.is(422).field(), "page_size");
    assert_eq!(w.ada.get("/api/v1/teams?page_token=x").await.is(422).field(), "page_token");
    let huge = "x".repeat(40 << 20);
    w.ada.post("/api/v1/teams", json!({ "name": huge })).await.is(413);
    w.ada.get("/api/v1/nothing").await.is(404);
    w.ada.get("/api/v1/teams/%ff").await.is(404);
    w.ada.get("/api/v1/teams/a%00b").await.is(404);
}

#[tokio::test]
async fn pages_of_no_team_keep_the_way_to_the_last_one() {
    let w = World::new().await;
    let page = |who: &Person| who.with("accept", "text/html");
    let text = |a: &Answer| String::from_utf8_lossy(&a.body).into_owned();
    let way = "href=\"/teams/forecast/runs\"";
    let first = page(&w.ada).get("/teams/forecast").await.is(200);
    let cookie = first.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(cookie, "slipway_team=forecast");
    assert!(page(&w.ada).with("cookie", &cookie).get("/teams/forecast").await.is(200).headers.get("set-cookie").is_none());
    let bare = text(&page(&w.ada).get("/account").await.is(200));
    assert!(!bare.contains(way) && bare.contains("<span class=\"t\">Account"), "{bare}");
    assert!(text(&page(&w.ada).with("cookie", &cookie).get("/account").await.is(200)).contains(way));
    // Whoever left the team, or never was in it, is not led there.
    for stale in ["slipway_team=elsewhere", "slipway_team=../x"] {
        assert!(!text(&page(&w.ada).with("cookie", stale).get("/account").await.is(200)).contains("/teams/elsewhere"), "{stale}");
    }
    assert!(page(&w.ada).get("/teams/nothing").await.is(404).headers.get("set-cookie").is_none());
}
