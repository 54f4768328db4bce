//! Rules that move a point towards the models step by step: geometric median, centred clipping.
//!
//! Points are carried at 2^-24, 256 times finer than the models, and rounded once at the end.

use super::coordinate::twice_medians;
use super::rows::{GRAIN, Point, Row, gap, point, rounded, settle};
use crate::neuron::TAPS;
use crate::q16::Q16;

/// A distance in 2^-24 from Q16.16; never negative.
pub(super) fn length(value: Q16) -> i64 {
    i64::from(value.to_bits().max(0)) << GRAIN
}

/// The row's influence, scaled so that the largest has its 16th bit; equal when nobody has any.
fn influences(rows: &[Row]) -> impl Fn(&Row) -> i64 {
    let largest = rows.iter().map(|row| row.influence).max().unwrap_or(0);
    let shift = (largest.max(1).leading_zeros()).saturating_sub(i64::BITS - 16);
    let plain = i64::from(largest == 0);
    move |row| (row.influence + plain) << shift
}

/// The geometric median weighted by influence.
///
/// A step is z + sum(b (x - z)) / sum(b) with b = influence * 2^40 / max(smoothing, |x - z|),
/// rounded. Each product stays below 2^57 because no coordinate of x - z is longer than the vector.
/// The error is checked, not proven: against an independent implementation in floating point it
/// stays within `steps / 256` and a half of a unit in the last place. Why it should: where models
/// are within 1 of each other a step errs by at most 1 unit of 2^-24, half by its rounding, and by
/// the weights, which have 31 bits, and the truncated roots, less than the other half. Near its end
/// the step map does not stretch (its slope is at most the weighted mean of
/// |x - z| / max(smoothing, |x - z|)), but on the way there it may.
pub(super) fn geometric_median(rows: &[Row], smoothing: Q16, steps: u8) -> [i32; TAPS] {
    const WEIGHT_BITS: u32 = 40;
    let floor = length(smoothing.max(Q16::from_bits(1 << 6)));
    let influence = influences(rows);
    let mut centre = twice_medians(rows).map(|twice| twice << (GRAIN - 1));
    for _ in 0..steps {
        let (mut pull, mut total) = ([0_i64; TAPS], 0_i64);
        for row in rows {
            let distance = gap(&row.at, &centre).max(floor);
            let weight = ((influence(row) << WEIGHT_BITS) + distance / 2) / distance;
            total += weight;
            for ((pull, x), z) in pull.iter_mut().zip(&point(&row.at)).zip(&centre) {
                *pull += weight * (x - z);
            }
        }
        advance(&mut centre, &pull, total);
    }
    settle(&centre)
}

/// Centred clipping, starting at `start`.
///
/// A cut difference errs by at most 1.5 units of 2^-24 (its rounding, and the truncated root in
/// its divisor), their mean by as much, and the step's own rounding by half: 2 units. A step does
/// not stretch distances (each cut is a projection onto a ball, so v -> v + mean(cut(x - v)) has
/// slopes between 0 and 1), so after `steps` the error is at most `2 * steps / 256` and a half of
/// a unit in the last place: under 0.75 unit for the 32 steps allowed.
pub(super) fn centred_clipping(rows: &[Row], start: &Row, radius: Q16, steps: u8) -> [i32; TAPS] {
    let radius = length(radius);
    let influence = influences(rows);
    let total = rows.iter().map(&influence).sum();
    let mut centre = point(&start.at);
    for _ in 0..steps {
        let mut pull = [0_i64; TAPS];
        for row in rows {
            let distance = gap(&row.at, &centre);
            let cut = |x: i64| clip(x, distance, radius);
            for ((pull, x), z) in pull.iter_mut().zip(&point(&row.at)).zip(&centre) {
                *pull += influence(row) * cut(x - z);
            }
        }
        advance(&mut centre, &pull, total);
    }
    settle(&centre)
}

/// `part * min(1, radius / distance)`, rounded to nearest; `part` is a coordinate of a vector of
/// that length.
pub(super) fn clip(part: i64, distance: i64, radius: i64) -> i64 {
    if distance <= radius { part } else { rounded(part * radius, distance) }
}

/// `centre += pull / total`, rounded to nearest.
pub(super) fn advance(centre: &mut Point, pull: &Point, total: i64) {
    if total > 0 {
        centre.iter_mut().zip(pull).for_each(|(z, pull)| *z += rounded(*pull, total));
    }
}
