//! Where submitted runs came from: their code and environment.

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

impl Store {
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
