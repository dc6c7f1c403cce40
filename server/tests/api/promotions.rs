//! Promotions: asked for, looked at, approved, and every other door to a protected stage shut.

use super::world::{Person, World};
use axum::http::Method;
use serde_json::{Value, json};
use server::{
    cluster::{Exit, WorkloadKind, WorkloadSpec},
    deployments::model_files::ModelFiles,
    logs::{LogWriter, Stream},
    pipelines::token::TaskTokens,
    promotions::spec::GateSpecs,
    reconcile::{Task, pipelines::Pipelines, promotions::Promotions, workloads::Workloads},
    workloads::specs::Builders,
};
use std::time::Duration;

pub const ALL: &str = "/api/v1/teams/forecast/promotions";
pub const PRODUCTION: &str = "/api/v1/teams/forecast/stages/Production";
const MLFLOW: &str = "/api/2.0/mlflow";

pub struct Desk {
    pub w: World,
    workloads: Workloads,
    promotions: Promotions,
}

impl Desk {
    /// A model of three versions, each of a run that measured `auc` (0.90, 0.93, 0.95) on the same data.
    pub async fn new() -> Self {
        let w = World::new().await;
        let web = w.web.clone();
        let script = w.ada.token("forecast", "editor").await;
        script.post(&format!("{MLFLOW}/registered-models/create"), json!({ "name": "churn" })).await.is(200);
        for auc in [0.90, 0.93, 0.95] {
            w.clock.advance(1);
            let run = script.post(&format!("{MLFLOW}/runs/create"), json!({ "experiment_id": "0" })).await.is(200).json();
            let id = run["run"]["info"]["run_id"].as_str().expect("a run").to_owned();
            let uri = run["run"]["info"]["artifact_uri"].as_str().expect("an uri").to_owned();
            script
                .post(&format!("{MLFLOW}/runs/log-metric"), json!({ "run_id": id, "key": "auc", "value": auc, "timestamp": 1 }))
                .await
                .is(200);
            let data = json!([{ "tags": [{ "key": "mlflow.data.context", "value": "eval" }],
                                "dataset": { "name": "orders", "digest": "a41f", "source_type": "http", "source": "{}" } }]);
            script.post(&format!("{MLFLOW}/runs/log-inputs"), json!({ "run_id": id, "datasets": data })).await.is(200);
            let file = format!(
                "/api/2.0/mlflow-artifacts/artifacts/{}/model/MLmodel",
                uri.trim_start_matches("mlflow-artifacts:/").trim_start_matches('/')
            );
            script.send(Method::PUT, &file, "", "flavors:\n  python_function:\n    loader_module: x\n").await.is(200);
            let version = json!({ "name": "churn", "source": format!("{uri}/model"), "run_id": id });
            script.post(&format!("{MLFLOW}/model-versions/create"), version).await.is(200);
        }
        let (store, data) = (web.store.clone(), web.config.data.clone());
        let files = ModelFiles::new(store.clone(), web.artifacts.clone(), data.clone());
        let builders = Builders::default().with(WorkloadKind::Gate, GateSpecs { store: store.clone(), files, data, cache: None });
        let workloads = Workloads { store: store.clone(), cluster: w.cluster.clone(), builders };
        let promotions = Promotions { store, artifacts: web.artifacts.clone(), logs: web.logs.clone(), cluster: w.cluster.clone() };
        Self { w, workloads, promotions }
    }

