//! Reading metrics: the history of one, page by page, and curves thinned out for charts.

use super::Store;
use crate::{args, error::Result};

/// A point of a metric.
#[derive(Debug, Clone, Copy, PartialEq, sqlx::FromRow)]
pub struct PointRow {
    /// Milliseconds since 1970.
    pub time: i64,
    /// Step.
    pub step: i64,
    /// 0 where it is not a number.
    pub value: f64,
    /// 1 where it is not a number.
    pub is_nan: i64,
}

impl PointRow {
    /// The value as it was logged.
    pub const fn logged(&self) -> f64 {
        if self.is_nan != 0 { f64::NAN } else { self.value }
    }

    /// Its place in a history: by time, step, value.
    pub const fn place(&self) -> (i64, i64, f64, i64) {
        (self.time, self.step, self.value, self.is_nan)
    }
}

/// How far a series goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Extent {
    /// How many points.
    pub total: i64,
    /// Smallest step; `None` without points.
    pub first: Option<i64>,
    /// Greatest step.
    pub last: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Bucket {
    first_step: i64,
    first_time: i64,
    first_value: f64,
    low_step: i64,
    low_time: i64,
    low_value: f64,
    high_step: i64,
    high_time: i64,
    high_value: f64,
    last_step: i64,
    last_time: i64,
    last_value: f64,
}

impl Store {
    /// The internal key of a metric of a run.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn series(&self, run_key: i64, metric: &str) -> Result<Option<i64>> {
        let row: Option<(i64,)> =
            self.opt("SELECT series FROM latest_metrics WHERE run_key = $1 AND key = $2", args![run_key, metric]).await?;
        Ok(row.map(|r| r.0))
    }

    /// Points of a series by time, step and value, after the last one of the page before.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn series_history(&self, series: i64, after: Option<(i64, i64, f64, i64)>, limit: i64) -> Result<Vec<PointRow>> {
        let Some((time, step, value, is_nan)) = after else {
            return self
                .all(
                    "SELECT time, step, value, is_nan FROM metrics WHERE series = $1 ORDER BY time, step, value, is_nan LIMIT $2",
                    args![series, limit],
                )
                .await;
        };
        self.all(
            "SELECT time, step, value, is_nan FROM metrics WHERE series = $1 AND (time, step, value, is_nan) > ($2, $3, $4, $5)
             ORDER BY time, step, value, is_nan LIMIT $6",
            args![series, time, step, value, is_nan, limit],
        )
        .await
    }

    /// How far a series goes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn series_extent(&self, series: i64) -> Result<Extent> {
        let row = self
            .opt("SELECT COUNT(*) AS total, MIN(step) AS first, MAX(step) AS last FROM metrics WHERE series = $1", args![series])
            .await?;
        Ok(row.unwrap_or(Extent { total: 0, first: None, last: None }))
    }

    /// All points of a series by step; for short ones.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn series_points(&self, series: i64, limit: i64) -> Result<Vec<PointRow>> {
        self.all(
            "SELECT time, step, value, is_nan FROM metrics WHERE series = $1 ORDER BY step, time, value LIMIT $2",
            args![series, limit],
        )
        .await
    }

    /// A long series thinned out: of each of `buckets` spans of steps the first, the lowest, the highest and the last point, by step.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn series_thinned(&self, series: i64, extent: Extent, buckets: u32) -> Result<Vec<PointRow>> {
        let (Some(first), Some(last)) = (extent.first, extent.last) else { return Ok(vec![]) };
        // In floating point: the span of two steps can be greater than the greatest whole number.
        let scale = (f64::from(buckets) - 0.001) / (last as f64 - first as f64).max(1.0);
        let rows: Vec<Bucket> = self
            .all(
                "WITH points AS (
                     SELECT step, time, value, CAST((CAST(step AS DOUBLE PRECISION) - $2) * $3 AS BIGINT) AS bucket
                     FROM metrics WHERE series = $1 AND is_nan = 0
                 ), ends AS (
                     SELECT bucket, MIN(value) AS low, MAX(value) AS high, MIN(step) AS first, MAX(step) AS last FROM points GROUP BY bucket
                 )
                 SELECT MIN(e.first) AS first_step, MIN(CASE WHEN p.step = e.first THEN p.time END) AS first_time,
                        MIN(CASE WHEN p.step = e.first THEN p.value END) AS first_value,
                        MIN(CASE WHEN p.value = e.low THEN p.step END) AS low_step,
                        MIN(CASE WHEN p.value = e.low THEN p.time END) AS low_time, MIN(e.low) AS low_value,
                        MIN(CASE WHEN p.value = e.high THEN p.step END) AS high_step,
                        MIN(CASE WHEN p.value = e.high THEN p.time END) AS high_time, MAX(e.high) AS high_value,
                        MAX(e.last) AS last_step, MAX(CASE WHEN p.step = e.last THEN p.time END) AS last_time,
                        MAX(CASE WHEN p.step = e.last THEN p.value END) AS last_value
                 FROM points p JOIN ends e ON e.bucket = p.bucket GROUP BY e.bucket ORDER BY e.bucket",
                args![series, first as f64, scale],
            )
            .await?;
        let mut points: Vec<PointRow> = rows.iter().flat_map(Bucket::points).collect();
        points.sort_by_key(|p| (p.step, p.time));
        points.dedup();
        Ok(points)
    }
}

impl Bucket {
    fn points(&self) -> [PointRow; 4] {
        let point = |step, time, value| PointRow { time, step, value, is_nan: 0 };
        [
            point(self.first_step, self.first_time, self.first_value),
            point(self.low_step, self.low_time, self.low_value),
            point(self.high_step, self.high_time, self.high_value),
            point(self.last_step, self.last_time, self.last_value),
        ]
    }
}
