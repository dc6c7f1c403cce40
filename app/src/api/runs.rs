//! Training runs: an MLflow run, which Slipway also executes where it was submitted here.

use super::{
    Client, Page, State,
    client::{Reply, segment, team_path, with_query},
    logs::{LogPage, LogQuery},
    resources::{Resources, ResourcesAsked},
    secrets::SecretUse,
    usage::UsageSample,
};
use http::Method;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunSummary {
    /// Id, the same as MLflow's.
    pub id: String,
    /// Name.
    pub name: String,
    /// State; a run from elsewhere is running or ended as its client said.
    pub state: State,
    /// Why it waits or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Id of the experiment.
    pub experiment_id: String,
    /// Name of the experiment.
    pub experiment: String,
    /// Whether Slipway executes it.
    pub submitted: bool,
    /// Who made it.
    pub user: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Latest value of each metric; those that are not a number are words (`NaN`, `Infinity`, `-Infinity`).
    pub metrics: BTreeMap<String, serde_json::Value>,
    /// Parameters.
    pub params: BTreeMap<String, String>,
}

/// A run with everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Run {
    /// As in the list.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Datasets it read.
    pub datasets: Vec<Dataset>,
    /// Model versions registered from it.
    pub model_versions: Vec<RunModel>,
    /// Logged models (MLflow 3) it made, which can be registered.
    pub logged_models: Vec<RunLoggedModel>,
    /// How it is executed, where Slipway does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submission: Option<Submission>,
    /// The pipeline run that it belongs to, where it is one or is a task's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<RunPipeline>,
}

/// Where a run stands in a pipeline run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunPipeline {
    /// Id of the pipeline run.
    pub pipeline_run_id: String,
    /// Its name.
    pub pipeline_run: String,
    /// The task; the run is the pipeline run's own where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<RunTask>,
}

/// A task whose run this is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunTask {
    /// Id of the task.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The attempt under way, or the last; 0 before the first.
    pub attempt: i64,
}

/// A dataset input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Dataset {
    /// Name.
    pub name: String,
    /// Digest.
    pub digest: String,
    /// Kind of the source.
    pub source_type: String,
    /// `training`, `validation`, ... where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// A model version registered from a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunModel {
    /// Name of the registered model.
    pub model: String,
    /// Version.
    pub version: i64,
}

/// A model logged by a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct RunLoggedModel {
    /// `m-...`
    pub id: String,
    /// Name it was logged as.
    pub name: String,
    /// URI to register it by.
    pub uri: String,
}

/// How Slipway executes a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Submission {
    /// The command, one word an item.
    pub command: Vec<String>,
    /// Environment by name.
    pub environment: String,
    /// Version of the environment.
    pub environment_version: i64,
    /// What each of its nodes holds.
    pub resources: Resources,
    /// On how many nodes it runs.
    #[serde(default = "one")]
    pub nodes: i64,
    /// Where its code comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Secrets by name.
    pub secrets: Vec<SecretUse>,
    /// The attempt under way, from 1.
    pub attempt: i64,
    /// How often it is tried.
    pub max_attempts: i64,
    /// Seconds an attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// Exit code of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
    /// The run that this one retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
    /// RFC 3339.
    pub queued_at: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_at: Option<String>,
}

impl Run {
    /// The attempt under way, or the last, where this run has a log here.
    pub fn log_attempt(&self) -> Option<i64> {
        let of_task = || self.pipeline.as_ref()?.task.as_ref().map(|t| t.attempt).filter(|n| *n > 0);
        self.submission.as_ref().map(|s| s.attempt).or_else(of_task)
    }
}

impl Submission {
    /// What all its nodes hold together.
    pub const fn held(&self) -> Resources {
        self.resources.times(self.nodes)
    }

    /// `2 CPU, 8 GiB`, or `2 nodes of 2 CPU, 8 GiB`.
    pub fn holds(&self) -> String {
        self.resources.on_nodes(self.nodes)
    }
}

/// On how many nodes a run may be.
pub const MAX_NODES: i64 = 64;

const fn one() -> i64 {
    1
}

/// Where code comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Code {
    /// A folder, uploaded as a gzipped tar.
    Upload {
        /// SHA-256, as the upload answered.
        digest: String,
    },
    /// A git repository.
    Git {
        /// URL to clone.
        url: String,
        /// Branch, tag or commit as given.
        #[serde(rename = "ref")]
        reference: String,
        /// What it resolved to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
}

/// A run to submit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewRun {
    /// Free text; made up when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Experiment by name; `Default` when left out. Made where it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// Environment by name; `train` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The command, one word an item.
    pub command: Vec<String>,
    /// A size by name; `small` when neither it nor amounts are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Amounts, which outrank the size.
    #[serde(flatten)]
    pub amount: ResourcesAsked,
    /// On how many nodes it runs at once, 1 to 64; 1 when left out. Size and amounts are those of each node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<i64>,
    /// Where the code comes from; none for a command that brings its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Logged as MLflow parameters, and appended to the command as `--name value`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// Environment variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Secrets by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretUse>,
    /// How often to try, 1 to 10; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<i64>,
    /// Seconds an attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
}

