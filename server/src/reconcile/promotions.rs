//! Promotions: gates are looked at, approvals counted, and the version gets alias and stage in one transaction.

use super::{Report, Task};
use crate::{
    artifacts::ArtifactStore,
    cluster::{SharedCluster, WorkloadKind},
    error::{Error, Kind, Result},
    ids,
    logs::LogStore,
    models::location,
    promotions::{
        evaluate::{self, Verdict},
        moving,
        plan::{self, Seen, Step},
        policy, promote, view,
    },
    quota::sizes::Sizes,
    store::{
        Store,
        promotion_gates::{GateEnd, GateRow},
        promotions::PromotionRow,
        workloads::{NewWorkload, WorkloadRow},
    },
};
use app::api::{
    State,
    changes::kinds,
    promotions::{Gate, GateState, PromotionState},
    resources::ResourcesAsked,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};

/// Promotions that are looked at at the same time.
const AT_ONCE: usize = 8;
/// Longest sentence that a gate's command says, in characters.
const MOST_SAID: usize = 2000;
/// What writes text the other way round, so that it reads as another.
const DIRECTIONS: &[char] = &['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'];

/// The task.
pub struct Promotions {
    /// The database.
    pub store: Store,
    /// Files of models.
    pub artifacts: ArtifactStore,
    /// What the workloads of gates printed.
    pub logs: LogStore,
    /// How large workloads can be.
    pub cluster: SharedCluster,
}

#[async_trait]
impl Task for Promotions {
    fn name(&self) -> &'static str {
        "promotions"
    }

    async fn tick(&self) -> Result<Report> {
        // Workloads first: what is inserted after that is not mistaken for lost.
        let workloads: HashMap<String, WorkloadRow> = self
            .store
            .workloads_unsettled(WorkloadKind::Gate)
            .await?
            .into_iter()
            .map(|w| (w.id.clone(), Arc::unwrap_or_clone(w)))
            .collect();
        let open = self.store.promotions_open().await?;
        let mut report = Report::from([("open", open.len() as i64), ("workloads", workloads.len() as i64)]);
        let mut wanted = Vec::new();
        // Side by side: the files of one may take their time.
        let looks: Vec<_> = open.iter().map(|row| self.look(row, &workloads)).collect();
        let looked: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
        for (row, (did, waits_for)) in open.iter().zip(looked) {
            wanted.extend(waits_for);
            match did {
                Ok(did) => *report.entry("did").or_default() += i64::from(did),
                Err(error) => {
                    tracing::warn!(promotion = row.id, error = %error, "promotion");
                    *report.entry("failed").or_default() += 1;
                }
            }
        }
        for workload in workloads.values().filter(|w| !wanted.contains(&w.id)) {
            self.unwanted(workload).await?;
        }
        Ok(report)
    }
}

impl Promotions {
    /// As [`Promotions::advance`], with the workloads that its gates wait for.
    async fn look(&self, row: &PromotionRow, workloads: &HashMap<String, WorkloadRow>) -> (Result<bool>, Vec<String>) {
        let mut wanted = Vec::new();
        (self.advance(row, workloads, &mut wanted).await, wanted)
    }

