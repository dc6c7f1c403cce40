//! Tokens of a deployment: what its callers hold.

use super::{Store, Tx, keyset::Keyset};
use crate::{args, error::Result};
use app::api::page::{ListQuery, Page};

/// A token of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table, and the name of who made it")]
pub struct CallerTokenRow {
    pub id: String,
    pub name: String,
    pub prefix: String,
    pub made_by: String,
    pub rate: Option<i64>,
    pub created_at: i64,
    pub expires_at: i64,
    pub last_used_at: Option<i64>,
}

const COLUMNS: &str = "SELECT k.id, k.name, k.prefix, u.name AS made_by, k.rate, k.created_at, k.expires_at, k.last_used_at
    FROM tokens k JOIN users u ON u.id = k.user_id WHERE k.subject_kind = 'deployment' AND k.subject_id = $1 AND k.revoked_at IS NULL";

impl Store {
    /// The tokens of a deployment that count or did and were not revoked, newest first.
    ///
    /// # Errors
    /// A page token that is not ours.
    pub async fn caller_token_list(&self, deployment_id: &str, query: &ListQuery) -> Result<Page<CallerTokenRow>> {
        let keyset = Keyset::<(i64, String)>::of(query)?;
        let (time, id) = keyset.after.clone().unwrap_or((i64::MAX, String::new()));
        let sql =
            format!("{COLUMNS} AND (k.created_at < $2 OR (k.created_at = $2 AND k.id > $3)) ORDER BY k.created_at DESC, k.id LIMIT $4");
        let rows: Vec<CallerTokenRow> = self.all(sqlx::AssertSqlSafe(sql), args![deployment_id, time, id, keyset.limit()]).await?;
        Ok(keyset.page(rows, |r| (r.created_at, r.id.clone()), |r| r))
    }
}

impl Tx {
    /// A token of a deployment that counts.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn caller_token(&mut self, deployment_id: &str, id: &str) -> Result<Option<CallerTokenRow>> {
        let now = self.now();
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} AND k.id = $2 AND k.expires_at > $3")), args![deployment_id, id, now]).await
    }

    /// Lets a token end at `at`, where it would end later.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn caller_token_ends(&mut self, id: &str, at: i64) -> Result<()> {
        self.access_changes();
        self.exec("UPDATE tokens SET expires_at = $2 WHERE id = $1 AND expires_at > $2", args![id, at]).await.map(drop)
    }

    /// Revokes a token of a deployment; its name, where there was one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn caller_token_revoke(&mut self, deployment_id: &str, id: &str) -> Result<Option<String>> {
        self.access_changes();
        let now = self.now();
        let row: Option<(String,)> = self
            .opt(
                "UPDATE tokens SET revoked_at = $3 WHERE id = $1 AND subject_kind = 'deployment' AND subject_id = $2 AND revoked_at IS NULL
                 RETURNING name",
                args![id, deployment_id, now],
            )
            .await?;
        Ok(row.map(|(name,)| name))
    }
}
