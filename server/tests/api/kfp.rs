//! The API of Kubeflow Pipelines: teams apart from each other, its errors, its lists. The real client has a suite of its own (`end2end/kfp`).

use super::world::{Answer, Person, World};
use http::Method;
use serde_json::{Value, json};

const P: &str = "/apis/v2beta1";

/// As `kfp` compiles a pipeline of one task.
fn spec(name: &str) -> Value {
    let text = json!({ "parameters": { "text": { "parameterType": "STRING" } } });
    json!({
        "pipelineInfo": { "name": name }, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.17.3",
        "root": {
            "inputDefinitions": { "parameters": { "text": { "parameterType": "STRING", "defaultValue": "hi" } } },
            "dag": { "tasks": { "say": {
                "taskInfo": { "name": "say" }, "componentRef": { "name": "comp-say" }, "cachingOptions": { "enableCache": true },
                "inputs": { "parameters": { "text": { "componentInputParameter": "text" } } }
            } } }
        },
        "components": { "comp-say": { "executorLabel": "exec-say", "inputDefinitions": text } },
        "deploymentSpec": { "executors": { "exec-say": { "container": {
            "image": "python:3.11", "command": ["echo"], "args": ["{{$.inputs.parameters['text']}}"]
        } } } }
    })
}

async fn upload(who: &Person, endpoint: &str, query: &str, file: &[u8]) -> Answer {
    let mut body = b"--edge\r\nContent-Disposition: form-data; name=\"uploadfile\"; filename=\"p.yaml\"\r\n\r\n".to_vec();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    who.send(Method::POST, &format!("{P}/pipelines/{endpoint}?{query}"), "multipart/form-data; boundary=edge", body).await
}

/// A pipeline: its id.
async fn pipeline(who: &Person, name: &str) -> String {
    let made = upload(who, "upload", &format!("name={name}"), spec(name).to_string().as_bytes()).await.is(200).json();
    made["pipeline_id"].as_str().unwrap().to_owned()
}

async fn run(who: &Person, name: &str) -> String {
    let body = json!({ "display_name": name, "pipeline_spec": spec("p"), "runtime_config": { "parameters": { "text": "x" } } });
    who.post(&format!("{P}/runs"), body).await.is(200).json()["run_id"].as_str().unwrap().to_owned()
}

fn filter(predicates: &Value) -> String {
    let pairs = [("filter", json!({ "predicates": predicates }).to_string())];
    serde_urlencoded::to_string(pairs).unwrap()
}

