//! Where the boxes of a graph stand: layers from the left to the right, few crossings, straight lines where they can be. Bounded work without
//! recursion, as what is drawn was uploaded: a chain of thousands is a graph like any other. The same graph always looks the same.

use std::collections::HashMap;

/// Width of a box, pixels.
pub const WIDTH: f64 = 150.0;
/// Height of a box, pixels.
pub const HEIGHT: f64 = 44.0;
/// Between two layers, pixels.
const ACROSS: f64 = 40.0;
/// Between two boxes of a layer, pixels.
const BETWEEN: f64 = 28.0;
/// Around a line that passes boxes, pixels.
const BESIDE: f64 = 12.0;
/// Around all of it, pixels.
const MARGIN: f64 = 20.0;
/// How often the order within layers is bettered.
const ORDERINGS: usize = 12;
/// How often boxes are moved towards those they are connected with.
const MOVES: usize = 8;
/// Lines past boxes are bent around them as long as that takes no more than so many places.
const MOST_BENDS: usize = 20_000;

/// Where everything stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Left upper corner of each box.
    pub boxes: Vec<(f64, f64)>,
    /// Of each edge: where its line passes other layers, from left to right: x and y where it comes in; it leaves [`WIDTH`] further.
    pub bends: Vec<Vec<(f64, f64)>>,
    /// Of all of it.
    pub width: f64,
    /// Of all of it.
    pub height: f64,
}

/// Places `n` boxes. `edges` name boxes below `n`; what would lead in a circle is not drawn as an edge from left to right.
pub fn layout(n: usize, edges: &[(usize, usize)]) -> Layout {
    let layer = layers(n, edges);
    let mut plan = Plan::new(&layer, edges);
    plan.order();
    let y = plan.heights();
    let top = y.iter().zip(&plan.half).map(|(y, half)| y - half).fold(f64::MAX, f64::min);
    let x = |at: usize| MARGIN + at as f64 * (WIDTH + ACROSS);
    let down = |v: usize| y[v] - top + MARGIN;
    let bends = plan.chains.iter().map(|chain| chain.iter().map(|&v| (x(plan.layer[v]), down(v))).collect());
    let bottom = y.iter().zip(&plan.half).map(|(y, half)| y + half).fold(top, f64::max);
    let depth = layer.iter().copied().max().map_or(0.0, |last| x(last) + WIDTH + MARGIN);
    Layout {
        boxes: (0..n).map(|v| (x(layer[v]), down(v) - HEIGHT / 2.0)).collect(),
        bends: bends.collect(),
        width: depth,
        height: if n == 0 { 0.0 } else { bottom - top + 2.0 * MARGIN },
    }
}

/// The layer of each box: behind all that it waits for; what waits for nothing stands right before who waits for it.
fn layers(n: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let (mut after, mut waits) = (vec![Vec::new(); n], vec![0_usize; n]);
    for &(from, to) in edges {
        after[from].push(to);
        waits[to] += 1;
    }
    let roots: Vec<usize> = (0..n).filter(|v| waits[*v] == 0).collect();
    let mut layer = vec![0_usize; n];
    let mut ready = roots.clone();
    while let Some(v) = ready.pop() {
        for &next in &after[v] {
            layer[next] = layer[next].max(layer[v] + 1);
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.push(next);
            }
        }
    }
    for root in roots {
        if let Some(next) = after[root].iter().map(|v| layer[*v]).min() {
            layer[root] = next.saturating_sub(1);
        }
    }
    layer
}

/// Boxes, and behind them the places where lines pass a layer.
struct Plan {
    layer: Vec<usize>,
    /// Half the height.
    half: Vec<f64>,
    rows: Vec<Vec<usize>>,
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    /// The places of each edge.
    chains: Vec<Vec<usize>>,
}

