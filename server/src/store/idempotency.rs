//! Answers to creating POSTs that were sent with an `Idempotency-Key`, kept for a day.

use super::{Store, Tx};
use crate::{args, error::Result};

/// A kept answer.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct KeptAnswer {
    /// SHA-256 of method, path and body.
    pub request_hash: String,
    /// HTTP status.
    pub status: i64,
    /// JSON.
    pub body: String,
}

impl Store {
    /// The answer kept for an actor's key.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_get(&self, actor: &str, key: &str) -> Result<Option<KeptAnswer>> {
        self.opt("SELECT request_hash, status, body FROM idempotency WHERE actor = $1 AND key = $2", args![actor, key]).await
    }
}

impl Tx {
    /// Keeps an answer; the first one stays. Whether this is the first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_keep(&mut self, actor: &str, key: &str, answer: &KeptAnswer) -> Result<bool> {
        let now = self.now();
        let n = self
            .exec(
                "INSERT INTO idempotency (actor, key, request_hash, status, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (actor, key) DO NOTHING",
                args![actor, key, answer.request_hash.as_str(), answer.status, answer.body.as_str(), now],
            )
            .await?;
        Ok(n == 1)
    }

    /// Completes the answer of a request that was under way.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_answer(&mut self, actor: &str, key: &str, status: i64, body: &str) -> Result<()> {
        self.exec("UPDATE idempotency SET status = $3, body = $4 WHERE actor = $1 AND key = $2", args![actor, key, status, body])
            .await
            .map(drop)
    }

    /// Drops a key whose request made nothing.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_drop(&mut self, actor: &str, key: &str) -> Result<()> {
        self.exec("DELETE FROM idempotency WHERE actor = $1 AND key = $2", args![actor, key]).await.map(drop)
    }

    /// Drops answers older than `before`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_prune(&mut self, before: i64) -> Result<u64> {
        self.exec("DELETE FROM idempotency WHERE created_at < $1", args![before]).await
    }
}