    /// Looks at one promotion; whether anything was done. Adds the workloads that its gates wait for to `wanted`.
    async fn advance(&self, row: &PromotionRow, workloads: &HashMap<String, WorkloadRow>, wanted: &mut Vec<String>) -> Result<bool> {
        let gates = self.store.promotion_gates(&row.id).await?;
        // Also one that has ended, until its gate says so: whatever keeps this look from getting there, the next one does.
        wanted.extend(gates.iter().filter(|g| g.state() == GateState::Running).filter_map(|g| g.workload_id.clone()));
        if self.is_changing(row).await? {
            return self.waits(row, "Waits for a change of the version's files that is under way.").await;
        }
        let seen = self.seen(row, &gates).await?;
        let step = plan::plan(&seen);
        match step {
            Step::Anew(why) => return self.anew(row, &why).await,
            Step::End(state, reason) => return self.end(row, state, &reason).await,
            Step::Promote | Step::Nothing | Step::Follow(..) => {}
        }
        let (mut facts, mut did) = (None, false);
        for gate in &gates {
            let Some(what) = gate.gate() else { continue };
            match gate.state() {
                GateState::Open if what.by_workload() => {
                    wanted.extend(self.start(row, gate, &what).await?);
                    did = true;
                }
                GateState::Running => {
                    let workload = gate.workload_id.as_ref().and_then(|id| workloads.get(id));
                    if let Some(workload) = workload.filter(|w| w.ended()) {
                        did |= self.ended(row, gate, &what, workload).await?;
                    }
                }
                GateState::Open => {
                    if facts.is_none() {
                        facts = match promote::facts(&self.store, &self.artifacts, row).await {
                            Err(error) if is_away(&error) => return self.away(row, &error).await,
                            facts => facts?,
                        };
                    }
                    let Some((version, current)) = &facts else { continue };
                    let Some(verdict) = evaluate::evaluate(&what, version, current.as_ref()) else { continue };
                    did |= self.answer(row, gate, &verdict).await?;
                }
                GateState::Passed | GateState::Failed | GateState::Broken => {}
            }
        }
        if step == Step::Promote {
            let red = match promote::turned_red(&self.store, &self.artifacts, row, &gates).await {
                Err(error) if is_away(&error) => return self.away(row, &error).await,
                red => red?,
            };
            for (gate, verdict) in red {
                did |= self.answer(row, gate, &verdict).await?;
            }
        }
        match step {
            _ if did => Ok(true),
            Step::Promote => self.promote(row).await,
            Step::Follow(state, reason) => self.follow(row, state, reason.as_deref()).await,
            _ => Ok(false),
        }
    }

    /// Whether a change of the version's files is under way that began before this was asked for: then it is looked at afterwards.
    async fn is_changing(&self, row: &PromotionRow) -> Result<bool> {
        let version = self.store.version(&row.team_id, &row.model, row.version).await?;
        let folder = version.map(|v| location::path_of(&v.row.storage)).transpose()?.flatten();
        Ok(folder.is_some_and(|folder| self.artifacts.is_changing(&row.team_id, &folder)))
    }

    /// It is no fault of the version that the artifact store is away: its gates are looked at once it is back.
    async fn away(&self, row: &PromotionRow, error: &Error) -> Result<bool> {
        tracing::warn!(promotion = row.id, error = %error, "the files of its version cannot be read now");
        self.waits(row, &format!("Its gates are looked at once this is over: {}", error.public)).await
    }

    /// Says what keeps its gates from being looked at; whether that is new.
    async fn waits(&self, row: &PromotionRow, why: &str) -> Result<bool> {
        if row.state() != PromotionState::Checking || row.reason.as_deref() == Some(why) {
            return Ok(false);
        }
        self.follow(row, PromotionState::Checking, Some(why)).await
    }

    async fn seen(&self, row: &PromotionRow, gates: &[GateRow]) -> Result<Seen> {
        let version = self.store.version(&row.team_id, &row.model, row.version).await?;
        let policies = policy::all(&self.store, &row.team_id).await?;
        let policy = policies.iter().find(|p| p.stage == row.stage);
        let maintainers = self.store.maintainers_of(&row.team_id).await?;
        let votes = self.store.promotion_votes(&row.team_id, &row.id).await?;
        Ok(Seen {
            state: row.state(),
            reason: row.reason.clone(),
            name: format!("{} v{}", row.model, row.version),
            there: version.is_some_and(|v| v.row.id == row.version_id),
            same_policy: policy.is_some_and(|p| p.revision == row.policy_revision),
            same_current: self.store.alias(&row.team_id, &row.model, &row.alias).await? == row.current_version,
            gates: view::titled(gates),
            approvals: view::approvals(row, &votes).count() as i64,
            needed: policy.map_or(0, |p| p.needed(maintainers.len())),
            approvers: view::approvers(row, &maintainers, &votes),
        })
    }

