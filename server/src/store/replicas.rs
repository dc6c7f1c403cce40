//! Replicas of revisions at work: each is carried out by one workload after the other.

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::State;

/// A replica.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ReplicaRow {
    /// Revision.
    pub revision_id: String,
    /// From 1, the lowest that is free.
    pub number: i64,
    /// Its workload; none while it waits to be started again.
    pub workload_id: Option<String>,
    /// Crashes in a row.
    pub crashes: i64,
    /// What happened last.
    pub reason: Option<String>,
    /// When it is started again, milliseconds since 1970.
    pub retry_at: Option<i64>,
    /// Since when it gets no requests any more, because there are to be fewer.
    pub drains_since: Option<i64>,
}

/// A replica with how far its workload is.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ReplicaNowRow {
    /// Number of its revision.
    pub revision: i64,
    /// From 1.
    pub number: i64,
    /// Crashes in a row.
    pub crashes: i64,
    /// What happened last.
    pub reason: Option<String>,
    /// Since when it gets no requests any more.
    pub drains_since: Option<i64>,
    /// Its workload.
    pub workload_id: Option<String>,
    /// The attempt of its revision that this workload is.
    pub attempt: Option<i64>,
    /// A [`State`].
    pub state: Option<String>,
    /// Why it waits.
    pub waits: Option<String>,
    /// When it became ready.
    pub running_at: Option<i64>,
}

impl ReplicaNowRow {
    /// How far it is; what waits to be started again is starting.
    pub fn state(&self) -> State {
        self.state.as_deref().map_or(State::Starting, |s| s.parse().unwrap_or(State::Failed))
    }
}

impl Store {
    /// All replicas there are.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn replicas(&self) -> Result<Vec<ReplicaRow>> {
        let sql =
            "SELECT revision_id, number, workload_id, crashes, reason, retry_at, drains_since FROM replicas ORDER BY revision_id, number";
        self.all(sql, vec![]).await
    }

    /// Replicas of a deployment, the newest revision first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn replicas_of(&self, deployment_id: &str) -> Result<Vec<ReplicaNowRow>> {
        self.all(
            "SELECT r.number AS revision, p.number, p.crashes, p.reason, p.drains_since, p.workload_id, w.attempt, w.state, w.reason AS waits,
             w.running_at FROM replicas p JOIN revisions r ON r.id = p.revision_id LEFT JOIN workloads w ON w.id = p.workload_id
             WHERE r.deployment_id = $1 ORDER BY r.number DESC, p.number",
            args![deployment_id],
        )
        .await
    }
}

impl Tx {
    /// Writes a replica as it is now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn replica_put(&mut self, r: &ReplicaRow) -> Result<()> {
        self.exec(
            "INSERT INTO replicas (revision_id, number, workload_id, crashes, reason, retry_at, drains_since)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (revision_id, number) DO UPDATE SET workload_id = $3, crashes = $4, reason = $5, retry_at = $6, drains_since = $7",
            args![&r.revision_id, r.number, r.workload_id.as_deref(), r.crashes, r.reason.as_deref(), r.retry_at, r.drains_since],
        )
        .await
        .map(drop)
    }

    /// Drops a replica of which nothing runs any more.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn replica_drop(&mut self, revision_id: &str, number: i64) -> Result<()> {
        self.exec("DELETE FROM replicas WHERE revision_id = $1 AND number = $2", args![revision_id, number]).await.map(drop)
    }

    /// What waits to be started again is started at once, and its crashes do not count any more.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn replicas_forgive(&mut self, revision_id: &str) -> Result<()> {
        self.exec("UPDATE replicas SET crashes = 0, retry_at = NULL WHERE revision_id = $1", args![revision_id]).await.map(drop)
    }
}
