//! Everything before the start of the command: folders, the uploaded archive, files, and a place to listen.

use super::{
    super::{
        handover::Handover,
        paths::{Paths, make_private, make_short_base},
    },
    archive,
    beneath::Beneath,
    environment::{Folders, Meeting, has_roles},
};
use crate::cluster::workload::Endpoint;
use std::{
    fs::{self, File},
    io::Write,
    net::TcpListener,
    path::Path,
    sync::atomic::AtomicBool,
};

/// Ports handed out: below those that the kernel gives to outgoing connections, so that none of these takes one meanwhile.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Where the nodes of a run meet in pods, each of which has an address of its own.
const MEETING_PORT: u16 = 29_500;

/// What was prepared.
pub struct Prepared {
    /// The folders of each node here, made.
    pub folders: Vec<Folders>,
    /// Where a server shall listen.
    pub endpoint: Option<Endpoint>,
    /// Where the nodes of a run meet.
    pub meeting: Option<Meeting>,
    /// Keeps the port from other workloads as long as it is held.
    pub port_lock: Option<File>,
}

/// Prepares all; `cancelled` ends unpacking early.
///
/// # Errors
/// A sentence for the reader: the workload cannot be started.
pub fn prepare(handover: &Handover, paths: &Paths, cancelled: &AtomicBool) -> Result<Prepared, String> {
    let spec = &handover.spec;
    let folders = handover.ranks().map(|rank| folder(handover, paths, handover.place(rank), cancelled));
    let folders = folders.collect::<Result<Vec<_>, _>>()?;
    let mut prepared = Prepared { folders, endpoint: None, meeting: None, port_lock: None };
    if spec.server.is_some() && asks_for_socket(handover) {
        prepared.endpoint = Some(socket(&spec.id, paths)?);
    } else if let Some(port) = spec.server.as_ref().and_then(|s| s.port) {
        if handover.folders.is_none() {
            return Err(format!("It listens on port {port} whatever it is told: on this machine others may too."));
        }
        prepared.endpoint = Some(Endpoint::Tcp { address: format!("127.0.0.1:{port}") });
    } else if spec.server.is_some() {
        let (port, lock) = port(&spec.id, paths)?;
        prepared.endpoint = Some(Endpoint::Tcp { address: format!("127.0.0.1:{port}") });
        prepared.port_lock = Some(lock);
    } else if let Some(node) = handover.node.as_ref().filter(|_| has_roles(spec)) {
        prepared.meeting = Some(Meeting { host: node.master.clone(), port: MEETING_PORT });
    } else if has_roles(spec) {
        let (port, lock) = port(&spec.id, paths)?;
        prepared.meeting = Some(Meeting { host: "127.0.0.1".into(), port });
        prepared.port_lock = Some(lock);
    }
    Ok(prepared)
}

/// The folders of one node, with all that belongs in them.
fn folder(handover: &Handover, paths: &Paths, place: u32, cancelled: &AtomicBool) -> Result<Folders, String> {
    let spec = &handover.spec;
    let folders = Folders::of(handover, paths, place)?;
    if let Some(environment) = &folders.environment
        && !environment.is_dir()
    {
        return Err("Its environment has not been made on this machine.".into());
    }
    for folder in [&folders.files, &folders.home, &folders.tmp] {
        private(folder, paths).map_err(|e| format!("Its folder {} could not be made: {e}.", folder.display()))?;
    }
    let files = Beneath::open(&folders.files).map_err(|e| format!("Its working folder could not be opened: {e}."))?;
    if let Some(archive) = &spec.archive {
        archive::unpack(archive, &files, handover.upload_bytes, cancelled)?;
    }
    for (path, text) in &spec.files {
        let written = files.file(Path::new(path), 0o600).and_then(|mut f| f.write_all(text.as_bytes()));
        written.map_err(|e| format!("The file \"{path}\" could not be written: {e}."))?;
    }
    Ok(folders)
}

fn private(folder: &Path, paths: &Paths) -> std::io::Result<()> {
    let short = paths.short_base();
    if folder.starts_with(&short) {
        make_short_base(&short)?;
    }
    make_private(folder)
}

fn asks_for_socket(handover: &Handover) -> bool {
    let spec = &handover.spec;
    spec.command.iter().chain(spec.env.values()).any(|text| text.contains("{socket}"))
}

fn socket(id: &str, paths: &Paths) -> Result<Endpoint, String> {
    let folder = paths.socket_folder(id);
    private(&folder, paths).map_err(|e| format!("A folder for its socket could not be made: {e}."))?;
    Ok(Endpoint::Unix { path: folder.join("http.sock") })
}

/// A free port. Its lock is held as long as the workload runs, so no two workloads get the same; a stranger who takes it in between
/// is found out before the server counts as ready.
fn port(id: &str, paths: &Paths) -> Result<(u16, File), String> {
    make_private(&paths.ports()).map_err(|e| format!("A port could not be handed out: {e}."))?;
    let count = usize::from(PORTS.end - PORTS.start);
    let begin = id.bytes().fold(0usize, |h, b| h.wrapping_mul(31).wrapping_add(usize::from(b))) % count;
    for i in 0..count {
        let port = PORTS.start + ((begin + i) % count) as u16;
        let Ok(lock) = fs::OpenOptions::new().write(true).create(true).truncate(false).open(paths.ports().join(port.to_string())) else {
            continue;
        };
        let held = rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok();
        if held && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok((port, lock));
        }
    }
    Err("There is no free port on this machine.".into())
}
