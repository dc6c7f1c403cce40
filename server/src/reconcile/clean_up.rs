//! Files that clean-up freed: taken from the store, again where the server ended in between.

use super::{Report, Task};
use crate::{
    artifacts::{ArtifactPath, ArtifactStore},
    error::Result,
    store::{Store, clean_up::FreedArtifactsRow},
};
use async_trait::async_trait;
use std::time::Duration;

/// Folders in one go.
const MANY: i64 = 100;

/// The task.
pub struct CleanUp {
    /// The database.
    pub store: Store,
    /// Files of runs and models.
    pub artifacts: ArtifactStore,
}

#[async_trait]
impl Task for CleanUp {
    fn name(&self) -> &'static str {
        "clean_up"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn tick(&self) -> Result<Report> {
        let freed = self.store.freed_artifacts(MANY).await?;
        let mut report = Report::from([("seen", freed.len() as i64), ("files", 0)]);
        let mut more = freed.len() as i64 == MANY;
        for row in &freed {
            match self.take(row).await {
                Ok(files) => *report.entry("files").or_default() += files as i64,
                Err(error) => {
                    tracing::warn!(path = row.path, error = %error, "freed files stay for now");
                    *report.entry("failed").or_default() += 1;
                    more = false;
                }
            }
        }
        if more {
            self.store.bell().wake();
        }
        Ok(report)
    }
}

impl CleanUp {
    async fn take(&self, row: &FreedArtifactsRow) -> Result<u64> {
        let folder = ArtifactPath::parse_file(&row.path)?;
        // What the store is still putting there would be left.
        if self.artifacts.is_changing(&row.team_id, &folder) {
            return Ok(0);
        }
        let files = self.artifacts.delete(&row.team_id, &folder).await?;
        let mut tx = self.store.begin().await?;
        tx.freed_artifacts_done(row).await?;
        tx.commit().await?;
        Ok(files)
    }
}
