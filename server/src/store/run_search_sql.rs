//! The statements of the search over runs.

use super::{
    Arg,
    run_search::{Mark, RunCursor, RunSearch, Scope},
    runs::run_columns,
    sql::{SortColumn, Sql, after},
};
use crate::records::search::{Condition, DatasetField, Op, Operand, RunAttribute, RunField, View};

/// The largest number of experiments that are merged; above it they are sorted.
pub(super) const MERGED: usize = 16;

/// Which part of the rows, as to the first field of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// All at once: the first field is one of the run itself.
    All,
    /// Those that have a value.
    Present,
    /// Those whose value is not a number.
    Nan,
    /// Those that have none.
    Missing,
}

/// The phases of a search, from that in which the page before ended.
pub(super) fn phases(search: &RunSearch<'_>, begun: Option<Mark>) -> Vec<Phase> {
    let field = search.order.first().map(|o| &o.field);
    // A condition on the same field leaves out those that have none, and all but `!=` what is not a number.
    let asked: Vec<Op> =
        search.conditions.iter().filter(|c| Some(&c.field) == field).map(|c| c.op).filter(|op| *op != Op::IsNull).collect();
    let mut all = match field {
        Some(RunField::Metric(_)) => vec![Phase::Present, Phase::Nan, Phase::Missing],
        Some(RunField::Param(_) | RunField::Tag(_)) => vec![Phase::Present, Phase::Missing],
        _ => return vec![Phase::All],
    };
    all.retain(|p| match p {
        Phase::Missing => asked.is_empty(),
        Phase::Nan => asked.iter().all(|op| *op == Op::Ne),
        _ => true,
    });
    let from = match begun {
        Some(Mark::Missing) => Phase::Missing,
        Some(Mark::Nan) => Phase::Nan,
        _ => Phase::Present,
    };
    all.into_iter().skip_while(|p| *p < from).collect()
}

/// A condition, by its place, that few runs meet: they are found by it and sorted, instead of walking through all in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Driver(usize);

impl Driver {
    /// How many count as few.
    pub(super) const FEW: i64 = 1000;
}

/// Conditions that an index of values answers.
pub(super) fn candidates(search: &RunSearch<'_>) -> Vec<Driver> {
    let answers = |c: &Condition<RunField>| match c.field {
        RunField::Metric(_) => c.op != Op::Ne,
        RunField::Param(_) | RunField::Tag(_) => c.op == Op::Eq,
        RunField::Attribute(_) | RunField::Dataset(_) => false,
    };
    search.conditions.iter().enumerate().filter(|(_, c)| answers(c)).map(|(i, _)| Driver(i)).take(8).collect()
}

/// Counts what meets a condition, up to one more than [`Driver::FEW`].
pub(super) fn probe(search: &RunSearch<'_>, driver: Driver) -> (sqlx::SqlStr, Vec<Arg>) {
    let mut query = Query::new(search, Phase::All, false);
    let (table, wheres) = query.driver(driver, &search.scope);
    let limit = query.sql.bind(Driver::FEW + 1);
    query.sql.finish(&format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table} d WHERE {wheres} LIMIT {limit}) found"))
}

/// One statement under construction.
pub(super) struct Query<'a> {
    search: &'a RunSearch<'a>,
    phase: Phase,
    cursor: Option<&'a RunCursor>,
    texts: &'a [String],
    driver: Option<Driver>,
    sql: Sql,
}

impl<'a> Query<'a> {
    pub(super) const fn new(search: &'a RunSearch<'a>, phase: Phase, postgres: bool) -> Self {
        Self { search, phase, cursor: None, texts: &[], driver: None, sql: Sql::new(postgres) }
    }

    pub(super) fn led_by(self, driver: Option<Driver>) -> Self {
        Self { driver, ..self }
    }

    pub(super) fn after(self, cursor: Option<&'a RunCursor>, texts: &'a [String]) -> Self {
        Self { cursor, texts, ..self }
    }

