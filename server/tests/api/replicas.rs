//! Several replicas of a deployment: the traffic is spread over them, what does not answer is left out, and their number is changed in place.

use super::deployments::{Desk, IRIS, LIST, PREDICT, passes, predict};
use axum::{Json, Router, http::Method};
use serde_json::{Value, json};
use server::{
    cluster::{Endpoint, Exit, WorkloadSpec},
    deployments::health,
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::io::AsyncReadExt;

const MODEL: &str = "/serve/forecast/iris/v1/models/iris";

/// What the cluster runs, oldest first.
fn specs(d: &Desk) -> Vec<WorkloadSpec> {
    let mut all = d.w.cluster.specs();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

/// A deployment of three replicas that are ready: a, b, c.
async fn three() -> (Desk, Vec<WorkloadSpec>) {
    let d = Desk::new().await;
    d.w.ada.post(LIST, json!({ "name": "iris", "model": "iris", "version": 1, "replicas": 3 })).await.is(201);
    d.told().await;
    let all = specs(&d);
    assert_eq!(all.len(), 3);
    d.serve(&all[0], "a", passes()).await;
    let iris = d.iris().await;
    assert_eq!(iris["state"], "running", "one is better than none");
    assert!(iris["reason"].as_str().unwrap().starts_with("1 of 3 replicas is ready."), "{iris}");
    d.serve(&all[1], "b", passes()).await;
    d.serve(&all[2], "c", passes()).await;
    let iris = d.iris().await;
    assert_eq!((&iris["ready"], &iris["replicas"], &iris["reason"]), (&json!(3), &json!(3), &Value::Null));
    let home = d.w.vic.get("/api/v1/teams/forecast/home").await.is(200).json();
    assert_eq!(home["counts"]["deployments"], 1);
    (d, all)
}

/// Who answers so many requests, in order; none may fail.
async fn says(d: &Desk, requests: usize) -> String {
    let token = d.w.vic.token("forecast", "viewer").await;
    let mut out = String::new();
    for _ in 0..requests {
        out += predict(&token, "{}").await.is(200).json()["says"].as_str().unwrap();
    }
    out
}

async fn list(d: &Desk) -> Vec<Value> {
    d.w.vic.get(&format!("{IRIS}/replicas")).await.is(200).json()["items"].as_array().unwrap().clone()
}

async fn scale(d: &Desk, replicas: i64) {
    d.w.ada.put(&format!("{IRIS}/scale"), json!({ "replicas": replicas })).await.is(200);
    d.told().await;
}

#[tokio::test]
async fn requests_are_spread_and_another_version_waits_for_all_its_replicas() {
    let (d, old) = three().await;
    let answers = says(&d, 6).await;
    assert_eq!(answers[..3].chars().collect::<BTreeSet<_>>().len(), 3, "they take turns: {answers}");
    assert_eq!(answers[..3], answers[3..]);

    d.redeploy(2).await;
    let new: Vec<_> = specs(&d).into_iter().filter(|s| old.iter().all(|o| o.id != s.id)).collect();
    assert_eq!(new.iter().map(|s| s.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    d.serve(&new[0], "x", passes()).await;
    d.serve(&new[1], "y", passes()).await;
    assert!(says(&d, 3).await.chars().all(|c| "abc".contains(c)));
    assert!(d.iris().await["next"]["reason"].as_str().unwrap().starts_with("2 of 3 replicas are ready."));
    d.serve(&new[2], "z", passes()).await;
    assert!(says(&d, 6).await.chars().all(|c| "xyz".contains(c)));
    d.w.clock.advance(2_000);
    d.settle().await;
    let stopped: BTreeSet<String> = d.w.cluster.stops().into_iter().map(|(id, _)| id).collect();
    assert_eq!(stopped, old.iter().map(|s| s.id.clone()).collect());
}

#[tokio::test]
async fn one_that_cannot_be_reached_is_left_out_until_it_answers() {
    let (d, all) = three().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    d.w.cluster.serve(&all[0].id, Endpoint::Unix { path: path.clone() });
    d.settle().await;
    assert!(!list(&d).await[0]["ejected"].as_bool().unwrap());
    // Nothing was sent to it, so each request is answered by another.
    assert!(!says(&d, 9).await.contains('a'));
    let first = list(&d).await[0].clone();
    assert_eq!((&first["number"], &first["state"], &first["ejected"]), (&json!(1), &json!("running"), &json!(true)));
    assert!(first["reason"].as_str().unwrap().starts_with("It is ejected: cannot connect"), "{first}");
    let why = d.w.vic.get(&format!("{IRIS}/explain")).await.is(200).json();
    assert!(why["sentence"].as_str().unwrap().starts_with("1 of 3 replicas is ejected: "), "{why}");
    let told = d.w.vic.get(IRIS).await.is(200).json();
    assert_eq!((&told["ready"], &told["replicas"], &told["reason"]), (&json!(2), &json!(3), &why["sentence"]));

    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let app = Router::new().fallback(async || Json(json!({ "says": "a" })));
    tokio::spawn(async move { axum::serve(listener, app).await });
    tokio::spawn(health::watch(d.w.web.gateway.routes.clone(), d.w.web.gateway.reach.clone()));
    let back = async {
        while list(&d).await[0]["ejected"] == true {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), back).await.expect("it returns");
    assert_eq!(says(&d, 6).await.matches('a').count(), 2);

    // With all of them out somebody is asked all the same.
    for spec in &all {
        d.w.web.gateway.routes.replica_of(&spec.id).unwrap().eject("a test says so");
    }
    says(&d, 1).await;
}

#[tokio::test]
async fn what_a_replica_took_and_did_not_answer_is_not_done_twice() {
    let (d, all) = three().await;
    let taken = Arc::new(AtomicUsize::new(0));
    for spec in &all {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let taken = taken.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                taken.fetch_add(1, Ordering::SeqCst);
            }
        });
        d.w.cluster.serve(&spec.id, Endpoint::Tcp { address });
    }
    d.settle().await;
    let token = d.w.ada.token("forecast", "viewer").await;
    let of = |method: Method, path: &'static str| {
        let (token, taken) = (&token, &taken);
        async move {
            let before = taken.load(Ordering::SeqCst);
            let answer = token.send(method, path, "", axum::body::Body::empty()).await.is(502);
            assert!(String::from_utf8_lossy(&answer.body).contains("broke off before it answered"));
            taken.load(Ordering::SeqCst) - before
        }
    };
    assert_eq!(of(Method::POST, PREDICT).await, 1, "it may have done it");
    assert_eq!(of(Method::GET, MODEL).await, 2, "and be the end of whoever is asked");
}

