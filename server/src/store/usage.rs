//! Use of workloads: samples, rolled up to minutes and hours.

use super::{Store, Tx};
use crate::{args, error::Result};

/// A sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct SampleRow {
    /// Internal key of the workload.
    pub workload_key: i64,
    /// Milliseconds since 1970.
    pub time: i64,
    /// CPU in thousandths of a core.
    pub cpu_millis: i64,
    /// Resident memory in bytes.
    pub memory_bytes: i64,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

impl Store {
    /// Samples of a workload since a time, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn usage_since(&self, workload_key: i64, since: i64) -> Result<Vec<SampleRow>> {
        self.all(
            "SELECT workload_key, time, cpu_millis, memory_bytes FROM usage_samples
             WHERE workload_key = $1 AND time >= $2 ORDER BY time LIMIT 2000",
            args![workload_key, since],
        )
        .await
    }

    /// Use of a workload by the minute over its whole life, oldest first; CPU is the mean, memory the most.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn usage_minutes(&self, workload_key: i64) -> Result<Vec<SampleRow>> {
        self.all(
            "SELECT workload_key, time, cpu_millis_sum / samples AS cpu_millis, memory_bytes_max AS memory_bytes FROM usage_rollups
             WHERE workload_key = $1 AND seconds = 60 ORDER BY time LIMIT 5000",
            args![workload_key],
        )
        .await
    }

    /// The last sample of each live workload, not older than `since`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn usage_latest(&self, since: i64) -> Result<Vec<SampleRow>> {
        self.all(
            "SELECT s.workload_key, s.time, s.cpu_millis, s.memory_bytes FROM workloads w
             JOIN usage_samples s ON s.workload_key = w.key AND s.time =
                (SELECT MAX(time) FROM usage_samples WHERE workload_key = w.key)
             WHERE w.live = 1 AND s.time >= $1",
            args![since],
        )
        .await
    }
}

impl Tx {
    /// Adds a sample, to the minutes and hours as well.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn usage_insert(&mut self, s: &SampleRow) -> Result<()> {
        self.exec(
            "INSERT INTO usage_samples (workload_key, time, cpu_millis, memory_bytes) VALUES ($1, $2, $3, $4)
             ON CONFLICT (workload_key, time) DO NOTHING",
            args![s.workload_key, s.time, s.cpu_millis, s.memory_bytes],
        )
        .await?;
        for seconds in [MINUTE, HOUR] {
            let span = s.time - s.time.rem_euclid(seconds * 1000);
            self.exec(
                "INSERT INTO usage_rollups (workload_key, seconds, time, samples, cpu_millis_sum, memory_bytes_max)
                 VALUES ($1, $2, $3, 1, $4, $5)
                 ON CONFLICT (workload_key, seconds, time) DO UPDATE SET samples = usage_rollups.samples + 1,
                    cpu_millis_sum = usage_rollups.cpu_millis_sum + excluded.cpu_millis_sum,
                    memory_bytes_max = CASE WHEN excluded.memory_bytes_max > usage_rollups.memory_bytes_max
                        THEN excluded.memory_bytes_max ELSE usage_rollups.memory_bytes_max END",
                args![s.workload_key, seconds, span, s.cpu_millis, s.memory_bytes],
            )
            .await?;
        }
        Ok(())
    }

    /// Drops samples older than `before`; minutes and hours stay.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn usage_prune(&mut self, before: i64) -> Result<u64> {
        self.exec("DELETE FROM usage_samples WHERE time < $1", args![before]).await
    }
}
