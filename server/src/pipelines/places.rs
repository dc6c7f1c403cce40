//! Where tasks stand in their pipeline runs: of their rows only what never changes, kept for those who ask task by task.

use super::engine::Placed;
use crate::{
    error::Result,
    store::{Store, tasks::PlaceRow},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// So many are kept, each some two hundred bytes.
const MOST: usize = 50_000;

impl Placed for PlaceRow {
    fn id(&self) -> &str {
        &self.id
    }
    fn parent(&self) -> Option<&str> {
        self.parent_id.as_deref()
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn iteration(&self) -> Option<i64> {
        self.iteration
    }
}

/// The places that were asked for lately. Cheap to clone.
#[derive(Clone)]
pub struct Places {
    store: Store,
    kept: Arc<Mutex<HashMap<String, Arc<PlaceRow>>>>,
}

/// Tasks, with all that hold them.
#[derive(Debug, Default)]
pub struct Lines(HashMap<String, Arc<PlaceRow>>);

impl Lines {
    /// The place of one.
    pub fn find(&self, id: &str) -> Option<&PlaceRow> {
        self.0.get(id).map(Arc::as_ref)
    }
}

impl Places {
    /// Nothing was asked for yet.
    pub(super) fn new(store: Store) -> Self {
        Self { store, kept: Arc::default() }
    }

    /// Tasks, with all that hold them; what is not kept is read at once. A task that is not there is left out.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn lines(&self, ids: &[&str]) -> Result<Lines> {
        let (mut lines, unknown) = self.walk(ids);
        if unknown.is_empty() {
            return Ok(lines);
        }
        let read: Vec<Arc<PlaceRow>> = self.store.task_places(&unknown).await?.into_iter().map(Arc::new).collect();
        let mut kept = self.kept();
        if kept.len() + read.len() > MOST {
            kept.clear();
        }
        kept.extend(read.iter().map(|row| (row.id.clone(), row.clone())));
        drop(kept);
        lines.0.extend(read.into_iter().map(|row| (row.id.clone(), row)));
        Ok(lines)
    }

    /// As far as they are kept, and where that ends.
    fn walk(&self, ids: &[&str]) -> (Lines, Vec<String>) {
        let kept = self.kept();
        let (mut lines, mut unknown) = (Lines::default(), Vec::new());
        for id in ids {
            let mut next = Some((*id).to_owned());
            while let Some(id) = next.take().filter(|id| !lines.0.contains_key(id)) {
                match kept.get(&id) {
                    Some(row) => {
                        next.clone_from(&row.parent_id);
                        lines.0.insert(id, row.clone());
                    }
                    None => unknown.push(id),
                }
            }
        }
        (lines, unknown)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Arc<PlaceRow>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
