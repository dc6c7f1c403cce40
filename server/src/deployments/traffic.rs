//! Traffic: requests, latencies and errors of the last half hour in memory, 10 seconds a slot, and counters for Prometheus.

use crate::clock::rfc3339;
use app::api::deployments::{RevisionTraffic, Traffic, TrafficPoint};
use metrics::{Counter, Histogram, counter, histogram};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
    time::Duration,
};

/// Milliseconds of a slot.
pub const SLOT: i64 = 10_000;
/// Slots that are kept: half an hour.
pub const SLOTS: usize = 180;
/// Each bucket of latency ends this much above the one before.
const GROWTH: f64 = 1.12;
/// Where the first bucket ends, in milliseconds.
const FIRST: f64 = 0.05;
/// Buckets: up to about two minutes.
const BUCKETS: usize = 130;

#[derive(Clone)]
struct Slot {
    /// Which one: time / [`SLOT`].
    number: i64,
    requests: u32,
    errors: u32,
    latency: [u32; BUCKETS],
}

/// Traffic of one revision.
#[derive(Default)]
pub struct Charts(Mutex<Vec<Option<Box<Slot>>>>);

impl Charts {
    fn slots(&self) -> MutexGuard<'_, Vec<Option<Box<Slot>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request that was answered with `status` after `took`.
    pub fn record(&self, now: i64, status: u16, took: Duration) {
        let number = now.div_euclid(SLOT);
        let mut slots = self.slots();
        if slots.is_empty() {
            slots.resize(SLOTS, None);
        }
        let place = number.rem_euclid(SLOTS as i64) as usize;
        let slot = slots[place].get_or_insert_with(|| Box::new(Slot { number, requests: 0, errors: 0, latency: [0; BUCKETS] }));
        if slot.number != number {
            **slot = Slot { number, requests: 0, errors: 0, latency: [0; BUCKETS] };
        }
        slot.requests += 1;
        slot.errors += u32::from(status >= 500);
        slot.latency[bucket(took.as_secs_f64() * 1000.0)] += 1;
    }
}

fn bucket(ms: f64) -> usize {
    if ms <= FIRST {
        return 0;
    }
    ((ms / FIRST).ln() / GROWTH.ln()).ceil().clamp(0.0, (BUCKETS - 1) as f64) as usize
}

/// Charts by revision.
type ByRevision = HashMap<i64, Arc<Charts>>;

/// Traffic of everything that is served. Cheap to clone.
#[derive(Clone, Default)]
pub struct Book(Arc<Mutex<HashMap<String, ByRevision>>>, Arc<OnceLock<i64>>);

impl Book {
    /// The charts of a revision of a deployment; 0 is for requests that reached none.
    pub fn of(&self, deployment_id: &str, revision: i64) -> Arc<Charts> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(deployment_id.to_owned()).or_default().entry(revision).or_default().clone()
    }

    /// Drops what belongs to deployments that are no more, and to revisions that had no request for half an hour.
    pub fn tidy(&self, now: i64, keep: impl Fn(&str) -> bool) {
        // What was before the server started is not known.
        self.1.get_or_init(|| now.div_euclid(SLOT));
        let oldest = now.div_euclid(SLOT) - SLOTS as i64;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|id, _| keep(id));
        for revisions in all.values_mut() {
            revisions.retain(|_, charts| Arc::strong_count(charts) > 1 || charts.slots().iter().flatten().any(|s| s.number > oldest));
        }
    }

    /// The last half hour of a deployment, each revision by itself and all together. The slot under way is left out.
    pub fn points(&self, deployment_id: &str, now: i64) -> Traffic {
        let mut charts: Vec<(i64, Arc<Charts>)> = {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.get(deployment_id).map(|m| m.iter().map(|(number, charts)| (*number, charts.clone())).collect()).unwrap_or_default()
        };
        charts.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        let end = now.div_euclid(SLOT);
        let begin = (end - (SLOTS as i64 - 1)).max(self.1.get().copied().unwrap_or(i64::MIN)).min(end);
        let all = points(begin..end, charts.iter().map(|(_, charts)| &**charts));
        let of = |(revision, charts): &(i64, Arc<Charts>)| RevisionTraffic { revision: *revision, points: points(begin..end, [&**charts]) };
        let revisions = charts.iter().filter(|(number, _)| *number > 0).map(of);
        Traffic { revisions: revisions.filter(|r| r.points.iter().any(|p| p.rate > 0.0)).collect(), points: all }
    }
}

/// Points of all these charts together.
fn points<'a>(slots: std::ops::Range<i64>, charts: impl IntoIterator<Item = &'a Charts>) -> Vec<TrafficPoint> {
    let begin = slots.start;
    let mut sums: Vec<Slot> = slots.clone().map(|number| Slot { number, requests: 0, errors: 0, latency: [0; BUCKETS] }).collect();
    for chart in charts {
        for slot in chart.slots().iter().flatten().filter(|s| slots.contains(&s.number)) {
            let sum = &mut sums[(slot.number - begin) as usize];
            sum.requests += slot.requests;
            sum.errors += slot.errors;
            sum.latency.iter_mut().zip(&slot.latency).for_each(|(a, b)| *a += b);
        }
    }
    let seconds = SLOT as f64 / 1000.0;
    let point = |s: &Slot| TrafficPoint {
        time: rfc3339(s.number * SLOT),
        rate: f64::from(s.requests) / seconds,
        p50_seconds: quantile(s, 0.5),
        p95_seconds: quantile(s, 0.95),
        errors: f64::from(s.errors) / seconds,
    };
    sums.iter().map(point).collect()
}

