//! Home of a team: what runs, waits, failed.

use crate::{
    access::TeamViewer,
    clock::rfc3339,
    error::Result,
    store::{Store, workloads::WorkloadRow},
};
use app::api::{
    State,
    client::segment,
    home::{Counts, Found, Home, HomeItem},
};

use std::collections::HashMap;

const FAILED_MS: i64 = 3 * 24 * 3600 * 1000;
const CHART_MS: i64 = 10 * 60 * 1000;

fn item(team: &str, row: &WorkloadRow, by: String, cpu: Vec<i64>) -> HomeItem {
    let since = row.ended_at.or(row.running_at).or(row.granted_at).unwrap_or(row.queued_at);
    let team = segment(team);
    let href = match row.kind.as_str() {
        "run" => format!("/teams/{team}/runs/{}", segment(&row.owner_id)),
        "notebook" => format!("/teams/{team}/notebooks"),
        "replica" => format!("/teams/{team}/deployments/{}", segment(&row.name)),
        _ => format!("/teams/{team}/environments"),
    };
    let kind = if row.kind == "replica" { "deployment" } else { &row.kind };
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
        href,
        cpu,
    }
}

/// Home of a team.
///
/// # Errors
/// The database does not answer.
pub async fn of_team(store: &Store, by: &TeamViewer) -> Result<Home> {
    let now = store.clock().now();
    let name = &by.team.name;
    let live = store.workloads_live(Some(&by.team.id)).await?;
    let shown = || live.iter().rev().take(50);
    let ended = store.workloads_ended(&by.team.id, now - FAILED_MS, 50).await?;
    let people = store.workload_people(shown().chain(&ended)).await?;
    let item = |row: &WorkloadRow, cpu| item(name, row, people.get(&row.id).cloned().unwrap_or_default(), cpu);
    let keys: Vec<i64> = shown().map(|r| r.key).collect();
    let mut cpu: HashMap<i64, Vec<i64>> = HashMap::new();
    for sample in store.usage_of(&keys, now - CHART_MS).await? {
        cpu.entry(sample.workload_key).or_default().push(sample.cpu_millis);
    }
    let active = shown().map(|row| item(row, cpu.remove(&row.key).unwrap_or_default())).collect();
    let newest = |row: &&WorkloadRow| !live.iter().any(|l| l.owner_id == row.owner_id);
    let failed = ended.iter().filter(|r| r.state() == State::Failed).filter(newest).take(10).map(|r| item(r, vec![])).collect();
    let recent = ended.iter().take(10).map(|r| item(r, vec![])).collect();
    let count = |kind: &str| live.iter().filter(|r| r.kind == kind).count() as i64;
    Ok(Home { active, failed, recent, counts: Counts { notebooks: count("notebook"), runs: count("run"), deployments: count("replica") } })
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
    let team = segment(&by.team.name);
    Ok(rows
        .into_iter()
        .map(|r| {
            let href = match r.kind.as_str() {
                "run" => format!("/teams/{team}/runs/{}", segment(&r.id)),
                "model" => format!("/teams/{team}/models/{}", segment(&r.name)),
                "experiment" => format!("/teams/{team}/runs?experiment={}", segment(&r.id)),
                other => format!("/teams/{team}/{other}s/{}", segment(&r.name)),
            };
            // Only runs share names.
            let sub = if r.kind == "run" { r.id } else { String::new() };
            Found { kind: r.kind, label: r.name, sub, href }
        })
        .collect())
}
