//! Cookies count only from our own pages.

use super::world::{ORIGIN, World};
use serde_json::json;

#[tokio::test]
async fn a_cookie_without_proof_of_origin_reads_and_changes_nothing() {
    let w = World::new().await;
    let bare = w.ada.without("origin");
    bare.get("/api/v1/me").await.is(403);
    bare.post("/api/v1/teams", json!({ "name": "x" })).await.is(403);
    bare.with("sec-fetch-site", "same-origin").get("/api/v1/me").await.is(200);
    bare.with("referer", &format!("{ORIGIN}/teams/forecast")).get("/api/v1/me").await.is(200);
}

#[tokio::test]
async fn the_notebook_origin_is_foreign() {
    let w = World::new().await;
    let notebook = w.ada.without("origin").with("origin", "http://portal.test:8081").with("sec-fetch-site", "same-site");
    notebook.get("/api/v1/me").await.is(403);
    notebook.post("/api/v1/tokens", json!({ "name": "t", "team": "forecast", "role": "editor" })).await.is(403);
}

#[tokio::test]
async fn nobody_signs_others_in_from_afar() {
    let w = World::new().await;
    let evil = w.nobody.with("origin", "http://evil.test");
    evil.post("/api/v1/session", json!({ "user": "eve", "password": super::world::PASSWORD })).await.is(403);
}

#[tokio::test]
async fn a_token_needs_no_origin() {
    let w = World::new().await;
    w.ada.token("forecast", "viewer").await.get("/api/v1/me").await.is(200);
}
