//! Workloads as they were when they were read last.

use super::workloads::WorkloadRow;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The rows, by id. Cheap to clone. Nothing rests on it: what is not here is read.
#[derive(Clone, Default)]
pub(super) struct WorkloadsSeen(Arc<Mutex<HashMap<String, Arc<WorkloadRow>>>>);

impl WorkloadsSeen {
    fn rows(&self) -> MutexGuard<'_, HashMap<String, Arc<WorkloadRow>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all but these.
    pub(super) fn keep(&self, known: &[(String, i64)]) {
        let mut rows = self.rows();
        if rows.len() > known.len() {
            let mut before = std::mem::take(&mut *rows);
            rows.extend(known.iter().filter_map(|(id, _)| before.remove_entry(id)));
        }
    }

    /// Which of these, with their revisions, have to be read.
    pub(super) fn outdated(&self, stamps: &[(String, i64)]) -> Vec<String> {
        let rows = self.rows();
        let is_new = |(id, revision): &&(String, i64)| rows.get(id).is_none_or(|row| row.revision < *revision);
        stamps.iter().filter(is_new).map(|(id, _)| id.clone()).collect()
    }

    /// These, in their order, after what had to be read of them was.
    pub(super) fn take(&self, stamps: &[(String, i64)], read: Vec<WorkloadRow>) -> Vec<Arc<WorkloadRow>> {
        let mut rows = self.rows();
        let mut gone: HashMap<String, Arc<WorkloadRow>> = HashMap::new();
        for row in read {
            if row.forgotten != 0 {
                // Forgotten meanwhile: whoever asked has it once more, and nobody keeps it.
                rows.remove(&row.id);
                gone.insert(row.id.clone(), Arc::new(row));
            } else if rows.get(&row.id).is_none_or(|there| there.revision < row.revision) {
                // Else somebody read it later than we did, and was here before.
                rows.insert(row.id.clone(), Arc::new(row));
            }
        }
        stamps.iter().filter_map(|(id, _)| rows.get(id).or_else(|| gone.get(id))).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_grew_is_read_and_the_latest_stays() {
        let seen = WorkloadsSeen::default();
        let row = |id: &str, revision: i64| WorkloadRow { revision, ..WorkloadRow::test(id) };
        let stamps = |all: &[(&str, i64)]| all.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect::<Vec<_>>();
        let both = stamps(&[("b", 1), ("a", 1)]);
        assert_eq!(seen.outdated(&both), ["b", "a"]);
        let taken = |stamps: &[(String, i64)], read| {
            seen.take(stamps, read).into_iter().map(|row| (row.id.clone(), row.revision)).collect::<Vec<_>>()
        };
        assert_eq!(taken(&both, vec![row("a", 1), row("b", 1)]), both, "in the order of the question");
        let later = stamps(&[("b", 1), ("a", 3)]);
        assert_eq!(seen.outdated(&later), ["a"]);
        assert_eq!(taken(&later, vec![row("a", 4)]), stamps(&[("b", 1), ("a", 4)]));
        // Who read it before, and comes later, changes nothing; and gets what is newer.
        assert_eq!(taken(&later, vec![row("a", 3)]), stamps(&[("b", 1), ("a", 4)]));
        seen.keep(&stamps(&[("a", 4)]));
        assert_eq!(seen.outdated(&later), ["b"]);
        let forgotten = WorkloadRow { forgotten: 1, ..row("a", 5) };
        assert_eq!(taken(&stamps(&[("a", 5)]), vec![forgotten]), stamps(&[("a", 5)]));
        assert_eq!(seen.outdated(&stamps(&[("a", 5)])), ["a"]);
    }
}
