//! What a group of batches writes: each looked at in turn, as if the ones before it were written already.

use super::{Batch, NAME_TAG, no_run, writable};
use crate::{
    error::{Error, Result},
    runs::known_runs::KnownRuns,
    store::{Tx, logged_models::ModelMetricRow, run_metrics::NewPoint, run_tags::NewPair, runs::RunRow},
};
use app::api::changes::kinds;
use std::collections::{BTreeSet, HashMap};

/// What is to be written, and the answer to each batch.
#[derive(Debug, Default)]
pub struct Plan {
    /// One for each batch, in order.
    pub answers: Vec<Result<()>>,
    /// New parameters.
    pub params: Vec<NewPair>,
    /// Tags.
    pub tags: Vec<NewPair>,
    /// Points of metrics.
    pub points: Vec<NewPoint>,
    /// Metrics of logged models, by team.
    pub model_metrics: HashMap<String, Vec<ModelMetricRow>>,
    /// Runs that get another name.
    pub names: Vec<(RunRow, String)>,
    /// Team, kind, id: what to tell the live streams.
    pub changed: BTreeSet<(String, &'static str, String)>,
}

impl Plan {
    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty() && self.tags.is_empty() && self.points.is_empty()
    }
}

/// Plans a group of batches.
///
/// # Errors
/// The database does not answer. What is wrong with a batch is its answer.
pub async fn plan(tx: &mut Tx, batches: &[Batch], runs: &mut KnownRuns) -> Result<Plan> {
    let ids: BTreeSet<&str> = batches.iter().map(|b| b.run_id.as_str()).collect();
    let rows = runs.rows(tx, &ids).await?;

    let with_params = batches.iter().filter(|b| !b.params.is_empty());
    let keys: BTreeSet<i64> = with_params.clone().filter_map(|b| rows.get(b.run_id.as_str())).map(|r| r.key).collect();
    let mut params: HashMap<(i64, String), String> = HashMap::new();
    if !keys.is_empty() {
        let names: BTreeSet<String> = with_params.flat_map(|b| b.params.iter().map(|p| p.0.clone())).collect();
        let present = tx.params_present(&keys.into_iter().collect::<Vec<_>>(), &names.into_iter().collect::<Vec<_>>()).await?;
        params.extend(present.into_iter().map(|p| ((p.run_key, p.key), p.value)));
    }

    let mut plan = Plan::default();
    for batch in batches {
        let answer = one(&mut plan, batch, rows.get(batch.run_id.as_str()).map(|row| &**row), &mut params);
        plan.answers.push(answer);
    }
    Ok(plan)
}

fn one(plan: &mut Plan, batch: &Batch, row: Option<&RunRow>, params: &mut HashMap<(i64, String), String>) -> Result<()> {
    let row = row.filter(|r| r.team_id == batch.team_id).ok_or_else(|| no_run(&batch.run_id))?;
    writable(row, &batch.by)?;
    let pair =
        |key: &str, value: &str| NewPair { run_key: row.key, experiment_key: row.experiment_key, key: key.into(), value: value.into() };
    let old = |key: &str| params.get(&(row.key, key.to_owned()));
    for (key, value) in &batch.params {
        if let Some(old) = old(key).filter(|old| *old != value) {
            return Err(Error::invalid(
                "params",
                format!(
                    "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for run ID='{}'. \
                     Attempted logging new value '{value}'.",
                    row.id
                ),
            ));
        }
    }
    for (key, value) in &batch.params {
        if params.insert((row.key, key.clone()), value.clone()).is_none() {
            plan.params.push(pair(key, value));
        }
    }
    for (key, value) in &batch.tags {
        plan.tags.push(pair(key, value));
        if key == NAME_TAG {
            plan.names.push((row.clone(), value.clone()));
        }
    }
    for m in &batch.metrics {
        plan.points.push(NewPoint {
            run_key: row.key,
            experiment_key: row.experiment_key,
            key: m.key.clone(),
            time: m.time,
            step: m.step,
            value: m.value,
        });
        if let Some(model_id) = &m.model_id {
            plan.model_metrics.entry(batch.team_id.clone()).or_default().push(ModelMetricRow {
                model_id: model_id.clone(),
                key: m.key.clone(),
                run_id: row.id.clone(),
                step: m.step,
                time: m.time,
                value: if m.value.is_nan() { 0.0 } else { m.value },
                is_nan: i64::from(m.value.is_nan()),
                dataset_name: m.dataset_name.clone(),
                dataset_digest: m.dataset_digest.clone(),
            });
        }
    }
    if !batch.metrics.is_empty() {
        plan.changed.insert((batch.team_id.clone(), kinds::METRIC, row.id.clone()));
    }
    if !batch.params.is_empty() || !batch.tags.is_empty() {
        plan.changed.insert((batch.team_id.clone(), kinds::RUN, row.id.clone()));
    }
    Ok(())
}
