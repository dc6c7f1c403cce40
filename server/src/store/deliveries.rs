//! Deliveries to webhooks: what is to be sent, when next, and what came of each attempt.

use super::{Store, Tx, list};
use crate::{args, error::Result};
use app::api::webhooks::DeliveryState;

/// A delivery.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DeliveryRow {
    /// Id; the same at each attempt.
    pub id: String,
    /// Kind of the notice, or `test`.
    pub kind: String,
    /// What is sent.
    pub body: String,
    state: String,
    /// How many attempts there were.
    pub attempts: i64,
    /// When it is sent next, milliseconds since 1970; while it waits.
    pub next_at: Option<i64>,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

impl DeliveryRow {
    /// How far it is; a word nobody knows counts as given up.
    pub fn state(&self) -> DeliveryState {
        state(&self.state)
    }
}

fn state(word: &str) -> DeliveryState {
    let all = [DeliveryState::Waiting, DeliveryState::Delivered, DeliveryState::GivenUp];
    all.into_iter().find(|s| s.as_str() == word).unwrap_or(DeliveryState::GivenUp)
}

/// A delivery that is due, with where it goes.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DueRow {
    /// Id.
    pub id: String,
    /// Webhook.
    pub webhook_id: String,
    /// Its team.
    pub team_id: String,
    /// Where it goes.
    pub url: String,
    /// What signs, sealed.
    pub sealed: String,
    /// What signed before.
    pub sealed_before: Option<String>,
    /// Since when it does not any more, milliseconds since 1970.
    pub rotated_at: Option<i64>,
    /// What is sent.
    pub body: String,
    /// How many attempts there were.
    pub attempts: i64,
    /// Attempts that are left, the one that is due among them.
    pub tries_left: i64,
}

/// An attempt.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct AttemptRow {
    /// Delivery.
    pub delivery_id: String,
    /// From 1.
    pub number: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// How long it took.
    pub millis: i64,
    /// Of HTTP.
    pub status: Option<i64>,
    /// Why it was not taken.
    pub problem: Option<String>,
    /// The beginning of the answer.
    pub answer: Option<String>,
}

const COLUMNS: &str = "SELECT id, kind, body, state, attempts, next_at, created_at FROM webhook_deliveries WHERE webhook_id = $1";

impl Store {
    /// Deliveries to a webhook, newest first, before `before`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn delivery_list(&self, webhook_id: &str, before: &str, limit: i64) -> Result<Vec<DeliveryRow>> {
        let sql = sqlx::AssertSqlSafe(format!("{COLUMNS} AND id < $2 ORDER BY id DESC LIMIT $3"));
        self.all(sql, args![webhook_id, before, limit]).await
    }

    /// A delivery to a webhook.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn delivery(&self, webhook_id: &str, id: &str) -> Result<Option<DeliveryRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} AND id = $2")), args![webhook_id, id]).await
    }

    /// The attempts of deliveries, in order.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn delivery_attempts(&self, ids: &[&str]) -> Result<Vec<AttemptRow>> {
        let sql = "SELECT delivery_id, number, at, millis, status, problem, answer FROM webhook_attempts
             WHERE delivery_id IN (@TEXTS($1)) ORDER BY delivery_id, number";
        self.all(list::sql(self.db(), sql), args![list::texts(ids)]).await
    }

    /// How the newest delivery to each webhook of a team is.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deliveries_last(&self, team_id: &str) -> Result<Vec<(String, DeliveryState)>> {
        let sql = "SELECT w.id, d.state FROM webhooks w JOIN webhook_deliveries d ON d.id =
                 (SELECT MAX(n.id) FROM webhook_deliveries n WHERE n.webhook_id = w.id) WHERE w.team_id = $1";
        let rows: Vec<(String, String)> = self.all(sql, args![team_id]).await?;
        Ok(rows.into_iter().map(|(id, word)| (id, state(&word))).collect())
    }

    /// What is due at `now`: of each webhook at most `each`, so that none holds up another.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deliveries_due(&self, now: i64, each: i64, limit: i64) -> Result<Vec<DueRow>> {
        self.all(
            "SELECT d.id, d.webhook_id, w.team_id, w.url, w.sealed, w.sealed_before, w.rotated_at, d.body, d.attempts, d.tries_left
             FROM (SELECT id, webhook_id, body, attempts, tries_left, next_at,
                          ROW_NUMBER() OVER (PARTITION BY webhook_id ORDER BY next_at, id) AS place
                   FROM webhook_deliveries WHERE state = 'waiting' AND next_at <= $1) d
             JOIN webhooks w ON w.id = d.webhook_id
             WHERE d.place <= $2 ORDER BY d.next_at, d.id LIMIT $3",
            args![now, each, limit],
        )
        .await
    }
}

impl Tx {
    /// Queues a delivery, due at once.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn delivery_insert(
        &mut self,
        id: &str,
        webhook_id: &str,
        seq: Option<i64>,
        (kind, body): (&str, &str),
        tries: i64,
    ) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO webhook_deliveries (id, webhook_id, seq, kind, body, state, attempts, tries_left, next_at, created_at)
             VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $7, $7)",
            args![id, webhook_id, seq, kind, body, tries, now],
        )
        .await
        .map(drop)
    }

    /// Writes down an attempt and what follows from it: it is sent again at `next_at`, or `state` is its end. Whether it still waited for
    /// this attempt; if not, nothing is written.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn delivery_attempted(&mut self, attempt: &AttemptRow, state: DeliveryState, next_at: Option<i64>) -> Result<bool> {
        let a = attempt;
        let sql = "UPDATE webhook_deliveries SET state = $3, next_at = $4, attempts = $2, tries_left = tries_left - 1
             WHERE id = $1 AND attempts = $2 - 1 AND state = 'waiting'";
        if self.exec(sql, args![&a.delivery_id, a.number, state.as_str(), next_at]).await? != 1 {
            return Ok(false);
        }
        self.exec(
            "INSERT INTO webhook_attempts (delivery_id, number, at, millis, status, problem, answer) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![&a.delivery_id, a.number, a.at, a.millis, a.status, a.problem.as_deref(), a.answer.as_deref()],
        )
        .await?;
        Ok(true)
    }

    /// Has a delivery sent once more, at once; whether it is there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn delivery_again(&mut self, webhook_id: &str, id: &str, tries: i64) -> Result<bool> {
        let now = self.now();
        let sql = "UPDATE webhook_deliveries SET state = 'waiting', next_at = $4, tries_left = $3 WHERE webhook_id = $1 AND id = $2";
        Ok(self.exec(sql, args![webhook_id, id, tries, now]).await? == 1)
    }

    /// Gives up what waits for a webhook.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deliveries_give_up(&mut self, webhook_id: &str) -> Result<u64> {
        let sql = "UPDATE webhook_deliveries SET state = 'given_up', next_at = NULL WHERE webhook_id = $1 AND state = 'waiting'";
        self.exec(sql, args![webhook_id]).await
    }

    /// Drops what was made before `before` and does not wait any more; how many.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deliveries_prune(&mut self, before: i64) -> Result<u64> {
        self.exec("DELETE FROM webhook_deliveries WHERE created_at < $1 AND state <> 'waiting'", args![before]).await
    }
}
