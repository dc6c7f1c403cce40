//! Whom workloads belong to.

use super::{Store, list, workloads::WorkloadRow};
use crate::{args, error::Result};
use std::collections::HashMap;

impl Store {
    /// The name of a user, or of what acted for one, by workload id. A deleted owner is known by its first event; an environment
    /// belongs to whoever changed it last, a shipped one to `slipway`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn workload_people<'a>(&self, rows: impl Iterator<Item = &'a WorkloadRow>) -> Result<HashMap<String, String>> {
        let ids: Vec<&str> = rows.map(|r| r.id.as_str()).collect();
        let sql = list::sql(
            self.db(),
            "SELECT w.id, COALESCE(r.user_name, u.name, v.created_by,
                (SELECT x.actor FROM events x WHERE x.object_id = e.environment_id AND x.action IN ('create', 'update') ORDER BY x.seq DESC LIMIT 1),
                (SELECT x.actor FROM events x WHERE x.object_id = w.owner_id ORDER BY x.seq LIMIT 1), '')
             FROM workloads w
             LEFT JOIN runs r ON w.kind = 'run' AND r.id = w.owner_id
             LEFT JOIN notebooks n ON w.kind = 'notebook' AND n.id = w.owner_id
             LEFT JOIN users u ON u.id = n.user_id
             LEFT JOIN revisions v ON w.kind = 'replica' AND v.id = w.owner_id
             LEFT JOIN environment_versions e ON w.kind = 'environment' AND e.id = w.owner_id
             WHERE w.id IN (@TEXTS($1))",
        );
        Ok(self.all::<(String, String)>(sql, args![list::texts(&ids)]).await?.into_iter().collect())
    }
}
