//! Secrets of teams, sealed.

use super::{Store, Tx};
use crate::{args, error::Result};

/// A secret, without its value.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SecretRow {
    /// Name in the team.
    pub name: String,
    /// Who set it last.
    pub set_by: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

impl Store {
    /// Secrets by name, after `after`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn secret_list(&self, team_id: &str, after: &str, limit: i64) -> Result<Vec<SecretRow>> {
        self.all(
            "SELECT name, set_by, created_at, updated_at FROM secrets WHERE team_id = $1 AND name > $2 ORDER BY name LIMIT $3",
            args![team_id, after, limit],
        )
        .await
    }

    /// The sealed value of a secret.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn secret_sealed(&self, team_id: &str, name: &str) -> Result<Option<String>> {
        let row: Option<(String,)> = self.opt("SELECT sealed FROM secrets WHERE team_id = $1 AND name = $2", args![team_id, name]).await?;
        Ok(row.map(|r| r.0))
    }
}

impl Tx {
    /// Sets a secret; whether it is new, and when it was made.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn secret_set(&mut self, team_id: &str, name: &str, sealed: &str, set_by: &str) -> Result<(bool, i64)> {
        let now = self.now();
        let old: Option<(i64,)> = self.opt("SELECT created_at FROM secrets WHERE team_id = $1 AND name = $2", args![team_id, name]).await?;
        self.exec(
            "INSERT INTO secrets (team_id, name, sealed, set_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (team_id, name) DO UPDATE SET sealed = excluded.sealed, set_by = excluded.set_by, updated_at = excluded.updated_at",
            args![team_id, name, sealed, set_by, now],
        )
        .await?;
        Ok((old.is_none(), old.map_or(now, |o| o.0)))
    }

    /// Removes a secret; whether it was there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn secret_remove(&mut self, team_id: &str, name: &str) -> Result<bool> {
        Ok(self.exec("DELETE FROM secrets WHERE team_id = $1 AND name = $2", args![team_id, name]).await? == 1)
    }
}
