//! Pipeline runs and their tasks as Kubeflow Pipelines tells them.

use super::wire::{Status, time};
use crate::{clock::parse_rfc3339, pipelines::whole::Whole, store::pipeline_runs::PipelineRunRow};
use app::api::{State, pipeline_runs::TaskState};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};

/// Version of a pipeline.
#[derive(Debug, Serialize)]
pub struct Reference {
    pipeline_id: String,
    pipeline_version_id: String,
}

/// What a run was given.
#[derive(Debug, Serialize)]
pub struct RuntimeConfig {
    parameters: Map<String, Value>,
}

/// A state that something was in, from when on.
#[derive(Debug, Serialize)]
pub struct Was {
    update_time: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Status>,
}

/// A pipeline run.
#[derive(Debug, Serialize)]
pub struct Run {
    run_id: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    experiment_id: String,
    storage_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_version_reference: Option<Reference>,
    /// Of a run that brought its own, or whose version was deleted; not in lists, as it may be large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_spec: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurring_run_id: Option<String>,
    runtime_config: RuntimeConfig,
    state: &'static str,
    state_history: Vec<Was>,
    created_at: String,
    scheduled_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Status>,
    /// Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_details: Option<Details>,
    plugins_output: Value,
}

/// What a run did.
#[derive(Debug, Serialize)]
pub struct Details {
    task_details: Vec<Task>,
}

/// A task.
#[derive(Debug, Serialize)]
pub struct Task {
    run_id: String,
    task_id: String,
    display_name: String,
    create_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    state: &'static str,
    state_history: Vec<Was>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Status>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    inputs: BTreeMap<String, Artifacts>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<String, Artifacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_task_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    child_tasks: Vec<Child>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod_name: Option<String>,
}

/// Addresses of artifacts: they are what tells one from another here.
#[derive(Debug, Serialize)]
struct Artifacts {
    artifact_ids: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Child {
    task_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod_name: Option<String>,
}

/// How far a run is. One that was asked to end and has not is on its way there.
fn state(row: &PipelineRunRow) -> &'static str {
    match row.state() {
        _ if row.live != 0 && row.cancelled_by.is_some() => "CANCELING",
        State::Queued | State::Starting => "PENDING",
        State::Running => "RUNNING",
        State::Stopping => "CANCELING",
        State::Succeeded => "SUCCEEDED",
        State::Cancelled | State::Stopped => "CANCELED",
        State::Failed => "FAILED",
    }
}

impl From<PipelineRunRow> for Run {
    fn from(row: PipelineRunRow) -> Self {
        let state = state(&row);
        let error = row.reason.clone().filter(|_| matches!(state, "FAILED" | "CANCELED")).map(Status::of);
        let reference = |pipeline_id, pipeline_version_id| Reference { pipeline_id, pipeline_version_id };
        Self {
            state_history: history(row.created_at, row.started_at, row.ended_at, state, error.as_ref()),
            plugins_output: mlflow(&row, state),
            storage_state: if row.archived == 0 { "AVAILABLE" } else { "ARCHIVED" },
            pipeline_version_reference: row.pipeline_id.zip(row.version_id).map(|(p, v)| reference(p, v)),
            pipeline_spec: None,
            runtime_config: RuntimeConfig { parameters: serde_json::from_str(&row.parameters).unwrap_or_default() },
            created_at: time(row.created_at),
            scheduled_at: time(row.scheduled_at.unwrap_or(row.created_at)),
            recurring_run_id: row.recurring_run_id,
            finished_at: row.ended_at.map(time),
            run_id: row.id,
            display_name: row.name,
            description: row.description,
            experiment_id: row.experiment_id,
            run_details: None,
            state,
            error,
        }
    }
}

/// The run of MLflow, as Kubeflow Pipelines tells of one that it linked.
fn mlflow(row: &PipelineRunRow, state: &str) -> Value {
    let told = match state {
        "SUCCEEDED" => "PLUGIN_SUCCEEDED",
        "FAILED" | "CANCELED" => "PLUGIN_FAILED",
        _ => "PLUGIN_RUNNING",
    };
    let entries = json!({ "experiment_id": { "value": row.experiment_id }, "run_id": { "value": row.run_id } });
    json!({ "mlflow": { "entries": entries, "state": told } })
}

/// The states that the times which are kept tell of.
fn history(created: i64, started: Option<i64>, ended: Option<i64>, state: &'static str, error: Option<&Status>) -> Vec<Was> {
    let was = |at: i64, state, error| Was { update_time: time(at), state, error };
    let mut out = vec![was(created, "PENDING", None)];
    out.extend(started.map(|at| was(at, "RUNNING", None)));
    out.extend(ended.map(|at| was(at, state, error.cloned())));
    out
}

const fn task_state(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting | TaskState::Queued | TaskState::Starting => "PENDING",
        TaskState::Running | TaskState::WaitingForApproval => "RUNNING",
        TaskState::Succeeded | TaskState::Cached => "SUCCEEDED",
        TaskState::Skipped => "SKIPPED",
        TaskState::Failed => "FAILED",
        TaskState::Cancelled => "CANCELED",
    }
}

/// The tasks of a run.
pub fn details(run_id: &str, tasks: Vec<Whole>) -> Details {
    let mut below: HashMap<String, Vec<Child>> = HashMap::new();
    for Whole { task, .. } in &tasks {
        if let Some(parent) = &task.parent_id {
            let child = Child { task_id: task.id.clone(), pod_name: task.workload_id.clone() };
            below.entry(parent.clone()).or_default().push(child);
        }
    }
    Details { task_details: tasks.into_iter().map(|whole| one(run_id, whole, &mut below)).collect() }
}

fn one(run_id: &str, whole: Whole, below: &mut HashMap<String, Vec<Child>>) -> Task {
    let Whole { task, created_at, inputs, outputs } = whole;
    let state = task_state(task.state);
    let error = task.reason.filter(|_| matches!(state, "FAILED" | "CANCELED")).map(Status::of);
    let artifacts = |all: BTreeMap<String, Vec<String>>| {
        all.into_iter().map(|(name, artifact_ids)| (name, Artifacts { artifact_ids })).collect::<BTreeMap<_, _>>()
    };
    let ms = |time: &Option<String>| time.as_deref().and_then(parse_rfc3339);
    Task {
        run_id: run_id.to_owned(),
        display_name: match task.iteration {
            Some(turn) => format!("{} {turn}", task.display_name),
            None => task.display_name,
        },
        create_time: time(created_at),
        state_history: history(created_at, ms(&task.started_at), ms(&task.ended_at), state, error.as_ref()),
        start_time: task.started_at,
        end_time: task.ended_at,
        state,
        error,
        inputs: artifacts(inputs),
        outputs: artifacts(outputs),
        parent_task_id: task.parent_id,
        child_tasks: below.remove(&task.id).unwrap_or_default(),
        pod_name: task.workload_id,
        task_id: task.id,
    }
}
