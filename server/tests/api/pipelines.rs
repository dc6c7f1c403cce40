//! Pipelines and pipeline runs: who may what, what is refused.

use super::world::World;
use serde_json::{Value, json};
use server::{
    pipelines::token::TaskTokens,
    reconcile::{Task, pipelines::Pipelines},
};

const OWN: &str = "/api/v1/teams/forecast";

/// Runs `approval` up to where it asks; the addresses of the task for a maintainer, and of that for an editor.
async fn asking(w: &World) -> (String, String) {
    let spec = std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/approval.yaml")).unwrap();
    let run = w.ada.post(&format!("{OWN}/pipeline-runs"), json!({ "spec": spec })).await.is(201).json()["id"].as_str().unwrap().to_owned();
    let web = &w.web;
    Pipelines::new(
        web.store.clone(),
        web.pipelines.clone(),
        web.logs.clone(),
        web.cluster.clone(),
        web.artifacts.clone(),
        TaskTokens::new(&web.sealer),
    )
    .tick()
    .await
    .unwrap();
    let tasks = w.vic.get(&format!("{OWN}/pipeline-runs/{run}/tasks")).await.is(200).json();
    let of = |name: &str| {
        let id = tasks.as_array().unwrap().iter().find(|t| t["name"] == name).unwrap()["id"].as_str().unwrap();
        format!("{OWN}/pipeline-runs/{run}/tasks/{id}")
    };
    (of("approve"), of("consult"))
}

