//! Two revisions at once: shares, the header that reaches one, requests that stay together, and what the ledger says of it.

use super::{
    deployments::{Desk, IRIS, LIST, fails, passes, predict},
    world::Person,
};
use serde_json::{Value, json};

const REVISION: &str = "x-slipway-revision";

/// `one` serves and `two` is its canary with so many percent.
async fn canary(percent: i64) -> (Desk, Person) {
    let d = Desk::new().await;
    let spec = d.deploy().await;
    d.serve(&spec, "one", passes()).await;
    d.w.ada.post(&format!("{IRIS}/redeploy"), json!({ "version": 2, "canary": percent })).await.is(200);
    let spec = d.told().await;
    assert_eq!(d.iris().await["next_percent"], percent);
    d.serve(&spec, "two", passes()).await;
    let token = d.w.vic.token("forecast", "viewer").await;
    (d, token)
}

async fn set(d: &Desk, percent: i64) {
    d.w.clock.advance(1_000);
    d.w.mia.put(&format!("{IRIS}/canary"), json!({ "percent": percent })).await.is(200);
}

/// How many of so many requests `two` answers; each answer says which revision it came from.
async fn of_two(by: &Person, requests: usize) -> usize {
    let mut two = 0;
    for _ in 0..requests {
        let answer = predict(by, "{}").await.is(200);
        let said = answer.json()["says"] == "two";
        assert_eq!(answer.headers[REVISION], if said { "2" } else { "1" });
        two += usize::from(said);
    }
    two
}

/// Revision, share, how it ended, who ended it, who set the share; newest first.
async fn ledger(d: &Desk) -> Vec<(i64, i64, String, String, String)> {
    let page = d.w.vic.get(&format!("{IRIS}/ledger")).await.is(200).json();
    let of = |e: &Value| {
        let word = |key: &str| e[key].as_str().unwrap_or_default().to_owned();
        (e["revision"].as_i64().unwrap(), e["share"].as_i64().unwrap(), word("ended"), word("ended_by"), word("share_by"))
    };
    page["items"].as_array().unwrap().iter().map(of).collect()
}

fn is(revision: i64, share: i64, ended: &str, ended_by: &str, share_by: &str) -> (i64, i64, String, String, String) {
    (revision, share, ended.into(), ended_by.into(), share_by.into())
}

#[tokio::test]
async fn a_share_a_larger_one_and_all_of_it() {
    let (d, token) = canary(10).await;
    let iris = d.iris().await;
    assert_eq!(
        (&iris["serving"]["number"], &iris["canary"]["revision"]["number"], &iris["canary"]["percent"]),
        (&json!(1), &json!(2), &json!(10))
    );
    assert!((18..=22).contains(&of_two(&token, 200).await));
    set(&d, 50).await;
    assert!((98..=102).contains(&of_two(&token, 200).await), "from the answer on");
    // The one before is not ended by anything.
    d.w.clock.advance(120_000);
    d.settle().await;
    assert!(d.w.cluster.stops().is_empty());
    set(&d, 100).await;
    assert_eq!(of_two(&token, 20).await, 20);
    let iris = d.iris().await;
    assert_eq!((&iris["serving"]["number"], &iris["canary"]), (&json!(2), &Value::Null));
    let told = [
        is(2, 100, "", "", "mia"),
        is(2, 50, "shared", "mia", "mia"),
        is(1, 50, "replaced", "mia", "mia"),
        is(2, 10, "shared", "mia", ""),
        is(1, 90, "shared", "mia", ""),
        is(1, 100, "shared", "ada", ""),
    ];
    assert_eq!(ledger(&d).await, told);
    d.settle().await;
    d.w.clock.advance(2_000);
    d.settle().await;
    assert_eq!(d.w.cluster.stops().len(), 1, "the one before drains");
    d.w.ada.put(&format!("{IRIS}/canary"), json!({ "percent": 10 })).await.is(409);
    let file = d.w.vic.get(&format!("{IRIS}/ledger/export")).await.is(200);
    let text = String::from_utf8_lossy(&file.body).into_owned();
    assert!(text.lines().next().unwrap().contains(",share,share_by,") && text.contains(",other share,mia,50,mia,"), "{text}");
}

