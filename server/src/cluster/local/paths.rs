//! Where the local cluster keeps what, below the data folder.
//!
//! * `workloads/{id}.{state,exit,stop}.json`, `workloads/{id}.lock`: the records, out of the workload's reach by accident. One flat folder,
//!   so that one watch sees every change and one listing tells everything.
//! * `work/{id}/{files,home,tmp}`: what the workload itself sees; of several nodes the first, and `work/{id}/node-{n}/…` each other.
//! * `logs/{id}/{attempt}.log`: see [`crate::logs`].
//! * `sockets/{id}/http.sock`, `sockets/ports/{port}`: where servers listen.

use crate::{
    error::{Error, Result},
    ids,
};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Component, Path, PathBuf},
};

/// The longest path that a unix socket can have, less the closing zero.
const SOCKET_PATH_MAX: usize = 107;
/// The longest TMPDIR: Python's multiprocessing puts socket paths of 34 characters below it.
const TMP_PATH_MAX: usize = 72;

/// The folders below one data folder. The path is absolute.
#[derive(Debug, Clone)]
pub struct Paths {
    data: PathBuf,
}

impl Paths {
    /// Below this data folder, which has to be an absolute path.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into() }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }
    /// The folder of the records.
    pub fn records(&self) -> PathBuf {
        self.data.join("workloads")
    }
    fn record(&self, id: &str, what: &str) -> PathBuf {
        self.records().join(format!("{id}.{what}"))
    }
    /// The record of the start; it exists exactly when the workload was started.
    pub fn state(&self, id: &str) -> PathBuf {
        self.record(id, "state.json")
    }
    /// The record of the end.
    pub fn exit(&self, id: &str) -> PathBuf {
        self.record(id, "exit.json")
    }
    /// What the supervisor is asked.
    pub fn stop(&self, id: &str) -> PathBuf {
        self.record(id, "stop.json")
    }
    /// Held by the supervisor as long as it lives.
    pub fn lock(&self, id: &str) -> PathBuf {
        self.record(id, "lock")
    }
    /// All folders of a workload's own.
    pub fn work(&self, id: &str) -> PathBuf {
        self.data.join("work").join(id)
    }
    /// The log folder of a workload.
    pub fn logs(&self, id: &str) -> PathBuf {
        self.data.join("logs").join(id)
    }
    /// Locks of the ports that are handed out.
    pub fn ports(&self) -> PathBuf {
        self.data.join("sockets").join("ports")
    }
    /// A folder that outlives workloads: `{team}/{name}`, with or without `volumes/` in front.
    ///
    /// # Errors
    /// The name leads out of the folder of volumes.
    pub fn volume(&self, name: &str) -> Result<PathBuf> {
        let below = Path::new(name.strip_prefix("volumes/").unwrap_or(name));
        if below.as_os_str().is_empty() || !below.components().all(|c| matches!(c, Component::Normal(_))) {
            return Err(Error::invalid("volume", format!("\"{name}\" is not the name of a volume.")));
        }
        Ok(self.data.join("volumes").join(below))
    }
    /// The folder of a workload's socket; a short one elsewhere where the data folder's path is too long for a socket.
    pub fn socket_folder(&self, id: &str) -> PathBuf {
        let folder = self.data.join("sockets").join(id);
        let length = folder.as_os_str().len() + "/http.sock".len();
        if length <= SOCKET_PATH_MAX { folder } else { self.short(id) }
    }
    /// The folders of a node's own.
    pub fn node_work(&self, id: &str, node: u32) -> PathBuf {
        of_node(self.work(id), node)
    }
    /// The folder of a node for temporary files.
    pub fn tmp(&self, id: &str, node: u32) -> PathBuf {
        let folder = self.node_work(id, node).join("tmp");
        if folder.as_os_str().len() <= TMP_PATH_MAX { folder } else { of_node(self.short(id), node).join("tmp") }
    }
    /// Base of the short folders of this data folder.
    pub fn short_base(&self) -> PathBuf {
        let uid = rustix::process::geteuid().as_raw();
        let digest = ids::sha256(self.data.as_os_str().as_encoded_bytes());
        PathBuf::from(format!("/tmp/slipway-{uid}-{}", &digest[..8]))
    }
    /// The workload's folder below the short base.
    pub fn short(&self, id: &str) -> PathBuf {
        self.short_base().join(id)
    }
}

fn of_node(folder: PathBuf, node: u32) -> PathBuf {
    if node == 0 { folder } else { folder.join(format!("node-{node}")) }
}

/// Makes a folder and its parents, for this user only.
///
/// # Errors
/// What the system says.
pub fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes the short base in a folder that everybody may write to: it has to be ours and nobody else's.
///
/// # Errors
/// Somebody else's folder is in the way.
pub fn make_short_base(folder: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    let meta = fs::symlink_metadata(folder)?;
    if meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(io::Error::other(format!("{} belongs to somebody else", folder.display())))
    }
}

/// Ids become file names, so only what cannot mean anything else there.
///
/// # Errors
/// The id has other characters, is empty or too long.
pub fn check_id(id: &str) -> Result<()> {
    let fine = !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if fine { Ok(()) } else { Err(Error::invalid("id", "The id of a workload has letters, digits, - and _ only, 64 at most.")) }
}
