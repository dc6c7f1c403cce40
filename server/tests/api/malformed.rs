//! Whatever comes in, what is wrong with it is the caller's to mend: a 4xx with a sentence, never a 5xx.

use super::world::{Answer, Person, World};
use axum::http::Method;
use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use tar::EntryType;

const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";

#[track_caller]
fn is_refused(answer: &Answer, what: &str) {
    let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]);
    assert!((400..500).contains(&answer.status.as_u16()), "{what}: {} {text}", answer.status);
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
    let problem = answer.json();
    let detail = problem["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(' ') && detail.len() < 1000, "{what}: {problem}");
}

/// Every operation that takes JSON, with its path filled in.
async fn operations(w: &World) -> Vec<(Method, String)> {
    let document = w.nobody.get("/api/openapi.json").await.is(200).json();
    let mut out = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["requestBody"]["content"]["application/json"].is_object() {
                let path = path.replace("{team}", "forecast").replace("{version}", "1");
                let path = path.split('/').map(|s| if s.starts_with('{') { "x" } else { s }).collect::<Vec<_>>().join("/");
                out.push((Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), path));
            }
        }
    }
    assert!(out.len() > 20, "{out:?}");
    out
}

#[tokio::test]
async fn bodies_that_are_no_requests() {
    let w = World::new().await;
    let deep = "[".repeat(200_000);
    let bodies: [&[u8]; 10] = [
        b"",
        b"{",
        b"[]",
        b"\"text\"",
        b"{\"name\": }",
        b"\xff\xfe{}",
        b"{} {}",
        b"{\"name\": {\"a\": [1]}, \"user\": [], \"password\": 5, \"value\": {}, \"version\": \"x\", \"command\": 7, \"revision\": {}}",
        b"{\"name\": 1e999, \"version\": 99999999999999999999999}",
        deep.as_bytes(),
    ];
    for (method, path) in operations(&w).await {
        for body in bodies {
            // A text is a body like another for a model server.
            if path.ends_with("/try") {
                continue;
            }
            let what = format!("{method} {path} {}", String::from_utf8_lossy(&body[..body.len().min(40)]));
            is_refused(&w.mia.send(method.clone(), &path, "application/json", body.to_vec()).await, &what);
        }
        is_refused(&w.mia.send(method.clone(), &path, "application/xml", "<a/>").await, &path);
    }
}

#[tokio::test]
async fn a_field_that_is_misspelt_is_named() {
    let w = World::new().await;
    for (path, body, field) in [
        ("/api/v1/teams", json!({ "name": "b", "displayname": "B" }), "displayname"),
        ("/api/v1/teams/forecast/runs", json!({ "command": ["true"], "memroy": "1Gi" }), "memroy"),
        (
            "/api/v1/teams/forecast/runs",
            json!({ "command": ["true"], "code": { "type": "git", "url": "https://x.test/y", "ref": "main", "branch": "b" } }),
            "branch",
        ),
        ("/api/v1/tokens", json!({ "name": "t", "team": "forecast", "role": "viewer", "expiry": 60 }), "expiry"),
        // A form has it as a text.
        ("/api/v1/teams/forecast/runs", json!({ "command": "python train.py" }), "command"),
    ] {
        let answer = w.mia.post(path, body).await.is(422);
        assert_eq!(answer.field(), field, "{path}");
    }
    // What is empty says nothing.
    w.mia.post("/api/v1/teams", json!({ "name": "b", "displayname": null })).await.is(201);
}

#[tokio::test]
async fn names_of_ten_megabytes_and_bodies_beyond_the_limit() {
    let w = World::new().await;
    let long = "n".repeat(10 << 20);
    let body = json!({
        "name": long, "display_name": long, "user": long, "password": long, "team": long, "role": "editor", "value": long, "model": long,
        "version": 1, "environment": long, "command": [long], "requirements": long, "run_id": long, "description": long,
    })
    .to_string();
    let beyond = vec![b' '; w.web.config.max_body_bytes + 1];
    for (method, path) in operations(&w).await {
        // These take a value of any size, or have no field that is text.
        if !["/secrets/", "/quota", "/members/", "/try", "/me/password"].iter().any(|end| path.contains(end)) {
            is_refused(&w.mia.send(method.clone(), &path, "application/json", body.clone()).await, &path);
        }
        let answer = w.mia.send(method, &path, "application/json", beyond.clone()).await;
        // Who may not do it at all is told that first.
        let expected = if answer.status == 403 { 403 } else { 413 };
        assert_eq!(answer.status, expected, "{path}");
        is_refused(&answer, &path);
    }
    for path in [
        format!("/api/v1/teams/{long}"),
        format!("/api/v1/teams/forecast/find?q={long}"),
        format!("/api/v1/teams/forecast/runs?filter={long}"),
    ] {
        // The router of the test takes what the listener would have refused.
        let answer = w.ada.get(&path[..60_000]).await;
        assert!(answer.status.as_u16() < 500, "{}", answer.status);
    }
}

