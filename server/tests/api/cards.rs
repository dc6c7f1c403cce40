//! The card of a model: its description in Markdown, whoever wrote it and by which door.

use super::world::{Person, World};
use serde_json::json;

const MODEL: &str = "/api/v1/teams/forecast/models/churn";
const PAGE: &str = "/teams/forecast/models/churn";

async fn churn(w: &World, description: &str) -> Person {
    let program = w.ada.token("forecast", "editor").await;
    program.post("/api/2.0/mlflow/registered-models/create", json!({ "name": "churn", "description": description })).await.is(200);
    program
}

async fn page(by: &Person, path: &str) -> String {
    String::from_utf8_lossy(&by.with("accept", "text/html").get(path).await.is(200).body).into_owned()
}

#[tokio::test]
async fn what_mlflow_calls_the_description_is_the_card() {
    let w = World::new().await;
    let program = churn(&w, "# Churn\n\nFor *retention* only.").await;
    let shown = page(&w.vic, PAGE).await;
    assert!(shown.contains("<h3>Churn</h3>") && shown.contains("<em>retention</em>"), "the viewer reads it");
    assert!(!shown.contains("card=edit"), "and does not change it");
    let seen = w.vic.get(MODEL).await.is(200).json()["revision"].as_i64().unwrap();
    let card = json!({ "description": "| a | b |\n|---|---|\n| 1 | 2 |", "revision": seen });
    w.vic.patch(MODEL, card.clone()).await.is(403);
    w.ada.patch(MODEL, card.clone()).await.is(200);
    w.ada.patch(MODEL, card).await.is(409);
    assert!(page(&w.vic, PAGE).await.contains("<td>1</td>"));
    let read = program.get("/api/2.0/mlflow/registered-models/get?name=churn").await.is(200).json();
    assert_eq!(read["registered_model"]["description"], "| a | b |\n|---|---|\n| 1 | 2 |");
    w.eve.get(MODEL).await.is(404);

    // The model's card stands beside each version, and a version has words of its own.
    let source = json!({ "name": "churn", "source": "s3://elsewhere/m", "description": "Trained on **May**." });
    program.post("/api/2.0/mlflow/model-versions/create", source).await.is(200);
    let version = page(&w.vic, &format!("{PAGE}/1")).await;
    assert!(version.contains("<strong>May</strong>") && version.contains("<td>1</td>") && version.contains("Model card"), "both");
}

#[tokio::test]
async fn hostile_markdown_is_text_on_the_page_and_in_the_preview() {
    let w = World::new().await;
    let hostile =
        "</textarea><script>alert(1)</script>\n\n<img src=x onerror=alert(2)>\n\n[x](javascript:alert(3)) ![y](https://evil.example/p.png)";
    churn(&w, hostile).await;
    let preview = w.vic.post("/api/v1/markdown", json!({ "text": hostile })).await.is(200).json()["html"].as_str().unwrap().to_owned();
    let shown = page(&w.ada, PAGE).await;
    assert!(shown.contains(&preview), "what is previewed is what is shown");
    for bad in ["<script>alert", "<img src=x", "href=\"javascript", "<img src=\"https://evil"] {
        assert!(!shown.contains(bad) && !preview.contains(bad), "{bad}");
    }
    assert!(preview.contains("href=\"https://evil.example/p.png\">y</a>"), "an image is a link to it: {preview}");
    // Also where it is edited.
    let edited = page(&w.ada, &format!("{PAGE}?card=edit")).await;
    assert!(!edited.contains("<script>alert") && edited.contains("&lt;/textarea>&lt;script>alert(1)"), "the text is one text");
    w.nobody.post("/api/v1/markdown", json!({ "text": "x" })).await.is(401);
    assert_eq!(w.vic.post("/api/v1/markdown", json!({ "text": "x".repeat(100_001) })).await.is(422).field(), "text");
}

#[tokio::test]
async fn forms_keep_what_they_do_not_show() {
    let w = World::new().await;
    churn(&w, "First.").await;
    w.ada.patch(MODEL, json!({ "tags": { "owner": "ada" } })).await.is(200);
    let revision = async || w.vic.get(MODEL).await.is(200).json()["revision"].to_string();
    let seen = revision().await;
    let pairs = [("_method", "PATCH"), ("replace", "true"), ("revision", seen.as_str()), ("description", "Second.\r\n\r\nLine.")];
    w.ada.form(&format!("{PAGE}?card=edit"), MODEL, &pairs).await.is(303);
    let model = w.vic.get(MODEL).await.is(200).json();
    assert_eq!((&model["description"], &model["tags"]["owner"]), (&json!("Second.\n\nLine."), &json!("ada")));
    let tags = [("_method", "PATCH"), ("replace", "true"), ("seen", "owner"), ("keep_description", "true"), ("tags", "owner=mia")];
    w.ada.form(PAGE, MODEL, &tags).await.is(303);
    let model = w.vic.get(MODEL).await.is(200).json();
    assert_eq!((&model["description"], &model["tags"]["owner"]), (&json!("Second.\n\nLine."), &json!("mia")));
    // Emptied it goes, and the tags stay.
    let seen = revision().await;
    let none = [("_method", "PATCH"), ("replace", "true"), ("revision", seen.as_str()), ("description", "")];
    w.ada.form(&format!("{PAGE}?card=edit"), MODEL, &none).await.is(303);
    let model = w.vic.get(MODEL).await.is(200).json();
    assert_eq!((&model["description"], &model["tags"]["owner"]), (&json!(""), &json!("mia")));
    assert!(page(&w.ada, PAGE).await.contains("No card yet"));
}
