//! Starts the workload's command through `slipway shim enter`.

use super::{
    super::{handover::Handover, limits::Group, process::ProcessId},
    enter::EnterPlan,
    environment::{environment, fill},
    prepare::Prepared,
    pump::{SharedLog, pump},
};
use crate::{
    cluster::{NOT_FOUND, SLIPWAY},
    launcher,
    logs::Stream,
};
use std::{
    collections::BTreeMap,
    io::{self, Write},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tokio::{io::AsyncReadExt, task::JoinHandle};

/// Niceness of workloads where the kernel does not limit their CPU time: the portal stays responsive.
const NICE: i32 = 5;

/// A command on its way.
pub struct Started {
    /// Its first process; its process group has the same number.
    pub child: ProcessId,
    /// Both pumps of its output.
    pub pumps: [JoinHandle<()>; 2],
    /// Says why the command could not be started, or closes.
    pub entering: tokio::net::UnixStream,
}

/// The process that will become a command. It waits for its plan: it starts while folders are prepared. Without a plan it ends.
pub struct Entrance {
    child: Child,
    socket: UnixStream,
}

impl Entrance {
    /// Starts it. `program`: how this program is started.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(program: &[String]) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let (first, rest) = program.split_first().ok_or_else(|| io::Error::other("it is not known how to start it"))?;
        let child = Command::new(first)
            .arg0("slipway")
            .args(rest)
            .args(["shim", "enter"])
            .env_clear()
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        Ok(Self { child, socket })
    }

    /// It, unless it has ended meanwhile.
    pub fn waiting(mut self) -> Option<Self> {
        matches!(self.child.try_wait(), Ok(None)).then_some(self)
    }

    /// Lets it end: there is nothing to become.
    pub fn close(mut self) {
        drop(self.socket);
        let _ = self.child.wait();
    }

    fn become_command(mut self, plan: &EnterPlan, log: &SharedLog) -> io::Result<Started> {
        let pid = self.child.id() as i32;
        let mut line = serde_json::to_vec(plan)?;
        line.push(b'\n');
        // Should it have died, its end tells more than this error.
        let _ = self.socket.write_all(&line);
        self.socket.set_nonblocking(true)?;
        let missing = || io::Error::other("it has no output");
        let out = pump(self.child.stdout.take().ok_or_else(missing)?.into(), Stream::Out, log.clone())?;
        let err = pump(self.child.stderr.take().ok_or_else(missing)?.into(), Stream::Err, log.clone())?;
        let start = super::super::process::stat(pid).map_or(0, |s| s.starttime);
        Ok(Started { child: ProcessId { pid, start }, pumps: [out, err], entering: tokio::net::UnixStream::from_std(self.socket)? })
    }
}

/// Starts that of a node.
///
/// # Errors
/// A sentence for the reader.
pub fn start(
    handover: &Handover,
    rank: u32,
    prepared: &Prepared,
    (group, entrance): (&Group, io::Result<Entrance>),
    log: &SharedLog,
) -> Result<Started, String> {
    let spec = &handover.spec;
    let files = &prepared.folders[handover.place(rank) as usize].files;
    let endpoint = prepared.endpoint.as_ref();
    let ours = |text: &String| if text == SLIPWAY { handover.program.clone() } else { vec![fill(text, spec, endpoint)] };
    let arguments: Vec<String> = spec.command.iter().flat_map(ours).collect();
    let environment = environment(handover, rank, prepared);
    let name = arguments.first().filter(|n| !n.is_empty()).ok_or("There is no command to run.")?;
    let program = find(name, &environment, files).ok_or_else(|| format!("The command \"{name}\" {NOT_FOUND}"))?;
    let nice = if handover.limits.cpu_is_limited() { 0 } else { NICE };
    let launches = spec.command == launcher::COMMAND;
    let plan = EnterPlan { program, arguments, environment, folder: files.clone(), groups: group.folders().to_vec(), nice, launches };
    entrance.and_then(|e| e.become_command(&plan, log)).map_err(|e| format!("The command could not be started: {e}."))
}

/// Waits until the command has taken over (`None`), or could not (the reason).
pub async fn entered(entering: tokio::net::UnixStream) -> Option<String> {
    let mut text = Vec::new();
    // A read error means that it is gone; then its end tells more.
    let _ = entering.take(64 * 1024).read_to_end(&mut text).await;
    (!text.is_empty()).then(|| String::from_utf8_lossy(&text).into_owned())
}

/// The program that a name means: looked up in PATH (which begins with the environment's `bin`), or below the working folder.
fn find(name: &str, environment: &BTreeMap<String, String>, folder: &Path) -> Option<PathBuf> {
    if name.contains('/') {
        let path = folder.join(name);
        return path.exists().then_some(path);
    }
    launcher::find(name, environment.get("PATH")?)
}
