//! The published document is the one in the repository: a change is a diff that somebody approves.

use super::world::World;
use std::path::Path;

#[tokio::test]
async fn the_document_is_the_approved_one() {
    let w = World::new().await;
    let now = w.nobody.get("/api/openapi.json").await.is(200).json();
    let text = serde_json::to_string_pretty(&now).unwrap() + "\n";
    let path = Path::new(env!("SLIPWAY_ROOT")).join("docs/openapi.json");
    if std::env::vars().any(|(k, v)| k == "APPROVE" && v == "1") {
        std::fs::write(&path, &text).unwrap();
        return;
    }
    let approved = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        approved == text,
        "docs/openapi.json is not what the server answers: look at the difference after `APPROVE=1 cargo test -p server --test api openapi`, then commit it"
    );
}
