//! Runs as tables.

use crate::cli::{here::Here, output};
use app::api::runs::{Code, MetricSeries, Run, RunSummary};

/// A list of runs, with the chosen metrics and parameters.
pub fn table(runs: &[RunSummary], columns: &[String]) -> String {
    let mut head = vec!["id", "name", "state", "experiment", "user", "started", "took"];
    head.extend(columns.iter().map(String::as_str));
    head.push("reason");
    let row = |r: &RunSummary| {
        let mut row = vec![
            r.id.clone(),
            r.name.clone(),
            r.state.to_string(),
            r.experiment.clone(),
            r.user.clone(),
            output::ago(r.started_at.as_deref()),
            output::took(r.started_at.as_deref(), r.ended_at.as_deref()),
        ];
        row.extend(columns.iter().map(|c| value(r, c)));
        row.push(r.reason.clone().unwrap_or_default());
        row
    };
    output::rows(&head, runs.iter().map(row).collect(), "No runs.")
}

fn value(run: &RunSummary, column: &str) -> String {
    match column.split_once('.') {
        Some(("metrics", key)) => run.metrics.get(key).map(output::number).unwrap_or_default(),
        Some(("params", key)) => run.params.get(key).cloned().unwrap_or_default(),
        _ => run.metrics.get(column).map(output::number).or_else(|| run.params.get(column).cloned()).unwrap_or_default(),
    }
}

/// One run.
pub fn facts(here: &Here, run: &Run) -> String {
    let (r, s) = (&run.summary, run.submission.as_ref());
    let pairs = |items: Vec<String>| items.join(", ");
    let code = s.and_then(|s| s.code.as_ref()).map(|c| match c {
        Code::Upload { digest } => format!("uploaded, sha256 {digest}"),
        Code::Git { url, reference, commit } => format!("{url} at {}", commit.as_deref().unwrap_or(reference)),
    });
    output::facts(&[
        ("Id", r.id.clone()),
        ("Name", r.name.clone()),
        ("State", r.state.to_string()),
        ("Reason", r.reason.clone().unwrap_or_default()),
        ("Experiment", r.experiment.clone()),
        ("User", r.user.clone()),
        ("Started", r.started_at.clone().unwrap_or_default()),
        ("Took", if r.started_at.is_some() { output::took(r.started_at.as_deref(), r.ended_at.as_deref()) } else { String::new() }),
        ("Command", s.map(|s| s.command.join(" ")).unwrap_or_default()),
        ("Environment", s.map(|s| format!("{} v{}", s.environment, s.environment_version)).unwrap_or_default()),
        ("Holds", s.map(app::api::runs::Submission::holds).unwrap_or_default()),
        ("Code", code.unwrap_or_default()),
        ("Attempt", s.map(|s| format!("{} of {}", s.attempt, s.max_attempts)).unwrap_or_default()),
        ("Exit code", s.and_then(|s| s.exit_code).map(|c| c.to_string()).unwrap_or_default()),
        ("Retry of", s.and_then(|s| s.retry_of.clone()).unwrap_or_default()),
        ("Parameters", pairs(r.params.iter().map(|(k, v)| format!("{k} {v}")).collect())),
        ("Metrics", pairs(r.metrics.iter().map(|(k, v)| format!("{k} {}", output::number(v))).collect())),
        ("Datasets", pairs(run.datasets.iter().map(|d| d.name.clone()).collect())),
        ("Logged models", pairs(run.logged_models.iter().map(|m| m.name.clone()).collect())),
        ("Registered as", pairs(run.model_versions.iter().map(|m| format!("{} v{}", m.model, m.version)).collect())),
        ("Page", here.link(&format!("/teams/{}/runs/{}", here.team, r.id))),
    ])
}

/// The latest value of each metric.
pub fn latest(series: &[MetricSeries]) -> String {
    let row = |s: &MetricSeries| {
        let last = s.points.last();
        let value = last.and_then(|p| p.value).map_or_else(|| "-".to_owned(), |v| output::number(&v.into()));
        vec![s.key.clone(), value, last.map(|p| p.step.to_string()).unwrap_or_default(), s.total.to_string()]
    };
    output::rows(&["metric", "latest", "step", "points"], series.iter().map(row).collect(), "No metrics.")
}

/// Every point.
pub fn curves(series: &[MetricSeries]) -> String {
    let rows = series.iter().flat_map(|s| {
        s.points.iter().map(|p| {
            let value = p.value.map_or_else(|| "-".to_owned(), |v| v.to_string());
            vec![s.key.clone(), p.step.to_string(), value]
        })
    });
    output::rows(&["metric", "step", "value"], rows.collect(), "No metrics.")
}
