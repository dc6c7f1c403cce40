//! Quotas of teams.

use super::{Store, Tx};
use crate::{args, error::Result};

/// A team's quota; absent amounts mean everything.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct QuotaRow {
    /// Id of the team.
    pub team_id: String,
    /// CPU in thousandths of a core.
    pub cpu_millis: Option<i64>,
    /// Memory in bytes.
    pub memory_bytes: Option<i64>,
    /// Whole GPUs.
    pub gpus: Option<i64>,
    /// Counts up with each change.
    pub revision: i64,
}

impl Store {
    /// The quota of a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn quota(&self, team_id: &str) -> Result<Option<QuotaRow>> {
        self.opt("SELECT team_id, cpu_millis, memory_bytes, gpus, revision FROM quotas WHERE team_id = $1", args![team_id]).await
    }

    /// The quotas that set a limit.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn quotas_limiting(&self) -> Result<Vec<QuotaRow>> {
        self.all(
            "SELECT team_id, cpu_millis, memory_bytes, gpus, revision FROM quotas
             WHERE cpu_millis IS NOT NULL OR memory_bytes IS NOT NULL OR gpus IS NOT NULL",
            vec![],
        )
        .await
    }
}

impl Tx {
    /// Sets a quota where `revision` is the one in force; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn quota_set(&mut self, q: &QuotaRow) -> Result<bool> {
        let n = self
            .exec(
                "UPDATE quotas SET cpu_millis = $2, memory_bytes = $3, gpus = $4, revision = revision + 1 WHERE team_id = $1 AND revision = $5",
                args![q.team_id.as_str(), q.cpu_millis, q.memory_bytes, q.gpus, q.revision],
            )
            .await?;
        Ok(n == 1)
    }
}
