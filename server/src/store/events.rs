//! The one sequence of events. A row is written in the transaction of its change; `seq` follows the order of commits.

use super::{Arg, Store, Tx, keyset::Keyset, run_tags::chunk};
use crate::{args, error::Result};
use app::api::{changes::kinds, events::EventQuery, page::Page};
use serde_json::Value;
use std::fmt::Write;

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

/// What is written of an event.
const PUT: &str = "seq, time, team_id, actor, action, kind, object_id, object_name, revision, before_json, after_json";

/// In the order of [`PUT`].
fn values(seq: i64, now: i64, event: &NewEvent<'_>) -> Vec<Arg> {
    let json = |v: &Option<Value>| v.as_ref().map(Value::to_string);
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
    ]
}

impl Tx {
    /// Records an event, and tells the live streams after the commit.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn event(&mut self, event: NewEvent<'_>) -> Result<i64> {
        let seq = self.next("events").await?;
        self.events_put(seq, std::slice::from_ref(&event)).await?;
        Ok(seq)
    }

    /// The same for several things at once, in this order.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn events(&mut self, events: &[NewEvent<'_>]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let first = self.next_many("events", events.len() as i64).await?;
        self.events_put(first, events).await
    }

    async fn events_put(&mut self, mut seq: i64, events: &[NewEvent<'_>]) -> Result<()> {
        let (now, mut rest) = (self.now(), events);
        while !rest.is_empty() {
            let (part, later) = rest.split_at(chunk(rest.len()));
            let args: Vec<Arg> = part.iter().zip(seq..).flat_map(|(event, seq)| values(seq, now, event)).collect();
            let sql = self.values_sql(&format!("INSERT INTO events ({PUT})"), PUT.split(',').count(), part.len(), "");
            self.exec(sql, args).await?;
            (seq, rest) = (seq + part.len() as i64, later);
        }
        for event in events {
            debug_assert!(kinds::RECORDED.contains(&event.kind), "{} is no kind that events are filtered by", event.kind);
            self.changed(event.team_id, event.kind, event.object_id, event.revision);
        }
        self.wakes();
        Ok(())
    }
}

impl Store {
    /// Events, newest first, of one team or (`None`) of the whole platform.
    ///
    /// # Errors
    /// A page token that is not ours; the database does not answer.
    pub async fn event_list(&self, team_id: Option<&str>, query: &EventQuery) -> Result<Page<EventRow>> {
        let keyset = Keyset::<i64>::new(query.page_size, query.page_token.as_deref())?;
        // Only the filters that are there: each then has its index.
        let mut sql = String::from(
            "SELECT e.seq, e.time, t.name AS team, e.actor, e.action, e.kind, e.object_id, e.object_name, e.before_json, e.after_json
             FROM events e LEFT JOIN teams t ON t.id = e.team_id WHERE e.seq < $1",
        );
        let mut args = args![keyset.after.unwrap_or(i64::MAX)];
        let filters = [
            ("e.team_id", team_id),
            ("e.actor", query.actor.as_deref()),
            ("e.action", query.action.as_deref()),
            ("e.kind", query.kind.as_deref()),
            ("e.object_id", query.object_id.as_deref()),
        ];
        for (column, value) in filters.into_iter().filter_map(|(c, v)| v.filter(|v| !v.is_empty()).map(|v| (c, v))) {
            args.push(value.into());
            let _ = write!(sql, " AND {column} = ${}", args.len());
        }
        args.push(keyset.limit().into());
        let _ = write!(sql, " ORDER BY e.seq DESC LIMIT ${}", args.len());
        let rows: Vec<EventRow> = self.all(sqlx::AssertSqlSafe(sql), args).await?;
        Ok(keyset.page(rows, |r| r.seq, |r| r))
    }
}
