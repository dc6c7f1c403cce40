//! Metrics of runs: every point, and the latest value of each series. The hot path of tracking.
//!
//! Reading curves is in [`super::run_curves`].

use super::{Arg, Store, Tx, list, run_tags::chunk, series::KnownSeries};
use crate::{args, error::Result};
use std::collections::BTreeMap;

/// A point to log.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPoint {
    /// Internal key of the run.
    pub run_key: i64,
    /// Internal key of its experiment.
    pub experiment_key: i64,
    /// Name of the metric.
    pub key: String,
    /// Milliseconds since 1970.
    pub time: i64,
    /// Step.
    pub step: i64,
    /// Value; may be NaN or infinite.
    pub value: f64,
}

/// The latest value of a metric of a run: that of the greatest (step, time, value), as in MLflow.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct LatestMetricRow {
    /// Internal key of the series.
    pub series: i64,
    /// Internal key of the run.
    pub run_key: i64,
    /// Internal key of its experiment.
    pub experiment_key: i64,
    /// Name of the metric.
    pub key: String,
    /// 0 where it is not a number.
    pub value: f64,
    /// 1 where it is not a number.
    pub is_nan: i64,
    /// Step.
    pub step: i64,
    /// Milliseconds since 1970.
    pub time: i64,
}

impl LatestMetricRow {
    /// The value as it was logged.
    pub const fn logged(&self) -> f64 {
        if self.is_nan != 0 { f64::NAN } else { self.value }
    }

    fn of(series: i64, point: &NewPoint) -> Self {
        let (value, is_nan) = stored(point.value);
        Self {
            series,
            run_key: point.run_key,
            experiment_key: point.experiment_key,
            key: point.key.clone(),
            value,
            is_nan,
            step: point.step,
            time: point.time,
        }
    }

    fn is_before(&self, point: &NewPoint) -> bool {
        let (value, _) = stored(point.value);
        (self.step, self.time) < (point.step, point.time) || ((self.step, self.time) == (point.step, point.time) && self.value < value)
    }
}

/// The greatest of the points to log of one metric of one run, and its series once that is known.
struct Best<'a> {
    run: i64,
    key: &'a str,
    point: &'a NewPoint,
    series: Option<i64>,
}

impl Best<'_> {
    fn find(sorted: &[Best<'_>], run: i64, key: &str) -> Option<usize> {
        sorted.binary_search_by(|b| (b.run, b.key).cmp(&(run, key))).ok()
    }
}

/// How a value is stored: what is not a number as 0 with a flag, because a key column cannot hold it.
pub(super) const fn stored(value: f64) -> (f64, i64) {
    if value.is_nan() { (0.0, 1) } else { (value, 0) }
}

impl Store {
    /// Latest value of each metric of these runs, by run and name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn metrics_latest(&self, keys: &[i64]) -> Result<Vec<LatestMetricRow>> {
        let sql = "SELECT series, run_key, experiment_key, key, value, is_nan, step, time FROM latest_metrics
                   WHERE run_key IN (@INTS($1)) ORDER BY run_key, key";
        self.all(list::sql(self.db(), sql), args![list::ints(keys)]).await
    }
}

impl Tx {
    /// Logs points: new ones only, so a repeated request changes nothing; brings the latest values up to date.
    ///
    /// # Errors
    /// The database does not answer, or another server made one of the series at the same moment (then a second try succeeds).
    pub async fn metrics_insert(&mut self, points: &[NewPoint]) -> Result<()> {
        self.metrics_insert_known(points, &KnownSeries::default()).await.map(drop)
    }

    /// As [`Tx::metrics_insert`], without reading the series that are known. The latest rows as they are now, for [`KnownSeries::learn`]
    /// after the commit.
    ///
    /// # Errors
    /// As [`Tx::metrics_insert`].
    pub async fn metrics_insert_known(&mut self, points: &[NewPoint], known: &KnownSeries) -> Result<Vec<LatestMetricRow>> {
        if points.is_empty() {
            return Ok(vec![]);
        }
        // By run and name, so that transactions of several servers lock rows in the same order.
        let mut best: BTreeMap<(i64, &str), &NewPoint> = BTreeMap::new();
        for point in points {
            best.entry((point.run_key, &point.key))
                .and_modify(|b| {
                    if LatestMetricRow::of(0, b).is_before(point) {
                        *b = point;
                    }
                })
                .or_insert(point);
        }
        let best: Vec<Best<'_>> = best.into_iter().map(|((run, key), point)| Best { run, key, point, series: None }).collect();
        let (best, changed, read) = self.series_number(best, known).await?;
        let rows = points.iter().filter_map(|p| Best::find(&best, p.run_key, &p.key).and_then(|i| best[i].series).map(|s| (s, p)));
        let rows = rows.collect::<Vec<_>>();
        self.latest_upsert(&changed).await?;
        self.points_insert(&rows).await?;
        Ok(read.into_iter().chain(changed).collect())
    }

