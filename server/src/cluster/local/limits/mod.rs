//! Limits of CPU and memory: control groups where the machine permits them, else the supervisor's own watch.
//!
//! Whether control groups are permitted is found out by making one, at start. RLIMIT_AS is no substitute: numpy, JITs and GPU drivers reserve
//! address space far beyond what they use. Without control groups the supervisor therefore adds up the resident memory of all
//! processes and ends a workload that passes its limit, and CPU is shared by niceness and the usual thread-count variables.

mod group;
mod probe;

pub use group::Group;
pub use probe::{own_memory_limit, probe};

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How limits are put upon workloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitsMode {
    /// Control groups, version 2.
    CgroupV2,
    /// Control groups, version 1: CPU, memory, or both.
    CgroupV1,
    /// No control groups: memory is watched, CPU is not limited but asked to be nice.
    Rlimits,
    /// A container's own, made by whoever made the container.
    Container,
}

impl LimitsMode {
    /// For people, in `doctor` and on the Admin page.
    pub const fn words(self) -> &'static str {
        match self {
            Self::CgroupV2 => "control groups, version 2",
            Self::CgroupV1 => "control groups, version 1",
            Self::Rlimits => "no control groups: memory is watched, CPU shared by niceness",
            Self::Container => "those of the container",
        }
    }
}

/// What was found out about limits on this machine. A folder is the one in which groups are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Which way.
    pub mode: LimitsMode,
    /// Version 2: the one folder for everything.
    pub unified: Option<PathBuf>,
    /// Version 1: for CPU time.
    pub cpu: Option<PathBuf>,
    /// Version 1: for memory.
    pub memory: Option<PathBuf>,
    /// Version 1: for accounting of CPU time.
    pub accounting: Option<PathBuf>,
}

impl Limits {
    /// Nothing but our own watch.
    pub const NONE: Limits = Limits { mode: LimitsMode::Rlimits, unified: None, cpu: None, memory: None, accounting: None };

    /// Limits of the container that we are in.
    pub const CONTAINER: Limits = Limits { mode: LimitsMode::Container, ..Self::NONE };

    /// Removes the folders in which groups were made, where no group is left in them.
    pub fn remove_bases(&self) {
        for base in [&self.unified, &self.cpu, &self.memory, &self.accounting].into_iter().flatten() {
            let _ = std::fs::remove_dir(base);
        }
    }

    /// Whether the kernel limits memory, so that nobody else has to.
    pub const fn memory_is_limited(&self) -> bool {
        self.unified.is_some() || self.memory.is_some() || matches!(self.mode, LimitsMode::Container)
    }

    /// Whether the kernel limits CPU.
    pub const fn cpu_is_limited(&self) -> bool {
        self.unified.is_some() || self.cpu.is_some() || matches!(self.mode, LimitsMode::Container)
    }
}
