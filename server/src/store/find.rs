//! Objects of a team by the beginning of their name, or by id.

use super::Store;
use crate::{args, error::Result};

/// Something found.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct FoundRow {
    /// `notebook`, `run`, `pipeline`, `pipeline_run`, `model`, `deployment`, `experiment`, `environment`
    pub kind: String,
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// Table, kind, what holds besides: each has `id`, `name`, `team_id` and an index that begins with the team, then what holds, then the name.
const PLACES: [(&str, &str, &str); 8] = [
    ("notebooks", "notebook", ""),
    ("runs", "run", " AND lifecycle = 'active'"),
    ("pipelines", "pipeline", ""),
    ("pipeline_runs", "pipeline_run", " AND archived = 0"),
    ("models", "model", ""),
    ("deployments", "deployment", ""),
    ("experiments", "experiment", " AND lifecycle = 'active'"),
    ("environments", "environment", ""),
];
/// Letters of an id that are enough to look for it: with them the beginning of an id means about a minute of all ids there are.
const ENOUGH: usize = 8;

impl Store {
    /// At most 5 of each kind by name, and 5 runs by id. What it reads follows from that, not from how much there is.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn find(&self, team_id: &str, q: &str) -> Result<Vec<FoundRow>> {
        let mut out: Vec<FoundRow> = Vec::new();
        let end = format!("{q}\u{10FFFF}");
        if (ENOUGH..=32).contains(&q.len()) && q.bytes().all(|b| b.is_ascii_hexdigit()) {
            let sql = "SELECT 'run' AS kind, id, name FROM runs
                WHERE id >= $2 AND id < $3 AND team_id = $1 AND lifecycle = 'active' ORDER BY id LIMIT 5";
            let (q, end) = (q.to_ascii_lowercase(), end.to_ascii_lowercase());
            out.extend(self.all::<FoundRow>(sql, args![team_id, q.as_str(), end.as_str()]).await?);
        }
        for (table, kind, holds) in PLACES {
            let sql = format!(
                "SELECT '{kind}' AS kind, id, name FROM {table}
                 WHERE team_id = $1{holds} AND name >= $2 AND name < $3 ORDER BY name LIMIT 5"
            );
            for row in self.all::<FoundRow>(sqlx::AssertSqlSafe(sql), args![team_id, q, end.as_str()]).await? {
                if !out.contains(&row) {
                    out.push(row);
                }
            }
        }
        Ok(out)
    }
}
