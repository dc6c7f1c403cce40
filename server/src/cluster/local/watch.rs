//! Rings when a record changes or a supervisor of an earlier server ends.

use super::{
    Inner,
    process::ProcessId,
    record::{self, State},
};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use std::{
    collections::HashMap,
    io,
    mem::MaybeUninit,
    os::fd::OwnedFd,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    io::unix::AsyncFd,
    task::{JoinHandle, JoinSet},
};

/// How often it rings where the kernel has no watch left for us.
const WITHOUT_WATCH: Duration = Duration::from_secs(1);

/// Starts to watch, in the background. The task does not keep the cluster alive.
///
/// # Errors
/// The folder of records cannot be read.
pub(super) fn start(inner: &Arc<Inner>) -> io::Result<JoinHandle<()>> {
    let weak = Arc::downgrade(inner);
    let mut supervisors = Supervisors::default();
    // Watched before they are listed, so that none is missed in between.
    let changes = changes(inner);
    supervisors.adopt(inner)?;
    Ok(tokio::spawn(async move {
        match changes {
            Ok(changes) => by_watch(&weak, &changes, &mut supervisors).await,
            Err(e) => {
                tracing::warn!(error = %e, "the kernel has no file watch left (fs.inotify.max_user_instances): workloads are looked at every second");
                while let Some(inner) = weak.upgrade() {
                    inner.ring();
                    drop(inner);
                    tokio::time::sleep(WITHOUT_WATCH).await;
                }
            }
        }
    }))
}

fn changes(inner: &Inner) -> io::Result<AsyncFd<OwnedFd>> {
    let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    inotify::add_watch(&fd, inner.paths.records(), WatchFlags::MOVED_TO | WatchFlags::DELETE)?;
    wait_on(fd)
}

/// Tokio prefers an unsafe constructor, for the sake of types that do not own their descriptor. Ours does.
#[expect(deprecated, reason = "the safe constructor is sound for a descriptor that we own")]
fn wait_on(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(fd)
}

async fn by_watch(weak: &Weak<Inner>, changes: &AsyncFd<OwnedFd>, supervisors: &mut Supervisors) {
    loop {
        tokio::select! {
            ready = changes.readable() => {
                let Ok(mut ready) = ready else { return };
                let Some(inner) = weak.upgrade() else { return };
                if drain(changes) {
                    inner.ring();
                }
                ready.clear_ready();
                // Supervisors that were started meanwhile. A failure here only means a later ring.
                let _ = supervisors.adopt(&inner);
            }
            Some(ended) = supervisors.waiting.join_next(), if !supervisors.waiting.is_empty() => {
                if let Ok(id) = ended {
                    supervisors.known.remove(&id);
                }
                let Some(inner) = weak.upgrade() else { return };
                inner.ring();
            }
        }
    }
}

/// Reads all news; whether any of them is worth a ring. Requests to stop are our own words.
fn drain(changes: &AsyncFd<OwnedFd>) -> bool {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = inotify::Reader::new(changes.get_ref(), &mut buffer);
    let mut worth = false;
    // An error means that everything is read.
    while let Ok(event) = reader.next() {
        let name = event.file_name().map(|n| n.to_bytes()).unwrap_or_default();
        let news = name.ends_with(b".state.json") || name.ends_with(b".exit.json");
        worth |= news || event.events().contains(ReadFlags::QUEUE_OVERFLOW);
    }
    worth
}

/// Supervisors whose end is waited for: one that is killed writes nothing.
#[derive(Default)]
struct Supervisors {
    known: HashMap<String, ProcessId>,
    waiting: JoinSet<String>,
}

impl Supervisors {
    fn adopt(&mut self, inner: &Inner) -> io::Result<()> {
        for id in inner.started()? {
            if self.known.contains_key(&id) || inner.paths.exit(&id).exists() {
                continue;
            }
            let Ok(Some(state)) = record::read::<State>(&inner.paths.state(&id)) else { continue };
            // Without a handle: it is gone already, and `list` tells.
            let Some(handle) = state.shim.handle().and_then(|h| wait_on(h).ok()) else { continue };
            self.known.insert(id.clone(), state.shim);
            self.waiting.spawn(async move {
                let _ = handle.readable().await;
                id
            });
        }
        Ok(())
    }
}