#[tokio::test]
async fn the_role_decides_who_answers_and_the_first_answer_counts() {
    let w = World::new().await;
    let (of_maintainers, of_editors) = asking(&w).await;
    super::notices::look(&w).await;
    let no = || json!({});
    for who in [&w.vic, &w.ada] {
        who.post(&format!("{of_maintainers}/approve"), no()).await.is(403);
        assert_eq!(who.get(&of_maintainers).await.is(200).json()["approval"]["can_answer"], false);
    }
    w.vic.post(&format!("{of_editors}/refuse"), no()).await.is(403);
    w.eve.post(&format!("{of_maintainers}/approve"), no()).await.is(404);
    let elsewhere = of_maintainers.replace("/teams/forecast/", "/teams/elsewhere/");
    w.eve.post(&format!("{elsewhere}/approve"), no()).await.is(404);
    w.run("00000000000000000000000000000001").await.post(&format!("{of_editors}/approve"), no()).await.is(403);
    let notebook = server::access::Subject::Notebook("00000000000000000000000000000002".into());
    w.workload(&notebook).await.post(&format!("{of_editors}/approve"), no()).await.is(403);
    // A token may what its role may, and not what its owner's would.
    w.mia.token("forecast", "editor").await.post(&format!("{of_maintainers}/approve"), no()).await.is(403);
    assert_eq!(w.mia.post(&format!("{of_maintainers}/approve"), json!({ "comment": "x".repeat(10_001) })).await.is(422).field(), "comment");

    let home = |json: Value| json["tasks"].as_array().unwrap().iter().map(|t| t["task"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(home(w.mia.get(&format!("{OWN}/home")).await.is(200).json()).len(), 2);
    assert_eq!(home(w.ada.get(&format!("{OWN}/home")).await.is(200).json()), ["consult"]);
    assert!(home(w.vic.get(&format!("{OWN}/home")).await.is(200).json()).is_empty());
    let told = w.ada.get("/api/v1/me/notices").await.is(200).json();
    assert_eq!((told["items"].as_array().map(Vec::len), &told["items"][0]["kind"]), (Some(1), &json!("pipeline_waiting")));
    assert!(w.vic.get("/api/v1/me/notices").await.is(200).json()["items"].as_array().unwrap().is_empty());

    let (yes, other) = (format!("{of_maintainers}/approve"), format!("{of_maintainers}/refuse"));
    let (one, two) = tokio::join!(w.mia.post(&yes, json!({ "comment": "Good." })), w.bob.post(&other, no()));
    let mut both = [one.status.as_u16(), two.status.as_u16()];
    both.sort_unstable();
    assert_eq!(both, [204, 409]);
    w.mia.post(&yes, no()).await.is(409);
    let detail = w.vic.get(&of_maintainers).await.is(200).json();
    let by = if one.status.as_u16() == 204 { "mia" } else { "bob" };
    assert_eq!((&detail["approval"]["decision"]["by"], &detail["approval"]["can_answer"]), (&json!(by), &json!(false)));
    assert_eq!(home(w.mia.get(&format!("{OWN}/home")).await.is(200).json()), ["consult"]);
    // What is no approval waits for none.
    let run = of_maintainers.split("/tasks/").next().unwrap();
    let tasks = w.vic.get(&format!("{run}/tasks")).await.is(200).json();
    let say = tasks.as_array().unwrap().iter().find(|t| t["name"] == "say-2").unwrap()["id"].as_str().unwrap().to_owned();
    w.mia.post(&format!("{run}/tasks/{say}/approve"), no()).await.is(409);
}

fn hello() -> String {
    std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/hello.yaml")).unwrap()
}

#[tokio::test]
async fn a_pipeline_is_called_what_somebody_calls_it() {
    let w = World::new().await;
    let spec = hello().replacen("  name: hello\n", "  displayName: Hello there\n  name: hello\n", 1);
    assert_ne!(spec, hello());
    let own = w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": spec })).await.is(201).json();
    assert_eq!((&own["name"], &own["display_name"]), (&json!("hello"), &json!("Hello there")));
    let given = w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": spec, "name": "nightly" })).await.is(201).json();
    assert_eq!((&given["name"], &given["display_name"]), (&json!("nightly"), &json!("nightly")));
    for name in ["..", "a\nb"] {
        assert_eq!(w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": spec, "name": name })).await.is(422).field(), "name");
    }
}

#[tokio::test]
async fn a_pipeline_is_uploaded_gets_versions_and_goes() {
    let w = World::new().await;
    let made = w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(201).json();
    assert_eq!((&made["name"], &made["description"], &made["latest"]["name"]), (&json!("hello"), &json!("Says hello."), &json!("hello")));
    assert_eq!(w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(409).field(), "name");
    let versions = format!("{OWN}/pipelines/hello/versions");
    w.ada.post(&versions, json!({ "spec": hello(), "name": "2", "description": "the same" })).await.is(201);
    assert_eq!(w.ada.post(&versions, json!({ "spec": hello(), "name": "2" })).await.is(409).field(), "name");
    let listed = w.vic.get(&versions).await.is(200).json();
    assert_eq!(
        listed["items"].as_array().map(|v| v.iter().map(|v| v["name"].clone()).collect::<Vec<_>>()),
        Some(vec![json!("2"), json!("hello")])
    );
    assert_eq!(w.vic.get(&format!("{versions}/2/spec")).await.is(200).json()["spec"], hello());
    let outline = w.vic.get(&format!("{versions}/2/outline")).await.is(200).json();
    assert_eq!(outline["parameters"][0]["default"], "hello");
    assert_eq!(outline["tasks"], json!([{ "path": "say", "name": "say", "kind": "executor", "after": [] }]));
    let run = w.ada.post(&format!("{OWN}/pipeline-runs"), json!({ "pipeline": "hello", "version": "2" })).await.is(201).json();
    w.ada.delete(&format!("{OWN}/pipelines/hello")).await.is(204);
    w.vic.get(&format!("{OWN}/pipelines/hello")).await.is(404);
    // What ran outlives what it was of.
    let run = w.vic.get(&format!("{OWN}/pipeline-runs/{}", run["id"].as_str().unwrap())).await.is(200).json();
    assert_eq!((&run["pipeline"], &run["parameters"]), (&json!("hello"), &json!({ "text": "hello" })));
}

#[tokio::test]
async fn what_cannot_run_is_refused_with_its_place() {
    let w = World::new().await;
    let mut spec: Value = serde_json::from_str(r#"{"pipelineInfo":{"name":"x"},"schemaVersion":"2.1.0","root":{"dag":{"tasks":{"a":{"componentRef":{"name":"comp-none"},"taskInfo":{"name":"a"}}}}}}"#).unwrap();
    let refused = w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": spec.to_string() })).await.is(422);
    assert!(refused.json()["detail"].as_str().unwrap().contains("root.dag.tasks.a"), "{}", refused.json());
    assert_eq!(refused.field(), "spec");
    spec["schemaVersion"] = json!("1.0");
    w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": spec.to_string() })).await.is(422);
    for bad in ["", "not: [yaml", "[]", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n"] {
        assert_eq!(w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": bad })).await.is(422).field(), "spec");
    }
    let ask = |body: Value| {
        let w = &w;
        async move { w.ada.post(&format!("{OWN}/pipeline-runs"), body).await }
    };
    assert_eq!(ask(json!({})).await.is(422).field(), "pipeline");
    ask(json!({ "pipeline": "nothing" })).await.is(404);
    assert_eq!(ask(json!({ "pipeline": "x", "spec": hello() })).await.is(422).field(), "spec");
    assert_eq!(ask(json!({ "spec": hello(), "parameters": { "txt": "x" } })).await.is(422).field(), "parameters");
    assert_eq!(ask(json!({ "spec": hello(), "max_tasks": 0 })).await.is(422).field(), "max_tasks");
}

#[tokio::test]
async fn pipelines_are_the_teams_own() {
    let w = World::new().await;
    w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(201);
    let run = w.ada.post(&format!("{OWN}/pipeline-runs"), json!({ "pipeline": "hello" })).await.is(201).json()["id"].clone();
    let run = run.as_str().unwrap();
    for path in
        ["pipelines/hello", "pipelines/hello/versions/hello/spec", &format!("pipeline-runs/{run}"), &format!("pipeline-runs/{run}/tasks")]
    {
        w.eve.get(&format!("{OWN}/{path}")).await.is(404);
    }
    w.vic.post(&format!("{OWN}/pipeline-runs/{run}/cancel"), json!({})).await.is(403);
    w.ada.delete(&format!("{OWN}/pipeline-runs/{run}")).await.is(409);
    w.ada.post(&format!("{OWN}/pipeline-runs/{run}/retry"), json!({})).await.is(409);
    w.ada.post(&format!("{OWN}/pipeline-runs/{run}/cancel"), json!({})).await.is(204);
    assert_eq!(w.ada.get(&format!("{OWN}/pipeline-runs/{run}")).await.is(200).json()["state"], "stopping");
    // Once more, for its exit tasks.
    w.ada.post(&format!("{OWN}/pipeline-runs/{run}/cancel"), json!({})).await.is(204);
    w.ada.delete(&format!("{OWN}/pipeline-runs/{run}")).await.is(409);
    // Nobody but the task's own workload delivers, and nobody waits for this one.
    let delivery = json!({ "attempt": 1, "files": {} });
    w.ada.put(&format!("{OWN}/runs/{run}/delivery"), delivery.clone()).await.is(403);
    let program = w.run("0123456789abcdef0123456789abcdef").await;
    program.put(&format!("{OWN}/runs/0123456789abcdef0123456789abcdef/delivery"), delivery).await.is(409);
}

#[tokio::test]
async fn editors_clear_the_cache_of_a_pipeline() {
    let w = World::new().await;
    let id = w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(201).json()["id"].clone();
    let id = id.as_str().unwrap();
    let epoch = async || w.web.store.pipeline_cache_epoch(id).await.unwrap();
    let clear = format!("{OWN}/pipelines/hello/clear-cache");
    w.vic.post(&clear, json!({})).await.is(403);
    w.run("00000000000000000000000000000001").await.post(&clear, json!({})).await.is(403);
    w.eve.post(&clear, json!({})).await.is(404);
    w.eve.post(&format!("/api/v1/teams/elsewhere/pipelines/{id}/clear-cache"), json!({})).await.is(404);
    w.ada.post(&format!("{OWN}/pipelines/none/clear-cache"), json!({})).await.is(404);
    let events = format!("{OWN}/events?kind=pipeline&action=clear_cache");
    let told = async || w.vic.get(&events).await.is(200).json()["items"].as_array().unwrap().clone();
    assert_eq!((epoch().await, told().await.len()), (0, 0));

    w.ada.post(&clear, json!({})).await.is(204);
    // As its page does without a script; who may not does not see it there.
    let page = "/teams/forecast/pipelines/hello";
    let shows = async |who: &super::world::Person| {
        let page = who.with("accept", "text/html").get(page).await.is(200);
        String::from_utf8_lossy(&page.body).contains(&format!("action=\"{OWN}/pipelines/{id}/clear-cache\""))
    };
    assert_eq!((shows(&w.ada).await, shows(&w.vic).await), (true, false));
    let answer = w.ada.form(page, &format!("{OWN}/pipelines/{id}/clear-cache"), &[("_form", "clear-cache-form")]).await.is(303);
    assert_eq!(answer.location(), page);
    let told = told().await;
    assert_eq!((epoch().await, told.len()), (2, 2));
    let last = &told[0];
    assert_eq!((&last["actor"], &last["object_id"], &last["object_name"]), (&json!("ada"), &json!(id), &json!("hello")));
    assert_eq!((&last["before"]["cache_epoch"], &last["after"]["cache_epoch"]), (&json!(1), &json!(2)));
    // What it says of the pipeline is as before.
    assert_eq!(w.vic.get(&format!("{OWN}/pipelines/hello")).await.is(200).json()["latest"]["name"], "hello");
}

#[tokio::test]
async fn what_stands_for_an_image_is_the_admins_to_say() {
    let w = World::new().await;
    let path = "/api/v1/pipeline-images";
    w.mia.get(path).await.is(403);
    assert_eq!(w.bob.get(path).await.is(200).json(), json!({ "images": [], "revision": 0 }));
    let one = |image: &str, environment: &str| json!({ "images": [{ "image": image, "environment": environment }] });
    w.bob.put(path, one("registry.example.org/ml/base:1", "train")).await.is(200);
    let kept = w.bob.get(path).await.is(200).json();
    assert_eq!((&kept["images"], &kept["revision"]), (&one("registry.example.org/ml/base:1", "train")["images"], &json!(1)));
    // Who saw it before somebody else changed it does not undo that.
    for stale in [0, 2] {
        w.bob.put(path, json!({ "images": [], "revision": stale })).await.is(409);
    }
    assert_eq!(w.bob.get(path).await.is(200).json(), kept);
    for (image, environment) in [("", "train"), ("a b", "train"), ("a", "nothing")] {
        assert_eq!(w.bob.put(path, one(image, environment)).await.is(422).field(), "images");
    }
    // As the form sends it: a line for each, and a space where there is none.
    let page = "/admin?tab=images";
    let lines = "registry.example.org/ml/base=train\r\nalpine:3=";
    w.bob.form(page, path, &[("_method", "PUT"), ("images", lines), ("revision", "1")]).await.is(303);
    let images = json!([{ "image": "alpine:3", "environment": "" }, { "image": "registry.example.org/ml/base", "environment": "train" }]);
    assert_eq!(w.bob.get(path).await.is(200).json(), json!({ "images": images, "revision": 2 }));
    // A form of before says so on the page, and changes nothing.
    let back = w.bob.form(page, path, &[("_method", "PUT"), ("images", " "), ("revision", "1")]).await.is(303);
    assert!(back.headers["location"].to_str().unwrap().contains("problem="), "{:?}", back.headers);
    let told = w.bob.get("/api/v1/events?kind=pipeline").await.is(200).json();
    let (before, after) = (&told["items"][0]["before"]["images"], &told["items"][0]["after"]["images"]);
    assert_eq!((before, after), (&kept["images"], &json!([images[1], images[0]])), "as it was sent");
    // A cluster with nodes has containers, and no page for what stands for them.
    let admin = w.bob.with("accept", "text/html").get("/admin").await.is(200);
    assert!(!String::from_utf8_lossy(&admin.body).contains(page));
    w.bob.form(page, path, &[("_method", "PUT"), ("images", " "), ("revision", "2")]).await.is(303);
    assert_eq!(w.bob.get(path).await.is(200).json(), json!({ "images": [], "revision": 3 }));
}

#[tokio::test]
async fn two_versions_are_told_apart() {
    let w = World::new().await;
    w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(201);
    let versions = format!("{OWN}/pipelines/hello/versions");
    w.ada.post(&versions, json!({ "spec": hello().replace("python:3.11", "python:3.12"), "name": "2" })).await.is(201);
    let diff = w.vic.get(&format!("{versions}/2/diff")).await.is(200).json();
    assert_eq!((&diff["before"]["name"], &diff["after"]["name"]), (&json!("hello"), &json!("2")));
    assert_eq!((&diff["pipeline"], &diff["same"], &diff["more"]), (&json!([]), &json!(0), &json!(false)));
    let image = json!({ "what": "Image", "before": "python:3.11", "after": "python:3.12" });
    assert_eq!(diff["tasks"], json!([{ "path": "say", "name": "say", "change": "changed", "differences": [image] }]));
    // The other way round, by name.
    let back = w.vic.get(&format!("{versions}/hello/diff?against=2")).await.is(200).json();
    assert_eq!(back["tasks"][0]["differences"][0]["after"], "python:3.11");
    // Nothing was made before the first.
    let first = w.vic.get(&format!("{versions}/hello/diff")).await.is(404).json();
    assert!(first["hint"].as_str().unwrap().contains("against"), "{first}");
    w.vic.get(&format!("{versions}/2/diff?against=none")).await.is(404);
    w.eve.get(&format!("{versions}/2/diff")).await.is(404);
    // A version of another pipeline is none of this one.
    w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello(), "name": "other" })).await.is(201);
    w.vic.get(&format!("{versions}/2/diff?against=other")).await.is(404);
    let page = async |query: &str| {
        let address = format!("/teams/forecast/pipelines/hello?tab=diff{query}");
        let answer = w.vic.with("accept", "text/html").get(&address).await.is(200);
        String::from_utf8_lossy(&answer.body).into_owned()
    };
    assert!(page("&to=2").await.contains("python:3.12"));
    assert!(page("&pick=x").await.contains("tick another one"));
}

#[tokio::test]
async fn two_runs_are_compared_within_the_team() {
    let w = World::new().await;
    let run = async || {
        let made = w.ada.post(&format!("{OWN}/pipeline-runs"), json!({ "spec": hello() })).await.is(201).json();
        made["id"].as_str().unwrap().to_owned()
    };
    let (one, other) = (run().await, run().await);
    let compared = w.vic.get(&format!("{OWN}/pipeline-runs/{other}/compare?with={one}")).await.is(200).json();
    assert_eq!((&compared["before"]["run"]["id"], &compared["after"]["run"]["id"]), (&json!(one), &json!(other)));
    assert_eq!(compared["before"]["digest"], compared["after"]["digest"]);
    assert_eq!(w.vic.get(&format!("{OWN}/pipeline-runs/{one}/compare?with={one}")).await.is(422).field(), "with");
    assert_eq!(w.vic.get(&format!("{OWN}/pipeline-runs/{one}/compare")).await.is(422).field(), "with");
    w.vic.get(&format!("{OWN}/pipeline-runs/{one}/compare?with=none")).await.is(404);
    // Neither of the two may be another team's.
    w.eve.get(&format!("{OWN}/pipeline-runs/{other}/compare?with={one}")).await.is(404);
    let elsewhere = "/api/v1/teams/elsewhere/pipeline-runs";
    let hers = w.eve.post(elsewhere, json!({ "spec": hello() })).await.is(201).json()["id"].as_str().unwrap().to_owned();
    w.eve.get(&format!("{elsewhere}/{hers}/compare?with={one}")).await.is(404);
    w.eve.get(&format!("{elsewhere}/{one}/compare?with={hers}")).await.is(404);
}

#[tokio::test]
async fn a_run_is_done_again_as_it_was() {
    let w = World::new().await;
    let runs = format!("{OWN}/pipeline-runs");
    let own = w.ada.post(&runs, json!({ "spec": hello(), "parameters": { "text": "first" } })).await.is(201).json();
    w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(201);
    let named = w.ada.post(&runs, json!({ "pipeline": "hello" })).await.is(201).json();
    let id = |run: &Value| run["id"].as_str().unwrap().to_owned();
    assert_eq!(w.vic.get(&format!("{runs}/{}/outline", id(&own))).await.is(200).json()["parameters"][0]["name"], "text");
    // One that brought its own pipeline has it still; parameters are those of the new run alone.
    let again = w.ada.post(&runs, json!({ "from": id(&own), "max_tasks": 2 })).await.is(201).json();
    assert_eq!((&again["parameters"]["text"], &again["max_tasks"], &again["pipeline"]), (&json!("hello"), &json!(2), &json!("hello")));
    let compared = w.vic.get(&format!("{runs}/{}/compare?with={}", id(&again), id(&own))).await.is(200).json();
    assert_eq!(compared["before"]["digest"], compared["after"]["digest"]);
    // One of a version is of it again; where that was deleted, it is what it was all the same.
    let again = w.ada.post(&runs, json!({ "from": id(&named) })).await.is(201).json();
    assert_eq!((&again["version_id"], &again["pipeline_id"]), (&named["version_id"], &named["pipeline_id"]));
    w.ada.delete(&format!("{OWN}/pipelines/hello")).await.is(204);
    let again = w.ada.post(&runs, json!({ "from": id(&named) })).await.is(201).json();
    assert_eq!((&again["pipeline"], again.get("pipeline_id")), (&json!("hello"), None));
    // And it answers as before: what it ran is kept.
    let kept = w.vic.get(&format!("{runs}/{}", id(&named))).await.is(200).json();
    assert_eq!((&kept["pipeline"], &kept["version_id"]), (&json!("hello"), &named["version_id"]));
    for rest in ["outline", "tasks", &format!("compare?with={}", id(&own))] {
        w.vic.get(&format!("{runs}/{}/{rest}", id(&named))).await.is(200);
    }
    // A page does without what is gone; only one that is itself gone is not found.
    let pages = w.vic.with("accept", "text/html");
    let page = pages.get(&format!("/teams/forecast/pipeline-runs/{}", id(&named))).await.is(200);
    assert!(String::from_utf8_lossy(&page.body).contains("This pipeline was deleted."));
    pages.get("/teams/forecast/pipeline-runs/0123456789abcdef0123456789abcdef").await.is(404);

    let refused = async |body: Value| w.ada.post(&runs, body).await.is(422).field();
    assert_eq!(refused(json!({ "from": id(&own), "spec": hello() })).await, "from");
    assert_eq!(refused(json!({ "from": id(&own), "pipeline": "hello" })).await, "from");
    assert_eq!(refused(json!({ "from": id(&own), "version": "1" })).await, "version");
    w.ada.post(&runs, json!({ "from": "none" })).await.is(404);
    // Of another team's nothing is done again.
    w.eve.post("/api/v1/teams/elsewhere/pipeline-runs", json!({ "from": id(&own) })).await.is(404);
    w.eve.get(&format!("{runs}/{}/outline", id(&own))).await.is(404);
    let form = w.ada.with("accept", "text/html").get(&format!("/teams/forecast/pipeline-runs/{}/again", id(&own))).await.is(200);
    assert!(String::from_utf8_lossy(&form.body).contains("value=\"first\""), "what it was given stands in the fields");
}

#[tokio::test]
async fn what_ran_of_a_pipeline_is_found_after_it_was_deleted() {
    let w = World::new().await;
    let pipeline = w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(201).json()["id"].clone();
    let pipeline = pipeline.as_str().unwrap();
    let (runs, recurring) = (format!("{OWN}/pipeline-runs"), format!("{OWN}/recurring-runs"));
    let id = |made: Value| made["id"].as_str().unwrap().to_owned();
    let one = id(w.ada.post(&runs, json!({ "pipeline": "hello" })).await.is(201).json());
    let other = id(w.ada.post(&runs, json!({ "spec": hello() })).await.is(201).json());
    let nightly = json!({ "pipeline": "hello", "name": "nightly", "schedule": { "cron": "0 0 2 * * *" } });
    let nightly = id(w.ada.post(&recurring, nightly).await.is(201).json());
    let deleted = async |path: &str| w.vic.get(path).await.is(200).json()["pipeline_deleted"].clone();
    for path in [format!("{runs}/{one}"), format!("{runs}/{other}"), format!("{recurring}/{nightly}")] {
        assert_eq!(deleted(&path).await, false, "{path}");
    }
    w.ada.delete(&format!("{OWN}/pipelines/{pipeline}")).await.is(204);
    for (path, is) in [(format!("{runs}/{one}"), true), (format!("{runs}/{other}"), false), (format!("{recurring}/{nightly}"), true)] {
        assert_eq!(deleted(&path).await, is, "{path}");
    }
    // By its id; its name may be another's by now.
    for (path, first) in [(&runs, &one), (&recurring, &nightly)] {
        let listed = w.vic.get(&format!("{path}?pipeline={pipeline}")).await.is(200).json();
        let items = listed["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["id"], &items[0]["pipeline_deleted"]), (1, &json!(first), &json!(true)), "{path}");
        w.vic.get(&format!("{path}?pipeline=hello")).await.is(404);
        w.vic.get(&format!("{path}?pipeline={one}")).await.is(404);
        w.eve.get(&format!("{path}?pipeline={pipeline}")).await.is(404);
        w.eve.get(&format!("{}?pipeline={pipeline}", path.replace("/forecast/", "/elsewhere/"))).await.is(404);
    }
    // No page leads where nothing is.
    let (tag, crumb) = ("class=\"tag\">deleted<", "This pipeline was deleted.");
    for (path, says) in [
        (format!("pipeline-runs/{one}"), crumb),
        (format!("pipeline-runs/{one}/again"), ""),
        (format!("pipeline-runs/compare?from={one}&to={other}"), tag),
        ("pipeline-runs".to_owned(), tag),
        ("recurring-runs".to_owned(), tag),
        (format!("recurring-runs/{nightly}"), tag),
    ] {
        let page = w.ada.with("accept", "text/html").get(&format!("/teams/forecast/{path}")).await.is(200);
        let page = String::from_utf8_lossy(&page.body).into_owned();
        assert!(!page.contains(&format!("/pipelines/{pipeline}")), "{path}");
        assert!(page.contains(says), "{path}");
    }
}

#[tokio::test]
async fn a_pipeline_runs_by_itself() {
    let w = World::new().await;
    w.ada.post(&format!("{OWN}/pipelines"), json!({ "spec": hello() })).await.is(201);
    let all = format!("{OWN}/recurring-runs");
    let nightly = json!({
        "pipeline": "hello", "name": "nightly", "parameters": { "text": "[[ScheduledTime.2006-01-02]]" },
        "schedule": { "cron": "0 0 2 * * MON-FRI", "time_zone": "Europe/Berlin" },
    });
    let made = w.ada.post(&all, nightly.clone()).await.is(201).json();
    assert_eq!((&made["when"], made["enabled"].as_bool()), (&json!("Every weekday at 02:00, Europe/Berlin"), Some(true)), "{made}");
    assert_eq!(made["next"].as_array().map(Vec::len), Some(5));
    let id = made["id"].as_str().unwrap();
    let one = format!("{all}/{id}");
    // From a form, with an interval beside a cron that was typed before.
    let form = [
        ("pipeline", "hello"),
        ("schedule.kind", "interval"),
        ("schedule.cron", "0 0 2"),
        ("schedule.interval_seconds", "3600"),
        ("texts.text", "[[Index]]"),
        ("max_active", "2"),
        ("overlap", "skip"),
        ("catch_up", "false"),
    ];
    w.ada.form("/teams/forecast/recurring-runs/new", &all, &form).await;
    let listed = w.vic.get(&format!("{all}?pipeline=hello&page_size=1")).await.is(200).json();
    assert_eq!((&listed["items"][0]["when"], &listed["items"][0]["parameters"]), (&json!("Every hour"), &json!({ "text": "[[Index]]" })));
    assert_eq!((&listed["items"][0]["overlap"], &listed["items"][0]["catch_up"]), (&json!("skip"), &json!(false)));
    let token = listed["next_page_token"].as_str().unwrap();
    let second = w.vic.get(&format!("{all}?pipeline=hello&page_size=1&page_token={token}")).await.is(200).json();
    assert_eq!((&second["items"][0]["id"], second.get("next_page_token")), (&json!(id), None));

    w.ada.post(&format!("{one}/disable"), json!({})).await.is(204);
    let off = w.vic.get(&one).await.is(200).json();
    assert_eq!((off["enabled"].as_bool(), off["next"].as_array().map(Vec::len)), (Some(false), Some(0)));
    let later = json!({ "revision": off["revision"], "schedule": { "cron": "0 30 4 * * *" }, "version": "hello" });
    let changed = w.ada.patch(&one, later.clone()).await.is(200).json();
    assert_eq!((&changed["when"], changed["version_id"].is_string()), (&json!("Every day at 04:30, UTC"), true));
    w.ada.patch(&one, later).await.is(409);
    assert!(w.ada.patch(&one, json!({ "version": "newest" })).await.is(200).json().get("version_id").is_none());
    // Its pages are known by its name.
    for rest in ["", "/edit"] {
        let page = w.ada.with("accept", "text/html").get(&format!("/teams/forecast/recurring-runs/{id}{rest}")).await.is(200);
        let page = String::from_utf8_lossy(&page.body).into_owned();
        let crumbs = page.split("Breadcrumbs").nth(1).and_then(|c| c.split("</nav>").next()).unwrap();
        assert!(crumbs.contains("nightly") && !crumbs.contains(&format!(">{}<", &id[24..])), "{crumbs}");
    }
    // So are those of a pipeline that is opened by its id.
    let pipeline = w.vic.get(&format!("{OWN}/pipelines/hello")).await.is(200).json();
    let (of, name) = (pipeline["id"].as_str().unwrap(), pipeline["display_name"].as_str().unwrap());
    for rest in ["", "/run", "/schedule"] {
        let page = w.ada.with("accept", "text/html").get(&format!("/teams/forecast/pipelines/{of}{rest}")).await.is(200);
        let page = String::from_utf8_lossy(&page.body).into_owned();
        let crumbs = page.split("Breadcrumbs").nth(1).and_then(|c| c.split("</nav>").next()).unwrap();
        assert!(crumbs.contains(name) && !crumbs.contains(&format!(">{of}<")), "{crumbs}");
    }
    // All fields of its parameters emptied: they are as the pipeline has them. What a change does not name stays.
    let given = w.ada.patch(&one, json!({ "max_active": 2 })).await.is(200).json();
    assert_eq!(given["parameters"], nightly["parameters"]);
    let edit = format!("/teams/forecast/recurring-runs/{id}/edit");
    w.ada.form(&edit, &one, &[("_method", "PATCH"), ("parameters", " "), ("texts.text", "")]).await.is(303);
    assert_eq!(w.vic.get(&one).await.is(200).json()["parameters"], json!({}));
    w.ada.post(&format!("{one}/enable"), json!({})).await.is(204);
    let run = w.ada.post(&format!("{one}/run"), json!({})).await.is(201).json();
    assert_eq!(run["parameters"], json!({ "text": "hello" }));
    assert_eq!((&run["recurring_run_id"], run.get("scheduled_at")), (&json!(id), None));
    let runs = w.vic.get(&format!("{OWN}/pipeline-runs?recurring_run={id}")).await.is(200).json();
    assert_eq!(runs["items"][0]["id"], run["id"]);

    for (who, status) in [(&w.eve, 404), (&w.vic, 403)] {
        who.post(&format!("{one}/disable"), json!({})).await.is(status);
        who.post(&format!("{one}/run"), json!({})).await.is(status);
        who.patch(&one, json!({ "name": "x" })).await.is(status);
        who.delete(&one).await.is(status);
        who.post(&all, nightly.clone()).await.is(status);
    }
    w.eve.get(&one).await.is(404);
    w.eve.get("/api/v1/teams/elsewhere/recurring-runs").await.is(200);
    w.eve.get(&format!("/api/v1/teams/elsewhere/recurring-runs/{id}")).await.is(404);
    for (change, field) in [
        (json!({ "schedule": {} }), "schedule.cron"),
        (json!({ "schedule": { "cron": "0 2 * * *" } }), "schedule.cron"),
        (json!({ "schedule": { "interval_seconds": 0 } }), "schedule.interval_seconds"),
        (json!({ "schedule": { "cron": "0 0 2 * * *", "time_zone": "Mars/Olympus" } }), "schedule.time_zone"),
        (json!({ "schedule": { "cron": "0 0 2 * * *", "end_at": "2001-01-01T00:00:00Z" } }), "schedule.end_at"),
        (json!({ "parameters": { "txt": 1 } }), "parameters"),
        (json!({ "max_active": 0 }), "max_active"),
    ] {
        let mut body = nightly.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert_eq!(w.ada.post(&all, body).await.is(422).field(), field, "{change}");
    }
    w.ada.delete(&one).await.is(204);
    w.vic.get(&one).await.is(404);
    w.vic.get(&format!("{OWN}/pipeline-runs/{}", run["id"].as_str().unwrap())).await.is(200);
    let preview = w.vic.get("/api/v1/schedule?interval_seconds=90").await.is(200).json();
    assert_eq!((&preview["when"], preview["next"].as_array().map(Vec::len)), (&json!("Every 90 seconds"), Some(5)));
    assert_eq!(w.vic.get("/api/v1/schedule").await.is(422).field(), "schedule.cron");
}
