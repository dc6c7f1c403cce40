//! The search over runs.
//!
//! A page costs about as much as its rows, not as the table: the order by start time walks an index of the experiment, the order by a
//! metric, a parameter or a tag walks the index of its values, first those that have one, then what is not a number, then the rest
//! ([`Phase`]). Several experiments are walked side by side and merged.

use super::{
    Arg, Store,
    runs::{RunRow, run_columns},
    sql::{SortColumn, Sql, after},
};
use crate::{
    args,
    error::Result,
    records::search::{Condition, DatasetField, Op, Order, RunAttribute, RunField, View},
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
    run: String,
    started_at: i64,
    marks: Vec<Mark>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Mark {
    Missing,
    Nan,
    /// Bits of a floating-point number: JSON has no infinity.
    Real(u64),
    Int(i64),
    Text,
}

/// The largest number of experiments that are merged; above it they are sorted.
const MERGED: usize = 16;

/// Which part of the rows, as to the first field of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// All at once: the first field is one of the run itself.
    All,
    /// Those that have a value.
    Present,
    /// Those whose value is not a number.
    Nan,
    /// Those that have none.
    Missing,
}

impl Store {
    /// A page of runs after the end of the page before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_search(&self, search: &RunSearch<'_>, after: Option<&RunCursor>, limit: i64) -> Result<Vec<RunRow>> {
        let texts = match after {
            Some(cursor) => self.cursor_texts(search, cursor).await?,
            None => vec![],
        };
        let first = after.and_then(|c| c.marks.first().copied());
        let mut out: Vec<RunRow> = Vec::new();
        for (i, phase) in phases(search.order, first).into_iter().enumerate() {
            let wanted = limit - out.len() as i64;
            if wanted <= 0 {
                break;
            }
            // Only the phase in which the page before ended begins in its midst.
            let cursor = after.filter(|_| i == 0);
            let (sql, args) = Query { search, phase, cursor, texts: &texts, sql: Sql::new(self.db().is_postgres()) }.build(wanted);
            out.extend(self.all::<RunRow>(sql, args).await?);
        }
        Ok(out)
    }

    /// How the database goes about the first page of a search, in its own words; for tests and for measuring.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_search_plan(&self, search: &RunSearch<'_>, limit: i64) -> Result<Vec<String>> {
        let mut out = Vec::new();
        for phase in phases(search.order, None) {
            let postgres = self.db().is_postgres();
            let (sql, args) = Query { search, phase, cursor: None, texts: &[], sql: Sql::new(postgres) }.build(limit);
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

fn phases(order: &[Order<RunField>], begun: Option<Mark>) -> Vec<Phase> {
    let all = match order.first().map(|o| &o.field) {
        Some(RunField::Metric(_)) => vec![Phase::Present, Phase::Nan, Phase::Missing],
        Some(RunField::Param(_) | RunField::Tag(_)) => vec![Phase::Present, Phase::Missing],
        _ => return vec![Phase::All],
    };
    let from = match begun {
        Some(Mark::Missing) => Phase::Missing,
        Some(Mark::Nan) => Phase::Nan,
        _ => Phase::Present,
    };
    all.into_iter().skip_while(|p| *p != from).collect()
}

struct Query<'a> {
    search: &'a RunSearch<'a>,
    phase: Phase,
    cursor: Option<&'a RunCursor>,
    texts: &'a [String],
    sql: Sql,
}

