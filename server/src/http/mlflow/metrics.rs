//! Logging metrics and parameters, through the writer that joins what comes at once; reading histories.

use super::{
    error::Reply,
    runs::Point,
    team::{Reader, Writer},
    wire::{Args, Empty, Float, Int, Pair, list, pairs, required, run_id},
};
use crate::{
    error::Result,
    http::state::Web,
    runs::{
        curves,
        tracking::{Batch, Metric},
        validate,
    },
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

/// A metric to log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct MetricIn {
    run_id: Option<String>,
    run_uuid: Option<String>,
    key: Option<String>,
    value: Option<Float>,
    timestamp: Option<Int>,
    step: Option<Int>,
    model_id: Option<String>,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
}

impl MetricIn {
    fn checked(self, at: &str) -> Result<Metric> {
        let some = |t: Option<String>| t.filter(|t| !t.is_empty());
        Ok(Metric {
            key: required(self.key, &format!("{at}key"))?,
            value: self.value.ok_or_else(|| validate::missing(&format!("{at}value")))?.0,
            time: self.timestamp.ok_or_else(|| validate::missing(&format!("{at}timestamp")))?.0,
            step: self.step.map_or(0, |s| s.0),
            model_id: some(self.model_id),
            dataset_name: some(self.dataset_name),
            dataset_digest: some(self.dataset_digest),
        })
    }
}

pub async fn log_metric(State(web): State<Web>, Writer(by): Writer, Args(mut asked): Args<MetricIn>) -> Reply<Empty> {
    let id = run_id(asked.run_id.take(), asked.run_uuid.take())?;
    web.writer.write(Batch::new(&by, &id, vec![asked.checked("")?], vec![], vec![])?).await?;
    Ok(Json(Empty {}))
}

/// A parameter to log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ParamIn {
    run_id: Option<String>,
    run_uuid: Option<String>,
    key: Option<String>,
    value: Option<String>,
}

pub async fn log_param(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<ParamIn>) -> Reply<Empty> {
    let id = run_id(asked.run_id, asked.run_uuid)?;
    let param = (required(asked.key, "key")?, asked.value.unwrap_or_default());
    web.writer.write(Batch::new(&by, &id, vec![], vec![param], vec![])?).await?;
    Ok(Json(Empty {}))
}

/// A batch to log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BatchIn {
    run_id: Option<String>,
    #[serde(deserialize_with = "list")]
    metrics: Vec<MetricIn>,
    #[serde(deserialize_with = "list")]
    params: Vec<Pair>,
    #[serde(deserialize_with = "list")]
    tags: Vec<Pair>,
}

pub async fn log_batch(State(web): State<Web>, Writer(by): Writer, Args(asked): Args<BatchIn>) -> Reply<Empty> {
    let id = required(asked.run_id, "run_id")?;
    let one = |(i, m): (usize, MetricIn)| m.checked(&format!("metrics[{i}]."));
    let metrics = asked.metrics.into_iter().enumerate().map(one).collect::<Result<Vec<_>>>()?;
    let batch = Batch::new(&by, &id, metrics, pairs(asked.params, "params")?, pairs(asked.tags, "tags")?)?;
    web.writer.write(batch).await?;
    Ok(Json(Empty {}))
}

/// Which history.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct HistoryOf {
    run_id: Option<String>,
    run_uuid: Option<String>,
    metric_key: Option<String>,
    max_results: Option<Int>,
    page_token: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct History {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<Point>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub async fn history(State(web): State<Web>, Reader(by): Reader, Args(asked): Args<HistoryOf>) -> Reply<History> {
    let (id, key) = (run_id(asked.run_id, asked.run_uuid)?, required(asked.metric_key, "metric_key")?);
    let token = asked.page_token.unwrap_or_default();
    let (rows, next_page_token) = curves::history(&web.store, &by, &id, &key, asked.max_results.map(|n| n.0), &token).await?;
    let point =
        |p: crate::store::run_curves::PointRow| Point { key: key.clone(), value: Float(p.logged()), timestamp: p.time, step: p.step };
    Ok(Json(History { metrics: rows.into_iter().map(point).collect(), next_page_token }))
}
