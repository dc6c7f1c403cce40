//! Every call of the typed client exists in the document, and what the API answers is what the client reads.

use super::{
    deployments::{Desk, passes},
    world::{Person, World},
};
use app::api::{
    Client, ListQuery, Problem,
    callers::{NewCallerToken, RotateToken, SetCallers},
    canary::{SetCanary, Sticky},
    clean_up::Free,
    deployments::{NewDeployment, Redeploy},
    environments::NewEnvironment,
    events::EventQuery,
    ledger::{LedgerFormat, LedgerQuery, RollBack},
    limits::SetLimits,
    logs::LogQuery,
    markdown::MarkdownText,
    members::Role,
    models::{ModelChange, NewModelVersion},
    notebooks::{DeleteNotebook, NewNotebook, NotebookChange},
    notices::{MarkRead, SetNoticeChoices},
    pipeline_diff::DiffQuery,
    pipeline_images::SetPipelineImages,
    pipeline_runs::{NewPipelineRun, PipelineRunQuery},
    pipelines::{NewPipeline, NewPipelineVersion, SetPipelineLimits},
    placements::{PlacementOf, SetPlacement},
    promotions::{NewPromotion, PromotionQuery, Say, SetStagePolicy},
    quotas::SetQuota,
    recurring_runs::{NewRecurringRun, RecurringRunChange, RecurringRunQuery, Schedule},
    replicas::Scale,
    runs::{ArtifactQuery, NewRun, RunQuery, SeriesQuery},
    runtimes::{SeenRuntime, SetRuntime},
    session::{ChangePassword, SetUp, SignIn},
    teams::{NewTeam, TeamChange},
    tokens::NewToken,
    transport::{Answer, BoxFuture, Call, Transport},
    users::{NewUser, UserChange},
    webhooks::{NewWebhook, SetWebhook},
};
use axum::http::Method;
use serde_json::{Value, json};
use server::{
    pipelines::token::TaskTokens,
    reconcile::{Task, pipelines::Pipelines},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

/// Writes down what is called.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Transport for Recorder {
    fn send(&self, call: Call) -> BoxFuture<Result<Answer, Problem>> {
        let path = call.path.split('?').next().unwrap_or_default().to_owned();
        self.0.lock().unwrap().push(format!("{} {path}", call.method));
        Box::pin(async { Err(Problem::no_answer("recorded")) })
    }
}

macro_rules! call {
    ($($call:expr;)*) => { $( drop($call); )* };
}

