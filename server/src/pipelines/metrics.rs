//! What a task measured, for its run of MLflow.

use super::engine::{Artifact, Outputs};
use crate::store::run_metrics::NewPoint;

/// Types of artifacts whose numbers are metrics.
const METRICS: [&str; 2] = ["system.Metrics", "system.ClassificationMetrics"];

/// Numbers of the metrics artifacts among these outputs, by name.
pub fn numbers(outputs: &Outputs) -> impl Iterator<Item = (String, f64)> {
    let measured = |a: &&Artifact| METRICS.contains(&a.kind.schema_title.as_str());
    let of = |a: &Artifact| a.metadata.iter().filter_map(|(key, value)| Some((key.clone(), value.as_f64()?))).collect::<Vec<_>>();
    outputs.artifacts.values().flatten().filter(measured).flat_map(of)
}

/// The same, for the run of MLflow of their task.
pub fn points(outputs: &Outputs, run_key: i64, experiment_key: i64, time: i64) -> Vec<NewPoint> {
    numbers(outputs).map(|(key, value)| NewPoint { run_key, experiment_key, key, time, step: 0, value }).collect()
}
