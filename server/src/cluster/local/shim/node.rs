//! One node of a workload, as its supervisor has it: limits, log, first process, end.

use super::{
    super::{handover::Handover, limits::Group, paths::Paths, process::ProcessId, record::NodeState},
    ending::{self, Cause},
    prepare::Prepared,
    pump::SharedLog,
    start::{Entrance, start},
};
use crate::{
    clock::{Clock, SystemClock},
    cluster::Exit,
    logs::{LogWriter, node_folder},
};
use app::api::resources::Resources;
use rustix::process::{Pid, Signal, WaitStatus, kill_process_group};
use std::{io, time::Duration};
use tokio::{task::JoinHandle, time::timeout};

/// What each may at least use at first, in thousandths of a processor: it loads libraries, for seconds if it is a server, whatever it gets by with
/// later, and somebody waits for it. Where all want more than there is, each gets by what it holds all the same.
const STARTING: i64 = 1000;

/// A node.
pub struct Node {
    /// Which, from 0.
    pub rank: u32,
    /// Its limits.
    pub group: Group,
    /// Its log.
    pub log: SharedLog,
    /// Why it ended, where that is its own.
    pub cause: Option<Cause>,
    /// Its first process, once there is one.
    pub child: Option<ProcessId>,
    /// How that ended, and when, milliseconds since 1970.
    pub status: Option<(WaitStatus, i64)>,
    /// What becomes its command, until it does.
    entrance: Option<io::Result<Entrance>>,
    pumps: Vec<JoinHandle<()>>,
}

impl Node {
    /// Makes log and limits of each node that runs here; the first one has its entrance already.
    ///
    /// # Errors
    /// What the system says; what was made so far is removed again.
    pub fn all(handover: &Handover, paths: &Paths, first: io::Result<Entrance>) -> io::Result<Vec<Self>> {
        let (mut nodes, mut first): (Vec<Self>, _) = (Vec::new(), Some(first));
        for rank in handover.ranks() {
            match Self::open(handover, paths, rank, &mut first) {
                Ok(node) => nodes.push(node),
                Err(e) => {
                    for node in &nodes {
                        node.group.remove();
                    }
                    return Err(e);
                }
            }
        }
        Ok(nodes)
    }

    fn open(handover: &Handover, paths: &Paths, rank: u32, first: &mut Option<io::Result<Entrance>>) -> io::Result<Self> {
        let (spec, place) = (&handover.spec, handover.place(rank));
        let log = LogWriter::open(&node_folder(&paths.logs(&spec.id), place), spec.attempt, handover.log_bytes)?;
        let name = if place == 0 { spec.id.clone() } else { format!("{}-{place}", spec.id) };
        let group = Group::make(&handover.limits, &name, spec.resources)?;
        // Where that cannot be, it starts with what it holds.
        let _ = group.limit_cpu(spec.resources.cpu_millis.max(STARTING));
        let entrance = Some(first.take().unwrap_or_else(|| Entrance::open(&handover.program)));
        Ok(Self { rank, group, log: SharedLog::new(log), cause: None, child: None, status: None, entrance, pumps: Vec::new() })
    }

    /// It answers, or has had its time: from now on it gets by with what it holds.
    pub fn has_started(&self, resources: Resources) {
        if let Err(why) = self.group.limit_cpu(resources.cpu_millis) {
            self.log.say(&format!("Its limit of CPU could not be set: {why}"));
        }
    }

    /// For the record.
    pub fn state(&self) -> NodeState {
        NodeState { child: self.child, groups: self.group.folders().to_vec() }
    }

    /// Starts its command; what tells how that goes.
    ///
    /// # Errors
    /// A sentence for the reader.
    pub fn start(&mut self, handover: &Handover, prepared: &Prepared) -> Result<tokio::net::UnixStream, String> {
        let entrance = self.entrance.take().ok_or("It was started before.")?;
        let started = start(handover, self.rank, prepared, (&self.group, entrance), &self.log)?;
        self.child = Some(started.child);
        self.pumps.extend(started.pumps);
        Ok(started.entering)
    }

    /// Pid of its first process, as long as that is not collected.
    pub fn leader(&self) -> Option<i32> {
        self.child.filter(|_| self.status.is_none()).map(|c| c.pid)
    }

    /// A process of ours was collected; whether it was its first.
    pub fn collected(&mut self, pid: i32, status: WaitStatus) -> bool {
        let is_its_own = self.leader() == Some(pid);
        if is_its_own {
            self.status = Some((status, SystemClock.now()));
        }
        is_its_own
    }

    /// Whether it has ended, and not by doing what it was to do.
    pub fn failed(&self) -> bool {
        self.status.is_some_and(|(status, _)| self.cause.is_some() || status.exit_status() != Some(0))
    }

    /// How its first process ended, in words that a sentence begins with.
    pub fn how(&self) -> String {
        let status = self.status.map(|(status, _)| status);
        match (status.and_then(WaitStatus::exit_status), status.and_then(WaitStatus::terminating_signal)) {
            (Some(code), _) => format!("Exited with code {code}"),
            (None, Some(signal)) => format!("Ended by signal {signal}"),
            (None, None) => "It ended".into(),
        }
    }

    /// Asks its processes to end.
    pub fn ask(&self) {
        if let Some(group) = self.leader().and_then(Pid::from_raw) {
            // The group cannot have become another's: its first process is ours to collect.
            let _ = kill_process_group(group, Signal::TERM);
        }
    }

    /// Ends at once what is left of it, where there are others. `leaders`: the first processes of all nodes.
    pub fn kill(&self, leaders: &[i32]) {
        ending::kill(|| {
            let pids = ending::of_node(self.leader(), leaders, self.rank).into_iter().chain(self.group.processes());
            let us = std::process::id() as i32;
            pids.filter(|pid| *pid != us).filter_map(ProcessId::of).collect()
        });
    }

    /// Waits until its last words are in the log. Every writer is gone, so the pipes end; unless a stranger was handed one of them.
    pub async fn drain(&mut self) {
        for pump in self.pumps.drain(..) {
            let _ = timeout(Duration::from_secs(2), pump).await;
        }
    }

    /// How it ended; `of_all` is what ended all of them. Says so in its log, which ends with it.
    pub fn close(&self, of_all: Option<&Cause>, memory_limit: i64) -> Exit {
        let killed_for_memory = self.group.out_of_memory_kills() > 0;
        let (status, at) = self.status.map_or_else(|| (None, SystemClock.now()), |(status, at)| (Some(status), at));
        let cause = self.cause.as_ref().or(of_all).cloned();
        let exit = ending::exit(status, cause, killed_for_memory, memory_limit, at);
        self.log.say(&ending::words(&exit));
        // Readers of the log wait for this mark; without it they only wait longer.
        let _ = self.log.with(|log| log.finish());
        exit
    }
}
