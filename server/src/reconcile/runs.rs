//! Runs: their state follows the workload of the attempt, a failed attempt is followed by another, an end is noted once.

use super::{Report, Task};
use crate::{
    cluster::WorkloadKind,
    error::Result,
    ids,
    logs::LogStore,
    runs::{
        plan::{Attempt, Seen, Step, plan},
        submission,
    },
    store::{
        Store, Tx,
        events::NewEvent,
        submissions::{SubmissionChange, SubmissionRow},
        workloads::{NewWorkload, WorkloadRow},
    },
};
use app::api::{State, runs::Code};
use async_trait::async_trait;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The task.
pub struct Runs {
    /// The database.
    pub store: Store,
    /// What the attempts said.
    pub logs: LogStore,
}

#[async_trait]
impl Task for Runs {
    fn name(&self) -> &'static str {
        "runs"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn tick(&self) -> Result<Report> {
        let runs = self.store.submissions_live().await?;
        let mut report = Report::from([("seen", runs.len() as i64)]);
        if runs.is_empty() {
            return Ok(report);
        }
        let workloads: HashMap<String, WorkloadRow> =
            self.store.workloads_unsettled(WorkloadKind::Run).await?.into_iter().map(|w| (w.id.clone(), Arc::unwrap_or_clone(w))).collect();
        let now = self.store.clock().now();
        for run in &runs {
            let workload = run.workload_id.as_ref().and_then(|id| workloads.get(id));
            // Begun after we listed the workloads: the next tick sees it.
            if run.workload_id.is_some() && workload.is_none() {
                continue;
            }
            let step = plan(&seen(run, workload), now);
            if step == Step::Nothing {
                continue;
            }
            match self.perform(run, workload, &step).await {
                Ok(true) => *report.entry("did").or_default() += 1,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(run = run.run_id, error = %error, "run");
                    *report.entry("failed").or_default() += 1;
                }
            }
        }
        Ok(report)
    }
}

fn seen(run: &SubmissionRow, workload: Option<&WorkloadRow>) -> Seen {
    Seen {
        state: run.state(),
        reason: run.reason.clone(),
        attempt: run.attempt,
        max_attempts: run.max_attempts,
        retry_at: run.retry_at,
        timeout_seconds: run.timeout_seconds,
        cancelled_by: run.cancelled_by.clone(),
        fetches: matches!(submission::code(run), Some(Code::Git { .. })),
        workload: workload.map(|w| Attempt {
            state: Some(w.state()),
            reason: w.reason.clone(),
            exit_code: w.exit_code,
            signal: w.signal,
            out_of_memory: w.out_of_memory != 0,
            timed_out: w.timed_out != 0,
            running_at: w.running_at,
        }),
    }
}

impl Runs {
    /// In one transaction, and only where nobody changed the run since it was looked at.
    async fn perform(&self, run: &SubmissionRow, workload: Option<&WorkloadRow>, step: &Step) -> Result<bool> {
        let workload_id = ids::new_id(&**self.store.clock());
        let (change, state, reason, action) = match step {
            Step::Nothing => return Ok(false),
            Step::Begin { attempt } => {
                let change = SubmissionChange { begin: Some((*attempt, &workload_id)), ..SubmissionChange::default() };
                (change, State::Queued, (*attempt > 1).then(|| format!("Attempt {attempt} of {}.", run.max_attempts)), Some("attempt"))
            }
            Step::Follow { state, reason, running_at } => {
                let started = *state == State::Running && run.state() != State::Running;
                let change = SubmissionChange { running_at: *running_at, ..SubmissionChange::default() };
                (change, *state, reason.clone(), started.then_some("start"))
            }
            Step::Again { at, reason, exit_code } => {
                let change =
                    SubmissionChange { drop_workload: true, retry_at: Some(*at), exit_code: *exit_code, ..SubmissionChange::default() };
                (change, State::Queued, Some(reason.clone()), Some("fail_attempt"))
            }
            Step::Over { state, reason, exit_code } => {
                let change = SubmissionChange { drop_workload: true, over: true, exit_code: *exit_code, ..SubmissionChange::default() };
                (change, *state, self.with_last_words(workload, *state, reason.clone()).await, Some(end_word(*state)))
            }
        };
        // An attempt that ended before anybody saw it run.
        let unseen = workload.and_then(|w| w.running_at).filter(|_| run.running_at.is_none() && !matches!(step, Step::Follow { .. }));
        let change = SubmissionChange { running_at: change.running_at.or(unseen), ..change };
        let mut tx = self.store.begin().await?;
        if !tx.submission_change(&run.run_id, run.revision, &change).await? {
            return Ok(false);
        }
        if let Step::Begin { attempt } = step {
            self.begin(&mut tx, run, &workload_id, *attempt).await?;
        }
        if let (Some(ended), Step::Again { .. } | Step::Over { .. }) = (workload, step) {
            tx.workload_settle(&ended.id).await?;
            // A run that has ended writes nothing more.
            tx.tokens_revoke_of("run", &run.run_id).await?;
        }
        if let Some(at) = unseen {
            tx.runs_began(&[(run.run_key, at)]).await?;
        }
        let revision = tx.run_set_state(run.run_key, state, reason.as_deref()).await?.unwrap_or_default();
        match action {
            Some(action) => event(&mut tx, run, action, revision, state, reason.as_deref(), change.exit_code).await?,
            None => tx.changed(Some(&run.team_id), "run", &run.run_id, revision),
        }
        tx.commit().await.map(|()| true)
    }

    /// The reason of a failure of the program's own, with the last thing it complained of.
    async fn with_last_words(&self, workload: Option<&WorkloadRow>, state: State, reason: Option<String>) -> Option<String> {
        let own = workload.filter(|w| state == State::Failed && w.exit_code.is_some() && w.out_of_memory == 0 && w.timed_out == 0);
        match (own, reason) {
            (Some(w), Some(reason)) => match self.logs.last_words(&w.id, w.attempt).await {
                Some(words) => Some(format!("{reason} It said last: {words}")),
                None => Some(reason),
            },
            (_, reason) => reason,
        }
    }

    async fn begin(&self, tx: &mut Tx, run: &SubmissionRow, id: &str, attempt: i64) -> Result<()> {
        tx.workload_insert(&NewWorkload {
            id,
            team_id: Some(&run.team_id),
            kind: WorkloadKind::Run,
            owner_id: &run.run_id,
            name: &run.name,
            attempt,
            generation: 1,
            resources: run.resources(),
            nodes: run.nodes,
        })
        .await
    }
}

const fn end_word(state: State) -> &'static str {
    match state {
        State::Succeeded => "succeed",
        State::Cancelled => "end_cancelled",
        _ => "fail",
    }
}

async fn event(
    tx: &mut Tx,
    run: &SubmissionRow,
    action: &str,
    revision: i64,
    state: State,
    reason: Option<&str>,
    exit_code: Option<i64>,
) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&run.team_id),
        actor: "slipway",
        action,
        kind: "run",
        object_id: &run.run_id,
        object_name: &run.name,
        revision,
        before: Some(serde_json::json!({ "state": run.state })),
        after: Some(serde_json::json!({ "state": state, "reason": reason, "attempt": run.attempt, "exit_code": exit_code })),
    })
    .await
    .map(drop)
}
