//! The one sequence of events. A row is written in the transaction of its change; `seq` follows the order of commits.

use super::{Store, Tx, keyset::Keyset};
use crate::{args, error::Result};
use app::api::{events::EventQuery, page::Page};
use serde_json::Value;

/// An event to record.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    /// The team it belongs to; none for what belongs to the platform.
    pub team_id: Option<&'a str>,
    /// A user's name, `run:{id}`, `notebook:{id}`, `slipway`.
    pub actor: &'a str,
    /// `create`, `update`, `start`, ...
    pub action: &'a str,
    /// `notebook`, `run`, ...
    pub kind: &'a str,
    /// Id of the object.
    pub object_id: &'a str,
    /// Name of the object, for people.
    pub object_name: &'a str,
    /// Its revision after the change, where it has one.
    pub revision: i64,
    /// Before, without secrets.
    pub before: Option<Value>,
    /// After, without secrets.
    pub after: Option<Value>,
}

/// A recorded event.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct EventRow {
    /// Place in the sequence.
    pub seq: i64,
    /// Milliseconds since 1970.
    pub time: i64,
    /// Name of the team.
    pub team: Option<String>,
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

impl Tx {
    /// Records an event, and tells the live streams after the commit.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn event(&mut self, event: NewEvent<'_>) -> Result<i64> {
        let seq = self.next("events").await?;
        let now = self.now();
        let json = |v: &Option<Value>| v.as_ref().map(Value::to_string);
        self.exec(
            "INSERT INTO events (seq, time, team_id, actor, action, kind, object_id, object_name, revision, before_json, after_json)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            args![
                seq,
                now,
                event.team_id,
                event.actor,
                event.action,
                event.kind,
                event.object_id,
                event.object_name,
                event.revision,
                json(&event.before),
                json(&event.after)
            ],
        )
        .await?;
        self.changed(event.team_id, event.kind, event.object_id, event.revision);
        Ok(seq)
    }
}

impl Store {
    /// Events, newest first, of one team or (`None`) of the whole platform.
    ///
    /// # Errors
    /// A page token that is not ours; the database does not answer.
    pub async fn event_list(&self, team_id: Option<&str>, query: &EventQuery) -> Result<Page<EventRow>> {
        let keyset = Keyset::<i64>::new(query.page_size, query.page_token.as_deref())?;
        let rows: Vec<EventRow> = self
            .all(
                "SELECT e.seq, e.time, t.name AS team, e.actor, e.action, e.kind, e.object_id, e.object_name, e.before_json, e.after_json
                 FROM events e LEFT JOIN teams t ON t.id = e.team_id
                 WHERE ($1 IS NULL OR e.team_id = $1) AND e.seq < $2
                   AND ($3 IS NULL OR e.actor = $3) AND ($4 IS NULL OR e.action = $4)
                   AND ($5 IS NULL OR e.kind = $5) AND ($6 IS NULL OR e.object_id = $6)
                 ORDER BY e.seq DESC LIMIT $7",
                args![
                    team_id,
                    keyset.after.unwrap_or(i64::MAX),
                    query.actor.as_deref().filter(|s| !s.is_empty()),
                    query.action.as_deref().filter(|s| !s.is_empty()),
                    query.kind.as_deref().filter(|s| !s.is_empty()),
                    query.object_id.as_deref().filter(|s| !s.is_empty()),
                    keyset.limit()
                ],
            )
            .await?;
        Ok(keyset.page(rows, |r| r.seq, |r| r))
    }
}
