//! Counts changes, so that what was kept in memory before one does not count after it.
//!
//! A cache remembers the count from before it read; what it read is good as long as the count is the same. The count moves when the
//! transaction that changed something is over, before whoever asked for the change has an answer.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// A count of changes. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Epoch(Arc<AtomicU64>);

impl Epoch {
    /// The count now. Take it before reading what will be kept.
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Counts when it is dropped: after the commit, and also where nobody knows how the commit went.
    pub(super) fn touch(&self) -> Touch {
        Touch(self.0.clone())
    }
}

/// Counts once, when it is dropped.
pub(super) struct Touch(Arc<AtomicU64>);

impl Drop for Touch {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
