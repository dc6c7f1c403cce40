//! What the server hands to a supervisor, through a pipe: it holds secrets and never touches the disk or a command line.

use super::limits::Limits;
use crate::cluster::workload::WorkloadSpec;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    /// Numbers of the GPUs it gets.
    pub gpus: Vec<u32>,
    /// How large a part of a log grows, in bytes; two parts are kept.
    pub log_bytes: u64,
    /// How large an uploaded folder may be, in bytes.
    pub upload_bytes: u64,
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