    pub async fn settle(&self) {
        for _ in 0..8 {
            assert_eq!(self.promotions.tick().await.expect("a tick").get("failed"), None);
            self.workloads.tick().await.expect("a tick");
            // Models are fetched on other tasks meanwhile.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn policy(&self, policy: Value) {
        self.w.mia.put(PRODUCTION, policy).await.is(200);
    }

    pub async fn ask(&self, version: i64) -> String {
        self.w.clock.advance(1);
        let asked = self.w.ada.post(ALL, json!({ "model": "churn", "version": version, "stage": "Production" })).await.is(201).json();
        self.settle().await;
        asked["id"].as_str().expect("an id").to_owned()
    }

    pub async fn get(&self, id: &str) -> Value {
        self.w.vic.get(&format!("{ALL}/{id}")).await.is(200).json()
    }

    async fn state(&self, id: &str) -> String {
        self.get(id).await["state"].as_str().unwrap_or_default().to_owned()
    }

    /// The version that has the alias, by MLflow's own door.
    async fn production(&self) -> Option<i64> {
        let model = self.w.vic.get("/api/v1/teams/forecast/models/churn").await.is(200).json();
        model["aliases"]["production"].as_i64()
    }
}

#[tokio::test]
async fn green_gates_and_an_approval_move_alias_and_stage() {
    let d = Desk::new().await;
    let gates = ["auc >= 0.92", "no worse auc maximize"];
    d.policy(json!({ "gates": gates, "approvals": 1, "protect": true })).await;

    let low = d.ask(1).await;
    let refused = d.get(&low).await;
    assert_eq!(refused["state"], "refused");
    assert_eq!(refused["reason"], "1 of 2 gates are red: auc at least 0.92.");
    assert_eq!(refused["gates"][0]["detail"], "0.9, below 0.92.");
    assert_eq!(refused["gates"][1]["detail"], "No version is there to compare with.");

    let id = d.ask(2).await;
    assert_eq!(d.get(&id).await["reason"], "Waits for one approval: mia can approve.");
    assert_eq!(d.production().await, None);
    // Those who can approve are told, and nobody else.
    let told = async |who: &Person| {
        let home = who.get("/api/v1/teams/forecast/home").await.is(200).json();
        (home["counts"]["approvals"].as_i64(), home["waiting"][0]["id"].as_str().map(str::to_owned))
    };
    assert_eq!(told(&d.w.mia).await, (Some(1), Some(id.clone())));
    assert_eq!(told(&d.w.ada).await, (Some(0), None));
    // Who asks does not approve, whatever their role; an editor does not either.
    d.w.ada.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(403);
    // The answer to the approval that was missing says what came of it: nothing can come between.
    let done = d.w.mia.post(&format!("{ALL}/{id}/approve"), json!({ "comment": "Looks right." })).await.is(200).json();
    assert_eq!((done["state"].as_str(), d.production().await), (Some("promoted"), Some(2)));
    assert_eq!(done["comments"][0]["text"], "Looks right.");

    let next = d.ask(3).await;
    assert_eq!(d.get(&next).await["gates"][1]["detail"], "0.95 against 0.93 (v2).");
    d.w.mia.post(&format!("{ALL}/{next}/approve"), json!({})).await.is(200);
    d.settle().await;
    assert_eq!((d.state(&next).await.as_str(), d.production().await), ("promoted", Some(3)));
    let script = d.w.ada.token("forecast", "editor").await;
    let stage = async |v: i64| {
        let got = script.get(&format!("{MLFLOW}/model-versions/get?name=churn&version={v}")).await.is(200).json();
        got["model_version"]["current_stage"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!((stage(2).await, stage(3).await), ("Archived".to_owned(), "Production".to_owned()));
}

#[tokio::test]
async fn a_run_asks_for_what_came_from_it_in_the_name_of_its_owner() {
    let d = Desk::new().await;
    d.policy(json!({ "gates": ["auc >= 0.92"], "approvals": 1, "protect": true })).await;
    let version = d.w.vic.get("/api/v1/teams/forecast/models/churn/versions/3").await.is(200).json();
    let program = d.w.run(version["lineage"]["run_id"].as_str().expect("a run")).await;
    let wish = |version: i64| json!({ "model": "churn", "version": version, "stage": "Production" });
    let refused = program.post(ALL, wish(2)).await.is(403).json();
    assert!(refused["detail"].as_str().is_some_and(|d| d.contains("churn v2 did not")), "{refused}");
    program.post(ALL, wish(9)).await.is(404);
    let asked = program.post(ALL, wish(3)).await.is(201).json();
    assert_eq!(asked["requested_by"], "ada");
    let id = asked["id"].as_str().expect("an id");
    d.settle().await;
    assert_eq!(d.state(id).await, "waiting_for_approval");

    // The owner of the run asked, also once they are a maintainer; the run itself has no say.
    d.w.mia.put("/api/v1/teams/forecast/members/ada", json!({ "role": "maintainer" })).await.is(200);
    for verb in ["approve", "refuse", "withdraw", "recheck", "comments"] {
        program.post(&format!("{ALL}/{id}/{verb}"), json!({})).await.is(403);
    }
    d.w.ada.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(403);
    d.w.mia.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200);
    d.settle().await;
    assert_eq!((d.state(id).await.as_str(), d.production().await), ("promoted", Some(3)));
    let by = d.w.mia.get(&format!("/api/v1/teams/forecast/events?kind=promotion&object_id={id}&action=request")).await.is(200).json();
    assert_eq!(by["items"][0]["actor"], format!("run:{}", version["lineage"]["run_id"].as_str().unwrap_or_default()));
}

#[tokio::test]
async fn a_task_asks_for_what_another_task_of_its_pipeline_run_made() {
    let d = Desk::new().await;
    let (team, web) = ("/api/v1/teams/forecast", &d.w.web);
    let spec = std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/diamond.yaml")).expect("a pipeline");
    let mut begun = Vec::new();
    for _ in 0..2 {
        let made = d.w.ada.post(&format!("{team}/pipeline-runs"), json!({ "spec": spec, "cache": false })).await.is(201).json();
        begun.push(made["id"].as_str().expect("an id").to_owned());
    }
    let pipelines = Pipelines::new(
        web.store.clone(),
        web.pipelines.clone(),
        web.logs.clone(),
        d.w.cluster.clone(),
        web.artifacts.clone(),
        TaskTokens::new(&web.sealer),
    );
    assert_eq!(pipelines.tick().await.expect("a tick").get("failed"), None);
    let vic = &d.w.vic;
    let tasks = |run: &str| {
        let path = format!("{team}/pipeline-runs/{run}/tasks");
        async move { vic.get(&path).await.is(200).json().as_array().expect("tasks").clone() }
    };
    let (mine, others) = (tasks(&begun[0]).await, tasks(&begun[1]).await);
    let run = |task: &Value| task["run_id"].as_str().expect("a run").to_owned();
    // Two tasks of each pipeline run have begun; version 4 is from the one beside the asker, version 5 from another pipeline run.
    for task in [&mine[1], &others[0]] {
        let program = d.w.run(&run(task)).await;
        let version = json!({ "name": "churn", "source": format!("runs:/{}/model", run(task)), "run_id": run(task) });
        program.post(&format!("{MLFLOW}/model-versions/create"), version).await.is(200);
    }
    let program = d.w.run(&run(&mine[0])).await;
    let wish = |version: i64| json!({ "model": "churn", "version": version, "stage": "Staging" });
    program.post(ALL, wish(5)).await.is(403);
    program.post(ALL, wish(4)).await.is(201);
    let task = d.w.vic.get("/api/v1/teams/forecast/models/churn/versions/4").await.is(200).json()["lineage"]["task"].clone();
    assert_eq!((&task["id"], &task["pipeline_run_id"]), (&mine[1]["id"], &json!(begun[0])));
}

#[tokio::test]
async fn the_other_doors_to_a_protected_stage_are_shut() {
    let d = Desk::new().await;
    d.policy(json!({ "approvals": 0, "protect": true })).await;
    let script = d.w.mia.token("forecast", "maintainer").await;
    let alias = json!({ "name": "churn", "alias": "production", "version": "2" });
    let shut = script.post(&format!("{MLFLOW}/registered-models/alias"), alias.clone()).await.is(403).json();
    assert_eq!(shut["error_code"], "PERMISSION_DENIED");
    assert!(shut["message"].as_str().unwrap_or_default().contains("Ask for a promotion of version 2 of churn to Production"), "{shut}");
    let stage = json!({ "name": "churn", "version": "2", "stage": "Production" });
    script.post(&format!("{MLFLOW}/model-versions/transition-stage"), stage).await.is(403);
    d.w.mia.put("/api/v1/teams/forecast/models/churn/aliases/production", json!({ "version": 2 })).await.is(403);
    d.w.mia.put("/api/v1/teams/forecast/models/churn/aliases/PRODUCTION", json!({ "version": 2 })).await.is(403);

    let id = d.ask(2).await;
    assert_eq!((d.state(&id).await.as_str(), d.production().await), ("promoted", Some(2)));
    let away = json!({ "name": "churn", "version": "2", "stage": "Archived" });
    script.post(&format!("{MLFLOW}/model-versions/transition-stage"), away).await.is(403);
    d.w.mia.delete("/api/v1/teams/forecast/models/churn/aliases/production").await.is(403);
    let gone = json!({ "name": "churn", "version": "2" });
    script.send(Method::DELETE, &format!("{MLFLOW}/model-versions/delete"), "application/json", gone.to_string()).await.is(400);
    // Nothing is shut that is not protected.
    d.policy(json!({ "approvals": 0, "protect": false })).await;
    script.post(&format!("{MLFLOW}/registered-models/alias"), alias).await.is(200);
}

#[tokio::test]
async fn a_version_has_the_last_stage_whose_alias_it_has() {
    let d = Desk::new().await;
    d.policy(json!({ "approvals": 0, "protect": true })).await;
    let script = d.w.ada.token("forecast", "editor").await;
    let staging = async |version: i64, status: u16| {
        d.w.ada.post(ALL, json!({ "model": "churn", "version": version, "stage": "Staging" })).await.is(status);
        d.settle().await;
    };
    let stages = async || {
        let mut all = Vec::new();
        for version in 1..=3 {
            let got = script.get(&format!("{MLFLOW}/model-versions/get?name=churn&version={version}")).await.is(200).json();
            all.push(got["model_version"]["current_stage"].as_str().unwrap_or_default().to_owned());
        }
        all.join(" ")
    };
    staging(1, 201).await;
    d.ask(1).await;
    assert_eq!(stages().await, "Production None None");
    staging(1, 409).await;
    // It still is what @staging means when another takes Production.
    d.ask(2).await;
    assert_eq!(stages().await, "Staging Production None");
    // What has Production keeps it when it gets Staging, too.
    staging(2, 201).await;
    assert_eq!((stages().await.as_str(), d.production().await), ("Archived Production None", Some(2)));
    d.ask(3).await;
    assert_eq!(stages().await, "Archived Staging Production");
    // An alias that was set by hand before it was protected is no way into a protected stage.
    d.policy(json!({ "approvals": 0, "protect": false })).await;
    d.w.ada.put("/api/v1/teams/forecast/models/churn/aliases/production", json!({ "version": 1 })).await.is(200);
    d.policy(json!({ "gates": ["auc >= 0.99"], "approvals": 1, "protect": true })).await;
    staging(1, 201).await;
    assert_eq!(stages().await, "Staging Archived Production");
    let prefixed = json!({ "alias": "PRODUCTION", "gates": [] });
    assert_eq!(d.w.mia.put("/api/v1/teams/forecast/stages/Staging", prefixed).await.is(422).field(), "alias");
}

#[tokio::test]
async fn what_gates_looked_at_stays_as_it_is() {
    let d = Desk::new().await;
    d.policy(json!({ "gates": ["auc >= 0.5"], "approvals": 1, "protect": true })).await;
    let script = d.w.ada.token("forecast", "editor").await;
    let source = script.get(&format!("{MLFLOW}/model-versions/get?name=churn&version=1")).await.is(200).json();
    let folder = source["model_version"]["source"].as_str().expect("a source").trim_start_matches("mlflow-artifacts:/").to_owned();
    let file = format!("/api/2.0/mlflow-artifacts/artifacts/{}/MLmodel", folder.trim_start_matches('/'));
    let put = async |status: u16| script.send(Method::PUT, &file, "", "flavors: {}\n").await.is(status).json();
    let delete = async |status: u16| script.send(Method::DELETE, &file, "", "").await.is(status);
    put(200).await;
    let id = d.ask(1).await;
    let told = put(400).await;
    assert_eq!(
        told["message"].as_str().unwrap_or_default().split(" Log the").next(),
        Some("churn v1 stays as it is: a promotion of it to Production is open, and its gates look at what is there."),
    );
    delete(400).await;
    d.w.mia.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200);
    assert_eq!(d.production().await, Some(1));
    let told = put(400).await;
    assert!(told["message"].as_str().unwrap_or_default().contains("it is @production, and Production is protected"), "{told}");
    delete(400).await;
    // Another version has it: this one is nobody's any more.
    let next = d.ask(2).await;
    d.w.mia.post(&format!("{ALL}/{next}/approve"), json!({})).await.is(200);
    put(200).await;
}

#[tokio::test]
async fn what_changes_meanwhile_is_looked_at_again() {
    let d = Desk::new().await;
    d.policy(json!({ "gates": ["auc >= 0.5"], "approvals": 1, "protect": true })).await;
    // A stricter policy: the green gate is red now.
    let id = d.ask(1).await;
    assert_eq!(d.state(&id).await, "waiting_for_approval");
    d.policy(json!({ "gates": ["auc >= 0.92"], "approvals": 1, "protect": true })).await;
    d.settle().await;
    assert_eq!(d.state(&id).await, "refused");
    // A metric that is corrected before the approval: the answer does not say that one is missing.
    let id = d.ask(2).await;
    let script = d.w.ada.token("forecast", "editor").await;
    let run = d.w.vic.get("/api/v1/teams/forecast/models/churn/versions/2").await.is(200).json()["lineage"]["run_id"].clone();
    script.post(&format!("{MLFLOW}/runs/log-metric"), json!({ "run_id": run, "key": "auc", "value": 0.1, "timestamp": 2 })).await.is(200);
    let looks = d.w.mia.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200).json();
    assert_eq!(looks["reason"], "It is approved: its gates are looked at a last time.");
    d.settle().await;
    assert_eq!((d.state(&id).await.as_str(), d.production().await), ("refused", None));
    // The version goes.
    let id = d.ask(3).await;
    script
        .send(
            Method::DELETE,
            &format!("{MLFLOW}/model-versions/delete"),
            "application/json",
            json!({ "name": "churn", "version": "3" }).to_string(),
        )
        .await
        .is(200);
    d.settle().await;
    assert_eq!(d.get(&id).await["reason"], "churn v3 was deleted.");
}

