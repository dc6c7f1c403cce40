//! A supervisor that waits for its workload. To start this program, twice for each workload, takes longer than all else between the wish and the start of
//! its command: where workloads follow one another, the next one finds both started.

use super::{Inner, shim};
use crate::error::Result;
use std::{
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::process::{Child, Command};

/// How long one waits. Where nothing starts, nothing waits.
const WAITS: Duration = Duration::from_secs(10);

/// The one that waits, if one does.
#[derive(Default)]
pub(super) struct Spare(Mutex<Place>);

#[derive(Default)]
struct Place {
    /// How many have waited.
    turn: u64,
    waits: Option<Child>,
}

impl Spare {
    /// Puts one there where none is; its turn.
    fn put(&self, start: impl FnOnce() -> Option<Child>) -> Option<u64> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if place.waits.is_some() {
            return None;
        }
        place.waits = Some(start()?);
        place.turn += 1;
        Some(place.turn)
    }

    /// The one that waits, of this turn where one is named.
    fn take(&self, turn: Option<u64>) -> Option<Child> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turn.is_some_and(|turn| turn != place.turn) {
            return None;
        }
        place.waits.take()
    }
}

impl Inner {
    /// A supervisor that waits for its handover.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn supervisor(&self) -> Result<Child> {
        // One that was killed meanwhile is none.
        let waited = self.spare.take(None).and_then(|mut child| matches!(child.try_wait(), Ok(None)).then_some(child));
        waited.map_or_else(|| self.start_supervisor(), Ok)
    }

    fn start_supervisor(&self) -> Result<Child> {
        let child = Command::new(&self.exe)
            .arg0("slipway")
            .args(["shim", shim::SUPERVISES])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        child.map_err(|e| super::launch::not_started(format!("{}: {e}", self.exe.display())))
    }

    /// Lets one wait for the next workload, for a while.
    pub(super) fn keep_spare(self: &Arc<Self>) {
        let Some(turn) = self.spare.put(|| self.start_supervisor().ok()) else { return };
        let inner = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(WAITS).await;
            let waits = inner.upgrade().and_then(|inner| inner.spare.take(Some(turn)));
            if let Some(mut child) = waits {
                // It ends when nobody can hand it anything any more.
                drop(child.stdin.take());
                let _ = child.wait().await;
            }
        });
    }
}
