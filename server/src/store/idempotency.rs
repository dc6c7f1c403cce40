//! Answers to creating POSTs that were sent with an `Idempotency-Key`, kept for a day.
//!
//! A key is claimed before its request runs. Each transaction of that request that commits says so on the key's row, in the same
//! transaction ([`fenced`]): so it is known of a request that left no answer whether it did anything. Where it did not, a repeated request
//! takes the key over, and what may be left of the first can commit nothing any more.

use super::{Store, Tx};
use crate::{
    args,
    error::{Error, Result},
};

/// How far the request of a key is, in its `status`: claimed, nothing committed yet.
pub const CLAIMED: i64 = 0;
/// Something was committed; the answer is not there yet, or is lost.
pub const COMMITTED: i64 = 1;

/// A kept answer.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct KeptAnswer {
    /// SHA-256 of method, path and body.
    pub request_hash: String,
    /// [`CLAIMED`], [`COMMITTED`], or the HTTP status of the answer.
    pub status: i64,
    /// JSON.
    pub body: String,
    /// When it was claimed, milliseconds since 1970.
    pub created_at: i64,
}

/// A request's claim on its key.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Who sent it.
    pub actor: String,
    /// The key.
    pub key: String,
    /// When it was claimed: who takes the key over moves it.
    pub at: i64,
}

tokio::task_local! {
    static CLAIM: Claim;
}

/// Runs a request so that each of its transactions commits only while the claim is its own, and says on the key's row that it did.
pub async fn fenced<F: Future>(claim: Claim, request: F) -> F::Output {
    CLAIM.scope(claim, request).await
}

/// The claim of the request that runs here, where it has one.
pub(super) fn claim() -> Option<Claim> {
    CLAIM.try_with(Clone::clone).ok()
}

impl Store {
    /// The answer kept for an actor's key.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_get(&self, actor: &str, key: &str) -> Result<Option<KeptAnswer>> {
        self.opt("SELECT request_hash, status, body, created_at FROM idempotency WHERE actor = $1 AND key = $2", args![actor, key]).await
    }
}

impl Tx {
    /// Claims a key for a request; the first one has it. None where somebody else was first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_claim(&mut self, actor: &str, key: &str, request_hash: &str) -> Result<Option<Claim>> {
        let now = self.now();
        let n = self
            .exec(
                "INSERT INTO idempotency (actor, key, request_hash, status, body, created_at) VALUES ($1, $2, $3, $4, '', $5)
                 ON CONFLICT (actor, key) DO NOTHING",
                args![actor, key, request_hash, CLAIMED, now],
            )
            .await?;
        Ok((n == 1).then(|| Claim { actor: actor.into(), key: key.into(), at: now }))
    }

    /// Takes over a key whose request committed nothing since it was claimed before `before`. None where it did, or is younger.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_take_over(&mut self, actor: &str, key: &str, before: i64) -> Result<Option<Claim>> {
        let now = self.now();
        let n = self
            .exec(
                "UPDATE idempotency SET created_at = $3 WHERE actor = $1 AND key = $2 AND status = $4 AND created_at < $5",
                args![actor, key, now, CLAIMED, before],
            )
            .await?;
        Ok((n == 1).then(|| Claim { actor: actor.into(), key: key.into(), at: now }))
    }

    /// Says that the request of a claim commits something with this transaction.
    ///
    /// # Errors
    /// The key was taken over: conflict.
    pub(super) async fn idempotency_commits(&mut self, claim: &Claim) -> Result<()> {
        let n = self
            .exec(
                "UPDATE idempotency SET status = $4 WHERE actor = $1 AND key = $2 AND created_at = $3 AND status IN ($4, $5)",
                args![claim.actor.as_str(), claim.key.as_str(), claim.at, COMMITTED, CLAIMED],
            )
            .await?;
        if n == 1 { Ok(()) } else { Err(Error::conflict("This request took so long that a repeated one was carried out in its place.")) }
    }

    /// Keeps the answer of a request.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_answer(&mut self, claim: &Claim, status: i64, body: &str) -> Result<()> {
        self.exec(
            "UPDATE idempotency SET status = $4, body = $5 WHERE actor = $1 AND key = $2 AND created_at = $3",
            args![claim.actor.as_str(), claim.key.as_str(), claim.at, status, body],
        )
        .await
        .map(drop)
    }

    /// Drops a key whose request was refused.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_drop(&mut self, claim: &Claim) -> Result<()> {
        self.exec(
            "DELETE FROM idempotency WHERE actor = $1 AND key = $2 AND created_at = $3",
            args![claim.actor.as_str(), claim.key.as_str(), claim.at],
        )
        .await
        .map(drop)
    }

    /// Drops answers older than `before`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn idempotency_prune(&mut self, before: i64) -> Result<u64> {
        self.exec("DELETE FROM idempotency WHERE created_at < $1", args![before]).await
    }
}
