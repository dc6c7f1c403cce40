//! Searches over logged models.

use super::{
    Store,
    compare::{Op, Value, Where, condition},
    logged_models::{self, LoggedModelFull, LoggedModelRow},
    order::{self, Key, Term},
};
use crate::error::Result;
use app::api::page::Page;
use sqlx::{AssertSqlSafe, FromRow};

/// What a clause compares, or what is sorted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
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

/// `subject op value`.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// What is compared.
    pub subject: Subject,
    /// How.
    pub op: Op,
    /// With what.
    pub value: Value,
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
    pub subject: Subject,
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
    pub clauses: Vec<Clause>,
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
    Own(Subject),
    IsNull(Subject),
    MetricIsNull(usize),
    Metric(usize),
}

impl Store {
    /// Logged models of a team that are not deleted, newest first unless sorted otherwise.
    ///
    /// # Errors
    /// A page token that is not of this search; the database does not answer.
    pub async fn logged_model_search(&self, team_id: &str, search: &Search) -> Result<Page<LoggedModelFull>> {
        let mut w = Where::default();
        let team = w.arg(team_id);
        w.and(format!("l.team_id = {team} AND l.deleted_at IS NULL"));
        let places: Vec<String> = search.experiments.iter().map(|e| w.arg(e)).collect();
        w.and(if places.is_empty() { "1 = 0".into() } else { format!("l.experiment_id IN ({})", places.join(", ")) });
        self.clauses(&mut w, search);
        let (extra, terms, reads) = sorted(&mut w, search);
        if let Some(token) = &search.page_token {
            order::after(&mut w, &terms, token)?;
        }
        let limit = w.arg(search.limit as i64 + 1);
        let sql = format!(
            "SELECT * FROM (SELECT {}, l.team_id, {extra} FROM logged_models l) l WHERE {} ORDER BY {} LIMIT {limit}",
            logged_models::COLUMNS,
            w.sql(),
            order::order_by(&terms)
        );
        let mut rows: Vec<Found> = self.all(AssertSqlSafe(sql), w.args).await?;
        let more = rows.len() > search.limit;
        rows.truncate(search.limit);
        let next_page_token = rows.last().filter(|_| more).map(|r| order::token(&terms, reads.iter().map(|k| value(r, k)).collect()));
        let items = self.logged_models_full(rows.into_iter().map(|f| f.row).collect()).await?;
        Ok(Page { items, next_page_token })
    }

    fn clauses(&self, w: &mut Where, search: &Search) {
        let mut measured = false;
        for clause in &search.clauses {
            let (table, key) = match &clause.subject {
                Subject::Tag(key) => ("logged_model_tags", key),
                Subject::Param(key) => ("logged_model_params", key),
                Subject::Metric(key) => ("logged_model_metrics", key),
                own => {
                    let compared = condition(self.db(), w, column(own), clause.op, &clause.value);
                    w.and(compared);
                    continue;
                }
            };
            let key = w.arg(key);
            let compared = condition(self.db(), w, "x.value", clause.op, &clause.value);
            let mut on = String::new();
            if table == "logged_model_metrics" {
                measured = true;
                on = format!(" AND x.is_nan = 0{}", on_datasets(w, &search.datasets));
            }
            w.and(format!("EXISTS (SELECT 1 FROM {table} x WHERE x.model_id = l.id AND x.key = {key} AND {compared}{on})"));
        }
        if !measured && !search.datasets.is_empty() {
            let on = on_datasets(w, &search.datasets);
            w.and(format!("EXISTS (SELECT 1 FROM logged_model_metrics x WHERE x.model_id = l.id{on})"));
        }
    }
}

const fn column(own: &Subject) -> &'static str {
    match own {
        Subject::Name => "l.name",
        Subject::ModelType => "l.model_type",
        Subject::Status => "l.status",
        Subject::SourceRun => "l.source_run_id",
        Subject::Created => "l.created_at",
        Subject::Updated => "l.updated_at",
        _ => "l.id",
    }
}

fn on_datasets(w: &mut Where, datasets: &[OnDataset]) -> String {
    let any: Vec<String> = datasets
        .iter()
        .map(|d| {
            let name = w.arg(&d.name);
            let digest = d.digest.as_ref().map(|d| format!(" AND x.dataset_digest = {}", w.arg(d))).unwrap_or_default();
            format!("(x.dataset_name = {name}{digest})")
        })
        .collect();
    if any.is_empty() { String::new() } else { format!(" AND ({})", any.join(" OR ")) }
}

/// Columns for the metrics sorted by, the order, and how to read its values from a row.
fn sorted(w: &mut Where, search: &Search) -> (String, Vec<Term>, Vec<Read>) {
    let (mut columns, mut terms, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for sort in &search.sort {
        match &sort.subject {
            Subject::Metric(key) if columns.len() < MAX_METRIC_SORTS => {
                let (n, key) = (columns.len(), w.arg(key));
                let on = on_datasets(w, sort.dataset.as_slice());
                columns.push(format!(
                    "(SELECT x.value FROM logged_model_metrics x WHERE x.model_id = l.id AND x.key = {key} AND x.is_nan = 0{on}
                      ORDER BY x.time DESC, x.step DESC, x.run_id LIMIT 1) AS o{n}"
                ));
                terms.push(Term::new(format!("CASE WHEN l.o{n} IS NULL THEN 1 ELSE 0 END"), true));
                terms.push(Term::new(format!("COALESCE(l.o{n}, 0)"), sort.ascending));
                reads.extend([Read::MetricIsNull(n), Read::Metric(n)]);
            }
            Subject::Tag(_) | Subject::Param(_) | Subject::Metric(_) => {}
            own @ (Subject::ModelType | Subject::SourceRun) => {
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
    for (tie, ascending) in [(Subject::Created, false), (Subject::Id, true)] {
        if !search.sort.iter().any(|s| s.subject == tie) {
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
        Read::IsNull(Subject::ModelType) => Key::I(i64::from(found.row.model_type.is_none())),
        Read::IsNull(_) => Key::I(i64::from(found.row.source_run_id.is_none())),
        Read::Own(own) => match own {
            Subject::Name => Key::T(found.row.name.clone()),
            Subject::ModelType => Key::T(found.row.model_type.clone().unwrap_or_default()),
            Subject::Status => Key::T(found.row.status.clone()),
            Subject::SourceRun => Key::T(found.row.source_run_id.clone().unwrap_or_default()),
            Subject::Created => Key::I(found.row.created_at),
            Subject::Updated => Key::I(found.row.updated_at),
            _ => Key::T(found.row.id.clone()),
        },
    }
}