#[tokio::test]
async fn an_approval_counts_while_its_giver_is_a_maintainer() {
    let d = Desk::new().await;
    d.policy(json!({ "approvals": 2, "protect": true })).await;
    d.w.mia.put("/api/v1/teams/forecast/members/vic", json!({ "role": "maintainer" })).await.is(200);
    let id = d.ask(1).await;
    d.w.vic.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200);
    d.w.mia.put("/api/v1/teams/forecast/members/vic", json!({ "role": "viewer" })).await.is(200);
    let waits = d.w.mia.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200).json();
    let reason = "Waits for one approval, which nobody is left to give: the team needs another maintainer, or the stage fewer approvals.";
    assert_eq!(waits["reason"], reason);
    d.settle().await;
    let waits = d.get(&id).await;
    assert_eq!(waits["state"], "waiting_for_approval");
    assert_eq!(waits["votes"].as_array().map(Vec::len), Some(2));
    d.w.bob.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200);
    d.settle().await;
    assert_eq!(d.state(&id).await, "promoted");
}

#[tokio::test]
async fn one_is_open_at_a_time_and_the_later_request_stands() {
    let d = Desk::new().await;
    d.policy(json!({ "approvals": 1, "protect": true })).await;
    let first = d.ask(1).await;
    d.w.ada.post(ALL, json!({ "model": "churn", "version": 1, "stage": "production" })).await.is(409);
    let second = d.ask(2).await;
    assert_eq!(d.get(&first).await["reason"], "ada asked for v2 to go to Production.");
    d.w.mia.post(&format!("{ALL}/{first}/approve"), json!({})).await.is(409);
    d.w.vic.post(&format!("{ALL}/{second}/withdraw"), json!({})).await.is(403);
    d.w.ada.post(&format!("{ALL}/{second}/withdraw"), json!({})).await.is(200);
    assert_eq!(d.state(&second).await, "withdrawn");
    d.w.ada.post(&format!("{ALL}/{second}/recheck"), json!({})).await.is(409);
    d.w.eve.get(&format!("{ALL}/{second}")).await.is(404);

    let third = d.ask(3).await;
    let no = d.w.mia.post(&format!("{ALL}/{third}/refuse"), json!({ "comment": "Not on a Friday." })).await.is(200).json();
    assert_eq!(no["reason"], "Refused by mia: Not on a Friday.");
    d.w.ada.post(&format!("{ALL}/{third}/recheck"), json!({})).await.is(200);
    d.settle().await;
    assert_eq!(d.state(&third).await, "waiting_for_approval");
}