    /// Asks for the workload of a gate; none where another look began meanwhile, or where it could never run.
    async fn start(&self, row: &PromotionRow, gate: &GateRow, what: &Gate) -> Result<Option<String>> {
        let total = self.cluster.capacity().await?.total;
        let resources = match Sizes::in_force(&self.store).await?.resolve(total, what.size(), &ResourcesAsked::default(), None) {
            Ok(resources) => resources,
            Err(error) => {
                let end = GateEnd { state: GateState::Broken, detail: &error.public, evidence: None };
                return self.write(row, gate, &end).await.map(|()| None);
            }
        };
        let id = ids::new_id(&**self.store.clock());
        let mut tx = self.store.begin().await?;
        if !tx.promotion_gate_begin(&row.id, gate.position, gate.round, &id).await? {
            return Ok(None);
        }
        tx.workload_insert(&NewWorkload {
            id: &id,
            team_id: Some(&row.team_id),
            kind: WorkloadKind::Gate,
            owner_id: &row.id,
            name: &format!("{} v{}: {}", row.model, row.version, what.title()),
            attempt: gate.attempts + 1,
            generation: gate.position,
            resources,
            nodes: 1,
        })
        .await?;
        tx.changed(Some(&row.team_id), kinds::PROMOTION, &row.id, row.revision);
        tx.commit().await?;
        Ok(Some(id))
    }

    /// The workload of a gate has ended.
    async fn ended(&self, row: &PromotionRow, gate: &GateRow, what: &Gate, workload: &WorkloadRow) -> Result<bool> {
        let printed = self.logs.last_json(&workload.id, workload.attempt).await;
        let end = judge(what, workload, printed, gate.attempts);
        let mut tx = self.store.begin().await?;
        tx.promotion_gate_end(&row.id, gate.position, gate.round, &end.borrowed()).await?;
        tx.workload_settle(&workload.id).await?;
        tx.changed(Some(&row.team_id), kinds::PROMOTION, &row.id, row.revision);
        tx.wakes();
        tx.commit().await.map(|()| true)
    }

    async fn answer(&self, row: &PromotionRow, gate: &GateRow, verdict: &Verdict) -> Result<bool> {
        let state = if verdict.passed { GateState::Passed } else { GateState::Failed };
        let end = GateEnd { state, detail: &verdict.detail, evidence: Some(verdict.evidence.to_string()) };
        self.write(row, gate, &end).await.map(|()| true)
    }

    async fn write(&self, row: &PromotionRow, gate: &GateRow, end: &GateEnd<'_>) -> Result<()> {
        let mut tx = self.store.begin().await?;
        tx.promotion_gate_end(&row.id, gate.position, gate.round, end).await?;
        tx.changed(Some(&row.team_id), kinds::PROMOTION, &row.id, row.revision);
        tx.wakes();
        tx.commit().await
    }

