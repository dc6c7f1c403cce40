//! Sessions, by the hash of their id: who reads the database cannot take one over.

use super::{Store, Tx};
use crate::{args, error::Result, ids};
use async_trait::async_trait;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store,
};

/// Key of the user's id in a session.
pub const USER: &str = "user";

/// The store that tower-sessions asks.
#[derive(Clone)]
pub struct Sessions(pub Store);

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions")
    }
}

fn backend(e: impl std::fmt::Display) -> session_store::Error {
    session_store::Error::Backend(e.to_string())
}

/// By what a session is kept.
pub fn hash(id: &Id) -> String {
    ids::sha256(id.to_string())
}

impl Sessions {
    async fn write(&self, record: &Record, fresh: bool) -> Result<bool> {
        let user: Option<String> = record.data.get(USER).and_then(|v| v.as_str()).map(Into::into);
        let data = serde_json::to_string(&record.data)?;
        let mut tx = self.0.begin().await?;
        let now = tx.now();
        let expires = record.expiry_date.unix_timestamp() * 1000;
        let sql = if fresh {
            "INSERT INTO sessions (hash, user_id, data, created_at, expires_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (hash) DO NOTHING"
        } else {
            "INSERT INTO sessions (hash, user_id, data, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (hash) DO UPDATE SET user_id = excluded.user_id, data = excluded.data, expires_at = excluded.expires_at"
        };
        let n = tx.exec(sql, args![hash(&record.id), user, data, now, expires]).await?;
        tx.commit().await?;
        Ok(n == 1)
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        while !self.write(record, true).await.map_err(backend)? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.write(record, false).await.map(drop).map_err(backend)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let now = self.0.clock().now();
        let row: Option<(String, i64)> = self
            .0
            .opt("SELECT data, expires_at FROM sessions WHERE hash = $1 AND expires_at > $2", args![hash(id), now])
            .await
            .map_err(backend)?;
        let Some((data, expires)) = row else { return Ok(None) };
        let data = serde_json::from_str(&data).map_err(|e| session_store::Error::Decode(e.to_string()))?;
        let expiry_date = time::OffsetDateTime::from_unix_timestamp(expires / 1000).map_err(backend)?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let mut tx = self.0.begin().await.map_err(backend)?;
        tx.exec("DELETE FROM sessions WHERE hash = $1", args![hash(id)]).await.map_err(backend)?;
        tx.notebook_sessions_end_with(&hash(id)).await.map_err(backend)?;
        tx.commit().await.map_err(backend)
    }
}

impl Tx {
    /// Ends every session of a user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sessions_end_of(&mut self, user_id: &str) -> Result<()> {
        self.exec("DELETE FROM sessions WHERE user_id = $1", args![user_id]).await?;
        self.notebook_sessions_end_of(user_id).await
    }

    /// Drops sessions that have expired; how many.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sessions_expire(&mut self) -> Result<u64> {
        let now = self.now();
        self.exec("DELETE FROM sessions WHERE expires_at <= $1", args![now]).await
    }
}