fn names(found: &Value, of: &str) -> Vec<String> {
    let all = found[of].as_array().cloned().unwrap_or_default();
    all.iter().map(|r| r["display_name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_uploaded_is_found_again() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let made =
        upload(&ada, "upload", "name=train&description=d&namespace=forecast", spec("inner").to_string().as_bytes()).await.is(200).json();
    assert_eq!((&made["name"], &made["display_name"], &made["description"]), (&json!("train"), &json!("train"), &json!("d")));
    assert_eq!(made["namespace"], "forecast");
    let id = made["pipeline_id"].as_str().unwrap();
    assert_eq!(ada.get(&format!("{P}/pipelines/{id}")).await.is(200).json(), made);
    assert_eq!(ada.get(&format!("{P}/pipelines/names/train")).await.is(200).json(), made);
    let by_name = filter(&json!([{ "operation": 1, "key": "display_name", "stringValue": "train" }]));
    let found = ada.get(&format!("{P}/pipelines?{by_name}")).await.is(200).json();
    assert_eq!((&found["pipelines"][0], &found["total_size"]), (&made, &json!(1)));
    let taken = upload(&ada, "upload", "name=train", spec("x").to_string().as_bytes()).await.is(409).json();
    assert_eq!(taken["code"], 6);

    let second =
        upload(&ada, "upload_version", &format!("name=v2&pipelineid={id}"), spec("inner").to_string().as_bytes()).await.is(200).json();
    assert_eq!((&second["pipeline_id"], &second["name"]), (&json!(id), &json!("v2")));
    assert_eq!(second["pipeline_spec"], spec("inner"));
    let version = second["pipeline_version_id"].as_str().unwrap();
    assert_eq!(ada.get(&format!("{P}/pipelines/{id}/versions/{version}")).await.is(200).json(), second);
    let found = ada.get(&format!("{P}/pipelines/{id}/versions?sort_by=created_at%20desc&page_size=1")).await.is(200).json();
    assert_eq!((names(&found, "pipeline_versions"), &found["total_size"]), (vec!["v2".to_owned()], &json!(2)));
    let next = found["next_page_token"].as_str().unwrap();
    let rest =
        ada.get(&format!("{P}/pipelines/{id}/versions?sort_by=created_at%20desc&page_size=1&page_token={next}")).await.is(200).json();
    assert_eq!((names(&rest, "pipeline_versions"), rest.get("next_page_token")), (vec!["train".to_owned()], None));
    let mixed = ada.get(&format!("{P}/pipelines/{id}/versions?sort_by=name&page_token={next}")).await.is(400).json();
    assert!(mixed["message"].as_str().unwrap().contains("page_token"), "{mixed}");

    let patched = ada.patch(&format!("{P}/pipelines/{id}"), json!({ "display_name": "Train", "description": "new" })).await.is(200).json();
    assert_eq!((&patched["display_name"], &patched["description"], &patched["name"]), (&json!("Train"), &json!("new"), &json!("train")));
    let patched = ada.patch(&format!("{P}/pipelines/{id}/versions/{version}"), json!({ "description": "two" })).await.is(200).json();
    assert_eq!((&patched["display_name"], &patched["description"]), (&json!("v2"), &json!("two")));

    let kept = ada.delete(&format!("{P}/pipelines/{id}")).await.is(400).json();
    assert!(kept["code"] == 9 && kept["message"].as_str().unwrap().contains("cascade"), "{kept}");
    ada.delete(&format!("{P}/pipelines/{id}/versions/{version}")).await.is(200);
    ada.get(&format!("{P}/pipelines/{id}/versions/{version}")).await.is(404);
    ada.delete(&format!("{P}/pipelines/{id}?cascade=true")).await.is(200);
    assert_eq!(ada.get(&format!("{P}/pipelines/{id}")).await.is(404).json()["code"], 5);

    let bare = ada.post(&format!("{P}/pipelines"), json!({ "display_name": "bare" })).await.is(200).json();
    let bare = bare["pipeline_id"].as_str().unwrap();
    let empty = ada.get(&format!("{P}/pipelines/{bare}/versions")).await.is(200).json();
    assert_eq!(empty, json!({ "total_size": 0 }));
    let version = json!({ "display_name": "one", "pipeline_spec": spec("bare") });
    ada.post(&format!("{P}/pipelines/{bare}/versions"), version.clone()).await.is(200);
    let both = json!({ "pipeline": { "name": "both" }, "pipeline_version": version });
    assert_eq!(ada.post(&format!("{P}/pipelines/create"), both).await.is(200).json()["name"], "both");
    let told = w.mia.get("/api/v1/teams/forecast/events?kind=pipeline").await.is(200).json();
    let actions: Vec<&str> = told["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "update", "create", "delete", "delete_version", "update", "update", "update", "create"]);
}

#[tokio::test]
async fn what_is_another_teams_does_not_exist() {
    let w = World::new().await;
    let (ada, eve) = (w.ada.token("forecast", "editor").await, w.eve.token("elsewhere", "editor").await);
    let (pipeline, run) = (pipeline(&ada, "p").await, run(&ada, "r").await);
    let version = ada.get(&format!("{P}/pipelines/{pipeline}/versions")).await.is(200).json();
    let version = version["pipeline_versions"][0]["pipeline_version_id"].as_str().unwrap().to_owned();
    let experiment = ada.post(&format!("{P}/experiments"), json!({ "display_name": "e" })).await.is(200).json();
    let experiment = experiment["experiment_id"].as_str().unwrap().to_owned();
    let of = |method: Method, path: String, body: Value| (method, path, body);
    for (method, path, body) in [
        of(Method::GET, format!("pipelines/{pipeline}"), json!({})),
        of(Method::PATCH, format!("pipelines/{pipeline}"), json!({ "description": "x" })),
        of(Method::DELETE, format!("pipelines/{pipeline}?cascade=true"), json!({})),
        of(Method::DELETE, format!("pipelines/{pipeline}"), json!({})),
        of(Method::GET, "pipelines/names/p".into(), json!({})),
        of(Method::GET, format!("pipelines/{pipeline}/versions"), json!({})),
        of(Method::POST, format!("pipelines/{pipeline}/versions"), json!({ "name": "v", "pipeline_spec": spec("p") })),
        of(Method::GET, format!("pipelines/{pipeline}/versions/{version}"), json!({})),
        of(Method::PATCH, format!("pipelines/{pipeline}/versions/{version}"), json!({ "description": "x" })),
        of(Method::DELETE, format!("pipelines/{pipeline}/versions/{version}"), json!({})),
        of(Method::GET, format!("runs/{run}"), json!({})),
        of(Method::DELETE, format!("runs/{run}"), json!({})),
        of(Method::POST, format!("runs/{run}:archive"), json!({})),
        of(Method::POST, format!("runs/{run}:unarchive"), json!({})),
        of(Method::POST, format!("runs/{run}:terminate"), json!({})),
        of(Method::POST, format!("runs/{run}:retry"), json!({})),
        of(Method::GET, format!("runs/{run}/nodes/x/artifacts/y:read"), json!({})),
        of(Method::POST, "runs".into(), json!({ "display_name": "r", "pipeline_version_reference": { "pipeline_id": pipeline } })),
        of(Method::POST, "runs".into(), json!({ "display_name": "r", "pipeline_version_id": version })),
        of(Method::POST, "runs".into(), json!({ "display_name": "r", "pipeline_spec": spec("p"), "experiment_id": experiment })),
        of(Method::GET, format!("experiments/{experiment}"), json!({})),
        of(Method::DELETE, format!("experiments/{experiment}"), json!({})),
        of(Method::POST, format!("experiments/{experiment}:archive"), json!({})),
        of(Method::GET, "runs?namespace=forecast".into(), json!({})),
        of(Method::GET, "pipelines?namespace=forecast".into(), json!({})),
        of(Method::POST, "experiments".into(), json!({ "display_name": "x", "namespace": "forecast" })),
        of(Method::GET, "auth?namespace=forecast&verb=GET".into(), json!({})),
    ] {
        let answer = eve.send(method.clone(), &format!("{P}/{path}"), "application/json", body.to_string()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (404, &json!(5)), "{method} {path}");
    }
    for noun in ["pipelines", "runs"] {
        assert_eq!(eve.get(&format!("{P}/{noun}")).await.is(200).json(), json!({ "total_size": 0 }), "{noun}");
    }
    let of_experiment = eve.get(&format!("{P}/runs?experiment_id={experiment}")).await.is(200).json();
    assert_eq!(of_experiment["total_size"], 0);
}

#[tokio::test]
async fn viewers_look_and_runs_do_too() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let (pipeline, run) = (pipeline(&ada, "p").await, run(&ada, "r").await);
    let own = ada.get(&format!("{P}/runs/{run}")).await.is(200).json();
    let own = own["plugins_output"]["mlflow"]["entries"]["run_id"]["value"].as_str().unwrap().to_owned();
    for who in [w.ada.token("forecast", "viewer").await, w.run(&own).await] {
        who.get(&format!("{P}/runs/{run}")).await.is(200);
        who.get(&format!("{P}/pipelines/{pipeline}")).await.is(200);
        who.get(&format!("{P}/auth?verb=GET")).await.is(200);
        assert_eq!(who.get(&format!("{P}/auth?verb=CREATE")).await.is(403).json()["code"], 7);
        for (path, body) in [
            (format!("runs/{run}:terminate"), json!({})),
            ("runs".into(), json!({ "pipeline_spec": spec("p") })),
            ("pipelines".into(), json!({ "name": "x" })),
            ("experiments".into(), json!({ "display_name": "x" })),
        ] {
            assert_eq!(who.post(&format!("{P}/{path}"), body).await.is(403).json()["code"], 7, "{path}");
        }
        assert_eq!(upload(&who, "upload", "name=x", spec("x").to_string().as_bytes()).await.is(403).json()["code"], 7);
    }
    let nobody = w.nobody.get(&format!("{P}/runs")).await.is(401).json();
    assert_eq!(nobody["code"], 16);
    let wrong = w.nobody.with("authorization", "Bearer slip_wrong").get(&format!("{P}/runs")).await.is(401).json();
    assert_eq!(wrong["code"], 16);
    assert_eq!(w.nobody.get(&format!("{P}/healthz")).await.is(200).json(), json!({ "multi_user": true }));
    // A session of somebody in several teams says for which.
    w.mia.post("/api/v1/teams", json!({ "name": "second" })).await.is(201);
    w.mia.get(&format!("{P}/runs")).await.is(400);
    w.mia.get(&format!("{P}/runs?namespace=second")).await.is(200);
    assert_eq!(w.ada.get(&format!("{P}/runs")).await.is(200).json()["total_size"], 1, "ada is in one team");
}

#[tokio::test]
async fn a_run_says_what_it_is_of_and_how_far() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let id = pipeline(&ada, "p").await;
    let versions = ada.get(&format!("{P}/pipelines/{id}/versions")).await.is(200).json();
    let version = versions["pipeline_versions"][0]["pipeline_version_id"].as_str().unwrap();
    let experiment = ada.post(&format!("{P}/experiments"), json!({ "display_name": "vision", "description": "cats" })).await.is(200).json();
    assert_eq!((&experiment["description"], &experiment["storage_state"]), (&json!("cats"), &json!("AVAILABLE")));
    let body = json!({
        "display_name": "first", "description": "d", "experiment_id": experiment["experiment_id"],
        "pipeline_version_reference": { "pipeline_id": id, "pipeline_version_id": version },
        "runtime_config": { "parameters": { "text": "hello" } },
    });
    let made = ada.post(&format!("{P}/runs"), body).await.is(200).json();
    assert_eq!((&made["state"], &made["storage_state"]), (&json!("PENDING"), &json!("AVAILABLE")));
    assert_eq!(made["experiment_id"], experiment["experiment_id"]);
    assert_eq!(made["pipeline_version_reference"], json!({ "pipeline_id": id, "pipeline_version_id": version }));
    assert_eq!(made["runtime_config"]["parameters"], json!({ "text": "hello" }));
    assert_eq!(made["state_history"][0]["state"], "PENDING");
    assert!(made.get("pipeline_spec").is_none() && made.get("finished_at").is_none());
    let run = made["run_id"].as_str().unwrap();
    assert_eq!(ada.get(&format!("{P}/runs/{run}")).await.is(200).json(), made);
    let own = ada.post(&format!("{P}/runs"), json!({ "display_name": "own", "pipelineSpec": spec("own") })).await.is(200).json();
    assert_eq!((&own["pipeline_spec"], own.get("pipeline_version_reference")), (&spec("own"), None));
    // What only answers say is passed over.
    ada.post(&format!("{P}/runs"), own.clone()).await.is(200);
    let newest = ada.post(&format!("{P}/runs"), json!({ "pipeline_version_reference": { "pipeline_id": id } })).await.is(200).json();
    assert_eq!(newest["pipeline_version_reference"]["pipeline_version_id"], version);
    let alone =
        ada.post(&format!("{P}/runs"), json!({ "pipeline_version_reference": { "pipeline_version_id": version } })).await.is(200).json();
    assert_eq!(alone["pipeline_version_reference"]["pipeline_id"], id);

    // A version that is no more stands nowhere: what ran of it does.
    ada.delete(&format!("{P}/pipelines/{id}/versions/{version}")).await.is(200);
    let kept = ada.get(&format!("{P}/runs/{run}")).await.is(200).json();
    assert_eq!((&kept["pipeline_spec"], kept.get("pipeline_version_reference")), (&spec("p"), None));
    assert_eq!((&kept["run_details"], &kept["runtime_config"]), (&made["run_details"], &made["runtime_config"]));

    ada.post(&format!("{P}/runs/{run}:terminate"), json!({})).await.is(200);
    assert_eq!(ada.get(&format!("{P}/runs/{run}")).await.is(200).json()["state"], "CANCELING");
    assert_eq!(ada.delete(&format!("{P}/runs/{run}")).await.is(400).json()["code"], 9, "it has not ended");
    assert_eq!(ada.post(&format!("{P}/runs/{run}:retry"), json!({})).await.is(400).json()["code"], 9);
    ada.post(&format!("{P}/runs/{run}:archive"), json!({})).await.is(200);
    assert_eq!(ada.get(&format!("{P}/runs/{run}")).await.is(200).json()["storage_state"], "ARCHIVED");
    ada.post(&format!("{P}/runs/{run}:unarchive"), json!({})).await.is(200);
    ada.post(&format!("{P}/runs/{run}:dance"), json!({})).await.is(404);
    ada.post(&format!("{P}/runs/{run}"), json!({})).await.is(404);
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let mut ids = Vec::new();
    for name in ["bee", "ant", "cat", "Dog_1", "ant"] {
        w.clock.advance(1000);
        ids.push(run(&ada, name).await);
    }
    ada.post(&format!("{P}/runs/{}:archive", ids[2]), json!({})).await.is(200);
    let list = async |query: &str| ada.get(&format!("{P}/runs?{query}")).await.is(200).json();
    let of = async |query: &str| names(&list(query).await, "runs");
    assert_eq!(of("").await, ["bee", "ant", "cat", "Dog_1", "ant"], "oldest first, put away or not");
    assert_eq!(of("sort_by=created_at%20desc").await, ["ant", "Dog_1", "cat", "ant", "bee"]);
    assert_eq!(of("sort_by=display_name").await, ["Dog_1", "ant", "ant", "bee", "cat"]);
    for (sort_by, whole) in [("name%20desc", ["cat", "bee", "ant", "ant", "Dog_1"]), ("created_at", ["bee", "ant", "cat", "Dog_1", "ant"])]
    {
        let (mut seen, mut token) = (vec![], String::new());
        loop {
            let page = list(&format!("sort_by={sort_by}&page_size=2&page_token={token}")).await;
            assert_eq!(page["total_size"], 5);
            seen.extend(page["runs"].as_array().unwrap().iter().map(|r| r["run_id"].clone()));
            match page["next_page_token"].as_str() {
                Some(next) => token = next.to_owned(),
                None => break,
            }
        }
        let mut once = seen.clone();
        once.sort_by_key(Value::to_string);
        once.dedup();
        assert_eq!((seen.len(), once.len()), (5, 5), "{sort_by}");
        assert_eq!(names(&list(&format!("sort_by={sort_by}")).await, "runs"), whole);
    }
    for (predicates, found) in [
        (json!([{ "operation": "EQUALS", "key": "display_name", "string_value": "ant" }]), vec!["ant", "ant"]),
        (json!([{ "operation": "IS_SUBSTRING", "key": "name", "string_value": "OG_" }]), vec!["Dog_1"]),
        (json!([{ "operation": "NOT_EQUALS", "key": "name", "string_value": "ant" }]), vec!["bee", "cat", "Dog_1"]),
        (json!([{ "operation": "IN", "key": "run_id", "string_values": { "values": [ids[0], ids[3]] } }]), vec!["bee", "Dog_1"]),
        (json!([{ "operation": 1, "key": "storage_state", "stringValue": "ARCHIVED" }]), vec!["cat"]),
        (json!([{ "operation": 2, "key": "storage_state", "stringValue": "ARCHIVED" }]), vec!["bee", "ant", "Dog_1", "ant"]),
        (json!([{ "operation": "EQUALS", "key": "state", "string_value": "SUCCEEDED" }]), vec![]),
        (
            json!([{ "operation": "EQUALS", "key": "state", "string_value": "PENDING" }, { "operation": "EQUALS", "key": "name", "string_value": "bee" }]),
            vec!["bee"],
        ),
        (json!([{ "operation": "GREATER_THAN", "key": "created_at", "timestamp_value": "2026-11-23T12:00:03Z" }]), vec!["Dog_1", "ant"]),
        (json!([{ "operation": "EQUALS", "key": "name", "string_value": "%" }]), vec![]),
        (json!([{ "operation": "IS_SUBSTRING", "key": "name", "string_value": "%" }]), vec![]),
    ] {
        let answer = list(&filter(&predicates)).await;
        assert_eq!(names(&answer, "runs"), found, "{predicates}");
        assert_eq!(answer["total_size"], found.len(), "{predicates}");
    }
    for wrong in ["filter=%7B", "filter=%7B%22predicates%22%3A5%7D", "sort_by=state", "sort_by=name%20up", "page_size=-1", "page_token=%25"]
    {
        let answer = ada.get(&format!("{P}/runs?{wrong}")).await.is(400).json();
        assert_eq!(answer["code"], 3, "{wrong}");
        assert!(answer["details"][0]["field_violations"][0]["field"].is_string(), "{wrong}: {answer}");
    }
}

#[tokio::test]
async fn states_that_there_are_not_are_refused() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let asked = async |of: &str, predicate: Value| ada.get(&format!("{P}/{of}?{}", filter(&json!([predicate])))).await;
    for (of, predicate, part) in [
        ("runs", json!({ "operation": "EQUALS", "key": "state", "string_value": "BOGUS" }), "PENDING"),
        ("runs", json!({ "operation": "NOT_EQUALS", "key": "state", "string_value": "succeeded" }), "SUCCEEDED"),
        ("runs", json!({ "operation": "IN", "key": "state", "string_values": { "values": ["FAILED", "BOGUS"] } }), "\"BOGUS\""),
        ("runs", json!({ "operation": "EQUALS", "key": "storage_state", "string_value": "BOGUS" }), "ARCHIVED"),
        ("experiments", json!({ "operation": "IN", "key": "storage_state", "string_values": { "values": ["available"] } }), "AVAILABLE"),
        ("runs", json!({ "operation": "EQUALS", "key": "status", "string_value": "FAILED" }), "no key \"status\""),
    ] {
        let answer = asked(of, predicate.clone()).await.is(400).json();
        assert_eq!(answer["details"][0]["field_violations"][0]["field"], "filter", "{predicate}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(part), "{predicate}: {answer}");
    }
    for state in ["RUNTIME_STATE_UNSPECIFIED", "SKIPPED", "PAUSED"] {
        let answer = asked("runs", json!({ "operation": "EQUALS", "key": "state", "string_value": state })).await.is(200).json();
        assert_eq!(answer["total_size"], 0);
    }
}

#[tokio::test]
async fn a_page_token_is_of_one_list() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let id = pipeline(&ada, "a").await;
    let other = pipeline(&ada, "b").await;
    for name in ["one", "two"] {
        run(&ada, name).await;
        ada.post(&format!("{P}/experiments"), json!({ "display_name": name })).await.is(200);
        for pipeline in [&id, &other] {
            let version = json!({ "name": name, "pipeline_spec": spec("p") });
            ada.post(&format!("{P}/pipelines/{pipeline}/versions"), version).await.is(200);
        }
    }
    let of_name = |name: &str| filter(&json!([{ "operation": "NOT_EQUALS", "key": "name", "string_value": name }]));
    let away = filter(&json!([{ "operation": "EQUALS", "key": "storage_state", "string_value": "AVAILABLE" }]));
    let versions = [format!("pipelines/{id}/versions"), format!("pipelines/{other}/versions")];
    let lists = ["pipelines", "runs", "experiments", "recurringruns", versions[0].as_str(), versions[1].as_str()];
    for from in lists.iter().filter(|l| **l != "recurringruns") {
        let first = ada.get(&format!("{P}/{from}?sort_by=name&page_size=1")).await.is(200).json();
        let token = first["next_page_token"].as_str().unwrap();
        for to in lists {
            let answer = ada.get(&format!("{P}/{to}?sort_by=name&page_size=1&page_token={token}")).await;
            if to == *from {
                answer.is(200);
                continue;
            }
            let answer = answer.is(400).json();
            assert_eq!(answer["details"][0]["field_violations"][0]["field"], "page_token", "{from} {to}: {answer}");
        }
        ada.get(&format!("{P}/{from}?sort_by=name%20desc&page_token={token}")).await.is(400);
        ada.get(&format!("{P}/{from}?sort_by=name&page_token={token}&{}", of_name("zero"))).await.is(400);
        if matches!(*from, "runs" | "experiments") {
            ada.get(&format!("{P}/{from}?sort_by=name&page_token={token}&{away}")).await.is(400);
        }
        let first = ada.get(&format!("{P}/{from}?page_size=1&{}", of_name("zero"))).await.is(200).json();
        let token = first["next_page_token"].as_str().unwrap();
        ada.get(&format!("{P}/{from}?page_size=1&page_token={token}&{}", of_name("zero"))).await.is(200);
        ada.get(&format!("{P}/{from}?page_size=1&page_token={token}&{}", of_name("naught"))).await.is(400);
    }
}

