//! Runtimes that an admin declared.

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::runtimes::Program;

/// A declared runtime.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct RuntimeRow {
    /// Name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Flavors of MLflow, a JSON list.
    pub formats_json: String,
    /// The lowest is chosen first; nothing: only where it is named.
    pub choice_order: Option<i64>,
    /// The environment it runs in where a deployment names none.
    pub environment: Option<String>,
    /// A [`Program`], JSON.
    pub program_json: String,
    /// Counts up with each change.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub changed_at: i64,
}

impl RuntimeRow {
    /// Flavors of MLflow that it serves.
    pub fn formats(&self) -> Vec<String> {
        serde_json::from_str(&self.formats_json).unwrap_or_default()
    }

    /// What is run.
    ///
    /// # Errors
    /// It was written by a newer Slipway.
    pub fn program(&self) -> Result<Program> {
        Ok(serde_json::from_str(&self.program_json)?)
    }
}

const COLUMNS: &str = "SELECT name, description, formats_json, choice_order, environment, program_json, revision, changed_at FROM runtimes";

impl Store {
    /// Runtimes after `after`, by name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runtime_list(&self, after: &str, limit: i64) -> Result<Vec<RuntimeRow>> {
        let sql = format!("{COLUMNS} WHERE name > $1 ORDER BY name LIMIT $2");
        self.all(sqlx::AssertSqlSafe(sql), args![after, limit]).await
    }

    /// The runtime of this name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runtime(&self, name: &str) -> Result<Option<RuntimeRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE name = $1")), args![name]).await
    }

    /// Runtimes with how many deployments of all teams serve with each, or are to.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runtimes_in_use(&self) -> Result<Vec<(String, i64)>> {
        self.all(
            "SELECT r.runtime, COUNT(DISTINCT d.id) FROM revisions r
             JOIN deployments d ON d.id = r.deployment_id AND (r.number = d.serving OR r.number = d.canary OR r.number = d.next)
             WHERE d.desired <> 'deleted' GROUP BY r.runtime",
            vec![],
        )
        .await
    }
}

impl Tx {
    /// Sets a runtime where `revision` is the one in force, 0 for none; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runtime_set(&mut self, r: &RuntimeRow) -> Result<bool> {
        let values = args![
            r.name.as_str(),
            r.description.as_str(),
            r.formats_json.as_str(),
            r.choice_order,
            r.environment.as_deref(),
            r.program_json.as_str(),
            r.revision,
            r.changed_at
        ];
        let sql = match r.revision {
            0 => {
                "INSERT INTO runtimes (name, description, formats_json, choice_order, environment, program_json, revision, changed_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7 + 1, $8) ON CONFLICT (name) DO NOTHING"
            }
            _ => {
                "UPDATE runtimes SET description = $2, formats_json = $3, choice_order = $4, environment = $5, program_json = $6,
                 revision = revision + 1, changed_at = $8 WHERE name = $1 AND revision = $7"
            }
        };
        Ok(self.exec(sql, values).await? == 1)
    }

    /// Removes a runtime whose revision is still `seen` and which no deployment serves with, or is to; whether it did.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn runtime_remove(&mut self, name: &str, seen: i64) -> Result<bool> {
        let sql = "DELETE FROM runtimes WHERE name = $1 AND revision = $2 AND NOT EXISTS (SELECT 1 FROM revisions r
             JOIN deployments d ON d.id = r.deployment_id AND (r.number = d.serving OR r.number = d.canary OR r.number = d.next)
             WHERE r.runtime = runtimes.name AND d.desired <> 'deleted')";
        Ok(self.exec(sql, args![name, seen]).await? == 1)
    }
}
