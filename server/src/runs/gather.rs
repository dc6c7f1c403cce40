//! How long the writer waits for company before it begins a transaction.
//!
//! Clients that log in a loop come back right after their answer, one after the other. If the first of them were written alone, all others
//! would wait for its commit, and the disk would be asked twice for what it could do at once. So the writer expects as many as the last
//! group and the wait for it had, for a moment that is short beside a commit; a client that is alone never waits, and where nobody comes it does not wait again
//! for a while.

use std::time::{Duration, Instant};

/// The longest wait.
const MOST: Duration = Duration::from_micros(500);
/// Groups that do not wait after a wait in vain, at first and at most.
const PAUSE: (u32, u32) = (4, 256);

/// What the writer knows of the groups before.
#[derive(Debug)]
pub struct Gather {
    begun: Instant,
    /// How many came lately.
    expected: usize,
    /// How long a commit took lately.
    commit: Duration,
    /// Whether this group waited, and for how many it did.
    waited: bool,
    /// Groups that will not wait, and how many that will be after the next wait in vain.
    pause: (u32, u32),
}

impl Default for Gather {
    fn default() -> Self {
        Self { begun: Instant::now(), expected: 1, commit: Duration::ZERO, waited: false, pause: (0, PAUSE.0) }
    }
}

impl Gather {
    /// The first of a group came.
    pub fn begin(&mut self) {
        self.begun = Instant::now();
        self.waited = false;
    }

    /// Whether to look once more for others, with `here` in the group.
    pub fn worth_waiting(&mut self, here: usize) -> bool {
        let worth = self.pause.0 == 0 && here < self.expected && self.begun.elapsed() < (self.commit / 2).min(MOST);
        self.waited |= worth;
        worth
    }

    /// The group was written: how many it had, how many came meanwhile, how long it took.
    pub fn end(&mut self, size: usize, meanwhile: usize, took: Duration) {
        self.commit = (self.commit * 7 + took) / 8;
        if self.waited && size * 2 < self.expected {
            self.pause = (self.pause.1, (self.pause.1 * 2).min(PAUSE.1));
        } else if self.waited {
            self.pause.1 = PAUSE.0;
        } else {
            self.pause.0 = self.pause.0.saturating_sub(1);
        }
        // Who is missing this time may come later: the expectation sinks slowly.
        let busy = size + meanwhile;
        self.expected = busy.max((self.expected * 7 + busy) / 8);
    }
}