impl Plan {
    fn new(layer: &[usize], edges: &[(usize, usize)]) -> Self {
        let n = layer.len();
        let long: usize = edges.iter().map(|(a, b)| layer[*b].saturating_sub(layer[*a] + 1)).sum();
        let bent = long <= MOST_BENDS;
        let mut plan = Self {
            layer: layer.to_vec(),
            half: vec![HEIGHT / 2.0; n],
            rows: Vec::new(),
            before: vec![Vec::new(); n],
            after: vec![Vec::new(); n],
            chains: Vec::with_capacity(edges.len()),
        };
        // Lines of one box run together as far as they can.
        let mut shared: HashMap<(usize, usize), usize> = HashMap::new();
        for &(from, to) in edges {
            let (mut last, mut chain) = (from, Vec::new());
            for at in (layer[from] + 1..layer[to]).filter(|_| bent) {
                let known = shared.get(&(from, at)).copied();
                let place = known.unwrap_or_else(|| {
                    plan.layer.push(at);
                    plan.half.push(0.0);
                    plan.before.push(Vec::new());
                    plan.after.push(Vec::new());
                    plan.layer.len() - 1
                });
                if known.is_none() {
                    shared.insert((from, at), place);
                    plan.join(last, place);
                }
                chain.push(place);
                last = place;
            }
            if layer[to] > layer[from] {
                plan.join(last, to);
            }
            plan.chains.push(chain);
        }
        plan.rows = vec![Vec::new(); plan.layer.iter().copied().max().map_or(0, |last| last + 1)];
        for (v, at) in plan.layer.iter().enumerate() {
            plan.rows[*at].push(v);
        }
        plan
    }

    fn join(&mut self, from: usize, to: usize) {
        self.after[from].push(to);
        self.before[to].push(from);
    }

    /// Puts each layer in the order of what it is connected with, back and forth; the order with the fewest crossings stays.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        for turn in 0..ORDERINGS {
            if best.0 == 0 {
                break;
            }
            let mut place = self.places();
            let forth = turn % 2 == 0;
            let count = self.rows.len();
            for i in 1..count {
                let at = if forth { i } else { count - 1 - i };
                let beside = if forth { &self.before } else { &self.after };
                let mean = |v: usize| {
                    let near = &beside[v];
                    if near.is_empty() { place[v] } else { near.iter().map(|u| place[*u]).sum::<f64>() / near.len() as f64 }
                };
                let mut row: Vec<(f64, usize)> = self.rows[at].iter().map(|v| (mean(*v), *v)).collect();
                row.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.rows[at] = row.into_iter().map(|(_, v)| v).collect();
                for (i, v) in self.rows[at].iter().enumerate() {
                    place[*v] = i as f64;
                }
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
        }
        self.rows = best.1;
    }

    fn places(&self) -> Vec<f64> {
        let mut place = vec![0.0; self.layer.len()];
        for row in &self.rows {
            for (i, v) in row.iter().enumerate() {
                place[*v] = i as f64;
            }
        }
        place
    }

    /// How often lines cross.
    fn crossings(&self) -> u64 {
        let place = self.places();
        let mut total = 0;
        for row in &self.rows {
            // Pairs of lines whose ends lie in the other order than their beginnings, counted in a tree of sums.
            let ends = row.iter().flat_map(|v| {
                let mut ends: Vec<usize> = self.after[*v].iter().map(|u| place[*u] as usize).collect();
                ends.sort_unstable();
                ends
            });
            let ends: Vec<usize> = ends.collect();
            let mut sums = vec![0_u64; ends.iter().max().map_or(0, |m| m + 2)];
            for (seen, end) in ends.iter().enumerate() {
                let (mut at, mut below) = (end + 1, 0);
                while at > 0 {
                    below += sums[at];
                    at &= at - 1;
                }
                total += seen as u64 - below;
                at = end + 1;
                while at < sums.len() {
                    sums[at] += 1;
                    at += at & at.wrapping_neg();
                }
            }
        }
        total
    }

    /// The middle of everything, from above: as near to the middle of what it is connected with as its neighbours leave room.
    fn heights(&self) -> Vec<f64> {
        let mut y = vec![0.0; self.layer.len()];
        for row in &self.rows {
            let offsets = self.offsets(row);
            let middle = offsets.last().copied().unwrap_or_default() / 2.0;
            for (v, offset) in row.iter().zip(offsets) {
                y[*v] = offset - middle;
            }
        }
        let count = self.rows.len();
        for turn in 0..MOVES {
            for i in 0..count {
                let row = &self.rows[if turn % 2 == 0 { i } else { count - 1 - i }];
                let wanted = row.iter().map(|v| {
                    let near = self.before[*v].iter().chain(&self.after[*v]);
                    let (sum, n) = near.fold((0.0, 0.0), |(sum, n), u| (sum + y[*u], n + 1.0));
                    if n > 0.0 { sum / n } else { y[*v] }
                });
                let wanted: Vec<f64> = wanted.collect();
                for (v, at) in row.iter().zip(apart(&wanted, &self.offsets(row))) {
                    y[*v] = at;
                }
            }
        }
        y
    }

    /// How far below the first of a layer each stands at least.
    fn offsets(&self, row: &[usize]) -> Vec<f64> {
        let mut at = 0.0;
        let mut out = Vec::with_capacity(row.len());
        for (i, v) in row.iter().enumerate() {
            if i > 0 {
                let (a, b) = (self.half[row[i - 1]], self.half[*v]);
                at += a + b + if a > 0.0 && b > 0.0 { BETWEEN } else { BESIDE };
            }
            out.push(at);
        }
        out
    }
}

