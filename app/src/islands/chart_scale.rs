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
    /// Ticks each `step` around all of `low..=high`.
    pub fn around(low: f64, high: f64, step: f64) -> Self {
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        Self { low: first * step, high: last * step, ticks: multiples(first, last, step) }
    }

    /// Ticks each `step` within `low..=high`, counted from `zero`; a single value stands in the middle.
    pub fn within(low: f64, high: f64, step: f64, zero: f64) -> Self {
        if high <= low {
            return Self { low: low - 0.5, high: low + 0.5, ticks: vec![low] };
        }
        let (first, last) = (((low - zero) / step).ceil(), ((high - zero) / step).floor());
        let ticks: Vec<f64> = multiples(first, last, step).into_iter().map(|t| t + zero).collect();
        Self { low, high, ticks: if ticks.is_empty() { vec![low] } else { ticks } }
    }

    /// Where `v` lies, 0 at the lower end to 1 at the upper.
    pub fn place(&self, v: f64) -> f64 {
        (v - self.low) / (self.high - self.low)
    }

    /// How far apart the ticks are.
    pub fn step(&self) -> f64 {
        if let [a, b, ..] = self.ticks.as_slice() { b - a } else { self.high - self.low }
    }
}

fn multiples(first: f64, last: f64, step: f64) -> Vec<f64> {
    (0..=(last - first) as i64).map(|i| (first + i as f64) * step).collect()
}

/// A range of some width around what has none.
pub fn wide(low: f64, high: f64) -> (f64, f64) {
    let half = low.abs().max(1.0) * 0.5;
    if high > low { (low, high) } else { (low - half, low + half) }
}

/// 1, 2 or 5 times a power of ten, not below `v`.
pub fn decimal(v: f64) -> f64 {
    let power = 10_f64.powf(v.log10().floor());
    let lead = v / power;
    [1.0, 2.0, 5.0].into_iter().find(|n| lead <= n + 1e-9).unwrap_or(10.0) * power
}

/// A power of two, not below `v`.
pub fn binary(v: f64) -> f64 {
    2_f64.powf((v.log2() - 1e-9).ceil()).max(1.0)
}

/// Milliseconds that a clock counts in: whole seconds, minutes, hours, days; not below `v`.
pub fn clockwise(v: f64) -> f64 {
    const SECONDS: [f64; 18] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0];
    let fits = SECONDS.into_iter().map(|s| s * 1000.0).find(|step| *step >= v);
    fits.unwrap_or_else(|| decimal(v / DAY) * DAY)
}

/// Milliseconds of a day.
pub const DAY: f64 = 86_400_000.0;

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
    fn ticks_of_values_are_round() {
        assert_eq!(Scale::around(0.0, 0.97, decimal(0.97 / 4.0)).ticks, vec![0.0, 0.5, 1.0]);
        assert_eq!(Scale::around(0.0, 0.8, decimal(0.2)).ticks.len(), 5);
        assert_eq!(wide(5.0, 5.0), (2.5, 7.5));
        assert_eq!([0.03, 1.0, 7.0, 11.0].map(decimal), [0.05, 1.0, 10.0, 20.0]);
    }

    #[test]
    fn ticks_of_steps_are_whole_and_where_they_belong() {
        let steps = Scale::within(0.0, 29.0, decimal(29.0 / 6.0), 0.0);
        assert_eq!(steps.ticks, vec![0.0, 5.0, 10.0, 15.0, 20.0, 25.0]);
        assert_eq!((steps.low, steps.high, steps.step()), (0.0, 29.0, 5.0));
        assert_eq!(Scale::within(0.0, 2.0, decimal(2.0 / 6.0).max(1.0), 0.0).ticks, vec![0.0, 1.0, 2.0]);
        let lone = Scale::within(3.0, 3.0, 1.0, 0.0);
        assert_eq!((lone.ticks.as_slice(), lone.place(3.0)), ([3.0].as_slice(), 0.5));
    }

    #[test]
    fn ticks_of_bytes_are_powers_of_two() {
        const MIB: f64 = 1_048_576.0;
        assert_eq!(Scale::around(0.0, 540.0 * MIB, binary(135.0 * MIB)).ticks, [0.0, 256.0, 512.0, 768.0].map(|n| n * MIB));
        assert_eq!([0.0, 1.0, 3.0, 256.0].map(binary), [1.0, 1.0, 4.0, 256.0]);
    }

    #[test]
    fn ticks_of_times_are_what_a_clock_counts_in() {
        assert_eq!([10.0, 22_500.0, 75_000.0, 4.0e6].map(clockwise), [1000.0, 30_000.0, 120_000.0, 7.2e6]);
        assert_eq!(clockwise(1.5 * DAY), 2.0 * DAY);
        assert_eq!(Scale::within(61_000.0, 125_000.0, clockwise(16_000.0), 0.0).ticks, vec![90_000.0, 120_000.0]);
        // Hours of a zone that is half an hour ahead.
        assert_eq!(Scale::within(0.0, 7.2e6, 3.6e6, -1.8e6).ticks, vec![1.8e6, 5.4e6]);
        assert_eq!(Scale::within(100.0, 700.0, 1000.0, 0.0).ticks, vec![100.0]);
    }

    #[test]
    fn gaps_stay_gaps() {
        let points = vec![(0.0, Some(0.0)), (1.0, None), (2.0, Some(1.0)), (3.0, Some(1.0))];
        let (x, y) = (Scale::within(0.0, 3.0, 1.0, 0.0), Scale::within(0.0, 1.0, 1.0, 0.0));
        assert_eq!(paths(&points, &x, &y), ("M666.7 0.0L1000.0 0.0".to_owned(), "M0.0 1000.0h0".to_owned()));
        assert_eq!(extent([&vec![(0.0, None), (1.0, Some(5.0)), (2.0, None)]].into_iter()), Some((0.0, 2.0, 5.0, 5.0)));
        assert_eq!(extent([&vec![(0.0, None)]].into_iter()), None);
        assert_eq!(nearest(&points, 2.4), Some((2.0, Some(1.0))));
        assert_eq!(nearest(&Vec::new(), 2.4), None);
    }
}