    pub(super) fn build(mut self, limit: i64) -> (sqlx::SqlStr, Vec<Arg>) {
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
        if let Some(driver) = self.driver {
            let (table, conditions) = self.driver(driver, scope);
            from = format!("{table} d CROSS JOIN runs r");
            wheres.push(format!("r.key = d.run_key AND {conditions}"));
        }
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
        for (i, condition) in self.search.conditions.iter().enumerate() {
            if self.driver != Some(Driver(i)) {
                wheres.push(self.condition(condition, scope));
            }
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
        let Some((table, key)) = table(&order.field) else { return };
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
                *from = match self.driver {
                    Some(_) => format!("{from} CROSS JOIN {table} {o}"),
                    None => format!("{table} {o} CROSS JOIN runs r"),
                };
                wheres.push(format!("{o}.run_key = r.key AND {o}.key = {key}"));
                if self.driver.is_none() {
                    wheres.push(self.scope(&o, scope));
                }
                for range in self.search.conditions.iter().filter(|c| metric && c.field == order.field && c.op != Op::Ne) {
                    wheres.push(self.sql.compare(&format!("{o}.value"), range.op, &range.operand));
                }
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

    /// The table of a leading condition, here called `d`, and what holds in it.
    fn driver(&mut self, driver: Driver, scope: &Scope) -> (&'static str, String) {
        let condition = &self.search.conditions[driver.0];
        let Some((table, key)) = table(&condition.field) else { return ("runs", "1 = 1".into()) };
        let scope = self.scope("d", scope);
        let key = self.sql.bind(key);
        let value = self.value_holds("d", table, condition);
        (table, format!("{scope} AND d.key = {key} AND {value}"))
    }

    /// A condition on the run `r`.
    fn condition(&mut self, condition: &Condition<RunField>, scope: &Scope) -> String {
        let Condition { field, op, operand } = condition;
        let Some((table, key)) = table(field) else {
            return match field {
                RunField::Attribute(attribute) => self.sql.compare(column(*attribute), *op, operand),
                RunField::Dataset(field) => {
                    let column = match field {
                        DatasetField::Name => "d.name",
                        DatasetField::Digest => "d.digest",
                        DatasetField::Context => "i.context",
                    };
                    let compared = self.sql.compare(column, *op, operand);
                    format!(
                        "EXISTS (SELECT 1 FROM run_datasets i JOIN datasets d ON d.key = i.dataset_key WHERE i.run_key = r.key AND {compared})"
                    )
                }
                RunField::Metric(_) | RunField::Param(_) | RunField::Tag(_) => "1 = 0".into(),
            };
        };
        let key = self.sql.bind(key);
        let value = match op {
            Op::IsNull | Op::IsNotNull => String::new(),
            _ => format!(" AND {}", self.value_holds("f", table, condition)),
        };
        // PostgreSQL may come from this side, by the index of values; SQLite comes from the run.
        let scope = match scope {
            Scope::Experiments(_) if self.sql.postgres => format!(" AND {}", self.scope("f", scope)),
            _ => String::new(),
        };
        let not = if *op == Op::IsNull { "NOT " } else { "" };
        format!("{not}EXISTS (SELECT 1 FROM {table} f WHERE f.run_key = r.key AND f.key = {key}{value}{scope})")
    }

    /// What a condition says of the value in `alias`, a row of `table`.
    fn value_holds(&mut self, alias: &str, table: &str, condition: &Condition<RunField>) -> String {
        let Condition { op, operand, .. } = condition;
        let column = format!("{alias}.value");
        match (op, table) {
            // What is not a number equals nothing, so it differs from everything.
            (Op::Ne, "latest_metrics") => format!("({alias}.is_nan = 1 OR {})", self.sql.compare(&column, *op, operand)),
            (_, "latest_metrics") => format!("{alias}.is_nan = 0 AND {}", self.sql.compare(&column, *op, operand)),
            (Op::Eq, _) => {
                let Operand::Text(text) = operand else { return "1 = 0".into() };
                let value = self.sql.bind(text);
                // As in the index, which holds the beginning only.
                format!("substr({column}, 1, 100) = substr({value}, 1, 100) AND {column} = {value}")
            }
            _ => self.sql.compare(&column, *op, operand),
        }
    }
}

/// The table of a field with a name of its own, and the name.
fn table(field: &RunField) -> Option<(&'static str, &String)> {
    match field {
        RunField::Metric(key) => Some(("latest_metrics", key)),
        RunField::Param(key) => Some(("params", key)),
        RunField::Tag(key) => Some(("run_tags", key)),
        RunField::Attribute(_) | RunField::Dataset(_) => None,
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
