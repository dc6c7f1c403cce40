//! The gates of promotions.

use super::{Store, Tx, list};
use crate::{args, error::Result};
use app::api::promotions::{Gate, GateState};

/// A gate of a promotion.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct GateRow {
    pub promotion_id: String,
    pub position: i64,
    pub round: i64,
    pub gate_json: String,
    #[sqlx(rename = "state")]
    pub state_text: String,
    pub detail: Option<String>,
    pub evidence_json: Option<String>,
    pub workload_id: Option<String>,
    pub attempts: i64,
    pub started_at: Option<i64>,
    pub ended_at: Option<i64>,
}

impl GateRow {
    /// How far it is; a word nobody knows counts as broken.
    pub fn state(&self) -> GateState {
        GateState::ALL.into_iter().find(|s| s.as_str() == self.state_text).unwrap_or(GateState::Broken)
    }

    /// What is checked; none where it cannot be read.
    pub fn gate(&self) -> Option<Gate> {
        serde_json::from_str(&self.gate_json).ok()
    }
}

/// How a gate ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateEnd<'a> {
    /// Passed, failed or broken.
    pub state: GateState,
    /// What was seen.
    pub detail: &'a str,
    /// Values as JSON.
    pub evidence: Option<String>,
}

const COLUMNS: &str =
    "SELECT promotion_id, position, round, gate_json, state, detail, evidence_json, workload_id, attempts, started_at, ended_at
    FROM promotion_gates";

impl Store {
    /// Gates of a promotion in order.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_gates(&self, promotion_id: &str) -> Result<Vec<GateRow>> {
        self.all(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE promotion_id = $1 ORDER BY position")), args![promotion_id]).await
    }

    /// How many gates promotions have, and how many of them are green: id, all, green.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_gate_counts(&self, ids: &[&str]) -> Result<Vec<(String, i64, i64)>> {
        let sql = list::sql(
            self.db(),
            "SELECT promotion_id, COUNT(*), COUNT(CASE WHEN state = 'passed' THEN 1 END)
             FROM promotion_gates WHERE promotion_id IN (@TEXTS($1)) GROUP BY promotion_id",
        );
        self.all(sql, args![list::texts(ids)]).await
    }
}

impl Tx {
    /// Begins to look at these gates, in place of any before; workloads of those go on until they are stopped.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_gates_make(&mut self, promotion_id: &str, round: i64, gates: &[Gate]) -> Result<()> {
        self.exec("DELETE FROM promotion_gates WHERE promotion_id = $1", args![promotion_id]).await?;
        for (position, gate) in (0_i64..).zip(gates) {
            self.exec(
                "INSERT INTO promotion_gates (promotion_id, position, round, gate_json, state, attempts) VALUES ($1, $2, $3, $4, 'open', 0)",
                args![promotion_id, position, round, serde_json::to_string(gate)?],
            )
            .await?;
        }
        Ok(())
    }

    /// As [`Store::promotion_gates`].
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_gates(&mut self, promotion_id: &str) -> Result<Vec<GateRow>> {
        self.all(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE promotion_id = $1 ORDER BY position")), args![promotion_id]).await
    }

    /// Nobody waits for the answers of a promotion that is over.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn promotion_gates_over(&mut self, promotion_id: &str) -> Result<()> {
        let now = self.now();
        self.exec(
            "UPDATE promotion_gates SET state = 'broken', detail = 'The promotion was over before this was answered.', ended_at = $2
             WHERE promotion_id = $1 AND state IN ('open', 'running')",
            args![promotion_id, now],
        )
        .await
        .map(drop)
    }

    /// A workload begins to look at a gate of this round; whether it is still open.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_gate_begin(&mut self, promotion_id: &str, position: i64, round: i64, workload_id: &str) -> Result<bool> {
        let now = self.now();
        let n = self
            .exec(
                "UPDATE promotion_gates SET state = 'running', workload_id = $4, attempts = attempts + 1, started_at = COALESCE(started_at, $5)
                 WHERE promotion_id = $1 AND position = $2 AND round = $3 AND state = 'open'",
                args![promotion_id, position, round, workload_id, now],
            )
            .await?;
        Ok(n == 1)
    }

    /// A gate of this round is answered, or opened again where its workload was lost.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_gate_end(&mut self, promotion_id: &str, position: i64, round: i64, end: &GateEnd<'_>) -> Result<()> {
        let now = self.now();
        let ended = (end.state != GateState::Open).then_some(now);
        self.exec(
            "UPDATE promotion_gates SET state = $3, detail = $4, evidence_json = $5, ended_at = $6,
                started_at = COALESCE(started_at, $7) WHERE promotion_id = $1 AND position = $2 AND round = $8",
            args![promotion_id, position, end.state.as_str(), end.detail, end.evidence.clone(), ended, now, round],
        )
        .await
        .map(drop)
    }
}