#[tokio::test]
async fn another_version_that_gets_the_alias_meanwhile_is_what_is_compared_with() {
    let d = Desk::new().await;
    d.policy(json!({ "gates": ["no worse auc maximize"], "approvals": 1 })).await;
    let id = d.ask(2).await;
    assert_eq!(d.get(&id).await["gates"][0]["detail"], "No version is there to compare with.");
    // Not protected: somebody sets it by hand.
    d.w.ada.put("/api/v1/teams/forecast/models/churn/aliases/production", json!({ "version": 3 })).await.is(200);
    d.w.mia.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200);
    d.settle().await;
    let red = d.get(&id).await;
    assert_eq!(
        (red["state"].as_str(), red["gates"][0]["detail"].as_str()),
        (Some("refused"), Some("0.93 against 0.95 (v3), worse by 0.02."))
    );
    assert_eq!(d.production().await, Some(3));
}

#[tokio::test]
async fn of_requests_at_the_same_moment_one_stands_and_nothing_is_promoted_twice() {
    let d = Desk::new().await;
    d.policy(json!({ "approvals": 0, "protect": true })).await;
    let ask = |version: i64| d.w.ada.post(ALL, json!({ "model": "churn", "version": version, "stage": "Production" }));
    let (one, two, three) = tokio::join!(ask(1), ask(2), ask(3));
    let ids: Vec<String> = [one, two, three].into_iter().map(|a| a.is(201).json()["id"].as_str().expect("an id").to_owned()).collect();
    let open = d.w.vic.get(&format!("{ALL}?open=true")).await.is(200).json();
    assert_eq!(open["items"].as_array().map(Vec::len), Some(1), "{open}");
    let stands = open["items"][0].clone();
    // Two servers look at the same moment.
    let (a, b) = tokio::join!(d.promotions.tick(), d.promotions.tick());
    assert!(a.is_ok() && b.is_ok());
    d.settle().await;
    assert_eq!(d.production().await, stands["version"].as_i64());
    let mut states = Vec::new();
    for id in &ids {
        states.push(d.state(id).await);
    }
    states.sort_unstable();
    assert_eq!(states, ["promoted", "superseded", "superseded"]);
    let told = d.w.vic.get("/api/v1/teams/forecast/events?kind=promotion&action=promote").await.is(200).json();
    assert_eq!(told["items"].as_array().map(Vec::len), Some(1), "{told}");
}

