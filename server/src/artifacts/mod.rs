//! Files that runs and models leave: one folder per team in an object store, streamed in and out.
//!
//! A file is seen whole or not at all: it is written beside its place and put there in one step. Nothing here knows who may do what;
//! callers hand over the id of a team and a clean [`ArtifactPath`] below it.

mod delete;
mod list;
mod path;
mod put;
mod read;

pub use list::{Entry, File};
pub use path::ArtifactPath;
pub use read::{Opened, Range};

use crate::error::{Context, Error, Result};
use object_store::{ObjectStore, local::LocalFileSystem, path::Path};
use std::sync::Arc;

/// The store of artifacts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    store: Arc<dyn ObjectStore>,
    max_bytes: u64,
}

impl ArtifactStore {
    /// In a folder of this machine, which is made where it does not exist. Files are synced to disk before they are acknowledged.
    ///
    /// `max_bytes`: largest file taken.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open_folder(folder: &std::path::Path, max_bytes: u64) -> Result<Self> {
        std::fs::create_dir_all(folder).context("make the folder of artifacts")?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(store_error)?.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self { store: Arc::new(store), max_bytes })
    }

    /// Largest file taken, in bytes.
    pub const fn max_bytes(&self) -> u64 {
        self.max_bytes
    }
}

/// Where a path of a team lies in the store. Odd characters are percent-encoded, so that every kind of store takes them.
fn key(team_id: &str, path: &ArtifactPath) -> Path {
    Path::from_iter(std::iter::once(team_id).chain(path.names()))
}

/// The last name of a key, as it was before [`key`] encoded it.
fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// An error of the store that nothing the reader did can explain.
fn store_error(e: object_store::Error) -> Error {
    match e {
        object_store::Error::PermissionDenied { .. } => Error::internal(e),
        _ if is_disk_full(&e) => Error::full(e),
        _ => Error::internal(e),
    }
}

fn is_disk_full(e: &(dyn std::error::Error + 'static)) -> bool {
    let io = e.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::StorageFull);
    io || e.source().is_some_and(is_disk_full)
}

#[cfg(test)]
mod tests;