impl Query<'_> {
    fn build(mut self, limit: i64) -> (sqlx::SqlStr, Vec<Arg>) {
        let scopes: Vec<Scope> = match &self.search.scope {
            Scope::Experiments(keys) if keys.len() <= MERGED => keys.iter().map(|k| Scope::Experiments(vec![*k])).collect(),
            other => vec![other.clone()],
        };
        let mut members = Vec::with_capacity(scopes.len());
        let mut sort = String::new();
        for (i, scope) in scopes.iter().enumerate() {
            let (member, directions) = self.member(scope, limit);
            members.push(format!("SELECT * FROM ({member}) m{i}"));
            sort = directions.iter().enumerate().map(|(i, d)| format!("u.s{i}{d}")).collect::<Vec<_>>().join(", ");
        }
        let members = members.join(" UNION ALL ");
        let text = format!(
            "SELECT {} FROM ({members}) u JOIN runs r ON r.key = u.k JOIN experiments e ON e.key = r.experiment_key ORDER BY {sort} LIMIT {}",
            run_columns!(),
            self.sql.bind(limit)
        );
        self.sql.finish(&text)
    }

    /// The rows of one scope: internal key `k`, columns to sort by `s0`, `s1`, ... and their directions.
    fn member(&mut self, scope: &Scope, limit: i64) -> (String, Vec<&'static str>) {
        let mut from = String::from("runs r");
        let mut wheres = Vec::new();
        let mut columns = Vec::new();
        for i in 0..self.search.order.len() {
            self.order(i, scope, &mut from, &mut wheres, &mut columns);
        }
        let has_start = self.search.order.iter().any(|o| o.field == RunField::Attribute(RunAttribute::StartTime));
        if !has_start {
            let after = self.cursor.map(|c| c.started_at).map(|t| self.sql.bind(t));
            columns.push(SortColumn { expression: "r.started_at".into(), descending: true, after });
        }
        let last = self.cursor.map(|c| c.run.clone()).map(|id| self.sql.bind(id));
        columns.push(SortColumn { expression: "r.id".into(), descending: false, after: last });

        wheres.push(self.scope("r", scope));
        wheres.push(match self.search.view {
            View::Active => "r.lifecycle = 'active'".into(),
            View::Deleted => "r.lifecycle = 'deleted'".into(),
            View::All => "r.lifecycle IN ('active', 'deleted')".into(),
        });
        for condition in self.search.conditions {
            wheres.push(condition_sql(&mut self.sql, condition));
        }
        if self.cursor.is_some() {
            wheres.extend(after(&columns).map(|c| format!("({c})")));
        }
        let selected = columns.iter().enumerate().map(|(i, c)| format!(", {} AS s{i}", c.expression)).collect::<String>();
        let sort = columns.iter().map(|c| format!("{}{}", c.expression, c.direction())).collect::<Vec<_>>().join(", ");
        let wheres = wheres.join(" AND ");
        let limit = self.sql.bind(limit);
        let text = format!("SELECT r.key AS k{selected} FROM {from} WHERE {wheres} ORDER BY {sort} LIMIT {limit}");
        (text, columns.iter().map(SortColumn::direction).collect())
    }

    fn scope(&mut self, table: &str, scope: &Scope) -> String {
        match scope {
            Scope::Team if table == "r" => format!("r.team_id = {}", self.sql.bind(self.search.team_id)),
            Scope::Team => {
                format!("{table}.experiment_key IN (SELECT key FROM experiments WHERE team_id = {})", self.sql.bind(self.search.team_id))
            }
            Scope::Experiments(keys) if keys.len() == 1 => format!("{table}.experiment_key = {}", self.sql.bind(keys[0])),
            Scope::Experiments(keys) => format!("{table}.experiment_key IN (@INTS({}))", self.sql.bind(super::list::ints(keys))),
        }
    }

    /// Adds the `i`th field of the order: its table, its conditions, its columns.
    fn order(&mut self, i: usize, scope: &Scope, from: &mut String, wheres: &mut Vec<String>, columns: &mut Vec<SortColumn>) {
        let order = &self.search.order[i];
        let descending = !order.ascending;
        let mark = self.cursor.and_then(|c| c.marks.get(i).copied());
        if let RunField::Attribute(attribute) = &order.field {
            let column = column(*attribute);
            if *attribute == RunAttribute::EndTime {
                let rank = mark.map(|m| self.sql.bind(i64::from(m == Mark::Missing)));
                let expression = format!("CASE WHEN {column} IS NULL THEN 1 ELSE 0 END");
                columns.push(SortColumn { expression, descending: false, after: rank });
            }
            let after = mark.and_then(|m| self.value(i, m));
            // Never NULL, so that merged rows agree on it; what has none was told apart already.
            let expression = if *attribute == RunAttribute::EndTime { format!("COALESCE({column}, 0)") } else { column.into() };
            columns.push(SortColumn { expression, descending, after });
            return;
        }
        let (table, key) = match &order.field {
            RunField::Metric(key) => ("latest_metrics", key),
            RunField::Param(key) => ("params", key),
            RunField::Tag(key) => ("run_tags", key),
            RunField::Attribute(_) | RunField::Dataset(_) => return,
        };
        let (metric, key) = (table == "latest_metrics", self.sql.bind(key));
        let o = format!("o{i}");
        let phase = if i == 0 { self.phase } else { Phase::All };
        match phase {
            Phase::Missing => {
                wheres.push(format!("NOT EXISTS (SELECT 1 FROM {table} {o} WHERE {o}.run_key = r.key AND {o}.key = {key})"));
                return;
            }
            Phase::Present | Phase::Nan => {
                // CROSS JOIN: SQLite keeps this order of tables, that of the index. PostgreSQL decides by itself.
                *from = format!("{table} {o} CROSS JOIN runs r");
                wheres.push(format!("{o}.run_key = r.key AND {o}.key = {key}"));
                wheres.push(self.scope(&o, scope));
                if metric {
                    wheres.push(format!("{o}.is_nan = {}", i64::from(phase == Phase::Nan)));
                }
                if phase == Phase::Nan {
                    return;
                }
            }
            Phase::All => {
                from.push_str(&format!(" LEFT JOIN {table} {o} ON {o}.run_key = r.key AND {o}.key = {key}"));
                let expression = if metric {
                    format!("CASE WHEN {o}.run_key IS NULL THEN 2 WHEN {o}.is_nan = 1 THEN 1 ELSE 0 END")
                } else {
                    format!("CASE WHEN {o}.run_key IS NULL THEN 2 ELSE 0 END")
                };
                let rank = mark.map(|m| match m {
                    Mark::Missing => 2,
                    Mark::Nan => 1,
                    _ => 0,
                });
                columns.push(SortColumn { expression, descending: false, after: rank.map(|r| self.sql.bind(r)) });
            }
        }
        let plain = |column: String, empty: &str| if phase == Phase::All { format!("COALESCE({column}, {empty})") } else { column };
        if metric {
            let after = mark.and_then(|m| self.value(i, m));
            columns.push(SortColumn { expression: plain(format!("{o}.value"), "0"), descending, after });
        } else {
            // As in the index, which holds the beginning only.
            let after = mark.and_then(|m| self.value(i, m));
            let begin = after.as_ref().map(|v| format!("substr({v}, 1, 100)"));
            columns.push(SortColumn { expression: plain(format!("substr({o}.value, 1, 100)"), "''"), descending, after: begin });
            columns.push(SortColumn { expression: plain(format!("{o}.value"), "''"), descending, after });
        }
    }

    /// The bound value of a mark; none for what has no value, which all that is missing has in common.
    fn value(&mut self, i: usize, mark: Mark) -> Option<String> {
        match mark {
            Mark::Real(bits) => Some(self.sql.bind(f64::from_bits(bits))),
            Mark::Int(n) => Some(self.sql.bind(n)),
            Mark::Text => Some(self.sql.bind(self.texts.get(i).map_or("", String::as_str))),
            Mark::Missing | Mark::Nan => None,
        }
    }
}

