//! Webhooks of teams.

use super::{Store, Tx};
use crate::{args, error::Result};

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct WebhookRow {
    /// Id.
    pub id: String,
    /// Team.
    pub team_id: String,
    /// Name in the team.
    pub name: String,
    /// Where notices are posted to.
    pub url: String,
    /// Kinds of notices, a JSON list.
    pub kinds_json: String,
    enabled: i64,
    /// What signs, sealed.
    pub sealed: String,
    /// What signed before.
    pub sealed_before: Option<String>,
    /// When what signs was made anew, milliseconds since 1970.
    pub rotated_at: Option<i64>,
    /// Who made it.
    pub created_by: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Counts up with each change.
    pub revision: i64,
}

impl WebhookRow {
    /// Whether anything is sent.
    pub const fn enabled(&self) -> bool {
        self.enabled != 0
    }
}

/// A webhook to insert.
#[derive(Debug)]
pub struct NewWebhookRow<'a> {
    /// Id.
    pub id: &'a str,
    /// Team.
    pub team_id: &'a str,
    /// Name in the team.
    pub name: &'a str,
    /// Where notices are posted to.
    pub url: &'a str,
    /// Kinds of notices, a JSON list.
    pub kinds_json: &'a str,
    /// What signs, sealed.
    pub sealed: &'a str,
    /// Who makes it.
    pub created_by: &'a str,
}

const COLUMNS: &str =
    "SELECT id, team_id, name, url, kinds_json, enabled, sealed, sealed_before, rotated_at, created_by, created_at, revision
     FROM webhooks WHERE team_id = $1";

fn sql(rest: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("{COLUMNS} {rest}"))
}

impl Store {
    /// A webhook of a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn webhook(&self, team_id: &str, name: &str) -> Result<Option<WebhookRow>> {
        self.opt(sql("AND name = $2"), args![team_id, name]).await
    }

    /// Webhooks of a team by name, after `after`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn webhook_list(&self, team_id: &str, after: &str, limit: i64) -> Result<Vec<WebhookRow>> {
        self.all(sql("AND name > $2 ORDER BY name LIMIT $3"), args![team_id, after, limit]).await
    }
}

impl Tx {
    /// The webhooks of a team to which something is sent.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn webhooks_enabled(&mut self, team_id: &str) -> Result<Vec<WebhookRow>> {
        self.all(sql("AND enabled = 1 ORDER BY id"), args![team_id]).await
    }

    /// How many a team has.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn webhook_count(&mut self, team_id: &str) -> Result<i64> {
        let row: Option<(i64,)> = self.opt("SELECT COUNT(*) FROM webhooks WHERE team_id = $1", args![team_id]).await?;
        Ok(row.map_or(0, |r| r.0))
    }

    /// Inserts a webhook, which is on.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn webhook_insert(&mut self, w: &NewWebhookRow<'_>) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO webhooks (id, team_id, name, url, kinds_json, enabled, sealed, created_by, created_at, revision)
             VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, 1)",
            args![w.id, w.team_id, w.name, w.url, w.kinds_json, w.sealed, w.created_by, now],
        )
        .await
        .map(drop)
    }

    /// Writes what may change of a webhook whose revision is still `seen`; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn webhook_update(&mut self, (id, seen): (&str, i64), url: &str, kinds_json: &str, enabled: bool) -> Result<bool> {
        let sql = "UPDATE webhooks SET url = $3, kinds_json = $4, enabled = $5, revision = revision + 1 WHERE id = $1 AND revision = $2";
        Ok(self.exec(sql, args![id, seen, url, kinds_json, enabled]).await? == 1)
    }

    /// Has another secret sign a webhook whose revision is still `seen`; whether it was.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn webhook_rotate(&mut self, (id, seen): (&str, i64), sealed: &str) -> Result<bool> {
        let now = self.now();
        let sql = "UPDATE webhooks SET sealed_before = sealed, sealed = $3, rotated_at = $4, revision = revision + 1 WHERE id = $1 AND revision = $2";
        Ok(self.exec(sql, args![id, seen, sealed, now]).await? == 1)
    }

    /// Drops a webhook and its deliveries.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn webhook_remove(&mut self, id: &str) -> Result<()> {
        self.exec("DELETE FROM webhooks WHERE id = $1", args![id]).await.map(drop)
    }
}
