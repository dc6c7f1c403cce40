//! Changes of a notebook's row with the event that tells of each, in one transaction.

use crate::{
    cluster::WorkloadKind,
    error::Result,
    records::notebook::Desired,
    store::{
        Tx,
        events::NewEvent,
        notebooks::{NotebookMove, NotebookRow},
        workloads::NewWorkload,
    },
};
use app::api::State;
use serde_json::{Value, json};

/// An event about a notebook.
///
/// # Errors
/// The database does not answer.
pub async fn event(tx: &mut Tx, n: &NotebookRow, actor: &str, action: &str, revision: i64, before: Value, after: Value) -> Result<()> {
    let some = |v: Value| Some(v).filter(|v| !v.is_null());
    tx.event(NewEvent {
        team_id: Some(&n.team_id),
        actor,
        action,
        kind: "notebook",
        object_id: &n.id,
        object_name: &n.name,
        revision,
        before: some(before),
        after: some(after),
    })
    .await
    .map(drop)
}

/// Queues a new start. `to` says where the row goes; its workload has to be a new one.
///
/// # Errors
/// The row was changed meanwhile: conflict.
pub async fn queue(tx: &mut Tx, seen: &NotebookRow, to: &NotebookMove<'_>, actor: &str, action: &str) -> Result<()> {
    if !tx.notebook_move(seen, to).await? {
        return Err(seen.moved());
    }
    tx.workload_insert(&NewWorkload {
        id: to.workload_id,
        team_id: Some(&seen.team_id),
        kind: WorkloadKind::Notebook,
        owner_id: &seen.id,
        name: &seen.name,
        attempt: 1,
        generation: seen.revision + to.revisions,
        resources: seen.resources(),
        nodes: 1,
    })
    .await?;
    let (before, after) = (json!({ "state": seen.state() }), json!({ "state": State::Queued, "resources": seen.resources() }));
    event(tx, seen, actor, action, seen.revision + to.revisions, before, after).await
}

/// Asks its workload to end, and says so in the row.
///
/// # Errors
/// The row was changed meanwhile: conflict.
pub async fn stop(tx: &mut Tx, seen: &NotebookRow, desired: Desired, reason: Option<&str>, actor: &str, action: &str) -> Result<()> {
    let revisions = i64::from(actor != SLIPWAY);
    let to = NotebookMove { desired, state: State::Stopping, reason, restart_at: None, revisions, ..seen.stay() };
    if !tx.notebook_move(seen, &to).await? {
        return Err(seen.moved());
    }
    let why = if actor == SLIPWAY { reason.unwrap_or("Stopped.").to_owned() } else { format!("Stopped by {actor}.") };
    tx.workload_stop(&seen.workload_id, &why, super::spec::GRACE_SECONDS).await?;
    let (before, after) = (json!({ "state": seen.state() }), json!({ "state": State::Stopping, "reason": reason }));
    event(tx, seen, actor, action, seen.revision + revisions, before, after).await
}

/// Who acts when nobody asked.
pub const SLIPWAY: &str = "slipway";
