//! Signing in and out, sessions, the first admin.

use super::world::{NOON, ORIGIN, PASSWORD, World};
use serde_json::json;

#[tokio::test]
async fn wrong_passwords_and_unknown_users_answer_alike() {
    let w = World::new().await;
    let wrong = w.nobody.post("/api/v1/session", json!({ "user": "ada", "password": "nope nope nope" })).await.is(401);
    let unknown = w.nobody.post("/api/v1/session", json!({ "user": "zoe", "password": "nope nope nope" })).await.is(401);
    assert_eq!(wrong.json(), unknown.json());
}

#[tokio::test]
async fn the_cookie_is_http_only_lax_and_new_at_each_sign_in() {
    let w = World::new().await;
    let old = w.ada.headers[0].1.clone();
    let again = w.ada.post("/api/v1/session", json!({ "user": "ada", "password": PASSWORD })).await.is(200);
    let cookie = again.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.starts_with(&old), "{cookie}");
    w.ada.get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn sign_out_ends_the_session() {
    let w = World::new().await;
    w.ada.get("/api/v1/me").await.is(200);
    w.ada.delete("/api/v1/session").await.is(204);
    w.ada.get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn a_session_ends_after_its_longest_time() {
    let w = World::new().await;
    w.clock.advance(w.web.config.session_max_seconds * 1000 + 1);
    w.ada.get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let w = World::new().await;
    let token = w.ada.token("forecast", "editor").await;
    w.bob.patch("/api/v1/users/ada", json!({ "disabled": true })).await.is(200);
    w.ada.get("/api/v1/me").await.is(401);
    token.get("/api/v1/me").await.is(401);
    w.nobody.post("/api/v1/session", json!({ "user": "ada", "password": PASSWORD })).await.is(401);
    w.bob.patch("/api/v1/users/bob", json!({ "disabled": true })).await.is(409);
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let w = World::new().await;
    let other = w.nobody.sign_in("ada").await;
    let body = json!({ "current": "wrong wrong wrong", "new": "another password" });
    assert_eq!(w.ada.post("/api/v1/me/password", body).await.is(422).field(), "current");
    assert_eq!(w.ada.post("/api/v1/me/password", json!({ "current": PASSWORD, "new": "short" })).await.is(422).field(), "new");
    w.ada.post("/api/v1/me/password", json!({ "current": PASSWORD, "new": "another password" })).await.is(204);
    other.get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn pages_send_nobody_to_sign_in_and_hide_foreign_teams() {
    let w = World::new().await;
    let answer = w.nobody.get("/teams/forecast/runs?filter=x").await.is(303);
    assert_eq!(answer.location(), "/sign-in?next=%2Fteams%2Fforecast%2Fruns%3Ffilter%3Dx");
    w.eve.get("/teams/forecast/runs").await.is(404);
    w.ada.get("/admin").await.is(404);
    let page = w.ada.get("/teams/forecast").await.is(200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let scripts = policy.split(';').find(|d| d.trim().starts_with("script-src")).unwrap();
    assert!(!scripts.contains("'unsafe-inline'") && !scripts.contains("'unsafe-eval'") && scripts.contains("'self'"), "{policy}");
}

#[tokio::test]
async fn the_set_up_link_works_once() {
    let w = World::new().await;
    // There is a user already: no link.
    assert!(server::access::first_admin::prepare(&w.web.store, None, None).await.unwrap().is_none());
    w.nobody.post("/api/v1/setup", json!({ "token": "x", "user": "mallory", "password": PASSWORD })).await.is(404);
}

#[tokio::test]
async fn events_tell_who_did_what() {
    let w = World::new().await;
    let page = w.mia.get("/api/v1/teams/forecast/events?kind=member").await.is(200).json();
    let first = &page["items"][0];
    assert_eq!(
        (first["actor"].as_str(), first["action"].as_str(), first["object_name"].as_str()),
        (Some("mia"), Some("create"), Some("vic"))
    );
    assert_eq!(first["time"], server::clock::rfc3339(NOON));
    let one = w.mia.get("/api/v1/teams/forecast/events?page_size=1").await.is(200).json();
    let token = one["next_page_token"].as_str().unwrap();
    let two = w.mia.get(&format!("/api/v1/teams/forecast/events?page_size=1&page_token={token}")).await.is(200).json();
    assert_eq!(two["items"][0]["seq"].as_i64().unwrap(), one["items"][0]["seq"].as_i64().unwrap() - 1);
    assert!(!w.eve.get("/api/v1/teams/elsewhere/events").await.is(200).json().to_string().contains("forecast"));
    assert_eq!(ORIGIN, w.web.config.public_url.as_deref().unwrap());
}
