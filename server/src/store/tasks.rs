//! Tasks of pipeline runs.

use super::{Arg, Store, Tx, list, run_tags::chunk};
use crate::{args, error::Result};
use std::collections::HashMap;

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct TaskRow {
    pub id: String,
    pub team_id: String,
    pub pipeline_run_id: String,
    pub parent_id: Option<String>,
    pub name: String,
    pub display_name: String,
    pub component: String,
    pub iteration: Option<i64>,
    pub kind: String,
    pub state: String,
    pub reason: Option<String>,
    pub attempt: i64,
    pub retry_at: Option<i64>,
    pub node: String,
    pub delivered: Option<String>,
    pub cache_key: Option<String>,
    pub cached_from: Option<String>,
    pub run_id: Option<String>,
    pub run_key: Option<i64>,
    pub environment_version_id: Option<String>,
    pub workload_id: Option<String>,
    pub created_at: i64,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
}

/// A task whose outputs another may take over.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CachedRow {
    /// By what it is found.
    pub cache_key: String,
    /// Id of the task.
    pub id: String,
    /// What it is to the engine, JSON.
    pub node: String,
    /// What the image was in which it ran, where that was asked for and is known.
    pub image_digest: Option<String>,
}

/// A task that waits for somebody of the team.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the tables; their migration says what they mean")]
pub struct ApprovalRow {
    pub id: String,
    pub display_name: String,
    pub node: String,
    pub started_at: Option<i64>,
    pub pipeline_run_id: String,
    /// Name of the run.
    pub pipeline_run: String,
    /// Who made the run.
    pub created_by: String,
}

/// Where a task stands in its pipeline run: what never changes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct PlaceRow {
    pub id: String,
    pub parent_id: Option<String>,
    pub name: String,
    pub iteration: Option<i64>,
}

/// The tasks of which a condition is true, and those that hold them.
macro_rules! line {
    ($which:literal) => {
        concat!(
            "WHERE id IN (WITH RECURSIVE line (id, parent_id) AS (SELECT id, parent_id FROM tasks WHERE ",
            $which,
            " UNION SELECT t.id, t.parent_id FROM tasks t JOIN line l ON t.id = l.parent_id) SELECT id FROM line)"
        )
    };
}

const COLUMNS: &str =
    "SELECT id, team_id, pipeline_run_id, parent_id, name, display_name, component, iteration, kind, state, reason, attempt, retry_at, node,
    delivered, cache_key, cached_from, run_id, run_key, environment_version_id, workload_id, created_at, started_at, ended_at FROM tasks";

/// What is written of a task.
const PUT: &str =
    "id, team_id, pipeline_run_id, parent_id, name, iteration, kind, state, reason, attempt, retry_at, node, cache_key, cached_from,
    run_id, run_key, environment_version_id, workload_id, created_at, started_at, ended_at, display_name, component";
/// And what of it where it is there already.
const CHANGED: &str = "ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason, attempt = excluded.attempt,
    retry_at = excluded.retry_at, node = excluded.node, cache_key = excluded.cache_key, cached_from = excluded.cached_from,
    run_id = excluded.run_id, run_key = excluded.run_key, environment_version_id = excluded.environment_version_id,
    workload_id = excluded.workload_id, started_at = excluded.started_at, ended_at = excluded.ended_at";

/// In the order of [`PUT`].
fn values(t: &TaskRow) -> Vec<Arg> {
    args![
        &t.id,
        &t.team_id,
        &t.pipeline_run_id,
        t.parent_id.as_deref(),
        &t.name,
        t.iteration,
        &t.kind,
        &t.state,
        t.reason.as_deref(),
        t.attempt,
        t.retry_at,
        &t.node,
        t.cache_key.as_deref(),
        t.cached_from.as_deref(),
        t.run_id.as_deref(),
        t.run_key,
        t.environment_version_id.as_deref(),
        t.workload_id.as_deref(),
        t.created_at,
        t.started_at,
        t.ended_at,
        &t.display_name,
        &t.component
    ]
}

fn select(rest: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{COLUMNS} {rest}"))
}

