//! Notices: what people are told, how far the events were looked at for it, and what somebody does not want to be told.

use super::{Store, Tx, list};
use crate::{args, error::Result};
use app::api::members::Role;

/// An event that may be told of.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ToldRow {
    /// Place in the sequence.
    pub seq: i64,
    /// Milliseconds since 1970.
    pub time: i64,
    /// Team.
    pub team_id: String,
    /// Name of the team.
    pub team: String,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// Kind of the object.
    pub kind: String,
    /// Id of the object.
    pub object_id: String,
    /// Name of the object.
    pub object_name: String,
    /// JSON.
    pub before_json: Option<String>,
    /// JSON.
    pub after_json: Option<String>,
}

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct NoticeRow {
    /// Number of its event.
    pub seq: i64,
    /// Name of the team.
    pub team: String,
    /// A [`app::api::notices::NoticeKind`].
    pub kind: String,
    /// Id of the object.
    pub object_id: String,
    /// Name of the object.
    pub object_name: String,
    /// What happened.
    pub title: String,
    /// Why.
    pub detail: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub read_at: Option<i64>,
}

/// A notice to insert, for each of several people.
#[derive(Debug)]
pub struct NewNotice<'a> {
    /// Number of its event.
    pub seq: i64,
    /// Team.
    pub team_id: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Id of the object.
    pub object_id: &'a str,
    /// Name of the object.
    pub object_name: &'a str,
    /// What happened.
    pub title: &'a str,
    /// Why.
    pub detail: Option<&'a str>,
}

/// The counter that says how far the events were looked at.
const COUNTER: &str = "notices";
/// So many unread ones are counted.
const COUNTED: i64 = 100;

impl Store {
    /// How far the events were looked at, and the number of the last one. All up to there are committed.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notices_span(&self) -> Result<(i64, i64)> {
        let sql = "SELECT n.value, e.value FROM counters n, counters e WHERE n.name = $1 AND e.name = 'events'";
        Ok(self.opt::<(i64, i64)>(sql, args![COUNTER]).await?.unwrap_or_default())
    }

    /// The first events after `after`, up to `upto`, of the objects that are told of.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn events_told(&self, after: i64, upto: i64, limit: i64) -> Result<Vec<ToldRow>> {
        self.all(
            "SELECT e.seq, e.time, e.team_id, t.name AS team, e.actor, e.action, e.kind, e.object_id, e.object_name, e.before_json, e.after_json
             FROM events e JOIN teams t ON t.id = e.team_id
             WHERE e.seq > $1 AND e.seq <= $2 AND e.kind IN ('promotion', 'run', 'pipeline_run', 'deployment', 'notebook') ORDER BY e.seq LIMIT $3",
            args![after, upto, limit],
        )
        .await
    }

    /// Somebody's notices of teams that they may see, or of one of them, newest first, before the event `before`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notice_list(&self, user_id: &str, team_id: Option<&str>, before: i64, limit: i64) -> Result<Vec<NoticeRow>> {
        self.all(
            "SELECT n.seq, t.name AS team, n.kind, n.object_id, n.object_name, n.title, n.detail, n.created_at, n.read_at
             FROM notices n JOIN teams t ON t.id = n.team_id
             WHERE n.user_id = $1 AND n.seq < $2 AND ($4 = '' OR n.team_id = $4)
               AND (EXISTS (SELECT 1 FROM members m WHERE m.team_id = n.team_id AND m.user_id = n.user_id)
                    OR EXISTS (SELECT 1 FROM users u WHERE u.id = n.user_id AND u.admin = 1))
             ORDER BY n.seq DESC LIMIT $3",
            args![user_id, before, limit, team_id.unwrap_or_default()],
        )
        .await
    }

    /// How many of them are unread, at most 100.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notices_unread(&self, user_id: &str, team_id: Option<&str>) -> Result<i64> {
        let sql =
            "SELECT COUNT(*) FROM (SELECT n.seq FROM notices n WHERE n.user_id = $1 AND n.read_at IS NULL AND ($3 = '' OR n.team_id = $3)
               AND (EXISTS (SELECT 1 FROM members m WHERE m.team_id = n.team_id AND m.user_id = n.user_id)
                    OR EXISTS (SELECT 1 FROM users u WHERE u.id = n.user_id AND u.admin = 1)) LIMIT $2) unread";
        Ok(self.opt::<(i64,)>(sql, args![user_id, COUNTED, team_id.unwrap_or_default()]).await?.map_or(0, |r| r.0))
    }

    /// What somebody does not want to be told through `channel`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notice_silences(&self, user_id: &str, channel: &str) -> Result<Vec<String>> {
        let sql = "SELECT kind FROM notice_silences WHERE user_id = $1 AND channel = $2";
        Ok(self.all::<(String,)>(sql, args![user_id, channel]).await?.into_iter().map(|r| r.0).collect())
    }
}

