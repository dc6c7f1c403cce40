//! Searches over logged models.

use super::{
    Store, list,
    logged_models::{self, LoggedModelFull, LoggedModelRow},
    order::{self, Key, Term},
    sql::Sql,
};
use crate::{error::Result, records::search::Condition};
use app::api::page::Page;
use sqlx::FromRow;

/// A field of a logged model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedField {
    /// Id.
    Id,
    /// Name.
    Name,
    /// Free text.
    ModelType,
    /// `PENDING`, `READY`, `UPLOAD_FAILED`.
    Status,
    /// The run that made it.
    SourceRun,
    /// Milliseconds since 1970.
    Created,
    /// Milliseconds since 1970.
    Updated,
    /// A tag of this key.
    Tag(String),
    /// A parameter of this key.
    Param(String),
    /// A metric of this key.
    Metric(String),
}

/// A dataset that metrics were measured on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnDataset {
    /// Name.
    pub name: String,
    /// Digest, where it matters.
    pub digest: Option<String>,
}

/// By what to sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// By what; not by tags or parameters.
    pub field: LoggedField,
    /// Smallest first. What has no value comes last either way.
    pub ascending: bool,
    /// Metrics on this dataset only.
    pub dataset: Option<OnDataset>,
}

/// Most metrics in one order.
pub const MAX_METRIC_SORTS: usize = 3;

/// A search.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Ids of experiments; others are left out.
    pub experiments: Vec<String>,
    /// All have to hold.
    pub conditions: Vec<Condition<LoggedField>>,
    /// Only models measured on one of these; empty for all.
    pub datasets: Vec<OnDataset>,
    /// Most important first; at most [`MAX_METRIC_SORTS`] metrics.
    pub sort: Vec<Sort>,
    /// Rows of a page, at least 1.
    pub limit: usize,
    /// Where the page begins.
    pub page_token: Option<String>,
}

/// A row with the values of the metrics it is sorted by.
#[derive(FromRow)]
struct Found {
    #[sqlx(flatten)]
    row: LoggedModelRow,
    o0: Option<f64>,
    o1: Option<f64>,
    o2: Option<f64>,
}

/// A term of the order and how its value is read from a row.
enum Read {
    Own(LoggedField),
    IsNull(LoggedField),
    MetricIsNull(usize),
    Metric(usize),
}

impl Store {
    /// Logged models of a team that are not deleted, newest first unless sorted otherwise.
    ///
    /// # Errors
    /// A page token that is not of this search; the database does not answer.
    pub async fn logged_model_search(&self, team_id: &str, search: &Search) -> Result<Page<LoggedModelFull>> {
        let mut sql = Sql::new(self.db().is_postgres());
        let mut all = vec![format!("l.team_id = {} AND l.deleted_at IS NULL", sql.bind(team_id))];
        all.push(format!("l.experiment_id IN (@TEXTS({}))", sql.bind(list::texts(&search.experiments))));
        conditions(&mut sql, &mut all, search);
        let (extra, terms, reads) = sorted(&mut sql, search);
        if let Some(token) = &search.page_token {
            all.push(order::after(&mut sql, &terms, token)?);
        }
        let limit = sql.bind(search.limit as i64 + 1);
        let text = format!(
            "SELECT * FROM (SELECT {}, l.team_id, {extra} FROM logged_models l) l WHERE {} ORDER BY {} LIMIT {limit}",
            logged_models::COLUMNS,
            all.join(" AND "),
            order::order_by(&terms)
        );
        let (text, args) = sql.finish(&text);
        let mut rows: Vec<Found> = self.all(text, args).await?;
        let more = rows.len() > search.limit;
        rows.truncate(search.limit);
        let next_page_token = rows.last().filter(|_| more).map(|r| order::token(&terms, reads.iter().map(|k| value(r, k)).collect()));
        let items = self.logged_models_full(rows.into_iter().map(|f| f.row).collect()).await?;
        Ok(Page { items, next_page_token })
    }
}

fn conditions(sql: &mut Sql, all: &mut Vec<String>, search: &Search) {
    let mut measured = false;
    for Condition { field, op, operand } in &search.conditions {
        let (table, key) = match field {
            LoggedField::Tag(key) => ("logged_model_tags", key),
            LoggedField::Param(key) => ("logged_model_params", key),
            LoggedField::Metric(key) => ("logged_model_metrics", key),
            own => {
                all.push(sql.compare(column(own), *op, operand));
                continue;
            }
        };
        let (key, compared) = (sql.bind(key), sql.compare("x.value", *op, operand));
        let mut on = String::new();
        if table == "logged_model_metrics" {
            measured = true;
            on = format!(" AND x.is_nan = 0{}", on_datasets(sql, &search.datasets));
        }
        all.push(format!("EXISTS (SELECT 1 FROM {table} x WHERE x.model_id = l.id AND x.key = {key} AND {compared}{on})"));
    }
    if !measured && !search.datasets.is_empty() {
        let on = on_datasets(sql, &search.datasets);
        all.push(format!("EXISTS (SELECT 1 FROM logged_model_metrics x WHERE x.model_id = l.id{on})"));
    }
}

