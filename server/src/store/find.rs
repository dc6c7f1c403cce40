//! Objects of a team by the beginning of their name, or by id.

use super::Store;
use crate::{args, error::Result};

/// Something found.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FoundRow {
    /// `run`, `model`, `experiment`, `environment`, `notebook`, `deployment`
    pub kind: String,
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// Table, kind: each has `id`, `name`, `team_id` and an index that begins with the team.
const PLACES: [(&str, &str); 3] = [("environments", "environment"), ("experiments", "experiment"), ("models", "model")];

impl Store {
    /// At most 5 of each kind.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn find(&self, team_id: &str, q: &str) -> Result<Vec<FoundRow>> {
        let mut out = Vec::new();
        let end = format!("{q}\u{10FFFF}");
        for (table, kind) in PLACES {
            let sql = format!(
                "SELECT '{kind}' AS kind, id, name FROM {table} WHERE team_id = $1 AND ((name >= $2 AND name < $3) OR id = $2) ORDER BY name LIMIT 5"
            );
            out.extend(self.all::<FoundRow>(sqlx::AssertSqlSafe(sql), args![team_id, q, end.as_str()]).await?);
        }
        Ok(out)
    }
}
