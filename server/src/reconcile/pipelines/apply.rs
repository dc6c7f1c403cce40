//! Doing what the engine says, in one transaction that holds as long as nobody else changed the run.

mod ask;

use super::{judge::End, loaded::Loaded};
use crate::{
    error::Result,
    ids,
    pipelines::{
        again,
        engine::{Inputs, Kind, NewNode, Node, Outputs, RunState, State, Step},
        ir::Component,
        kept, metrics,
        start::{Environments, Ready, Starter, Wanted},
        token::TaskTokens,
    },
    quota::sizes::Sizes,
    store::{
        Store, Tx,
        events::NewEvent,
        experiments::ExperimentRow,
        pipeline_runs::{PipelineRunChange, PipelineRunRow},
        tasks::TaskRow,
        workloads::WorkloadRow,
    },
};
use app::api::{State as RunsState, changes::kinds, resources::Resources};
use ask::Begun;
use serde_json::json;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Seconds between SIGTERM and SIGKILL of a task that is cancelled.
const GRACE_SECONDS: i64 = 30;

/// So many tasks at most are asked about at once, whether what they make was made before.
const AT_ONCE: usize = 256;

/// What was committed.
pub enum Committed {
    /// The run goes on; its revision now.
    Live(i64),
    /// It has ended.
    Over,
    /// There was nothing to do.
    Nothing,
}

/// One transaction of a run.
pub struct Turn<'a> {
    store: &'a Store,
    room: Room,
    run: &'a PipelineRunRow,
    /// The run in memory; to be thrown away where this is not committed.
    pub loaded: &'a mut Loaded,
    now: i64,
    tx: Tx,
    /// Places of the tasks that changed.
    changed: BTreeSet<usize>,
    /// Where runs of MLflow go, once it is asked for.
    experiment: Option<ExperimentRow>,
    environments: Environments,
    over: Option<(RunState, Option<String>, Outputs)>,
    /// What runs, as it was before.
    workloads: &'a HashMap<String, Arc<WorkloadRow>>,
    /// Whether a workload was asked to end.
    stopped: bool,
    /// Which addresses of artifacts were looked at, and whether something is there.
    there: &'a HashMap<String, bool>,
    /// Those that have to be looked at before a task can start, or take over what was made before.
    pub unsure: BTreeSet<String>,
    /// The tokens of what is asked for.
    tokens: &'a TaskTokens,
    /// Attempts that began, and are to be asked for.
    begun: Vec<Begun>,
    /// Tasks that took over what was measured, which their runs of MLflow are to show.
    measured: Vec<usize>,
    /// Workloads that were asked for.
    asked: Vec<String>,
}

/// A task that is to start.
struct Starting {
    place: usize,
    attempt: u32,
    inputs: Inputs,
    wanted: Wanted,
}

/// Where workloads would run.
pub struct Room {
    /// What there is for them.
    pub total: Resources,
    /// As which amounts they may ask for it.
    pub sizes: Sizes,
    /// Whether there are no containers.
    pub local: bool,
    /// What accelerators are called.
    pub gpu: String,
}

