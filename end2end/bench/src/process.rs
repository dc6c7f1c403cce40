//! Servers as children of ours: a process group each, ended with the handle; CPU time and memory of all their processes.

use anyhow::{Context, Result, ensure};
use procfs::process::{Process, Stat, all_processes};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    collections::HashMap,
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A server that runs until the handle is dropped.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts it, with its words in `log`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut command: Command, log: &Path) -> Result<Self> {
        let file = File::create(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let child = command.spawn().with_context(|| format!("start {:?}", command.get_program()))?;
        Ok(Self { child, log: log.into() })
    }

    /// Its process and all below it.
    pub fn usage(&self) -> Usage {
        Usage { pid: self.child.id(), alone: false }
    }

    /// The last lines it wrote.
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    /// Fails where it ended by itself.
    ///
    /// # Errors
    /// It ended; with its last words.
    pub fn alive(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "it ended: {}", self.last_words());
        Ok(())
    }

    /// Asks it to end, and waits.
    pub fn stop(&mut self) {
        let Some(group) = Pid::from_raw(self.child.id() as i32) else { return };
        let begun = Instant::now();
        let _ = kill_process_group(group, Signal::TERM);
        while begun.elapsed() < Duration::from_secs(10) {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                break;
            }
            #[expect(clippy::disallowed_methods, reason = "also in a drop, where nothing can be awaited")]
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A process whose CPU time and memory are read, with all below it or alone.
#[derive(Debug, Clone)]
pub struct Usage {
    pid: u32,
    alone: bool,
}

impl Usage {
    /// Of the process of this id alone.
    pub const fn of(pid: u32) -> Self {
        Self { pid, alone: true }
    }

    /// Of this process. Its servers are its children, and do not count as it.
    pub fn own() -> Self {
        Self { pid: std::process::id(), alone: true }
    }

    /// Without what is below it: the workloads of a portal are not the portal.
    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    fn tree(&self) -> Vec<Process> {
        let processes: Vec<(Process, i32, i32)> =
            all_processes().into_iter().flatten().filter_map(|p| p.ok().and_then(|p| p.stat().ok().map(|s| (p, s.pid, s.ppid)))).collect();
        let parents: HashMap<i32, i32> = processes.iter().map(|(_, pid, ppid)| (*pid, *ppid)).collect();
        let ours = |mut pid: i32| loop {
            if self.pid as i32 == pid {
                return true;
            }
            match parents.get(&pid) {
                Some(parent) if *parent > 1 => pid = *parent,
                _ => return false,
            }
        };
        let wanted = |pid: i32| if self.alone { self.pid as i32 == pid } else { ours(pid) };
        processes.into_iter().filter(|(_, pid, _)| wanted(*pid)).map(|(p, ..)| p).collect()
    }

    /// User and system time so far, in seconds, to the clock tick; with that of children that have ended.
    pub fn cpu_seconds(&self) -> f64 {
        let children = |s: &Stat| if self.alone { 0 } else { s.cutime + s.cstime };
        let ticks: i64 = self.tree().iter().filter_map(|p| p.stat().ok()).map(|s| (s.utime + s.stime) as i64 + children(&s)).sum();
        ticks as f64 / procfs::ticks_per_second() as f64
    }

    /// Resident memory in bytes, pages shared between several of the processes counted once for each.
    pub fn resident(&self) -> u64 {
        self.tree().iter().filter_map(|p| p.stat().ok()).map(|s| s.rss * procfs::page_size()).sum()
    }
}

/// A port of this machine that is free now.
///
/// # Errors
/// None is.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
