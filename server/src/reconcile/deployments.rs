//! Deployments: gathers what is wanted and what is, lets the room decide, performs one transaction for each deployment.

use super::{Report, Task};
use crate::{
    cluster::{WorkloadKind, reach::Reach},
    deployments::{
        ledger,
        plan::{self, Desired, Plan, Replica, Seen, SeenRevision, Step},
        routes::Routes,
        service::change_of,
        smoke::Smokes,
        why,
    },
    error::{Error, Result},
    ids,
    logs::LogStore,
    store::{
        Store, Tx,
        deployments::{DeploymentChange, DeploymentRow},
        events::NewEvent,
        revisions::{RevisionChange, RevisionRow},
        workloads::{NewWorkload, WorkloadRow},
    },
};
use app::api::{
    State,
    deployments::{RevisionState, Smoke},
    ledger::Served,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

/// The task.
pub struct Deployments {
    store: Store,
    routes: Routes,
    reach: Reach,
    logs: LogStore,
    smokes: Smokes,
    /// When somebody wakes us for what is due then; 0 for never.
    alarm: std::sync::Arc<AtomicI64>,
}

impl Deployments {
    /// Over this store; shifts show in `routes` at once.
    pub fn new(store: Store, routes: Routes, reach: Reach, logs: LogStore) -> Self {
        Self { store, routes, reach, logs, smokes: Smokes::default(), alarm: std::sync::Arc::default() }
    }
}

/// A deployment with everything that belongs to it.
struct Gathered {
    row: DeploymentRow,
    revisions: BTreeMap<i64, RevisionRow>,
    /// By revision number, newest first.
    replicas: HashMap<i64, Vec<WorkloadRow>>,
}

#[async_trait]
impl Task for Deployments {
    fn name(&self) -> &'static str {
        "deployments"
    }

    async fn tick(&self) -> Result<Report> {
        let gathered = self.gather().await?;
        let replicas: HashSet<&str> = gathered.iter().flat_map(|g| g.replicas.values().flatten()).map(|w| w.id.as_str()).collect();
        self.smokes.keep(&replicas);
        let mut report = Report::from([("seen", gathered.len() as i64), ("replicas", replicas.len() as i64)]);
        let mut shifted = false;
        for one in &gathered {
            let plan = plan::plan(&self.seen(one).await);
            if let Some(at) = plan.again_at {
                self.wake_at(at);
            }
            match self.perform(one, &plan).await {
                Ok(false) => {}
                Ok(true) => {
                    *report.entry("did").or_default() += 1;
                    shifted = true;
                }
                Err(error) => {
                    tracing::warn!(deployment = one.row.name, error = %error, "deployment");
                    *report.entry("failed").or_default() += 1;
                }
            }
        }
        if shifted {
            self.routes.refresh(&self.store).await?;
        }
        Ok(report)
    }
}

impl Deployments {
    async fn gather(&self) -> Result<Vec<Gathered>> {
        // Workloads first: what is inserted after that is not mistaken for lost.
        let workloads = self.store.workloads_unsettled(WorkloadKind::Replica).await?;
        let mut revisions: HashMap<String, RevisionRow> =
            self.store.revisions_at_work(None).await?.into_iter().map(|r| (r.id.clone(), r)).collect();
        for workload in &workloads {
            if !revisions.contains_key(&workload.owner_id)
                && let Some(revision) = self.store.revision(&workload.owner_id).await?
            {
                revisions.insert(revision.id.clone(), revision);
            }
        }
        let mut all: HashMap<String, Gathered> = HashMap::new();
        for row in self.store.deployments_unsettled().await? {
            all.insert(row.id.clone(), Gathered { row, revisions: BTreeMap::new(), replicas: HashMap::new() });
        }
        for workload in workloads {
            // Its deployment was removed under it: nobody else will end it.
            let Some(revision) = revisions.get(&workload.owner_id) else {
                self.orphan(&workload).await?;
                continue;
            };
            if !all.contains_key(&revision.deployment_id) {
                let row = self.store.deployment_by_id(&revision.deployment_id).await?;
                let row = row.ok_or_else(|| Error::internal(format!("revision {} without a deployment", revision.id)))?;
                all.insert(row.id.clone(), Gathered { row, revisions: BTreeMap::new(), replicas: HashMap::new() });
            }
            if let Some(gathered) = all.get_mut(&revision.deployment_id) {
                // They come oldest first.
                gathered.replicas.entry(revision.number).or_default().insert(0, workload);
            }
        }
        for revision in revisions.into_values() {
            if let Some(gathered) = all.get_mut(&revision.deployment_id) {
                gathered.revisions.insert(revision.number, revision);
            }
        }
        Ok(all.into_values().collect())
    }

