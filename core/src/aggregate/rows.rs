//! The voices of a round as rows of integers: sorted, measured and averaged. Knows no rule.

use super::{VOICES, Voice};
use crate::id::NodeId;
use crate::neuron::{TAPS, WEIGHT_LIMIT};
use crate::q16::Q16;

/// Where rules that measure distances cut weights, as a Q16.16 bit pattern: +-16, four times what
/// a node may send. Differences are then at most 2^21, squares 2^42 and a sum of eight 2^45.
pub const REACH: i32 = 4 * WEIGHT_LIMIT;

/// Extra fractional bits of distances and of points between models.
pub(super) const GRAIN: u32 = 8;

/// One voice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Whose; breaks ties.
    pub node: NodeId,
    /// 0 to 2^16.
    pub influence: i64,
    /// On own samples, where known.
    pub loss: Option<Q16>,
    /// The model, Q16.16.
    pub at: [i32; TAPS],
}

/// The voices of a round.
pub(super) type Rows = heapless::Vec<Row, VOICES>;

/// A point between models, in 2^-24.
pub(super) type Point = [i64; TAPS];

/// How voices are read.
pub(super) struct Reading {
    /// Coordinates in use.
    pub taps: u8,
    /// Whether influence counts.
    pub weighted: bool,
    /// Whether weights beyond [`REACH`] keep their value.
    pub exact: bool,
}

impl Reading {
    /// A voice as a row.
    pub fn row(&self, voice: &Voice) -> Row {
        let (low, high) = if self.exact { (i32::MIN, i32::MAX) } else { (-REACH, REACH) };
        let mut at = [0; TAPS];
        let slots = at.iter_mut().zip(&voice.weights).take(usize::from(self.taps));
        slots.for_each(|(slot, weight)| *slot = weight.to_bits().clamp(low, high));
        let influence = i64::from(voice.influence.to_bits().clamp(0, 1 << 16));
        let influence = if self.weighted { influence } else { 1 << 16 };
        Row { node: voice.node, influence, loss: voice.loss, at }
    }
}

/// Sorts by node. The rest of the key only matters if a node spoke twice.
pub(super) fn sort(rows: &mut [Row]) {
    rows.sort_unstable_by(|a, b| {
        a.node.cmp(&b.node).then_with(|| (a.at, a.influence).cmp(&(b.at, b.influence)))
    });
}

/// `sum / total` rounded to nearest, halves upwards; the total is positive.
pub(super) fn rounded(sum: i64, total: i64) -> i64 {
    (2 * sum + total).div_euclid(2 * total.max(1))
}

/// The mean weighted by influence; the plain mean when nobody has any, zero of nobody.
///
/// Exact but for its rounding: a sum has at most 16 + 31 + 5 bits.
pub(super) fn mean<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> [i32; TAPS] {
    let total: i64 = rows.clone().map(|row| row.influence).sum();
    let plain = i64::from(total == 0);
    let mut sums = [0_i64; TAPS];
    let mut count = 0;
    for row in rows {
        count += 1;
        let influence = row.influence + plain;
        sums.iter_mut().zip(&row.at).for_each(|(sum, x)| *sum += influence * i64::from(*x));
    }
    let total = if plain == 1 { count } else { total };
    sums.map(|sum| rounded(sum, total) as i32)
}

/// The squared distance, in 2^-32. Exact for rows within [`REACH`].
pub(super) fn squared(a: &[i32; TAPS], b: &[i32; TAPS]) -> u64 {
    let square = |(a, b): (&i32, &i32)| {
        // Within the reach no difference wraps; saying so keeps the loop in vector registers.
        let gap = u64::from(a.wrapping_sub(*b).unsigned_abs());
        gap * gap
    };
    a.iter().zip(b).map(square).sum()
}

/// The root of a squared distance, in 2^-24, truncated.
pub(super) fn root(squared: u64) -> i64 {
    (squared << (2 * GRAIN)).isqrt() as i64
}

/// Squared distances of all pairs.
pub(super) type Distances = [[u64; VOICES]; VOICES];

/// The squared distances of `rows` to each other.
pub(super) fn distances(rows: &[Row]) -> Distances {
    let mut all = [[0; VOICES]; VOICES];
    for (i, a) in rows.iter().take(VOICES).enumerate() {
        for (j, b) in rows.iter().take(i).enumerate() {
            let distance = squared(&a.at, &b.at);
            all[i][j] = distance;
            all[j][i] = distance;
        }
    }
    all
}

/// A row as a point.
pub(super) fn point(at: &[i32; TAPS]) -> Point {
    at.map(|x| i64::from(x) << GRAIN)
}

/// The distance of a row and a point, in 2^-24, truncated.
pub(super) fn gap(at: &[i32; TAPS], point: &Point) -> i64 {
    let square = |(a, b): (&i32, &i64)| {
        let gap = ((i64::from(*a) << GRAIN) - b).unsigned_abs();
        gap * gap
    };
    at.iter().zip(point).map(square).sum::<u64>().isqrt() as i64
}

/// A point as Q16.16, rounded to nearest, halves upwards.
pub(super) fn settle(point: &Point) -> [i32; TAPS] {
    point.map(|x| ((x + (1 << (GRAIN - 1))) >> GRAIN) as i32)
}

/// Keeps, of `rows`, the `count` with the least key; equal keys go by node. Order is by key.
pub(super) fn nearest(
    rows: &[Row],
    count: usize,
    key: impl Fn(&Row) -> u64,
) -> heapless::Vec<(u64, usize), VOICES> {
    let mut order: heapless::Vec<(u64, usize), VOICES> =
        rows.iter().take(VOICES).enumerate().map(|(place, row)| (key(row), place)).collect();
    order.sort_unstable();
    order.truncate(count);
    order
}

/// The rows that `order` names.
pub(super) fn picked<'a>(
    rows: &'a [Row],
    order: &'a [(u64, usize)],
) -> impl Iterator<Item = &'a Row> + Clone {
    order.iter().filter_map(|(_, place)| rows.get(*place))
}
