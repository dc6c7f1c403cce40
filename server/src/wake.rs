//! The bell: something was committed. It carries *what changed*, never data; reconcilers and live streams look for themselves.

use std::sync::Arc;
use tokio::sync::{Notify, broadcast};

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
    work: Notify,
}

impl Default for Bell {
    fn default() -> Self {
        Self(Arc::new(Inner { changes: broadcast::Sender::new(1024), work: Notify::new() }))
    }
}

impl Bell {
    /// Tells `changes` and wakes the reconcilers.
    pub fn ring(&self, changes: Vec<TeamChange>) {
        for change in changes {
            // Nobody listens: fine.
            let _ = self.0.changes.send(change);
        }
        self.wake();
    }

    /// Wakes the reconcilers.
    pub fn wake(&self) {
        self.0.work.notify_one();
    }

    /// Waits for the next ring; one that came while nobody waited counts.
    pub async fn rung(&self) {
        self.0.work.notified().await;
    }

    /// Changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<TeamChange> {
        self.0.changes.subscribe()
    }
}
