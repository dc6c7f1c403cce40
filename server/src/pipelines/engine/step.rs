use serde::{Deserialize, Serialize};

use super::{Inputs, Kind, Outputs, State};

/// Something to be done. Each is safe to do twice, as long as it is done only to a node that stands as it stood when it was planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// Makes nodes, all Waiting, and starts the DAG or loop they belong to. None: the root, whose tasks are made first of all.
    Expand {
        /// The DAG or loop, now Running.
        node: Option<String>,
        /// What goes into it.
        inputs: Inputs,
        /// Its tasks or iterations.
        children: Vec<NewNode>,
    },
    /// Starts an executor or an approval: it is Running from now on. When the cache has the outputs of an executor it is Cached instead.
    Start {
        /// The node.
        node: String,
        /// The attempt that it is at now.
        attempt: u32,
        /// What goes into it.
        inputs: Inputs,
    },
    /// Ends a node that needs no running, or a DAG or loop whose children have ended.
    Finish {
        /// The node.
        node: String,
        /// Succeeded, Skipped, Failed or Canceled.
        state: State,
        /// What went into it, where it had not started.
        inputs: Option<Inputs>,
        /// What came out of it.
        outputs: Outputs,
        /// Why, unless it ended well.
        error: Option<String>,
    },
    /// Puts a failed executor back to Waiting.
    Retry {
        /// The node.
        node: String,
        /// How many such tries there are with this one.
        retried: u32,
        /// Not to be started before, in milliseconds since 1970.
        not_before_ms: i64,
    },
    /// Ends what a Running executor runs; when that has ended it is Canceled.
    Cancel {
        /// The node.
        node: String,
    },
    /// Nothing is left to be done.
    EndRun {
        /// How the run ended.
        state: RunState,
        /// What came out of it.
        outputs: Outputs,
        /// Why, unless it succeeded.
        error: Option<String>,
    },
}

/// A node to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewNode {
    /// The task's key in its DAG.
    pub name: String,
    /// Which iteration of its parent it is.
    pub iteration: Option<u32>,
    /// What it is.
    pub kind: Kind,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunState {
    /// All that was to run ended well.
    Succeeded,
    /// A task failed.
    Failed,
    /// Somebody wished it to end, or its time was over.
    Canceled,
}
