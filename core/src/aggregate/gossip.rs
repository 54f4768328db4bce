//! Rules that start from the own model: rows are the peers alone.
//!
//! Distances are squared exactly; lengths and steps are carried at 2^-24. Unless said otherwise a
//! result is within 0.52 of a unit in the last place: half by the last rounding, and at most 4
//! units of 2^-24 by the truncated radius, the cut and the mean.

use super::centre::{advance, clip, length};
use super::rows::{Row, mean, nearest, picked, point, root, rounded, settle, squared};
use crate::neuron::TAPS;
use crate::q16::{Q16, exp2_neg};

/// log2(e) as Q16.16, rounded.
const LOG2_E: i64 = 94_548;

/// From `start` by the mean of the differences, each cut to `radius`; the own model weighs as one
/// voice with a difference of zero.
fn step(rows: &[Row], start: &Row, radius: i64) -> [i32; TAPS] {
    let total = start.influence + rows.iter().map(|row| row.influence).sum::<i64>();
    let from = point(&start.at);
    let mut pull = [0_i64; TAPS];
    for row in rows {
        let distance = root(squared(&row.at, &start.at));
        for ((pull, x), z) in pull.iter_mut().zip(&point(&row.at)).zip(&from) {
            *pull += row.influence * clip(x - z, distance, radius);
        }
    }
    let mut centre = from;
    advance(&mut centre, &pull, total);
    settle(&centre)
}

/// `ClippedGossip`: without suspects, or where they have no influence, nothing is cut.
pub(super) fn clipped(rows: &[Row], start: &Row, faulty: usize) -> [i32; TAPS] {
    let order = nearest(rows, rows.len(), |row| squared(&row.at, &start.at));
    let (near, far) = order.split_at(rows.len().saturating_sub(faulty));
    let suspect: i64 = picked(rows, far).map(|row| row.influence).sum();
    if suspect == 0 {
        return step(rows, start, i64::MAX);
    }
    let weighted = |(distance, row): (&(u64, usize), &Row)| {
        u128::from(distance.0) * u128::from(row.influence.unsigned_abs())
    };
    let sum: u128 = near.iter().zip(picked(rows, near)).map(weighted).sum();
    let square = sum / u128::from(suspect.unsigned_abs());
    // A sum has at most 67 bits, so its root in 2^-24 has at most 42.
    let radius = (square << 16).isqrt();
    step(rows, start, radius as i64)
}

/// `CS+`.
pub(super) fn cs_plus(rows: &[Row], start: &Row, faulty: usize) -> [i32; TAPS] {
    let order = nearest(rows, rows.len(), |row| squared(&row.at, &start.at));
    let limit = rows.len().saturating_sub(2 * faulty).checked_sub(1);
    match limit.and_then(|place| order.get(place)) {
        Some((distance, _)) => step(rows, start, root(*distance)),
        None => start.at,
    }
}

/// Nearest-neighbour averaging: the choice is exact and the mean within half a unit.
pub(super) fn nna(rows: &[Row], start: &Row, faulty: usize) -> [i32; TAPS] {
    let keep = rows.len() - faulty.min(rows.len() / 2);
    let order = nearest(rows, keep, |row| squared(&row.at, &start.at));
    mean(picked(rows, &order).chain(core::iter::once(start)))
}

/// How far a peer may be from `start`, in 2^-24: `radius * exp(-decay * round / horizon)` times
/// the norm of the own model. The exponential is good to 2^-10 of itself.
pub(super) fn balance_radius(
    start: &Row,
    radius: Q16,
    decay: Q16,
    round: u32,
    horizon: u32,
) -> i64 {
    let horizon = i64::from(horizon.max(1));
    let elapsed = i64::from(round).min(horizon);
    let exponent = (i64::from(decay.to_bits().max(0)) * elapsed / horizon * LOG2_E) >> 16;
    let exponent = Q16::from_bits(exponent.min(i64::from(i32::MAX)) as i32);
    let left = i64::from(exp2_neg(exponent).to_bits());
    let share = (i64::from(radius.to_bits().max(0)) * left) >> 16;
    let norm = i128::from(root(squared(&start.at, &[0; TAPS])));
    ((norm * i128::from(share)) >> 16).min(i128::from(length(Q16::MAX))) as i64
}

/// BALANCE: within 1 unit, as the mean and the mix are rounded one after the other.
pub(super) fn balance(rows: &[Row], start: &Row, radius: i64, own_share: Q16) -> [i32; TAPS] {
    let order = nearest(rows, rows.len(), |row| squared(&row.at, &start.at));
    let near = order.iter().take_while(|(distance, _)| root(*distance) <= radius).count();
    let (accepted, _) = order.split_at(near);
    mix(rows, start, accepted, own_share)
}

/// UBAR: the choice is exact for given losses; the mix is within 1 unit.
pub(super) fn ubar(rows: &[Row], start: &Row, keep: Q16, own_share: Q16) -> [i32; TAPS] {
    let share = keep.to_bits().clamp(0, 1 << 16) as usize;
    let count = ((rows.len() * share) >> 16).max(1);
    let mut order = nearest(rows, count, |row| squared(&row.at, &start.at));
    if let Some(own) = start.loss {
        let loss = |place: usize| rows.get(place).and_then(|row| row.loss).unwrap_or(Q16::MAX);
        let least = order.iter().map(|(_, place)| (loss(*place), *place)).min();
        let only = least.filter(|(loss, _)| *loss > own).map(|(_, place)| place);
        order.retain(|(_, place)| loss(*place) <= own || only == Some(*place));
    }
    mix(rows, start, &order, own_share)
}

/// The own model and the mean of the chosen peers; the own model if there are none.
fn mix(rows: &[Row], start: &Row, chosen: &[(u64, usize)], own_share: Q16) -> [i32; TAPS] {
    if chosen.is_empty() {
        return start.at;
    }
    let others = mean(picked(rows, chosen));
    let share = i64::from(own_share.to_bits().clamp(0, 1 << 16));
    let mut mixed = start.at;
    for (own, other) in mixed.iter_mut().zip(&others) {
        let sum = i64::from(*own) * share + i64::from(*other) * ((1 << 16) - share);
        *own = rounded(sum, 1 << 16) as i32;
    }
    mixed
}