#[tokio::test]
async fn artifact_paths_do_not_climb() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let run = ada.post("/api/2.0/mlflow/runs/create", json!({ "experiment_id": "0" })).await.is(200).json();
    let id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let below = run["run"]["info"]["artifact_uri"].as_str().unwrap().split_once(":/").unwrap().1.trim_start_matches('/').to_owned();
    let put = async |path: &str| ada.send(Method::PUT, &format!("{ARTIFACTS}/{path}"), "application/octet-stream", "x").await;
    put(&format!("{below}/a.txt")).await.is(200);
    for bad in [
        "../../slipway.db",
        "..%2f..%2fslipway.db",
        "%2e%2e/%2e%2e/key",
        "%252e%252e/key",
        "..%5c..%5ckey",
        "%2fetc/passwd",
        "/etc/passwd",
        "a%00b",
        "a//b",
        "./a",
        "%ff%fe",
    ] {
        let path = format!("{below}/{bad}");
        for answer in [put(&path).await, ada.get(&format!("{ARTIFACTS}/{path}")).await, ada.delete(&format!("{ARTIFACTS}/{path}")).await] {
            assert!((400..500).contains(&answer.status.as_u16()), "{bad}: {}", answer.status);
            let error = answer.json();
            assert!(error["error_code"].is_string() && error["message"].as_str().unwrap().ends_with('.'), "{bad}: {error}");
        }
        let asked = serde_urlencoded::to_string([("path", percent_encoding::percent_decode_str(bad).decode_utf8_lossy())]).unwrap();
        for noun in ["artifact", "artifacts"] {
            is_refused(&w.ada.get(&format!("/api/v1/teams/forecast/runs/{id}/{noun}?{asked}")).await, bad);
        }
    }
    // Above the run, and in another team's folder: nothing to see, nothing to write.
    let theirs = w.eve.token("elsewhere", "editor").await;
    let path = format!("{ARTIFACTS}/{below}/a.txt");
    assert!(theirs.get(&path).await.status.is_client_error());
    assert!(theirs.send(Method::PUT, &path, "", "theirs").await.status.is_client_error());
    assert_eq!(ada.get(&path).await.is(200).body, "x");
    let left: Vec<_> = w.web.config.data.read_dir().unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|name| name == "key"), "{left:?}");
}

