//! Whether what is free is in one piece: the nodes of a cluster, and what is held of each. Pure.

use crate::{cluster::Room, store::workloads::WorkloadRow};
use app::api::{State, resources::Resources};
use std::{cmp::Reverse, collections::HashMap};

/// The nodes that one kind of workload may be given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rooms {
    total: Vec<Resources>,
    free: Vec<Resources>,
}

impl Rooms {
    /// `live`: all workloads that wait or hold. What was granted and has no node yet is put where most is free, as a scheduler does.
    pub fn of(rooms: &[Room], live: &[WorkloadRow]) -> Self {
        let holders = live.iter().filter(|w| w.state() != State::Queued && w.kind != "environment");
        let mut holders: HashMap<&str, (Resources, i64)> = holders.map(|w| (w.id.as_str(), (w.per_node(), w.nodes))).collect();
        let mut free = Vec::new();
        for room in rooms {
            let mut left = room.total;
            for id in &room.holds {
                // One that ended a moment ago holds nothing any more.
                if let Some((each, homeless)) = holders.get_mut(id.as_str()) {
                    left = left.minus(*each);
                    *homeless -= 1;
                }
            }
            free.push(left);
        }
        let mut holders: Vec<_> = holders.into_values().collect();
        holders.sort_by_key(|(each, _)| Reverse((each.cpu_millis, each.memory_bytes, each.gpus)));
        for (each, homeless) in holders {
            for _ in 0..homeless {
                let roomy = free.iter_mut().filter(|f| each.fits(**f)).max_by_key(|f| (f.cpu_millis, f.memory_bytes));
                let Some(room) = roomy else { break };
                *room = room.minus(each);
            }
        }
        Self { total: rooms.iter().map(|r| r.total).collect(), free }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.total.is_empty()
    }

    /// How many of these find room now, each on one node.
    pub fn now(&self, each: Resources) -> i64 {
        pieces(&self.free, each)
    }

    /// How many would where nothing is held.
    pub fn ever(&self, each: Resources) -> i64 {
        pieces(&self.total, each)
    }
}

fn pieces(rooms: &[Resources], each: Resources) -> i64 {
    rooms.iter().map(|room| of_room(*room, each)).fold(0, i64::saturating_add)
}

fn of_room(room: Resources, each: Resources) -> i64 {
    let parts = [(room.cpu_millis, each.cpu_millis), (room.memory_bytes, each.memory_bytes), (room.gpus, each.gpus)];
    parts.into_iter().filter(|(_, each)| *each > 0).map(|(room, each)| (room / each).max(0)).min().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn cpu(millis: i64) -> Resources {
        Resources { cpu_millis: millis, memory_bytes: 1 << 30, gpus: 0 }
    }

    #[test]
    fn what_is_free_on_two_nodes_is_not_one_piece() {
        let room = |millis| Room { total: Resources { memory_bytes: 64 << 30, ..cpu(millis) }, holds: Vec::new() };
        let rooms = Rooms::of(&[room(3000), room(3000)], &[]);
        assert_eq!([1000, 2000, 4000].map(|n| rooms.now(cpu(n))), [6, 2, 0]);
        assert_eq!(rooms.now(Resources { gpus: 1, ..cpu(1000) }), 0);
        let memory = Resources { cpu_millis: 1, memory_bytes: 48 << 30, gpus: 0 };
        assert_eq!(rooms.ever(memory), 2, "the scarcest counts");
        assert!(Rooms::of(&[], &[]).is_empty());
    }
}