    async fn orphan(&self, workload: &WorkloadRow) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if workload.ended() {
            tx.workload_settle(&workload.id).await?;
        } else {
            tx.workload_stop(&workload.id, "Its deployment is no more.", 5).await?;
        }
        tx.commit().await
    }

    async fn seen(&self, of: &Gathered) -> Seen {
        let mut revisions = Vec::with_capacity(of.revisions.len());
        for row in of.revisions.values() {
            let mut replicas = Vec::new();
            for workload in of.replicas.get(&row.number).into_iter().flatten() {
                let end = if workload.ended() { Some(why::end(workload, &self.logs).await) } else { None };
                let asked = workload.stop_requested_at.is_some() && end.is_none();
                replicas.push(Replica {
                    id: workload.id.clone(),
                    state: if asked { State::Stopping } else { workload.state() },
                    reason: workload.reason.clone(),
                    running_at: workload.running_at,
                    end,
                });
            }
            let newest = of.replicas.get(&row.number).and_then(|all| all.first()).map(|w| w.id.as_str()).unwrap_or_default();
            let in_flight = replicas.iter().map(|r| self.routes.in_flight(&r.id)).sum();
            revisions.push(SeenRevision {
                number: row.number,
                state: row.state(),
                reason: row.reason.clone(),
                crashes: row.crashes,
                retry_at: row.retry_at,
                drains_since: row.retired_at.filter(|_| row.serving_at.is_some()),
                in_flight,
                smoke: self.smokes.of(newest),
                replicas,
            });
        }
        Seen {
            desired: Desired::of(&of.row.desired),
            serving: of.row.serving,
            next: of.row.next,
            reason: of.row.reason.clone(),
            revisions,
            now: self.store.clock().now(),
        }
    }

    /// One guarded transaction; whether anything was done.
    async fn perform(&self, of: &Gathered, plan: &Plan) -> Result<bool> {
        let row = &of.row;
        let visible = (plan.state, &plan.reason, plan.serving, plan.next) != (row.state(), &row.reason, row.serving, row.next);
        if plan.steps.is_empty() && !visible {
            return Ok(false);
        }
        let mut served = HashMap::new();
        for step in &plan.steps {
            if let Step::Shift(number, _) | Step::Resume(number) = step
                && let Some(revision) = of.revisions.get(number)
            {
                served.insert(*number, ledger::note(&self.store, revision).await?);
            }
        }
        let mut tx = self.store.begin().await?;
        let told = visible || plan.steps.iter().any(|s| !matches!(s, Step::Stop(..) | Step::Settle(_)));
        let held = if told {
            let change = DeploymentChange {
                desired: &row.desired,
                state: plan.state,
                reason: plan.reason.as_deref(),
                latest: row.latest,
                serving: plan.serving,
                next: plan.next,
            };
            tx.deployment_update(&row.id, row.revision, &change).await?
        } else {
            tx.deployment_hold(&row.id, row.revision).await?
        };
        // Somebody was faster: the next tick sees what they wanted.
        if !held {
            return Ok(false);
        }
        let mut work = Work { row, tx: &mut tx, revisions: of.revisions.clone(), served, clock: self.store.clock().clone() };
        for step in &plan.steps {
            work.step(step).await?;
        }
        if told {
            tx.changed(Some(&row.team_id), "deployment", &row.id, row.revision + 1);
            tx.wakes();
        }
        tx.commit().await?;
        for number in plan.steps.iter().filter_map(|s| if let Step::Smoke(n) = s { Some(n) } else { None }) {
            let replica = of.replicas.get(number).and_then(|all| all.first());
            if let Some((id, endpoint)) = replica.and_then(|w| Some((&w.id, w.endpoint()?))) {
                self.smokes.begin(&self.reach, self.store.bell(), id, endpoint);
            }
        }
        Ok(true)
    }

    /// Rings the bell at that time, unless it is rung before.
    fn wake_at(&self, at: i64) {
        let (now, set) = (self.store.clock().now(), self.alarm.load(Ordering::Relaxed));
        if set > now && set <= at {
            return;
        }
        self.alarm.store(at, Ordering::Relaxed);
        let (bell, wait) = (self.store.bell().clone(), Duration::from_millis((at - now).max(0).unsigned_abs()));
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            bell.wake();
        });
    }
}

