//! Processes: who is who (a pid alone says nothing, it is used again), who descends from whom, and signals that reach nobody else.

use procfs::process::{Process, Stat};
use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    fs,
    os::fd::OwnedFd,
};

/// A process and nobody who got its pid later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// Its pid.
    pub pid: i32,
    /// When it started, in clock ticks since the machine's start.
    pub start: u64,
}

impl ProcessId {
    /// The process that has this pid now, unless it is gone or only waits to be collected.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = stat(pid)?;
        (!is_dead(&stat)).then_some(Self { pid, start: stat.starttime })
    }

    /// Whether it still runs.
    pub fn alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// A handle that stays with this very process. `None`: it is gone.
    pub fn handle(self) -> Option<OwnedFd> {
        let handle = pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()).ok()?;
        // Checked after opening: from here on the handle cannot come to mean another one.
        self.alive().then_some(handle)
    }

    /// Sends a signal; `false` where it is gone.
    pub fn signal(self, signal: Signal) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else { return false };
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => self.alive() && pidfd_send_signal(handle, signal).is_ok(),
            Err(Errno::NOSYS) => self.alive() && kill_process(pid, signal).is_ok(),
            Err(_) => false,
        }
    }
}

/// What `/proc` says about a process.
pub fn stat(pid: i32) -> Option<Stat> {
    Process::new(pid).ok()?.stat().ok()
}

/// Ended, whether or not its parent has collected it.
pub fn is_dead(stat: &Stat) -> bool {
    matches!(stat.state, 'Z' | 'X' | 'x')
}

/// Every process of the machine that we can see.
pub fn all() -> Vec<Stat> {
    procfs::process::all_processes().map(|found| found.filter_map(|p| p.ok()?.stat().ok()).collect()).unwrap_or_default()
}

/// All descendants of `root` among `processes`, without itself.
pub fn descendants(root: i32, processes: &[Stat]) -> Vec<&Stat> {
    let mut children: HashMap<i32, Vec<&Stat>> = HashMap::new();
    for process in processes {
        children.entry(process.ppid).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut seen = HashSet::from([root]);
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        for child in children.get(&parent).into_iter().flatten() {
            if seen.insert(child.pid) {
                found.push(*child);
                next.push(child.pid);
            }
        }
    }
    found
}

/// Pids of all descendants, without looking at every process of the machine where the kernel can tell (CONFIG_PROC_CHILDREN).
pub fn descendant_pids(root: i32) -> Vec<i32> {
    if children(root).is_none() {
        let all = all();
        return descendants(root, &all).iter().map(|p| p.pid).collect();
    }
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        let new = children(parent).unwrap_or_default();
        found.extend(&new);
        next.extend(new);
    }
    found
}

/// Whether a process carries this text, `NAME=value`, in its environment.
pub fn is_marked(pid: i32, mark: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|b| *b == 0).any(|one| one == mark.as_bytes())
}

/// Pids of the children of a process.
pub fn child_pids(parent: i32) -> Vec<i32> {
    children(parent).unwrap_or_else(|| all().iter().filter(|p| p.ppid == parent).map(|p| p.pid).collect())
}

/// The children of a process, by the threads that started them. `None`: it is gone, or the kernel does not tell.
fn children(pid: i32) -> Option<Vec<i32>> {
    let mut found = Vec::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        // A thread that has just ended has handed its children on.
        let Ok(text) = fs::read_to_string(thread.ok()?.path().join("children")) else { continue };
        found.extend(text.split_whitespace().filter_map(|p| p.parse::<i32>().ok()));
    }
    fs::exists(format!("/proc/{pid}/task/{pid}/children")).ok().filter(|there| *there).map(|_| found)
}

/// Resident memory of several processes together in bytes. Pages that a forked process shares with its parent are counted once.
pub fn memory_of(pids: &[i32]) -> u64 {
    match pids {
        // Nothing is shared, so the cheap question will do.
        [pid] => resident(*pid).unwrap_or(0),
        many => many.iter().filter_map(|pid| proportional(*pid).or_else(|| resident(*pid))).sum(),
    }
}

/// At most so much: what [`memory_of`] answers, or more where pages are shared. Cheap however large the processes are.
pub fn memory_bound(pids: &[i32]) -> u64 {
    pids.iter().filter_map(|pid| resident(*pid)).sum()
}

fn resident(pid: i32) -> Option<u64> {
    let statm = Process::new(pid).ok()?.statm().ok()?;
    Some(statm.resident * rustix::param::page_size() as u64)
}

/// Its own pages, and its share of those it has together with others. The kernel walks over all pages for it.
fn proportional(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("Pss:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Names this boot of the machine: pids and start times of another boot mean nothing.
pub fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}