#[tokio::test]
async fn experiments_are_those_of_mlflow() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let made =
        ada.post(&format!("{P}/experiments"), json!({ "display_name": "e", "description": "d", "namespace": "forecast" })).await.is(200);
    let id = made.json()["experiment_id"].as_str().unwrap().to_owned();
    let theirs = ada.get(&format!("/api/2.0/mlflow/experiments/get?experiment_id={id}")).await.is(200).json();
    assert_eq!(theirs["experiment"]["tags"], json!([{ "key": "mlflow.note.content", "value": "d" }]));
    let taken = ada.post(&format!("{P}/experiments"), json!({ "display_name": "e" })).await.is(409).json();
    assert_eq!(taken["code"], 6);
    assert_eq!(ada.get(&format!("{P}/experiments/0")).await.is(200).json()["display_name"], "Default");
    let run = ada.post(&format!("{P}/runs"), json!({ "pipeline_spec": spec("p"), "experiment_id": id })).await.is(200).json();
    let run = run["run_id"].as_str().unwrap();
    let found = ada.get(&format!("{P}/runs?experiment_id={id}")).await.is(200).json();
    assert_eq!(found["runs"][0]["run_id"], run);

    ada.post(&format!("{P}/experiments/{id}:archive"), json!({})).await.is(200);
    assert_eq!(ada.get(&format!("{P}/experiments/{id}")).await.is(200).json()["storage_state"], "ARCHIVED");
    assert_eq!(ada.get(&format!("{P}/runs/{run}")).await.is(200).json()["storage_state"], "ARCHIVED", "its runs go along");
    let refused = ada.post(&format!("{P}/runs"), json!({ "pipeline_spec": spec("p"), "experiment_id": id })).await.is(400).json();
    assert!(refused["message"].as_str().unwrap().contains("deleted"), "{refused}");
    let state = |word: &str| filter(&json!([{ "operation": "EQUALS", "key": "storage_state", "string_value": word }]));
    let of = async |query: String| names(&ada.get(&format!("{P}/experiments?{query}")).await.is(200).json(), "experiments");
    assert_eq!(of(state("ARCHIVED")).await, ["e"]);
    assert_eq!(of(state("AVAILABLE")).await, ["Default"]);
    assert_eq!(of("sort_by=display_name%20desc".into()).await, ["e", "Default"]);
    assert_eq!(of(filter(&json!([{ "operation": 9, "key": "name", "stringValue": "FAU" }]))).await, ["Default"]);
    ada.post(&format!("{P}/experiments/{id}:unarchive"), json!({})).await.is(200);
    assert_eq!(ada.get(&format!("{P}/runs/{run}")).await.is(200).json()["storage_state"], "ARCHIVED", "its runs stay where they are");
    ada.delete(&format!("{P}/experiments/{id}")).await.is(200);
    ada.delete(&format!("{P}/experiments/{id}")).await.is(200);
    assert_eq!(ada.get(&format!("{P}/experiments/{id}")).await.is(200).json()["storage_state"], "ARCHIVED");
}

