//! Workloads and the cluster: the one place that tells the cluster what shall be and writes down what is.

use super::{Report, Task};
use crate::{
    cluster::{Observed, Phase, SharedCluster, WorkloadKind},
    error::{Error, Kind, Result},
    quota::capacity,
    store::{
        Store,
        workloads::{WorkloadEnd, WorkloadRow},
    },
    workloads::{
        end,
        queue::{self, Decision},
        specs::{Build, Builders},
    },
};
use app::api::State;
use async_trait::async_trait;
use futures::{StreamExt, stream};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// So many workloads are told to the cluster, or written down, at once: one that the cluster is slow to take holds up no other.
const AT_ONCE: usize = 16;

/// The task.
pub struct Workloads {
    /// The database.
    pub store: Store,
    /// The cluster.
    pub cluster: SharedCluster,
    /// Who builds specifications.
    pub builders: Builders,
}

/// What to do about one workload, in the order in which it is looked at.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Nothing,
    /// Ends without ever having started.
    Cancel,
    Build,
    /// Write down what the cluster says.
    Observe,
    Lost,
    Forget,
}

/// What waits and runs, for Prometheus.
fn count(rows: &[WorkloadRow]) {
    for kind in WorkloadKind::ALL {
        for state in [State::Queued, State::Starting, State::Running, State::Stopping] {
            let n = rows.iter().filter(|r| r.kind == kind.as_str() && r.state() == state).count();
            metrics::gauge!("slipway_workloads", "kind" => kind.as_str(), "state" => state.as_str()).set(n as f64);
        }
    }
}

/// How long a granted workload whose start fails in the same way again and again is tried, milliseconds; `None` is for good.
///
/// What is wrong with the workload itself does not become right by waiting. What is wrong here may be put right by somebody, within reason.
/// What is elsewhere (a cluster that cannot be reached, a full disk) is not the workload's fault.
const fn patience(kind: Kind) -> Option<i64> {
    match kind {
        Kind::Invalid | Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound | Kind::Conflict | Kind::Taken | Kind::TooLarge => {
            Some(30_000)
        }
        Kind::Internal => Some(600_000),
        Kind::TooMany | Kind::Unavailable | Kind::Full | Kind::Upstream => None,
    }
}

fn step(row: &WorkloadRow, observed: Option<&Observed>) -> Step {
    match (row.state(), observed) {
        (State::Queued, _) if row.stop_requested_at.is_some() => Step::Cancel,
        (State::Queued, _) => Step::Nothing,
        (state, _) if state.is_final() => {
            if row.settled != 0 {
                Step::Forget
            } else {
                Step::Nothing
            }
        }
        (_, Some(_)) => Step::Observe,
        (_, None) if row.ensured_at.is_some() => Step::Lost,
        (_, None) if row.stop_requested_at.is_some() => Step::Cancel,
        (_, None) => Step::Build,
    }
}

#[async_trait]
impl Task for Workloads {
    fn name(&self) -> &'static str {
        "workloads"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn tick(&self) -> Result<Report> {
        // Rows first: what is inserted after the listing is not mistaken for lost.
        let rows = self.store.workloads_known().await?;
        let observed: HashMap<String, Observed> = self.cluster.list().await?.into_iter().map(|o| (o.id.clone(), o)).collect();
        let mut report = Report::from([("known", rows.len() as i64), ("observed", observed.len() as i64)]);
        let steps = rows.iter().map(|row| self.perform(row, observed.get(&row.id))).collect::<Vec<_>>();
        let mut done = stream::iter(steps).buffer_unordered(AT_ONCE);
        while let Some(outcome) = done.next().await {
            match outcome {
                Ok(true) => *report.entry("did").or_default() += 1,
                Ok(false) => {}
                Err(()) => *report.entry("failed").or_default() += 1,
            }
        }
        drop(done);
        let granted = self.grant().await?;
        report.insert("granted", granted);
        count(&rows);
        report.insert("strays", self.strays(&rows, &observed).await?);
        Ok(report)
    }
}

