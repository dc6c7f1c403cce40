//! Mails on their way, and the addresses that people gave.

use super::{Store, Tx};
use crate::{args, error::Result};

/// A mail that is due.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct MailRow {
    /// Id.
    pub id: String,
    /// To whom.
    pub user_id: String,
    /// Their address; none where they took it away, may no longer sign in, or left the team.
    pub address: Option<String>,
    /// Subject.
    pub subject: String,
    /// Text.
    pub body: String,
    /// Attempts that are left, the one that is due among them.
    pub tries_left: i64,
}

impl Store {
    /// Somebody's mail address, and what was wrong with the last mail to it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mail_address(&self, user_id: &str) -> Result<Option<(String, Option<String>)>> {
        self.opt("SELECT address, problem FROM mail_addresses WHERE user_id = $1", args![user_id]).await
    }

    /// What is due at `now`, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mails_due(&self, now: i64, limit: i64) -> Result<Vec<MailRow>> {
        self.all(
            "SELECT m.id, m.user_id, a.address, m.subject, m.body, m.tries_left FROM mails m JOIN users u ON u.id = m.user_id
             LEFT JOIN mail_addresses a ON a.user_id = m.user_id AND u.disabled = 0
               AND (u.admin = 1 OR EXISTS (SELECT 1 FROM members t WHERE t.team_id = m.team_id AND t.user_id = m.user_id))
             WHERE m.next_at <= $1 ORDER BY m.next_at, m.id LIMIT $2",
            args![now, limit],
        )
        .await
    }
}

impl Tx {
    /// Sets or takes away somebody's mail address.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mail_address_set(&mut self, user_id: &str, address: Option<&str>) -> Result<()> {
        let Some(address) = address else {
            return self.exec("DELETE FROM mail_addresses WHERE user_id = $1", args![user_id]).await.map(drop);
        };
        self.exec(
            "INSERT INTO mail_addresses (user_id, address) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE SET problem = CASE WHEN mail_addresses.address = excluded.address THEN mail_addresses.problem END,
                 address = excluded.address",
            args![user_id, address],
        )
        .await
        .map(drop)
    }

    /// Those of `user_ids` that gave an address.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mail_readers(&mut self, user_ids: &[String]) -> Result<Vec<String>> {
        let sql =
            super::list::sql_for(self.is_postgres(), "SELECT user_id FROM mail_addresses WHERE user_id IN (@TEXTS($1)) ORDER BY user_id");
        Ok(self.all::<(String,)>(sql, args![super::list::texts(user_ids)]).await?.into_iter().map(|r| r.0).collect())
    }

    /// Queues a mail about something of a team, due at once.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mail_insert(
        &mut self,
        id: &str,
        (team_id, user_id): (&str, &str),
        (subject, body): (&str, &str),
        tries: i64,
    ) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO mails (id, user_id, team_id, subject, body, tries_left, next_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
            args![id, user_id, team_id, subject, body, tries, now],
        )
        .await
        .map(drop)
    }

    /// Has a mail sent again later.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mail_again(&mut self, id: &str, next_at: i64) -> Result<()> {
        self.exec("UPDATE mails SET next_at = $2, tries_left = tries_left - 1 WHERE id = $1", args![id, next_at]).await.map(drop)
    }

    /// Drops a mail: it was handed over, or is given up.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mail_end(&mut self, id: &str) -> Result<()> {
        self.exec("DELETE FROM mails WHERE id = $1", args![id]).await.map(drop)
    }

    /// Says what was wrong with the last mail to somebody's address; nothing where it went well, or where they have another by now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn mail_problem(&mut self, user_id: &str, address: &str, problem: Option<&str>) -> Result<()> {
        let sql = "UPDATE mail_addresses SET problem = $3 WHERE user_id = $1 AND address = $2";
        self.exec(sql, args![user_id, address, problem]).await.map(drop)
    }
}
