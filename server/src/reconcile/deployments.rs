//! Deployments: gathers what is wanted and what is, lets the room decide, performs one transaction for each deployment.

use super::{Report, Task};
use crate::{
    artifacts::ArtifactStore,
    cluster::{WorkloadKind, reach::Reach},
    deployments::{
        ledger,
        plan::{self, Desired, Plan, Replica, Seen, SeenRevision, Step, Workload},
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
        replicas::ReplicaRow,
        revisions::{self, RevisionChange, RevisionRow},
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
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
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
    alarm: Arc<AtomicI64>,
}

impl Deployments {
    /// Over this store; shifts show in `routes` at once.
    pub fn new(store: Store, routes: Routes, reach: Reach, logs: LogStore, artifacts: ArtifactStore) -> Self {
        let smokes = Smokes::new(store.clone(), artifacts);
        Self { store, routes, reach, logs, smokes, alarm: Arc::default() }
    }
}

/// A deployment with everything that belongs to it.
struct Gathered {
    row: DeploymentRow,
    revisions: BTreeMap<i64, RevisionRow>,
    /// By revision number.
    replicas: HashMap<i64, Vec<ReplicaRow>>,
    /// By id.
    workloads: BTreeMap<String, (i64, WorkloadRow)>,
}

impl Gathered {
    fn new(row: DeploymentRow) -> Self {
        Self { row, revisions: BTreeMap::new(), replicas: HashMap::new(), workloads: BTreeMap::new() }
    }
}

#[async_trait]
impl Task for Deployments {
    fn name(&self) -> &'static str {
        "deployments"
    }

    async fn tick(&self) -> Result<Report> {
        let gathered = self.gather().await?;
        let workloads: HashSet<&str> = gathered.iter().flat_map(|g| g.workloads.keys()).map(String::as_str).collect();
        self.smokes.keep(&workloads);
        let mut report = Report::from([("seen", gathered.len() as i64), ("replicas", workloads.len() as i64)]);
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
        // Workloads first: what is inserted after that is not mistaken for lost. Replicas are read after them: one that is started meanwhile
        // has a workload that nobody saw, and its deployment's revision has moved on, so nothing is done on these grounds.
        let workloads = self.store.workloads_unsettled(WorkloadKind::Replica).await?;
        let replicas = self.store.replicas().await?;
        let mut revisions: HashMap<String, RevisionRow> =
            self.store.revisions_at_work(None).await?.into_iter().map(|r| (r.id.clone(), r)).collect();
        for id in workloads.iter().map(|w| &w.owner_id).chain(replicas.iter().map(|r| &r.revision_id)) {
            if !revisions.contains_key(id)
                && let Some(revision) = self.store.revision(id).await?
            {
                revisions.insert(revision.id.clone(), revision);
            }
        }
        let mut all: HashMap<String, Gathered> = HashMap::new();
        for row in self.store.deployments_unsettled().await? {
            all.insert(row.id.clone(), Gathered::new(row));
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
                all.insert(row.id.clone(), Gathered::new(row));
            }
            if let Some(gathered) = all.get_mut(&revision.deployment_id) {
                gathered.workloads.insert(workload.id.clone(), (revision.number, Arc::unwrap_or_clone(workload)));
            }
        }
        for replica in replicas {
            if let Some(revision) = revisions.get(&replica.revision_id)
                && let Some(gathered) = all.get_mut(&revision.deployment_id)
            {
                gathered.replicas.entry(revision.number).or_default().push(replica);
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
        let mut workloads = HashMap::new();
        for (number, row) in of.workloads.values() {
            workloads.insert(row.id.as_str(), (*number, self.workload(row).await));
        }
        let mut revisions = Vec::with_capacity(of.revisions.len());
        for row in of.revisions.values() {
            let rows = of.replicas.get(&row.number).map(Vec::as_slice).unwrap_or_default();
            let replicas: Vec<Replica> = rows
                .iter()
                .map(|r| Replica {
                    number: r.number,
                    crashes: r.crashes,
                    reason: r.reason.clone(),
                    retry_at: r.retry_at,
                    drains_since: r.drains_since,
                    workload: r.workload_id.as_deref().and_then(|id| workloads.remove(id)).map(|(_, w)| w),
                })
                .collect();
            let ids = rows.iter().filter_map(|r| r.workload_id.as_deref());
            revisions.push(SeenRevision {
                number: row.number,
                state: row.state(),
                reason: row.reason.clone(),
                drains_since: row.retired_at.filter(|_| row.serving_at.is_some()),
                smoke: self.smokes.of_any(ids),
                replicas,
                loose: Vec::new(),
            });
        }
        for (number, workload) in workloads.into_values() {
            if let Some(revision) = revisions.iter_mut().find(|r| r.number == number) {
                revision.loose.push(workload);
            }
        }
        Seen {
            desired: Desired::of(&of.row.desired),
            serving: of.row.serving,
            canary: of.row.canary(),
            next: of.row.next,
            next_share: of.row.next_share,
            wanted: usize::try_from(of.row.replicas).unwrap_or(1).max(1),
            reason: of.row.reason.clone(),
            revisions,
            now: self.store.clock().now(),
        }
    }

    async fn workload(&self, row: &WorkloadRow) -> Workload {
        let end = if row.ended() { Some(why::end(row, &self.logs).await) } else { None };
        let asked = row.stop_requested_at.is_some() && end.is_none();
        Workload {
            id: row.id.clone(),
            state: if asked { State::Stopping } else { row.state() },
            reason: row.reason.clone(),
            running_at: row.running_at,
            in_flight: self.routes.in_flight(&row.id),
            end,
        }
    }

    /// One guarded transaction; whether anything was done.
    async fn perform(&self, of: &Gathered, plan: &Plan) -> Result<bool> {
        let row = &of.row;
        let next_share = row.next_share.filter(|_| plan.next.is_some());
        let visible = (plan.state, &plan.reason, plan.serving, plan.canary, plan.next)
            != (row.state(), &row.reason, row.serving, row.canary(), row.next);
        if plan.steps.is_empty() && !visible {
            return Ok(false);
        }
        let mut served = HashMap::new();
        for step in &plan.steps {
            let (number, beside) = match step {
                Step::Shift(number, _) | Step::Resume(number) => (*number, None),
                Step::Join(number, ..) => (*number, plan.serving),
                _ => continue,
            };
            for number in beside.into_iter().chain([number]) {
                if let Some(revision) = of.revisions.get(&number) {
                    served.insert(number, ledger::note(&self.store, revision).await?);
                }
            }
        }
        let mut tx = self.store.begin().await?;
        let told = visible || plan.steps.iter().any(|s| !matches!(s, Step::Stop(..) | Step::Settle(_) | Step::Drop(..)));
        let held = if told {
            let change = DeploymentChange {
                desired: &row.desired,
                state: plan.state,
                reason: plan.reason.as_deref(),
                latest: row.latest,
                serving: plan.serving,
                canary: plan.canary,
                next: plan.next,
                next_share,
            };
            tx.deployment_update(&row.id, row.revision, &change).await?
        } else {
            tx.deployment_hold(&row.id, row.revision).await?
        };
        // Somebody was faster: the next tick sees what they wanted.
        if !held {
            return Ok(false);
        }
        let replicas = of.replicas.iter().flat_map(|(number, all)| all.iter().map(|r| ((*number, r.number), r.clone()))).collect();
        let clock = self.store.clock().clone();
        let mut work = Work { row, tx: &mut tx, revisions: of.revisions.clone(), replicas, served, clock };
        for step in &plan.steps {
            work.step(step).await?;
        }
        if told {
            tx.changed(Some(&row.team_id), "deployment", &row.id, row.revision + 1);
            tx.wakes();
        }
        tx.commit().await?;
        for id in plan.steps.iter().filter_map(|s| if let Step::Smoke(_, id) = s { Some(id) } else { None }) {
            let tried = of.workloads.get(id).and_then(|(number, w)| Some((w.endpoint()?, of.revisions.get(number)?)));
            if let Some((endpoint, revision)) = tried {
                self.smokes.begin(&self.reach, self.store.bell(), id, endpoint, revision, &row.name);
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
    /// As they are by now, by revision and number.
    replicas: HashMap<(i64, i64), ReplicaRow>,
    /// What the ledger notes of those that begin to serve.
    served: HashMap<i64, Served>,
    clock: crate::clock::SharedClock,
}

impl Work<'_> {
    async fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Start(number, replica) => self.start(*number, *replica).await,
            Step::Smoke(..) => Ok(()),
            Step::Progress(number, state, reason) => self.progress(*number, *state, reason.as_deref(), None).await,
            Step::Shift(number, smoke) => self.shift(*number, Some(smoke), 100).await,
            Step::Join(number, percent, smoke) => self.shift(*number, Some(smoke), *percent).await,
            Step::Resume(number) => self.shift(*number, None, 100).await,
            Step::Fail(number, reason, smoke) => {
                self.progress(*number, RevisionState::Failed, Some(reason), smoke.as_ref()).await?;
                self.event("fail", json!({ "revision": number, "reason": reason })).await
            }
            Step::Retire(number) => self.progress(*number, RevisionState::Retired, None, None).await,
            Step::Crashed { number, replica, reason, crashes, retry_at } => {
                let before = self.replica(*number, *replica)?;
                let (reason, retry_at) = (Some(reason.clone()), Some(*retry_at));
                self.put(*number, ReplicaRow { workload_id: None, crashes: *crashes, reason: reason.clone(), retry_at, ..before }).await?;
                self.event("crash", json!({ "revision": number, "replica": replica, "reason": reason, "crashes": crashes })).await
            }
            Step::Drain(number, replica) => {
                let drains_since = Some(self.clock.now());
                let before = self.replica(*number, *replica)?;
                self.put(*number, ReplicaRow { drains_since, ..before }).await
            }
            Step::Keep(number, replica) => {
                let before = self.replica(*number, *replica)?;
                self.put(*number, ReplicaRow { drains_since: None, ..before }).await
            }
            Step::Drop(number, replica) => {
                let revision = self.of(*number)?;
                self.tx.replica_drop(&revision.id, *replica).await
            }
            Step::Stop(workload, grace) => {
                let why = "Another revision took over, there are to be fewer replicas, or it was stopped.";
                self.tx.workload_stop(workload, why, *grace).await
            }
            Step::Settle(workload) => self.tx.workload_settle(workload).await,
            Step::Remove => {
                self.event("remove", Value::Null).await?;
                self.tx.deployment_remove(&self.row.id).await
            }
        }
    }

    fn of(&self, number: i64) -> Result<RevisionRow> {
        self.revisions.get(&number).cloned().ok_or_else(|| Error::internal(format!("{} has no revision {number}", self.row.id)))
    }

    fn replica(&self, number: i64, replica: i64) -> Result<ReplicaRow> {
        let found = self.replicas.get(&(number, replica)).cloned();
        found.ok_or_else(|| Error::internal(format!("{} has no replica {replica} of revision {number}", self.row.id)))
    }

    async fn put(&mut self, number: i64, replica: ReplicaRow) -> Result<()> {
        self.tx.replica_put(&replica).await?;
        self.replicas.insert((number, replica.number), replica);
        Ok(())
    }

    async fn change(&mut self, number: i64, row: &RevisionRow, change: RevisionChange<'_>) -> Result<()> {
        self.tx.revision_update(&row.id, &change).await?;
        let now = RevisionRow {
            state: revisions::word(change.state).to_owned(),
            reason: change.reason.map(str::to_owned),
            attempts: change.attempts,
            ..row.clone()
        };
        self.revisions.insert(number, now);
        Ok(())
    }

    async fn start(&mut self, number: i64, replica: i64) -> Result<()> {
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
        let new = ReplicaRow {
            revision_id: row.id.clone(),
            number: replica,
            workload_id: None,
            crashes: 0,
            reason: None,
            retry_at: None,
            drains_since: None,
        };
        let before = self.replica(number, replica).unwrap_or(new);
        self.put(number, ReplicaRow { workload_id: Some(id), retry_at: None, ..before }).await?;
        let change = RevisionChange { attempts: row.attempts + 1, ..change_of(&row, row.state(), row.reason.as_deref()) };
        self.change(number, &row, change).await
    }

    async fn progress(&mut self, number: i64, state: RevisionState, reason: Option<&str>, smoke: Option<&Smoke>) -> Result<()> {
        let row = self.of(number)?;
        self.change(number, &row, RevisionChange { smoke, ..change_of(&row, state, reason) }).await
    }

    /// A revision takes so many percent of the traffic; what is left stays with the one that serves.
    async fn shift(&mut self, number: i64, smoke: Option<&Smoke>, percent: i64) -> Result<()> {
        let row = self.of(number)?;
        if smoke.is_some() {
            self.tx.replicas_forgive(&row.id).await?;
        }
        self.change(number, &row, RevisionChange { smoke, ..change_of(&row, RevisionState::Serving, None) }).await?;
        let mut shares = Vec::new();
        for (number, percent) in [(self.row.serving.unwrap_or(number), 100 - percent), (number, percent)] {
            if percent > 0 {
                let served = self.served.remove(&number).ok_or_else(|| Error::internal(format!("{} shifts unnoted", self.row.id)))?;
                shares.push((served, percent));
            }
        }
        ledger::turn(self.tx, self.row, "slipway", &row.created_by, shares).await
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
