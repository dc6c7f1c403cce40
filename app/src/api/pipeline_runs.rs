//! Pipeline runs and their tasks.

use super::{
    Client, Page, State,
    client::{Reply, segment, team_path, with_query},
    logs::{LogPage, LogQuery},
    members::Role,
    pipelines::PipelineOutline,
    promotions::Say,
};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A pipeline run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PipelineRun {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How far it is.
    pub state: State,
    /// Why it waits, failed or was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Name of the pipeline, at the time.
    pub pipeline: String,
    /// Id of the pipeline; absent where the run brought its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline_id: Option<String>,
    /// Whether that pipeline was deleted since.
    #[serde(default)]
    pub pipeline_deleted: bool,
    /// Id of the version; absent where the run brought its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Id of the recurring run that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring_run_id: Option<String>,
    /// The time that it was made for, RFC 3339; absent where it was asked for out of turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<String>,
    /// Id of the experiment.
    pub experiment_id: String,
    /// Id of the run of MLflow that those of its tasks are below.
    pub run_id: String,
    /// What it was given.
    pub parameters: BTreeMap<String, Value>,
    /// What came out of it as a whole; absent until it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<TaskValues>,
    /// Whether tasks take over what others made of the same.
    pub cache: bool,
    /// Most tasks at once; absent is as many as there is room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tasks: Option<i64>,
    /// How many tasks there are to run so far.
    pub tasks: i64,
    /// How many of these have ended.
    pub tasks_ended: i64,
    /// Whether it was put away.
    pub archived: bool,
    /// Who made it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Counts up with each change of the run or of one of its tasks.
    pub revision: i64,
}

/// Which pipeline runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct PipelineRunQuery {
    /// Id or name of a pipeline; of one that was deleted its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Id of an experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// Id of a recurring run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring_run: Option<String>,
    /// A state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// Those that were put away, instead of those that were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// 1 to 1000; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// A pipeline run to make: of a version of a pipeline, with a pipeline of its own, or of what another run was of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewPipelineRun {
    /// Name; that of the pipeline with a number, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Id or name of a pipeline of the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Id or name of one of its versions; the newest, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What `kfp` compiled, YAML or JSON, instead of a pipeline of the team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// Id of a pipeline run of the team whose pipeline is run again as it was, instead of naming or bringing one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Parameters by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
    /// Parameters by name as a form has them: each text is read as the type of its parameter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    /// Name of the experiment; `Default` when left out. It is made where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// Id of an experiment that is there, instead of its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment_id: Option<String>,
    /// Whether tasks take over what others made of the same; yes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<bool>,
    /// Most tasks at once; as many as there is room for when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tasks: Option<i64>,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Waits for others.
    Waiting,
    /// Its workload waits for quota or room, or for another attempt.
    Queued,
    /// Its workload is on its way.
    Starting,
    /// It runs, or something in it does.
    Running,
    /// Somebody of the team is asked before it goes on.
    WaitingForApproval,
    /// It ended well.
    Succeeded,
    /// It took over what another task had made.
    Cached,
    /// Its condition did not hold, or what it waits for was skipped.
    Skipped,
    /// It failed.
    Failed,
    /// It was ended.
    Cancelled,
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Queued,
        Self::Starting,
        Self::Running,
        Self::WaitingForApproval,
        Self::Succeeded,
        Self::Cached,
        Self::Skipped,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::WaitingForApproval => "waiting_for_approval",
            Self::Succeeded => "succeeded",
            Self::Cached => "cached",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The word for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting",
            Self::Queued => "Queued",
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::WaitingForApproval => "Waits for approval",
            Self::Succeeded => "Succeeded",
            Self::Cached => "Cached",
            Self::Skipped => "Skipped",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Whether nothing more happens by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Cached | Self::Skipped | Self::Failed | Self::Cancelled)
    }
}

