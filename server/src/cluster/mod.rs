//! The seam to where workloads run.
//!
//! # Contract
//! A cluster is told *what shall be* and asked *what is*. It decides nothing about queues, retries or states of our nouns: that is
//! the rooms' work. Every verb may be repeated at any time, after any crash, and does the same thing again.
//!
//! * **Identity** is the workload's id, which is never used twice. What carries another id is not ours to touch.
//! * [`Cluster::ensure`] starts the workload unless it was started before, whether it still runs or has ended: a workload runs at most
//!   once. It returns when the start is *recorded* in a way that survives the server; it does not wait for readiness. An error
//!   means that nothing was started; after a crash in between, `list` tells.
//! * [`Cluster::stop`] asks a workload to end (SIGTERM, grace, SIGKILL to all it started). A workload that was never started, has
//!   ended or is unknown: nothing happens, no error. Asked twice, the shorter grace wins.
//! * [`Cluster::list`] tells everything that was started and not forgotten, also what ended while the server was away, with how it
//!   ended, and which image it ran where it is in a container. It never leaves out a workload that still has processes.
//! * [`Cluster::forget`] ends what is left of a workload at once and drops its record and its working folder; its log and its
//!   volume stay. Unknown: nothing happens.
//! * [`Cluster::remove_volume`] deletes a volume with everything in it. Unknown: nothing happens. The caller sees to it that no workload
//!   that uses it still runs.
//! * [`Cluster::watch`] rings when `list` may answer something new. It may ring for nothing and may join several into one;
//!   it decides nothing.
//! * [`Cluster::keep_teams`] is told all teams with their limits, again and again, and keeps what a team needs where its workloads run; what
//!   somebody else changed of it is put back.
//! * [`Cluster::tolerate`] is told again and again which taints some workloads tolerate, and counts such nodes as capacity.
//! * [`Cluster::rooms`] tells the nodes apart, for whoever wants to know whether what is free is in one piece; it decides nothing.
//! * [`Cluster::dial`] connects to the port of a server that runs in a pod. It says nothing there: the knock is the caller's.
//! * [`Cluster::usage`] and [`Cluster::capacity`] measure; they never fail because one workload cannot be measured.
//!
//! # Nasty cases every implementation has to get right (the conformance suite has them all)
//! ended while nobody looked; a command that cannot be started (an end with a reason, not an error of `ensure`); a process that
//! ignores SIGTERM; children that survive their parent; a recycled pid, where there are pids; output without line ends, or never ending;
//! out of memory told apart from a crash; two `ensure`s at once; `stop` before the start has finished; a server that never listens.

mod doors;
pub mod fake;
pub mod knock;
pub mod kubernetes;
pub mod lines;
pub mod local;
pub mod placement;
pub mod quiet;
pub mod reach;
mod socket;
pub mod stream;
pub mod upload;
pub mod workload;

pub use workload::{
    Capacity, Clue, Endpoint, Exit, Kept, NOT_FOUND, Observed, Phase, PutBack, RanImage, Room, Runtime, SLIPWAY, ServerSpec, TeamSpec,
    Usage, WorkloadKind, WorkloadSpec,
};

use crate::error::Result;
use app::api::resources::Resources;
use async_trait::async_trait;
use placement::{Placement, Toleration};
use std::{io, sync::Arc, time::Duration};
use stream::Stream;
use tokio::sync::watch;

/// Where workloads run. See the module for the contract.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// `local`, `kubernetes`, or `fake` in tests.
    fn name(&self) -> &'static str;

    /// What its GPUs are called, as Kubernetes calls the resource. On a machine only NVIDIA's are found.
    fn gpu(&self) -> &str {
        "nvidia.com/gpu"
    }

    /// Starts the workload unless it was started before.
    ///
    /// # Errors
    /// Nothing was started; the error says why.
    async fn ensure(&self, spec: &WorkloadSpec) -> Result<()>;

    /// Asks the workload to end: SIGTERM, `grace`, SIGKILL.
    ///
    /// # Errors
    /// The asking itself failed; ask again.
    async fn stop(&self, id: &str, grace: Duration) -> Result<()>;

    /// Ends what is left at once; drops record and working folder. The log stays.
    ///
    /// # Errors
    /// Something could not be dropped; ask again.
    async fn forget(&self, id: &str) -> Result<()>;

    /// Deletes a volume (`{team}/{name}`) and everything in it.
    ///
    /// # Errors
    /// It could not be deleted, or not wholly; ask again.
    async fn remove_volume(&self, volume: &str) -> Result<()>;

    /// Keeps what each of these teams needs, and tells what somebody else had changed of it, and what could not be kept: ask again. One machine has
    /// nothing to keep.
    async fn keep_teams(&self, _teams: &[TeamSpec]) -> Kept {
        Kept::default()
    }

    /// Whether it has nodes, so that a workload's placement means something.
    fn has_nodes(&self) -> bool {
        false
    }

    /// Asks whether the pod of a workload with this placement would be taken. `team`: whose workload; of any where absent. Nothing is kept.
    ///
    /// # Errors
    /// It would be refused, and why; it cannot be asked now.
    async fn try_placement(&self, _team: Option<&str>, _placement: &Placement, _resources: Resources) -> Result<()> {
        Ok(())
    }

    /// The nodes that a workload with this placement may be given to. Absent where everything is in one piece, and `capacity` says all.
    ///
    /// # Errors
    /// The cluster cannot be read now.
    async fn rooms(&self, _placement: &Placement) -> Result<Option<Vec<Room>>> {
        Ok(None)
    }

    /// Takes note of the taints that some workloads tolerate.
    fn tolerate(&self, _tolerations: Vec<Toleration>) {}

    /// Everything started and not forgotten.
    ///
    /// # Errors
    /// The cluster cannot be read now.
    async fn list(&self) -> Result<Vec<Observed>>;

    /// What it saw of a workload, for whoever asks why it is as it is. Of one that is not known: nothing.
    ///
    /// # Errors
    /// The cluster cannot be asked now.
    async fn clues(&self, id: &str) -> Result<Vec<Clue>>;

    /// Connects to `address`, where the pod of this workload listens.
    ///
    /// # Errors
    /// Nobody listens there, or there is no way; a cluster without pods has none.
    async fn dial(&self, _id: &str, _address: &str) -> io::Result<Stream> {
        Err(io::Error::other("this cluster has no pods"))
    }

    /// Rings (a counter that grows) when `list` may answer something new.
    fn watch(&self) -> watch::Receiver<u64>;

    /// Use of everything that runs.
    ///
    /// # Errors
    /// Nothing can be measured at all.
    async fn usage(&self) -> Result<Vec<Usage>>;

    /// What there is for workloads, less the reserve.
    ///
    /// # Errors
    /// The cluster cannot be read now.
    async fn capacity(&self) -> Result<Capacity>;
}

/// The cluster that everyone shares.
pub type SharedCluster = Arc<dyn Cluster>;
