//! Rules that look at one coordinate at a time: trimmed mean, median, mean around the median.
//!
//! All rest on ranks found by counting: a value's rank is how many others are smaller, of equals
//! those of lower id. There is no branch on a value, all coordinates are counted side by side, and
//! time does not depend on what was sent.

use super::VOICES;
use super::rows::{Row, rounded};
use crate::neuron::TAPS;

type Ranks = heapless::Vec<[i32; TAPS], VOICES>;

/// Each value's place in its coordinate's ascending order; rows are sorted by node.
fn ranks(rows: &[Row]) -> Ranks {
    let mut ranks = Ranks::new();
    for (place, row) in rows.iter().take(VOICES).enumerate() {
        let mut own = [place as i32; TAPS];
        for (other, rank) in rows.iter().zip(ranks.iter_mut()) {
            for (((rank, own), other), value) in
                rank.iter_mut().zip(&mut own).zip(&other.at).zip(&row.at)
            {
                // All before have a lower id, so only a greater value goes after this one.
                let above = i32::from(other > value);
                *rank += above;
                *own -= above;
            }
        }
        let _ = ranks.push(own);
    }
    ranks
}

/// The weighted trimmed mean; `trim` is at most what leaves one or two.
///
/// The sum and the weights are exact integers and there is one rounding, so each coordinate is
/// within half a unit in the last place of the rational result.
pub(super) fn trimmed_mean(rows: &[Row], trim: usize) -> [i32; TAPS] {
    let low = trim.min(rows.len().saturating_sub(1) / 2);
    if low == 0 {
        return super::rows::mean(rows.iter());
    }
    let Trimmed { sums, totals, plain } = trimmed(rows, low);
    let count = (rows.len() - 2 * low) as i64;
    core::array::from_fn(|tap| {
        let weighted = totals[tap] > 0;
        let (sum, total) = if weighted { (sums[tap], totals[tap]) } else { (plain[tap], count) };
        rounded(sum, total) as i32
    })
}

/// The trimmed mean of rows whose influences are shares of 1: what is cut off goes to `own`, so
/// that no row weighs more than its share. Rounded once.
pub(super) fn anchored_mean(rows: &[Row], trim: usize, own: &Row) -> [i32; TAPS] {
    let Trimmed { sums, totals, .. } = trimmed(rows, trim.min(rows.len().saturating_sub(1) / 2));
    core::array::from_fn(|tap| {
        let left = ((1 << 16) - totals[tap]).max(0);
        let own = i64::from(own.at.get(tap).copied().unwrap_or(0));
        rounded(sums[tap] + left * own, totals[tap] + left) as i32
    })
}

/// What is left in each coordinate.
struct Trimmed {
    /// Of influence times value.
    sums: [i64; TAPS],
    /// Of influence.
    totals: [i64; TAPS],
    /// Of values.
    plain: [i64; TAPS],
}

/// Drops the `low` smallest and largest of each coordinate and adds up the rest.
fn trimmed(rows: &[Row], low: usize) -> Trimmed {
    let kept = low as i32..(rows.len() - low) as i32;
    let ranks = ranks(rows);
    let (mut sums, mut totals, mut plain) = ([0_i64; TAPS], [0_i64; TAPS], [0_i64; TAPS]);
    for (row, rank) in rows.iter().zip(&ranks) {
        for tap in 0..TAPS {
            let (Some(rank), Some(value)) = (rank.get(tap), row.at.get(tap)) else { continue };
            let keep = i64::from(kept.contains(rank));
            let (value, influence) = (keep * i64::from(*value), keep * row.influence);
            sums[tap] += value * influence;
            totals[tap] += influence;
            plain[tap] += value;
        }
    }
    Trimmed { sums, totals, plain }
}

/// One coordinate's values with their influence, ascending.
fn column(rows: &[Row], ranks: &Ranks, tap: usize) -> heapless::Vec<(i32, i64), VOICES> {
    let total: i64 = rows.iter().map(|row| row.influence).sum();
    let plain = i64::from(total == 0);
    let mut column: heapless::Vec<(i32, i64), VOICES> =
        rows.iter().take(VOICES).map(|_| (0, 0)).collect();
    for (row, rank) in rows.iter().zip(ranks) {
        if let (Some(value), Some(rank)) = (row.at.get(tap), rank.get(tap))
            && let Some(slot) = column.get_mut(*rank as usize)
        {
            *slot = (*value, row.influence + plain);
        }
    }
    column
}

/// Twice the weighted median of an ascending column: the first value with at least half of the
/// influence up to it plus the first with more than half. Equal weights give the usual median.
fn twice_median(column: &[(i32, i64)]) -> i64 {
    let total: i64 = column.iter().map(|(_, influence)| influence).sum();
    let first = |enough: fn(i64, i64) -> bool| {
        let mut below = 0;
        let reached = |(_, influence): &&(i32, i64)| {
            below += 2 * influence;
            enough(below, total)
        };
        column.iter().find(reached).map_or(0, |(value, _)| i64::from(*value))
    };
    first(|below, total| below >= total) + first(|below, total| below > total)
}

/// Twice the weighted median of each coordinate.
pub(super) fn twice_medians(rows: &[Row]) -> [i64; TAPS] {
    let ranks = ranks(rows);
    core::array::from_fn(|tap| twice_median(&column(rows, &ranks, tap)))
}

/// The weighted median: exact, or half a unit above where it falls between two values.
pub(super) fn median(rows: &[Row]) -> [i32; TAPS] {
    twice_medians(rows).map(|twice| ((twice + 1) >> 1) as i32)
}

/// The mean of all but the `drop` values farthest from the median; of equally far ones that of
/// higher id goes first. `drop` is at most what leaves more than half.
///
/// Distances are compared exactly (twice the value against twice the median), and the mean is
/// rounded once: within half a unit.
pub(super) fn meamed(rows: &[Row], drop: usize) -> [i32; TAPS] {
    around_median(rows, drop.min(rows.len().saturating_sub(1) / 2))
}

/// [`meamed`] without its limit.
pub(super) fn around_median(rows: &[Row], drop: usize) -> [i32; TAPS] {
    let medians = twice_medians(rows);
    let keep = rows.len().saturating_sub(drop).max(1);
    let mut tap = 0;
    medians.map(|median| {
        let value = |row: &Row| i64::from(row.at.get(tap).copied().unwrap_or(0));
        let order = super::rows::nearest(rows, keep, |row| (2 * value(row)).abs_diff(median));
        let kept = super::rows::picked(rows, &order);
        let total: i64 = kept.clone().map(|row| row.influence).sum();
        let mean = if total > 0 {
            rounded(kept.map(|row| row.influence * value(row)).sum(), total)
        } else {
            rounded(kept.map(value).sum(), order.len() as i64)
        };
        tap += 1;
        mean as i32
    })
}
