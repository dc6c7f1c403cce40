//! Drops what has had its time: sessions, answers to repeated requests, usage samples, old notices and deliveries, uploads that were cut off,
//! copies of models that nobody needs.

use super::{Report, Task};
use crate::{artifacts::ArtifactStore, deployments::model_files::ModelFiles, error::Result, store::Store};
use async_trait::async_trait;
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// What people were told is kept so long.
const NOTICES_MS: i64 = 90 * DAY_MS;
/// What was delivered to webhooks is kept so long.
const DELIVERIES_MS: i64 = 30 * DAY_MS;
const SAMPLES_MS: i64 = 6 * 3600 * 1000;
/// How often is looked for uploads that were cut off. No upload takes a day.
const SWEEP_MS: i64 = 6 * 3600 * 1000;

/// The task.
pub struct Housekeeping {
    /// The database.
    pub store: Store,
    /// Files of runs and models.
    pub artifacts: ArtifactStore,
    /// Copies of models.
    pub files: ModelFiles,
    /// When uploads are looked at next, milliseconds since 1970; 0 at the start.
    pub sweep_at: AtomicI64,
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
        let notices = tx.notices_prune(now - NOTICES_MS).await?;
        let deliveries = tx.deliveries_prune(now - DELIVERIES_MS).await?;
        tx.commit().await?;
        let mut uploads = 0;
        if now >= self.sweep_at.load(Ordering::Relaxed) {
            uploads = self.artifacts.sweep(now - DAY_MS).await?;
            self.sweep_at.store(now + SWEEP_MS, Ordering::Relaxed);
        }
        let copies = self.files.sweep().await?;
        self.store.optimize().await?;
        Ok(Report::from([
            ("sessions", (sessions + notebooks) as i64),
            ("answers", answers as i64),
            ("samples", samples as i64),
            ("notices", notices as i64),
            ("deliveries", deliveries as i64),
            ("uploads", uploads as i64),
            ("copies", copies as i64),
        ]))
    }
}