#[tokio::test]
async fn what_shared_the_traffic_at_a_moment() {
    let (d, _) = canary(30).await;
    d.w.clock.advance(60_000);
    let moment = server::clock::rfc3339(server::clock::Clock::now(&*d.w.clock));
    d.w.clock.advance(60_000);
    set(&d, 0).await;
    let at = d.w.vic.get(&format!("{IRIS}/ledger?at={moment}")).await.is(200).json();
    let shares: Vec<_> = at["items"].as_array().unwrap().iter().map(|e| (e["revision"].as_i64(), e["share"].as_i64())).collect();
    assert_eq!(shares, [(Some(2), Some(30)), (Some(1), Some(70))]);
    let now = ledger(&d).await;
    assert_eq!(now[..2], [is(1, 100, "", "", "mia"), is(2, 30, "rolled_back", "mia", "")]);
    // Stopping ends both, and what is started again has no canary.
    let (d, token) = canary(30).await;
    d.w.mia.post(&format!("{IRIS}/stop"), json!({})).await.is(204);
    assert_eq!(ledger(&d).await[..2], [is(2, 30, "stopped", "mia", ""), is(1, 70, "stopped", "mia", "")]);
    d.settle().await;
    predict(&token, "{}").await.is(503);
    assert_eq!(d.iris().await["canary"], Value::Null);
    d.w.ada.post(&format!("{IRIS}/start"), json!({})).await.is(204);
    let spec = d.told().await;
    d.serve(&spec, "one", passes()).await;
    assert_eq!((of_two(&token, 10).await, &ledger(&d).await[0]), (0, &is(1, 100, "", "", "")));
}

#[tokio::test]
async fn taken_back_it_gets_nothing_more() {
    let (d, token) = canary(50).await;
    set(&d, 0).await;
    assert_eq!(of_two(&token, 20).await, 0);
    let iris = d.iris().await;
    assert_eq!((&iris["serving"]["number"], &iris["canary"], &iris["latest"]["state"]), (&json!(1), &Value::Null, &json!("retired")));
    let gone = token.with(REVISION, "2");
    let refused = predict(&gone, "{}").await.is(404).json();
    assert_eq!(refused["detail"], "Revision 2 of iris does not serve.");
    // It has served: there is a way back to it, as to any.
    d.w.ada.post(&format!("{IRIS}/roll-back"), json!({ "to": 2 })).await.is(200);
}

#[tokio::test]
async fn a_header_reaches_one_and_another_keeps_callers_together() {
    let (d, token) = canary(1).await;
    let two = token.with(REVISION, "2");
    assert_eq!((of_two(&two, 10).await, of_two(&token.with(REVISION, "1"), 10).await), (10, 0));
    predict(&token.with(REVISION, "7"), "{}").await.is(404);
    predict(&token.with(REVISION, "x"), "{}").await.is(404);

    let sticky = format!("{IRIS}/sticky");
    assert_eq!(d.w.ada.put(&sticky, json!({ "header": "Authorization" })).await.is(422).field(), "header");
    assert_eq!(d.w.ada.put(&sticky, json!({ "header": "two words" })).await.is(422).field(), "header");
    d.w.vic.put(&sticky, json!({ "header": "x-user" })).await.is(403);
    d.w.eve.put(&sticky, json!({ "header": "x-user" })).await.is(404);
    assert_eq!(d.w.ada.put(&sticky, json!({ "header": "X-User" })).await.is(200).json()["sticky_header"], "x-user");
    set(&d, 50).await;
    let mut to_two = 0;
    for user in 0..40 {
        let by = token.with("x-user", &user.to_string());
        let of_ten = of_two(&by, 3).await;
        assert!(of_ten == 0 || of_ten == 3, "user {user} stays where it was");
        to_two += usize::from(of_ten == 3);
    }
    assert!((8..=32).contains(&to_two), "{to_two} of 40 at 50 %");
    assert_eq!(d.w.ada.put(&sticky, json!({})).await.is(200).json()["sticky_header"], Value::Null);
    // A replica of the canary that is gone is answered for by the other, unless the canary was named.
    let number = d.w.vic.get(&format!("{IRIS}/replicas")).await.is(200).json()["items"][0]["revision"].clone();
    assert_eq!(number, 2);
    let workload = d.w.cluster.specs().into_iter().max_by(|a, b| a.id.cmp(&b.id)).unwrap();
    d.w.cluster.end(&workload.id, server::cluster::Exit { code: Some(1), ..Default::default() });
    d.settle().await;
    assert_eq!(of_two(&token, 10).await, 0);
    predict(&two, "{}").await.is(503);
    let refused = d.w.mia.put(&format!("{IRIS}/canary"), json!({ "percent": 100 })).await.is(409).json();
    assert_eq!(refused["detail"], "Revision 2 has no replica that is ready.");
}

