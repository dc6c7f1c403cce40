//! A pipeline run in memory, with its tasks, as it was when it was last read or written. What is in memory is never ahead of the database.

use crate::{
    error::{Error, Result},
    pipelines::{
        engine::{self, Node, RunInputs},
        ir::{Component, Pipeline, Task},
        launched,
        parsed::Parsed,
    },
    store::{Store, pipeline_runs::PipelineRunRow, tasks::TaskRow, workloads::WorkloadRow},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// A run with its tasks.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it is of.
    pub pipeline: Arc<Pipeline>,
    /// Its tasks, in the order in which they were made. `node` of a row is written when it changes.
    pub rows: Vec<TaskRow>,
    /// What they are to the engine, in the same order.
    pub nodes: Vec<Node>,
    /// Where each of them is, by its id.
    places: HashMap<String, usize>,
    /// The revision that this is.
    revision: i64,
    /// Nothing happens by itself before this time, milliseconds since 1970; none where nothing will at all.
    due: Option<i64>,
}

impl Loaded {
    /// Reads a run.
    ///
    /// # Errors
    /// The database does not answer, or cannot be understood.
    pub async fn read(store: &Store, parsed: &Parsed, run: &PipelineRunRow) -> Result<Self> {
        let pipeline = parsed.of(&run.spec_digest).await?.ok_or_else(|| Error::internal(format!("no pipeline {}", run.spec_digest)))?;
        let mut loaded = Self { pipeline, rows: vec![], nodes: vec![], places: HashMap::new(), revision: run.revision, due: Some(0) };
        for row in store.tasks(&run.id).await? {
            let node = serde_json::from_str(&row.node)?;
            loaded.push(row, node);
        }
        Ok(loaded)
    }

    /// Adds a task.
    pub fn push(&mut self, row: TaskRow, node: Node) {
        self.places.insert(row.id.clone(), self.rows.len());
        self.rows.push(row);
        self.nodes.push(node);
    }

    /// Where a task is.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// What the pipeline says of a task, and its component.
    pub fn task(&self, place: usize) -> Option<(&Task, &Component)> {
        engine::task_of(&self.pipeline, &self.nodes[place], |id| self.place(id).map(|place| &self.nodes[place]))
    }

    /// The workload of a task's attempt, where it is among these.
    pub fn workload<'a>(&self, place: usize, workloads: &'a HashMap<String, Arc<WorkloadRow>>) -> Option<&'a WorkloadRow> {
        self.rows[place].workload_id.as_ref().and_then(|id| workloads.get(id)).map(AsRef::as_ref)
    }

    /// Whether a workload began to run, or ended, and nobody took note of it.
    pub fn moved(&self, workloads: &HashMap<String, Arc<WorkloadRow>>) -> bool {
        (0..self.rows.len()).any(|place| {
            self.workload(place, workloads).is_some_and(|w| w.ended() || (w.running_at.is_some() && self.rows[place].started_at.is_none()))
        })
    }

    /// What the engine is told of the run.
    pub fn run_inputs(&self, run: &PipelineRunRow) -> RunInputs {
        RunInputs {
            parameters: serde_json::from_str(&run.parameters).unwrap_or_default(),
            names: launched::names(run),
            cancel: run.cancelled_by.is_some(),
            cancel_exits: run.exits_cancelled_by.is_some(),
            started_ms: run.resumed_at.or(run.started_at).unwrap_or(run.created_at),
            ..RunInputs::default()
        }
    }

    /// Nothing more is to be done now. `run`: what the engine was told.
    pub fn rest(&mut self, revision: i64, run: &RunInputs, now: i64) {
        self.revision = revision;
        self.due = engine::wake_ms(&self.pipeline, run, &self.nodes, now);
    }
}

/// What was read before.
#[derive(Default)]
pub struct Known {
    runs: HashMap<String, Loaded>,
    /// Ids of workloads that somebody waits for.
    wanted: HashSet<String>,
}

impl Known {
    /// Forgets all but these.
    pub fn retain(&mut self, runs: &[PipelineRunRow]) {
        let live: HashSet<&str> = runs.iter().map(|r| r.id.as_str()).collect();
        self.runs.retain(|id, _| live.contains(id.as_str()));
        self.wanted.clear();
        for loaded in self.runs.values() {
            self.wanted.extend(loaded.rows.iter().filter_map(|r| r.workload_id.clone()));
        }
    }

    /// Whether there may be anything to do.
    pub fn is_due(&self, run: &PipelineRunRow, workloads: &HashMap<String, Arc<WorkloadRow>>, now: i64) -> bool {
        let Some(loaded) = self.runs.get(&run.id) else { return true };
        loaded.revision != run.revision || loaded.due.is_some_and(|at| at <= now) || loaded.moved(workloads)
    }

    /// When there will be something to do in one of them although nothing happens, milliseconds since 1970.
    pub fn next_due(&self) -> Option<i64> {
        self.runs.values().filter_map(|loaded| loaded.due).min()
    }

    /// The run, where it is known as it is now.
    pub fn take(&mut self, run: &PipelineRunRow) -> Option<Loaded> {
        self.runs.remove(&run.id).filter(|loaded| loaded.revision == run.revision)
    }

    /// Remembers a run.
    pub fn keep(&mut self, id: &str, loaded: Loaded) {
        self.wanted.extend(loaded.rows.iter().filter_map(|r| r.workload_id.clone()));
        self.runs.insert(id.to_owned(), loaded);
    }

    /// Forgets a run.
    pub fn forget(&mut self, id: &str) {
        self.runs.remove(id);
    }

    /// Whether somebody waits for a workload.
    pub fn wants(&self, workload: &WorkloadRow) -> bool {
        self.wanted.contains(&workload.id)
    }
}
