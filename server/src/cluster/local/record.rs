//! The records of a workload on disk: they outlive the server and the machine's crash.

use super::{limits::Group, process::ProcessId};
use crate::cluster::workload::{Endpoint, WorkloadKind};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// What the supervisor says about its workload. It exists exactly when the workload was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What it is, for people who look at the file.
    pub kind: WorkloadKind,
    /// Attempt, from 1.
    pub attempt: i64,
    /// The boot of the machine in which the ids of processes below mean something.
    pub boot: String,
    /// The supervisor.
    pub shim: ProcessId,
    /// The workload's first process; of several nodes that of the first.
    pub child: Option<ProcessId>,
    /// When that process started, milliseconds since 1970.
    pub started_at: Option<i64>,
    /// How far it is.
    pub phase: RecordedPhase,
    /// Its control groups, where there are any.
    pub groups: Vec<PathBuf>,
    /// Numbers of the GPUs handed to it.
    pub gpus: Vec<u32>,
    /// Its nodes, where it has several; all above is of all of them together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeState>,
}

/// What is known of one of several nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeState {
    /// Its first process.
    pub child: Option<ProcessId>,
    /// Its control groups, where there are any.
    pub groups: Vec<PathBuf>,
}

impl State {
    /// Stands for a record that cannot be read: nobody is its supervisor.
    pub fn damaged(boot: &str) -> Self {
        Self {
            kind: WorkloadKind::Run,
            attempt: 1,
            boot: boot.to_owned(),
            shim: ProcessId { pid: 0, start: 0 },
            child: None,
            started_at: None,
            phase: RecordedPhase::Stopping,
            groups: Vec::new(),
            gpus: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// The control groups of each node.
    pub fn groups_of_nodes(&self) -> Vec<Group> {
        match self.nodes.as_slice() {
            [] => vec![Group::of(&self.groups)],
            nodes => nodes.iter().map(|n| Group::of(&n.groups)).collect(),
        }
    }

    /// Whether it stands for a record that cannot be read.
    pub fn is_damaged(&self) -> bool {
        self.shim.pid == 0
    }
}

/// How far a workload is, as long as it has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum RecordedPhase {
    /// On its way.
    Starting {
        /// What is done right now.
        doing: String,
    },
    /// It runs; a server is ready.
    Running {
        /// Where a server listens.
        endpoint: Option<Endpoint>,
    },
    /// Asked to end.
    Stopping,
}

/// What the supervisor is asked: to end its workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRequest {
    /// Milliseconds between SIGTERM and SIGKILL.
    pub grace_ms: u64,
}

/// Writes a record so that a reader sees the old one or the new one, and a crash of the machine loses neither.
///
/// # Errors
/// What the system says; the old record is then still there.
pub fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a record without a folder"))?;
    let name = path.file_name().and_then(|n| n.to_str()).ok_or_else(|| io::Error::other("a record without a name"))?;
    // Two writers of one record (supervisor and server) never share a temporary file.
    let temporary = folder.join(format!(".{name}.{}", std::process::id()));
    let text = serde_json::to_vec(value).map_err(io::Error::other)?;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    fs::File::open(folder)?.sync_all()
}

/// Reads a record; `None` where there is none.
///
/// # Errors
/// What the system says; `InvalidData` where the record is not one of ours.
pub fn read<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
