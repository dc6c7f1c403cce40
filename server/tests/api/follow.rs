//! A deployment that follows an alias: whatever it points at is served.

use super::deployments::{Desk, IRIS, LIST, passes, predict};
use axum::http::Method;
use serde_json::{Value, json};
use server::reconcile::{Task, promotions::Promotions};

const ALIAS: &str = "/api/v1/teams/forecast/models/iris/aliases/live";

async fn points_at(d: &Desk, version: i64) {
    d.w.clock.advance(1);
    d.w.mia.put(ALIAS, json!({ "version": version })).await.is(200);
}

/// A deployment that follows `@live`, which points at version 1; it serves.
async fn following() -> Desk {
    let d = Desk::new().await;
    points_at(&d, 1).await;
    d.w.ada.post(LIST, json!({ "name": "iris", "model": "iris", "alias": "@live" })).await.is(201);
    let spec = d.told().await;
    d.serve(&spec, "one", passes()).await;
    d
}

/// Number, state, version, who, alias; newest first.
async fn revisions(d: &Desk) -> Vec<(i64, String, i64, String, String)> {
    let page = d.w.vic.get(&format!("{IRIS}/revisions")).await.is(200).json();
    let of = |r: &Value| {
        let word = |key: &str| r[key].as_str().unwrap_or_default().to_owned();
        (r["number"].as_i64().unwrap(), word("state"), r["version"].as_i64().unwrap(), word("by"), word("alias"))
    };
    page["items"].as_array().unwrap().iter().map(of).collect()
}

fn is(number: i64, state: &str, version: i64, by: &str, alias: &str) -> (i64, String, i64, String, String) {
    (number, state.into(), version, by.into(), alias.into())
}

#[tokio::test]
async fn whatever_it_points_at_is_served() {
    let d = following().await;
    assert_eq!(d.iris().await["follows"], json!({ "model": "iris", "alias": "live", "version": 1 }));
    points_at(&d, 2).await;
    // However often it is looked at, and by however many at once, there is one new revision.
    let (a, b) = tokio::join!(d.following.tick(), d.following.tick());
    a.unwrap();
    b.unwrap();
    let second = d.told().await;
    assert_eq!(revisions(&d).await[0], is(2, "starting", 2, "mia", "live"), "who moved the alias allowed it");
    d.serve(&second, "two", passes()).await;
    let token = d.w.vic.token("forecast", "viewer").await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "two");
    let entry = d.w.vic.get(&format!("{IRIS}/ledger")).await.is(200).json()["items"][0].clone();
    assert_eq!((&entry["version"], &entry["by"], &entry["alias"]), (&json!(2), &json!("mia"), &json!("live")));
    let told = d.w.vic.get("/api/v1/teams/forecast/events?action=follow").await.is(200).json();
    assert_eq!((&told["items"][0]["actor"], &told["items"][0]["after"]["alias"]), (&json!("slipway"), &json!("live")));

    // Moved on while one is on its way: that one is given up.
    points_at(&d, 3).await;
    d.told().await;
    points_at(&d, 1).await;
    let last = d.told().await;
    d.serve(&last, "one again", passes()).await;
    let expected = [
        is(4, "serving", 1, "mia", "live"),
        is(3, "retired", 3, "mia", "live"),
        is(2, "retired", 2, "mia", "live"),
        is(1, "retired", 1, "ada", "live"),
    ];
    assert_eq!(revisions(&d).await, expected);

    // Removed, it leaves what serves as it is.
    d.w.mia.delete(ALIAS).await.is(204);
    d.settle().await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "one again");
    assert_eq!(d.iris().await["follows"], json!({ "model": "iris", "alias": "live" }));
    points_at(&d, 2).await;
    d.told().await;
    assert_eq!(revisions(&d).await[0].2, 2, "it is there again");
}

#[tokio::test]
async fn what_cannot_be_served_leaves_what_serves() {
    let d = following().await;
    points_at(&d, 4).await;
    for _ in 0..2 {
        d.settle().await;
        let first = revisions(&d).await[0].clone();
        assert_eq!(first, is(2, "failed", 4, "mia", "live"));
    }
    let iris = d.iris().await;
    let reason = iris["reason"].as_str().unwrap();
    assert!(iris["state"] == "running" && reason.starts_with("Revision 2 did not take over: iris v4 cannot be served"), "{iris}");
    points_at(&d, 3).await;
    let spec = d.told().await;
    d.serve(&spec, "three", passes()).await;
    assert_eq!((revisions(&d).await[0].clone(), &d.iris().await["reason"]), (is(3, "serving", 3, "mia", "live"), &Value::Null));
}

