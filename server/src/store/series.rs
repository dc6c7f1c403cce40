//! Series that were written to lately: their numbers and latest values, so that a busy one is not read with each group of metrics.
//!
//! A series is never renumbered and its latest value only grows, so what is kept is never wrong, at most behind what another server wrote;
//! the statement that brings latest values up to date looks for itself.

use super::run_metrics::LatestMetricRow;
use std::collections::HashMap;

/// Most series that are kept.
const MOST: usize = 100_000;

/// Latest rows by run and name. Tell it what was written only once that is committed.
#[derive(Debug, Default)]
pub struct KnownSeries(HashMap<i64, HashMap<String, LatestMetricRow>>, usize);

impl KnownSeries {
    /// The latest row of a metric, where it is known.
    pub fn get(&self, run_key: i64, key: &str) -> Option<&LatestMetricRow> {
        self.0.get(&run_key)?.get(key)
    }

    /// Learns rows that are committed.
    pub fn learn(&mut self, rows: Vec<LatestMetricRow>) {
        if self.1 + rows.len() > MOST {
            self.clear();
        }
        for row in rows {
            let new = self.0.entry(row.run_key).or_default().insert(row.key.clone(), row);
            self.1 += usize::from(new.is_none());
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
        self.1 = 0;
    }
}
