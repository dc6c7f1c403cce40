//! Watches a workload's memory where the kernel does not limit it.

use super::super::process;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How often it is added up.
const EVERY: Duration = Duration::from_millis(250);
/// How soon it is looked at again before anything is ended.
const AGAIN: Duration = Duration::from_millis(30);
/// Looking may take this part of the time.
const PART: u32 = 20;

/// Looks at all processes of the workload now and then.
pub struct MemoryWatch {
    limit: u64,
    next: Instant,
    /// How often in a row it was above the limit.
    above: u32,
}

impl MemoryWatch {
    /// For this limit in bytes.
    pub fn new(limit: i64) -> Self {
        Self { limit: limit.max(0) as u64, next: Instant::now(), above: 0 }
    }

    /// Comes back when the limit is passed. May be dropped and asked again at any time.
    pub async fn passed(&mut self) {
        loop {
            sleep_until(self.next).await;
            let begin = Instant::now();
            self.above = if self.is_above() { self.above + 1 } else { 0 };
            let pause = if self.above > 0 { AGAIN } else { EVERY };
            self.next = Instant::now() + pause.max(begin.elapsed() * PART);
            // Twice: a process that starts another one shares all its memory with it for a moment, and both count it as their own.
            if self.above >= 2 {
                return;
            }
        }
    }

    fn is_above(&self) -> bool {
        let pids = process::descendant_pids(std::process::id() as i32);
        process::memory_bound(&pids) > self.limit && process::memory_of(&pids) > self.limit
    }
}
