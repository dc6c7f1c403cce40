//! What is known of a workload here, for whoever asks why it is as it is.

use super::{
    Inner,
    limits::Group,
    process,
    record::{self, State},
};
use crate::{
    cluster::Clue,
    error::{Context, Result},
};
use app::api::resources::bytes_words;

const SOURCE: &str = "cluster";

impl Inner {
    /// Its processes, and what keeps it within its limits.
    pub(super) fn clues(&self, id: &str) -> Result<Vec<Clue>> {
        let state = match record::read::<State>(&self.paths.state(id)) {
            Ok(Some(state)) => state,
            Ok(None) => return Ok(Vec::new()),
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => {
                return Ok(vec![Clue::now(SOURCE, "Its record on the disk is damaged: nobody watches over it.")]);
            }
            Err(e) => return Err(e).context("reading a record"),
        };
        let mut out = Vec::new();
        if let (Some(child), Some(at)) = (state.child, state.started_at) {
            let children: Vec<_> = state.nodes.iter().filter_map(|n| n.child).map(|c| c.pid.to_string()).collect();
            let text = match children.as_slice() {
                [] => format!("Its first process is {}, watched over by {}.", child.pid, state.shim.pid),
                many => {
                    format!("The first processes of its {} nodes are {}, watched over by {}.", many.len(), many.join(", "), state.shim.pid)
                }
            };
            out.push(Clue::then(SOURCE, at, text));
        }
        if self.paths.exit(id).exists() {
            return Ok(out);
        }
        if state.boot != process::boot() {
            out.push(Clue::now(SOURCE, "This machine was started again since."));
        } else if state.shim.alive() {
            let processes = process::descendants(state.shim.pid, &process::all()).len();
            let memory = state.groups_of_nodes().iter().map(Group::memory_bytes).sum::<Option<u64>>().and_then(|b| i64::try_from(b).ok());
            let memory = memory.map_or_else(String::new, |b| format!(", using {}", bytes_words(b)));
            let what = if processes == 1 { "process" } else { "processes" };
            out.push(Clue::now(SOURCE, format!("{processes} {what}{memory}. Limits: {}.", self.limits.mode.words())));
        } else {
            out.push(Clue::now(SOURCE, "The process that watched over it is gone."));
        }
        if !state.gpus.is_empty() {
            let numbers = state.gpus.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            out.push(Clue::now(SOURCE, format!("It has the GPUs {numbers}.")));
        }
        Ok(out)
    }
}
