//! `slipway shim task`: what runs around the command of a task of a pipeline, in its workload. It brings the artifacts that go in, runs the
//! command, and delivers what came out before it ends: a task that ended well has delivered. The same on both clusters.

mod artifacts;
mod elsewhere;
mod environment;
mod folder;
mod portal;
mod run;

pub use environment::find;
pub use run::{main, take_over};

use crate::cluster::SLIPWAY;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The command of a workload that is a task.
pub const COMMAND: [&str; 3] = [SLIPWAY, "shim", "task"];

/// Where the plan lies below the working folder.
pub const PLAN: &str = ".slipway/task.json";
/// Stands in the texts of a plan for the working folder, which is known only where the workload runs.
pub const WORK: &str = "/slipway-working-folder";
/// Largest file of outputs that is read, in bytes.
pub const MOST_BYTES: u64 = 4 << 20;

/// What to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Command and arguments.
    pub command: Vec<String>,
    /// Environment variables of the command.
    pub env: BTreeMap<String, String>,
    /// Artifacts to bring before it starts.
    pub inputs: Vec<Input>,
    /// Folders to make before it starts.
    pub folders: Vec<String>,
    /// Small files to read after it ended, by name: outputs of Kubeflow's contract.
    pub files: BTreeMap<String, String>,
}

/// An artifact that goes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Path in the portal's store, below the team; empty where it lies elsewhere.
    pub artifact: String,
    /// Where it shall lie.
    pub path: String,
    /// Where it lies elsewhere: an address of HTTP.
    #[serde(default)]
    pub address: Option<String>,
}
