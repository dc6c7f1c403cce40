//! What a cluster is told, and what it tells.

use super::placement::Placement;
use crate::error::Error;
use app::api::resources::Resources;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, path::PathBuf};

/// What occupies resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkloadKind {
    /// An interactive server.
    Notebook,
    /// An attempt of a training run.
    Run,
    /// A replica of a deployment's revision.
    Replica,
    /// The making of an environment version.
    Environment,
    /// A look at a gate of a promotion.
    Gate,
    /// An attempt of a task of a pipeline run.
    Task,
}

impl WorkloadKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Notebook, Self::Run, Self::Replica, Self::Environment, Self::Gate, Self::Task];

    /// The word of the database and of labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notebook => "notebook",
            Self::Run => "run",
            Self::Replica => "replica",
            Self::Environment => "environment",
            Self::Gate => "gate",
            Self::Task => "task",
        }
    }
}

/// Stands in the command of a spec for our own program, wherever the workload runs.
pub const SLIPWAY: &str = "{slipway}";
/// How the reason ends of a workload whose command is not there: another start would find it no more.
pub const NOT_FOUND: &str = "was not found, neither in the environment nor in PATH.";

/// In what a workload runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Runtime {
    /// The tools of the machine (local), or Slipway's own image.
    Host,
    /// An environment version: locally the virtual environment of this content digest, elsewhere the image.
    Environment {
        /// Content digest of the environment version.
        digest: String,
        /// Container image, for clusters with containers.
        image: Option<String>,
    },
    /// A container image of somebody's own; only on clusters with containers.
    Image {
        /// Its name.
        image: String,
    },
}

impl Runtime {
    /// The image, where it names one.
    pub fn image(&self) -> Option<&str> {
        match self {
            Self::Host => None,
            Self::Environment { image, .. } => image.as_deref(),
            Self::Image { image } => Some(image),
        }
    }
}

/// How a server is reached and when it is ready.
///
/// In `command` and `env` of the spec the texts `{socket}`, `{host}` and `{port}` are replaced by where the server shall listen. Where
/// `{socket}` occurs and the cluster can, it is a unix socket of mode 0600, otherwise a loopback port. None of these is replaced in the spec of
/// what is no server, nor anything in `secrets`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSpec {
    /// Path that answers over HTTP once it is ready.
    pub ready_path: String,
    /// The status that it answers then; any of 2xx and 3xx for none.
    #[serde(default)]
    pub ready_status: Option<u16>,
    /// The loopback port that it listens on, whatever it is told. Only in pods: there nobody else listens.
    #[serde(default)]
    pub port: Option<u16>,
    /// A server not ready by then is ended with a reason.
    pub start_seconds: u64,
}

/// Everything needed to run a workload. Serialisable, but for `secrets`, which are never written down in the open.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadSpec {
    /// Id of the workload's row; never used twice.
    pub id: String,
    /// Name of the team.
    pub team: String,
    /// What it is.
    pub kind: WorkloadKind,
    /// Id of the notebook, run, deployment or environment version.
    pub owner: String,
    /// Name for people.
    pub name: String,
    /// Attempt, from 1; the log is kept by workload and attempt.
    pub attempt: i64,
    /// In what it runs.
    pub runtime: Runtime,
    /// Command and arguments; the first is looked up in the environment's `bin`, then in PATH. The word [`SLIPWAY`] becomes our own program.
    pub command: Vec<String>,
    /// Environment variables; nothing of the server's is inherited. The cluster itself sets PATH, LANG, HOME, TMPDIR, VIRTUAL_ENV (in an environment),
    /// the thread counts of numeric libraries (OMP_NUM_THREADS and others, by the CPU limit), CUDA_VISIBLE_DEVICES and SLIPWAY_WORKLOAD_ID, unless they are given here.
    pub env: BTreeMap<String, String>,
    /// Environment variables that must not be logged or listed.
    pub secrets: BTreeMap<String, String>,
    /// Limits of each node.
    pub resources: Resources,
    /// On how many nodes it runs at once; a server has one.
    #[serde(default = "one")]
    pub nodes: u32,
    /// Folder that outlives the workload (`{team}/{name}`, or `volumes/{team}/{name}`); it becomes the working folder and HOME. Without one both are
    /// the workload's own and go with it.
    pub volume: Option<String>,
    /// Whether the volume was there before, so that one that has to be made tells of lost files.
    pub volume_is_kept: bool,
    /// Small files put into the working folder before the start: path and text.
    pub files: BTreeMap<String, String>,
    /// A gzipped tar unpacked into the working folder before the start.
    pub archive: Option<PathBuf>,
    /// Folders of the server's that the workload reads, by a name of letters, digits, `-` and `_`. In `command` and `env` the text `{folder:NAME}`
    /// is replaced by where it lies for the workload: the folder itself, or a copy.
    #[serde(default)]
    pub folders: BTreeMap<String, PathBuf>,
    /// On which nodes it may run, where there are nodes.
    #[serde(default)]
    pub placement: Placement,
    /// A server has one; anything else runs to its end.
    pub server: Option<ServerSpec>,
    /// Seconds it may run, from its start.
    pub timeout_seconds: Option<u64>,
    /// Seconds between SIGTERM and SIGKILL when its time is up.
    pub grace_seconds: u64,
}

const fn one() -> u32 {
    1
}

impl fmt::Debug for WorkloadSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkloadSpec")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("command", &self.command)
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .field("secrets", &self.secrets.keys().collect::<Vec<_>>())
            .field("resources", &self.resources)
            .finish_non_exhaustive()
    }
}

