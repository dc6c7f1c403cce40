//! What uploads leave that were cut off by the end of the server: nobody sees it, but it takes room.

use super::{ArtifactStore, Place};
use crate::error::{Context, Error, Kind, Result};
use std::{fs, path::Path, time::UNIX_EPOCH};

impl ArtifactStore {
    /// Takes away what is left of uploads that were begun before this time (milliseconds since 1970) and never ended; how many.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sweep(&self, before: i64) -> Result<u64> {
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                let swept = tokio::task::spawn_blocking(move || sweep(&folder, before)).await.map_err(Error::internal)?;
                swept.context("sweep the folder of artifacts")
            }
            Place::S3(bucket) => {
                let begun = match bucket.begun().await {
                    // A right that an admin may keep back: the bucket then has a rule of its own for this.
                    Err(e) if e.kind == Kind::Upstream => {
                        tracing::debug!(error = %e, "begun uploads cannot be listed");
                        return Ok(0);
                    }
                    begun => begun?,
                };
                let mut swept = 0;
                for upload in begun.iter().filter(|u| u.at < before) {
                    bucket.give_up(upload).await?;
                    swept += 1;
                }
                Ok(swept)
            }
        }
    }
}

/// Files on their way have a `#` in their name, which is encoded in any other.
fn sweep(folder: &Path, before: i64) -> std::io::Result<u64> {
    let mut swept = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            // Gone meanwhile: so is what was in it.
            swept += sweep(&entry.path(), before).or_else(|e| if e.kind() == std::io::ErrorKind::NotFound { Ok(0) } else { Err(e) })?;
        } else if entry.file_name().to_string_lossy().contains('#') {
            let Ok(written) = entry.metadata().and_then(|m| m.modified()) else { continue };
            let written = written.duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
            if written < before && fs::remove_file(entry.path()).is_ok() {
                swept += 1;
            }
        }
    }
    Ok(swept)
}
