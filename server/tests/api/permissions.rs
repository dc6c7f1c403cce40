//! Every operation of the document x every person, against the table in `docs/permissions.md`. An operation without a row fails.
//!
//! The requests are empty on purpose: who may not is told so before anything is looked at; who may is told what is missing.

use super::world::{Answer, Person, World};
use http::Method;
use std::{collections::BTreeMap, path::Path};

const PEOPLE: [&str; 8] = ["nobody", "stranger", "viewer", "editor", "maintainer", "admin", "run", "predict"];
/// These end the session that asks: everybody signs in anew for them.
const ENDING: [&str; 2] = ["DELETE /api/v1/session", "POST /api/v1/session/end"];

fn word(answer: &Answer) -> &'static str {
    let detail = || {
        serde_json::from_slice::<serde_json::Value>(&answer.body)
            .ok()
            .and_then(|v| v["detail"].as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    match answer.status.as_u16() {
        401 => "401",
        403 => "403",
        404 if detail().starts_with("There is no such team") => "404",
        405 | 500.. => "broken",
        _ => "yes",
    }
}

async fn ask(who: &Person, operation: &str) -> &'static str {
    let (method, path) = operation.split_once(' ').unwrap();
    let mut path = path.replace("{team}", "forecast").replace("{version}", "1").replace("{number}", "1");
    while let (Some(a), Some(b)) = (path.find('{'), path.find('}')) {
        path.replace_range(a..=b, "x");
    }
    let method: Method = method.parse().unwrap();
    let body = if method == Method::GET || method == Method::DELETE { "" } else { "{}" };
    word(&who.send(method, &path, if body.is_empty() { "" } else { "application/json" }, body).await)
}

async fn people(w: &World) -> Vec<Person> {
    let made = w
        .ada
        .post("/api/v1/tokens", serde_json::json!({ "name": "p", "team": "forecast", "role": "viewer", "scope": "predict" }))
        .await
        .is(201);
    let predict = w.nobody.with("authorization", &format!("Bearer {}", made.json()["token"].as_str().unwrap()));
    let run = w.run("00000000000000000000000000000001").await;
    vec![w.nobody.clone(), w.eve.clone(), w.vic.clone(), w.ada.clone(), w.mia.clone(), w.bob.clone(), run, predict]
}

fn table(rows: &BTreeMap<String, Vec<&'static str>>) -> String {
    let mut out = format!("| operation | {} |\n|---|{}\n", PEOPLE.join(" | "), "---|".repeat(PEOPLE.len()));
    for (operation, words) in rows {
        out.push_str(&format!("| `{operation}` | {} |\n", words.join(" | ")));
    }
    out
}

#[tokio::test]
async fn everybody_may_what_the_table_says() {
    let w = World::new().await;
    let document = w.nobody.get("/api/openapi.json").await.is(200).json();
    let mut operations: Vec<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |m| format!("{} {path}", m.to_uppercase())))
        .collect();
    operations.sort();
    let people = people(&w).await;
    let mut rows = BTreeMap::new();
    for operation in operations.iter().filter(|o| !ENDING.contains(&o.as_str())) {
        let mut words = Vec::new();
        for who in &people {
            words.push(ask(who, operation).await);
        }
        rows.insert(operation.clone(), words);
    }
    for operation in ENDING {
        let mut words = Vec::new();
        for (name, who) in ["", "eve", "vic", "ada", "mia", "bob", "", ""].into_iter().zip(&people) {
            let who = if name.is_empty() { who.clone() } else { w.nobody.sign_in(name).await };
            words.push(ask(&who, operation).await);
        }
        rows.insert(operation.into(), words);
    }
    let broken: Vec<_> = rows.iter().filter(|(_, words)| words.contains(&"broken")).map(|(o, _)| o).collect();
    assert!(broken.is_empty(), "answered 405 or 5xx: {broken:?}");

    let path = Path::new(env!("SLIPWAY_ROOT")).join("docs/permissions.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, approved) = text.split_once("| operation |").unwrap();
    let now = table(&rows);
    if std::env::vars().any(|(k, v)| k == "APPROVE" && v == "1") {
        std::fs::write(&path, format!("{head}{now}")).unwrap();
        return;
    }
    let approved = format!("| operation |{approved}");
    let differences: Vec<_> = now.lines().filter(|l| !approved.lines().any(|a| a == *l)).collect();
    assert!(differences.is_empty(), "not in docs/permissions.md:\n{}", differences.join("\n"));
    assert_eq!(now, approved, "docs/permissions.md has rows of operations that are gone");
}
