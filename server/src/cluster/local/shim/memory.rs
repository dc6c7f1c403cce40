//! Watches a workload's memory where the kernel does not limit it.

use super::{super::process, ending};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How often it is added up.
const EVERY: Duration = Duration::from_millis(250);
/// How soon it is looked at again before anything is ended.
const AGAIN: Duration = Duration::from_millis(30);
/// Looking may take this part of the time.
const PART: u32 = 20;

/// Looks at all processes of each node now and then.
pub struct MemoryWatch {
    limit: u64,
    next: Instant,
    nodes: Vec<Watched>,
}

/// A node that is looked at.
struct Watched {
    rank: u32,
    leader: i32,
    /// How often in a row it was above the limit.
    above: u32,
    over: bool,
}

impl MemoryWatch {
    /// For this limit of each node in bytes; nodes by rank and first process.
    pub fn new(limit: i64, nodes: impl IntoIterator<Item = (u32, i32)>) -> Self {
        let nodes = nodes.into_iter().map(|(rank, leader)| Watched { rank, leader, above: 0, over: false });
        Self { limit: limit.max(0) as u64, next: Instant::now(), nodes: nodes.collect() }
    }

    /// A node has ended, or is about to.
    pub fn leave(&mut self, rank: u32) {
        self.nodes.iter_mut().filter(|n| n.rank == rank).for_each(|n| n.over = true);
    }

    /// Comes back with the node that passes the limit. May be dropped and asked again at any time.
    pub async fn passed(&mut self) -> u32 {
        loop {
            sleep_until(self.next).await;
            let begin = Instant::now();
            self.look();
            let pause = if self.nodes.iter().any(|n| n.above > 0) { AGAIN } else { EVERY };
            self.next = Instant::now() + pause.max(begin.elapsed() * PART);
            // Twice: a process that starts another one shares all its memory with it for a moment, and both count it as their own.
            if let Some(node) = self.nodes.iter().find(|n| n.above >= 2) {
                return node.rank;
            }
        }
    }

    fn look(&mut self) {
        let leaders: Vec<i32> = self.nodes.iter().map(|n| n.leader).collect();
        let limit = self.limit;
        for node in &mut self.nodes {
            let is_above = !node.over && {
                let pids = match leaders.as_slice() {
                    [_] => process::descendant_pids(std::process::id() as i32),
                    many => ending::of_node(Some(node.leader), many, node.rank),
                };
                process::memory_bound(&pids) > limit && process::memory_of(&pids) > limit
            };
            node.above = if is_above { node.above + 1 } else { 0 };
        }
    }
}
