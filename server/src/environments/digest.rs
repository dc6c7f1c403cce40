//! What a made environment is called: by what it is made from, so that equal ones are made once.

use super::python::Python;
use crate::ids;
use std::path::{Path, PathBuf};

/// The file in an environment's folder that says it is whole.
pub const MARKER: &str = ".slipway-ready";

/// Digest of a locked environment for an interpreter. `build.py` computes the same.
pub fn of_lock(lock: &str, python: &Python) -> String {
    ids::sha256(format!("slipway environment 3\n{}\n{lock}", python.tag()))
}

/// Digest of requirements that are not resolved yet; replaced by [`of_lock`] once they are.
pub fn of_requirements(requirements: &str, image: Option<&str>) -> String {
    ids::sha256(format!("slipway requirements 1\n{}\n{requirements}", image.unwrap_or_default()))
}

/// The folder of an environment below the cache.
pub fn folder(cache: &Path, digest: &str) -> PathBuf {
    cache.join("environments").join(digest)
}

/// Whether an environment lies ready on this machine.
pub fn is_made(cache: &Path, digest: &str) -> bool {
    folder(cache, digest).join(MARKER).is_file()
}
