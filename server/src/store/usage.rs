//! Use of workloads: samples, rolled up to minutes and hours.

use super::{Store, Tx, list};
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

/// What samples are rolled up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// 60 seconds.
    Minute,
    /// 3600 seconds.
    Hour,
}

impl Span {
    const fn seconds(self) -> i64 {
        match self {
            Span::Minute => 60,
            Span::Hour => 3600,
        }
    }
}

impl Store {
    /// The newest samples of a workload, oldest first; 2000 at most.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn usage_newest(&self, workload_key: i64) -> Result<Vec<SampleRow>> {
        let mut rows: Vec<SampleRow> = self
            .all(
                "SELECT workload_key, time, cpu_millis, memory_bytes FROM usage_samples
                 WHERE workload_key = $1 ORDER BY time DESC LIMIT 2000",
                args![workload_key],
            )
            .await?;
        rows.reverse();
        Ok(rows)
    }

    /// Samples of these workloads since a time, oldest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn usage_of(&self, workload_keys: &[i64], since: i64) -> Result<Vec<SampleRow>> {
        let sql = "SELECT workload_key, time, cpu_millis, memory_bytes FROM usage_samples
                   WHERE workload_key IN (@INTS($1)) AND time >= $2 ORDER BY workload_key, time";
        self.all(list::sql(self.db(), sql), args![list::ints(workload_keys), since]).await
    }

    /// Use of a workload by the minute or by the hour, oldest first: the newest 5000 spans. CPU is the mean, memory the most.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn usage_rolled(&self, workload_key: i64, span: Span) -> Result<Vec<SampleRow>> {
        let mut rows: Vec<SampleRow> = self
            .all(
                "SELECT workload_key, time, cpu_millis_sum / samples AS cpu_millis, memory_bytes_max AS memory_bytes FROM usage_rollups
                 WHERE workload_key = $1 AND seconds = $2 ORDER BY time DESC LIMIT 5000",
                args![workload_key, span.seconds()],
            )
            .await?;
        rows.reverse();
        Ok(rows)
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
        for seconds in [Span::Minute.seconds(), Span::Hour.seconds()] {
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