#[tokio::test]
async fn what_is_not_done_here_is_refused_with_its_place() {
    let w = World::new().await;
    let ada = w.ada.token("forecast", "editor").await;
    let field = |answer: &Value| answer["details"][0]["field_violations"][0]["field"].as_str().unwrap_or_default().to_owned();
    for (path, body, place) in [
        ("runs", json!({ "pipeline_spec": spec("p"), "service_account": "robot" }), "service_account"),
        ("runs", json!({ "pipeline_spec": spec("p"), "runtime_config": { "pipeline_root": "gs://b" } }), "runtime_config.pipeline_root"),
        ("runs", json!({ "pipeline_spec": spec("p"), "plugins_input": { "mlflow": {} } }), "plugins_input"),
        ("runs", json!({ "pipeline_spec": { "kind": "Workflow" } }), "pipeline_spec"),
        ("runs", json!({ "pipeline_spec": "x" }), "pipeline_spec"),
        ("runs", json!({ "pipeline_spec": spec("p"), "pipeline_version_reference": { "pipeline_id": "x" } }), "pipeline_spec"),
        (
            "runs",
            json!({ "pipeline_spec": spec("p"), "runtime_config": { "parameters": { "other": 1 } } }),
            "runtime_config.parameters.other",
        ),
        ("runs", json!({ "pipeline_spec": spec("p"), "display_name": "a".repeat(251) }), "display_name"),
        ("runs", json!({ "display_name": "r" }), "pipeline_version_reference"),
        ("runs", json!({}), "pipeline_version_reference"),
        ("runs", json!({ "pipeline_spec": spec("p"), "foo": 1 }), "foo"),
        ("runs", json!({ "pipeline_spec": spec("p"), "runtime_config": { "params": {} } }), "runtime_config.params"),
        ("pipelines", json!({ "name": "x", "foo": 1 }), "foo"),
        ("pipelines/create", json!({ "pipeline": { "name": "x", "foo": 1 } }), "pipeline.foo"),
        ("experiments", json!({ "display_name": "x", "name": "y" }), "name"),
        ("pipelines", json!({ "name": "x", "tags": { "a": "b" } }), "tags"),
        ("pipelines", json!({}), "name"),
        (
            "pipelines/create",
            json!({ "pipeline": { "name": "x" }, "pipeline_version": { "package_url": { "pipeline_url": "https://a/b" } } }),
            "pipeline_version.package_url",
        ),
        ("pipelines/create", json!({ "pipeline": { "name": "x" } }), "pipeline_version.pipeline_spec"),
        ("pipelines/create", json!({ "pipeline_version": { "pipeline_spec": spec("p") } }), "pipeline.name"),
        (
            "pipelines/create",
            json!({ "pipeline": { "name": "x" }, "pipeline_version": { "pipeline_spec": {} } }),
            "pipeline_version.pipeline_spec",
        ),
        ("experiments", json!({ "display_name": "a\u{0}b" }), "display_name"),
        ("experiments", json!({}), "display_name"),
    ] {
        let answer = ada.post(&format!("{P}/{path}"), body.clone()).await.is(400).json();
        assert_eq!(field(&answer), place, "{path} {body}: {answer}");
    }
    for (file, place) in [(&b"\xff\xfe"[..], "uploadfile"), (b"PK\x03\x04", "uploadfile"), (b"a: 1", "uploadfile")] {
        let answer = upload(&ada, "upload", "name=x", file).await.is(400).json();
        assert_eq!(field(&answer), place, "{answer}");
    }
    assert_eq!(field(&upload(&ada, "upload_version", "name=x", spec("p").to_string().as_bytes()).await.is(400).json()), "pipelineid");
    assert_eq!(field(&upload(&ada, "upload", "name=x&tags=%7B%7D", spec("p").to_string().as_bytes()).await.is(400).json()), "tags");
    let other = ada.send(Method::POST, &format!("{P}/pipelines/upload"), "application/json", "{}").await.is(400).json();
    assert_eq!(field(&other), "uploadfile");
    for body in ["{", "[]", "", "null", "{\"display_name\": 5}"] {
        let answer = ada.send(Method::POST, &format!("{P}/runs"), "application/json", body).await.is(400).json();
        assert_eq!(answer["code"], 3, "{body}");
    }
    for (method, path, status, code) in [
        (Method::GET, "/apis/v2beta1/nothing", 404, 5),
        (Method::PUT, "/apis/v2beta1/runs", 404, 5),
        (Method::GET, "/apis/v1beta1/pipelines", 404, 5),
        (Method::POST, "/apis/v2beta1/recurringruns/x:enable", 404, 5),
        (Method::POST, "/apis/v2beta1/recurringruns/x:pause", 404, 5),
        (Method::POST, "/apis/v2beta1/recurringruns", 400, 3),
        (Method::POST, "/apis/v2beta1/visualizations/forecast", 501, 12),
        (Method::POST, "/apis/v2beta1/workflows", 501, 12),
        (Method::POST, "/apis/v2beta1/scheduledworkflows", 501, 12),
        (Method::GET, "/apis/v2beta1/filters", 501, 12),
        (Method::PUT, "/apis/v2beta1/filters", 404, 5),
    ] {
        let answer = ada.send(method, path, "application/json", "{}").await.is(status).json();
        assert_eq!(answer["code"], code, "{path}");
        assert_eq!(answer["message"], answer["error"]);
    }
}

