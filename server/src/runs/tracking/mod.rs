//! What a client logs to a run: batches of metrics, parameters and tags, and its inputs and outputs.

pub mod inputs;
pub mod plan;

use super::validate;
use crate::{
    access::{Principal, TeamEditor},
    error::{Error, Kind, Result},
    store::runs::RunRow,
};

/// A metric as a client logs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Name.
    pub key: String,
    /// Value; may be NaN or infinite.
    pub value: f64,
    /// Milliseconds since 1970.
    pub time: i64,
    /// Step.
    pub step: i64,
    /// The logged model that it is about.
    pub model_id: Option<String>,
    /// The dataset it was measured on.
    pub dataset_name: Option<String>,
    /// Digest of that dataset.
    pub dataset_digest: Option<String>,
}

/// What one request logs to one run; checked, not yet looked up.
#[derive(Debug, Clone)]
pub struct Batch {
    team_id: String,
    run_id: String,
    by: Principal,
    metrics: Vec<Metric>,
    params: Vec<(String, String)>,
    tags: Vec<(String, String)>,
}

/// The tag that MLflow keeps a run's name in.
pub const NAME_TAG: &str = "mlflow.runName";

impl Batch {
    /// Checks names, lengths and numbers.
    ///
    /// # Errors
    /// What MLflow refuses, in its words.
    pub fn new(
        by: &TeamEditor,
        run_id: &str,
        metrics: Vec<Metric>,
        params: Vec<(String, String)>,
        tags: Vec<(String, String)>,
    ) -> Result<Self> {
        run_id_form(run_id)?;
        validate::batch(metrics.len(), params.len(), tags.len())?;
        let path = |what: &str, i: usize, n: usize, field: &str| if n == 1 { field.to_owned() } else { format!("{what}[{i}].{field}") };
        for (i, metric) in metrics.iter().enumerate() {
            validate::metric(&path("metrics", i, metrics.len(), "name"), &metric.key)?;
            if metric.time < 0 {
                let at = path("metrics", i, metrics.len(), "timestamp");
                let why = format!("metric '{}'. Timestamp must be a nonnegative long (64-bit integer) ", metric.key);
                return Err(validate::invalid_value(&at, &metric.time.to_string(), &why));
            }
        }
        let mut checked = Vec::with_capacity(params.len());
        let n = params.len();
        for (i, (key, value)) in params.into_iter().enumerate() {
            let value = validate::param(&path("params", i, n, "key"), &key, &value)?;
            if checked.iter().any(|(k, _)| *k == key) {
                return Err(Error::invalid(
                    "params",
                    format!(
                        "Duplicate parameter keys have been submitted: ['{key}']. Please ensure the request contains only one param value \
                         per param key."
                    ),
                ));
            }
            checked.push((key, value));
        }
        let n = tags.len();
        let mut set = Vec::with_capacity(n);
        for (i, (key, value)) in tags.into_iter().enumerate() {
            let value = validate::tag(&path("tags", i, n, "key"), &key, &value)?;
            if key == NAME_TAG {
                validate::run_name(&value)?;
            }
            set.push((key, value));
        }
        Ok(Self { team_id: by.team.id.clone(), run_id: run_id.into(), by: by.principal.clone(), metrics, params: checked, tags: set })
    }

    /// How many values it writes, at least one.
    pub fn values(&self) -> usize {
        1 + self.metrics.len() + self.params.len() + self.tags.len()
    }
}

/// There is no such run in the asker's team.
pub fn no_run(id: &str) -> Error {
    Error::new(Kind::NotFound, format!("Run with id={} not found", super::search::syntax::shorten(id)))
}

/// Whether it can be the id of a run at all.
///
/// # Errors
/// It cannot.
pub fn run_id_form(id: &str) -> Result<()> {
    if id.is_empty() {
        return Err(validate::missing("run_id"));
    }
    let fits = id.len() <= 256 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits { Ok(()) } else { Err(validate::invalid_value("run_id", id, "")) }
}

/// The run is there, not deleted, and the asker's to write: a run's token writes to its own run and to those it made.
///
/// # Errors
/// Deleted, or somebody else's.
pub fn writable(row: &RunRow, by: &Principal) -> Result<()> {
    if !row.is_active() {
        return Err(Error::invalid(
            "run_id",
            format!("The run {} must be in the 'active' state. Current state is {}.", row.id, row.lifecycle),
        ));
    }
    own(row, by)
}

/// As [`writable`], of a deleted one too.
///
/// # Errors
/// Somebody else's.
pub fn own(row: &RunRow, by: &Principal) -> Result<()> {
    match by.run() {
        Some(id) if row.id != id && row.created_by != by.actor() => {
            Err(Error::forbidden("The token of a run writes to its own run and to the runs it made."))
        }
        _ => Ok(()),
    }
}
