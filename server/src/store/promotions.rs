//! Promotions with their votes and comments. Their gates are in [`super::promotion_gates`].

use super::{Store, Tx};
use crate::{args, error::Result};
use app::api::promotions::PromotionState;
use std::fmt::Write;

/// A promotion.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the table; its migration says what they mean")]
pub struct PromotionRow {
    pub id: String,
    pub team_id: String,
    pub model_id: String,
    pub model: String,
    pub version_id: String,
    pub version: i64,
    pub stage: String,
    pub alias: String,
    pub current_version: Option<i64>,
    pub policy_revision: i64,
    #[sqlx(rename = "state")]
    pub state_text: String,
    pub reason: Option<String>,
    pub requested_by: String,
    pub requested_by_id: String,
    pub revision: i64,
    pub created_at: i64,
    pub state_since: i64,
    pub needed: Option<i64>,
}

impl PromotionRow {
    /// Its state; a word nobody knows counts as refused.
    pub fn state(&self) -> PromotionState {
        PromotionState::ALL.into_iter().find(|s| s.as_str() == self.state_text).unwrap_or(PromotionState::Refused)
    }
}

/// What a maintainer said, and whether they still are one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct VoteRow {
    /// Who.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
    /// Yes or no.
    pub approves: i64,
    /// Whether they may still say so: maintainer of the team or platform admin, and not disabled.
    pub counts: i64,
    /// The same when the promotion was over; absent while it is open.
    pub counted: Option<i64>,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CommentRow {
    /// Who.
    pub user_name: String,
    /// What.
    pub text: String,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// Which promotions of a team.
#[derive(Debug, Clone, Default)]
pub struct PromotionFilter<'a> {
    /// Of this model.
    pub model: Option<&'a str>,
    /// Of this version.
    pub version: Option<i64>,
    /// Only open ones.
    pub open: bool,
}

const COLUMNS: &str =
    "SELECT id, team_id, model_id, model, version_id, version, stage, alias, current_version, policy_revision, state, reason,
    requested_by, requested_by_id, revision, created_at, state_since, needed FROM promotions";

impl Store {
    /// A promotion of a team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion(&self, team_id: &str, id: &str) -> Result<Option<PromotionRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE team_id = $1 AND id = $2")), args![team_id, id]).await
    }

    /// Promotions of a team, newest first; those before one, where it is named.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_list(
        &self,
        team_id: &str,
        filter: &PromotionFilter<'_>,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<PromotionRow>> {
        let (mut sql, mut args) = (format!("{COLUMNS} WHERE team_id = $1"), args![team_id]);
        if let Some(before) = before {
            args.push(before.into());
            sql.push_str(" AND id < $2");
        }
        if let Some(model) = filter.model {
            args.push(model.into());
            let _ = write!(sql, " AND model = ${}", args.len());
        }
        if let Some(version) = filter.version {
            args.push(version.into());
            let _ = write!(sql, " AND version = ${}", args.len());
        }
        if filter.open {
            sql.push_str(" AND open_key IS NOT NULL");
        }
        args.push(limit.into());
        let _ = write!(sql, " ORDER BY id DESC LIMIT ${}", args.len());
        self.all(sqlx::AssertSqlSafe(sql), args).await
    }

    /// Every open promotion, of all teams.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotions_open(&self) -> Result<Vec<PromotionRow>> {
        self.all(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE open_key IS NOT NULL ORDER BY id")), vec![]).await
    }

    /// Votes in order, of `promotion_id`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_votes(&self, team_id: &str, promotion_id: &str) -> Result<Vec<VoteRow>> {
        self.all(VOTES, args![promotion_id, team_id]).await
    }

    /// What was said, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_comments(&self, promotion_id: &str) -> Result<Vec<CommentRow>> {
        self.all("SELECT user_name, text, at FROM promotion_comments WHERE promotion_id = $1 ORDER BY id", args![promotion_id]).await
    }

    /// Names of the maintainers of a team who can sign in, with their ids.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn maintainers_of(&self, team_id: &str) -> Result<Vec<(String, String)>> {
        self.all(MAINTAINERS, args![team_id]).await
    }
}

const VOTES: &str = "SELECT v.user_id, v.user_name, v.approves, v.at,
        CASE WHEN u.disabled = 0 AND (u.admin = 1 OR m.role = 'maintainer') THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS counts, v.counted
     FROM promotion_votes v JOIN users u ON u.id = v.user_id
     LEFT JOIN members m ON m.user_id = v.user_id AND m.team_id = $2
     WHERE v.promotion_id = $1 ORDER BY v.at, v.user_id";

const MAINTAINERS: &str = "SELECT u.id, u.name FROM members m JOIN users u ON u.id = m.user_id
     WHERE m.team_id = $1 AND m.role = 'maintainer' AND u.disabled = 0 ORDER BY u.name";

