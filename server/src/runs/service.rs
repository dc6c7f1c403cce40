//! What one may ask of a run that Slipway executes.

use super::plan::cancelled;
use crate::{
    access::{TeamEditor, TeamMember},
    clock::rfc3339,
    error::{Error, Result},
    store::{Store, events::NewEvent, submissions::SubmissionRow, usage::Span},
};
use app::api::usage::UsageSample;

/// Seconds between SIGTERM and SIGKILL of a run that is cancelled.
pub const GRACE_SECONDS: i64 = 30;
/// Up to this age single samples are told, later minutes.
const FINE_MS: i64 = 3600 * 1000;
/// Up to this age an attempt is shown by the minute: that many fit an answer.
const MINUTES_MS: i64 = 72 * 3600 * 1000;

/// The submission of a run of the team.
///
/// # Errors
/// There is no such run: not found. It is executed elsewhere: conflict.
pub async fn submitted(store: &Store, by: &TeamMember, run_id: &str) -> Result<SubmissionRow> {
    match store.submission(&by.team.id, run_id).await? {
        Some(row) => Ok(row),
        None if store.run(&by.team.id, run_id).await?.is_some() => {
            Err(Error::conflict("Slipway does not execute this run: its client says how it ends."))
        }
        None => Err(Error::not_found("run")),
    }
}

/// Asks a run to end. One that was asked before, or has ended, stays as it is.
///
/// # Errors
/// There is no such run, or Slipway does not execute it, or it has ended.
pub async fn cancel(store: &Store, by: &TeamEditor, run_id: &str) -> Result<()> {
    let before = submitted(store, by, run_id).await?;
    if before.live == 0 {
        return Err(Error::conflict(format!("The run has ended ({}).", before.state().as_str())));
    }
    let actor = by.actor();
    let mut tx = store.begin().await?;
    if tx.submission_cancel(&by.team.id, run_id, &actor).await?.is_none() {
        return Ok(());
    }
    // As this transaction sees it: an attempt may have begun meanwhile.
    if let Some(workload) = tx.submission(&by.team.id, run_id).await?.and_then(|s| s.workload_id) {
        tx.workload_stop(&workload, &cancelled(&actor), GRACE_SECONDS).await?;
    }
    tx.event(NewEvent {
        team_id: Some(&by.team.id),
        actor: &actor,
        action: "cancel",
        kind: "run",
        object_id: run_id,
        object_name: &before.name,
        revision: 0,
        before: Some(serde_json::json!({ "state": before.state })),
        after: None,
    })
    .await?;
    tx.commit().await
}

/// Use of a run over time, all attempts together; by the minute once an attempt is older than an hour, by the hour after three days.
///
/// # Errors
/// There is no such run.
pub async fn usage(store: &Store, by: &TeamMember, run_id: &str) -> Result<Vec<UsageSample>> {
    if store.run(&by.team.id, run_id).await?.is_none() {
        return Err(Error::not_found("run"));
    }
    // A task's are its own.
    let task = store.task_of_run(&by.team.id, run_id).await?;
    let mut attempts = store.workloads_of(task.as_ref().map_or(run_id, |t| &t.id), 10).await?;
    attempts.reverse();
    let now = store.clock().now();
    let mut out = Vec::new();
    for attempt in attempts {
        let age = attempt.ended_at.unwrap_or(now) - attempt.running_at.unwrap_or(now);
        let mut rows = if age <= FINE_MS { store.usage_newest(attempt.key).await? } else { vec![] };
        if rows.is_empty() {
            let span = if age <= MINUTES_MS { Span::Minute } else { Span::Hour };
            rows = store.usage_rolled(attempt.key, span).await?;
        }
        out.extend(rows.into_iter().map(|s| UsageSample { time: rfc3339(s.time), cpu_millis: s.cpu_millis, memory_bytes: s.memory_bytes }));
    }
    Ok(out)
}
