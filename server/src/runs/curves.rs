//! Metrics over time: histories page by page, and curves for charts.

use super::{tracking::no_run, validate};
use crate::{
    access::TeamViewer,
    clock::rfc3339,
    error::{Error, Result},
    store::{Store, keyset, run_curves::PointRow},
};
use app::api::runs::{MetricPoint, MetricSeries, SeriesQuery};

/// Points of a history that one answer holds at most. A client that names no number expects them all.
pub const MAX_HISTORY: i64 = 1_000_000;
/// Curves that one answer holds at most, when none is named.
const MAX_CURVES: usize = 50;

/// A page of the history of a metric by time, step and value, and the token of the next page.
///
/// # Errors
/// No such run, a page token that is not ours.
pub async fn history(
    store: &Store,
    by: &TeamViewer,
    run_id: &str,
    metric: &str,
    max_results: Option<i64>,
    page_token: &str,
) -> Result<(Vec<PointRow>, Option<String>)> {
    if metric.is_empty() {
        return Err(validate::missing("metric_key"));
    }
    if let Some(n) = max_results.filter(|n| *n <= 0) {
        return Err(Error::invalid(
            "max_results",
            format!("Invalid value {n} for parameter 'max_results' supplied. It must be a positive integer."),
        ));
    }
    let after = match page_token {
        "" => None,
        token => {
            let (time, step, bits, is_nan): (i64, i64, u64, i64) =
                keyset::decode(token).ok_or_else(|| Error::invalid("page_token", "Invalid page token, could not be decoded."))?;
            Some((time, step, f64::from_bits(bits), is_nan))
        }
    };
    let run = store.run(&by.team.id, run_id).await?.ok_or_else(|| no_run(run_id))?;
    let Some(series) = store.series(run.key, metric).await? else { return Ok((vec![], None)) };
    let size = max_results.unwrap_or(MAX_HISTORY).min(MAX_HISTORY);
    let mut rows = store.series_history(series, after, size + 1).await?;
    let more = rows.len() as i64 > size;
    rows.truncate(size as usize);
    let next = rows.last().filter(|_| more).map(|p| keyset::encode(&(p.time, p.step, p.value.to_bits(), p.is_nan)));
    Ok((rows, next))
}

/// Curves of a run, thinned out to what a chart can show.
///
/// # Errors
/// No such run, a number of points out of bounds.
pub async fn series(store: &Store, by: &TeamViewer, run_id: &str, query: &SeriesQuery) -> Result<Vec<MetricSeries>> {
    let wanted = query.points.unwrap_or(500);
    if !(10..=5000).contains(&wanted) {
        return Err(Error::invalid("points", "points is 10 to 5000."));
    }
    let run = store.run(&by.team.id, run_id).await?.ok_or_else(|| Error::not_found("run"))?;
    let named: Option<Vec<&str>> = query.keys.as_deref().filter(|k| !k.is_empty()).map(|k| k.split(',').map(str::trim).collect());
    let latest = store.metrics_latest(&[run.key]).await?;
    let chosen = latest.into_iter().filter(|m| named.as_ref().is_none_or(|n| n.contains(&m.key.as_str()))).take(MAX_CURVES);
    let mut out = Vec::new();
    for metric in chosen {
        let extent = store.series_extent(metric.series).await?;
        let points = if extent.total <= i64::from(wanted) {
            store.series_points(metric.series, extent.total).await?
        } else {
            // Four points of each span: the first, the lowest, the highest, the last.
            store.series_thinned(metric.series, extent, (wanted / 4).max(1)).await?
        };
        out.push(MetricSeries { key: metric.key, total: extent.total, points: points.into_iter().map(point).collect() });
    }
    Ok(out)
}

fn point(row: PointRow) -> MetricPoint {
    MetricPoint { step: row.step, time: rfc3339(row.time), value: Some(row.logged()).filter(|v| v.is_finite()) }
}