#[tokio::test]
async fn a_model_with_another_name_keeps_its_promotions() {
    let d = Desk::new().await;
    d.policy(json!({ "gates": ["auc >= 0.92"], "approvals": 1, "protect": true })).await;
    let id = d.ask(2).await;
    let script = d.w.ada.token("forecast", "editor").await;
    script.post(&format!("{MLFLOW}/registered-models/rename"), json!({ "name": "churn", "new_name": "leavers" })).await.is(200);
    d.w.mia.post(&format!("{ALL}/{id}/approve"), json!({})).await.is(200);
    d.settle().await;
    let done = d.get(&id).await;
    assert_eq!((done["state"].as_str(), done["model"].as_str()), (Some("promoted"), Some("leavers")));
    let model = d.w.vic.get("/api/v1/teams/forecast/models/leavers").await.is(200).json();
    assert_eq!(model["aliases"]["production"], 2);
    // By its name programs find what is protected now: only who may lift the protection gives it another one.
    let rename = json!({ "name": "leavers", "new_name": "churn" });
    let shut = script.post(&format!("{MLFLOW}/registered-models/rename"), rename.clone()).await.is(403).json();
    assert_eq!(shut["error_code"], "PERMISSION_DENIED");
    let script = d.w.mia.token("forecast", "maintainer").await;
    script.post(&format!("{MLFLOW}/registered-models/rename"), rename).await.is(200);
}