    async fn follow(&self, row: &PromotionRow, state: PromotionState, reason: Option<&str>) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        if !moving::to(&mut tx, row, state, reason).await? {
            return Ok(false);
        }
        if state == row.state() {
            tx.changed(Some(&row.team_id), kinds::PROMOTION, &row.id, row.revision + 1);
        } else {
            promote::event(&mut tx, row, state.as_str(), json!({ "reason": reason })).await?;
        }
        tx.commit().await.map(|()| true)
    }

    async fn end(&self, row: &PromotionRow, state: PromotionState, reason: &str) -> Result<bool> {
        self.follow(row, state, Some(reason)).await
    }

    /// All gates are looked at again, by the policy in force. What maintainers said of the version stays.
    async fn anew(&self, row: &PromotionRow, why: &str) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let Some(model) = tx.model_lock(&row.team_id, &row.model, false).await? else { return Ok(false) };
        let policy = policy::one_in(&mut tx, &row.team_id, &row.stage).await?;
        let current = tx.alias(&model.id, &policy.alias).await?;
        if !tx.promotion_move(row, PromotionState::Checking, Some(why)).await? {
            return Ok(false);
        }
        tx.promotion_ground(&row.id, &policy.alias, policy.revision, current).await?;
        tx.promotion_gates_make(&row.id, row.revision + 1, &policy.gates).await?;
        promote::event(&mut tx, row, "recheck", json!({ "reason": why })).await?;
        tx.commit().await.map(|()| true)
    }

    /// Points alias and stage at the version, unless somebody was faster.
    async fn promote(&self, row: &PromotionRow) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        if !promote::promote(&mut tx, row).await? {
            return Ok(false);
        }
        tx.commit().await.map(|()| true)
    }

    /// Nobody waits for this one: another look began, or the promotion is over.
    async fn unwanted(&self, workload: &WorkloadRow) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if workload.ended() {
            tx.workload_settle(&workload.id).await?;
        } else if workload.stop_requested_at.is_none() {
            tx.workload_stop(&workload.id, "Its promotion does not wait for it any more.", 5).await?;
        } else {
            return Ok(());
        }
        tx.commit().await
    }
}

fn is_away(error: &Error) -> bool {
    matches!(error.kind, Kind::Unavailable | Kind::Upstream)
}

/// What the end of a workload says of its gate.
struct Judged {
    state: GateState,
    detail: String,
    evidence: Option<String>,
}

impl Judged {
    fn borrowed(&self) -> GateEnd<'_> {
        GateEnd { state: self.state, detail: &self.detail, evidence: self.evidence.clone() }
    }
}

fn judge(what: &Gate, workload: &WorkloadRow, printed: Option<Value>, attempts: i64) -> Judged {
    let reason = || workload.reason.clone().unwrap_or_else(|| "It ended for an unknown reason.".into());
    let evidence = printed.as_ref().map(Value::to_string);
    // Without an exit code it was not the model's fault: its node, or somebody, ended it.
    if workload.exit_code.is_none() && workload.out_of_memory == 0 && workload.timed_out == 0 {
        let again = attempts < plan::ATTEMPTS && workload.state() != State::Succeeded;
        return match again {
            true => Judged { state: GateState::Open, detail: format!("{} It is tried again.", reason()), evidence: None },
            false if attempts > 1 => {
                Judged { state: GateState::Broken, detail: format!("{} It was tried {attempts} times.", reason()), evidence }
            }
            false => Judged { state: GateState::Broken, detail: reason(), evidence },
        };
    }
    let said = printed.as_ref().and_then(|p| p.get("detail")).and_then(Value::as_str).map(shown);
    let ok = workload.exit_code == Some(0);
    let (passed, detail) = match what {
        Gate::Smoke { within_ms, .. } => smoke(ok, printed.as_ref(), *within_ms).unwrap_or_else(|| (false, said.unwrap_or_else(reason))),
        _ if ok => (true, said.unwrap_or_else(|| "Exited with code 0.".into())),
        _ => (false, said.unwrap_or_else(reason)),
    };
    Judged { state: if passed { GateState::Passed } else { GateState::Failed }, detail, evidence }
}

/// What of a program's own sentence is kept: what a database and a page can hold.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !DIRECTIONS.contains(c)).take(MOST_SAID).collect()
}

/// Nothing where it failed: the reason is elsewhere.
fn smoke(ok: bool, printed: Option<&Value>, within_ms: Option<i64>) -> Option<(bool, String)> {
    let printed = printed.filter(|_| ok)?;
    if printed.get("example").and_then(Value::as_bool) != Some(true) {
        return Some((false, "It was loaded, but it has no input example to answer: log the model with input_example=.".into()));
    }
    let took = printed.get("latency_ms").and_then(Value::as_f64)?;
    match within_ms {
        Some(most) if took > most as f64 => Some((false, format!("It answered its own example in {took:.1} ms, more than {most} ms."))),
        _ => Some((true, format!("Loaded, and answered its own example in {took:.1} ms."))),
    }
}
