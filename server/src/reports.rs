//! What background tasks reported last, for the admin page.

use crate::{clock::rfc3339, error::Result};
use app::api::platform::TaskReport;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What a tick counted: seen, did, failed, ...
pub type Report = BTreeMap<&'static str, i64>;

/// What each task did last. Cheap to clone.
#[derive(Clone, Default)]
pub struct Reports(Arc<Mutex<BTreeMap<&'static str, TaskReport>>>);

impl Reports {
    /// All of them, by name.
    pub fn all(&self) -> Vec<TaskReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Keeps what a tick of `name` reported.
    pub fn keep(&self, name: &'static str, at: i64, took: Duration, result: &Result<Report>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let report = all.entry(name).or_insert_with(|| TaskReport {
            name: name.into(),
            last_run_at: None,
            last_seconds: 0.0,
            runs: 0,
            counts: BTreeMap::new(),
            error: None,
        });
        report.last_run_at = Some(rfc3339(at));
        report.last_seconds = took.as_secs_f64();
        report.runs += 1;
        match result {
            Ok(counts) => {
                report.counts = counts.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect();
                report.error = None;
            }
            Err(e) => report.error = Some(e.to_string()),
        }
    }
}