#[tokio::test]
async fn what_a_stage_asks_is_set_by_maintainers_and_said_when_it_is_wrong() {
    let d = Desk::new().await;
    let all = d.w.vic.get("/api/v1/teams/forecast/stages").await.is(200).json();
    let production = all.as_array().expect("stages").iter().find(|s| s["stage"] == "Production").cloned().expect("Production");
    // As every team begins.
    assert_eq!(
        (production["protect"].as_bool(), production["gates"].clone()),
        (Some(true), json!([{ "type": "signature" }, { "type": "smoke" }]))
    );
    d.w.ada.put(PRODUCTION, json!({ "gates": [] })).await.is(403);
    for (wrong, field) in [
        (json!({ "gates": ["auc"] }), "gates"),
        (json!({ "gates": ["signature", "auc >= 0.5 <= 0.1"] }), "gates"),
        (json!({ "gates": ["script x in nowhere: true"] }), "gates"),
        (json!({ "approvals": 11 }), "approvals"),
        (json!({ "alias": "staging" }), "alias"),
        (json!({ "alias": "v3" }), "alias"),
    ] {
        let answer = d.w.mia.put(PRODUCTION, wrong.clone()).await.is(422).json();
        assert_eq!(answer["field"], field, "{wrong}: {answer}");
    }
    d.w.mia.put("/api/v1/teams/forecast/stages/Nowhere", json!({})).await.is(422);
    d.w.mia.put(PRODUCTION, json!({ "revision": 99 })).await.is(409);
    // As the form of the page sends it.
    let form = "gates=auc+%3E%3D+0.9%0D%0A%0D%0Asmoke+on+large+within+200+ms&approvals=&protect=on&alias=prod";
    let set = d.w.mia.send(Method::PUT, PRODUCTION, "application/x-www-form-urlencoded", form).await.is(200).json();
    let gates = json!([{ "type": "metric", "name": "auc", "min": 0.9 }, { "type": "smoke", "within_ms": 200, "size": "large" }]);
    assert_eq!((set["gates"].clone(), set["alias"].as_str(), set["approvals"].clone()), (gates, Some("prod"), Value::Null));
    d.w.eve.get("/api/v1/teams/forecast/stages").await.is(404);
}