/// Which runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct RunQuery {
    /// Rows per page, 1 to 500; 50 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// What the page before answered as `next_page_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
    /// Id of an experiment; all of the team when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// MLflow's search grammar: `metrics.loss < 0.3 and params.lr = '0.1'`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// `metrics.loss ASC`, `attributes.start_time DESC`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<String>,
}

/// What an upload of code answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct UploadedCode {
    /// SHA-256 of the upload; submit it as `code.digest`.
    pub digest: String,
    /// Bytes.
    pub size: i64,
}

/// A curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MetricSeries {
    /// Name of the metric.
    pub key: String,
    /// How many points were logged.
    pub total: i64,
    /// Points by step, downsampled to what was asked for; the first, the last, and the extremes stay.
    pub points: Vec<MetricPoint>,
}

/// A point of a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct MetricPoint {
    /// Step.
    pub step: i64,
    /// RFC 3339.
    pub time: String,
    /// Value; absent where it is not a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

/// Which curves, how fine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct SeriesQuery {
    /// Names of metrics, separated by commas; all (at most 50) when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
    /// Points per curve at most, 10 to 5000; 500 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u32>,
}

/// A file or a folder of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Artifact {
    /// Path from the run's root.
    pub path: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// Bytes, of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
}

/// Which folder, or which file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "ssr", into_params(parameter_in = Query))]
pub struct ArtifactQuery {
    /// Path from the run's root; the root when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/runs`
    pub fn run_list(&self, team: &str, query: &RunQuery) -> Reply<Page<RunSummary>> {
        self.get(with_query(team_path(team, "/runs"), query))
    }
    /// `POST /api/v1/teams/{team}/runs`
    pub fn run_submit(&self, team: &str, body: &NewRun) -> Reply<Run> {
        self.call(Method::POST, team_path(team, "/runs"), body)
    }
    /// `POST /api/v1/teams/{team}/code`: a gzipped tar.
    pub fn code_upload(&self, team: &str, archive: Vec<u8>) -> Reply<UploadedCode> {
        self.upload(team_path(team, "/code"), "application/gzip", archive)
    }
    /// `GET /api/v1/teams/{team}/runs/{id}`
    pub fn run(&self, team: &str, id: &str) -> Reply<Run> {
        self.get(path(team, id, ""))
    }
    /// `POST /api/v1/teams/{team}/runs/{id}/cancel`
    pub fn run_cancel(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::POST, path(team, id, "/cancel"))
    }
    /// `POST /api/v1/teams/{team}/runs/{id}/retry`: a new run with `retry_of`.
    pub fn run_retry(&self, team: &str, id: &str) -> Reply<Run> {
        self.call(Method::POST, path(team, id, "/retry"), &serde_json::json!({}))
    }
    /// `DELETE /api/v1/teams/{team}/runs/{id}`: as MLflow's delete, can be restored.
    pub fn run_delete(&self, team: &str, id: &str) -> Reply<()> {
        self.act(Method::DELETE, path(team, id, ""))
    }
    /// `GET /api/v1/teams/{team}/runs/{id}/metrics`
    pub fn run_metrics(&self, team: &str, id: &str, query: &SeriesQuery) -> Reply<Vec<MetricSeries>> {
        self.get(with_query(path(team, id, "/metrics"), query))
    }
    /// `GET /api/v1/teams/{team}/runs/{id}/usage`
    pub fn run_usage(&self, team: &str, id: &str) -> Reply<Vec<UsageSample>> {
        self.get(path(team, id, "/usage"))
    }
    /// `GET /api/v1/teams/{team}/runs/{id}/log`
    pub fn run_log(&self, team: &str, id: &str, query: &LogQuery) -> Reply<LogPage> {
        self.get(with_query(path(team, id, "/log"), query))
    }
    /// `GET /api/v1/teams/{team}/runs/{id}/artifacts`
    pub fn run_artifacts(&self, team: &str, id: &str, query: &ArtifactQuery) -> Reply<Vec<Artifact>> {
        self.get(with_query(path(team, id, "/artifacts"), query))
    }
    /// `GET /api/v1/teams/{team}/runs/{id}/artifact`: the file itself.
    pub fn run_artifact(&self, team: &str, id: &str, query: &ArtifactQuery) -> Reply<Vec<u8>> {
        self.bytes(artifact_path(team, id, query))
    }
}

/// Path of a file, for links and images.
pub fn artifact_path(team: &str, id: &str, query: &ArtifactQuery) -> String {
    with_query(path(team, id, "/artifact"), query)
}

/// Path of a file as HTML, for a frame.
pub fn artifact_page_path(team: &str, id: &str, query: &ArtifactQuery) -> String {
    with_query(path(team, id, "/artifact/page"), query)
}

/// Path of the log of a run.
pub fn log_path(team: &str, id: &str) -> String {
    path(team, id, "/log")
}

fn path(team: &str, id: &str, rest: &str) -> String {
    team_path(team, &format!("/runs/{}{rest}", segment(id)))
}