#[tokio::test]
async fn one_that_crashes_comes_back_while_the_others_serve() {
    let (d, all) = three().await;
    d.w.cluster.end(&all[1].id, Exit { code: Some(1), reason: Some("Exited.".into()), ..Exit::default() });
    d.settle().await;
    let iris = d.iris().await;
    assert_eq!((&iris["state"], &iris["ready"]), (&json!("running"), &json!(2)));
    assert_eq!(iris["reason"], "2 of 3 replicas are ready. Exited. It is started again 1 s later.");
    assert!(!says(&d, 6).await.contains('b'));
    let second = list(&d).await[1].clone();
    assert_eq!((&second["number"], &second["crashes"], &second["state"]), (&json!(2), &json!(1), &json!("starting")));
    d.w.clock.advance(1_000);
    let again = d.told().await;
    assert_eq!(again.attempt, 4);
    d.serve(&again, "b", passes()).await;
    assert_eq!((&d.iris().await["reason"], says(&d, 6).await.matches('b').count()), (&Value::Null, 2));
}

#[tokio::test]
async fn their_number_is_changed_in_place() {
    let (d, all) = three().await;
    let token = d.w.vic.token("forecast", "viewer").await;
    scale(&d, 1).await;
    assert_eq!(d.iris().await["latest"]["number"], 1, "no revision is made");
    assert_eq!(says(&d, 4).await, "aaaa", "at once");
    let states: Vec<_> = list(&d).await.iter().map(|r| r["state"].clone()).collect();
    assert_eq!(states, ["running", "stopping", "stopping"]);
    assert!(d.w.cluster.stops().is_empty(), "they finish what they have begun");
    // Taken back before it has gone.
    scale(&d, 2).await;
    assert_eq!(says(&d, 4).await.matches('b').count(), 2);
    d.w.clock.advance(2_000);
    d.settle().await;
    assert_eq!(d.w.cluster.stops().iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), [all[2].id.as_str()]);
    assert_eq!(list(&d).await.len(), 2);
    scale(&d, 3).await;
    let new = specs(&d).pop().unwrap();
    assert_eq!(new.attempt, 4);
    d.serve(&new, "d", passes()).await;
    assert_eq!(says(&d, 6).await.matches('d').count(), 2);
    predict(&token, "{}").await.is(200);

    // The next revision has as many, and so has one that was stopped.
    d.w.ada.post(&format!("{IRIS}/stop"), json!({})).await.is(204);
    d.settle().await;
    assert!(list(&d).await.is_empty() && specs(&d).is_empty());
    d.w.ada.post(&format!("{IRIS}/start"), json!({})).await.is(204);
    d.told().await;
    assert_eq!(specs(&d).len(), 3);
    let told = d.w.vic.get("/api/v1/teams/forecast/events?action=scale").await.is(200).json();
    let changes: Vec<_> = told["items"].as_array().unwrap().iter().map(|e| (&e["before"]["replicas"], &e["after"]["replicas"])).collect();
    assert_eq!(changes, [(&json!(2), &json!(3)), (&json!(1), &json!(2)), (&json!(3), &json!(1))]);
}