fn everything(c: &Client) {
    let (l, log) = (&ListQuery::default(), &LogQuery::default());
    let text = String::new;
    call! {
        c.sign_in(&SignIn { user: text(), password: text(), next: None }); c.sign_out(); c.me();
        c.change_password(&ChangePassword { current: text(), new: text() }); c.set_up(&SetUp { token: text(), user: text(), password: text() });
        c.notice_list(l); c.notices_unread(); c.notices_read(&MarkRead::default()); c.notice_choices(); c.notice_choices_set(&SetNoticeChoices::default()); c.notice_mail_test();
        c.webhook_list("t", l); c.webhook_create("t", &NewWebhook::default()); c.webhook("t", "w"); c.webhook_set("t", "w", &SetWebhook::default());
        c.webhook_remove("t", "w"); c.webhook_rotate("t", "w"); c.webhook_test("t", "w"); c.webhook_deliveries("t", "w", l); c.webhook_redeliver("t", "w", "d");
        c.team_list(l); c.team_create(&NewTeam { name: text(), display_name: None }); c.team("t"); c.team_update("t", &TeamChange { display_name: text(), revision: 1 });
        c.member_list("t", l); c.member_set("t", "u", Role::Viewer); c.member_remove("t", "u");
        c.user_list(l); c.user_create(&NewUser { name: text(), display_name: None, password: text(), admin: false }); c.user_update("u", &UserChange::default());
        c.token_list(l); c.token_create(&NewToken { name: text(), team: text(), role: Role::Viewer, expires_in: None, scope: None }); c.token_revoke("i");
        c.secret_list("t", l); c.secret_set("t", "s", "v"); c.secret_remove("t", "s");
        c.quota("t"); c.quota_set("t", &SetQuota::default()); c.capacity("t");
        c.clean_up_list("t", l); c.clean_up("t", &Free::default());
        c.event_list("t", &EventQuery::default()); c.event_list_all(&EventQuery::default()); c.home("t"); c.find("t", "q"); c.platform(); c.placement_list(l);
        c.placement_set(&SetPlacement { of: PlacementOf::Size, name: text(), team: None, tolerations: text(), node_selector: text(), patch: text(), cpu: text(), memory: text(), gpu: text(), revision: 0 });
        c.runtime_list(l); c.runtime("r"); c.runtime_set("r", &SetRuntime::default()); c.runtime_remove("r", &SeenRuntime::default());
        c.environment_list("t", l); c.environment_create("t", &NewEnvironment { name: text(), description: text(), requirements: text(), image: None });
        c.environment("t", "e"); c.environment_versions("t", "e", l); c.environment_retry("t", "e"); c.environment_log("t", "e", log);
        c.notebook_list("t", l); c.notebook_launch("t", &NewNotebook::default()); c.notebook("t", "n"); c.notebook_update("t", "n", &NotebookChange::default());
        c.notebook_start("t", "n"); c.notebook_stop("t", "n"); c.notebook_open("t", "n"); c.notebook_delete("t", "n", &DeleteNotebook::default()); c.notebook_log("t", "n", log); c.notebook_explain("t", "n");
        c.experiment_list("t", l); c.run_list("t", &RunQuery::default()); c.run_submit("t", &NewRun::default()); c.code_upload("t", vec![]); c.run("t", "r");
        c.run_cancel("t", "r"); c.run_retry("t", "r"); c.run_delete("t", "r"); c.run_metrics("t", "r", &SeriesQuery::default()); c.run_usage("t", "r");
        c.run_log("t", "r", log); c.run_explain("t", "r"); c.run_artifacts("t", "r", &ArtifactQuery::default()); c.run_artifact("t", "r", &ArtifactQuery::default());
        c.markdown(&MarkdownText::default()); c.model_list("t", l); c.model("t", "m"); c.model_update("t", "m", &ModelChange::default()); c.version_list("t", "m", l); c.version("t", "m", 1);
        c.version_update("t", "m", 1, &ModelChange::default()); c.alias_set("t", "m", "a", 1); c.alias_remove("t", "m", "a");
        c.version_register("t", &NewModelVersion { model: text(), run_id: text(), source: None, description: text() });
        c.stage_list("t"); c.stage_set("t", "s", &SetStagePolicy::default()); c.promotion_list("t", &PromotionQuery::default()); c.promotion("t", "p");
        c.promotion_request("t", &NewPromotion::default()); c.promotion_approve("t", "p", &Say::default()); c.promotion_refuse("t", "p", &Say::default());
        c.promotion_withdraw("t", "p", &Say::default()); c.promotion_recheck("t", "p"); c.promotion_comment("t", "p", &Say::default()); c.promotion_log("t", "p", 0, log);
        c.deployment_list("t", l); c.deployment_create("t", &NewDeployment::default()); c.deployment("t", "d"); c.deployment_redeploy("t", "d", &Redeploy::default());
        c.deployment_start("t", "d"); c.deployment_stop("t", "d"); c.deployment_delete("t", "d"); c.revision_list("t", "d", l); c.deployment_traffic("t", "d");
        c.deployment_example("t", "d"); c.deployment_log("t", "d", Some(1), log); c.deployment_explain("t", "d"); c.deployment_try("t", "d", &serde_json::Value::Null);
        c.ledger("t", "d", &LedgerQuery::default()); c.ledger_export("t", "d", LedgerFormat::Csv); c.deployment_roll_back("t", "d", &RollBack::default()); c.deployment_limits("t", "d", &SetLimits::default());
        c.replica_list("t", "d"); c.deployment_scale("t", "d", &Scale::default()); c.deployment_canary("t", "d", &SetCanary::default()); c.deployment_sticky("t", "d", &Sticky::default());
        c.deployment_callers("t", "d", &SetCallers::default()); c.caller_token_list("t", "d", l); c.caller_token_create("t", "d", &NewCallerToken::default());
        c.caller_token_rotate("t", "d", "i", &RotateToken::default()); c.caller_token_revoke("t", "d", "i");
        c.pipeline_list("t", l); c.pipeline_create("t", &NewPipeline::default()); c.pipeline("t", "p"); c.pipeline_delete("t", "p"); c.pipeline_limits("t", "p", &SetPipelineLimits::default()); c.pipeline_clear_cache("t", "p"); c.pipeline_versions("t", "p", l);
        c.pipeline_version_create("t", "p", &NewPipelineVersion::default()); c.pipeline_version("t", "p", "v"); c.pipeline_version_delete("t", "p", "v"); c.pipeline_spec("t", "p", "v");
        c.pipeline_diff("t", "p", "v", &DiffQuery::default()); c.pipeline_run_compare("t", "r", "s"); c.pipeline_run_outline("t", "r"); c.task_explain("t", "r", "k"); c.run_artifact_preview("t", "r", &ArtifactQuery::default());
        c.pipeline_outline("t", "p", "v"); c.pipeline_run_list("t", &PipelineRunQuery::default()); c.pipeline_run_create("t", &NewPipelineRun::default()); c.pipeline_run("t", "r");
        c.pipeline_run_delete("t", "r"); c.pipeline_run_cancel("t", "r"); c.pipeline_run_retry("t", "r"); c.pipeline_run_archive("t", "r"); c.pipeline_run_unarchive("t", "r");
        c.task_list("t", "r"); c.task("t", "r", "k"); c.task_log("t", "r", "k", log); c.task_approve("t", "r", "k", &Say::default()); c.task_refuse("t", "r", "k", &Say::default()); c.pipeline_images(); c.pipeline_images_set(&SetPipelineImages::default());
        c.recurring_run_list("t", &RecurringRunQuery::default()); c.recurring_run_create("t", &NewRecurringRun::default()); c.recurring_run("t", "r");
        c.recurring_run_change("t", "r", &RecurringRunChange::default()); c.recurring_run_delete("t", "r"); c.recurring_run_enable("t", "r"); c.recurring_run_disable("t", "r");
        c.recurring_run_run("t", "r"); c.schedule_preview(&Schedule::default());
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    a.len() == b.len() && a.iter().zip(&b).all(|(t, p)| t == p || t.starts_with('{'))
}

#[tokio::test]
async fn every_call_of_the_client_is_documented() {
    let w = World::new().await;
    let document = w.nobody.get("/api/openapi.json").await.is(200).json();
    let paths = document["paths"].as_object().unwrap();
    let recorder = Recorder::default();
    everything(&Client::new(recorder.clone()));
    let calls = recorder.0.lock().unwrap().clone();
    let missing: Vec<_> = calls
        .iter()
        .filter(|call| {
            let (method, path) = call.split_once(' ').unwrap();
            !paths.iter().any(|(template, item)| fits(template, path) && item.get(method.to_lowercase()).is_some())
        })
        .collect();
    assert!(missing.is_empty(), "not in the document: {missing:#?}");
}

/// The way of somebody to the API in process; keeps what was asked and answered.
#[derive(Clone)]
struct Really(Person, Arc<Mutex<Said>>);

/// What was asked, and what came.
type Said = Vec<(String, Vec<u8>)>;

impl Transport for Really {
    fn send(&self, call: Call) -> BoxFuture<Result<Answer, Problem>> {
        let Self(person, said) = self.clone();
        Box::pin(async move {
            let answer = person.send(call.method.clone(), &call.path, call.content_type, call.body.unwrap_or_default()).await;
            let path = call.path.split('?').next().unwrap_or_default().to_owned();
            said.lock().unwrap().push((format!("{} {path}", call.method), answer.body.to_vec()));
            Ok(Answer { status: answer.status.as_u16(), body: answer.body.to_vec() })
        })
    }
}

macro_rules! read {
    ($client:ident: $($call:ident($($arg:expr),*);)*) => { $(
        if let Err(problem) = $client.$call($($arg),*).await {
            panic!("{}: {problem:?}", stringify!($call));
        }
    )* };
}

/// Whether it is a list, or has one, that is empty: nothing of it was read.
fn is_empty(answer: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    answer.as_array().or(answer["items"].as_array()).is_some_and(Vec::is_empty)
}

const TEAM: &str = "forecast";

/// Runs a pipeline of two versions up to its first task; ids of the run, of the task, and of another run.
async fn a_pipeline_run(desk: &Desk) -> (String, String, String) {
    let (w, own) = (&desk.w, format!("/api/v1/teams/{TEAM}"));
    let spec = std::fs::read_to_string(concat!(env!("SLIPWAY_ROOT"), "/end2end/kfp/compiled/hello.yaml")).unwrap();
    w.mia.post(&format!("{own}/pipelines"), json!({ "spec": spec })).await.is(201);
    let other = spec.replace("python:3.11", "python:3.12");
    w.mia.post(&format!("{own}/pipelines/hello/versions"), json!({ "spec": other, "name": "2" })).await.is(201);
    let again = w.mia.post(&format!("{own}/pipeline-runs"), json!({ "spec": spec })).await.is(201).json()["id"].clone();
    let run = w.mia.post(&format!("{own}/pipeline-runs"), json!({ "pipeline": "hello" })).await.is(201).json()["id"].clone();
    let run = run.as_str().unwrap().to_owned();
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
    let task = w.mia.get(&format!("{own}/pipeline-runs/{run}/tasks")).await.is(200).json()[0]["id"].clone();
    (run, task.as_str().unwrap().to_owned(), again.as_str().unwrap().to_owned())
}

/// One of everything: a deployment that serves, a notebook, a submitted run, a run with metrics and a file. The ids of the runs.
async fn one_of_each(desk: &Desk) -> (String, String) {
    let w = &desk.w;
    let own = format!("/api/v1/teams/{TEAM}");
    let spec = desk.deploy().await;
    desk.serve(&spec, "one", passes()).await;
    w.mia.post(&format!("{own}/deployments/iris/tokens"), json!({ "name": "shop", "rate": 10 })).await.is(201);
    let mut log = server::logs::LogWriter::open(&w.web.config.data.join("logs").join(&spec.id), spec.attempt, 1 << 20).unwrap();
    log.say(0, "loaded");
    w.mia.post(&format!("{own}/notebooks"), json!({ "name": "lab", "environment": "serve", "env": { "A": "1" } })).await.is(201);
    w.mia.put(&format!("{own}/secrets/key"), json!({ "value": "x" })).await.is(200);
    w.mia.put(&format!("{own}/models/iris/aliases/best"), json!({ "version": 1 })).await;
    let body = json!({ "name": "train", "environment": "serve", "command": ["python"], "params": { "lr": "1" }, "secrets": [{ "env": "K", "secret": "key" }] });
    let submitted = w.mia.post(&format!("{own}/runs"), body).await.is(201).json()["id"].as_str().unwrap().to_owned();
    w.ada
        .post(&format!("{own}/promotions"), json!({ "model": "iris", "version": 1, "stage": "Production", "comment": "Look." }))
        .await
        .is(201);
    let program = w.mia.token(TEAM, "editor").await;
    let p = "/api/2.0/mlflow";
    let run = program.post(&format!("{p}/runs/create"), json!({ "experiment_id": "0" })).await.is(200).json()["run"]["info"].clone();
    let (id, root) = (run["run_id"].as_str().unwrap().to_owned(), run["artifact_uri"].as_str().unwrap());
    let batch = "\"metrics\": [{\"key\": \"m\", \"value\": 1, \"timestamp\": 1}, {\"key\": \"n\", \"value\": NaN, \"timestamp\": 1}], \"params\": [{\"key\": \"p\", \"value\": \"1\"}]";
    program
        .send(Method::POST, &format!("{p}/runs/log-batch"), "application/json", format!("{{\"run_id\": \"{id}\", {batch}}}"))
        .await
        .is(200);
    let file =
        format!("/api/2.0/mlflow-artifacts/artifacts/{}/a.txt", root.strip_prefix("mlflow-artifacts:/").unwrap().trim_start_matches('/'));
    program.send(Method::PUT, &file, "", "x").await.is(200);
    // And one that is deleted, for clean-up.
    let gone =
        program.post(&format!("{p}/runs/create"), json!({ "experiment_id": "0" })).await.is(200).json()["run"]["info"]["run_id"].clone();
    program.send(Method::PUT, &file.replace(&id, gone.as_str().unwrap()), "", "x").await.is(200);
    program.post(&format!("{p}/runs/delete"), json!({ "run_id": gone })).await.is(200);
    let hook = json!({ "name": "chat", "url": "https://hooks.example.org", "kinds": ["run_failed"] });
    w.mia.post(&format!("{own}/webhooks"), hook).await.is(201);
    // Who submitted it is told that it failed.
    let mut tx = w.web.store.begin().await.unwrap();
    let team = w.vic.get(&own).await.is(200).json()["id"].as_str().unwrap().to_owned();
    let failed = server::store::events::NewEvent {
        team_id: Some(&team),
        actor: "slipway",
        action: "fail",
        kind: "run",
        object_id: &submitted,
        object_name: "train",
        revision: 2,
        before: None,
        after: None,
    };
    tx.event(failed).await.unwrap();
    tx.commit().await.unwrap();
    super::notices::look(w).await;
    (id, submitted)
}

#[tokio::test]
async fn what_the_api_answers_is_what_the_client_reads() {
    let desk = Desk::new().await;
    let (id, submitted) = one_of_each(&desk).await;
    let (pipeline_run, task, again) = a_pipeline_run(&desk).await;
    let (pipeline_run, task, again) = (pipeline_run.as_str(), task.as_str(), again.as_str());
    let images = json!({ "images": [{ "image": "registry.example.org/ml/base", "environment": "train" }] });
    desk.w.bob.put("/api/v1/pipeline-images", images).await.is(200);
    let nightly = json!({ "pipeline": "hello", "schedule": { "cron": "0 0 2 * * *", "time_zone": "Europe/Berlin" } });
    let recurring = desk.w.mia.post(&format!("/api/v1/teams/{TEAM}/recurring-runs"), nightly).await.is(201).json()["id"].clone();
    let recurring = recurring.as_str().unwrap();
    desk.w.mia.post(&format!("/api/v1/teams/{TEAM}/recurring-runs/{recurring}/run"), json!({})).await.is(201);
    let said = Arc::new(Mutex::new(Vec::new()));
    let of = |person: &Person| Client::new(Really(person.clone(), said.clone()));
    let (c, admin) = (of(&desk.w.mia), of(&desk.w.bob));
    let (l, log, events) = (&ListQuery::default(), &LogQuery::default(), &EventQuery::default());
    let (id, submitted) = (id.as_str(), submitted.as_str());
    let promotion = desk.w.vic.get(&format!("/api/v1/teams/{TEAM}/promotions")).await.is(200).json()["items"][0]["id"].clone();
    let promotion = promotion.as_str().unwrap();
    read! { admin: user_list(l); event_list_all(events); platform(); placement_list(l); runtime_list(l); runtime("slipway-python"); pipeline_images(); }
    read! { c:
        me(); notice_list(l); notices_unread(); notice_choices(); webhook_list(TEAM, l); webhook(TEAM, "chat"); webhook_deliveries(TEAM, "chat", l); team_list(l); team(TEAM); member_list(TEAM, l); token_list(l); secret_list(TEAM, l); quota(TEAM); capacity(TEAM); clean_up_list(TEAM, l);
        event_list(TEAM, events); home(TEAM); find(TEAM, "iris"); environment_list(TEAM, l); environment(TEAM, "serve"); environment_versions(TEAM, "serve", l);
        environment_log(TEAM, "serve", log); notebook_list(TEAM, l); notebook(TEAM, "lab"); notebook_log(TEAM, "lab", log); notebook_explain(TEAM, "lab");
        experiment_list(TEAM, l); run_list(TEAM, &RunQuery::default()); run(TEAM, id); run(TEAM, submitted);
        run_metrics(TEAM, id, &SeriesQuery::default()); run_usage(TEAM, submitted); run_log(TEAM, submitted, log); run_explain(TEAM, submitted);
        run_artifacts(TEAM, id, &ArtifactQuery::default()); run_artifact(TEAM, id, &ArtifactQuery { path: Some("a.txt".into()) });
        model_list(TEAM, l); model(TEAM, "iris"); version_list(TEAM, "iris", l); version(TEAM, "iris", 1);
        stage_list(TEAM); promotion_list(TEAM, &PromotionQuery::default()); promotion(TEAM, promotion); promotion_log(TEAM, promotion, 1, log);
        deployment_list(TEAM, l); deployment(TEAM, "iris"); revision_list(TEAM, "iris", l); deployment_traffic(TEAM, "iris");
        deployment_example(TEAM, "iris"); deployment_log(TEAM, "iris", None, log); deployment_explain(TEAM, "iris"); replica_list(TEAM, "iris");
        ledger(TEAM, "iris", &LedgerQuery::default()); ledger_export(TEAM, "iris", LedgerFormat::Jsonl); caller_token_list(TEAM, "iris", l);
        pipeline_list(TEAM, l); pipeline(TEAM, "hello"); pipeline_versions(TEAM, "hello", l); pipeline_version(TEAM, "hello", "hello"); pipeline_spec(TEAM, "hello", "hello");
        pipeline_diff(TEAM, "hello", "2", &DiffQuery::default()); pipeline_run_compare(TEAM, pipeline_run, again); pipeline_run_outline(TEAM, again); task_explain(TEAM, pipeline_run, task);
        run_artifact_preview(TEAM, id, &ArtifactQuery { path: Some("a.txt".into()) });
        pipeline_outline(TEAM, "hello", "hello"); pipeline_run_list(TEAM, &PipelineRunQuery::default()); pipeline_run(TEAM, pipeline_run);
        task_list(TEAM, pipeline_run); task(TEAM, pipeline_run, task); task_log(TEAM, pipeline_run, task, log);
        recurring_run_list(TEAM, &RecurringRunQuery::default()); recurring_run(TEAM, recurring); schedule_preview(&Schedule { cron: Some("@daily".into()), ..Schedule::default() });
    }
    let said = std::mem::take(&mut *said.lock().unwrap());
    for (call, body) in &said {
        // What nothing ran of has neither log nor use.
        let may = ["/environments/serve/log", "/notebooks/lab/log", "/gates/1/log", "/usage"].iter().any(|end| call.ends_with(end))
            || call.contains(submitted)
            || (call.contains(task) && call.ends_with("/log"));
        assert!(may || !is_empty(body), "{call} answered nothing to read: {}", String::from_utf8_lossy(body));
    }

    // And no call is left out.
    let document = desk.w.nobody.get("/api/openapi.json").await.is(200).json();
    let templates: Vec<String> = document["paths"].as_object().unwrap().keys().cloned().collect();
    let recorder = Recorder::default();
    everything(&Client::new(recorder.clone()));
    let of = |calls: Vec<String>| -> BTreeSet<String> {
        let gets = calls.iter().filter_map(|c| c.strip_prefix("GET "));
        gets.filter_map(|path| templates.iter().find(|t| fits(t, path))).cloned().collect()
    };
    let all = of(recorder.0.lock().unwrap().clone());
    let read = of(said.iter().map(|(call, _)| call.clone()).collect());
    assert_eq!(all.difference(&read).collect::<Vec<_>>(), Vec::<&String>::new(), "calls whose answers nothing reads here");
}
