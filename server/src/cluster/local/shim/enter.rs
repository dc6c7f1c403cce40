//! The workload's first moment: between the supervisor and the workload's command.
//!
//! It is a process of its own because Rust can safely do nothing between fork and exec. Its plan comes through a socket at standard input, the
//! environment with it, so that nothing in it (`LD_PRELOAD`) has an effect on us. An answer through the same socket says why the command could
//! not be started; the socket closing without a word says that it was. Where the command is the launcher of a task, no other program is started: we are it.
//!
//! This is the place for a user id per team: after entering the groups and before the command, with the folders of `prepare` handed over to that
//! user. Until then every workload runs as the server's user, one trust domain.

use super::environment::MARK;
use crate::launcher;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    os::{
        fd::AsFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

/// What to become.
#[derive(Serialize, Deserialize)]
pub struct EnterPlan {
    /// Path of the program.
    pub program: PathBuf,
    /// Its arguments; the first is the program's own name.
    pub arguments: Vec<String>,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
    /// Working folder.
    pub folder: PathBuf,
    /// Control groups to enter.
    pub groups: Vec<PathBuf>,
    /// How much nicer than the server.
    pub nice: i32,
    /// The command is this program's own launcher of a task.
    #[serde(default)]
    pub launches: bool,
}

/// Runs `slipway shim enter`.
pub fn main() -> ExitCode {
    // A copy that closes by itself when the command takes over.
    let Ok(socket) = rustix::io::fcntl_dupfd_cloexec(io::stdin().as_fd(), 3) else { return ExitCode::FAILURE };
    let mut socket = UnixStream::from(socket);
    let why = match read_plan(&socket).and_then(|plan| settle(&plan).map(|()| plan)) {
        Ok(plan) => match launcher(&plan) {
            Some(launch) => {
                drop(socket);
                return launch();
            }
            None => become_command(&plan),
        },
        Err(why) => why,
    };
    let _ = socket.write_all(why.as_bytes());
    ExitCode::FAILURE
}

/// What the command does, where we can do it ourselves: to start this program again takes longer than most of what it does.
fn launcher(plan: &EnterPlan) -> Option<impl FnOnce() -> ExitCode + use<>> {
    let launch = launcher::take_over(&plan.environment).filter(|_| plan.launches)?;
    let nothing = OpenOptions::new().read(true).open("/dev/null").ok()?;
    std::env::set_current_dir(&plan.folder).ok()?;
    nix::unistd::dup2_stdin(nothing).ok()?;
    // Nothing else tells whose it is.
    super::name_ourselves("task", plan.environment.get(MARK).map_or("", String::as_str));
    Some(launch)
}

/// Enters a control group. We are one thread: where that can be moved alone (version 1), the kernel waits for no other process of the machine,
/// which takes it ten times as long as all the rest of this.
fn enter(group: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(group.join("tasks")) {
        Ok(mut thread) => thread.write_all(b"0"),
        Err(_) => fs::write(group.join("cgroup.procs"), "0"),
    }
}

fn read_plan(socket: &UnixStream) -> Result<EnterPlan, String> {
    let mut line = Vec::new();
    BufReader::new(socket).read_until(b'\n', &mut line).map_err(|e| format!("The plan could not be read: {e}."))?;
    serde_json::from_slice(&line).map_err(|e| format!("The plan could not be read: {e}."))
}

/// Enters the groups and gives up what it must not keep.
fn settle(plan: &EnterPlan) -> Result<(), String> {
    // Should the supervisor be killed, we go with it; what we started is found by the server.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    for group in &plan.groups {
        enter(group).map_err(|e| format!("The control group {} could not be entered: {e}.", group.display()))?;
    }
    // When the machine runs out of memory, a workload goes before the portal. Core files would fill the disk.
    let _ = fs::write("/proc/self/oom_score_adj", "500");
    let _ = rustix::process::nice(plan.nice);
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    Ok(())
}

/// Becomes the command; why that is not possible.
fn become_command(plan: &EnterPlan) -> String {
    let name = plan.arguments.first().cloned().unwrap_or_default();
    let error = Command::new(&plan.program)
        .arg0(&name)
        .args(plan.arguments.iter().skip(1))
        .env_clear()
        .envs(&plan.environment)
        .current_dir(&plan.folder)
        .stdin(Stdio::null())
        .exec();
    format!("The command \"{name}\" could not be started: {error}.")
}
