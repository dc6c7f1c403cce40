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
    /// Tasks of pipelines at work at once.
    pub pipeline_tasks: Option<i64>,
    /// Counts up with each change.
    pub revision: i64,
}

/// A task that waits or is at work, and how many of its pipeline and of its team may be at once.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CappedRow {
    /// Id of its workload.
    pub workload_id: String,
    /// Id of the team.
    pub team_id: String,
    /// Of its team's pipelines; absent is no limit.
    pub team_most: Option<i64>,
    /// Id of its pipeline, where that has a limit.
    pub pipeline_id: Option<String>,
    /// Its name.
    pub pipeline: Option<String>,
    /// Of its pipeline.
    pub pipeline_most: Option<i64>,
}

impl Store {
    /// Live tasks of pipelines or teams of which only so many are at work at once.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tasks_capped(&self) -> Result<Vec<CappedRow>> {
        // Where nobody set a limit, which is the rule, no task is looked at.
        let any = "SELECT CASE WHEN EXISTS (SELECT 1 FROM pipelines WHERE max_tasks IS NOT NULL)
                     OR EXISTS (SELECT 1 FROM quotas WHERE pipeline_tasks IS NOT NULL) THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END";
        if self.opt::<(i64,)>(any, vec![]).await?.is_none_or(|r| r.0 == 0) {
            return Ok(Vec::new());
        }
        self.all(
            "SELECT w.id AS workload_id, t.team_id, q.pipeline_tasks AS team_most, p.id AS pipeline_id, p.name AS pipeline,
                    p.max_tasks AS pipeline_most
             FROM workloads w JOIN tasks t ON t.id = w.owner_id JOIN pipeline_runs r ON r.id = t.pipeline_run_id
                  LEFT JOIN pipelines p ON p.id = r.pipeline_id AND p.max_tasks IS NOT NULL
                  LEFT JOIN quotas q ON q.team_id = t.team_id
             WHERE w.live = 1 AND w.kind = 'task' AND (p.max_tasks IS NOT NULL OR q.pipeline_tasks IS NOT NULL)",
            vec![],
        )
        .await
    }

    /// The quota of a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn quota(&self, team_id: &str) -> Result<Option<QuotaRow>> {
        self.opt("SELECT team_id, cpu_millis, memory_bytes, gpus, pipeline_tasks, revision FROM quotas WHERE team_id = $1", args![team_id])
            .await
    }

    /// The quotas that set a limit.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn quotas_limiting(&self) -> Result<Vec<QuotaRow>> {
        self.all(
            "SELECT team_id, cpu_millis, memory_bytes, gpus, pipeline_tasks, revision FROM quotas
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
                "UPDATE quotas SET cpu_millis = $2, memory_bytes = $3, gpus = $4, pipeline_tasks = $6, revision = revision + 1
                 WHERE team_id = $1 AND revision = $5",
                args![q.team_id.as_str(), q.cpu_millis, q.memory_bytes, q.gpus, q.revision, q.pipeline_tasks],
            )
            .await?;
        Ok(n == 1)
    }
}