/// The latency in seconds that this share of the requests did not pass, within the width of a bucket (12 %).
fn quantile(slot: &Slot, share: f64) -> Option<f64> {
    let wanted = (f64::from(slot.requests) * share).max(1.0);
    let mut before = 0.0;
    for (i, n) in slot.latency.iter().enumerate().filter(|(_, n)| **n > 0) {
        let n = f64::from(*n);
        if before + n >= wanted {
            let high = FIRST * GROWTH.powi(i as i32);
            let low = if i == 0 { 0.0 } else { high / GROWTH };
            let value = low + (high - low) * ((wanted - before) / n);
            // Whole microseconds.
            return Some((value * 1000.0).round() / 1e6);
        }
        before += n;
    }
    None
}

/// Counters of one revision for Prometheus; the handles are kept, so that counting looks nothing up.
pub struct Meters {
    labels: [(&'static str, String); 3],
    seconds: Histogram,
    by_code: RwLock<HashMap<u16, Counter>>,
}

impl Meters {
    /// Of a revision; 0 is for requests that reached none.
    pub fn of(team: &str, deployment: &str, revision: i64) -> Self {
        let labels = [("team", team.to_owned()), ("deployment", deployment.to_owned()), ("revision", revision.to_string())];
        let seconds = histogram!("slipway_gateway_request_duration_seconds", &labels);
        Self { labels, seconds, by_code: RwLock::default() }
    }

    /// Counts a request.
    pub fn record(&self, status: u16, took: Duration) {
        self.seconds.record(took.as_secs_f64());
        if let Some(counter) = self.by_code.read().unwrap_or_else(PoisonError::into_inner).get(&status) {
            counter.increment(1);
            return;
        }
        let [team, deployment, revision] = self.labels.clone();
        let counter = counter!("slipway_gateway_requests_total", &[team, deployment, revision, ("code", status.to_string())]);
        counter.increment(1);
        self.by_code.write().unwrap_or_else(PoisonError::into_inner).insert(status, counter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_000_005_000;

    #[test]
    fn rates_quantiles_and_errors_of_all_revisions_together() {
        let book = Book::default();
        for ms in 1..=100 {
            book.of("d", 1 + ms % 2).record(NOW, if ms == 100 { 502 } else { 200 }, Duration::from_millis(ms as u64));
        }
        book.of("d", 0).record(NOW, 404, Duration::from_millis(50));
        let Traffic { points, revisions } = book.points("d", NOW + SLOT);
        let by: Vec<_> = revisions.iter().map(|r| (r.revision, r.points[SLOTS - 2].rate, r.points[SLOTS - 2].errors)).collect();
        assert_eq!(by, [(2, 5.0, 0.0), (1, 5.0, 0.1)], "what reached none is of none");
        assert_eq!(points.len(), SLOTS - 1);
        let last = points.last().unwrap();
        assert_eq!((last.time.as_str(), last.rate, last.errors), ("2025-11-24T16:00:00.000Z", 10.1, 0.1));
        let near = |got: Option<f64>, want: f64| got.is_some_and(|g| (g / want - 1.0).abs() < 0.12);
        assert!(near(last.p50_seconds, 0.05) && near(last.p95_seconds, 0.095), "{last:?}");
        assert_eq!((points[0].rate, points[0].p50_seconds), (0.0, None));
        assert!(book.points("other", NOW).points.iter().all(|p| p.rate == 0.0));
        // A server that began just now does not know that there was nothing before.
        let begun = Book::default();
        begun.tidy(NOW, |_| true);
        assert_eq!(begun.points("d", NOW).points.len(), 0);
        assert_eq!(begun.points("d", NOW + 3 * SLOT).points.len(), 3);
    }

    #[test]
    fn old_slots_are_used_again_and_idle_revisions_dropped() {
        let book = Book::default();
        book.of("d", 1).record(NOW, 200, Duration::from_micros(10));
        let later = NOW + SLOT * SLOTS as i64;
        book.of("d", 2).record(later, 200, Duration::from_secs(1000));
        book.of("d", 1).record(later, 200, Duration::ZERO);
        let points = book.points("d", later + SLOT).points;
        assert_eq!(points.iter().map(|p| p.rate).sum::<f64>(), 0.2);
        book.tidy(later + SLOT * SLOTS as i64 * 2, |_| true);
        assert!(book.0.lock().unwrap()["d"].is_empty());
        book.tidy(later, |_| false);
        assert!(book.0.lock().unwrap().is_empty());
    }
}
