//! Capacity as a team sees it.

use super::{rooms::Rooms, sizes::Sizes};
use crate::{
    access::TeamMember,
    cluster::Cluster,
    error::Result,
    platform::placements,
    store::{Store, quotas::CappedRow, workloads::WorkloadRow},
    workloads::queue::{self, Cap, Decision, Entry, Limit},
};
use app::api::{
    State,
    capacity::{Capacity, Size},
    resources::Resources,
    runs::MAX_NODES,
};
use std::collections::HashMap;

const FRESH_MS: i64 = 30_000;

/// A live workload as the queue sees it.
pub fn entry(row: &WorkloadRow) -> Entry {
    Entry {
        id: row.id.clone(),
        team_id: row.team_id.clone(),
        resources: row.resources(),
        queued: row.state() == State::Queued,
        free: row.kind == "environment",
        caps: Vec::new(),
    }
}

/// Live workloads as the queue sees them, with what they are one of few of.
///
/// # Errors
/// The database does not answer.
pub async fn entries(store: &Store, rows: &[WorkloadRow]) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = rows.iter().map(entry).collect();
    if !rows.iter().any(|r| r.kind == "task") {
        return Ok(entries);
    }
    let capped: HashMap<String, CappedRow> = store.tasks_capped().await?.into_iter().map(|c| (c.workload_id.clone(), c)).collect();
    for entry in &mut entries {
        let Some(row) = capped.get(&entry.id) else { continue };
        let pipeline = row.pipeline_most.zip(row.pipeline_id.as_ref()).map(|(most, id)| Cap {
            id: id.clone(),
            of: format!("of the pipeline {}", row.pipeline.as_deref().unwrap_or_default()),
            most,
        });
        let team = row.team_most.map(|most| Cap { id: row.team_id.clone(), of: "of the team's pipelines".into(), most });
        entry.caps = pipeline.into_iter().chain(team).collect();
    }
    Ok(entries)
}

/// Limits by team id, of the teams that have one.
///
/// # Errors
/// The database does not answer.
pub async fn limits(store: &Store) -> Result<HashMap<String, Limit>> {
    let rows = store.quotas_limiting().await?;
    Ok(rows.into_iter().map(|q| (q.team_id, Limit { cpu_millis: q.cpu_millis, memory_bytes: q.memory_bytes, gpus: q.gpus })).collect())
}

fn held<'a>(rows: impl Iterator<Item = &'a Entry>) -> Resources {
    rows.filter(|e| !e.queued && !e.free).fold(Resources::NONE, |sum, e| sum.plus(e.resources))
}

/// What there is, what is held, and what each size would do. `max_upload_bytes`: what the configuration says.
///
/// # Errors
/// Cluster or database do not answer.
pub async fn of_team(store: &Store, cluster: &dyn Cluster, by: &TeamMember, max_upload_bytes: u64) -> Result<Capacity> {
    let total = cluster.capacity().await?.total;
    let rows = store.workloads_live().await?;
    let entries = entries(store, &rows).await?;
    let limits = limits(store).await?;
    let quota = limits.get(&by.team.id).copied().unwrap_or_default().within(total);
    let ours = |e: &&Entry| e.team_id.as_deref() == Some(&by.team.id);
    let team_held = held(entries.iter().filter(ours));
    let keys: Vec<i64> = rows.iter().filter(|r| r.team_id.as_deref() == Some(&by.team.id)).map(|r| r.key).collect();
    let samples = store.usage_latest(store.clock().now() - FRESH_MS).await?;
    let used = samples
        .iter()
        .filter(|s| keys.contains(&s.workload_key))
        .fold(Resources::NONE, |sum, s| sum.plus(Resources { cpu_millis: s.cpu_millis, memory_bytes: s.memory_bytes, gpus: 0 }));
    let mut with = entries.clone();
    with.push(Entry {
        id: "new".into(),
        team_id: Some(by.team.id.clone()),
        resources: Resources::NONE,
        queued: true,
        free: false,
        caps: Vec::new(),
    });
    let mut decide = |resources| {
        if let Some(new) = with.last_mut() {
            new.resources = resources;
        }
        queue::plan(total, &limits, &with).pop().map_or(Decision::Grant, |(_, d)| d)
    };
    let placed = if cluster.has_nodes() { placements::of_sizes(store).await? } else { HashMap::new() };
    let mut offered = Vec::new();
    for (name, resources) in Sizes::in_force(store).await?.offered(total) {
        let rooms = cluster.rooms(&placed.get(name).cloned().unwrap_or_default()).await?.map(|all| Rooms::of(&all, &rows));
        let decision = decide(resources);
        let apart = rooms.as_ref().and_then(|rooms| in_pieces(rooms, resources));
        let effect = match (&decision, apart) {
            (Decision::Grant, None) => "Starts at once.".to_owned(),
            (Decision::Grant, Some(why)) => format!("Waits for a node: {why}."),
            (Decision::Wait(why), _) => format!("Waits: {why}"),
        };
        let at_most = rooms.as_ref().map_or(MAX_NODES, |rooms| rooms.ever(resources));
        let now = rooms.as_ref().map_or(MAX_NODES, |rooms| rooms.now(resources));
        let nodes_at_most = most(|n| resources.times(n).fits(quota)).min(at_most);
        let nodes_now = most(|n| decide(resources.times(n)) == Decision::Grant).min(nodes_at_most).min(now);
        offered.push(Size {
            name: name.into(),
            label: label(name),
            resources,
            starts_at_once: decision == Decision::Grant && apart.is_none(),
            effect,
            nodes_now,
            nodes_at_most,
        });
    }
    Ok(Capacity {
        cluster: cluster.name().into(),
        total,
        free: queue::free(total, held(entries.iter())),
        held: team_held,
        quota,
        used,
        queued: entries.iter().filter(ours).filter(|e| e.queued).count() as i64,
        max_upload_bytes: i64::try_from(max_upload_bytes).unwrap_or(i64::MAX),
        sizes: offered,
    })
}

/// Why no node has room for it, however much is free in all.
fn in_pieces(rooms: &Rooms, each: Resources) -> Option<&'static str> {
    match (rooms.is_empty(), rooms.ever(each), rooms.now(each)) {
        (true, ..) => Some("none takes workloads of this size"),
        (_, 0, _) => Some("none is this large"),
        (_, _, 0) => Some("so much is free, but on none of them in one piece"),
        _ => None,
    }
}

/// The largest number of nodes for which something is so; what is so for many is so for fewer.
fn most(mut so: impl FnMut(i64) -> bool) -> i64 {
    let (mut is, mut is_not) = (0, MAX_NODES + 1);
    while is_not - is > 1 {
        let n = (is + is_not) / 2;
        if so(n) { is = n } else { is_not = n }
    }
    is
}

fn label(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| if name == "gpu" { "GPU".into() } else { first.to_uppercase().chain(letters).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_nodes() {
        assert_eq!([0, 1, 5, 64, 100].map(|room| most(|n| n <= room)), [0, 1, 5, 64, 64]);
    }
}
