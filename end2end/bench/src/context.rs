//! What every part gets: the binary, folders, how long to measure.

use crate::Options;
use anyhow::{Context, Result, ensure};
use server::clock::{Clock, SystemClock, rfc3339};
use std::{path::PathBuf, time::Duration};

/// What every part gets.
pub struct Bench {
    /// The release binary of Slipway.
    pub binary: PathBuf,
    /// Root of the repository.
    pub root: PathBuf,
    /// Where virtual environments are kept.
    pub cache: PathBuf,
    /// How often each side is measured.
    pub rounds: usize,
    /// Of each measurement.
    pub measure: Duration,
    folder: tempfile::TempDir,
}

impl Bench {
    /// Looks at what was asked for.
    ///
    /// # Errors
    /// No such binary, or no folder can be made.
    pub fn new(options: &Options) -> Result<Self> {
        let absolute = |p: &PathBuf| std::path::absolute(p).with_context(|| p.display().to_string());
        let binary = absolute(&options.binary)?;
        ensure!(binary.is_file(), "there is no {}: `make build` makes it", binary.display());
        std::fs::create_dir_all(&options.cache)?;
        let folder = tempfile::Builder::new().prefix("slipway-bench-").tempdir()?;
        // PostgreSQL runs as a user of its own where we are root.
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(Self {
            binary,
            root: absolute(&options.root)?,
            cache: absolute(&options.cache)?,
            rounds: options.rounds.max(1),
            measure: Duration::from_secs_f64(options.seconds.max(0.1)),
            folder,
        })
    }

    /// A new folder under ours; it goes when the run ends.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(self.folder.path())?.keep();
        Ok(path)
    }

    /// The time, to stamp what was measured.
    pub fn now(&self) -> String {
        rfc3339(SystemClock.now())
    }
}
