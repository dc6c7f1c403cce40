//! Notices: who is told what, what they choose, and what they read.

use super::{
    notebooks,
    promotions::{ALL, Desk},
    world::{Person, World},
};
use serde_json::{Value, json};
use server::reconcile::{Task, notices::Notices};

const MINE: &str = "/api/v1/me/notices";
const CHOICES: &str = "/api/v1/me/notice-choices";

/// Lets the events be looked at; how many people were told.
pub async fn look(w: &World) -> i64 {
    Notices::new(w.web.store.clone(), w.web.config.portal_url(), w.web.mailer.is_some()).tick().await.expect("a tick")["told"]
}

/// Titles of what somebody was told, newest first.
async fn told(who: &Person) -> Vec<String> {
    let page = who.get(MINE).await.is(200).json();
    page["items"].as_array().expect("a list").iter().map(|n| n["title"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn unread(who: &Person) -> Value {
    who.get(&format!("{MINE}/unread")).await.is(200).json()["unread"].clone()
}

#[tokio::test]
async fn who_can_approve_is_told_and_who_asked_hears_the_end() {
    let d = Desk::new().await;
    let w = &d.w;
    d.policy(json!({ "gates": [], "approvals": 1, "protect": true })).await;
    look(w).await;
    let id = d.ask(2).await;
    assert_eq!(look(w).await, 1);
    assert_eq!(told(&w.mia).await, ["churn v2 to Production waits for your approval"]);
    let notice = w.mia.get(MINE).await.is(200).json()["items"][0].clone();
    assert_eq!((&notice["kind"], &notice["team"], &notice["read"]), (&json!("promotion_waiting"), &json!("forecast"), &json!(false)));
    assert_eq!(notice["href"], format!("/teams/forecast/promotions/{id}"));
    for other in [&w.ada, &w.vic, &w.eve, &w.bob] {
        assert!(told(other).await.is_empty());
    }
    // Looked at again, nothing is told twice.
    assert_eq!(look(w).await, 0);

    w.mia.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200);
    d.settle().await;
    look(w).await;
    assert_eq!(told(&w.ada).await, ["churn v2 to Production was promoted"]);
    // It does not wait for mia any more: she has nothing to read.
    assert_eq!((told(&w.mia).await.len(), unread(&w.mia).await), (1, json!(0)));

    // Whoever ends their own request knows; a refusal comes with its reason.
    let own = d.ask(3).await;
    w.ada.post(&format!("{ALL}/{own}/withdraw"), json!({})).await.is(200);
    let refused = d.ask(3).await;
    w.mia.post(&format!("{ALL}/{refused}/refuse"), json!({ "comment": "Too slow." })).await.is(200);
    look(w).await;
    assert_eq!(told(&w.ada).await, ["churn v3 to Production was refused by mia", "churn v2 to Production was promoted"]);
    assert_eq!(w.ada.get(MINE).await.json()["items"][0]["detail"], "Too slow.");
    // Neither of the two waits any more: mia, who was not told in time, is not told now.
    assert_eq!(told(&w.mia).await.len(), 1);
}

#[tokio::test]
async fn a_notebook_that_others_stop_is_told_to_its_owner() {
    let w = notebooks::world().await;
    notebooks::running(&w, notebooks::nowhere()).await;
    let start = async || {
        w.ada.post(&format!("{}/start", notebooks::LAB), json!({})).await.is(204);
        notebooks::settle(&w).await;
    };
    w.ada.post(&format!("{}/stop", notebooks::LAB), json!({})).await;
    notebooks::settle(&w).await;
    assert_eq!((look(&w).await, unread(&w.ada).await), (0, json!(0)), "their own doing is no news");
    start().await;
    w.mia.post(&format!("{}/stop", notebooks::LAB), json!({})).await;
    notebooks::settle(&w).await;
    assert_eq!(look(&w).await, 1);
    assert_eq!(told(&w.ada).await, ["Your notebook lab was stopped by mia"]);
    assert!(told(&w.mia).await.is_empty());
}

#[tokio::test]
async fn everybody_chooses_and_reads_their_own() {
    let d = Desk::new().await;
    let w = &d.w;
    d.policy(json!({ "gates": [], "approvals": 1, "protect": true })).await;
    let all = w.mia.get(CHOICES).await.is(200).json()["choices"].clone();
    assert_eq!((all.as_array().map(Vec::len), &all[0]), (Some(8), &json!({ "kind": "promotion_waiting", "portal": true, "mail": true })));
    let end = async |id: String| {
        w.mia.post(&format!("{ALL}/{id}/refuse"), json!({})).await.is(200);
        look(w).await;
    };
    // This portal has no mail server, and asks nobody for an address.
    assert!(w.mia.get(CHOICES).await.json().get("mail").is_none());
    w.mia.put(CHOICES, json!({ "portal": [], "address": "mia@example.org" })).await.is(409);
    w.mia.post(&format!("{CHOICES}/test"), json!({})).await.is(409);
    let account = w.mia.with("accept", "text/html").get("/account").await.is(200);
    assert!(!String::from_utf8_lossy(&account.body).contains("Mail address"));
    // Not chosen, not told; a form sends what is ticked.
    let page = "/account";
    w.ada.form(page, CHOICES, &[("_method", "PUT"), ("portal", "run_failed"), ("portal", "notebook_stopped")]).await.is(303);
    let left: Vec<bool> =
        w.ada.get(CHOICES).await.json()["choices"].as_array().expect("a list").iter().map(|c| c["portal"] == true).collect();
    assert_eq!(left, [false, false, true, false, false, false, false, true]);
    end(d.ask(1).await).await;
    assert!(told(&w.ada).await.is_empty());
    w.ada.put(CHOICES, json!({ "portal": ["promotion_ended"] })).await.is(200);
    assert_eq!(w.ada.put(CHOICES, json!({ "portal": ["weather"] })).await.is(422).field(), "portal[0]");
    for version in [1, 2, 3] {
        end(d.ask(version).await).await;
    }
    assert_eq!(unread(&w.ada).await, 3);
    let first = w.ada.get(&format!("{MINE}?page_size=2")).await.is(200).json();
    let token = first["next_page_token"].as_str().expect("another page");
    let rest = w.ada.get(&format!("{MINE}?page_size=2&page_token={token}")).await.is(200).json();
    assert_eq!((first["items"].as_array().map(Vec::len), rest["items"].as_array().map(Vec::len)), (Some(2), Some(1)));
    // One by its number, by a form; then those that were seen; another's are another's.
    let newest = first["items"][0]["id"].as_i64().expect("a number");
    w.ada.form("/notices", &format!("{MINE}/read"), &[("id", &newest.to_string())]).await.is(303);
    assert_eq!(unread(&w.ada).await, 2);
    assert_eq!(w.mia.post(&format!("{MINE}/read"), json!({})).await.is(200).json()["unread"], 0);
    assert_eq!(unread(&w.ada).await, 2);
    let seen = rest["items"][0]["id"].clone();
    assert_eq!(w.ada.post(&format!("{MINE}/read"), json!({ "up_to": seen })).await.is(200).json()["unread"], 1);
    // A token of one's own is for one team, here as well; and chooses nothing.
    w.ada.post("/api/v1/teams", json!({ "name": "second", "display_name": "Second" })).await.is(201);
    let (ours, second) = (w.ada.token("forecast", "viewer").await, w.ada.token("second", "viewer").await);
    assert_eq!((told(&ours).await.len(), unread(&ours).await), (3, json!(1)));
    assert_eq!((told(&second).await.len(), unread(&second).await), (0, json!(0)));
    assert_eq!(second.post(&format!("{MINE}/read"), json!({})).await.is(200).json()["unread"], 0);
    assert_eq!(unread(&w.ada).await, 1, "what the other team's is stays unread");
    ours.put(CHOICES, json!({ "portal": [] })).await.is(403);
    // The page says it, and the bell.
    let html = w.ada.with("accept", "text/html").get("/notices").await.is(200);
    let html = String::from_utf8_lossy(&html.body).into_owned();
    assert!(html.contains("Notices, 1 unread") && html.contains("was refused by mia") && html.contains("Mark all as read"));
    // Who leaves the team sees nothing of it any more.
    w.mia.delete("/api/v1/teams/forecast/members/ada").await.is(204);
    assert_eq!((told(&w.ada).await.len(), unread(&w.ada).await), (0, json!(0)));
}
