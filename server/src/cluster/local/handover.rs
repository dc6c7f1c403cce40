//! What a supervisor is handed: it holds secrets. On this machine it comes through a pipe and never touches the disk or a command line; in a
//! pod it is made from a mounted Secret and what the container is like.

use super::{limits::Limits, shim::Folders};
use crate::cluster::workload::WorkloadSpec;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::PathBuf};

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