#[tokio::test]
async fn what_the_client_prints_leads_to_the_page() {
    let w = World::new().await;
    let token = w.ada.token("forecast", "editor").await;
    let (run, pipeline) = (run(&token, "one").await, pipeline(&token, "sums").await);
    let experiment = token.get(&format!("{P}/runs/{run}")).await.is(200).json()["experiment_id"].as_str().unwrap().to_owned();
    let later = json!({
        "display_name": "later", "mode": "DISABLE", "max_concurrency": "1", "pipeline_version_reference": { "pipeline_id": pipeline },
        "trigger": { "periodic_schedule": { "interval_second": "60" } },
    });
    let recurring = token.post(&format!("{P}/recurringruns"), later).await.is(200).json()["recurring_run_id"].as_str().unwrap().to_owned();
    for (printed, page) in [
        (format!("runs/{run}"), format!("pipeline-runs/{run}")),
        (format!("pipelines/{pipeline}"), format!("pipelines/{pipeline}")),
        (format!("pipelines/{pipeline}/version/x"), format!("pipelines/{pipeline}?tab=versions")),
        (format!("experiments/{experiment}"), format!("runs?experiment={experiment}")),
        (format!("recurringrun/{recurring}"), format!("recurring-runs/{recurring}")),
    ] {
        let open = format!("/open/{printed}");
        // Also for an admin, who is in no team; a foreign one is as one that is not there.
        for who in [&w.ada, &w.vic, &w.bob] {
            let lead = who.get(&open).await.is(303);
            assert_eq!(lead.location(), format!("/teams/forecast/{page}"));
            who.with("accept", "text/html").get(lead.location()).await.is(200);
        }
        let foreign = w.eve.get(&open).await.is(404);
        let nothing = w.eve.get(&format!("/open/{}", printed.replacen(|c: char| c.is_ascii_digit(), "x", 1))).await.is(404);
        assert_eq!(foreign.headers.get("location"), None);
        assert_eq!(foreign.headers.get("content-type"), nothing.headers.get("content-type"));
        let next = serde_urlencoded::to_string([("next", &open)]).unwrap();
        assert_eq!(w.nobody.get(&open).await.is(303).location(), format!("/sign-in?{next}"));
    }
    for nothing in ["runs", "runs/", "runs/x/y", "pods/x", "runs/%00"] {
        w.ada.get(&format!("/open/{nothing}")).await.is(404);
    }
}

