//! How much a deployment takes, and how a request is followed through it.

use super::{
    deployments::{Desk, IRIS, passes, predict},
    world::Person,
};
use axum::http::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Notify};

const PREDICT: &str = "/serve/forecast/iris/v1/models/iris:predict";

/// A deployment that serves, its replica's id, what lets slow answers go, and a program's token.
async fn serving() -> (Desk, String, Arc<Notify>, Person) {
    let d = Desk::new().await;
    let spec = d.deploy().await;
    let go = d.serve(&spec, "one", passes()).await;
    let token = d.w.vic.token("forecast", "viewer").await;
    (d, spec.id, go, token)
}

async fn limit(d: &Desk, limits: Value) -> Value {
    let set = d.w.ada.put(&format!("{IRIS}/limits"), limits).await.is(200).json();
    d.w.web.gateway.routes.refresh(&d.w.web.store).await.unwrap();
    set["limits"].clone()
}

/// Until so many requests wait for an answer of the replica.
async fn in_flight(d: &Desk, replica: &str, n: usize) {
    let reached = async {
        while d.w.web.gateway.routes.in_flight(replica) != n {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), reached).await.unwrap();
}

fn ask(token: &Person, body: &'static str) -> tokio::task::JoinHandle<super::world::Answer> {
    let token = token.clone();
    tokio::spawn(async move { predict(&token, body).await })
}

#[tokio::test]
async fn so_many_at_once_and_so_many_in_line() {
    let (d, replica, go, token) = serving().await;
    assert_eq!(limit(&d, json!({ "concurrency": 1, "queue": 1 })).await, json!({ "concurrency": 1, "queue": 1 }));
    let first = ask(&token, "slow");
    in_flight(&d, &replica, 1).await;
    let mut second = ask(&token, "{}");
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut second).await.is_err(), "it waits in line");
    let third = predict(&token, "{}").await.is(429);
    assert_eq!(third.headers["retry-after"], "1");
    assert_eq!(third.json()["detail"], "iris answers 1 requests at once, and 1 wait already.");
    // Another revision takes over meanwhile: who waited is answered by it, and not by one that is gone.
    let new = d.redeploy(2).await;
    d.serve(&new, "two", passes()).await;
    go.notify_waiters();
    assert_eq!(first.await.unwrap().is(200).json()["says"], "one");
    assert_eq!(second.await.unwrap().is(200).json()["says"], "two");
    assert_eq!(limit(&d, json!({})).await, json!({}), "what is left out is not limited any more");
}

#[tokio::test]
async fn who_goes_away_leaves_line_and_model() {
    let (d, replica, _go, token) = serving().await;
    limit(&d, json!({ "concurrency": 1, "queue": 1 })).await;
    let first = ask(&token, "slow");
    in_flight(&d, &replica, 1).await;
    let second = ask(&token, "{}");
    tokio::time::sleep(Duration::from_millis(50)).await;
    second.abort();
    drop(second.await);
    first.abort();
    drop(first.await);
    tokio::time::timeout(Duration::from_secs(120), d.gone.notified()).await.expect("the model hears of it");
    predict(&token, "{}").await.is(200);

    // The same of a connection that is closed.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = server::http::router(&d.w.web);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let secret = &token.headers[0].1;
    let request = format!("POST {PREDICT} HTTP/1.1\r\nHost: x\r\nAuthorization: {secret}\r\nContent-Length: 4\r\n\r\nslow");
    stream.write_all(request.as_bytes()).await.unwrap();
    in_flight(&d, &replica, 1).await;
    drop(stream);
    tokio::time::timeout(Duration::from_secs(120), d.gone.notified()).await.expect("the model hears of it");
    in_flight(&d, &replica, 0).await;
    predict(&token, "{}").await.is(200);
}

