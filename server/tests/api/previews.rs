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
    // A page is shown in a frame that allows nothing, or as its source.
    let shown = async |query: &str| {
        let address = format!("/teams/forecast/runs/{run}?tab=artifacts&file=page{query}");
        let page = w.ada.with("accept", "text/html").get(&address).await.is(200);
        assert!(told(&page, "content-security-policy").contains("frame-src 'self'"));
        String::from_utf8_lossy(&page.body).into_owned()
    };
    let framed = shown("").await;
    let frame = framed.split("<iframe ").nth(1).and_then(|f| f.split('>').next()).unwrap();
    assert!(frame.contains("sandbox") && !frame.contains("allow") && frame.contains("artifact/page?path=page"), "{frame}");
    let source = shown("&html=source").await;
    assert!(source.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !source.contains("<iframe"), "{source}");
    assert!(!framed.contains("<script>alert(1)") && !source.contains("<script>alert(1)"));
}

#[tokio::test]
async fn a_page_is_laid_out_in_a_frame_of_ours_alone() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let run = run(&ada, &[("page", b"<html><script>alert(1)</script>")]).await;
    let address = format!("{OWN}/runs/{run}/artifact/page?path=page");
    let told = |a: &Answer, name: &str| a.headers[name].to_str().unwrap_or_default().to_owned();
    for who in [w.vic.clone(), w.vic.with("sec-fetch-dest", "iframe")] {
        let framed = who.get(&address).await.is(200);
        assert_eq!(told(&framed, "content-type"), "text/html; charset=utf-8");
        let policy = told(&framed, "content-security-policy");
        let rules: Vec<&str> = policy.split(';').map(str::trim).collect();
        for rule in
            ["sandbox", "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "form-action 'none'", "frame-ancestors 'self'"]
        {
            assert!(rules.contains(&rule), "{rule}: {policy}");
        }
        assert!(!policy.contains("script-src") && !policy.contains("allow-"), "{policy}");
        assert!(told(&framed, "content-disposition").starts_with("inline"));
    }
    // Alone it would look like a page of ours.
    let alone = w.vic.with("sec-fetch-dest", "document").get(&address).await.is(200);
    assert_eq!(told(&alone, "content-type"), "application/octet-stream");
    assert!(told(&alone, "content-disposition").starts_with("attachment"));
    w.vic.get(&format!("{OWN}/runs/{run}/artifact/page?path=none")).await.is(404);
    w.vic.get(&format!("{OWN}/runs/{run}/artifact/page?path=../x")).await.is(422);
    w.eve.get(&address).await.is(404);
    w.eve.get(&format!("/api/v1/teams/elsewhere/runs/{run}/artifact/page?path=page")).await.is(404);
}