/// The places nearest to those that are wanted (least squares) that keep the order and the distances of `offsets`: who would stand in each
/// other's way becomes a block that stands where its members want it on average.
fn apart(wanted: &[f64], offsets: &[f64]) -> Vec<f64> {
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (want, offset) in wanted.iter().zip(offsets) {
        let mut block = (want - offset, 1);
        while let Some((mean, n)) = blocks.pop_if(|(mean, _)| *mean > block.0) {
            let all = n + block.1;
            block = ((mean * n as f64 + block.0 * block.1 as f64) / all as f64, all);
        }
        blocks.push(block);
    }
    let places = blocks.into_iter().flat_map(|(mean, n)| std::iter::repeat_n(mean, n));
    places.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaps(layout: &Layout) -> usize {
        let mut boxes = layout.boxes.clone();
        boxes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        boxes.windows(2).filter(|w| w[0].0 == w[1].0 && w[1].1 - w[0].1 < HEIGHT + BETWEEN - 0.01).count()
    }

    #[test]
    fn a_fan_stands_around_its_ends() {
        // load, split, three features, train, evaluate, register
        let edges = [(0, 1), (1, 2), (1, 3), (1, 4), (2, 5), (3, 5), (4, 5), (5, 6), (5, 7)];
        let l = layout(8, &edges);
        assert_eq!(overlaps(&l), 0);
        let y = |v: usize| l.boxes[v].1;
        assert!((y(0) - y(1)).abs() < 1.0 && (y(1) - y(3)).abs() < 1.0 && (y(3) - y(5)).abs() < 1.0, "{:?}", l.boxes);
        assert!((y(2) + y(4) - 2.0 * y(3)).abs() < 1.0 && (y(6) + y(7) - 2.0 * y(5)).abs() < 1.0, "{:?}", l.boxes);
        assert!(l.boxes.iter().all(|(x, y)| *x >= 0.0 && *y >= 0.0 && x + WIDTH <= l.width && y + HEIGHT <= l.height), "{l:?}");
        assert_eq!(l, layout(8, &edges));
    }

    #[test]
    fn lines_pass_beside_boxes() {
        // 0 -> 1 -> 2 -> 3 and 0 -> 3
        let l = layout(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
        assert_eq!(l.bends[3].len(), 2);
        for (bend, of) in l.bends[3].iter().zip([1, 2]) {
            let (x, top) = l.boxes[of];
            assert_eq!(bend.0, x);
            assert!(bend.1 < top || bend.1 > top + HEIGHT, "{bend:?} runs through {top}");
        }
    }

    #[test]
    fn crossings_that_need_not_be_are_none() {
        // Two chains whose ends were named in the other order.
        let edges = [(0, 3), (1, 2), (2, 5), (3, 4)];
        let l = layout(6, &edges);
        let below = |a: usize, b: usize| l.boxes[a].1 > l.boxes[b].1;
        assert_eq!([below(0, 1), below(3, 2), below(4, 5)].iter().collect::<std::collections::BTreeSet<_>>().len(), 1);
    }

    #[test]
    fn any_shape_is_placed() {
        assert_eq!(layout(0, &[]).height, 0.0);
        // A circle, a chain of thousands, a wide fan, lines past all of them.
        layout(2, &[(0, 1), (1, 0)]);
        let n = 5000;
        let mut chain: Vec<(usize, usize)> = (1..n).map(|i| (i - 1, i)).collect();
        chain.extend([(0, n - 1), (17, 4000)]);
        assert_eq!(overlaps(&layout(n, &chain)), 0);
        let fan: Vec<(usize, usize)> = (1..499).flat_map(|i| [(0, i), (i, 499)]).collect();
        let l = layout(500, &fan);
        assert_eq!(overlaps(&l), 0);
        let middle = |v: usize| l.boxes[v].1 + HEIGHT / 2.0;
        assert!((middle(0) - l.height / 2.0).abs() < 1.0 && (middle(499) - l.height / 2.0).abs() < 1.0);
    }
}
