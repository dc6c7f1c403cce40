//! Tokens.

use super::world::World;
use serde_json::json;

#[tokio::test]
async fn a_token_does_no_more_than_its_role_and_team() {
    let w = World::new().await;
    let viewer = w.mia.token("forecast", "viewer").await;
    viewer.get("/api/v1/teams/forecast").await.is(200);
    viewer.patch("/api/v1/teams/forecast", json!({ "display_name": "x", "revision": 1 })).await.is(403);
    w.mia.post("/api/v1/teams", json!({ "name": "second" })).await.is(201);
    viewer.get("/api/v1/teams/second").await.is(404);
    viewer.post("/api/v1/teams", json!({ "name": "third" })).await.is(403);
    assert_eq!(w.vic.post("/api/v1/tokens", json!({ "name": "t", "team": "forecast", "role": "editor" })).await.is(422).field(), "role");
    w.eve.post("/api/v1/tokens", json!({ "name": "t", "team": "forecast", "role": "viewer" })).await.is(404);
}

#[tokio::test]
async fn the_secret_is_shown_once_and_kept_as_a_hash() {
    let w = World::new().await;
    let made = w.ada.post("/api/v1/tokens", json!({ "name": "ci", "team": "forecast", "role": "editor" })).await.is(201).json();
    let secret = made["token"].as_str().unwrap();
    assert!(secret.starts_with("slip_") && secret.starts_with(made["prefix"].as_str().unwrap()));
    let list = w.ada.get("/api/v1/tokens").await.is(200);
    assert!(!String::from_utf8_lossy(&list.body).contains(secret));
}

#[tokio::test]
async fn basic_takes_the_token_as_password() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let w = World::new().await;
    let made = w.ada.post("/api/v1/tokens", json!({ "name": "b", "team": "forecast", "role": "editor" })).await.is(201).json();
    let basic = STANDARD.encode(format!("anything:{}", made["token"].as_str().unwrap()));
    w.nobody.with("authorization", &format!("Basic {basic}")).get("/api/v1/me").await.is(200);
    w.nobody.with("authorization", "Basic !!!").get("/api/v1/me").await.is(401);
    w.nobody.with("authorization", "Bearer nope").get("/api/v1/me").await.is(401);
    w.nobody.with("authorization", "Digest x").get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn expired_and_revoked_tokens_are_refused() {
    let w = World::new().await;
    let made =
        w.ada.post("/api/v1/tokens", json!({ "name": "s", "team": "forecast", "role": "editor", "expires_in": 60 })).await.is(201).json();
    let program = w.nobody.with("authorization", &format!("Bearer {}", made["token"].as_str().unwrap()));
    program.get("/api/v1/me").await.is(200);
    w.clock.advance(60_001);
    program.get("/api/v1/me").await.is(401);
    let again = w.ada.token("forecast", "editor").await;
    let id = w.ada.get("/api/v1/tokens").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    w.mia.delete(&format!("/api/v1/tokens/{id}")).await.is(404);
    w.ada.delete(&format!("/api/v1/tokens/{id}")).await.is(204);
    again.get("/api/v1/me").await.is(401);
    assert_eq!(
        w.ada.post("/api/v1/tokens", json!({ "name": "s", "team": "forecast", "role": "editor", "expires_in": 0 })).await.is(422).field(),
        "expires_in"
    );
}

#[tokio::test]
async fn a_token_makes_none_that_outlives_it() {
    let w = World::new().await;
    let new = |seconds: Option<i64>| json!({ "name": "t", "team": "forecast", "role": "editor", "expires_in": seconds });
    let made = w.ada.post("/api/v1/tokens", new(Some(600))).await.is(201).json();
    let program = w.nobody.with("authorization", &format!("Bearer {}", made["token"].as_str().unwrap()));
    assert_eq!(program.post("/api/v1/tokens", new(Some(601))).await.is(422).field(), "expires_in");
    let second = program.post("/api/v1/tokens", new(None)).await.is(201).json();
    assert_eq!(second["expires_at"], made["expires_at"]);
    program.post("/api/v1/tokens", new(Some(60))).await.is(201);
}

#[tokio::test]
async fn a_token_for_predictions_does_nothing_else() {
    let w = World::new().await;
    let made =
        w.ada.post("/api/v1/tokens", json!({ "name": "p", "team": "forecast", "role": "viewer", "scope": "predict" })).await.is(201).json();
    let program = w.nobody.with("authorization", &format!("Bearer {}", made["token"].as_str().unwrap()));
    program.get("/api/v1/teams/forecast").await.is(403);
    program.get("/api/v1/tokens").await.is(403);
}

#[tokio::test]
async fn a_member_who_left_takes_the_token_along() {
    let w = World::new().await;
    let token = w.ada.token("forecast", "editor").await;
    w.mia.delete("/api/v1/teams/forecast/members/ada").await.is(204);
    token.get("/api/v1/teams/forecast").await.is(401);
    // It does not come back with its owner.
    w.mia.put("/api/v1/teams/forecast/members/ada", json!({ "role": "editor" })).await.is(200);
    token.get("/api/v1/teams/forecast").await.is(401);
}

/// Each way of losing access, right after a request that left the token in memory.
#[tokio::test]
async fn what_is_taken_away_is_refused_at_once() {
    let w = World::new().await;
    let search = json!({ "experiment_ids": ["0"] });
    let log = "/api/2.0/mlflow/runs/search";
    let ids = async || w.ada.get("/api/v1/tokens").await.json()["items"][0]["id"].as_str().unwrap().to_owned();

    let revoked = w.ada.token("forecast", "editor").await;
    revoked.post(log, search.clone()).await.is(200);
    w.ada.delete(&format!("/api/v1/tokens/{}", ids().await)).await.is(204);
    revoked.post(log, search.clone()).await.is(401);

    let run = w.run("r1").await;
    run.post(log, search.clone()).await.is(200);
    let mut tx = w.web.store.begin().await.unwrap();
    tx.tokens_revoke_of("run", "r1").await.unwrap();
    tx.commit().await.unwrap();
    run.post(log, search.clone()).await.is(401);

    let lesser = w.ada.token("forecast", "editor").await;
    let create = json!({ "experiment_id": "0" });
    lesser.post("/api/2.0/mlflow/runs/create", create.clone()).await.is(200);
    w.mia.put("/api/v1/teams/forecast/members/ada", json!({ "role": "viewer" })).await.is(200);
    lesser.post("/api/2.0/mlflow/runs/create", create).await.is(403);
    lesser.post(log, search.clone()).await.is(200);
    w.mia.delete("/api/v1/teams/forecast/members/ada").await.is(204);
    lesser.post(log, search.clone()).await.is(401);

    let disabled = w.vic.token("forecast", "viewer").await;
    disabled.post(log, search.clone()).await.is(200);
    w.bob.patch("/api/v1/users/vic", json!({ "disabled": true })).await.is(200);
    disabled.post(log, search).await.is(401);
}

#[tokio::test]
async fn what_another_server_takes_away_is_refused_soon() {
    let w = World::new().await;
    let token = w.ada.token("forecast", "editor").await;
    let search = json!({ "experiment_ids": ["0"] });
    token.post("/api/2.0/mlflow/runs/search", search.clone()).await.is(200);
    // Behind the back of this server's caches.
    let mut tx = w.web.store.begin().await.unwrap();
    tx.exec("UPDATE tokens SET revoked_at = 1", vec![]).await.unwrap();
    tx.commit().await.unwrap();
    w.clock.advance(server::access::known::FRESH);
    token.post("/api/2.0/mlflow/runs/search", search).await.is(401);
}