#[tokio::test]
async fn before_it_is_ready_its_share_can_be_changed_and_it_can_be_given_up() {
    let d = Desk::new().await;
    let redeploy = format!("{IRIS}/redeploy");
    let refused = d.w.ada.post(LIST, json!({ "name": "iris", "model": "iris", "version": 1 })).await.is(201);
    drop(refused);
    assert_eq!(d.w.ada.post(&redeploy, json!({ "version": 2, "canary": 10 })).await.is(422).field(), "canary", "nothing serves yet");
    let spec = d.told().await;
    d.serve(&spec, "one", passes()).await;
    for wrong in [0, 100, -1] {
        assert_eq!(d.w.ada.post(&redeploy, json!({ "version": 2, "canary": wrong })).await.is(422).field(), "canary");
    }
    d.w.ada.post(&redeploy, json!({ "version": 2, "canary": 10 })).await.is(200);
    let spec = d.told().await;
    set(&d, 25).await;
    assert_eq!(d.iris().await["next_percent"], 25);
    set(&d, 0).await;
    d.settle().await;
    assert_eq!((&d.iris().await["next"], d.w.cluster.spec(&spec.id).is_none()), (&Value::Null, true));
    // One that does not pass leaves everything as it was.
    d.w.ada.post(&redeploy, json!({ "version": 2, "canary": 10 })).await.is(200);
    let spec = d.told().await;
    d.serve(&spec, "two", fails()).await;
    let token = d.w.vic.token("forecast", "viewer").await;
    let answer = predict(&token, "{}").await.is(200);
    assert_eq!((answer.headers[REVISION].to_str().unwrap(), ledger(&d).await.len()), ("1", 1));
    let told = d.w.vic.get("/api/v1/teams/forecast/events?action=canary").await.is(200).json();
    assert_eq!(told["items"][0]["after"], json!({ "revision": 2, "percent": 0 }));
}

#[tokio::test]
async fn deploying_and_rolling_back_while_a_canary_is_on() {
    let (d, token) = canary(10).await;
    let refused = d.w.ada.post(&format!("{IRIS}/roll-back"), json!({ "to": 1 })).await.is(409).json();
    assert!(refused["hint"].as_str().unwrap().contains("0 percent"), "{refused}");
    let spec = d.redeploy(3).await;
    assert!((9..=11).contains(&of_two(&token, 100).await), "it goes on until the new one is ready");
    d.serve(&spec, "three", passes()).await;
    assert_eq!(predict(&token, "{}").await.is(200).json()["says"], "three");
    let entries = ledger(&d).await;
    assert_eq!(entries[..3], [is(3, 100, "", "", ""), is(2, 10, "replaced", "ada", ""), is(1, 90, "replaced", "ada", "")]);
    assert_eq!(d.iris().await["canary"], Value::Null);

    // Another canary takes the place of the one before.
    for (version, number) in [(2, 4), (1, 5)] {
        d.w.ada.post(&format!("{IRIS}/redeploy"), json!({ "version": version, "canary": 20 })).await.is(200);
        let spec = d.told().await;
        d.serve(&spec, "canary", passes()).await;
        assert_eq!(d.iris().await["canary"]["revision"]["number"], number);
    }
    let entries = ledger(&d).await;
    assert_eq!(
        entries[..4],
        [is(5, 20, "", "", ""), is(3, 80, "", "", ""), is(4, 20, "replaced", "ada", ""), is(3, 80, "shared", "ada", "")]
    );
}