const fn column(attribute: RunAttribute) -> &'static str {
    match attribute {
        RunAttribute::RunId => "r.id",
        RunAttribute::RunName => "r.name",
        RunAttribute::UserId => "r.user_name",
        RunAttribute::Status => "r.status",
        RunAttribute::ArtifactUri => "r.artifact_uri",
        RunAttribute::StartTime => "r.started_at",
        RunAttribute::EndTime => "r.ended_at",
    }
}

/// A condition on the run `r`.
fn condition_sql(sql: &mut Sql, condition: &Condition<RunField>) -> String {
    let Condition { field, op, operand } = condition;
    let (table, key) = match field {
        RunField::Attribute(attribute) => return sql.compare(column(*attribute), *op, operand),
        RunField::Dataset(field) => {
            let column = match field {
                DatasetField::Name => "d.name",
                DatasetField::Digest => "d.digest",
                DatasetField::Context => "i.context",
            };
            let compared = sql.compare(column, *op, operand);
            return format!(
                "EXISTS (SELECT 1 FROM run_datasets i JOIN datasets d ON d.key = i.dataset_key WHERE i.run_key = r.key AND {compared})"
            );
        }
        RunField::Metric(key) => ("latest_metrics", key),
        RunField::Param(key) => ("params", key),
        RunField::Tag(key) => ("run_tags", key),
    };
    let key = sql.bind(key);
    let compared = match (op, table) {
        (Op::IsNull | Op::IsNotNull, _) => String::new(),
        // What is not a number equals nothing, so it differs from everything.
        (Op::Ne, "latest_metrics") => format!(" AND (f.is_nan = 1 OR {})", sql.compare("f.value", *op, operand)),
        (_, "latest_metrics") => format!(" AND f.is_nan = 0 AND {}", sql.compare("f.value", *op, operand)),
        _ => format!(" AND {}", sql.compare("f.value", *op, operand)),
    };
    let not = if *op == Op::IsNull { "NOT " } else { "" };
    format!("{not}EXISTS (SELECT 1 FROM {table} f WHERE f.run_key = r.key AND f.key = {key}{compared})")
}
