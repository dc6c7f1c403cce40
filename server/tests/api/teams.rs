//! Teams, members, secrets, quotas.

use super::world::World;
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
