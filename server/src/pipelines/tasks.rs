//! Tasks of a pipeline run, as the API answers them.

use super::{
    approvals,
    engine::{Artifact, Node, Tree},
    ir::Executor,
    parsed::Parsed,
    runs,
    upload::pipeline_of,
};
use crate::{
    access::TeamMember,
    clock::rfc3339,
    error::{Error, Result},
    logs::LogStore,
    models::location::{Owner, owner, path_of},
    store::{Store, runs::RunRow, tasks::TaskRow, workloads::WorkloadRow},
};
use app::api::{
    State,
    logs::{LogPage, LogQuery},
    pipeline_runs::{CachedFrom, Task, TaskArtifact, TaskDetail, TaskState, TaskValues},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most attempts of a task that are looked through.
const MOST_ATTEMPTS: i64 = 1000;

/// All tasks of a pipeline run, in the order in which they were made.
///
/// # Errors
/// No such pipeline run.
pub async fn list(parsed: &Parsed, store: &Store, by: &TeamMember, id: &str) -> Result<Vec<Task>> {
    let run = runs::row(store, by, id).await?;
    let pipeline = pipeline_of(parsed, &run.spec_digest).await?;
    let rows = store.tasks(&run.id).await?;
    let workloads: Vec<String> = rows.iter().filter_map(|r| r.workload_id.clone()).collect();
    let workloads: HashMap<String, WorkloadRow> = store.workloads_by_id(&workloads).await?.into_iter().map(|w| (w.id.clone(), w)).collect();
    let cached: Vec<String> = rows.iter().filter_map(|r| r.cached_from.clone()).collect();
    let from: HashMap<String, String> = store.tasks_of_runs(&by.team.id, &cached).await?.into_iter().collect();
    let tree = Tree::of(&pipeline, &rows);
    Ok(rows.iter().map(|row| one(&tree, row, &workloads, &from)).collect())
}

fn one(tree: &Tree<'_, TaskRow>, row: &TaskRow, workloads: &HashMap<String, WorkloadRow>, from: &HashMap<String, String>) -> Task {
    let workload = row.workload_id.as_ref().and_then(|id| workloads.get(id));
    // What it waits for stands in the pipeline; turns of a loop wait for nothing.
    let task = tree.task(&row.id).filter(|_| row.iteration.is_none()).map(|(task, _)| task);
    Task {
        id: row.id.clone(),
        parent_id: row.parent_id.clone(),
        name: row.name.clone(),
        display_name: row.display_name.clone(),
        iteration: row.iteration,
        kind: row.kind.clone(),
        after: task.map(|t| t.upstream.iter().cloned().collect()).unwrap_or_default(),
        state: state(row, workload),
        reason: row.reason.clone().or_else(|| workload.and_then(|w| w.reason.clone())).or_else(|| asks(row)),
        attempt: row.attempt,
        cached_from: row
            .cached_from
            .as_ref()
            .and_then(|task| from.get(task).map(|run| CachedFrom { task_id: task.clone(), pipeline_run_id: run.clone() })),
        run_id: row.run_id.clone(),
        workload_id: row.workload_id.clone(),
        started_at: row.started_at.map(rfc3339),
        ended_at: row.ended_at.map(rfc3339),
    }
}

/// What somebody is asked before it goes on.
fn asks(row: &TaskRow) -> Option<String> {
    if row.kind != "approval" || row.state != "running" {
        return None;
    }
    serde_json::from_str(&row.node).ok().and_then(|node| approvals::waiting_for(&node))
}

/// How far a task is; where something runs for it, as far as that is.
fn state(row: &TaskRow, workload: Option<&WorkloadRow>) -> TaskState {
    match (row.state.as_str(), workload.map(WorkloadRow::state)) {
        ("running", Some(State::Queued)) => TaskState::Queued,
        ("running", Some(State::Starting)) => TaskState::Starting,
        ("running", _) if row.kind == "approval" => TaskState::WaitingForApproval,
        ("running", _) => TaskState::Running,
        ("waiting", _) if row.retry_at.is_some() => TaskState::Queued,
        ("waiting", _) => TaskState::Waiting,
        (word, _) => TaskState::ALL.into_iter().find(|s| s.as_str() == word).unwrap_or(TaskState::Failed),
    }
}

/// The row of a task.
///
/// # Errors
/// Not there.
pub async fn row(store: &Store, by: &TeamMember, id: &str, task: &str) -> Result<TaskRow> {
    store.task(&by.team.id, id, task).await?.ok_or_else(|| Error::not_found("task"))
}

/// What went into a task and what came out.
///
/// # Errors
/// Not there.
pub async fn get(parsed: &Parsed, store: &Store, by: &TeamMember, id: &str, task: &str) -> Result<TaskDetail> {
    let run = runs::row(store, by, id).await?;
    let row = row(store, by, id, task).await?;
    let pipeline = pipeline_of(parsed, &run.spec_digest).await?;
    let above = store.task_line(&row.id).await?;
    let beside = |ids: Option<&String>| ids.cloned().into_iter().collect::<Vec<_>>();
    let workloads = store.workloads_by_id(&beside(row.workload_id.as_ref())).await?.into_iter().map(|w| (w.id.clone(), w)).collect();
    let from = store.tasks_of_runs(&by.team.id, &beside(row.cached_from.as_ref())).await?.into_iter().collect();
    let task = one(&Tree::of(&pipeline, &above), &row, &workloads, &from);
    let node: Node = serde_json::from_str(&row.node)?;
    let image = pipeline.components.get(&row.component).and_then(|c| pipeline.executor_of(c)).and_then(|e| match e {
        Executor::Container(container) => Some(container.image.clone()).filter(|_| !container.is_approval()),
        Executor::Importer(_) => None,
    });
    let environment = match &row.environment_version_id {
        Some(id) => store.environment_version(id).await?.map(|e| format!("{} v{}", e.name, e.version)),
        None => None,
    };
    let approval = approvals::view(by, &row, &node, store.clock().now());
    let begun = !matches!(task.state, TaskState::Waiting | TaskState::Skipped);
    let good = matches!(task.state, TaskState::Succeeded | TaskState::Cached);
    let mut inputs = begun.then(|| values(node.inputs.parameters, node.inputs.artifacts));
    let mut outputs = good.then(|| values(node.outputs.parameters, node.outputs.artifacts));
    let both = inputs.iter_mut().chain(&mut outputs).map(|values| &mut values.artifacts).collect();
    mark_deleted(store, &by.team.id, both).await?;
    Ok(TaskDetail { task, inputs, outputs, image, environment, approval })
}

/// Marks artifacts that lie with a run which was deleted.
///
/// # Errors
/// The database does not answer.
pub async fn mark_deleted(store: &Store, team_id: &str, of: Vec<&mut BTreeMap<String, Vec<TaskArtifact>>>) -> Result<()> {
    let mut artifacts: Vec<&mut TaskArtifact> = of.into_iter().flat_map(|all| all.values_mut().flatten()).collect();
    let run_of = |artifact: &TaskArtifact| match owner(&path_of(&artifact.uri).ok()??)? {
        (_, Owner::Run(id)) => Some(id.to_owned()),
        _ => None,
    };
    let ids: BTreeSet<String> = artifacts.iter().filter_map(|a| run_of(a)).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let runs = store.runs_of(team_id, &ids.into_iter().collect::<Vec<_>>()).await?;
    let there: BTreeSet<String> = runs.into_iter().filter(RunRow::is_active).map(|r| r.id).collect();
    for artifact in &mut artifacts {
        artifact.run_deleted = run_of(artifact).is_some_and(|run| !there.contains(&run));
    }
    Ok(())
}

/// Parameters and artifacts as the API answers them.
pub fn values(parameters: serde_json::Map<String, serde_json::Value>, artifacts: BTreeMap<String, Vec<Artifact>>) -> TaskValues {
    let artifact = |a: Artifact| TaskArtifact {
        name: a.name,
        kind: a.kind.schema_title,
        uri: a.uri,
        metadata: a.metadata.into_iter().collect(),
        run_deleted: false,
    };
    TaskValues {
        parameters: parameters.into_iter().collect(),
        artifacts: artifacts.into_iter().map(|(name, all)| (name, all.into_iter().map(artifact).collect())).collect(),
    }
}

/// What a task printed, in its last attempt or the one that is asked for.
///
/// # Errors
/// Not there; no such attempt; the query makes no sense.
pub async fn log(store: &Store, logs: &LogStore, by: &TeamMember, id: &str, task: &str, query: &LogQuery) -> Result<LogPage> {
    let row = row(store, by, id, task).await?;
    let attempts = row.attempt;
    let over = row.ended_at.is_some();
    let number = query.attempt.unwrap_or(attempts.max(1));
    if query.attempt.is_some() && !(1..=attempts.max(1)).contains(&number) {
        return Err(Error::invalid("attempt", format!("The task has attempts 1 to {}.", attempts.max(1))));
    }
    let workload = store.workloads_of(&row.id, MOST_ATTEMPTS).await?.into_iter().find(|w| w.attempt == number);
    let Some(workload) = workload else {
        return Ok(LogPage { complete: over, attempt: number, attempts, ..LogPage::default() });
    };
    let page = logs.page(&workload.id, &LogQuery { attempt: Some(number), ..query.clone() }).await?;
    // What never started has no log, and will have none.
    let complete = page.complete || (workload.ended() && workload.ensured_at.is_none());
    Ok(LogPage { complete, attempt: number, attempts, ..page })
}
