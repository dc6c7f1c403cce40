//! Forgetting a workload: nothing of it is left but its log and its volume.

use super::{Inner, blocking, limits::Group, process, record};
use crate::error::{Context, Error, Kind, Result};
use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// How long a supervisor may take to end a workload that is killed.
const KILLED_WITHIN: Duration = Duration::from_secs(20);

impl Inner {
    /// Ends it at once and drops its record and folders.
    pub(super) async fn remove(self: Arc<Self>, id: &str) -> Result<()> {
        let _door = self.door(id).await;
        let state = match record::read::<record::State>(&self.paths.state(id)) {
            Err(e) if e.kind() == io::ErrorKind::InvalidData => Some(record::State::damaged(&process::boot())),
            other => other.context("reading a record")?,
        };
        if let Some(state) = &state {
            if !state.is_damaged() {
                let (inner, name) = (self.clone(), id.to_owned());
                blocking(move || inner.ask_to_end(&name, Duration::ZERO)).await?;
            }
            let shim = state.shim;
            let ours = state.boot == process::boot();
            let gone = timeout(KILLED_WITHIN, async {
                while ours && shim.alive() {
                    sleep(Duration::from_millis(10)).await;
                }
            });
            gone.await.map_err(|_| {
                Error::new(Kind::Unavailable, "The workload does not end: one of its processes waits for a disk or a driver.")
                    .hint("Try again in a moment.")
            })?;
            // Kills what a lost one left.
            self.settle_behind_door(id).await?;
        }
        let (inner, name) = (self.clone(), id.to_owned());
        blocking(move || {
            inner.drop_folders(&name).context("dropping the folders of a workload")?;
            if let Some(state) = &state {
                Group::of(&state.groups).remove();
            }
            inner.drop_records(&name).context("dropping the records of a workload")
        })
        .await?;
        self.meters.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        self.ring();
        Ok(())
    }

    fn drop_folders(&self, id: &str) -> io::Result<()> {
        for folder in [self.paths.work(id), self.paths.data().join("sockets").join(id), self.paths.short(id)] {
            remove_tree(&folder)?;
        }
        Ok(())
    }

    /// The record of the start goes first: from then on the workload is unknown, whatever else is still there.
    fn drop_records(&self, id: &str) -> io::Result<()> {
        let stop = self.paths.stop(id);
        for path in [self.paths.state(id), self.paths.exit(id), stop.with_extension("taken"), stop, self.paths.lock(id)] {
            match fs::remove_file(path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Removes a folder whatever permissions its owner took from himself.
pub(super) fn remove_tree(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            open_up(folder)?;
            fs::remove_dir_all(folder)
        }
        other => other,
    }
}

fn open_up(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // The type of the entry itself: links are not followed.
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}
