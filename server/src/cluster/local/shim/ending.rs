//! The end of a workload: nothing of it survives, and how it ended is told apart.

use super::{
    super::{
        limits::Group,
        process::{self, ProcessId},
    },
    environment::NODE_MARK,
};
use crate::cluster::workload::Exit;
use rustix::{
    io::Errno,
    process::{Signal, WaitOptions, WaitStatus, wait},
};
use std::{collections::HashSet, time::Duration};

/// Said where somebody else than the server asked.
pub const ASKED: &str = "Its supervisor was asked to end, as when the machine shuts down.";

/// Why it ended, where it did not just end by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The server asked.
    Stopped,
    /// Somebody else asked the supervisor.
    Signal,
    /// Its time was up.
    TimedOut {
        /// Seconds it had.
        seconds: u64,
    },
    /// It passed its memory limit, and we saw it.
    OutOfMemory,
    /// It could not be started, or its start did not come to an end.
    Failed(String),
    /// It is one of several nodes, and this other one failed.
    Node {
        /// Which.
        rank: u32,
    },
}

/// Processes that have ended.
#[derive(Debug, Default)]
pub struct Collected {
    /// The pid of each, and how it ended.
    pub ended: Vec<(i32, WaitStatus)>,
    /// The kernel says that we have no children left. Then nothing descends from us: whatever loses its parent becomes our child.
    pub none_left: bool,
}

/// Collects every process that has ended.
pub fn collect() -> Collected {
    let mut found = Collected::default();
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => found.ended.push((pid.as_raw_nonzero().get(), status)),
            Ok(None) => return found,
            Err(e) => {
                found.none_left = e == Errno::CHILD;
                return found;
            }
        }
    }
}

/// Everything that descends from us or is in the control groups.
pub fn remaining(group: &Group) -> Vec<ProcessId> {
    let us = std::process::id() as i32;
    let all = process::all();
    let grouped: HashSet<i32> = group.processes().into_iter().collect();
    let of_us: HashSet<i32> = process::descendants(us, &all).iter().map(|p| p.pid).collect();
    all.iter()
        .filter(|p| p.pid != us && !process::is_dead(p) && (of_us.contains(&p.pid) || grouped.contains(&p.pid)))
        .map(|p| ProcessId { pid: p.pid, start: p.starttime })
        .collect()
}

/// SIGKILL to all. They are halted first, so that none starts another one meanwhile.
pub fn kill(mut list: impl FnMut() -> Vec<ProcessId>) -> usize {
    let mut halted = HashSet::new();
    for _ in 0..50 {
        let new: Vec<_> = list().into_iter().filter(|p| halted.insert(*p)).collect();
        if new.is_empty() {
            break;
        }
        for process in new {
            process.signal(Signal::STOP);
        }
    }
    for process in &halted {
        process.signal(Signal::KILL);
    }
    halted.len()
}

/// Pids of one of several nodes: its first process as long as that is not collected, what was left to us and carries the node's mark, and what
/// descends from these. `leaders`: the first processes of all nodes.
pub fn of_node(leader: Option<i32>, leaders: &[i32], rank: u32) -> Vec<i32> {
    let mark = format!("{NODE_MARK}={rank}");
    let orphans = process::child_pids(std::process::id() as i32);
    let orphans = orphans.into_iter().filter(|pid| !leaders.contains(pid) && process::is_marked(*pid, &mark));
    let roots: Vec<i32> = leader.into_iter().chain(orphans).collect();
    roots.iter().copied().chain(roots.iter().flat_map(|root| process::descendant_pids(*root))).collect()
}

/// Ends everything that is left, and comes back only when nothing is. `ended` hears of every process that was collected.
pub async fn end_all(group: &Group, mut ended: impl FnMut(i32, WaitStatus)) {
    let mut pause = Duration::from_millis(2);
    loop {
        // Asked first: to look at every process of the machine takes a while.
        let found = collect();
        let none_left = found.none_left && group.processes().is_empty();
        let left = if none_left { 0 } else { kill(|| remaining(group)) };
        for (pid, status) in found.ended.into_iter().chain(collect().ended) {
            ended(pid, status);
        }
        if left == 0 {
            return;
        }
        // A process in the midst of a disk or driver call dies when that call returns: there is nothing to do but wait.
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// How it ended, from everything that is known.
pub fn exit(status: Option<WaitStatus>, cause: Option<Cause>, killed_for_memory: bool, limit: i64, now: i64) -> Exit {
    let code = status.and_then(WaitStatus::exit_status).map(i64::from);
    let signal = status.and_then(WaitStatus::terminating_signal).map(i64::from);
    let mut exit = Exit { code, signal, ended_at: now, ..Exit::default() };
    match cause {
        Some(Cause::Stopped) => exit.stopped = true,
        Some(Cause::Signal) => exit.reason = Some(ASKED.into()),
        Some(Cause::TimedOut { seconds }) => {
            exit.timed_out = true;
            exit.reason = Some(format!("Its time was up: it may run for {seconds} seconds."));
        }
        Some(Cause::OutOfMemory) => exit.out_of_memory = true,
        // A process of it that the kernel ended is often noticed by its parent, which then fails in words of its own.
        Some(Cause::Failed(_)) | None if killed_for_memory && code != Some(0) => exit.out_of_memory = true,
        Some(Cause::Failed(reason)) => exit.reason = Some(reason),
        Some(Cause::Node { rank }) => exit.reason = Some(format!("It was ended because node {rank} had failed.")),
        None => {}
    }
    if exit.out_of_memory {
        exit.reason = Some(format!("It needed more memory than its limit of {}.", app::api::resources::bytes_words(limit)));
    }
    exit
}

/// The end in a sentence, for the log.
pub fn words(exit: &Exit) -> String {
    let how = match (exit.code, exit.signal) {
        (Some(code), _) => format!("Ended with exit code {code}."),
        (None, Some(signal)) => format!("Ended by signal {signal}."),
        (None, None) => "Ended.".into(),
    };
    match &exit.reason {
        Some(reason) => format!("{reason}\n{how}"),
        None if exit.stopped => format!("It was asked to stop.\n{how}"),
        None => how,
    }
}
