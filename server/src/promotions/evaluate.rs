//! PURE: gates that are answered from what is known of two versions.

use app::api::{
    models::ModelVersion,
    promotions::{Direction, Gate},
    runs::Dataset,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a look at a gate came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Green.
    pub passed: bool,
    /// What was seen, in a sentence.
    pub detail: String,
    /// Values that it rests on.
    pub evidence: Value,
}

impl Verdict {
    fn new(passed: bool, detail: impl Into<String>, evidence: Value) -> Self {
        Self { passed, detail: detail.into(), evidence }
    }
}

/// Answers a gate about `version`, where `current` has the alias now; nothing where a workload has to.
pub fn evaluate(gate: &Gate, version: &ModelVersion, current: Option<&ModelVersion>) -> Option<Verdict> {
    match gate {
        Gate::Metric { name, min, max } => Some(metric(version, name, *min, *max)),
        Gate::NoWorse { name, direction, tolerance, same_dataset } => {
            Some(no_worse(version, current, name, *direction, *tolerance, *same_dataset))
        }
        Gate::Signature => Some(signature(version)),
        Gate::Smoke { .. } | Gate::Script { .. } => None,
    }
}

fn metric(version: &ModelVersion, name: &str, min: Option<f64>, max: Option<f64>) -> Verdict {
    let evidence = |value: Option<f64>| json!({ "metric": name, "value": value, "min": min, "max": max, "run": run(version) });
    let Some(value) = measured(version, name) else {
        return Verdict::new(false, unmeasured(version, name), evidence(None));
    };
    // What is not a number is within no bounds.
    let low = min.is_some_and(|m| value.partial_cmp(&m).is_none_or(|o| o.is_lt()));
    let high = max.is_some_and(|m| value.partial_cmp(&m).is_none_or(|o| o.is_gt()));
    let detail = match (low, high, min, max) {
        (true, _, Some(min), _) => format!("{}, below {min}.", short(value)),
        (_, true, _, Some(max)) => format!("{}, above {max}.", short(value)),
        _ => format!("{}.", short(value)),
    };
    Verdict::new(!low && !high, detail, evidence(Some(value)))
}

fn no_worse(
    version: &ModelVersion,
    current: Option<&ModelVersion>,
    name: &str,
    direction: Direction,
    tolerance: f64,
    same_dataset: bool,
) -> Verdict {
    let Some(current) = current else {
        return Verdict::new(true, "No version is there to compare with.", json!({ "metric": name, "current": null }));
    };
    let numbers = (measured(version, name), measured(current, name));
    let data = (digests(version), digests(current));
    let evidence = json!({
        "metric": name, "direction": direction, "tolerance": tolerance,
        "value": numbers.0, "run": run(version), "datasets": data.0,
        "current": { "version": current.version, "value": numbers.1, "run": run(current), "datasets": data.1 },
    });
    let (Some(value), Some(other)) = numbers else {
        let which = if numbers.0.is_none() { version } else { current };
        return Verdict::new(false, unmeasured(which, name), evidence);
    };
    let against = format!("{} against {} (v{})", short(value), short(other), current.version);
    if same_dataset && (data.0.is_empty() || data.0 != data.1) {
        let why = match (data.0.is_empty(), data.1.is_empty()) {
            (true, _) => format!("the run of v{} names no dataset", version.version),
            (_, true) => format!("the run of v{} names no dataset", current.version),
            _ => format!("measured on other data: {} and {}", listed(&data.0), listed(&data.1)),
        };
        return Verdict::new(false, format!("{against}, {why}."), evidence);
    }
    let worse = match direction {
        Direction::Maximize => other - value,
        Direction::Minimize => value - other,
    };
    let passed = worse <= tolerance;
    let detail = if passed { format!("{against}.") } else { format!("{against}, worse by {}.", short(worse)) };
    Verdict::new(passed, detail, evidence)
}

fn signature(version: &ModelVersion) -> Verdict {
    let has = version.signature.as_ref().is_some_and(|s| ["inputs", "outputs"].iter().any(|k| s.get(k).is_some_and(|v| !v.is_null())));
    let detail = if has { "The model has one." } else { "The model has none: log it with signature= or input_example=." };
    Verdict::new(has, detail, version.signature.clone().unwrap_or(Value::Null))
}

fn run(version: &ModelVersion) -> Option<&str> {
    version.lineage.as_ref().map(|l| l.run_id.as_str())
}

fn measured(version: &ModelVersion, name: &str) -> Option<f64> {
    match version.metrics.get(name)? {
        Value::String(word) => word.parse().ok(),
        value => value.as_f64(),
    }
}

fn unmeasured(version: &ModelVersion, name: &str) -> String {
    match &version.lineage {
        Some(lineage) => format!("The run {} of v{} has no metric {name}.", lineage.run_name, version.version),
        None => format!("v{} comes from no run, so it has no metric {name}.", version.version),
    }
}

/// What the version was measured on: datasets that were logged for evaluation, or all where none says so.
fn digests(version: &ModelVersion) -> BTreeSet<String> {
    let all = version.lineage.as_ref().map(|l| l.datasets.as_slice()).unwrap_or_default();
    let measures = |d: &&Dataset| {
        d.context.as_deref().is_some_and(|c| ["eval", "test", "valid"].iter().any(|word| c.to_ascii_lowercase().contains(word)))
    };
    let named = |d: &Dataset| format!("{} {}", d.name, d.digest);
    let some: BTreeSet<String> = all.iter().filter(measures).map(named).collect();
    if some.is_empty() { all.iter().map(named).collect() } else { some }
}

fn listed(digests: &BTreeSet<String>) -> String {
    digests.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Four digits that count.
fn short(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let text = format!("{:.*}", (3 - value.abs().max(1e-9).log10().floor() as i32).clamp(0, 9) as usize, value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
