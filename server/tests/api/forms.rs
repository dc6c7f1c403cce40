//! Forms of plain browsers.

use super::world::{PASSWORD, World};
use serde_json::json;

#[tokio::test]
async fn sign_in_by_form_lands_where_it_was_going() {
    let w = World::new().await;
    let answer =
        w.nobody.form("/sign-in", "/api/v1/session", &[("user", "ada"), ("password", PASSWORD), ("next", "/teams/forecast")]).await.is(303);
    assert_eq!(answer.location(), "/teams/forecast");
    assert!(answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn a_refused_form_comes_back_with_the_problem_and_without_the_password() {
    let w = World::new().await;
    let answer = w.nobody.form("/sign-in?next=%2Fx", "/api/v1/session", &[("user", "ada"), ("password", "wrong wrong")]).await.is(303);
    let location = answer.location();
    assert!(location.starts_with("/sign-in?next=%2Fx&problem=User+or+password+is+wrong."), "{location}");
    assert!(location.contains("user=ada") && !location.contains("wrong+wrong"), "{location}");
}

#[tokio::test]
async fn next_leads_nowhere_else() {
    let w = World::new().await;
    for next in ["//evil.test", "/\\evil.test", "/\t/evil.test", "http://evil.test", "javascript:alert(1)"] {
        let answer = w.nobody.form("/sign-in", "/api/v1/session", &[("user", "ada"), ("password", PASSWORD), ("next", next)]).await.is(303);
        assert_eq!(answer.location(), "/sign-in", "{next}");
    }
}

#[tokio::test]
async fn a_team_by_form() {
    let w = World::new().await;
    let answer = w.ada.form("/", "/api/v1/teams", &[("name", "Bad Name"), ("display_name", "")]).await.is(303);
    assert!(answer.location().contains("field=name") && answer.location().contains("name=Bad+Name"), "{}", answer.location());
    w.ada.form("/", "/api/v1/teams", &[("name", "good"), ("display_name", "")]).await.is(303);
    w.ada.get("/api/v1/teams/good").await.is(200);
}

#[tokio::test]
async fn next_takes_no_secret_along() {
    let w = World::new().await;
    let fields = [("user", "ada"), ("password", PASSWORD), ("next", "/x/{password}/{user}")];
    let answer = w.nobody.form("/sign-in", "/api/v1/session", &fields).await.is(303);
    assert_eq!(answer.location(), "/x/%7Bpassword%7D/ada");
}

#[tokio::test]
async fn what_was_typed_comes_back_to_its_form() {
    let w = World::new().await;
    let fields = [("_form", "team"), ("name", "Bad Name"), ("env", "KEY=secret"), ("git_url", "https://me:secret@git.test/x")];
    let answer = w.ada.form("/", "/api/v1/teams", &fields).await.is(303);
    let location = answer.location();
    assert!(location.contains("_form=team") && location.contains("name=Bad+Name") && !location.contains("secret"), "{location}");
    // Sent again from there, it leaves nothing of it behind.
    let answer = w.ada.form(location, "/api/v1/teams", &[("_form", "team"), ("name", " good ")]).await.is(303);
    assert_eq!(answer.location(), "/");
}

#[tokio::test]
async fn a_token_is_shown_this_once() {
    let w = World::new().await;
    let fields = [("_form", "token"), ("_show", "token"), ("name", "<laptop>"), ("team", "forecast"), ("role", "editor")];
    let answer = w.ada.form("/account", "/api/v1/tokens", &fields).await.is(200);
    let page = String::from_utf8_lossy(&answer.body).into_owned();
    let token = page.split_once("<code>").and_then(|(_, rest)| rest.split_once("</code>")).map(|(token, _)| token.to_owned()).unwrap();
    assert!(token.starts_with("slip_") && page.contains("href=\"/account\""), "{page}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(answer.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    w.nobody.with("authorization", &format!("Bearer {token}")).get("/api/v1/me").await.is(200);
}

#[tokio::test]
async fn a_session_is_ended_by_a_form_that_means_delete() {
    let w = World::new().await;
    let ada = w.nobody.sign_in("ada").await;
    ada.get("/api/v1/me").await.is(200);
    ada.form("/", "/api/v1/session", &[("_method", "DELETE"), ("next", "/sign-in")]).await.is(303);
    ada.get("/api/v1/me").await.is(401);
}

#[tokio::test]
async fn a_pipeline_run_by_form_has_values_of_the_types_of_its_parameters() {
    let w = World::new().await;
    let spec = json!({
        "pipelineInfo": {"name": "small"}, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.17.3",
        "root": {
            "inputDefinitions": {"parameters": {
                "text": {"parameterType": "STRING", "defaultValue": "hello", "isOptional": true},
                "times": {"parameterType": "NUMBER_INTEGER"},
                "days": {"parameterType": "LIST"}
            }},
            "dag": {"tasks": {"rest": {"taskInfo": {"name": "rest"}, "componentRef": {"name": "comp-rest"}}}}
        },
        "components": {"comp-rest": {"executorLabel": "exec-rest"}},
        "deploymentSpec": {"executors": {"exec-rest": {"container": {"image": "python:3.11", "command": ["true"]}}}}
    })
    .to_string();
    let (pipelines, runs) = ("/api/v1/teams/forecast/pipelines", "/api/v1/teams/forecast/pipeline-runs");
    let made =
        w.mia.form("/teams/forecast/pipelines", pipelines, &[("spec", &spec), ("next", "/teams/forecast/pipelines/{name}")]).await.is(303);
    assert_eq!(made.location(), "/teams/forecast/pipelines/small");

    let page = "/teams/forecast/pipelines/small/run";
    let fields = [("_form", "start"), ("pipeline", "small"), ("texts.times", "many"), ("texts.days", "[]")];
    let refused = w.mia.form(page, runs, &fields).await.is(303);
    let location = refused.location();
    assert!(location.contains("field=texts.times") && location.contains("texts.times=many"), "{location}");
    // Of several that are wrong each is told.
    let all = w.mia.post(runs, json!({"pipeline": "small", "texts": {"times": "many", "days": "mon"}})).await.is(422).json();
    let (field, detail) = (&all["field"], all["detail"].as_str().unwrap_or_default());
    assert!(field == "texts.days" && detail.contains("days: ") && detail.contains("times: "), "{all}");

    w.mia.form(page, runs, &[("pipeline", "small"), ("texts.times", "3"), ("texts.days", "[\"mon\", 2]")]).await.is(303);
    let all = w.mia.get(runs).await.is(200).json();
    assert_eq!(all["items"][0]["parameters"], json!({"text": "hello", "times": 3, "days": ["mon", 2]}));
    // A text that was emptied is an empty text, which the form says of the field; other fields are left out.
    let start = w.mia.with("accept", "text/html").get(page).await.is(200);
    let start = String::from_utf8_lossy(&start.body).into_owned();
    assert_eq!((start.matches("name=\"empty\"").count(), start.matches("value=\"texts.text\"").count()), (1, 1), "{start}");
    let emptied = [("pipeline", "small"), ("empty", "texts.text"), ("texts.text", ""), ("texts.times", "3"), ("texts.days", "[]")];
    w.mia.form(page, runs, &emptied).await.is(303);
    let all = w.mia.get(runs).await.is(200).json();
    let texts = all["items"].as_array().unwrap().iter().map(|run| &run["parameters"]["text"]);
    assert_eq!(texts.filter(|text| **text == "").count(), 1, "{all}");
    // What is no parameter is refused in either way.
    w.mia.post(runs, json!({"pipeline": "small", "texts": {"tims": "3"}})).await.is(422);
}
