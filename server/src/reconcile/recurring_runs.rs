//! Recurring runs: each whose time has come makes its pipeline run.

use super::{Report, Task};
use crate::{
    error::Result,
    pipelines::{
        parsed::Parsed,
        recurring::fire::{self, Did},
    },
    store::Store,
};
use async_trait::async_trait;
use std::time::Duration;

/// So many are looked at in one go.
const MANY: i64 = 500;
/// So many times of one in one go: others have their turn.
const EACH: usize = 10;

/// The task.
pub struct RecurringRuns {
    /// The database.
    pub store: Store,
    /// Pipelines that were read lately.
    pub parsed: Parsed,
}

#[async_trait]
impl Task for RecurringRuns {
    fn name(&self) -> &'static str {
        "recurring runs"
    }

    // A cron has seconds.
    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn tick(&self) -> Result<Report> {
        let due = self.store.recurring_runs_due(self.store.clock().now(), MANY).await?;
        let mut report = Report::from([("due", due.len() as i64), ("made", 0)]);
        for row in &due {
            for _ in 0..EACH {
                match fire::look(&self.parsed, &self.store, row).await {
                    Ok(Did::Ran) => *report.entry("made").or_default() += 1,
                    Ok(Did::Passed) => *report.entry("passed").or_default() += 1,
                    Ok(Did::Nothing) => break,
                    Err(error) => {
                        tracing::warn!(recurring_run = row.id, error = %error, "recurring run");
                        *report.entry("failed").or_default() += 1;
                        break;
                    }
                }
            }
        }
        Ok(report)
    }
}
