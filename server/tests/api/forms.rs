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
    // Of several that are wrong each is told, with its field.
    let all = w.mia.post(runs, json!({"pipeline": "small", "texts": {"times": "many", "days": "mon"}})).await.is(422).json();
    let (field, detail) = (&all["field"], all["detail"].as_str().unwrap_or_default());
    assert!(field == "texts.days" && detail.contains("days: ") && detail.contains("times: "), "{all}");
    assert_eq!(
        all["errors"],
        json!([
            {"field": "texts.days", "detail": "Expected a JSON list, got the text \"mon\"."},
            {"field": "texts.times", "detail": "Expected a whole number, got the text \"many\"."},
        ])
    );
    // One that is missing and one that is of another type, in JSON's way.
    let all = w.mia.post(runs, json!({"pipeline": "small", "parameters": {"days": 3}})).await.is(422).json();
    let fields: Vec<&str> = all["errors"].as_array().unwrap().iter().filter_map(|e| e["field"].as_str()).collect();
    assert_eq!((&all["field"], fields), (&json!("parameters"), vec!["parameters.days", "parameters.times"]), "{all}");

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

/// Two numbers and a text, none of them with a default.
fn needs() -> String {
    let parameter = |kind: &str| json!({"parameterType": kind});
    json!({
        "pipelineInfo": {"name": "needs"}, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.17.3",
        "root": {
            "inputDefinitions": {"parameters": {
                "rate": parameter("NUMBER_DOUBLE"), "share": parameter("NUMBER_DOUBLE"), "title": parameter("STRING"),
            }},
            "dag": {"tasks": {"rest": {"taskInfo": {"name": "rest"}, "componentRef": {"name": "comp-rest"}}}}
        },
        "components": {"comp-rest": {"executorLabel": "exec-rest"}},
        "deploymentSpec": {"executors": {"exec-rest": {"container": {"image": "python:3.11", "command": ["true"]}}}}
    })
    .to_string()
}

/// What stands in the tag of the page that has this.
fn tag<'a>(page: &'a str, with: &str) -> &'a str {
    let at = page.find(with).unwrap_or_else(|| panic!("{with} is not in {page}"));
    let (from, to) = (page[..at].rfind('<').unwrap_or(0), page[at..].find('>').map_or(page.len(), |end| at + end));
    &page[from..to]
}