impl Store {
    /// All tasks of a pipeline run, in the order in which they were made.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tasks(&self, pipeline_run_id: &str) -> Result<Vec<TaskRow>> {
        self.all(select("WHERE pipeline_run_id = $1 ORDER BY id"), args![pipeline_run_id]).await
    }

    /// A task of a pipeline run of a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task(&self, team_id: &str, pipeline_run_id: &str, id: &str) -> Result<Option<TaskRow>> {
        self.opt(select("WHERE team_id = $1 AND pipeline_run_id = $2 AND id = $3"), args![team_id, pipeline_run_id, id]).await
    }

    /// A task, for who acts for Slipway itself.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task_any(&self, id: &str) -> Result<Option<TaskRow>> {
        self.opt(select("WHERE id = $1"), args![id]).await
    }

    /// Tasks, in no order.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tasks_any<T: AsRef<str>>(&self, ids: &[T]) -> Result<Vec<TaskRow>> {
        let sql = format!("{COLUMNS} WHERE id IN (@TEXTS($1))");
        self.all(list::sql(self.db(), &sql), args![list::texts(ids)]).await
    }

    /// A task with those that hold it, in no order; nothing where it is not there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task_line(&self, id: &str) -> Result<Vec<TaskRow>> {
        self.all(select(line!("id = $1")), args![id]).await
    }

    /// Where tasks stand, with those that hold them, in no order.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task_places(&self, ids: &[String]) -> Result<Vec<PlaceRow>> {
        let sql = concat!("SELECT id, parent_id, name, iteration FROM tasks ", line!("id IN (@TEXTS($1))"));
        self.all(list::sql(self.db(), sql), args![list::texts(ids)]).await
    }

    /// The task of a team whose run of MLflow this is.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task_of_run(&self, team_id: &str, run_id: &str) -> Result<Option<TaskRow>> {
        self.opt(select("WHERE run_id = $2 AND team_id = $1"), args![team_id, run_id]).await
    }

    /// Keeps what the launcher of a task's attempt brings, while that attempt is under way; whether it is. A transaction of its own.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task_deliver(&self, run_id: &str, attempt: i64, delivered: &str) -> Result<bool> {
        let sql = "UPDATE tasks SET delivered = $3 WHERE run_id = $1 AND attempt = $2 AND workload_id IS NOT NULL AND ended_at IS NULL";
        Ok(self.alone(sql, args![run_id, attempt, delivered]).await? == 1)
    }

    /// Those of these tasks for which something was delivered: id and what, JSON.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tasks_delivered(&self, ids: &[String]) -> Result<Vec<(String, String)>> {
        let sql = "SELECT id, delivered FROM tasks WHERE delivered IS NOT NULL AND id IN (@TEXTS($1))";
        self.all(list::sql(self.db(), sql), args![list::texts(ids)]).await
    }

    /// Ids of the pipeline runs of these tasks of a team: task, pipeline run.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tasks_of_runs(&self, team_id: &str, ids: &[String]) -> Result<Vec<(String, String)>> {
        let sql = "SELECT id, pipeline_run_id FROM tasks WHERE team_id = $1 AND id IN (@TEXTS($2))";
        self.all(list::sql(self.db(), sql), args![team_id, list::texts(ids)]).await
    }

    /// Tasks of a team that wait for an approval, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn approvals_waiting(&self, team_id: &str, limit: i64) -> Result<Vec<ApprovalRow>> {
        self.all(
            "SELECT t.id, t.display_name, t.node, t.started_at, t.pipeline_run_id, r.name AS pipeline_run, r.created_by
             FROM tasks t JOIN pipeline_runs r ON r.id = t.pipeline_run_id
             WHERE t.team_id = $1 AND t.kind = 'approval' AND t.state = 'running' AND r.live = 1 AND r.cancelled_by IS NULL
             ORDER BY t.id DESC LIMIT $2",
            args![team_id, limit],
        )
        .await
    }

    /// The newest task of a team that succeeded with each of these keys, by key. `images`: whether each is to say what its image was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tasks_cached(&self, team_id: &str, keys: &[String], images: bool) -> Result<HashMap<String, CachedRow>> {
        // Of its attempts the last succeeded.
        let image = match images {
            true => "(SELECT w.image_digest FROM workloads w WHERE w.owner_id = tasks.id ORDER BY w.queued_at DESC, w.id DESC LIMIT 1)",
            false => "CAST(NULL AS TEXT)",
        };
        let sql = format!(
            "WITH keys (key) AS (@TEXTS($2)),
                newest (id) AS (SELECT (SELECT t.id FROM tasks t WHERE t.team_id = $1 AND t.cache_key = keys.key AND t.state = 'succeeded'
                    ORDER BY t.id DESC LIMIT 1) FROM keys)
             SELECT cache_key, id, node, {image} AS image_digest FROM tasks WHERE id IN (SELECT id FROM newest)"
        );
        let rows: Vec<CachedRow> = self.all(list::sql(self.db(), &sql), args![team_id, list::texts(keys)]).await?;
        Ok(rows.into_iter().map(|row| (row.cache_key.clone(), row)).collect())
    }
}

impl Tx {
    /// A task of a pipeline run of a team, as this transaction sees it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task(&mut self, team_id: &str, pipeline_run_id: &str, id: &str) -> Result<Option<TaskRow>> {
        self.opt(select("WHERE team_id = $1 AND pipeline_run_id = $2 AND id = $3"), args![team_id, pipeline_run_id, id]).await
    }

    /// Inserts or changes a task, as a whole but for what its launcher delivered.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task_put(&mut self, task: &TaskRow) -> Result<()> {
        self.tasks_put(&[task]).await
    }

    /// The same for several tasks, each of which is there once.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tasks_put(&mut self, tasks: &[&TaskRow]) -> Result<()> {
        let mut rest = tasks;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(chunk(rest.len()));
            let args: Vec<Arg> = now.iter().flat_map(|t| values(t)).collect();
            let sql = self.values_sql(&format!("INSERT INTO tasks ({PUT})"), PUT.split(',').count(), now.len(), CHANGED);
            self.exec(sql, args).await?;
            rest = later;
        }
        Ok(())
    }

    /// Whether the task of a run of MLflow waits for a workload.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task_waits_for(&mut self, run_id: &str, workload_id: &str) -> Result<bool> {
        let row: Option<(String,)> =
            self.opt("SELECT id FROM tasks WHERE run_id = $1 AND workload_id = $2", args![run_id, workload_id]).await?;
        Ok(row.is_some())
    }

    /// Forgets what was delivered for these: another attempt begins.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tasks_undeliver(&mut self, ids: &[&str]) -> Result<()> {
        let sql = self.list_sql("UPDATE tasks SET delivered = NULL WHERE id IN (@TEXTS($1))");
        self.exec(sql, args![list::texts(ids)]).await.map(drop)
    }

    /// Removes tasks of a pipeline run, which is to make them again.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn tasks_remove(&mut self, pipeline_run_id: &str, ids: &[String]) -> Result<()> {
        let sql = self.list_sql("DELETE FROM tasks WHERE pipeline_run_id = $1 AND id IN (@TEXTS($2))");
        self.exec(sql, args![pipeline_run_id, list::texts(ids)]).await.map(drop)
    }
}
