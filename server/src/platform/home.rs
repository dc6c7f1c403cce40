//! Home of a team: what runs, waits, failed.

use crate::{
    access::TeamViewer,
    clock::rfc3339,
    error::Result,
    pipelines::approvals,
    promotions::service as promotions,
    store::{Store, at_rest::RestRow, workloads::WorkloadRow},
};
use app::api::{
    client::segment,
    home::{Counts, Found, Home, HomeItem},
};

use std::collections::{HashMap, HashSet};

const FAILED_MS: i64 = 3 * 24 * 3600 * 1000;
const CHART_MS: i64 = 10 * 60 * 1000;

/// The page of an object in the dashboard.
pub fn page(team: &str, kind: &str, id: &str, name: &str) -> String {
    let team = segment(team);
    match kind {
        "run" => format!("/teams/{team}/runs/{}", segment(id)),
        "promotion" => format!("/teams/{team}/promotions/{}", segment(id)),
        "pipeline_run" => format!("/teams/{team}/pipeline-runs/{}", segment(id)),
        "recurring_run" => format!("/teams/{team}/recurring-runs/{}", segment(id)),
        "experiment" => format!("/teams/{team}/runs?experiment={}", segment(id)),
        other => format!("/teams/{team}/{other}s/{}", segment(name)),
    }
}

/// `run`: the pipeline run of a task.
fn active(team: &str, row: &WorkloadRow, by: String, cpu: Vec<i64>, run: Option<&String>) -> HomeItem {
    let since = row.running_at.or(row.granted_at).unwrap_or(row.queued_at);
    let kind = match row.kind.as_str() {
        "replica" => "deployment",
        "gate" => "promotion",
        other => other,
    };
    HomeItem {
        kind: kind.into(),
        id: row.owner_id.clone(),
        name: row.name.clone(),
        state: row.state(),
        reason: row.reason.clone(),
        by,
        since: rfc3339(since),
        resources: row.resources(),
        granted: row.granted(),
        href: run.map_or_else(
            || page(team, kind, &row.owner_id, &row.name),
            |run| format!("{}?task={}", page(team, "pipeline_run", run, ""), segment(&row.owner_id)),
        ),
        cpu,
    }
}

fn at_rest(team: &str, row: RestRow) -> HomeItem {
    HomeItem {
        state: row.state(),
        since: rfc3339(row.since),
        resources: row.resources(),
        granted: None,
        href: page(team, &row.kind, &row.id, &row.name),
        cpu: vec![],
        kind: row.kind,
        id: row.id,
        name: row.name,
        reason: row.reason,
        by: row.by,
    }
}

/// Home of a team.
///
/// # Errors
/// The database does not answer.
pub async fn of_team(store: &Store, by: &TeamViewer) -> Result<Home> {
    let now = store.clock().now();
    let (id, name) = (&by.team.id, &by.team.name);
    let live = store.workloads_live_of(id).await?;
    let shown = || live.iter().rev().take(50);
    let people = store.workload_people(shown()).await?;
    let keys: Vec<i64> = shown().map(|r| r.key).collect();
    let mut cpu: HashMap<i64, Vec<i64>> = HashMap::new();
    for sample in store.usage_of(&keys, now - CHART_MS).await? {
        cpu.entry(sample.workload_key).or_default().push(sample.cpu_millis);
    }
    let tasks: Vec<String> = shown().filter(|r| r.kind == "task").map(|r| r.owner_id.clone()).collect();
    let runs: HashMap<String, String> =
        if tasks.is_empty() { HashMap::new() } else { store.tasks_of_runs(id, &tasks).await?.into_iter().collect() };
    let whose = |row: &WorkloadRow| people.get(&row.id).cloned().unwrap_or_default();
    let active =
        shown().map(|row| active(name, row, whose(row), cpu.remove(&row.key).unwrap_or_default(), runs.get(&row.owner_id))).collect();
    let failed = store.failed(id, now - FAILED_MS, 10).await?.into_iter().map(|row| at_rest(name, row)).collect();
    let recent = store.at_rest(id, 0, 10).await?.into_iter().map(|row| at_rest(name, row)).collect();
    let count = |kind: &str| live.iter().filter(|r| r.kind == kind).count() as i64;
    let waiting = promotions::waiting(store, by).await?;
    let asking = approvals::waiting(store, by).await?;
    // However many replicas it has, a deployment is one.
    let deployments: HashSet<&str> = live.iter().filter(|r| r.kind == "replica").map(|r| r.name.as_str()).collect();
    let (deployments, approvals) = (deployments.len() as i64, waiting.len() as i64);
    let counts = Counts {
        notebooks: count("notebook"),
        runs: count("run"),
        pipelines: store.pipeline_runs_active(id).await?,
        deployments,
        approvals,
    };
    Ok(Home { active, failed, waiting, tasks: asking, recent, counts })
}

/// Objects whose name begins with, or whose id is, what is looked for.
///
/// # Errors
/// The database does not answer.
pub async fn find(store: &Store, by: &TeamViewer, q: &str) -> Result<Vec<Found>> {
    let q = q.trim();
    if q.is_empty() || q.len() > 200 {
        return Ok(Vec::new());
    }
    let rows = store.find(&by.team.id, q).await?;
    Ok(rows
        .into_iter()
        .map(|r| {
            let href = page(&by.team.name, &r.kind, &r.id, &r.name);
            // Only what runs shares names.
            let sub = if matches!(r.kind.as_str(), "run" | "pipeline_run") { r.id } else { String::new() };
            Found { kind: r.kind, label: r.name, sub, href }
        })
        .collect())
}