#[tokio::test]
async fn the_model_server_tries_the_model_and_what_it_printed_is_the_evidence() {
    let d = Desk::new().await;
    d.environments().await;
    d.policy(json!({ "gates": ["smoke within 50 ms"], "approvals": 0, "protect": true })).await;
    let id = d.ask(1).await;
    let spec = d.spec().await;
    assert!(spec.command.iter().any(|w| w == "--smoke") && spec.folders.contains_key("version"), "{spec:?}");
    d.prints(&spec, &json!({ "ok": true, "loaded": true, "example": true, "latency_ms": 61.4, "detail": "x" }).to_string());
    d.end(&spec.id, Some(0)).await;
    let red = d.get(&id).await;
    assert_eq!(red["gates"][0]["detail"], "It answered its own example in 61.4 ms, more than 50 ms.");
    assert_eq!((red["state"].as_str(), red["gates"][0]["evidence"]["latency_ms"].as_f64()), (Some("refused"), Some(61.4)));

    d.w.ada.post(&format!("{ALL}/{id}/recheck"), json!({})).await.is(200);
    d.settle().await;
    let spec = d.spec().await;
    d.prints(&spec, &json!({ "ok": true, "loaded": true, "example": true, "latency_ms": 4.2 }).to_string());
    d.end(&spec.id, Some(0)).await;
    let done = d.get(&id).await;
    assert_eq!(done["gates"][0]["detail"], "Loaded, and answered its own example in 4.2 ms.");
    assert_eq!((done["state"].as_str(), d.production().await), (Some("promoted"), Some(1)));
    let log = d.w.vic.get(&format!("{ALL}/{id}/gates/0/log")).await.is(200).json();
    assert!(log["items"][0]["text"].as_str().is_some_and(|t| t.contains("4.2")), "{log}");
    d.w.vic.get(&format!("{ALL}/{id}/gates/7/log")).await.is(404);
    d.w.eve.get(&format!("{ALL}/{id}/gates/0/log")).await.is(404);
}

#[tokio::test]
async fn a_model_without_an_example_was_not_tried() {
    let d = Desk::new().await;
    d.environments().await;
    d.policy(json!({ "gates": ["smoke"], "approvals": 0 })).await;
    let id = d.ask(1).await;
    let spec = d.spec().await;
    d.prints(&spec, &json!({ "ok": true, "loaded": true, "example": false, "latency_ms": null }).to_string());
    d.end(&spec.id, Some(0)).await;
    let red = d.get(&id).await;
    assert_eq!(red["state"], "refused");
    assert!(red["gates"][0]["detail"].as_str().is_some_and(|t| t.contains("input_example=")), "{red}");
}

