//! The bell: something was committed. It carries *what changed*, never data; reconcilers and live streams look for themselves.

use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// A change to tell the live streams of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamChange {
    /// The team; none for the platform.
    pub team_id: Option<String>,
    /// Kind of the object.
    pub kind: String,
    /// Id of the object.
    pub id: String,
    /// Its revision, or 0.
    pub revision: i64,
}

/// Rings after each commit. Cheap to clone.
#[derive(Clone)]
pub struct Bell(Arc<Inner>);

struct Inner {
    changes: broadcast::Sender<TeamChange>,
    work: watch::Sender<u64>,
}

impl Default for Bell {
    fn default() -> Self {
        Self(Arc::new(Inner { changes: broadcast::Sender::new(1024), work: watch::Sender::new(0) }))
    }
}

impl Bell {
    /// Tells `changes` to the live streams; `work` wakes the reconcilers as well.
    pub fn ring(&self, changes: Vec<TeamChange>, work: bool) {
        for change in changes {
            // Nobody listens: fine.
            let _ = self.0.changes.send(change);
        }
        if work {
            self.wake();
        }
    }

    /// Wakes the reconcilers.
    pub fn wake(&self) {
        self.0.work.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// A counter that grows when there may be work.
    pub fn work(&self) -> watch::Receiver<u64> {
        self.0.work.subscribe()
    }

    /// Changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<TeamChange> {
        self.0.changes.subscribe()
    }
}
