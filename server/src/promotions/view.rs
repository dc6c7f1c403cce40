//! Promotions as the API tells them.

use super::policy;
use crate::{
    clock::rfc3339,
    error::Result,
    store::{
        Store,
        promotion_gates::GateRow,
        promotions::{PromotionRow, VoteRow},
        workloads::WorkloadRow,
    },
};
use app::api::{
    State,
    promotions::{Comment, Gate, GateResult, GateState, Promotion, Vote},
};
use std::collections::HashMap;

/// Promotions for a list: without gates, votes and comments.
///
/// # Errors
/// The database does not answer.
pub async fn many(store: &Store, rows: Vec<PromotionRow>) -> Result<Vec<Promotion>> {
    let ids: Vec<&str> = rows.iter().map(|r| r.id.as_str()).collect();
    let counts: HashMap<String, (i64, i64)> =
        store.promotion_gate_counts(&ids).await?.into_iter().map(|(id, all, green)| (id, (all, green))).collect();
    let mut needed: HashMap<(String, String), i64> = HashMap::new();
    for row in &rows {
        if !needed.contains_key(&(row.team_id.clone(), row.stage.clone())) {
            let maintainers = store.maintainers_of(&row.team_id).await?.len();
            for policy in policy::all(store, &row.team_id).await? {
                needed.insert((row.team_id.clone(), policy.stage.to_owned()), policy.needed(maintainers));
            }
        }
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let (total, passed) = counts.get(&row.id).copied().unwrap_or_default();
            let now = needed.get(&(row.team_id.clone(), row.stage.clone())).copied().unwrap_or_default();
            let needed = row.needed.unwrap_or(now);
            Promotion { gates_passed: passed, gates_total: total, approvals_needed: needed, ..bare(row) }
        })
        .collect())
}

/// One promotion with everything.
///
/// # Errors
/// The database does not answer.
pub async fn one(store: &Store, row: PromotionRow) -> Result<Promotion> {
    let gates = store.promotion_gates(&row.id).await?;
    let votes = store.promotion_votes(&row.team_id, &row.id).await?;
    let comments = store.promotion_comments(&row.id).await?;
    let maintainers = store.maintainers_of(&row.team_id).await?;
    let policies = policy::all(store, &row.team_id).await?;
    let now = policies.iter().find(|p| p.stage == row.stage).map_or(0, |p| p.needed(maintainers.len()));
    let needed = row.needed.unwrap_or(now);
    let asks = row.state().is_open() && needed > 0;
    let approvers = if asks { approvers(&row, &maintainers, &votes) } else { Vec::new() };
    let mut shown = Vec::new();
    for row in gates.iter().cloned() {
        shown.extend(gate(store, row).await?);
    }
    let passed = gates.iter().filter(|g| g.state() == GateState::Passed).count() as i64;
    Ok(Promotion {
        gates_passed: passed,
        gates_total: gates.len() as i64,
        approvals_needed: needed,
        gates: shown,
        votes: votes.iter().map(|v| vote(&row, v)).collect(),
        approvers,
        comments: comments.into_iter().map(|c| Comment { user: c.user_name, text: c.text, at: rfc3339(c.at) }).collect(),
        ..bare(row)
    })
}

/// Whether a vote counts for a promotion, or did when it was over: by somebody who may, and does not approve of what they asked for.
pub fn counts(row: &PromotionRow, vote: &VoteRow) -> bool {
    let may = if row.state().is_open() { vote.counts } else { vote.counted.unwrap_or(1) };
    may != 0 && (vote.approves == 0 || vote.user_id != row.requested_by_id)
}

/// The approvals that count.
pub fn approvals<'a>(row: &'a PromotionRow, votes: &'a [VoteRow]) -> impl Iterator<Item = &'a VoteRow> {
    votes.iter().filter(move |v| v.approves != 0 && counts(row, v))
}

/// Who could still approve, by name.
pub fn approvers(row: &PromotionRow, maintainers: &[(String, String)], votes: &[VoteRow]) -> Vec<String> {
    let said = |id: &str| votes.iter().any(|v| v.user_id == id && v.approves != 0);
    maintainers.iter().filter(|(id, _)| *id != row.requested_by_id && !said(id)).map(|(_, name)| name.clone()).collect()
}

fn bare(row: PromotionRow) -> Promotion {
    Promotion {
        state: row.state(),
        id: row.id,
        model: row.model,
        version: row.version,
        stage: row.stage,
        alias: row.alias,
        current: row.current_version,
        reason: row.reason,
        requested_by: row.requested_by,
        gates: Vec::new(),
        gates_passed: 0,
        gates_total: 0,
        approvals_needed: 0,
        votes: Vec::new(),
        approvers: Vec::new(),
        comments: Vec::new(),
        revision: row.revision,
        created_at: rfc3339(row.created_at),
        state_since: rfc3339(row.state_since),
    }
}

async fn gate(store: &Store, row: GateRow) -> Result<Option<GateResult>> {
    let Some(gate) = row.gate() else { return Ok(None) };
    let waits = match &row.workload_id {
        Some(id) if row.state() == GateState::Running => store.workload(id).await?.map(|w| waits(&w)),
        _ => None,
    };
    let seconds = row.started_at.zip(row.ended_at).map(|(from, to)| (to - from) as f64 / 1000.0);
    Ok(Some(GateResult {
        position: row.position,
        gate,
        state: row.state(),
        evidence: row.evidence_json.as_deref().and_then(|j| serde_json::from_str(j).ok()),
        log: row.workload_id.is_some(),
        detail: waits.or(row.detail),
        ended_at: row.ended_at.map(rfc3339),
        seconds,
    }))
}

/// How far the workload of a gate is.
fn waits(workload: &WorkloadRow) -> String {
    let otherwise = match workload.state() {
        State::Queued => "Waits for room.",
        State::Starting => "Starts.",
        _ => "Runs.",
    };
    workload.reason.clone().unwrap_or_else(|| otherwise.to_owned())
}

fn vote(row: &PromotionRow, vote: &VoteRow) -> Vote {
    Vote { user: vote.user_name.clone(), approves: vote.approves != 0, counts: counts(row, vote), at: rfc3339(vote.at) }
}

/// Gates by their titles, for the plan.
pub fn titled(gates: &[GateRow]) -> Vec<(String, GateState)> {
    gates.iter().map(|g| (g.gate().as_ref().map_or_else(|| "A gate nobody understands".into(), Gate::title), g.state())).collect()
}
