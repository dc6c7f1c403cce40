//! What is said of promotions that are over, and what stays protected by them.

use super::promotions::{ALL, Desk, PRODUCTION};
use axum::http::Method;
use serde_json::json;
use server::models::location::path_of;

const VIC: &str = "/api/v1/teams/forecast/members/vic";

#[tokio::test]
async fn what_is_over_keeps_what_it_needed_and_who_counted() {
    let d = Desk::new().await;
    d.policy(json!({ "approvals": 2, "protect": true })).await;
    d.w.mia.put(VIC, json!({ "role": "maintainer" })).await.is(200);
    let id = d.ask(1).await;
    for by in [&d.w.vic, &d.w.mia] {
        by.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200);
    }
    assert_eq!(d.get(&id).await["state"], "promoted");
    d.w.mia.put(VIC, json!({ "role": "viewer" })).await.is(200);
    d.policy(json!({ "approvals": 3, "protect": true })).await;
    let over = d.get(&id).await;
    let counts: Vec<_> = over["votes"].as_array().unwrap().iter().map(|v| v["counts"].as_bool()).collect();
    assert_eq!((&over["approvals_needed"], counts), (&json!(2), vec![Some(true); 2]));
    let listed = d.w.vic.get(ALL).await.is(200).json();
    assert_eq!(listed["items"][0]["approvals_needed"], 2);
    let page = d.w.vic.with("accept", "text/html").get(&format!("/teams/forecast/promotions/{id}")).await.is(200);
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(!page.contains("Not given") && !page.contains("does not count"), "{page}");

    // Who asked may say no to it, and that counts; asked anew, what is in force counts.
    d.w.mia.put("/api/v1/teams/forecast/members/ada", json!({ "role": "maintainer" })).await.is(200);
    let id = d.ask(2).await;
    d.w.ada.post(&format!("{ALL}/{id}/refuse"), json!({ "comment": "no good" })).await.is(200);
    let refused = d.get(&id).await;
    assert_eq!((&refused["votes"][0]["counts"], &refused["approvals_needed"]), (&json!(true), &json!(3)));
    let late = d.w.mia.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(409).json();
    assert_eq!(late["detail"], "This promotion is over: Refused by ada: no good");
    d.policy(json!({ "approvals": 1, "protect": true })).await;
    assert_eq!(d.get(&id).await["approvals_needed"], 3);
    d.w.ada.post(&format!("{ALL}/{id}/recheck"), json!({})).await.is(200);
    assert_eq!(d.get(&id).await["approvals_needed"], 1);
}

#[tokio::test]
async fn a_protected_alias_gets_no_other_name_while_something_has_it() {
    let d = Desk::new().await;
    d.policy(json!({ "approvals": 0, "protect": true })).await;
    d.ask(1).await;
    let other = json!({ "alias": "prod", "approvals": 0, "protect": true });
    let refused = d.w.mia.put(PRODUCTION, other.clone()).await.is(409).json();
    assert!(refused["detail"].as_str().unwrap().contains("@production, as of churn"), "{refused}");
    d.w.ada.send(Method::DELETE, "/api/v1/teams/forecast/models/churn/aliases/production", "", "").await.is(403);
    // Said openly, step by step, it can be done.
    d.policy(json!({ "alias": "prod", "approvals": 0, "protect": false })).await;
    d.w.ada.send(Method::PUT, "/api/v1/teams/forecast/models/churn/aliases/prod", "application/json", r#"{"version":1}"#).await.is(200);
    d.policy(other).await;
    d.w.ada.send(Method::DELETE, "/api/v1/teams/forecast/models/churn/aliases/prod", "", "").await.is(403);
}

#[tokio::test]
async fn a_gate_is_answered_though_its_workload_ended_while_files_were_changing() {
    let d = Desk::new().await;
    d.environments().await;
    d.policy(json!({ "gates": ["script quick in train: true"], "approvals": 0 })).await;
    let id = d.ask(1).await;
    let spec = d.spec().await;
    let web = &d.w.web;
    let team = d.w.vic.get("/api/v1/teams/forecast").await.is(200).json()["id"].as_str().unwrap().to_owned();
    let version = web.store.version(&team, "churn", 1).await.unwrap().unwrap();
    let folder = path_of(&version.row.storage).unwrap().unwrap();
    let change = web.artifacts.change(&team, &folder);
    d.end(&spec.id, Some(0)).await;
    let waits = d.get(&id).await;
    assert_eq!((waits["state"].as_str(), waits["gates"][0]["state"].as_str()), (Some("checking"), Some("running")));
    assert!(waits["reason"].as_str().is_some_and(|why| why.contains("under way")), "{waits}");
    drop(change);
    d.settle().await;
    let over = d.get(&id).await;
    assert_eq!(
        (&over["state"], &over["gates"][0]["state"], &over["reason"]),
        (&json!("promoted"), &json!("passed"), &serde_json::Value::Null)
    );
}
