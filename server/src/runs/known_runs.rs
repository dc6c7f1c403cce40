//! Runs that were written to lately, so that a busy run is not looked up with each group of metrics.
//!
//! A deletion by this server counts at once ([`Store::runs_moved`]), one by another server after [`FRESH`] at the latest.

use crate::{
    error::Result,
    store::{Store, Tx, runs::RunRow},
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// How long a look-up counts at most, in milliseconds.
const FRESH: i64 = 3_000;
/// Most runs that are kept.
const MOST: usize = 10_000;

/// Runs by their id. Kept by the writer alone.
#[derive(Default)]
pub struct KnownRuns {
    rows: HashMap<String, (Arc<RunRow>, i64)>,
    epoch: u64,
}

impl KnownRuns {
    /// Forgets what does not count any more.
    pub fn tidy(&mut self, store: &Store) {
        let (epoch, now) = (store.runs_moved().now(), store.clock().now());
        if epoch != self.epoch || self.rows.len() >= MOST {
            self.rows.clear();
            self.epoch = epoch;
        }
        self.rows.retain(|_, (_, read)| (*read..*read + FRESH).contains(&now));
    }

    /// The runs of these ids; looked up where they are not known.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn rows(&mut self, tx: &mut Tx, ids: &BTreeSet<&str>) -> Result<HashMap<String, Arc<RunRow>>> {
        let unknown: Vec<&str> = ids.iter().copied().filter(|id| !self.rows.contains_key(*id)).collect();
        if !unknown.is_empty() {
            let now = tx.now();
            let found = tx.runs_by_id(&unknown).await?;
            self.rows.extend(found.into_iter().map(|row| (row.id.clone(), (Arc::new(row), now))));
        }
        Ok(ids.iter().filter_map(|id| self.rows.get(*id).map(|(row, _)| ((*id).to_owned(), row.clone()))).collect())
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.rows.clear();
    }
}