const fn column(own: &LoggedField) -> &'static str {
    match own {
        LoggedField::Name => "l.name",
        LoggedField::ModelType => "l.model_type",
        LoggedField::Status => "l.status",
        LoggedField::SourceRun => "l.source_run_id",
        LoggedField::Created => "l.created_at",
        LoggedField::Updated => "l.updated_at",
        _ => "l.id",
    }
}

fn on_datasets(sql: &mut Sql, datasets: &[OnDataset]) -> String {
    let any: Vec<String> = datasets
        .iter()
        .map(|d| {
            let name = sql.bind(&d.name);
            let digest = d.digest.as_ref().map(|d| format!(" AND x.dataset_digest = {}", sql.bind(d))).unwrap_or_default();
            format!("(x.dataset_name = {name}{digest})")
        })
        .collect();
    if any.is_empty() { String::new() } else { format!(" AND ({})", any.join(" OR ")) }
}

/// Columns for the metrics sorted by, the order, and how to read its values from a row.
fn sorted(sql: &mut Sql, search: &Search) -> (String, Vec<Term>, Vec<Read>) {
    let (mut columns, mut terms, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for sort in &search.sort {
        match &sort.field {
            LoggedField::Metric(key) if columns.len() < MAX_METRIC_SORTS => {
                let (n, key) = (columns.len(), sql.bind(key));
                let on = on_datasets(sql, sort.dataset.as_slice());
                columns.push(format!(
                    "(SELECT x.value FROM logged_model_metrics x WHERE x.model_id = l.id AND x.key = {key} AND x.is_nan = 0{on}
                      ORDER BY x.time DESC, x.step DESC, x.run_id LIMIT 1) AS o{n}"
                ));
                terms.push(Term::new(format!("CASE WHEN l.o{n} IS NULL THEN 1 ELSE 0 END"), true));
                terms.push(Term::new(format!("COALESCE(l.o{n}, 0)"), sort.ascending));
                reads.extend([Read::MetricIsNull(n), Read::Metric(n)]);
            }
            LoggedField::Tag(_) | LoggedField::Param(_) | LoggedField::Metric(_) => {}
            own @ (LoggedField::ModelType | LoggedField::SourceRun) => {
                terms.push(Term::new(format!("CASE WHEN {} IS NULL THEN 1 ELSE 0 END", column(own)), true));
                terms.push(Term::new(format!("COALESCE({}, '')", column(own)), sort.ascending));
                reads.extend([Read::IsNull(own.clone()), Read::Own(own.clone())]);
            }
            own => {
                terms.push(Term::new(column(own), sort.ascending));
                reads.push(Read::Own(own.clone()));
            }
        }
    }
    for (tie, ascending) in [(LoggedField::Created, false), (LoggedField::Id, true)] {
        if !search.sort.iter().any(|s| s.field == tie) {
            terms.push(Term::new(column(&tie), ascending));
            reads.push(Read::Own(tie));
        }
    }
    for n in columns.len()..MAX_METRIC_SORTS {
        columns.push(format!("CAST(NULL AS DOUBLE PRECISION) AS o{n}"));
    }
    (columns.join(", "), terms, reads)
}

fn value(found: &Found, read: &Read) -> Key {
    let metric = |n: &usize| [found.o0, found.o1, found.o2].get(*n).copied().flatten();
    match read {
        Read::MetricIsNull(n) => Key::I(i64::from(metric(n).is_none())),
        Read::Metric(n) => Key::R(metric(n).unwrap_or(0.0).to_bits()),
        Read::IsNull(LoggedField::ModelType) => Key::I(i64::from(found.row.model_type.is_none())),
        Read::IsNull(_) => Key::I(i64::from(found.row.source_run_id.is_none())),
        Read::Own(own) => match own {
            LoggedField::Name => Key::T(found.row.name.clone()),
            LoggedField::ModelType => Key::T(found.row.model_type.clone().unwrap_or_default()),
            LoggedField::Status => Key::T(found.row.status.clone()),
            LoggedField::SourceRun => Key::T(found.row.source_run_id.clone().unwrap_or_default()),
            LoggedField::Created => Key::I(found.row.created_at),
            LoggedField::Updated => Key::I(found.row.updated_at),
            _ => Key::T(found.row.id.clone()),
        },
    }
}