/// A task of a pipeline run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Task {
    /// Id.
    pub id: String,
    /// The task that holds it; absent at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// Name within what holds it.
    pub name: String,
    /// Name for people.
    pub display_name: String,
    /// Which turn of a loop, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<i64>,
    /// `executor`, `importer`, `approval`, `dag`, `loop` or `iteration`.
    pub kind: String,
    /// Names of those beside it that it waits for.
    pub after: Vec<String>,
    /// How far it is.
    pub state: TaskState,
    /// Why it waits, failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Attempts so far.
    pub attempt: i64,
    /// The task whose outputs it took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_from: Option<CachedFrom>,
    /// Id of its run of MLflow; absent where nothing ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Workload of its last attempt; absent where nothing ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_id: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
}

/// Whose outputs a task took over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CachedFrom {
    /// Id of the task.
    pub task_id: String,
    /// Id of its pipeline run.
    pub pipeline_run_id: String,
}

/// What went into a task and what came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskDetail {
    /// The task.
    pub task: Task,
    /// What went in; absent until it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<TaskValues>,
    /// What came out; absent until it ended well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<TaskValues>,
    /// Container image of its component; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Environment that it runs in, with its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What somebody of the team is asked, and what they answered; of an approval, from its start on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<TaskApproval>,
}

/// What somebody of the team is asked before a pipeline run goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskApproval {
    /// What they are asked.
    pub message: String,
    /// The least role of who may answer.
    pub role: Role,
    /// Until when, RFC 3339; absent where it waits for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Whether the one who asks can answer it now.
    pub can_answer: bool,
    /// What was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// What somebody answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Decision {
    /// Yes or no.
    pub approved: bool,
    /// Name of the user.
    pub by: String,
    /// What they said with it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// RFC 3339.
    pub at: String,
}

/// Parameters and artifacts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskValues {
    /// By name.
    pub parameters: BTreeMap<String, Value>,
    /// By name; each a list.
    pub artifacts: BTreeMap<String, Vec<TaskArtifact>>,
}

/// An artifact of a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskArtifact {
    /// Name.
    pub name: String,
    /// Its type, as `system.Dataset`.
    pub kind: String,
    /// Where it lies.
    pub uri: String,
    /// What its component says of it.
    pub metadata: BTreeMap<String, Value>,
    /// Whether the run that it lies with was deleted; the file is kept. In lists of pipeline runs it is always false.
    #[serde(default)]
    pub run_deleted: bool,
}

impl TaskArtifact {
    /// Run and path, where it lies in the portal's store: `.../{run}/artifacts/{path}`.
    pub fn stored(&self) -> Option<(&str, &str)> {
        let (before, path) = self.uri.split_once("/artifacts/")?;
        let run = before.rsplit('/').next()?;
        let is_id = run.len() == 32 && run.bytes().all(|b| b.is_ascii_hexdigit());
        (is_id && !path.is_empty()).then_some((run, path))
    }
}

/// What the launcher of a task's attempt brings: no person calls this.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskDelivery {
    /// The attempt that delivers.
    pub attempt: i64,
    /// Text of each file of outputs that was written, by its name.
    pub files: BTreeMap<String, String>,
    /// SHA-256 of what was kept, by its path in the portal's store. It is known when all else is delivered: then the launcher delivers once more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
}

/// What the launcher is to keep before it ends.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct TaskKeep {
    /// Files and folders, as far as they are there.
    pub keep: Vec<KeptFile>,
}

