//! The arithmetic of a chart: ranges, ticks, paths, the nearest point. Pure.

use std::fmt::Write;

/// A curve; `None` is a gap.
pub type Points = Vec<(f64, Option<f64>)>;

/// A range with round ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Where lines and labels go.
    pub ticks: Vec<f64>,
}

impl Scale {
    /// About `n` round ticks around all of `low..=high`.
    pub fn round(low: f64, high: f64, n: usize) -> Self {
        let (low, high) = if high > low { (low, high) } else { (low - low.abs().max(1.0) * 0.5, low + low.abs().max(1.0) * 0.5) };
        let step = nice((high - low) / n.max(1) as f64);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let ticks: Vec<f64> = (0..=(last - first) as i64).map(|i| (first + i as f64) * step).collect();
        Self { low: first * step, high: last * step, ticks }
    }

    /// `n` even ticks within `low..=high`, ends included.
    pub fn even(low: f64, high: f64, n: usize) -> Self {
        if high <= low {
            return Self { low, high: low + 1.0, ticks: vec![low] };
        }
        let ticks = (0..=n).map(|i| low + (high - low) * i as f64 / n as f64).collect();
        Self { low, high, ticks }
    }

    /// Where `v` lies, 0 at the lower end to 1 at the upper.
    pub fn place(&self, v: f64) -> f64 {
        (v - self.low) / (self.high - self.low)
    }
}

/// The round number (1, 2, 2.5, 5 times a power of ten) not below `v`.
fn nice(v: f64) -> f64 {
    let power = 10_f64.powf(v.log10().floor());
    let lead = v / power;
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|n| lead <= n + 1e-9).unwrap_or(10.0) * power
}

/// Smallest and largest `x`, smallest and largest `y` of all curves; nothing where there is no point.
pub fn extent<'a>(curves: impl Iterator<Item = &'a Points>) -> Option<(f64, f64, f64, f64)> {
    let mut out: Option<(f64, f64, f64, f64)> = None;
    for (x, y) in curves.flatten() {
        let Some(y) = y.filter(|y| y.is_finite()) else { continue };
        out = Some(out.map_or((*x, *x, y, y), |(a, b, c, d)| (a.min(*x), b.max(*x), c.min(y), d.max(y))));
    }
    out
}

/// SVG path of a curve in a box of 1000 by 1000; a gap interrupts it, a lone point is a dot.
pub fn path(points: &Points, x: &Scale, y: &Scale) -> String {
    let mut d = String::with_capacity(points.len() * 12);
    let mut drawn = 0;
    let mut last = (0.0, 0.0);
    for (px, py) in points {
        let Some(py) = py.filter(|v| v.is_finite()) else {
            close_dot(&mut d, drawn, last);
            drawn = 0;
            continue;
        };
        last = (x.place(*px) * 1000.0, (1.0 - y.place(py)) * 1000.0);
        let _ = write!(d, "{}{:.1} {:.1}", if drawn == 0 { "M" } else { "L" }, last.0, last.1);
        drawn += 1;
    }
    close_dot(&mut d, drawn, last);
    d
}

fn close_dot(d: &mut String, drawn: usize, at: (f64, f64)) {
    if drawn == 1 {
        let _ = write!(d, "L{:.1} {:.1}", at.0 + 0.1, at.1);
    }
}

/// The point nearest to `x`, of a curve sorted by `x`.
pub fn nearest(points: &Points, x: f64) -> Option<(f64, Option<f64>)> {
    let after = points.partition_point(|p| p.0 < x);
    let (left, right) = (after.checked_sub(1).and_then(|i| points.get(i)), points.get(after));
    match (left, right) {
        (Some(l), Some(r)) => Some(if x - l.0 <= r.0 - x { *l } else { *r }),
        (l, r) => l.or(r).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(Scale::round(0.0, 0.97, 4).ticks, vec![0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(Scale::round(5.0, 5.0, 3).low, 2.0);
        assert_eq!(Scale::even(3.0, 3.0, 4).ticks, vec![3.0]);
    }

    #[test]
    fn gaps_stay_gaps() {
        let points = vec![(0.0, Some(0.0)), (1.0, None), (2.0, Some(1.0)), (3.0, Some(1.0))];
        let (x, y) = (Scale::even(0.0, 3.0, 3), Scale::even(0.0, 1.0, 1));
        assert_eq!(path(&points, &x, &y), "M0.0 1000.0L0.1 1000.0M666.7 0.0L1000.0 0.0");
        assert_eq!(nearest(&points, 2.4), Some((2.0, Some(1.0))));
        assert_eq!(nearest(&Vec::new(), 2.4), None);
    }
}
