//! `slipway shim`: the supervisor of one workload. It outlives the server.
//!
//! There are two programs in it. `slipway shim workload` supervises: it takes the handover from its standard input, for which it may wait for a while,
//! records the start, prepares the folders, starts the workload, writes its log, keeps its limits, ends it when asked or when its time is up, and records
//! the end. From the handover on, its short name (`ps -o comm`) ends with the last seven characters of the workload's id.
//! `slipway shim enter` is the workload's first moment: a process of its own that enters the control groups, gives up what it must not keep, and becomes the
//! workload's command.
//!
//! `slipway shim pod…` is the same inside of a pod; see `cluster/kubernetes/pod`.

mod archive;
mod beneath;
mod ending;
mod enter;
mod environment;
mod lines;
mod memory;
mod node;
mod prepare;
mod pump;
mod ready;
mod recorder;
mod start;
mod stop;
mod supervise;

pub(in crate::cluster) use archive::unpack;
pub(in crate::cluster) use beneath::Beneath;
pub(super) use ending::kill;
pub(in crate::cluster) use ending::{ASKED, words};
pub use environment::{Folders, MARK};
pub(in crate::cluster) use start::Entrance;
pub(in crate::cluster) use supervise::supervise;

use super::handover::{Answer, Handover};
use crate::cluster::kubernetes::pod;
use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{Read, Write},
    os::unix::ffi::OsStrExt,
    process::ExitCode,
    sync::Arc,
};

/// Runs `slipway shim`; `args` are the words behind `shim`.
pub fn shim_main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let word = args.into_iter().next();
    if let Some(code) = word.as_deref().and_then(OsStr::to_str).and_then(pod::main) {
        return code;
    }
    match word {
        Some(word) if word == "enter" => enter::main(),
        // Whatever the word is: a server that is older than this file says which workload.
        Some(_) => supervise_main(),
        None => {
            eprintln!("slipway shim is started by the server; there is nothing to do with it by hand.");
            ExitCode::from(2)
        }
    }
}

/// The word that starts a supervisor.
pub(super) const SUPERVISES: &str = "workload";
/// Our own program, even if its file was replaced by a newer one meanwhile.
pub(super) const OURSELVES: &str = "/proc/self/exe";

fn supervise_main() -> ExitCode {
    // Alone first: no terminal, no session and no open file of whoever started the server.
    let _ = rustix::process::setsid();
    close_inherited();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    match supervise_handed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            answer(&Answer::Failed { why });
            ExitCode::FAILURE
        }
    }
}

fn supervise_handed() -> Result<(), String> {
    // Our memory holds the workload's secrets: processes of the same user may not look into it.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).map_err(|e| e.to_string())?;
    // What the workload's processes leave behind becomes ours, so nothing gets away by starting twice.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).map_err(|e| e.to_string())?;
    // It starts while we wait, and while everything else is made ready. Where we end instead, so does it.
    let first = Entrance::open(&[OURSELVES.to_owned()]);
    let mut text = Vec::new();
    std::io::stdin().lock().read_to_end(&mut text).map_err(|e| e.to_string())?;
    if text.is_empty() {
        // Nothing was to be started, or who wanted it is gone.
        first.map(Entrance::close).map_err(|e| e.to_string())?;
        return Ok(());
    }
    let handover: Handover = serde_json::from_slice(&text).map_err(|e| format!("the handover is not whole: {e}"))?;
    drop(text);
    // While we waited it may have been killed, or there was no room for it.
    let first = first.ok().and_then(Entrance::waiting).map_or_else(|| Entrance::open(&handover.program), Ok);
    name_ourselves("slipway", &handover.spec.id);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let result = runtime.block_on(supervise::supervise(handover, first, Arc::default(), answer));
    // A thread that still unpacks must not keep us.
    runtime.shutdown_background();
    result
}

/// The command line says nothing of the workload, as it was written before there was one.
fn name_ourselves(what: &str, id: &str) {
    let end = id.get(id.len().saturating_sub(7)..).unwrap_or_default();
    if let Ok(name) = std::ffi::CString::new(format!("{what}-{end}")) {
        let _ = rustix::thread::set_name(&name);
    }
}

/// Tells the server, once, how the start went, and lets go of its pipe.
fn answer(answer: &Answer) {
    if let Ok(mut line) = serde_json::to_vec(answer) {
        line.push(b'\n');
        // The server may be gone by now; the record tells its successor.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
    if let Ok(nothing) = fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdin(&nothing);
        let _ = nix::unistd::dup2_stdout(&nothing);
        let _ = nix::unistd::dup2_stderr(&nothing);
    }
}

/// Closes every file that we inherited but the standard three. Rust opens all files close-on-exec, so these are not the server's own but of
/// whoever started it (the job server of `make`, for one).
fn close_inherited() {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> =
        entries.filter_map(|e| std::str::from_utf8(e.ok()?.file_name().as_bytes()).ok()?.parse().ok()).filter(|fd| *fd > 2).collect();
    for fd in open {
        // One of them was the listing itself, closed by now.
        let _ = nix::unistd::close(fd);
    }
}
