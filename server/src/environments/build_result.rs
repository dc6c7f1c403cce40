//! What a build leaves behind for the server: a small file beside the environments.

use crate::error::{Context, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result")]
pub enum BuildResult {
    /// The environment lies ready.
    Made {
        /// Name of its folder.
        digest: String,
        /// Locked requirements with hashes.
        lock: String,
    },
    /// It could not be made.
    Failed {
        /// The words of the tool that failed.
        words: String,
    },
}

/// Where a build writes it.
pub fn path(cache: &Path, workload_id: &str) -> PathBuf {
    cache.join("builds").join(format!("{workload_id}.json"))
}

/// Reads it; `None` where the build left none.
///
/// # Errors
/// The disk cannot be read.
pub async fn read(cache: &Path, workload_id: &str) -> Result<Option<BuildResult>> {
    match tokio::fs::read(path(cache, workload_id)).await {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).context("read what a build left"),
    }
}

/// Drops it once it is noted. One that stays does no harm.
pub async fn drop_file(cache: &Path, workload_id: &str) {
    let _ = tokio::fs::remove_file(path(cache, workload_id)).await;
}
