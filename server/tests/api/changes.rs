//! The live stream says what pages wait for.

use super::world::{Person, World};
use app::api::changes::{Change, kinds};
use axum::body::{Body, Bytes};
use futures::StreamExt;
use http::{Method, Request};
use serde_json::json;
use std::{fs, path::Path, time::Duration};
use tower::ServiceExt;

const P: &str = "/api/2.0/mlflow";

/// The sources below `of`: path and text.
fn sources(of: &str) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![Path::new(env!("SLIPWAY_ROOT")).join(of)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// What follows `before` up to `end`, at every place in the sources below `of`.
fn said(of: &str, before: &str, end: char) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, text) in sources(of) {
        let parts = text.split(before).skip(1).filter_map(|rest| Some(rest.split_once(end)?.0.to_owned()));
        found.extend(parts.map(|p| (path.clone(), p)));
    }
    found
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split('"').skip(1).step_by(2)
}

#[test]
fn pages_wait_only_for_kinds_that_are_announced() {
    let mut lists = said("app/src", "Every::change(&[", ']');
    lists.extend(said("app/src", "kinds: &[", ']'));
    assert!(lists.len() > 15, "{lists:?}");
    for (file, list) in lists {
        for kind in words(&list) {
            assert!(kinds::known(kind), "{file} waits for {kind}, which is none of app::api::changes::kinds");
        }
    }
}

#[test]
fn every_kind_is_announced_by_somebody() {
    let (mut events, mut changes) = (said("server/src", "NewEvent {", '}'), said("server/src", ".changed(", ';'));
    events.retain(|(_, text)| text.contains("kind: \""));
    assert!(events.len() > 12, "{events:?}");
    for (file, text) in &events {
        let kind = words(text.split_once("kind: ").unwrap().1).next().unwrap();
        assert!(kinds::RECORDED.contains(&kind), "{file} records {kind}, which is none of app::api::changes::kinds::RECORDED");
    }
    changes.retain(|(_, text)| text.contains('"'));
    for (file, text) in &changes {
        let kind = words(text).next().unwrap();
        assert!(kinds::known(kind), "{file} announces {kind}, which is none of app::api::changes::kinds");
    }
    let sources = sources("server/src").into_iter().map(|(_, text)| text).collect::<String>();
    for kind in kinds::RECORDED.into_iter().chain(kinds::UNRECORDED) {
        let named = sources.contains(&format!("\"{kind}\"")) || sources.contains(&format!("kinds::{}", kind.to_uppercase()));
        assert!(named, "nobody announces {kind}");
    }
}

/// The live stream of `forecast`, as a browser reads it.
struct Stream(axum::body::BodyDataStream);

impl Stream {
    async fn of(w: &World, who: &Person) -> Self {
        let mut request = Request::builder().uri("/api/v1/teams/forecast/changes").header("host", "portal.test");
        for (k, v) in &who.headers {
            request = request.header(k, v);
        }
        let response = w.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        Self(response.into_body().into_data_stream())
    }

    /// Everything announced so far.
    async fn read(&mut self) -> Vec<Change> {
        let mut text = String::new();
        while let Ok(Some(Ok(piece))) = tokio::time::timeout(Duration::from_millis(300), self.0.next()).await {
            let piece: Bytes = piece;
            text.push_str(&String::from_utf8_lossy(&piece));
        }
        text.lines().filter_map(|l| l.strip_prefix("data: ")).map(|l| serde_json::from_str(l).unwrap()).collect()
    }
}

/// What the page at `path` is read again for: kinds, and of which object.
async fn awaited(who: &Person, path: &str) -> Vec<(String, Option<String>)> {
    let page = who.with("accept", "text/html").with("sec-fetch-mode", "navigate").get(path).await.is(200);
    let html = String::from_utf8_lossy(&page.body).into_owned();
    let attribute =
        |tag: &str, name: &str| tag.split_once(&format!("{name}=\"")).and_then(|(_, t)| t.split_once('"')).map(|(v, _)| v.to_owned());
    let tags = html.split("<i ").skip(1).map(|t| t.split('>').next().unwrap_or_default());
    tags.filter_map(|t| Some((attribute(t, "data-live")?, attribute(t, "data-of")))).collect()
}

/// Whether a page that waits for `awaited` is read again after one of `changes`.
fn notices(awaited: &[(String, Option<String>)], changes: &[Change], kind: &str) -> bool {
    changes
        .iter()
        .filter(|c| c.kind == kind)
        .any(|c| awaited.iter().any(|(kinds, of)| kinds.split(' ').any(|k| k == c.kind) && of.as_ref().is_none_or(|id| *id == c.id)))
}

#[tokio::test]
async fn metrics_and_files_are_announced_to_the_pages_that_show_them() {
    let w = World::new().await;
    let program = w.ada.token("forecast", "editor").await;
    let run = program.post(&format!("{P}/runs/create"), json!({ "experiment_id": "0" })).await.is(200).json()["run"]["info"].clone();
    let (id, root) = (run["run_id"].as_str().unwrap(), run["artifact_uri"].as_str().unwrap());
    let page = format!("/teams/forecast/runs/{id}");
    let (overview, metrics) = (awaited(&w.vic, &page).await, awaited(&w.vic, &format!("{page}?tab=metrics")).await);
    let files = awaited(&w.vic, &format!("{page}?tab=artifacts")).await;

    let mut stream = Stream::of(&w, &w.vic).await;
    program.post(&format!("{P}/runs/log-metric"), json!({ "run_id": id, "key": "m", "value": 1, "timestamp": 1 })).await.is(200);
    let changes = stream.read().await;
    assert!(notices(&metrics, &changes, kinds::METRIC), "{metrics:?} of {changes:?}");
    assert!(notices(&overview, &changes, kinds::METRIC), "{overview:?} of {changes:?}");

    let at =
        format!("/api/2.0/mlflow-artifacts/artifacts/{}/a.txt", root.strip_prefix("mlflow-artifacts:/").unwrap().trim_start_matches('/'));
    program.send(Method::PUT, &at, "text/plain", "x").await.is(200);
    let changes = stream.read().await;
    assert!(notices(&files, &changes, kinds::ARTIFACT), "{files:?} of {changes:?}");
    program.delete(&at).await.is(200);
    let changes = stream.read().await;
    assert!(notices(&files, &changes, kinds::ARTIFACT), "{files:?} of {changes:?}");

    let other = program.post(&format!("{P}/runs/create"), json!({ "experiment_id": "0" })).await.is(200).json();
    let other = other["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    stream.read().await;
    program.post(&format!("{P}/runs/log-metric"), json!({ "run_id": other, "key": "m", "value": 1, "timestamp": 1 })).await.is(200);
    let changes = stream.read().await;
    assert!(changes.iter().any(|c| c.kind == kinds::METRIC) && !notices(&metrics, &changes, kinds::METRIC), "another run's: {changes:?}");
}