impl Workloads {
    /// Whether anything was done. A failure was told to the log.
    async fn perform(&self, row: &WorkloadRow, observed: Option<&Observed>) -> std::result::Result<bool, ()> {
        let done = match (step(row, observed), observed) {
            (Step::Observe, Some(observed)) => self.observe(row, observed).await,
            (Step::Nothing | Step::Observe, _) => return Ok(false),
            (Step::Cancel, _) => self.cancel(row).await,
            (Step::Build, _) => match self.build(row).await {
                Ok(done) => Ok(done),
                Err(error) => self.stumble(row, error).await,
            },
            (Step::Lost, _) => self.lost(row).await,
            (Step::Forget, _) => self.forget(&row.id).await,
        };
        done.map_err(|error| tracing::warn!(workload = row.id, error = %error, "workload"))
    }

    async fn cancel(&self, row: &WorkloadRow) -> Result<bool> {
        let now = self.store.clock().now();
        let end = WorkloadEnd { state: Some(State::Cancelled), reason: row.stop_reason.clone(), ended_at: now, ..WorkloadEnd::default() };
        self.end(row, &end).await
    }

    async fn lost(&self, row: &WorkloadRow) -> Result<bool> {
        let now = self.store.clock().now();
        let reason = Some("The cluster no longer knows it.".to_owned());
        self.end(row, &WorkloadEnd { state: Some(State::Failed), reason, ended_at: now, ..WorkloadEnd::default() }).await
    }