/// The steps of one plan, in its transaction.
struct Work<'a> {
    row: &'a DeploymentRow,
    tx: &'a mut Tx,
    /// As they are by now.
    revisions: BTreeMap<i64, RevisionRow>,
    /// What the ledger notes of those that begin to serve.
    served: HashMap<i64, Served>,
    clock: crate::clock::SharedClock,
}

impl Work<'_> {
    async fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Start(number) => self.start(*number).await,
            Step::Smoke(_) => Ok(()),
            Step::Progress(number, state, reason) => self.progress(*number, *state, reason.as_deref(), None).await,
            Step::Shift(number, smoke) => self.shift(*number, Some(smoke)).await,
            Step::Resume(number) => self.shift(*number, None).await,
            Step::Fail(number, reason, smoke) => {
                self.progress(*number, RevisionState::Failed, Some(reason), smoke.as_ref()).await?;
                self.event("fail", json!({ "revision": number, "reason": reason })).await
            }
            Step::Retire(number) => self.progress(*number, RevisionState::Retired, None, None).await,
            Step::Crashed { number, reason, crashes, retry_at } => {
                let row = self.of(*number)?;
                let change = RevisionChange { crashes: *crashes, retry_at: Some(*retry_at), ..change_of(&row, row.state(), Some(reason)) };
                self.tx.revision_update(&row.id, &change).await?;
                self.event("crash", json!({ "revision": number, "reason": reason })).await
            }
            Step::Stop(replica, grace) => self.tx.workload_stop(replica, "Another revision took over, or it was stopped.", *grace).await,
            Step::Settle(replica) => self.tx.workload_settle(replica).await,
            Step::Remove => {
                self.event("remove", Value::Null).await?;
                self.tx.deployment_remove(&self.row.id).await
            }
        }
    }

    fn of(&self, number: i64) -> Result<RevisionRow> {
        self.revisions.get(&number).cloned().ok_or_else(|| Error::internal(format!("{} has no revision {number}", self.row.id)))
    }

    async fn start(&mut self, number: i64) -> Result<()> {
        let row = self.of(number)?;
        let id = ids::new_id(&*self.clock);
        self.tx
            .workload_insert(&NewWorkload {
                id: &id,
                team_id: Some(&self.row.team_id),
                kind: WorkloadKind::Replica,
                owner_id: &row.id,
                name: &self.row.name,
                attempt: row.attempts + 1,
                generation: row.number,
                resources: row.resources(),
                nodes: 1,
            })
            .await?;
        let change = RevisionChange {
            workload_id: Some(&id),
            attempts: row.attempts + 1,
            retry_at: None,
            ..change_of(&row, row.state(), row.reason.as_deref())
        };
        self.tx.revision_update(&row.id, &change).await
    }

    async fn progress(&mut self, number: i64, state: RevisionState, reason: Option<&str>, smoke: Option<&Smoke>) -> Result<()> {
        let row = self.of(number)?;
        self.tx.revision_update(&row.id, &RevisionChange { smoke, ..change_of(&row, state, reason) }).await
    }

    async fn shift(&mut self, number: i64, smoke: Option<&Smoke>) -> Result<()> {
        let row = self.of(number)?;
        let crashes = if smoke.is_some() { 0 } else { row.crashes };
        let change = RevisionChange { smoke, crashes, ..change_of(&row, RevisionState::Serving, None) };
        self.tx.revision_update(&row.id, &change).await?;
        let served = self.served.remove(&number).ok_or_else(|| Error::internal(format!("{} shifts unnoted", self.row.id)))?;
        let mut after = serde_json::to_value(served)?;
        after["before"] = self.row.serving.filter(|n| *n != number).into();
        self.event("serve", after).await
    }

    async fn event(&mut self, action: &str, after: Value) -> Result<()> {
        self.tx
            .event(NewEvent {
                team_id: Some(&self.row.team_id),
                actor: "slipway",
                action,
                kind: "deployment",
                object_id: &self.row.id,
                object_name: &self.row.name,
                revision: self.row.revision + 1,
                before: None,
                after: Some(after).filter(|v| !v.is_null()),
            })
            .await
            .map(drop)
    }
}