#[tokio::test]
async fn how_long_and_how_large() {
    let (d, _, _go, token) = serving().await;
    limit(&d, json!({ "timeout_seconds": 1, "max_body": "1Ki" })).await;
    let late = predict(&token, "slow").await.is(504).json();
    assert_eq!(late["detail"], "The server of iris did not answer within 1 s.");
    predict(&token, &"x".repeat(1024)).await.is(200);
    predict(&token, &"x".repeat(1025)).await.is(413);
    let chunks = futures::stream::iter((0..3).map(|_| Ok::<_, std::io::Error>(bytes::Bytes::from(vec![b'x'; 600]))));
    token.send(Method::POST, PREDICT, "", axum::body::Body::from_stream(chunks)).await.is(413);
}

#[tokio::test]
async fn who_may_limit_what() {
    let (d, _, _go, _) = serving().await;
    let path = format!("{IRIS}/limits");
    d.w.vic.put(&path, json!({ "concurrency": 1 })).await.is(403);
    d.w.eve.put(&path, json!({ "concurrency": 1 })).await.is(404);
    for (body, field) in [
        (json!({ "concurrency": 0 }), "concurrency"),
        (json!({ "queue": 5 }), "queue"),
        (json!({ "timeout_seconds": 0 }), "timeout_seconds"),
        (json!({ "max_body": "1Ti" }), "max_body"),
    ] {
        assert_eq!(d.w.ada.put(&path, body).await.is(422).field(), field);
    }
    let seen = d.iris().await["revision"].as_i64().unwrap();
    d.w.ada.put(&path, json!({ "concurrency": 3, "revision": seen - 1 })).await.is(409);
    limit(&d, json!({ "concurrency": 3, "max_body": "1Mi", "revision": seen })).await;
    // They outlive the revision.
    let spec = d.redeploy(2).await;
    d.serve(&spec, "two", passes()).await;
    assert_eq!(d.iris().await["limits"], json!({ "concurrency": 3, "max_body": "1Mi" }));
    let told = d.w.vic.get("/api/v1/teams/forecast/events?action=limit").await.is(200).json();
    assert_eq!((&told["items"][0]["actor"], &told["items"][0]["after"]["concurrency"]), (&json!("ada"), &json!(3)));
    // By a form, where what is empty is not limited.
    let fields = [("_method", "PUT"), ("concurrency", "7"), ("queue", ""), ("timeout_seconds", "5"), ("max_body", "")];
    d.w.ada.form("/teams/forecast/deployments/iris?tab=limits", &path, &fields).await.is(303);
    assert_eq!(d.iris().await["limits"], json!({ "concurrency": 7, "timeout_seconds": 5 }));
    let page = d.w.vic.with("accept", "text/html").get("/teams/forecast/deployments/iris?tab=limits").await.is(200);
    let html = String::from_utf8_lossy(&page.body).into_owned();
    assert!(html.contains("At once") && !html.contains("Set limits"));
}

#[tokio::test]
async fn a_request_is_followed_through_it() {
    const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let (d, _, _go, token) = serving().await;
    let passed = async |by: &Person| {
        let answer = predict(by, "{}").await.is(200);
        (answer.headers["x-request-id"].to_str().unwrap().to_owned(), answer.json()["headers"].to_string())
    };
    let (id, headers) = passed(&token.with("x-request-id", "mine").with("traceparent", TRACE).with("tracestate", "a=1")).await;
    assert!(id == "mine" && headers.contains("traceparent") && headers.contains("tracestate"), "{headers}");
    let (id, headers) = passed(&token.with("traceparent", "none").with("tracestate", "a=1")).await;
    assert!(id.len() == 32 && headers.contains("x-request-id") && !headers.contains("trace"), "{headers}");
    // Also on what we answer ourselves.
    d.w.ada.post(&format!("{IRIS}/stop"), json!({})).await.is(204);
    d.settle().await;
    assert_eq!(predict(&token.with("x-request-id", "mine"), "{}").await.is(503).headers["x-request-id"], "mine");
}