#[tokio::test]
async fn recurring_runs_are_made_found_and_switched() {
    let w = World::new().await;
    let (ada, mia) = (w.ada.token("forecast", "editor").await, w.mia.token("forecast", "viewer").await);
    let of = pipeline(&ada, "sums").await;
    let nightly = json!({
        "display_name": "nightly", "mode": "ENABLE", "max_concurrency": "2", "no_catchup": true, "runtime_config": { "parameters": { "text": "[[Index]]" } },
        "pipeline_version_reference": { "pipeline_id": of },
        "trigger": { "cron_schedule": { "cron": "CRON_TZ=Europe/Berlin 0 0 2 * * *", "end_time": "2999-01-01T00:00:00Z" } },
    });
    let made = ada.post(&format!("{P}/recurringruns"), nightly.clone()).await.is(200).json();
    let id = made["recurring_run_id"].as_str().unwrap();
    assert_eq!((&made["status"], &made["max_concurrency"], &made["no_catchup"]), (&json!("ENABLED"), &json!("2"), &json!(true)), "{made}");
    assert_eq!(made["trigger"]["cron_schedule"]["cron"], "CRON_TZ=Europe/Berlin 0 0 2 * * *");
    assert_eq!(made["pipeline_version_reference"], json!({ "pipeline_id": of }));
    let often = json!({
        "display_name": "often", "mode": "DISABLE", "pipeline_spec": spec("own"), "trigger": { "periodic_schedule": { "interval_second": "3600" } },
    });
    let other = ada.post(&format!("{P}/recurringruns"), often).await.is(200).json();
    assert_eq!((&other["status"], &other["trigger"]), (&json!("DISABLED"), &json!({ "periodic_schedule": { "interval_second": "3600" } })));
    assert_eq!(other["pipeline_spec"]["pipelineInfo"]["name"], "own");

    let listed = mia.get(&format!("{P}/recurringruns?sort_by=display_name%20desc")).await.is(200).json();
    assert_eq!(names(&listed, "recurringRuns"), ["often", "nightly"]);
    let first = mia.get(&format!("{P}/recurringruns?page_size=1")).await.is(200).json();
    assert_eq!((names(&first, "recurringRuns"), first["total_size"].as_i64()), (vec!["nightly".to_owned()], Some(2)));
    let next = first["next_page_token"].as_str().unwrap();
    let second = mia.get(&format!("{P}/recurringruns?page_size=1&page_token={next}")).await.is(200).json();
    assert_eq!(names(&second, "recurringRuns"), ["often"]);
    let only = filter(&json!([{ "operation": "EQUALS", "key": "pipeline_id", "string_value": of }]));
    assert_eq!(names(&mia.get(&format!("{P}/recurringruns?{only}")).await.is(200).json(), "recurringRuns"), ["nightly"]);

    mia.post(&format!("{P}/recurringruns/{id}:disable"), json!({})).await.is(403);
    ada.post(&format!("{P}/recurringruns/{id}:disable"), json!({})).await.is(200);
    assert_eq!(mia.get(&format!("{P}/recurringruns/{id}")).await.is(200).json()["mode"], "DISABLE");
    ada.post(&format!("{P}/recurringruns/{id}:enable"), json!({})).await.is(200);
    // A run of it says so, and is found by it.
    let run = ada.post(&format!("/api/v1/teams/forecast/recurring-runs/{id}/run"), json!({})).await.is(201).json();
    let by = filter(&json!([{ "operation": "EQUALS", "key": "recurring_run_id", "string_value": id }]));
    let found = mia.get(&format!("{P}/runs?{by}")).await.is(200).json();
    assert_eq!((&found["runs"][0]["run_id"], &found["runs"][0]["recurring_run_id"]), (&run["id"], &json!(id)));
    assert_eq!(found["runs"][0]["runtime_config"]["parameters"]["text"], "1");
    let eve = w.eve.token("elsewhere", "editor").await;
    eve.get(&format!("{P}/recurringruns/{id}")).await.is(404);
    eve.delete(&format!("{P}/recurringruns/{id}")).await.is(404);
    assert!(names(&eve.get(&format!("{P}/recurringruns")).await.is(200).json(), "recurringRuns").is_empty());
    ada.delete(&format!("{P}/recurringruns/{id}")).await.is(200);
    mia.get(&format!("{P}/recurringruns/{id}")).await.is(404);

    let field = |answer: &Value| answer["details"][0]["field_violations"][0]["field"].as_str().unwrap_or_default().to_owned();
    for (change, place) in [
        (json!({ "trigger": { "cron_schedule": { "cron": "0 2 * * *" } } }), "trigger.cron_schedule.cron"),
        (json!({ "trigger": {} }), "trigger"),
        (json!({ "trigger": { "cron_schedule": { "cron": "" } } }), "trigger.cron_schedule.cron"),
        (json!({ "trigger": { "periodic_schedule": {} } }), "trigger.periodic_schedule.interval_second"),
        (json!({ "trigger": { "periodic_schedule": { "interval_second": "x" } } }), "trigger.periodic_schedule.interval_second"),
        (
            json!({ "trigger": { "periodic_schedule": { "interval_second": 60, "end_time": "2001-01-01T00:00:00Z" } } }),
            "trigger.periodic_schedule.end_time",
        ),
        (json!({ "trigger": { "periodic_schedule": { "cron": "0 0 2 * * *" } } }), "trigger.periodic_schedule.cron"),
        (json!({ "trigger": { "periodic_schedule": { "interval_second": 0 } } }), "trigger.periodic_schedule.interval_second"),
        (json!({ "max_concurrency": 11 }), "max_concurrency"),
        (json!({ "mode": "SOMETIMES" }), "mode"),
        (json!({ "display_name": "" }), "display_name"),
        (json!({ "runtime_config": { "parameters": { "txt": 1 } } }), "runtime_config.parameters.txt"),
        (json!({ "pipeline_version_reference": null }), "pipeline_version_reference"),
        (json!({ "pipeline_spec": spec("own") }), "pipeline_spec"),
        (json!({ "foo": 1 }), "foo"),
        (json!({ "service_account": "x" }), "service_account"),
    ] {
        let mut body = nightly.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = ada.post(&format!("{P}/recurringruns"), body).await.is(400).json();
        assert_eq!(field(&answer), place, "{answer}");
    }
}
