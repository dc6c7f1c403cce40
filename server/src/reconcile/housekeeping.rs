//! Drops what has had its time: sessions, answers to repeated requests, usage samples.

use super::{Report, Task};
use crate::{error::Result, store::Store};
use async_trait::async_trait;
use std::time::Duration;

const DAY_MS: i64 = 24 * 3600 * 1000;
const SAMPLES_MS: i64 = 6 * 3600 * 1000;

/// The task.
pub struct Housekeeping {
    /// The database.
    pub store: Store,
    /// A session ends after this time without a request, milliseconds.
    pub session_idle_ms: i64,
    /// A session ends after this time in any case, milliseconds.
    pub session_max_ms: i64,
}

#[async_trait]
impl Task for Housekeeping {
    fn name(&self) -> &'static str {
        "housekeeping"
    }

    fn listens(&self) -> bool {
        false
    }

    fn every(&self) -> Duration {
        Duration::from_secs(600)
    }

    async fn tick(&self) -> Result<Report> {
        let now = self.store.clock().now();
        let mut tx = self.store.begin().await?;
        let sessions = tx.sessions_expire().await?;
        let notebooks = tx.notebook_sessions_expire(now - self.session_idle_ms, now - self.session_max_ms).await?;
        let answers = tx.idempotency_prune(now - DAY_MS).await?;
        let samples = tx.usage_prune(now - SAMPLES_MS).await?;
        tx.commit().await?;
        Ok(Report::from([("sessions", (sessions + notebooks) as i64), ("answers", answers as i64), ("samples", samples as i64)]))
    }
}
