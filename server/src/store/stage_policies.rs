//! What the stages of a team ask of a version.

use super::{Store, Tx};
use crate::{args, error::Result};

/// A stage's policy.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StagePolicyRow {
    /// `Staging` or `Production`.
    pub stage: String,
    /// The alias that goes with it.
    pub alias: String,
    /// Gates as JSON.
    pub gates_json: String,
    /// Approvals; absent is one as soon as the team has two maintainers.
    pub approvals: Option<i64>,
    /// Whether alias and stage are set by promotions only.
    pub protect: i64,
    /// Counts up with each change.
    pub revision: i64,
}

const OF_TEAM: &str =
    "SELECT stage, alias, gates_json, approvals, protect, revision FROM stage_policies WHERE team_id = $1 ORDER BY stage DESC";

impl Store {
    /// The policies that a team has set, `Staging` first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn stage_policies(&self, team_id: &str) -> Result<Vec<StagePolicyRow>> {
        self.all(OF_TEAM, args![team_id]).await
    }
}

impl Tx {
    /// As [`Store::stage_policies`].
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn stage_policies(&mut self, team_id: &str) -> Result<Vec<StagePolicyRow>> {
        self.all(OF_TEAM, args![team_id]).await
    }

    /// Sets the policy of a stage; `row.revision` is the one after it.
    ///
    /// # Errors
    /// Another stage of the team has the alias; the database does not answer.
    pub async fn stage_policy_set(&mut self, team_id: &str, row: &StagePolicyRow) -> Result<()> {
        self.exec(
            "INSERT INTO stage_policies (team_id, stage, alias, gates_json, approvals, protect, revision)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (team_id, stage) DO UPDATE SET alias = excluded.alias, gates_json = excluded.gates_json,
                approvals = excluded.approvals, protect = excluded.protect, revision = excluded.revision",
            args![team_id, &row.stage, &row.alias, &row.gates_json, row.approvals, row.protect, row.revision],
        )
        .await
        .map(drop)
    }
}