impl<'a> Turn<'a> {
    /// Begins.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn begin(
        store: &'a Store,
        room: Room,
        run: &'a PipelineRunRow,
        loaded: &'a mut Loaded,
        workloads: &'a HashMap<String, Arc<WorkloadRow>>,
        there: &'a HashMap<String, bool>,
        tokens: &'a TaskTokens,
    ) -> Result<Self> {
        Ok(Self {
            tx: store.begin().await?,
            now: store.clock().now(),
            store,
            room,
            run,
            loaded,
            changed: BTreeSet::new(),
            experiment: None,
            environments: Environments::default(),
            over: None,
            workloads,
            stopped: false,
            there,
            unsure: BTreeSet::new(),
            tokens,
            begun: Vec::new(),
            measured: Vec::new(),
            asked: Vec::new(),
        })
    }

    /// Takes note of workloads that began to run, also of those that have ended since.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn follow(&mut self) -> Result<()> {
        let (mut running, mut began) = (Vec::new(), Vec::new());
        for place in 0..self.loaded.rows.len() {
            let Some(workload) = self.loaded.workload(place, self.workloads) else { continue };
            let (Some(since), over) = (workload.running_at, workload.ended()) else { continue };
            let row = &mut self.loaded.rows[place];
            if row.started_at.is_some() {
                continue;
            }
            row.started_at = Some(since);
            match row.run_key {
                Some(key) if over => began.push((key, since)),
                key => running.extend(key),
            }
            self.changed.insert(place);
        }
        self.tx.runs_began(&began).await?;
        self.runs_of_mlflow(&running, RunsState::Running).await
    }

    async fn run_of_mlflow(&mut self, key: Option<i64>, state: RunsState, reason: Option<&str>) -> Result<()> {
        if let Some(key) = key {
            self.tx.run_set_state(key, state, reason).await?;
        }
        Ok(())
    }

    async fn runs_of_mlflow(&mut self, keys: &[i64], state: RunsState) -> Result<()> {
        if !keys.is_empty() {
            self.tx.runs_set_state(keys, state).await?;
        }
        Ok(())
    }

    /// Workloads have ended.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ends(&mut self, ends: Vec<End>) -> Result<()> {
        if ends.is_empty() {
            return Ok(());
        }
        let workloads: Vec<&str> = ends.iter().map(|end| end.workload.id.as_str()).collect();
        self.tx.workloads_settle(&workloads).await?;
        // What has ended writes nothing more.
        let runs: Vec<&str> = ends.iter().filter_map(|end| self.loaded.rows[end.place].run_id.as_deref()).collect();
        self.tx.tokens_revoke_of_all("run", &runs).await?;
        let (mut points, mut succeeded) = (Vec::new(), Vec::new());
        for End { place, workload, state, error, outputs } in ends {
            let (row, node) = (&mut self.loaded.rows[place], &mut self.loaded.nodes[place]);
            row.workload_id = None;
            row.ended_at = Some(workload.ended_at.unwrap_or(self.now));
            (node.state, node.error, node.outputs) = (state, error.clone(), outputs);
            let key = row.run_key;
            self.changed.insert(place);
            match state {
                State::Succeeded => {
                    let Some(key) = key else { continue };
                    succeeded.push(key);
                    let experiment = self.experiment().await?.key;
                    points.extend(metrics::points(&self.loaded.nodes[place].outputs, key, experiment, self.now));
                }
                State::Canceled => self.run_of_mlflow(key, RunsState::Cancelled, error.as_deref()).await?,
                _ => self.run_of_mlflow(key, RunsState::Failed, error.as_deref()).await?,
            }
        }
        if !points.is_empty() {
            self.tx.metrics_insert(&points).await?;
        }
        self.runs_of_mlflow(&succeeded, RunsState::Succeeded).await
    }

    /// Does these steps; whether anything was done.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn perform(&mut self, steps: Vec<Step>) -> Result<bool> {
        let (mut did, mut starts) = (false, Vec::new());
        for step in steps {
            did |= match step {
                Step::Expand { node, inputs, children } => self.expand(node, inputs, children),
                Step::Start { node, attempt, inputs } => {
                    starts.push((node, attempt, inputs));
                    false
                }
                Step::Finish { node, state, inputs, outputs, error } => self.finish(&node, state, inputs, outputs, error).await?,
                Step::Retry { node, retried, not_before_ms } => self.retry(&node, retried, not_before_ms).await?,
                Step::Cancel { node } => self.cancel(&node).await?,
                Step::EndRun { state, error, outputs } => {
                    self.over = Some((state, error, outputs));
                    return Ok(false);
                }
            };
        }
        did |= self.starts(starts).await?;
        self.ask().await?;
        self.show_measured().await?;
        Ok(did)
    }

    fn expand(&mut self, parent: Option<String>, inputs: Inputs, children: Vec<NewNode>) -> bool {
        if let Some(place) = parent.as_deref().and_then(|id| self.loaded.place(id)) {
            let (row, node) = (&mut self.loaded.rows[place], &mut self.loaded.nodes[place]);
            (node.state, node.inputs) = (State::Running, inputs);
            row.started_at = row.started_at.or(Some(self.now));
            self.changed.insert(place);
        }
        for child in children {
            let place = self.loaded.rows.len();
            let (row, node) = self.made(parent.clone(), child);
            self.loaded.push(row, node);
            self.changed.insert(place);
        }
        true
    }

    fn made(&self, parent: Option<String>, new: NewNode) -> (TaskRow, Node) {
        let id = ids::new_id(&**self.store.clock());
        let above = parent.as_deref().and_then(|id| self.loaded.place(id)).map(|place| &self.loaded.rows[place]);
        let (component, display_name) = match (above, new.iteration) {
            // A turn of a loop is what the loop is.
            (Some(loop_), Some(_)) => (loop_.component.clone(), loop_.display_name.clone()),
            (above, _) => {
                let pipeline = &self.loaded.pipeline;
                let held = above.map_or(Some(&pipeline.root), |row| pipeline.components.get(&row.component));
                let task = held.and_then(Component::dag).and_then(|dag| dag.tasks.get(&new.name));
                task.map_or_else(|| (String::new(), new.name.clone()), |task| (task.component.clone(), task.name.clone()))
            }
        };
        let node = Node {
            id: id.clone(),
            parent: parent.clone(),
            name: new.name.clone(),
            iteration: new.iteration,
            kind: new.kind,
            state: State::Waiting,
            attempt: 0,
            retried: 0,
            inputs: Inputs::default(),
            outputs: Outputs::default(),
            error: None,
            not_before_ms: 0,
            approval: None,
        };
        let row = TaskRow {
            id,
            team_id: self.run.team_id.clone(),
            pipeline_run_id: self.run.id.clone(),
            parent_id: parent,
            name: new.name,
            display_name,
            component,
            iteration: new.iteration.map(i64::from),
            kind: again::kind(new.kind).to_owned(),
            state: String::new(),
            reason: None,
            attempt: 0,
            retry_at: None,
            node: String::new(),
            delivered: None,
            cache_key: None,
            cached_from: None,
            run_id: None,
            run_key: None,
            environment_version_id: None,
            workload_id: None,
            created_at: self.now,
            started_at: None,
            ended_at: None,
        };
        (row, node)
    }

    /// How many more tasks may run at once.
    fn room(&self) -> usize {
        let Some(most) = self.run.max_tasks else { return usize::MAX };
        let running = self.loaded.nodes.iter().filter(|n| n.kind == Kind::Executor && n.state == State::Running).count();
        usize::try_from(most).unwrap_or_default().saturating_sub(running)
    }

    /// Starts tasks; whether anything was done. Those for which there is no room are named again the next time.
    async fn starts(&mut self, starts: Vec<(String, u32, Inputs)>) -> Result<bool> {
        let (pipeline, sizes, gpu) = (self.loaded.pipeline.clone(), self.room.sizes.clone(), self.room.gpu.clone());
        let since = match &self.run.pipeline_id {
            Some(pipeline) if self.run.cache != 0 && !starts.is_empty() => match self.store.pipeline_cache_epoch(pipeline).await? {
                0 => String::new(),
                // What another pipeline made since it was cleared is none of it.
                times => format!("{pipeline} {times}"),
            },
            _ => String::new(),
        };
        let starter = Starter {
            store: self.store,
            run: self.run,
            pipeline: &pipeline,
            total: self.room.total,
            sizes: &sizes,
            local: self.room.local,
            gpu: &gpu,
            since,
            there: self.there,
        };
        let (mut room, mut did, mut starts) = (self.room(), false, starts.into_iter());
        let mut environments = std::mem::take(&mut self.environments);
        loop {
            let (mut starting, mut keys) = (Vec::new(), Vec::new());
            for (id, attempt, inputs) in starts.by_ref() {
                let Some(place) = self.loaded.place(&id) else { continue };
                let (row, node) = (&self.loaded.rows[place], &self.loaded.nodes[place]);
                // Who waits for somebody holds nothing.
                if node.kind == Kind::Executor && room == 0 {
                    continue;
                }
                match starter.wants(&mut environments, self.loaded.task(place), (row, node), &inputs).await? {
                    Ok(wanted) => {
                        keys.extend(wanted.takes_over().map(str::to_owned));
                        starting.push(Starting { place, attempt, inputs, wanted });
                    }
                    Err(ready) => did |= self.start(place, attempt, inputs, ready).await?,
                }
                // How many find room is known only when it is known which take over what was made before.
                if starting.len() >= room.min(AT_ONCE) {
                    break;
                }
            }
            if starting.is_empty() {
                self.environments = environments;
                return Ok(did);
            }
            let made = match keys.is_empty() {
                true => HashMap::new(),
                false => self.store.tasks_cached(&self.run.team_id, &keys, !self.room.local).await?,
            };
            let images: Vec<&str> = match made.values().any(|made| made.image_digest.is_some()) {
                true => starting.iter().filter_map(|starting| starting.wanted.image()).collect(),
                false => Vec::new(),
            };
            let digests = match images.is_empty() {
                true => HashMap::new(),
                false => self.store.image_digests(&images).await?,
            };
            for Starting { place, attempt, inputs, wanted } in starting {
                let made = wanted.takes_over().and_then(|key| made.get(key)).filter(|made| wanted.is_as(made, &digests));
                let ready = starter.look((&mut self.tx, &mut environments), wanted, made).await?;
                if matches!(ready, Ready::Go { .. }) {
                    if room == 0 {
                        continue;
                    }
                    room -= 1;
                }
                did |= self.start(place, attempt, inputs, ready).await?;
            }
        }
    }

    async fn start(&mut self, place: usize, attempt: u32, inputs: Inputs, ready: Ready) -> Result<bool> {
        if let Ready::Unsure(addresses) = ready {
            self.unsure.extend(addresses);
            return Ok(false);
        }
        self.changed.insert(place);
        let (row, node) = (&mut self.loaded.rows[place], &mut self.loaded.nodes[place]);
        (node.inputs, node.attempt) = (inputs, attempt);
        match ready {
            Ready::Cached { key, from, outputs } => {
                if let Some(run) = kept::whose(&outputs) {
                    self.tx.task_takes_over(&row.id, &run).await?;
                }
                if metrics::numbers(&outputs).next().is_some() {
                    row.run_id.get_or_insert_with(|| ids::new_id(&**self.store.clock()));
                    self.measured.push(place);
                }
                (node.state, node.outputs) = (State::Cached, outputs);
                (row.cache_key, row.cached_from) = (Some(key), Some(from));
                (row.started_at, row.ended_at) = (Some(self.now), Some(self.now));
            }
            // Looked at, and done with, above.
            Ready::Unsure(_) => return Ok(false),
            Ready::Never(why) => {
                (node.state, node.error) = (State::Failed, Some(why));
                (row.started_at, row.ended_at) = (Some(self.now), Some(self.now));
                self.never_again(place).await?;
            }
            Ready::Ask(approval) => {
                let after = json!({
                    "task": row.id, "name": row.display_name, "message": approval.message, "role": approval.role.as_str(),
                });
                (node.state, node.approval) = (State::Running, Some(approval));
                row.attempt = i64::from(attempt);
                (row.started_at, row.ended_at) = (Some(self.now), None);
                self.event("wait_for_approval", self.run.revision + 1, after).await?;
            }
            Ready::Go { key, resources, environment_version_id } => {
                node.state = State::Running;
                row.attempt = i64::from(attempt);
                (row.cache_key, row.environment_version_id) = (key, environment_version_id);
                (row.started_at, row.ended_at, row.retry_at) = (None, None, None);
                let first = row.run_id.is_none();
                if first {
                    row.run_id = Some(ids::new_id(&**self.store.clock()));
                }
                row.workload_id = Some(ids::new_id(&**self.store.clock()));
                self.begun.push(Begun { place, resources, first });
            }
        }
        Ok(true)
    }

    async fn event(&mut self, action: &str, revision: i64, after: serde_json::Value) -> Result<()> {
        self.tx
            .event(NewEvent {
                team_id: Some(&self.run.team_id),
                actor: "slipway",
                action,
                kind: kinds::PIPELINE_RUN,
                object_id: &self.run.id,
                object_name: &self.run.name,
                revision,
                before: Some(json!({ "state": self.run.state_text })),
                after: Some(after),
            })
            .await
            .map(drop)
    }

    async fn experiment(&mut self) -> Result<&ExperimentRow> {
        if self.experiment.is_none() {
            let row = self.tx.experiment(&self.run.team_id, &self.run.experiment_id).await?;
            self.experiment = Some(row.ok_or_else(|| crate::error::Error::internal("the experiment of a pipeline run"))?);
        }
        self.experiment.as_ref().ok_or_else(|| crate::error::Error::internal("the experiment just read"))
    }

    async fn finish(&mut self, id: &str, state: State, inputs: Option<Inputs>, outputs: Outputs, error: Option<String>) -> Result<bool> {
        let Some(place) = self.loaded.place(id) else { return Ok(false) };
        let (row, node) = (&mut self.loaded.rows[place], &mut self.loaded.nodes[place]);
        (node.state, node.outputs, node.error) = (state, outputs, error);
        if let Some(inputs) = inputs {
            node.inputs = inputs;
        }
        if state != State::Skipped {
            row.started_at = row.started_at.or(Some(self.now));
        }
        row.ended_at = Some(self.now);
        self.changed.insert(place);
        self.never_again(place).await?;
        Ok(true)
    }

    /// The run of a task that ends without a workload: it waited for another attempt, of which there is none.
    async fn never_again(&mut self, place: usize) -> Result<()> {
        let (key, node) = (self.loaded.rows[place].run_key, &self.loaded.nodes[place]);
        let (state, why) = match node.state {
            State::Failed => (RunsState::Failed, node.error.clone()),
            State::Canceled | State::Skipped => (RunsState::Cancelled, node.error.clone()),
            _ => return Ok(()),
        };
        self.run_of_mlflow(key, state, why.as_deref()).await
    }

    async fn retry(&mut self, id: &str, retried: u32, not_before_ms: i64) -> Result<bool> {
        let Some(place) = self.loaded.place(id) else { return Ok(false) };
        let (row, node) = (&mut self.loaded.rows[place], &mut self.loaded.nodes[place]);
        (node.state, node.retried, node.not_before_ms) = (State::Waiting, retried, not_before_ms);
        (row.retry_at, row.ended_at) = (Some(not_before_ms), None);
        let key = row.run_key;
        self.changed.insert(place);
        self.run_of_mlflow(key, RunsState::Queued, None).await?;
        Ok(true)
    }

    /// Asked again and again until its workload has ended; nothing is done the second time.
    async fn cancel(&mut self, id: &str) -> Result<bool> {
        let workload = self.loaded.place(id).and_then(|place| self.loaded.rows[place].workload_id.clone());
        let asked = |id: &String| self.workloads.get(id).is_some_and(|w| w.stop_requested_at.is_some());
        if let Some(workload) = workload.filter(|id| !asked(id)) {
            self.stopped = true;
            // Of those that were not asked before: what is asked for last ends them.
            let by = self.run.exits_cancelled_by.as_deref().or(self.run.cancelled_by.as_deref()).unwrap_or("slipway");
            self.tx.workload_stop(&workload, &format!("Cancelled by {by}."), GRACE_SECONDS).await?;
        }
        Ok(false)
    }

    /// Writes what changed; nothing where somebody else changed the run meanwhile.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn commit(mut self) -> Result<Option<Committed>> {
        let ran = |n: &&Node| matches!(n.kind, Kind::Executor | Kind::Importer | Kind::Approval);
        let tasks = self.loaded.nodes.iter().filter(ran).count() as i64;
        let tasks_ended = self.loaded.nodes.iter().filter(ran).filter(|n| n.state.is_over()).count() as i64;
        let (state, reason) = match &self.over {
            None if self.run.cancelled_by.is_some() => (RunsState::Stopping, None),
            None => (RunsState::Running, None),
            Some((RunState::Succeeded, ..)) => (RunsState::Succeeded, None),
            Some((RunState::Failed, why, _)) => (RunsState::Failed, why.clone()),
            Some((RunState::Canceled, why, _)) => (RunsState::Cancelled, self.run.asked_to_end().or_else(|| why.clone())),
        };
        // An answer to an approval ended a task without us.
        let counted = (tasks, tasks_ended) == (self.run.tasks, self.run.tasks_ended);
        if self.changed.is_empty() && !self.stopped && counted && state == self.run.state() {
            return Ok(Some(Committed::Nothing));
        }
        let outputs = self.over.as_ref().map(|(.., outputs)| serde_json::to_string(outputs)).transpose()?;
        let change = PipelineRunChange { state, reason: reason.as_deref(), tasks, tasks_ended, outputs: outputs.as_deref() };
        if !self.tx.pipeline_run_change(&self.run.id, self.run.revision, &change).await? {
            return Ok(None);
        }
        for place in &self.changed {
            again::write(&mut self.loaded.rows[*place], &self.loaded.nodes[*place])?;
        }
        let changed: Vec<&TaskRow> = self.changed.iter().map(|place| &self.loaded.rows[*place]).collect();
        self.tx.tasks_put(&changed).await?;
        let revision = self.run.revision + 1;
        if state == self.run.state() {
            self.tx.changed(Some(&self.run.team_id), kinds::PIPELINE_RUN, &self.run.id, revision);
            self.tx.wakes();
        } else {
            self.tx.run_set_state(self.run.run_key, state, reason.as_deref()).await?;
            let after = json!({ "state": state, "reason": reason, "pipeline": self.run.pipeline });
            self.event(word(state), revision, after).await?;
        }
        self.tx.commit().await?;
        self.tokens.wrote(self.asked);
        Ok(Some(if state.is_final() { Committed::Over } else { Committed::Live(revision) }))
    }
}

const fn word(state: RunsState) -> &'static str {
    match state {
        RunsState::Succeeded => "succeed",
        RunsState::Failed => "fail",
        RunsState::Cancelled => "end_cancelled",
        RunsState::Stopping => "stop",
        _ => "start",
    }
}