#[tokio::test]
async fn each_parameter_that_is_wrong_is_told_in_place_and_an_empty_text_is_said() {
    let w = World::new().await;
    let own = "/api/v1/teams/forecast";
    w.mia.post(&format!("{own}/pipelines"), json!({"spec": needs()})).await.is(201);
    let (run, recurring) = ("/teams/forecast/pipelines/needs/run", "/teams/forecast/pipelines/needs/schedule");
    for (page, form, action) in [(run, "start", format!("{own}/pipeline-runs")), (recurring, "schedule", format!("{own}/recurring-runs"))] {
        let mut fields = vec![("_form", form), ("pipeline", "needs"), ("texts.rate", "fast"), ("texts.share", "most"), ("texts.title", "")];
        if form == "schedule" {
            fields.extend([("parameters", " "), ("schedule.kind", "cron"), ("schedule.cron", "0 0 2 * * *")]);
        }
        let html = async |path: &str| {
            let answer = w.mia.with("accept", "text/html").get(path).await.is(200);
            String::from_utf8_lossy(&answer.body).into_owned()
        };
        let fresh = html(page).await;
        assert!(!fresh.contains("aria-invalid"), "{fresh}");
        assert!(
            tag(&fresh, "value=\"texts.title\"").contains("type=\"checkbox\"") && !tag(&fresh, "value=\"texts.title\"").contains("checked")
        );

        let refused = w.mia.form(page, &action, &fields).await.is(303);
        let back = html(refused.location()).await;
        for (name, why) in [
            ("rate", "Expected a number, got the text &quot;fast&quot;."),
            ("share", "Expected a number, got the text &quot;most&quot;."),
            ("title", "No value is given, and it has no default. Give text."),
        ] {
            let control = tag(&back, &format!("name=\"texts.{name}\""));
            let id = format!("{form}-texts.{name}-wrong");
            assert!(control.contains("aria-invalid=\"true\"") && control.contains(&format!("aria-describedby=\"{id}\"")), "{control}");
            assert_eq!(control.contains("autofocus"), name == "rate", "{control}");
            let said = back.split_once(&format!("id=\"{id}\"")).and_then(|(_, rest)| rest.split_once('>')).map_or("", |(_, rest)| rest);
            assert!(said.replace('"', "&quot;").starts_with(why), "{name}: {}", said.chars().take(200).collect::<String>());
        }
        assert!(tag(&back, "name=\"texts.rate\"").contains("value=\"fast\""));
        // Only what is said to be empty is: the others are told again, and the tick stays.
        fields.push(("empty", "texts.title"));
        let refused = w.mia.form(refused.location(), &action, &fields).await.is(303);
        let back = html(refused.location()).await;
        assert!(
            !tag(&back, "name=\"texts.title\"").contains("aria-invalid") && tag(&back, "name=\"texts.share\"").contains("aria-invalid")
        );
        assert!(tag(&back, "value=\"texts.title\"").contains("checked"), "{back}");

        fields.retain(|(name, _)| !["texts.rate", "texts.share"].contains(name));
        fields.extend([("texts.rate", "0.5"), ("texts.share", "1")]);
        let made = w.mia.form(refused.location(), &action, &fields).await.is(303);
        assert_eq!(made.location(), page);
        let all = w.mia.get(&action).await.is(200).json();
        let kept = &all["items"][0]["parameters"];
        assert_eq!((kept["rate"].as_f64(), kept["share"].as_f64(), &kept["title"]), (Some(0.5), Some(1.0), &json!("")), "{all}");
        // What comes after it begins with that.
        let id = all["items"][0]["id"].as_str().unwrap();
        let next = if form == "start" { format!("{page}?from={id}") } else { format!("/teams/forecast/recurring-runs/{id}/edit") };
        assert!(tag(&html(&next).await, "value=\"texts.title\"").contains("checked"));
    }
    // In JSON an empty text is one as it stands.
    let given = json!({"pipeline": "needs", "parameters": {"rate": 1, "share": 2, "title": ""}});
    w.mia.post(&format!("{own}/pipeline-runs"), given).await.is(201);
}

#[tokio::test]
async fn an_older_version_is_scheduled_with_its_own_parameters() {
    let w = World::new().await;
    let own = "/api/v1/teams/forecast";
    w.mia.post(&format!("{own}/pipelines"), json!({"spec": needs()})).await.is(201);
    let html = async |path: &str| {
        let answer = w.mia.with("accept", "text/html").get(&format!("/teams/forecast/pipelines/needs/schedule{path}")).await.is(200);
        String::from_utf8_lossy(&answer.body).into_owned()
    };
    let other = needs().replace("\"title\"", "\"motto\"");
    let newer = w.mia.post(&format!("{own}/pipelines/needs/versions"), json!({"spec": other, "name": "2"})).await.is(201).json();
    let all = w.mia.get(&format!("{own}/pipelines/needs/versions")).await.is(200).json();
    let older = all["items"].as_array().unwrap().iter().find(|v| v["id"] != newer["id"]).unwrap();
    let (id, name) = (older["id"].as_str().unwrap(), older["name"].as_str().unwrap());

    let newest = html("").await;
    assert!(newest.contains("texts.motto") && !newest.contains("texts.title"), "{newest}");
    for asked in [id, name] {
        let page = html(&format!("?version={asked}&name=often")).await;
        assert!(page.contains("texts.title") && !page.contains("texts.motto"), "{page}");
        let options = page.split("<option ").skip(1).filter_map(|o| o.split_once('>'));
        assert_eq!(options.filter(|(tag, _)| tag.contains(id) && tag.contains("selected")).count(), 1, "{page}");
        assert!(tag(&page, "name=\"name\"").contains("value=\"often\""), "it stays when another one is chosen");
        // What was typed for the version before is not the new one's.
        let followed = html(&format!("?_of={}&version={asked}&texts.title=hers", newer["id"].as_str().unwrap())).await;
        assert!(!followed.contains("hers"), "{followed}");
        assert!(html(&format!("?_of={asked}&version={asked}&texts.title=hers")).await.contains("hers"));
    }
}
