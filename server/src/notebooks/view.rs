//! A notebook as the API answers it.

use super::prefix;
use crate::{
    clock::rfc3339,
    error::Result,
    store::{Store, notebooks::NotebookRow, usage::SampleRow},
};
use app::api::{State, notebooks::Notebook};
use std::collections::HashMap;

/// A sample older than this says nothing about now.
const FRESH_MS: i64 = 30_000;

/// What the workloads of a team use now, by workload id.
///
/// # Errors
/// The database does not answer.
pub async fn usage(store: &Store, team_id: &str) -> Result<HashMap<String, SampleRow>> {
    let samples = store.usage_latest(store.clock().now() - FRESH_MS).await?;
    let by_key: HashMap<i64, SampleRow> = samples.into_iter().map(|s| (s.workload_key, s)).collect();
    let live = store.workloads_live_of(team_id).await?;
    Ok(live.into_iter().filter_map(|w| by_key.get(&w.key).map(|s| (w.id, *s))).collect())
}

/// The row in the API's words.
///
/// # Errors
/// A column cannot be read.
pub fn notebook(row: NotebookRow, usage: &HashMap<String, SampleRow>) -> Result<Notebook> {
    let now = usage.get(&row.workload_id).filter(|_| row.state() == State::Running);
    Ok(Notebook {
        state: row.state(),
        resources: row.resources(),
        busy: row.busy(),
        env: row.env()?,
        secrets: row.secrets()?,
        path: prefix(&row.team, &row.name),
        cpu_millis: now.map(|s| s.cpu_millis),
        memory_bytes: now.map(|s| s.memory_bytes),
        last_activity_at: row.last_activity_at.map(rfc3339),
        state_since: rfc3339(row.state_since),
        created_at: rfc3339(row.created_at),
        id: row.id,
        name: row.name,
        owner: row.owner,
        reason: row.reason,
        environment: row.environment,
        environment_version: row.environment_version,
        revision: row.revision,
    })
}
