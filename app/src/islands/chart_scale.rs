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

    /// `n` even ticks within `low..=high`, ends included; a single value stands in the middle.
    pub fn even(low: f64, high: f64, n: usize) -> Self {
        if high <= low {
            return Self { low: low - 0.5, high: low + 0.5, ticks: vec![low] };
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

/// Smallest and largest `x` (gaps have one too), smallest and largest `y` of all curves; nothing where there is no value.
pub fn extent<'a>(curves: impl Iterator<Item = &'a Points>) -> Option<(f64, f64, f64, f64)> {
    let (mut xs, mut ys) = (None, None);
    let grow = |range: &mut Option<(f64, f64)>, v: f64| *range = Some(range.map_or((v, v), |(a, b)| (a.min(v), b.max(v))));
    for (x, y) in curves.flatten() {
        grow(&mut xs, *x);
        if let Some(y) = y.filter(|y| y.is_finite()) {
            grow(&mut ys, y);
        }
    }
    let ((x0, x1), (y0, y1)) = (xs?, ys?);
    Some((x0, x1, y0, y1))
}

/// SVG paths of a curve in a box of 1000 by 1000: its lines, which gaps interrupt, and its lone points, of which no line would be seen.
pub fn paths(points: &Points, x: &Scale, y: &Scale) -> (String, String) {
    let (mut lines, mut dots) = (String::with_capacity(points.len() * 12), String::new());
    let value = |p: &(f64, Option<f64>)| p.1.filter(|v| v.is_finite()).map(|v| (p.0, v));
    for part in points.split(|p| value(p).is_none()) {
        let out = if part.len() == 1 { &mut dots } else { &mut lines };
        for (i, (px, py)) in part.iter().filter_map(value).enumerate() {
            let _ = write!(out, "{}{:.1} {:.1}", if i == 0 { "M" } else { "L" }, x.place(px) * 1000.0, (1.0 - y.place(py)) * 1000.0);
        }
        if part.len() == 1 {
            // With round ends a line of no length is a dot.
            out.push_str("h0");
        }
    }
    (lines, dots)
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
        let lone = Scale::even(3.0, 3.0, 4);
        assert_eq!((lone.ticks.as_slice(), lone.place(3.0)), ([3.0].as_slice(), 0.5));
    }

    #[test]
    fn gaps_stay_gaps() {
        let points = vec![(0.0, Some(0.0)), (1.0, None), (2.0, Some(1.0)), (3.0, Some(1.0))];
        let (x, y) = (Scale::even(0.0, 3.0, 3), Scale::even(0.0, 1.0, 1));
        assert_eq!(paths(&points, &x, &y), ("M666.7 0.0L1000.0 0.0".to_owned(), "M0.0 1000.0h0".to_owned()));
        assert_eq!(extent([&vec![(0.0, None), (1.0, Some(5.0)), (2.0, None)]].into_iter()), Some((0.0, 2.0, 5.0, 5.0)));
        assert_eq!(extent([&vec![(0.0, None)]].into_iter()), None);
        assert_eq!(nearest(&points, 2.4), Some((2.0, Some(1.0))));
        assert_eq!(nearest(&Vec::new(), 2.4), None);
    }
}