#[tokio::test]
async fn a_script_decides_and_a_lost_one_is_tried_again() {
    let d = Desk::new().await;
    d.environments().await;
    d.policy(json!({ "gates": ["script fairness in train within 60 s: python check.py"], "approvals": 0 })).await;
    let id = d.ask(1).await;
    assert_eq!(d.get(&id).await["gates"][0]["state"], "running");
    let lost = d.spec().await;
    assert_eq!((lost.timeout_seconds, lost.command.last().map(String::as_str)), (Some(60), Some("python check.py")));
    d.end(&lost.id, None).await;
    let again = d.spec().await;
    assert_ne!(lost.id, again.id);
    d.prints(&again, "{\"detail\": \"Group B is 0.11 worse.\", \"gap\": 0.11}");
    d.end(&again.id, Some(3)).await;
    let red = d.get(&id).await;
    assert_eq!((red["state"].as_str(), red["gates"][0]["state"].as_str()), (Some("refused"), Some("failed")));
    assert_eq!(
        (red["gates"][0]["detail"].as_str(), red["gates"][0]["evidence"]["gap"].as_f64()),
        (Some("Group B is 0.11 worse."), Some(0.11))
    );

    // Lost again and again: it says so, and waits for somebody.
    d.w.ada.post(&format!("{ALL}/{id}/recheck"), json!({})).await.is(200);
    d.settle().await;
    for _ in 0..3 {
        let spec = d.spec().await;
        d.end(&spec.id, None).await;
    }
    let broken = d.get(&id).await;
    assert_eq!((broken["state"].as_str(), broken["gates"][0]["state"].as_str()), (Some("refused"), Some("broken")));
}

#[tokio::test]
async fn nobody_waits_for_the_workload_of_a_promotion_that_is_over() {
    let d = Desk::new().await;
    d.environments().await;
    d.policy(json!({ "gates": ["script slow in train: sleep 600"], "approvals": 0 })).await;
    let id = d.ask(1).await;
    let spec = d.spec().await;
    d.w.cluster.run(&spec.id);
    d.w.ada.post(&format!("{ALL}/{id}/withdraw"), json!({})).await.is(200);
    d.settle().await;
    assert!(d.w.cluster.stops().iter().any(|(stopped, _)| *stopped == spec.id), "it goes on");
    let over = d.get(&id).await;
    assert_eq!((over["state"].as_str(), over["gates"][0]["state"].as_str()), (Some("withdrawn"), Some("broken")));
    assert_eq!(over["gates"][0]["detail"], "The promotion was over before this was answered.");
}

impl Desk {
    /// The shipped environments, as after a start, and ready.
    pub async fn environments(&self) {
        let python = server::environments::python::Python::new("/usr/bin/python3.11", "3.11.7", "x86_64");
        let store = &self.w.web.store;
        server::environments::shipped::register(store, Some(&python)).await.expect("environments");
        let mut tx = store.begin().await.expect("a transaction");
        tx.exec("UPDATE environment_versions SET build = 'ready'", vec![]).await.expect("ready");
        tx.commit().await.expect("a commit");
    }

    /// What the cluster was told last.
    pub async fn spec(&self) -> WorkloadSpec {
        self.w.clock.advance(1);
        self.settle().await;
        self.w.cluster.specs().into_iter().max_by(|a, b| a.id.cmp(&b.id)).expect("a workload")
    }

    /// What the workload prints.
    fn prints(&self, spec: &WorkloadSpec, line: &str) {
        let folder = self.w.web.config.data.join("logs").join(&spec.id);
        let mut log = LogWriter::open(&folder, spec.attempt, 1 << 20).expect("a log");
        log.lines(0, Stream::Out, [line.as_bytes()]);
        log.finish().expect("an end");
    }

    /// The workload ends with this exit code, or without one, as where its node is lost.
    pub async fn end(&self, id: &str, code: Option<i64>) {
        self.w.clock.advance(1);
        self.w.cluster.end(id, Exit { code, ..Exit::default() });
        self.settle().await;
    }
}
