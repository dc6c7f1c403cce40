//! Tasks as rows; and which of them are done again when a pipeline run goes on.

use super::{
    engine::{self, Again, Inputs, Kind, Node, Outputs, Placed, State},
    ir::Pipeline,
};
use crate::{error::Result, store::tasks::TaskRow};
use std::collections::HashMap;

/// The word of the database and the API for what a task is.
pub const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Dag => "dag",
        Kind::Loop => "loop",
        Kind::Executor => "executor",
        Kind::Importer => "importer",
        Kind::Approval => "approval",
    }
}

/// The word of the database for how a task is.
pub const fn state(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Running => "running",
        State::Succeeded => "succeeded",
        State::Cached => "cached",
        State::Skipped => "skipped",
        State::Failed => "failed",
        State::Canceled => "cancelled",
    }
}

impl Placed for TaskRow {
    fn id(&self) -> &str {
        &self.id
    }
    fn parent(&self) -> Option<&str> {
        self.parent_id.as_deref()
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn iteration(&self) -> Option<i64> {
        self.iteration
    }
}

/// Puts into a row what the engine knows of the task.
///
/// # Errors
/// It cannot be written as JSON.
pub fn write(row: &mut TaskRow, node: &Node) -> Result<()> {
    row.state = state(node.state).to_owned();
    row.reason.clone_from(&node.error);
    row.node = serde_json::to_string(node)?;
    Ok(())
}

/// A pipeline run that goes on: the tasks as they are from now on, and ids of those that go away.
///
/// # Errors
/// A row cannot be understood.
pub fn again(pipeline: &Pipeline, rows: &[TaskRow]) -> Result<(Vec<TaskRow>, Vec<String>)> {
    let nodes = rows.iter().map(|r| Ok(serde_json::from_str(&r.node)?)).collect::<Result<Vec<Node>>>()?;
    let places: HashMap<&str, usize> = rows.iter().enumerate().map(|(i, r)| (r.id.as_str(), i)).collect();
    let (mut kept, mut gone) = (Vec::new(), Vec::new());
    for step in engine::rerun(pipeline, &nodes) {
        let (id, waits) = match step {
            Again::Remove(id) => {
                gone.push(id);
                continue;
            }
            Again::Wait(id) => (id, true),
            Again::Resume(id) => (id, false),
        };
        let Some(place) = places.get(id.as_str()) else { continue };
        let (mut row, mut node) = (rows[*place].clone(), nodes[*place].clone());
        if waits {
            (node.state, node.inputs, node.approval) = (State::Waiting, Inputs::default(), None);
            row.started_at = None;
        } else {
            node.state = State::Running;
        }
        // What it tries again by itself begins anew; its attempts go on counting, as each has a log.
        (node.error, node.outputs, node.not_before_ms, node.retried) = (None, Outputs::default(), 0, 0);
        (row.ended_at, row.retry_at, row.workload_id, row.cached_from) = (None, None, None, None);
        write(&mut row, &node)?;
        kept.push(row);
    }
    Ok((kept, gone))
}
