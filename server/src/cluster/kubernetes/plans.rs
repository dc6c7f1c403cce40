//! What the containers of a pod are handed, in a Secret.

use crate::cluster::WorkloadSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// For the container that runs the workload.
#[derive(Serialize, Deserialize)]
pub struct Handover {
    /// What to run; archive and folders are those of the pod.
    pub spec: WorkloadSpec,
    /// What a connection to the pod's port begins with.
    pub knock: String,
    /// Whether the container stays after the end until it is asked to go: where it would be started again.
    pub lingers: bool,
    /// How large a part of the log grows, in bytes.
    pub log_bytes: u64,
    /// How large the unpacked archive may be, in bytes.
    pub upload_bytes: u64,
    /// Host name of the first node, where there are several.
    #[serde(default)]
    pub master: Option<String>,
}

/// For the other two. The workload's own processes do not see this.
#[derive(Clone, Serialize, Deserialize)]
pub struct Orders {
    /// `http://portal:8080`
    pub portal: String,
    /// Id of the workload.
    pub id: String,
    /// Attempt, from 1.
    pub attempt: i64,
    /// Opens what the portal has for this workload's pod, and nothing else.
    pub token: String,
    /// Ticket for the uploaded archive, where there is one.
    pub archive: Option<String>,
    /// Tickets for the server's folders, by name.
    pub folders: BTreeMap<String, String>,
    /// How large anything fetched may be, in bytes.
    pub upload_bytes: u64,
    /// For a courier that is asked to go together with the workload: seconds that this one may take.
    #[serde(default)]
    pub beside: Option<u64>,
}

/// What a pod says of itself when it claims its workload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    /// Uid of the pod.
    pub pod: String,
    /// The node it runs on.
    pub node: String,
    /// Which node of the workload it is to run.
    #[serde(default)]
    pub rank: u32,
}

/// What a pod is told that has claimed its workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// Whether pods have claimed all of its nodes: until then none begins, and this one asks again.
    pub all: bool,
}

/// What a courier is told when it asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// End the workload, with so many milliseconds between SIGTERM and SIGKILL.
    pub stop: Option<u64>,
}

/// Where the portal's copy of a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEnd {
    /// Offset behind its last byte.
    pub end: u64,
    /// Whether nothing is taken any more.
    #[serde(default)]
    pub closed: bool,
}

/// The last thing that a courier brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How the workload ended; none where its supervisor could not say.
    pub exit: Option<crate::cluster::Exit>,
}