/// A file or folder to keep.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct KeptFile {
    /// Where the task put it.
    pub path: String,
    /// Path in the portal's store, below the team.
    pub artifact: String,
    /// The same in the file system, where the store is a folder of the task's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/pipeline-runs`: newest first.
    pub fn pipeline_run_list(&self, team: &str, query: &PipelineRunQuery) -> Reply<Page<PipelineRun>> {
        self.get(with_query(team_path(team, "/pipeline-runs"), query))
    }
    /// `POST /api/v1/teams/{team}/pipeline-runs`
    pub fn pipeline_run_create(&self, team: &str, body: &NewPipelineRun) -> Reply<PipelineRun> {
        self.call(Method::POST, team_path(team, "/pipeline-runs"), body)
    }
    /// `GET /api/v1/teams/{team}/pipeline-runs/{id}`
    pub fn pipeline_run(&self, team: &str, id: &str) -> Reply<PipelineRun> {
        self.get(path(team, id, ""))
    }
    /// `DELETE /api/v1/teams/{team}/pipeline-runs/{id}`
    pub fn pipeline_run_delete(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::DELETE, path(team, id, ""))
    }
    /// `POST /api/v1/teams/{team}/pipeline-runs/{id}/cancel`: what runs, but for exit tasks; the second time these as well.
    pub fn pipeline_run_cancel(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::POST, path(team, id, "/cancel"))
    }
    /// `POST /api/v1/teams/{team}/pipeline-runs/{id}/retry`: from what failed.
    pub fn pipeline_run_retry(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::POST, path(team, id, "/retry"))
    }
    /// `POST /api/v1/teams/{team}/pipeline-runs/{id}/archive`
    pub fn pipeline_run_archive(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::POST, path(team, id, "/archive"))
    }
    /// `POST /api/v1/teams/{team}/pipeline-runs/{id}/unarchive`
    pub fn pipeline_run_unarchive(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::POST, path(team, id, "/unarchive"))
    }
    /// `GET /api/v1/teams/{team}/pipeline-runs/{id}/outline`: of what it ran.
    pub fn pipeline_run_outline(&self, team: &str, id: &str) -> Reply<PipelineOutline> {
        self.get(path(team, id, "/outline"))
    }
    /// `GET /api/v1/teams/{team}/pipeline-runs/{id}/tasks`: all of them, in the order in which they were made.
    pub fn task_list(&self, team: &str, id: &str) -> Reply<Vec<Task>> {
        self.get(path(team, id, "/tasks"))
    }
    /// `GET /api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}`
    pub fn task(&self, team: &str, id: &str, task: &str) -> Reply<TaskDetail> {
        self.get(path(team, id, &format!("/tasks/{}", segment(task))))
    }
    /// `GET /api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}/log`
    pub fn task_log(&self, team: &str, id: &str, task: &str, query: &LogQuery) -> Reply<LogPage> {
        self.get(with_query(task_log_path(team, id, task), query))
    }
    /// `POST /api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}/approve`
    pub fn task_approve(&self, team: &str, id: &str, task: &str, say: &Say) -> Reply<()> {
        self.act_with(Method::POST, task_answer_path(team, id, task, "approve"), say)
    }
    /// `POST /api/v1/teams/{team}/pipeline-runs/{id}/tasks/{task}/refuse`
    pub fn task_refuse(&self, team: &str, id: &str, task: &str, say: &Say) -> Reply<()> {
        self.act_with(Method::POST, task_answer_path(team, id, task, "refuse"), say)
    }
}

/// Path of an answer to what a task asks: `approve` or `refuse`.
pub fn task_answer_path(team: &str, id: &str, task: &str, answer: &str) -> String {
    path(team, id, &format!("/tasks/{}/{answer}", segment(task)))
}

/// Path of the log of a task.
pub fn task_log_path(team: &str, id: &str, task: &str) -> String {
    path(team, id, &format!("/tasks/{}/log", segment(task)))
}

fn path(team: &str, id: &str, rest: &str) -> String {
    team_path(team, &format!("/pipeline-runs/{}{rest}", segment(id)))
}

#[cfg(test)]
mod tests {
    use super::TaskArtifact;
    use std::collections::BTreeMap;

    #[test]
    fn places_of_artifacts() {
        let at = |uri: &str| {
            let (name, kind, uri) = ("data".into(), "system.Dataset".into(), uri.to_owned());
            TaskArtifact { name, kind, uri, metadata: BTreeMap::new(), run_deleted: false }
                .stored()
                .map(|(run, path)| (run.to_owned(), path.to_owned()))
        };
        let id = "0190c0ffee0190c0ffee0190c0ffee01";
        assert_eq!(at(&format!("mlflow-artifacts:/0/{id}/artifacts/out/data.csv")), Some((id.into(), "out/data.csv".into())));
        assert_eq!((at("s3://bucket/artifacts/data"), at("gs://bucket/data"), at("")), (None, None, None));
    }
}