impl Tx {
    /// Inserts a promotion that is open; an open one for the same model and stage is superseded before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_insert(&mut self, row: &PromotionRow) -> Result<()> {
        let key = format!("{} {}", row.model_id, row.stage);
        self.exec(
            "INSERT INTO promotions (id, team_id, model_id, model, version_id, version, stage, alias, current_version, policy_revision, state,
                reason, requested_by, requested_by_id, open_key, revision, created_at, state_since)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1, $16, $16)",
            args![
                &row.id,
                &row.team_id,
                &row.model_id,
                &row.model,
                &row.version_id,
                row.version,
                &row.stage,
                &row.alias,
                row.current_version,
                row.policy_revision,
                &row.state_text,
                row.reason.as_deref(),
                &row.requested_by,
                &row.requested_by_id,
                key,
                row.created_at
            ],
        )
        .await
        .map(drop)
    }

    /// The open promotion of a model to a stage.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_open(&mut self, model_id: &str, stage: &str) -> Result<Option<PromotionRow>> {
        let key = format!("{model_id} {stage}");
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE open_key = $1")), args![key]).await
    }

    /// A promotion, as it is in this transaction.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion(&mut self, id: &str) -> Result<Option<PromotionRow>> {
        self.opt(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = $1")), args![id]).await
    }

    /// Moves a promotion that is at `row.revision`; whether it still was. It is open, or not, as its state says. Of one that is over, no gate
    /// stays unanswered.
    ///
    /// # Errors
    /// Another one is open for the model and stage; the database does not answer.
    pub async fn promotion_move(&mut self, row: &PromotionRow, state: PromotionState, reason: Option<&str>) -> Result<bool> {
        let key = state.is_open().then(|| format!("{} {}", row.model_id, row.stage));
        let since = if state == row.state() { row.state_since } else { self.now() };
        let n = self
            .exec(
                "UPDATE promotions SET state = $3, reason = $4, open_key = $5, state_since = $6, needed = NULL, revision = revision + 1
                 WHERE id = $1 AND revision = $2",
                args![&row.id, row.revision, state.as_str(), reason, key, since],
            )
            .await?;
        if n == 1 && !state.is_open() {
            self.promotion_gates_over(&row.id).await?;
        }
        Ok(n == 1)
    }

    /// Notes how many approvals one that is over needed, and which votes counted: whatever becomes of policy and maintainers, that was so.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_over(&mut self, row: &PromotionRow, needed: i64) -> Result<()> {
        for vote in self.promotion_votes(&row.team_id, &row.id).await? {
            self.exec(
                "UPDATE promotion_votes SET counted = $3 WHERE promotion_id = $1 AND user_id = $2",
                args![&row.id, vote.user_id, vote.counts],
            )
            .await?;
        }
        self.exec("UPDATE promotions SET needed = $2 WHERE id = $1", args![&row.id, needed]).await.map(drop)
    }

    /// Notes by what its gates are looked at.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_ground(&mut self, id: &str, alias: &str, policy_revision: i64, current: Option<i64>) -> Result<()> {
        self.exec(
            "UPDATE promotions SET alias = $2, policy_revision = $3, current_version = $4 WHERE id = $1",
            args![id, alias, policy_revision, current],
        )
        .await
        .map(drop)
    }

    /// A model has another name: its promotions are found by that.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotions_rename(&mut self, model_id: &str, name: &str) -> Result<()> {
        self.exec("UPDATE promotions SET model = $2 WHERE model_id = $1", args![model_id, name]).await.map(drop)
    }

    /// Takes the vote of a maintainer; the last one stands.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_vote(&mut self, id: &str, user_id: &str, user_name: &str, approves: bool) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO promotion_votes (promotion_id, user_id, user_name, approves, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (promotion_id, user_id) DO UPDATE SET approves = excluded.approves, at = excluded.at",
            args![id, user_id, user_name, approves, now],
        )
        .await
        .map(drop)
    }

    /// As [`Store::promotion_votes`].
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_votes(&mut self, team_id: &str, id: &str) -> Result<Vec<VoteRow>> {
        self.all(VOTES, args![id, team_id]).await
    }

    /// As [`Store::maintainers_of`].
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn maintainers_of(&mut self, team_id: &str) -> Result<Vec<(String, String)>> {
        self.all(MAINTAINERS, args![team_id]).await
    }

    /// Forgets what maintainers said, as it is asked anew.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_votes_clear(&mut self, id: &str) -> Result<()> {
        self.exec("DELETE FROM promotion_votes WHERE promotion_id = $1", args![id]).await.map(drop)
    }

    /// Keeps what was said.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn promotion_comment(&mut self, comment_id: &str, id: &str, user_name: &str, text: &str) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO promotion_comments (id, promotion_id, user_name, text, at) VALUES ($1, $2, $3, $4, $5)",
            args![comment_id, id, user_name, text, now],
        )
        .await
        .map(drop)
    }
}
