//! Keeps the record of the state while the workload runs.

use super::super::record::{self, RecordedPhase, State};
use std::{io, path::PathBuf};

/// The record and what it says.
pub struct Recorder {
    path: PathBuf,
    /// What it says.
    pub state: State,
}

impl Recorder {
    /// Records the start.
    ///
    /// # Errors
    /// The start could not be recorded.
    pub fn begin(path: PathBuf, state: State) -> io::Result<Self> {
        record::write(&path, &state)?;
        Ok(Self { path, state })
    }

    /// Changes the record. A full disk keeps the old one: the workload goes on, and its end is recorded when there is room.
    pub fn change(&mut self, change: impl FnOnce(&mut State)) {
        change(&mut self.state);
        let _ = record::write(&self.path, &self.state);
    }

    /// Changes the phase.
    pub fn phase(&mut self, phase: RecordedPhase) {
        self.change(|s| s.phase = phase);
    }
}
