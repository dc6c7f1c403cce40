//! Who may open a notebook in which browser: tickets that work once, and what they are exchanged for. Both by the hash of a secret.

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::State;

/// A ticket to insert.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns of the table")]
pub struct NewTicketRow<'a> {
    pub hash: &'a str,
    pub notebook_id: &'a str,
    pub user_id: &'a str,
    pub portal_session: Option<&'a str>,
    pub expires_at: i64,
}

/// A ticket with the names of its notebook and of whose it is.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table, and the names they stand for")]
pub struct TicketRow {
    pub notebook_id: String,
    pub user_id: String,
    pub owner: String,
    pub portal_session: Option<String>,
    pub expires_at: i64,
}

/// What the proxy needs to know about a browser that shows a notebook's cookie.
#[derive(Debug, Clone, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the tables")]
pub struct NotebookDoorRow {
    pub notebook_id: String,
    state: String,
    pub reason: Option<String>,
    pub workload_id: String,
    pub server_token: String,
    pub seen_at: i64,
    /// JSON of where it listens, while it runs.
    pub endpoint: Option<String>,
}

impl NotebookDoorRow {
    /// State of the notebook.
    pub fn state(&self) -> State {
        self.state.parse().unwrap_or(State::Failed)
    }
}

/// A browser is let in only as the owner, who must be enabled and editor of the team (or platform admin), at every request.
const MAY_OPEN: &str = "n.user_id = s.user_id AND u.disabled = 0 AND (u.admin <> 0 OR m.role IN ('editor', 'maintainer'))";

impl Store {
    /// What a browser's cookie opens, where it still opens anything. `idle_since` and `born_since`: sessions last seen, or made, before
    /// have ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_session(
        &self,
        hash: &str,
        team: &str,
        name: &str,
        idle_since: i64,
        born_since: i64,
    ) -> Result<Option<NotebookDoorRow>> {
        let sql = format!(
            "SELECT n.id AS notebook_id, n.state, n.reason, n.workload_id, n.server_token, s.seen_at, w.endpoint
             FROM notebook_sessions s JOIN notebooks n ON n.id = s.notebook_id JOIN teams t ON t.id = n.team_id
             JOIN users u ON u.id = s.user_id LEFT JOIN members m ON m.team_id = n.team_id AND m.user_id = s.user_id
             LEFT JOIN workloads w ON w.id = n.workload_id AND w.state = 'running'
             WHERE s.hash = $1 AND t.name = $2 AND n.name = $3 AND s.seen_at > $4 AND s.created_at > $5 AND {MAY_OPEN}"
        );
        self.opt(sqlx::AssertSqlSafe(sql), args![hash, team, name, idle_since, born_since]).await
    }

    /// A ticket of this notebook that was not used, with whose notebook it is.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_ticket(&self, hash: &str, team: &str, name: &str) -> Result<Option<TicketRow>> {
        let now = self.clock().now();
        self.opt(
            "SELECT k.notebook_id, k.user_id, u.name AS owner, k.portal_session, k.expires_at FROM notebook_tickets k
             JOIN notebooks n ON n.id = k.notebook_id JOIN teams t ON t.id = n.team_id JOIN users u ON u.id = k.user_id
             WHERE k.hash = $1 AND t.name = $2 AND n.name = $3 AND k.expires_at > $4",
            args![hash, team, name, now],
        )
        .await
    }
}

impl Tx {
    /// Inserts a ticket; drops those that nobody used in time.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_ticket_insert(&mut self, t: &NewTicketRow<'_>) -> Result<()> {
        let now = self.now();
        self.exec("DELETE FROM notebook_tickets WHERE expires_at <= $1", args![now]).await?;
        self.exec(
            "INSERT INTO notebook_tickets (hash, notebook_id, user_id, portal_session, expires_at) VALUES ($1, $2, $3, $4, $5)",
            args![t.hash, t.notebook_id, t.user_id, t.portal_session, t.expires_at],
        )
        .await
        .map(drop)
    }

    /// Uses a ticket up; whether it was there to use.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_ticket_use(&mut self, hash: &str) -> Result<bool> {
        let now = self.now();
        let n = self.exec("DELETE FROM notebook_tickets WHERE hash = $1 AND expires_at > $2", args![hash, now]).await?;
        Ok(n == 1)
    }

    /// Lets a browser in.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_session_insert(&mut self, hash: &str, ticket: &TicketRow) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO notebook_sessions (hash, notebook_id, user_id, portal_session, created_at, seen_at) VALUES ($1, $2, $3, $4, $5, $5)",
            args![hash, &ticket.notebook_id, &ticket.user_id, ticket.portal_session.as_deref(), now],
        )
        .await
        .map(drop)
    }

    /// Remembers that a browser was seen.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_session_seen(&mut self, hash: &str) -> Result<()> {
        let now = self.now();
        self.exec("UPDATE notebook_sessions SET seen_at = $2 WHERE hash = $1", args![hash, now]).await.map(drop)
    }

    /// Drops sessions of browsers last seen before `idle_since` or made before `born_since`; how many.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_sessions_expire(&mut self, idle_since: i64, born_since: i64) -> Result<u64> {
        self.exec("DELETE FROM notebook_sessions WHERE seen_at <= $1 OR created_at <= $2", args![idle_since, born_since]).await
    }

    /// Ends what was opened out of a session of the portal, which ends as well.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_sessions_end_with(&mut self, portal_session: &str) -> Result<()> {
        for sql in ["DELETE FROM notebook_tickets WHERE portal_session = $1", "DELETE FROM notebook_sessions WHERE portal_session = $1"] {
            self.exec(sql, args![portal_session]).await?;
        }
        Ok(())
    }

    /// Ends what a user has open.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_sessions_end_of(&mut self, user_id: &str) -> Result<()> {
        for sql in ["DELETE FROM notebook_tickets WHERE user_id = $1", "DELETE FROM notebook_sessions WHERE user_id = $1"] {
            self.exec(sql, args![user_id]).await?;
        }
        Ok(())
    }
}
