//! Files that runs and models leave: one folder per team in an object store, streamed in and out. The store is a folder of this machine or
//! a bucket of an S3 server.
//!
//! A file is seen whole or not at all: it is written beside its place and put there in one step. Nothing here knows who may do what;
//! callers hand over the id of a team and a clean [`ArtifactPath`] below it.

mod changing;
mod delete;
mod list;
mod path;
mod pieces;
mod put;
mod read;
mod s3;
mod sweep;
mod trial;
mod trouble;

pub use changing::Change;
pub use list::{Entry, File, Measured};
pub use path::ArtifactPath;
pub use read::{Opened, Range};
pub use trial::{Failed, Trial};
pub use trouble::broken_off;

use crate::{
    config::Artifacts,
    error::{Context, Result},
};
use object_store::{ObjectStore, local::LocalFileSystem, path::Path};
use std::{path::PathBuf, sync::Arc};
use trouble::store_error;

/// The store of artifacts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ArtifactStore {
    store: Arc<dyn ObjectStore>,
    place: Place,
    prefix: Path,
    max_bytes: u64,
    changes: Arc<changing::Changes>,
}

/// What kind of store it is, for what object stores do not have in common.
#[derive(Debug, Clone)]
enum Place {
    /// Folders are real, and cannot be where a file is.
    Folder(PathBuf),
    /// Folders are a way to read names.
    S3(s3::Bucket),
}

impl ArtifactStore {
    /// As the configuration says.
    ///
    /// `max_bytes`: largest file taken.
    ///
    /// # Errors
    /// The folder cannot be made; the settings of S3 do not fit together. An S3 server is not asked anything yet.
    pub fn at(place: &Artifacts, max_bytes: u64) -> Result<Self> {
        match place {
            Artifacts::Folder(folder) => Self::open_folder(folder, max_bytes),
            Artifacts::S3(told) => {
                let bucket = s3::Bucket::open(told)?;
                let (store, prefix) = (bucket.store(), Path::from(told.prefix.as_str()));
                Ok(Self { store, place: Place::S3(bucket), prefix, max_bytes, changes: Arc::default() })
            }
        }
    }

    /// In a folder of this machine, which is made where it does not exist. Files are synced to disk before they are acknowledged.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open_folder(folder: &std::path::Path, max_bytes: u64) -> Result<Self> {
        std::fs::create_dir_all(folder).context("make the folder of artifacts")?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(store_error)?.with_fsync(true).with_automatic_cleanup(true);
        let (store, place) = (Arc::new(store), Place::Folder(folder.to_owned()));
        Ok(Self { store, place, prefix: Path::default(), max_bytes, changes: Arc::default() })
    }

    /// Where a path of a team lies on this machine; none where the store is elsewhere.
    pub fn place(&self, team_id: &str, path: &ArtifactPath) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder.join(self.key(team_id, path).as_ref())),
            Place::S3(_) => None,
        }
    }

    /// Largest file taken, in bytes.
    pub const fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Where a path of a team lies in the store. Odd characters are percent-encoded, so that every kind of store takes them.
    fn key(&self, team_id: &str, path: &ArtifactPath) -> Path {
        let below = std::iter::once(team_id).chain(path.names()).map(object_store::path::PathPart::from);
        self.prefix.parts().chain(below).collect()
    }
}

/// The last name of a key, as it was before it was encoded.
fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
