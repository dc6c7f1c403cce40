//! The beginning of a file of a run, as far as it can be shown; and what a browser is told an image without an ending is.

use super::world::{Answer, Person, World};
use http::Method;
use serde_json::{Value, json};

const OWN: &str = "/api/v1/teams/forecast";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// A run of ada's with these files; its id.
async fn run(ada: &Person, files: &[(&str, &[u8])]) -> String {
    let made = ada.post("/api/2.0/mlflow/runs/create", json!({ "experiment_id": "0" })).await.is(200).json();
    let (id, root) = (&made["run"]["info"]["run_id"], made["run"]["info"]["artifact_uri"].as_str().unwrap());
    let root = root.strip_prefix("mlflow-artifacts:/").unwrap().trim_start_matches('/');
    for (path, bytes) in files {
        let file = format!("/api/2.0/mlflow-artifacts/artifacts/{root}/{path}");
        ada.send(Method::PUT, &file, "", bytes.to_vec()).await.is(200);
    }
    id.as_str().unwrap().to_owned()
}

async fn look(by: &Person, run: &str, path: &str) -> Value {
    by.get(&format!("{OWN}/runs/{run}/artifact/preview?path={path}")).await.is(200).json()
}

#[tokio::test]
async fn what_a_file_is_shown_as() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let long = "a line of it\n".repeat(40_000);
    let files: [(&str, &[u8]); 7] = [
        ("out/table", b"a,b\n1,2\n"),
        ("out/facts", b"{\"b\": [1, 2]}"),
        ("out/page", b"<html><script>alert(1)</script></html>"),
        ("out/image", PNG),
        ("out/model", b"\x80\x04\x95\0"),
        ("out/long.log", long.as_bytes()),
        ("out/empty.txt", b""),
    ];
    let run = run(&ada, &files).await;
    let table = look(&w.vic, &run, "out/table").await;
    assert_eq!(
        (&table["shows"], &table["text"], &table["cut"], &table["size"]),
        (&json!("csv"), &json!("a,b\n1,2\n"), &json!(false), &json!(8))
    );
    assert_eq!(look(&w.vic, &run, "out/facts").await["text"], "{\n  \"b\": [\n    1,\n    2\n  ]\n}");
    assert_eq!(look(&w.vic, &run, "out/page").await["shows"], "html");
    assert_eq!(
        (&look(&w.vic, &run, "out/image").await["shows"], &look(&w.vic, &run, "out/image").await["text"]),
        (&json!("image"), &json!(""))
    );
    assert_eq!(look(&w.vic, &run, "out/model").await["shows"], "nothing");
    let cut = look(&w.vic, &run, "out/long.log").await;
    let text = cut["text"].as_str().unwrap();
    assert!(cut["cut"] == true && text.len() <= 64 * 1024 && text.ends_with("of it\n"), "{} bytes", text.len());
    assert_eq!(look(&w.vic, &run, "out/empty.txt").await["text"], "");
    let folder = look(&w.vic, &run, "out").await;
    assert_eq!((&folder["shows"], folder["files"].as_array().map(Vec::len)), (&json!("folder"), Some(7)));

    for (path, status) in [("out/none", 404), ("../x", 422)] {
        w.vic.get(&format!("{OWN}/runs/{run}/artifact/preview?path={path}")).await.is(status);
    }
    w.eve.get(&format!("{OWN}/runs/{run}/artifact/preview?path=out/table")).await.is(404);
    w.eve.get(&format!("/api/v1/teams/elsewhere/runs/{run}/artifact/preview?path=out/table")).await.is(404);
}

#[tokio::test]
async fn an_image_without_an_ending_is_one_and_a_page_never_is() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let run = run(&ada, &[("image", PNG), ("page", b"<html><script>alert(1)</script>"), ("fake.html", PNG)]).await;
    let told = |a: &Answer, name: &str| a.headers[name].to_str().unwrap_or_default().to_owned();
    for (path, kind) in [("image", "image/png"), ("page", "application/octet-stream"), ("fake.html", "application/octet-stream")] {
        let file = w.vic.get(&format!("{OWN}/runs/{run}/artifact?path={path}")).await.is(200);
        assert_eq!(told(&file, "content-type"), kind, "{path}");
        assert!(told(&file, "content-security-policy").contains("sandbox"), "{path}");
        assert_eq!(told(&file, "x-content-type-options"), "nosniff", "{path}");
    }
    // What is shown of a page is its source.
    let page = w.ada.with("accept", "text/html").get(&format!("/teams/forecast/runs/{run}?tab=artifacts&file=page")).await.is(200);
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script>alert(1)"), "{page}");
}