/// A team, as far as a cluster has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamSpec {
    /// Its name.
    pub name: String,
    /// Name for people.
    pub display_name: String,
    /// CPU that its workloads may ask for together, in thousandths of a core; absent is everything.
    pub cpu_millis: Option<i64>,
    /// The same for memory, in bytes.
    pub memory_bytes: Option<i64>,
    /// The same for whole GPUs.
    pub gpus: Option<i64>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Endpoint {
    /// A unix socket of mode 0600.
    Unix {
        /// Its path.
        path: PathBuf,
    },
    /// Host and port.
    Tcp {
        /// `127.0.0.1:41234`
        address: String,
    },
    /// A port of a pod, whose supervisor hands a connection on to the server once it has heard the workload's knock
    /// ([`super::knock::Knocks`]).
    Pod {
        /// `10.244.1.7:7070`
        address: String,
        /// Id of the workload.
        id: String,
    },
}

/// How far a workload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Started, not yet running (unpacking, a server that does not answer yet).
    Starting {
        /// What it does right now, for people.
        doing: String,
    },
    /// The process runs; a server is ready.
    Running {
        /// Where a server listens.
        endpoint: Option<Endpoint>,
    },
    /// Asked to end.
    Stopping,
    /// Ended; all its processes are gone.
    Ended(Exit),
}

/// How a workload ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exit {
    /// Exit code, where it exited.
    pub code: Option<i64>,
    /// Signal, where one ended it.
    pub signal: Option<i64>,
    /// Ended for want of memory.
    pub out_of_memory: bool,
    /// Ended because its time was up.
    pub timed_out: bool,
    /// Ended because we asked.
    pub stopped: bool,
    /// Why it could not be started or was ended, in a sentence.
    pub reason: Option<String>,
    /// Which of several nodes failed first, and ended the others: all else here is of this node. None where none failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// Milliseconds since 1970.
    pub ended_at: i64,
}

impl Exit {
    /// Whether it is the end of something that did what it was to do.
    pub fn is_success(&self) -> bool {
        self.code == Some(0) && !self.timed_out && !self.out_of_memory
    }

    /// The end of a workload from those of its nodes, in order. `first`: the node whose failure ended the others; where nobody says, the failure
    /// that came first.
    pub fn of_nodes(nodes: &[Self], first: Option<u32>) -> Self {
        let failed = |node: usize| !nodes[node].is_success();
        let said = first.map(|n| n as usize).filter(|n| *n < nodes.len() && failed(*n));
        let first = said.or_else(|| (0..nodes.len()).filter(|n| failed(*n)).min_by_key(|n| nodes[*n].ended_at));
        let mut whole = nodes.get(first.unwrap_or(0)).cloned().unwrap_or_default();
        // What was done to all of them is no node's own.
        let own = first.filter(|_| nodes.len() > 1 && !whole.stopped && !whole.timed_out);
        whole.node = own.and_then(|n| u32::try_from(n).ok());
        whole.ended_at = nodes.iter().map(|n| n.ended_at).max().unwrap_or_default();
        whole
    }
}

/// What a cluster knows of one workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Id of the workload.
    pub id: String,
    /// How far it is.
    pub phase: Phase,
    /// When its process started, milliseconds since 1970.
    pub started_at: Option<i64>,
    /// The image that it runs, or ran; none where there are no containers, and where nothing is left that could tell.
    pub image: Option<RanImage>,
}

/// The image that a workload ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RanImage {
    /// Its name, as the workload was told it.
    pub name: String,
    /// What it was; none as long as the cluster has not said it.
    pub digest: Option<String>,
}

/// Use of one workload, all its processes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageNumbers {
    /// CPU in thousandths of a core since the last measurement.
    pub cpu_millis: i64,
    /// Resident memory in bytes.
    pub memory_bytes: i64,
}

/// Use of one workload at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Id of the workload.
    pub id: String,
    /// Milliseconds since 1970.
    pub time: i64,
    /// The numbers.
    pub numbers: UsageNumbers,
}

/// Something that a cluster saw of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clue {
    /// When, milliseconds since 1970; absent for what is so now.
    pub at: Option<i64>,
    /// Who says so: `cluster`, or on Kubernetes the kind of the object.
    pub source: String,
    /// What.
    pub text: String,
}

/// What became of what is kept for teams.
#[derive(Debug, Default)]
pub struct Kept {
    /// What somebody else had changed.
    pub put_back: Vec<PutBack>,
    /// What could not be kept, with the names of the teams.
    pub refused: Vec<(String, Error)>,
}

/// Something that is kept for a team, that somebody else had changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBack {
    /// Name of the team.
    pub team: String,
    /// A sentence.
    pub what: String,
}

impl Clue {
    /// Source of what stands against a workload that else runs well: the machine below it.
    pub const NODE: &str = "Node";
    /// Source of what stands against its files.
    pub const CLAIM: &str = "PersistentVolumeClaim";
    /// Source of how one of its containers is, or ended.
    pub const CONTAINER: &str = "Container";

    /// What is so now.
    pub fn now(source: &str, text: impl Into<String>) -> Self {
        Self { at: None, source: source.into(), text: text.into() }
    }

    /// What happened then.
    pub fn then(source: &str, at: i64, text: impl Into<String>) -> Self {
        Self { at: Some(at), source: source.into(), text: text.into() }
    }
}

/// What there is for workloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Everything, less the reserve.
    pub total: Resources,
    /// Kept back for the system and the portal.
    pub reserve: Resources,
}

/// A node as one sees it who asks for room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Everything that workloads may hold there together.
    pub total: Resources,
    /// Ids of the workloads that hold some of it, once for each pod.
    pub holds: Vec<String>,
}