    async fn end(&self, row: &WorkloadRow, end: &WorkloadEnd) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        tx.workload_end(&row.id, end).await?;
        tx.changed(row.team_id.as_deref(), "workload", &row.id, 0);
        tx.wakes();
        tx.commit().await?;
        Ok(true)
    }

    async fn build(&self, row: &WorkloadRow) -> Result<bool> {
        let kind = kind(&row.kind)?;
        let builder = self.builders.of(kind).ok_or_else(|| Error::internal(format!("nobody builds {}", row.kind)))?;
        let team = match &row.team_id {
            Some(id) => self.store.team(id).await?,
            None => None,
        };
        match builder.build(row, team.as_ref()).await? {
            Build::Ready(spec) => {
                self.cluster.ensure(&spec).await?;
                let mut tx = self.store.begin().await?;
                tx.workload_ensured(&row.id).await?;
                tx.changed(row.team_id.as_deref(), "workload", &row.id, 0);
                tx.wakes();
                tx.commit().await?;
                Ok(true)
            }
            Build::NotYet(doing) => self.doing(row, &doing).await,
            Build::Never(reason) => {
                let now = self.store.clock().now();
                self.end(row, &WorkloadEnd { state: Some(State::Failed), reason: Some(reason), ended_at: now, ..WorkloadEnd::default() })
                    .await
            }
        }
    }

    /// A start that failed: the reason is shown, and the next tick tries again, until patience ends.
    async fn stumble(&self, row: &WorkloadRow, error: Error) -> Result<bool> {
        let now = self.store.clock().now();
        let again = row.reason.as_deref() == Some(&error.public);
        let out = patience(error.kind).is_some_and(|most| row.granted_at.is_some_and(|at| now - at >= most));
        if again && out {
            let end = WorkloadEnd { state: Some(State::Failed), reason: Some(error.public), ended_at: now, ..WorkloadEnd::default() };
            return self.end(row, &end).await;
        }
        if !again {
            self.doing(row, &error.public).await?;
        }
        Err(error)
    }

    async fn doing(&self, row: &WorkloadRow, doing: &str) -> Result<bool> {
        if row.reason.as_deref() == Some(doing) {
            return Ok(false);
        }
        let mut tx = self.store.begin().await?;
        tx.workload_reason(&row.id, Some(doing)).await?;
        tx.changed(row.team_id.as_deref(), "workload", &row.id, 0);
        tx.wakes();
        tx.commit().await?;
        Ok(true)
    }

    async fn observe(&self, row: &WorkloadRow, observed: &Observed) -> Result<bool> {
        if row.stop_requested_at.is_some() && !matches!(observed.phase, Phase::Ended(_) | Phase::Stopping) {
            let grace = Duration::from_secs(row.stop_grace_seconds.unwrap_or(10).max(0).unsigned_abs());
            self.cluster.stop(&row.id, grace).await?;
        }
        match &observed.phase {
            Phase::Ended(exit) => self.end(row, &end::of(row, exit)).await,
            Phase::Starting { doing } => self.doing(row, doing).await,
            Phase::Running { endpoint } => {
                if row.state() == State::Running && row.endpoint() == *endpoint {
                    return Ok(false);
                }
                let mut tx = self.store.begin().await?;
                tx.workload_running(&row.id, endpoint.as_ref()).await?;
                tx.changed(row.team_id.as_deref(), "workload", &row.id, 0);
                tx.wakes();
                tx.commit().await.map(|()| true)
            }
            Phase::Stopping => {
                if row.state() == State::Stopping {
                    return Ok(false);
                }
                let mut tx = self.store.begin().await?;
                tx.workload_stopping(&row.id).await?;
                tx.changed(row.team_id.as_deref(), "workload", &row.id, 0);
                tx.wakes();
                tx.commit().await.map(|()| true)
            }
        }
    }

    async fn forget(&self, id: &str) -> Result<bool> {
        self.cluster.forget(id).await?;
        let mut tx = self.store.begin().await?;
        tx.workload_forgotten(id).await?;
        tx.commit().await.map(|()| true)
    }

    /// What the cluster knows but no open row does: a row that was forgotten while the cluster did not manage to, or no row at all.
    async fn strays(&self, rows: &[WorkloadRow], observed: &HashMap<String, Observed>) -> Result<i64> {
        let known: HashSet<&str> = rows.iter().map(|r| r.id.as_str()).collect();
        let mut strays = 0;
        for id in observed.keys().filter(|id| !known.contains(id.as_str())) {
            // The row may have come after the listing.
            if self.store.workload(id).await?.is_none_or(|r| r.forgotten != 0) {
                self.cluster.forget(id).await?;
                strays += 1;
            }
        }
        Ok(strays)
    }

    async fn grant(&self) -> Result<i64> {
        let rows = self.store.workloads_live(None).await?;
        if !rows.iter().any(|r| r.state() == State::Queued) {
            return Ok(0);
        }
        let total = self.cluster.capacity().await?.total;
        let limits = capacity::limits(&self.store).await?;
        let entries = capacity::entries(&self.store, &rows).await?;
        let by_id: HashMap<&str, &WorkloadRow> = rows.iter().map(|r| (r.id.as_str(), r)).collect();
        let (mut granted, mut waiting) = (0, Vec::new());
        for (id, decision) in queue::plan(total, &limits, &entries) {
            let Some(row) = by_id.get(id.as_str()) else { continue };
            match decision {
                // One that starts moves all behind it: only places that changed are written, and all in one transaction.
                Decision::Wait(why) if row.reason.as_deref() == Some(&why) => {}
                Decision::Wait(why) => waiting.push((*row, why)),
                Decision::Grant => {
                    let mut tx = self.store.begin().await?;
                    if tx.workload_grant(&id).await? {
                        tx.changed(row.team_id.as_deref(), "workload", &id, 0);
                        tx.wakes();
                        granted += 1;
                    }
                    tx.commit().await?;
                }
            }
        }
        if !waiting.is_empty() {
            let mut tx = self.store.begin().await?;
            for (row, why) in waiting {
                tx.workload_reason(&row.id, Some(&why)).await?;
                tx.changed(row.team_id.as_deref(), "workload", &row.id, 0);
            }
            tx.wakes();
            tx.commit().await?;
        }
        Ok(granted)
    }
}

fn kind(text: &str) -> Result<WorkloadKind> {
    WorkloadKind::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| Error::internal(format!("workload kind {text}")))
}
