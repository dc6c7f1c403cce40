//! The search over runs.
//!
//! A page costs about as much as its rows, not as the table: the order by start time walks an index of the experiment, the order by a
//! metric, a parameter or a tag walks the index of its values, first those that have one, then what is not a number, then the rest. Several
//! experiments are walked side by side and merged. A condition that few runs meet leads the way instead ([`Driver`]).

use super::{
    Store,
    run_search_sql::{Driver, MERGED, Query, candidates, phases, probe},
    runs::RunRow,
};
use crate::{
    args,
    error::Result,
    records::search::{Condition, Order, RunAttribute, RunField, View},
};
use serde::{Deserialize, Serialize};

/// Where to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All experiments of the team.
    Team,
    /// These, by internal key; the caller has checked that they are the team's.
    Experiments(Vec<i64>),
}

/// A search over the runs of a team.
#[derive(Debug, Clone)]
pub struct RunSearch<'a> {
    /// The team.
    pub team_id: &'a str,
    /// Where.
    pub scope: Scope,
    /// What has to hold.
    pub conditions: &'a [Condition<RunField>],
    /// In which order; then newest first, then by id.
    pub order: &'a [Order<RunField>],
    /// Active or deleted ones.
    pub view: View,
}

/// Where a page ended. Numbers are kept, so that a metric that moves on does not move the page; texts are looked up in the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCursor {
    pub(super) run: String,
    pub(super) started_at: i64,
    pub(super) marks: Vec<Mark>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mark {
    Missing,
    Nan,
    /// Bits of a floating-point number: JSON has no infinity.
    Real(u64),
    Int(i64),
    Text,
}

