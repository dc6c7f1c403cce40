//! Every call of the typed client exists in the document.

use super::world::World;
use app::api::{
    Client, ListQuery, Problem,
    deployments::{NewDeployment, Redeploy},
    environments::NewEnvironment,
    events::EventQuery,
    logs::LogQuery,
    members::Role,
    models::{ModelChange, NewModelVersion},
    notebooks::{DeleteNotebook, NewNotebook, NotebookChange},
    quotas::SetQuota,
    runs::{ArtifactQuery, NewRun, RunQuery, SeriesQuery},
    session::{ChangePassword, SetUp, SignIn},
    teams::{NewTeam, TeamChange},
    tokens::NewToken,
    transport::{Answer, BoxFuture, Call, Transport},
    users::{NewUser, UserChange},
};
use std::sync::{Arc, Mutex};

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
        c.team_list(l); c.team_create(&NewTeam { name: text(), display_name: None }); c.team("t"); c.team_update("t", &TeamChange { display_name: text(), revision: 1 });
        c.member_list("t", l); c.member_set("t", "u", Role::Viewer); c.member_remove("t", "u");
        c.user_list(l); c.user_create(&NewUser { name: text(), display_name: None, password: text(), admin: false }); c.user_update("u", &UserChange::default());
        c.token_list(l); c.token_create(&NewToken { name: text(), team: text(), role: Role::Viewer, expires_in: None, scope: None }); c.token_revoke("i");
        c.secret_list("t", l); c.secret_set("t", "s", "v"); c.secret_remove("t", "s");
        c.quota("t"); c.quota_set("t", &SetQuota::default()); c.capacity("t");
        c.event_list("t", &EventQuery::default()); c.event_list_all(&EventQuery::default()); c.home("t"); c.find("t", "q"); c.platform();
        c.environment_list("t", l); c.environment_create("t", &NewEnvironment { name: text(), description: text(), requirements: text(), image: None });
        c.environment("t", "e"); c.environment_versions("t", "e", l); c.environment_retry("t", "e"); c.environment_log("t", "e", log);
        c.notebook_list("t", l); c.notebook_launch("t", &NewNotebook::default()); c.notebook("t", "n"); c.notebook_update("t", "n", &NotebookChange::default());
        c.notebook_start("t", "n"); c.notebook_stop("t", "n"); c.notebook_open("t", "n"); c.notebook_delete("t", "n", &DeleteNotebook::default()); c.notebook_log("t", "n", log);
        c.experiment_list("t", l); c.run_list("t", &RunQuery::default()); c.run_submit("t", &NewRun::default()); c.code_upload("t", vec![]); c.run("t", "r");
        c.run_cancel("t", "r"); c.run_retry("t", "r"); c.run_delete("t", "r"); c.run_metrics("t", "r", &SeriesQuery::default()); c.run_usage("t", "r");
        c.run_log("t", "r", log); c.run_artifacts("t", "r", &ArtifactQuery::default()); c.run_artifact("t", "r", &ArtifactQuery::default());
        c.model_list("t", l); c.model("t", "m"); c.model_update("t", "m", &ModelChange::default()); c.version_list("t", "m", l); c.version("t", "m", 1);
        c.version_update("t", "m", 1, &ModelChange::default()); c.alias_set("t", "m", "a", 1); c.alias_remove("t", "m", "a");
        c.version_register("t", &NewModelVersion { model: text(), run_id: text(), source: None, description: text() });
        c.deployment_list("t", l); c.deployment_create("t", &NewDeployment::default()); c.deployment("t", "d"); c.deployment_redeploy("t", "d", &Redeploy::default());
        c.deployment_start("t", "d"); c.deployment_stop("t", "d"); c.deployment_delete("t", "d"); c.revision_list("t", "d", l); c.deployment_traffic("t", "d");
        c.deployment_example("t", "d"); c.deployment_log("t", "d", log); c.deployment_try("t", "d", &serde_json::Value::Null);
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