/// An upload with one entry; its name is written by hand, for the library refuses such names itself.
fn packed(name: &str, kind: EntryType, link: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_gnu();
    let gnu = header.as_gnu_mut().unwrap();
    gnu.name[..name.len()].copy_from_slice(name.as_bytes());
    gnu.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_size(0);
    header.set_cksum();
    builder.append(&header, &b""[..]).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

#[tokio::test]
async fn uploads_hold_nothing_that_reaches_out() {
    let w = World::new().await;
    let upload = async |body: Vec<u8>| w.ada.send(Method::POST, "/api/v1/teams/forecast/code", "application/gzip", body).await;
    upload(packed("src/train.py", EntryType::Regular, "")).await.is(201);
    upload(packed("src/again.py", EntryType::Symlink, "train.py")).await.is(201);
    for (name, kind, link) in [
        ("../up", EntryType::Regular, ""),
        ("/tmp/up", EntryType::Regular, ""),
        ("a/../../up", EntryType::Regular, ""),
        ("link", EntryType::Symlink, "/etc"),
        ("link", EntryType::Symlink, "../up"),
        ("hard", EntryType::Link, "/etc/passwd"),
        ("pipe", EntryType::Fifo, ""),
        ("device", EntryType::Char, ""),
    ] {
        let answer = upload(packed(name, kind, link)).await.is(422);
        is_refused(&answer, name);
        assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{name}");
    }
    let whole = packed("a", EntryType::Regular, "");
    is_refused(&upload(whole[..whole.len() / 2].to_vec()).await, "half an archive");
}

#[tokio::test]
async fn metrics_that_are_no_numbers() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let run = ada.post("/api/2.0/mlflow/runs/create", json!({ "experiment_id": "0" })).await.is(200).json();
    let id = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    // Python's client logs them on purpose, bare or as words: they are kept as what they are.
    for (key, value) in [("nan", "NaN"), ("up", "\"Infinity\""), ("down", "-Infinity")] {
        let body = format!("{{\"run_id\": \"{id}\", \"key\": \"{key}\", \"value\": {value}, \"timestamp\": 1}}");
        ada.send(Method::POST, "/api/2.0/mlflow/runs/log-metric", "application/json", body).await.is(200);
    }
    for value in ["1e999", "\"1e999x\"", "\"infinit\"", "null", "{}", "\"\""] {
        let body = format!("{{\"run_id\": \"{id}\", \"key\": \"k\", \"value\": {value}, \"timestamp\": 1}}");
        let answer = ada.send(Method::POST, "/api/2.0/mlflow/runs/log-metric", "application/json", body).await.is(400).json();
        assert_eq!(answer["error_code"], "INVALID_PARAMETER_VALUE", "{value}");
    }
    // When and where a value belongs has to be a whole number; nothing of a batch with one that is not is kept.
    for (field, value) in [
        ("timestamp", "NaN"),
        ("timestamp", "\"NaN\""),
        ("timestamp", "Infinity"),
        ("timestamp", "\"soon\""),
        ("timestamp", "1.5"),
        ("timestamp", "-1"),
        ("timestamp", "true"),
        ("timestamp", "[1]"),
        ("step", "NaN"),
        ("step", "-Infinity"),
        ("step", "\"first\""),
        ("step", "0.5"),
        ("step", "99999999999999999999"),
    ] {
        let rest = if field == "timestamp" { "\"step\": 0" } else { "\"timestamp\": 1" };
        let metric = format!("\"key\": \"k\", \"value\": 1, \"{field}\": {value}, {rest}");
        let good = "{\"key\": \"good\", \"value\": 1, \"timestamp\": 1}";
        for (call, body) in [
            ("log-metric", format!("{{\"run_id\": \"{id}\", {metric}}}")),
            ("log-batch", format!("{{\"run_id\": \"{id}\", \"metrics\": [{good}, {{{metric}}}]}}")),
        ] {
            let answer = ada.send(Method::POST, &format!("/api/2.0/mlflow/runs/{call}"), "application/json", body).await.is(400).json();
            assert_eq!(answer["error_code"], "INVALID_PARAMETER_VALUE", "{call} {field} {value}");
            assert!(answer["message"].as_str().unwrap().contains(field), "{answer}");
        }
    }
    let shown = w.vic.get(&format!("/api/v1/teams/forecast/runs/{id}/metrics")).await.is(200).json();
    let kept: Vec<_> = shown.as_array().unwrap().iter().map(|s| s["key"].as_str().unwrap()).collect();
    assert_eq!(kept, ["down", "nan", "up"], "{shown}");
}

#[tokio::test]
async fn what_is_not_there() {
    let w = World::new().await;
    let page = |who: &Person| who.with("accept", "text/html,*/*;q=0.8");
    let wrong = w.nobody.with("authorization", "Bearer slip_nobody");
    // A program is told who it is not before it is told what is not there.
    wrong.get("/api/v1/nothing").await.is(401);
    is_refused(&w.ada.get("/api/v1/nothing").await.is(404), "an API path");
    is_refused(&w.nobody.get("/api/v1/nothing").await.is(404), "as nobody");
    assert_eq!(wrong.get("/api/2.0/mlflow/nothing").await.is(401).json()["error_code"], "UNAUTHENTICATED");
    // A browser gets a page, whoever looks and whatever it sends along.
    for who in [&w.ada, &w.nobody, &wrong] {
        for path in ["/nothing", "/teams-of-old", "/pkg"] {
            let answer = page(who).get(path).await.is(404);
            assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{path}");
            assert!(String::from_utf8_lossy(&answer.body).contains("</html>"), "{path}");
        }
    }
    page(&wrong).get("/teams/forecast/runs").await.is(303);
    // A program that asks for no page gets a problem.
    is_refused(&w.nobody.get("/nothing").await.is(404), "without Accept");
    is_refused(&page(&w.ada).delete("/nothing").await.is(404), "another method");
}