impl Store {
    /// A page of runs after the end of the page before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_search(&self, search: &RunSearch<'_>, after: Option<&RunCursor>, limit: i64) -> Result<Vec<RunRow>> {
        let search = &self.merged(search).await?;
        let texts = match after {
            Some(cursor) => self.cursor_texts(search, cursor).await?,
            None => vec![],
        };
        let first = after.and_then(|c| c.marks.first().copied());
        let driver = self.driver(search).await?;
        let mut out: Vec<RunRow> = Vec::new();
        for (i, phase) in phases(search, first).into_iter().enumerate() {
            let wanted = limit - out.len() as i64;
            if wanted <= 0 {
                break;
            }
            // Only the phase in which the page before ended begins in its midst.
            let cursor = after.filter(|_| i == 0);
            let (sql, args) = Query::new(search, phase, self.db().is_postgres()).led_by(driver).after(cursor, &texts).build(wanted);
            out.extend(self.all::<RunRow>(sql, args).await?);
        }
        Ok(out)
    }

    /// A team with few experiments is searched side by side in each: the indexes of most orders begin with the experiment.
    async fn merged<'a>(&self, search: &RunSearch<'a>) -> Result<RunSearch<'a>> {
        let mut search = search.clone();
        let walked = matches!(search.order.first().map(|o| &o.field), None | Some(RunField::Attribute(RunAttribute::StartTime)));
        if search.scope == Scope::Team && !walked {
            let sql = "SELECT key FROM experiments WHERE team_id = $1 ORDER BY key LIMIT $2";
            let keys = self.all::<(i64,)>(sql, args![search.team_id, MERGED as i64 + 1]).await?;
            if (1..=MERGED).contains(&keys.len()) {
                search.scope = Scope::Experiments(keys.into_iter().map(|k| k.0).collect());
            }
        }
        Ok(search)
    }

    /// The condition that the fewest runs meet, where they are few. SQLite is told; PostgreSQL knows from its statistics.
    async fn driver(&self, search: &RunSearch<'_>) -> Result<Option<Driver>> {
        if self.db().is_postgres() {
            return Ok(None);
        }
        let mut best: Option<(i64, Driver)> = None;
        for driver in candidates(search) {
            let (sql, args) = probe(search, driver);
            let (count,) = self.opt::<(i64,)>(sql, args).await?.unwrap_or((i64::MAX,));
            if count <= Driver::FEW && best.is_none_or(|(least, _)| count < least) {
                best = Some((count, driver));
            }
        }
        Ok(best.map(|b| b.1))
    }

    /// How the database goes about the first page of a search, in its own words; for tests and for measuring.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_search_plan(&self, search: &RunSearch<'_>, limit: i64) -> Result<Vec<String>> {
        let search = &self.merged(search).await?;
        let (mut out, driver) = (Vec::new(), self.driver(search).await?);
        for phase in phases(search, None) {
            let postgres = self.db().is_postgres();
            let (sql, args) = Query::new(search, phase, postgres).led_by(driver).build(limit);
            let explain = if postgres { "EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF)" } else { "EXPLAIN QUERY PLAN" };
            let sql = sqlx::AssertSqlSafe(format!("{explain} {}", sql.as_str()));
            if postgres {
                out.extend(self.all::<(String,)>(sql, args).await?.into_iter().map(|r| r.0));
            } else {
                out.extend(self.all::<(i64, i64, i64, String)>(sql, args).await?.into_iter().map(|r| r.3));
            }
        }
        Ok(out)
    }

    /// Where a page that ends with `row` ends.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_cursor(&self, order: &[Order<RunField>], row: &RunRow) -> Result<RunCursor> {
        let mut marks = Vec::with_capacity(order.len());
        for order in order {
            marks.push(match &order.field {
                RunField::Attribute(RunAttribute::StartTime) => Mark::Int(row.started_at),
                RunField::Attribute(RunAttribute::EndTime) => row.ended_at.map_or(Mark::Missing, Mark::Int),
                RunField::Metric(key) => {
                    let sql = "SELECT value, is_nan FROM latest_metrics WHERE run_key = $1 AND key = $2";
                    match self.opt::<(f64, i64)>(sql, args![row.key, key]).await? {
                        None => Mark::Missing,
                        Some((value, 0)) => Mark::Real(value.to_bits()),
                        Some(_) => Mark::Nan,
                    }
                }
                RunField::Param(_) | RunField::Tag(_) => match self.pair(row, &order.field).await? {
                    None => Mark::Missing,
                    Some(_) => Mark::Text,
                },
                RunField::Attribute(_) | RunField::Dataset(_) => Mark::Text,
            });
        }
        Ok(RunCursor { run: row.id.clone(), started_at: row.started_at, marks })
    }

    async fn pair(&self, row: &RunRow, field: &RunField) -> Result<Option<String>> {
        let found: Option<(String,)> = match field {
            RunField::Param(key) => self.opt("SELECT value FROM params WHERE run_key = $1 AND key = $2", args![row.key, key]).await?,
            RunField::Tag(key) => self.opt("SELECT value FROM run_tags WHERE run_key = $1 AND key = $2", args![row.key, key]).await?,
            _ => None,
        };
        Ok(found.map(|f| f.0))
    }

    /// The texts of a cursor, one for each field of the order.
    async fn cursor_texts(&self, search: &RunSearch<'_>, cursor: &RunCursor) -> Result<Vec<String>> {
        let mut texts = vec![String::new(); search.order.len()];
        if !cursor.marks.contains(&Mark::Text) {
            return Ok(texts);
        }
        let Some(row) = self.run(search.team_id, &cursor.run).await? else { return Ok(texts) };
        for (text, order) in texts.iter_mut().zip(search.order) {
            *text = match &order.field {
                RunField::Attribute(RunAttribute::RunId) => row.id.clone(),
                RunField::Attribute(RunAttribute::RunName) => row.name.clone(),
                RunField::Attribute(RunAttribute::UserId) => row.user_name.clone(),
                RunField::Attribute(RunAttribute::Status) => row.status.clone(),
                RunField::Attribute(RunAttribute::ArtifactUri) => row.artifact_uri.clone(),
                field => self.pair(&row, field).await?.unwrap_or_default(),
            };
        }
        Ok(texts)
    }
}