    /// The series of each pair, numbers for those that are new; the rows of latest values that change, and those that were read and do not.
    async fn series_number<'a>(
        &mut self,
        mut best: Vec<Best<'a>>,
        known: &KnownSeries,
    ) -> Result<(Vec<Best<'a>>, Vec<LatestMetricRow>, Vec<LatestMetricRow>)> {
        let (mut changed, mut same) = (Vec::new(), Vec::new());
        for b in &mut best {
            if let Some(row) = known.get(b.run, b.key) {
                b.series = Some(row.series);
                if row.is_before(b.point) {
                    changed.push(LatestMetricRow::of(row.series, b.point));
                }
            }
        }
        let pairs: Vec<_> = best.iter().filter(|b| b.series.is_none()).map(|b| (b.run, b.key)).collect();
        let read = if pairs.is_empty() { vec![] } else { self.series_of_pairs(pairs).await? };
        for row in read {
            if let Some(i) = Best::find(&best, row.run_key, &row.key) {
                best[i].series = Some(row.series);
                if row.is_before(best[i].point) {
                    changed.push(LatestMetricRow::of(row.series, best[i].point));
                } else {
                    same.push(row);
                }
            }
        }
        let fresh = best.iter().filter(|b| b.series.is_none()).count();
        if fresh > 0 {
            let first = self.next_many("series", fresh as i64).await?;
            for (new, number) in best.iter_mut().filter(|b| b.series.is_none()).zip(first..) {
                new.series = Some(number);
                changed.push(LatestMetricRow::of(number, new.point));
            }
        }
        Ok((best, changed, same))
    }

    async fn series_of_pairs(&mut self, pairs: Vec<(i64, &str)>) -> Result<Vec<LatestMetricRow>> {
        if let Some(postgres) = self.postgres() {
            let (runs, keys): (Vec<i64>, Vec<&str>) = pairs.into_iter().unzip();
            return Ok(sqlx::query_as(
                "SELECT l.series, l.run_key, l.experiment_key, l.key, l.value, l.is_nan, l.step, l.time
                 FROM UNNEST($1::bigint[], $2::text[]) AS p (run_key, key)
                 JOIN latest_metrics l ON l.run_key = p.run_key AND l.key = p.key",
            )
            .bind(runs)
            .bind(keys)
            .fetch_all(postgres)
            .await?);
        }
        self.all(
            "SELECT l.series, l.run_key, l.experiment_key, l.key, l.value, l.is_nan, l.step, l.time
             FROM json_each($1) p CROSS JOIN latest_metrics l
             ON l.run_key = json_extract(p.value, '$[0]') AND l.key = json_extract(p.value, '$[1]')",
            args![serde_json::to_string(&pairs)?],
        )
        .await
    }

    async fn latest_upsert(&mut self, rows: &[LatestMetricRow]) -> Result<()> {
        const INSERT: &str = "INSERT INTO latest_metrics (series, run_key, experiment_key, key, value, is_nan, step, time)";
        const CONFLICT: &str = "ON CONFLICT (series) DO UPDATE
             SET value = excluded.value, is_nan = excluded.is_nan, step = excluded.step, time = excluded.time
             WHERE (excluded.step, excluded.time, excluded.value) > (latest_metrics.step, latest_metrics.time, latest_metrics.value)";
        if rows.is_empty() {
            return Ok(());
        }
        if let Some(postgres) = self.postgres() {
            let sql = const_str(
                INSERT,
                "SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::float8[], $6::bigint[], $7::bigint[], $8::bigint[])",
                CONFLICT,
            );
            sqlx::query(sql)
                .bind(rows.iter().map(|r| r.series).collect::<Vec<_>>())
                .bind(rows.iter().map(|r| r.run_key).collect::<Vec<_>>())
                .bind(rows.iter().map(|r| r.experiment_key).collect::<Vec<_>>())
                .bind(rows.iter().map(|r| r.key.as_str()).collect::<Vec<_>>())
                .bind(rows.iter().map(|r| r.value).collect::<Vec<_>>())
                .bind(rows.iter().map(|r| r.is_nan).collect::<Vec<_>>())
                .bind(rows.iter().map(|r| r.step).collect::<Vec<_>>())
                .bind(rows.iter().map(|r| r.time).collect::<Vec<_>>())
                .execute(postgres)
                .await
                .map_err(super::constraint::explain)?;
            return Ok(());
        }
        let mut rest = rows;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(chunk(rest.len()));
            let args = now
                .iter()
                .flat_map(|r| args![r.series, r.run_key, r.experiment_key, &r.key, r.value, r.is_nan, r.step, r.time])
                .collect::<Vec<Arg>>();
            let sql = self.values_sql(INSERT, 8, now.len(), CONFLICT);
            self.exec(sql, args).await?;
            rest = later;
        }
        Ok(())
    }

    async fn points_insert(&mut self, rows: &[(i64, &NewPoint)]) -> Result<()> {
        const INSERT: &str = "INSERT INTO metrics (series, time, step, value, is_nan)";
        const CONFLICT: &str = "ON CONFLICT DO NOTHING";
        if let Some(postgres) = self.postgres() {
            let sql =
                const_str(INSERT, "SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::float8[], $5::bigint[])", CONFLICT);
            sqlx::query(sql)
                .bind(rows.iter().map(|(s, _)| *s).collect::<Vec<_>>())
                .bind(rows.iter().map(|(_, p)| p.time).collect::<Vec<_>>())
                .bind(rows.iter().map(|(_, p)| p.step).collect::<Vec<_>>())
                .bind(rows.iter().map(|(_, p)| stored(p.value).0).collect::<Vec<_>>())
                .bind(rows.iter().map(|(_, p)| stored(p.value).1).collect::<Vec<_>>())
                .execute(postgres)
                .await?;
            return Ok(());
        }
        let mut rest = rows;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(chunk(rest.len()));
            let args = now
                .iter()
                .flat_map(|(series, p)| {
                    let (value, is_nan) = stored(p.value);
                    args![*series, p.time, p.step, value, is_nan]
                })
                .collect::<Vec<Arg>>();
            let sql = self.values_sql(INSERT, 5, now.len(), CONFLICT);
            self.exec(sql, args).await?;
            rest = later;
        }
        Ok(())
    }
}

/// Three parts of one statement, all ours.
fn const_str(insert: &'static str, select: &'static str, conflict: &'static str) -> sqlx::SqlStr {
    use sqlx::SqlSafeStr;
    sqlx::AssertSqlSafe(format!("{insert} {select} {conflict}")).into_sql_str()
}