#[tokio::test]
async fn who_may_scale_and_how_far() {
    let (d, _) = three().await;
    let path = format!("{IRIS}/scale");
    d.w.vic.put(&path, json!({ "replicas": 1 })).await.is(403);
    d.w.eve.put(&path, json!({ "replicas": 1 })).await.is(404);
    d.w.eve.get(&format!("{IRIS}/replicas")).await.is(404);
    for replicas in [0, -1, 65, 64] {
        assert_eq!(d.w.ada.put(&path, json!({ "replicas": replicas })).await.is(422).field(), "replicas", "{replicas}");
    }
    let quota = json!({ "cpu": "1500m", "memory": "8Gi", "revision": 1 });
    d.w.bob.put("/api/v1/teams/forecast/quota", quota).await.is(200);
    let refused = d.w.ada.put(&path, json!({ "replicas": 4 })).await.is(422).json();
    assert_eq!(refused["detail"], "4 replicas hold 2 CPU, 4 GiB, and the team may hold 1.5 CPU, 8 GiB.");
    let body = json!({ "name": "x", "model": "iris", "version": 1, "replicas": 4 });
    assert_eq!(d.w.ada.post(LIST, body).await.is(422).field(), "replicas");
    let larger = json!({ "version": 2, "cpu": "1" });
    assert_eq!(d.w.ada.post(&format!("{IRIS}/redeploy"), larger).await.is(422).field(), "replicas");
    let seen = d.iris().await["revision"].as_i64().unwrap();
    d.w.ada.put(&path, json!({ "replicas": 2, "revision": seen - 1 })).await.is(409);
    // By a form.
    let fields = [("_method", "PUT"), ("replicas", "2"), ("revision", &seen.to_string())];
    d.w.ada.form("/teams/forecast/deployments/iris?tab=replicas", &path, &fields).await.is(303);
    assert_eq!(d.iris().await["replicas"], 2);
    let page = async |by: &super::world::Person| {
        let page = by.with("accept", "text/html").get("/teams/forecast/deployments/iris?tab=replicas").await.is(200);
        String::from_utf8_lossy(&page.body).into_owned()
    };
    assert!(page(&d.w.ada).await.contains("Set replicas") && !page(&d.w.vic).await.contains("Set replicas"));
}