impl Tx {
    /// Says that the events up to `to` were looked at; whether it was `from` until now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notices_advance(&mut self, from: i64, to: i64) -> Result<bool> {
        Ok(self.exec("UPDATE counters SET value = $3 WHERE name = $1 AND value = $2", args![COUNTER, from, to]).await? == 1)
    }

    /// Those of `user_ids` who may see the team, are not `actor`, and want to be told of `kind` through `channel`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notice_readers(
        &mut self,
        user_ids: &[String],
        team_id: &str,
        (kind, channel): (&str, &str),
        actor: &str,
    ) -> Result<Vec<String>> {
        let sql = list::sql_for(
            self.is_postgres(),
            "SELECT u.id FROM users u WHERE u.id IN (@TEXTS($1)) AND u.disabled = 0 AND u.name <> $5
               AND (u.admin = 1 OR EXISTS (SELECT 1 FROM members m WHERE m.team_id = $2 AND m.user_id = u.id))
               AND NOT EXISTS (SELECT 1 FROM notice_silences s WHERE s.user_id = u.id AND s.kind = $3 AND s.channel = $4)
             ORDER BY u.id",
        );
        let args = args![list::texts(user_ids), team_id, kind, channel, actor];
        Ok(self.all::<(String,)>(sql, args).await?.into_iter().map(|r| r.0).collect())
    }

    /// Who made a revision of a deployment, and who maintains the team; ids.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deployment_keepers(&mut self, team_id: &str, deployment_id: &str, number: i64) -> Result<Vec<String>> {
        let sql = "SELECT u.id FROM revisions r JOIN users u ON u.name = r.created_by WHERE r.team_id = $1 AND r.deployment_id = $2 AND r.number = $3";
        let mut out: Vec<String> =
            self.all::<(String,)>(sql, args![team_id, deployment_id, number]).await?.into_iter().map(|r| r.0).collect();
        out.extend(self.maintainers_of(team_id).await?.into_iter().map(|(id, _)| id));
        Ok(out)
    }

    /// Ids of the members of a team with at least this role.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn members_at_least(&mut self, team_id: &str, role: Role) -> Result<Vec<String>> {
        let roles = [Role::Viewer, Role::Editor, Role::Maintainer].into_iter().filter(|r| *r >= role).map(|r| r.as_str().to_owned());
        let sql = self.list_sql(
            "SELECT u.id FROM members m JOIN users u ON u.id = m.user_id WHERE m.team_id = $1 AND u.disabled = 0 AND m.role IN (@TEXTS($2))",
        );
        let rows: Vec<(String,)> = self.all(sql, args![team_id, list::texts(&roles.collect::<Vec<_>>())]).await?;
        Ok(rows.into_iter().map(|r| r.0).collect())
    }

    /// Id and name of the owner of a notebook.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notebook_owner(&mut self, team_id: &str, id: &str) -> Result<Option<(String, String)>> {
        self.opt(
            "SELECT u.id, u.name FROM notebooks n JOIN users u ON u.id = n.user_id WHERE n.team_id = $1 AND n.id = $2",
            args![team_id, id],
        )
        .await
    }

    /// Tells somebody.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notice_insert(&mut self, user_id: &str, n: &NewNotice<'_>) -> Result<()> {
        let now = self.now();
        self.exec(
            "INSERT INTO notices (user_id, seq, team_id, kind, object_id, object_name, title, detail, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            args![user_id, n.seq, n.team_id, n.kind, n.object_id, n.object_name, n.title, n.detail, now],
        )
        .await
        .map(drop)
    }

    /// Marks somebody's notices from `from` to `to` as read, or only those of one team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notices_read(&mut self, user_id: &str, team_id: Option<&str>, from: i64, to: i64) -> Result<u64> {
        let now = self.now();
        self.exec(
            "UPDATE notices SET read_at = $4
             WHERE user_id = $1 AND read_at IS NULL AND seq >= $2 AND seq <= $3 AND ($5 = '' OR team_id = $5)",
            args![user_id, from, to, now, team_id.unwrap_or_default()],
        )
        .await
    }

    /// Marks as read, for everybody, that a promotion waits: it does not any more; of how many people.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notices_over(&mut self, team_id: &str, promotion_id: &str) -> Result<u64> {
        let now = self.now();
        self.exec(
            "UPDATE notices SET read_at = $3 WHERE object_id = $2 AND team_id = $1 AND read_at IS NULL AND kind = 'promotion_waiting'",
            args![team_id, promotion_id, now],
        )
        .await
    }

    /// Makes `kinds` what somebody does not want to be told through `channel`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notice_silences_set(&mut self, user_id: &str, channel: &str, kinds: &[&str]) -> Result<()> {
        self.exec("DELETE FROM notice_silences WHERE user_id = $1 AND channel = $2", args![user_id, channel]).await?;
        for kind in kinds {
            self.exec("INSERT INTO notice_silences (user_id, kind, channel) VALUES ($1, $2, $3)", args![user_id, *kind, channel]).await?;
        }
        Ok(())
    }

    /// Drops what was told before `before`; how many.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn notices_prune(&mut self, before: i64) -> Result<u64> {
        self.exec("DELETE FROM notices WHERE created_at < $1", args![before]).await
    }
}