#[tokio::test]
async fn a_version_or_a_way_back_ends_it_and_an_alias_begins_it() {
    let d = following().await;
    let spec = {
        points_at(&d, 2).await;
        d.told().await
    };
    d.serve(&spec, "two", passes()).await;
    d.w.ada.post(&format!("{IRIS}/roll-back"), json!({ "to": 1 })).await.is(200);
    let spec = d.told().await;
    d.serve(&spec, "one", passes()).await;
    assert_eq!(d.iris().await["follows"], Value::Null);
    points_at(&d, 3).await;
    d.settle().await;
    assert_eq!(revisions(&d).await[0], is(3, "serving", 1, "ada", ""), "it does not lead away again");

    d.w.ada.post(&format!("{IRIS}/redeploy"), json!({ "alias": "live", "version": 1 })).await.is(200);
    d.told().await;
    assert_eq!(revisions(&d).await[0], is(4, "starting", 3, "ada", "live"), "the alias outranks the version");
    d.w.ada.post(&format!("{IRIS}/redeploy"), json!({ "version": 2 })).await.is(200);
    assert_eq!(d.iris().await["follows"], Value::Null);
    let redeploy = format!("{IRIS}/redeploy");
    assert_eq!(d.w.ada.post(&redeploy, json!({ "alias": "none" })).await.is(422).field(), "alias");
    // Where nothing is named it is what serves, and not what is on its way, in other circumstances.
    let anew = d.w.ada.post(&redeploy, json!({ "env": { "A": "1" } })).await.is(200).json();
    assert_eq!((&anew["next"]["version"], &anew["next"]["env"]["A"], &anew["follows"]), (&json!(1), &json!("1"), &Value::Null));
    d.w.ada.post(&redeploy, json!({ "alias": "live" })).await.is(200);
    let anew = d.w.ada.post(&redeploy, json!({ "env": {} })).await.is(200).json();
    assert_eq!((&anew["next"]["version"], &anew["follows"]["alias"]), (&json!(3), &json!("live")));
    let twice = json!({ "env": { "KEY": "1" }, "secrets": [{ "env": "KEY", "secret": "warehouse" }] });
    d.w.mia.put("/api/v1/teams/forecast/secrets/warehouse", json!({ "value": "s3cret" })).await.is(200);
    assert_eq!(d.w.ada.post(&redeploy, twice).await.is(422).field(), "secrets");
    assert_eq!(d.w.ada.post(LIST, json!({ "name": "x", "model": "rose", "alias": "live" })).await.is(422).field(), "model");
}

#[tokio::test]
async fn stopped_it_waits_and_a_renamed_model_is_followed() {
    let d = following().await;
    d.w.ada.post(&format!("{IRIS}/stop"), json!({})).await.is(204);
    d.settle().await;
    points_at(&d, 2).await;
    d.settle().await;
    assert_eq!(revisions(&d).await.len(), 1);
    let program = d.w.ada.token("forecast", "editor").await;
    let body = json!({ "name": "iris", "new_name": "lily" }).to_string();
    program.send(Method::POST, "/api/2.0/mlflow/registered-models/rename", "application/json", body).await.is(200);
    d.w.ada.post(&format!("{IRIS}/start"), json!({})).await.is(204);
    let iris = d.iris().await;
    assert_eq!((&iris["serving"], &iris["next"]["version"]), (&Value::Null, &json!(2)), "not first what it pointed at before");
    let started = d.w.vic.get("/api/v1/teams/forecast/events?action=start").await.is(200).json();
    assert_eq!(started["items"][0]["actor"], "ada");
    d.told().await;
    assert_eq!(revisions(&d).await[0], is(2, "starting", 2, "mia", "live"));
    assert_eq!(d.iris().await["follows"]["model"], "lily");
}

#[tokio::test]
async fn the_pages_say_so() {
    let d = following().await;
    let page = async |path: &str| {
        let page = d.w.ada.with("accept", "text/html").get(&format!("/teams/forecast/{path}")).await.is(200);
        String::from_utf8_lossy(&page.body).into_owned()
    };
    assert!(page("deployments").await.contains("follows @live"));
    assert!(page("deployments/iris").await.contains("following @live"));
    let sheet = page("deployments/iris?redeploy=1").await;
    assert!(sheet.contains("name=\"alias\"") && sheet.contains("It follows @live now"), "{sheet}");
    let deploy = page("models/iris/1?deploy=1").await;
    assert!(deploy.contains("Follow an alias") && deploy.contains("@live, v1 now"));
    assert!(!page("models/iris/2?deploy=1").await.contains("Follow an alias"), "no alias points at it");
}

#[tokio::test]
async fn a_promotion_is_followed_and_says_who_approved() {
    let d = Desk::new().await;
    let web = &d.w.web;
    let promotions =
        Promotions { store: web.store.clone(), artifacts: web.artifacts.clone(), logs: web.logs.clone(), cluster: d.w.cluster.clone() };
    let production = "/api/v1/teams/forecast/stages/Production";
    d.w.mia.put(production, json!({ "gates": [], "approvals": 1, "protect": true })).await.is(200);
    let promote = async |version: i64| {
        d.w.clock.advance(1);
        let body = json!({ "model": "iris", "version": version, "stage": "Production" });
        let asked = d.w.ada.post("/api/v1/teams/forecast/promotions", body).await.is(201).json();
        promotions.tick().await.unwrap();
        let path = format!("/api/v1/teams/forecast/promotions/{}/approve", asked["id"].as_str().unwrap());
        d.w.mia.post(&path, json!({})).await.is(200);
        promotions.tick().await.unwrap();
    };
    promote(1).await;
    d.w.vic.post(LIST, json!({ "name": "iris", "model": "iris", "alias": "production" })).await.is(403);
    d.w.mia.post(LIST, json!({ "name": "iris", "model": "iris", "alias": "production" })).await.is(201);
    let spec = d.told().await;
    d.serve(&spec, "one", passes()).await;
    promote(2).await;
    let spec = d.told().await;
    d.serve(&spec, "two", passes()).await;
    let entry = d.w.vic.get(&format!("{IRIS}/ledger")).await.is(200).json()["items"][0].clone();
    assert_eq!((&entry["version"], &entry["by"], &entry["approved_by"]), (&json!(2), &json!("ada"), &json!(["mia"])), "{entry}");
}
