//! Where runs that Slipway executes came from: code, environment, task of a pipeline run.

use super::{Store, list};
use crate::{args, error::Result};

/// Code and environment of a submitted run.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RunOriginRow {
    /// Id of the run.
    pub run_id: String,
    /// JSON, as in the API; absent where it brought none.
    pub code: Option<String>,
    /// Name of the environment.
    pub environment: String,
    /// Version of the environment.
    pub environment_version: i64,
}

/// Task and environment of a run that a pipeline run began.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TaskOriginRow {
    /// Id of the run.
    pub run_id: String,
    /// Id of the task.
    pub task_id: String,
    /// Its name, for people.
    pub task: String,
    /// Id of the pipeline run.
    pub pipeline_run_id: String,
    /// Name of the pipeline run.
    pub pipeline_run: String,
    /// Name of the environment; absent where it ran in an image, or in none.
    pub environment: Option<String>,
    /// Version of the environment.
    pub environment_version: Option<i64>,
}

impl Store {
    /// The tasks whose runs some of these are.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task_origins(&self, team_id: &str, run_ids: &[String]) -> Result<Vec<TaskOriginRow>> {
        let sql = "SELECT t.run_id, t.id AS task_id, t.display_name AS task, p.id AS pipeline_run_id, p.name AS pipeline_run,
                       e.name AS environment, v.version AS environment_version
                   FROM tasks t JOIN pipeline_runs p ON p.id = t.pipeline_run_id
                   LEFT JOIN environment_versions v ON v.id = t.environment_version_id LEFT JOIN environments e ON e.id = v.environment_id
                   WHERE t.team_id = $1 AND t.run_id IN (@TEXTS($2))";
        self.all(list::sql(self.db(), sql), args![team_id, list::texts(run_ids)]).await
    }

    /// Code and environment of those of these runs that Slipway executes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_origins(&self, team_id: &str, run_ids: &[String]) -> Result<Vec<RunOriginRow>> {
        let sql = "SELECT s.run_id, s.code, e.name AS environment, v.version AS environment_version FROM submissions s
                   JOIN environment_versions v ON v.id = s.environment_version_id JOIN environments e ON e.id = v.environment_id
                   WHERE s.team_id = $1 AND s.run_id IN (@TEXTS($2))";
        self.all(list::sql(self.db(), sql), args![team_id, list::texts(run_ids)]).await
    }
}
