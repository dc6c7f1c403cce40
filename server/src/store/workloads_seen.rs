//! Workloads as they were when they were read last.

use super::workloads::WorkloadRow;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The rows, by id. Cheap to clone. Nothing rests on it: what is not here is read.
#[derive(Clone, Default)]
pub struct WorkloadsSeen(Arc<Mutex<HashMap<String, WorkloadRow>>>);

impl WorkloadsSeen {
    fn rows(&self) -> MutexGuard<'_, HashMap<String, WorkloadRow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which of these, with their revisions, have to be read.
    pub(super) fn changed(&self, known: &[(String, i64)]) -> Vec<String> {
        let rows = self.rows();
        let is_new = |(id, revision): &&(String, i64)| rows.get(id).is_none_or(|row| row.revision < *revision);
        known.iter().filter(is_new).map(|(id, _)| id.clone()).collect()
    }

    /// Those that are wanted, in this order, after these were read; all others are forgotten.
    pub(super) fn take(&self, known: &[(String, i64)], read: Vec<WorkloadRow>, wanted: impl Fn(&WorkloadRow) -> bool) -> Vec<WorkloadRow> {
        let mut rows = self.rows();
        for row in read {
            // Somebody may have read it later than we did, and been here before.
            if rows.get(&row.id).is_none_or(|there| there.revision < row.revision) {
                rows.insert(row.id.clone(), row);
            }
        }
        if rows.len() > known.len() {
            let mut before = std::mem::take(&mut *rows);
            rows.extend(known.iter().filter_map(|(id, _)| before.remove_entry(id)));
        }
        known.iter().filter_map(|(id, _)| rows.get(id)).filter(|row| wanted(row)).cloned().collect()
    }
}
