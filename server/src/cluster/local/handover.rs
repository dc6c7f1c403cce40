//! What a supervisor is handed: it holds secrets. On this machine it comes through a pipe and never touches the disk or a command line; in a
//! pod it is made from a mounted Secret and what the container is like.

use super::{limits::Limits, shim::Folders};
use crate::cluster::workload::WorkloadSpec;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::Range, path::PathBuf};

/// Everything that a supervisor needs.
#[derive(Serialize, Deserialize)]
pub struct Handover {
    /// What to run.
    pub spec: WorkloadSpec,
    /// The data folder, absolute.
    pub data: PathBuf,
    /// The folder that holds `environments/{digest}`, absolute.
    pub cache: PathBuf,
    /// PATH of the machine's tools.
    pub path: String,
    /// How limits are put upon it.
    pub limits: Limits,
    /// Numbers of the GPUs it gets; none where somebody else hands them out.
    pub gpus: Option<Vec<u32>>,
    /// How large a part of a log grows, in bytes; two parts are kept.
    pub log_bytes: u64,
    /// How large an uploaded folder may be, in bytes.
    pub upload_bytes: u64,
    /// What the environment begins with: nothing of the server's, but what a container's image brings.
    #[serde(default)]
    pub inherited: BTreeMap<String, String>,
    /// The workload's folders, where they do not lie below `data`.
    #[serde(default)]
    pub folders: Option<Folders>,
    /// The words that start this program once more.
    pub program: Vec<String>,
    /// The one node of the workload that runs here, and where the first one is; all of them where absent.
    #[serde(default)]
    pub node: Option<OneNode>,
}

/// One node of a workload, the others being elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneNode {
    /// Which, from 0.
    pub rank: u32,
    /// Host name of the first one, as all of them see it.
    pub master: String,
}

impl Handover {
    /// The nodes that run here.
    pub fn ranks(&self) -> Range<u32> {
        match &self.node {
            Some(node) => node.rank..node.rank.saturating_add(1),
            None => 0..self.spec.nodes.max(1),
        }
    }

    /// Which of the places here a node has, from 0: its folder, its log, its GPUs.
    pub fn place(&self, rank: u32) -> u32 {
        rank.saturating_sub(self.ranks().start)
    }
}

/// The supervisor's first and only words to the server, one line of JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// The start is recorded.
    Recorded,
    /// It was started before; nothing was done.
    Already,
    /// Nothing was started.
    Failed {
        /// What the system says.
        why: String,
    },
}