#[tokio::test]
async fn an_alias_that_moves_while_a_canary_is_on() {
    const ALIAS: &str = "/api/v1/teams/forecast/models/iris/aliases/live";
    let d = Desk::new().await;
    d.w.mia.put(ALIAS, json!({ "version": 1 })).await.is(200);
    d.w.ada.post(LIST, json!({ "name": "iris", "model": "iris", "alias": "live" })).await.is(201);
    let spec = d.told().await;
    d.serve(&spec, "one", passes()).await;
    d.w.ada.post(&format!("{IRIS}/redeploy"), json!({ "alias": "live", "canary": 10 })).await.is(200);
    let spec = d.told().await;
    d.serve(&spec, "two", passes()).await;
    assert_eq!((&d.iris().await["canary"]["percent"], &d.iris().await["follows"]["alias"]), (&json!(10), &json!("live")));
    // What it points at now takes over from both.
    d.w.mia.put(ALIAS, json!({ "version": 3 })).await.is(200);
    let spec = d.told().await;
    d.serve(&spec, "three", passes()).await;
    let iris = d.iris().await;
    assert_eq!((&iris["serving"]["version"], &iris["canary"]), (&json!(3), &Value::Null));
    // A canary that was made for the alias and is taken back ends the following: it would lead there again.
    d.w.ada.post(&format!("{IRIS}/redeploy"), json!({ "alias": "live", "canary": 10 })).await.is(200);
    let spec = d.told().await;
    d.serve(&spec, "four", passes()).await;
    set(&d, 0).await;
    assert_eq!(d.iris().await["follows"], Value::Null);
}

#[tokio::test]
async fn who_may_and_what_the_page_shows() {
    let (d, token) = canary(10).await;
    let path = format!("{IRIS}/canary");
    d.w.vic.put(&path, json!({ "percent": 50 })).await.is(403);
    d.w.eve.put(&path, json!({ "percent": 50 })).await.is(404);
    assert_eq!(d.w.ada.put(&path, json!({ "percent": 101 })).await.is(422).field(), "percent");
    let seen = d.iris().await["revision"].as_i64().unwrap();
    d.w.ada.put(&path, json!({ "percent": 50, "revision": seen - 1 })).await.is(409);
    let two = of_two(&token, 40).await as f64;
    d.w.clock.advance(10_000);
    let traffic = d.w.vic.get(&format!("{IRIS}/traffic")).await.is(200).json();
    let rates: Vec<_> = traffic["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["revision"].clone(), r["points"].as_array().unwrap().last().unwrap()["rate"].clone()))
        .collect();
    assert_eq!(rates, [(json!(2), json!(two / 10.0)), (json!(1), json!((40.0 - two) / 10.0))]);
    let page = async |by: &Person, tab: &str| {
        let page = by.with("accept", "text/html").get(&format!("/teams/forecast/deployments/iris{tab}")).await.is(200);
        String::from_utf8_lossy(&page.body).into_owned()
    };
    let html = page(&d.w.ada, "").await;
    assert!(["Take over", "Take back", "Canary 10 %", "Serving 90 %", "v2 (revision 2)"].iter().all(|w| html.contains(w)), "{html}");
    let html = page(&d.w.vic, "").await;
    assert!(html.contains("v2 (revision 2), 10 %") && !html.contains("Take over"), "{html}");
    assert!(page(&d.w.ada, "?tab=limits").await.contains("Set header") && !page(&d.w.vic, "?tab=limits").await.contains("Set header"));
    assert!(page(&d.w.ada, "?redeploy=1").await.contains("name=\"canary\""));
    let fields = [("_method", "PUT"), ("percent", "100"), ("revision", &seen.to_string())];
    d.w.ada.form("/teams/forecast/deployments/iris", &path, &fields).await.is(303);
    assert_eq!(d.iris().await["serving"]["number"], 2);
}
