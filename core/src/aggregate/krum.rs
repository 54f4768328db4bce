//! Rules that choose whole models by their distances to each other: Krum, Multi-Krum, Bulyan.
//!
//! Distances are exact integers within [`super::REACH`], so a choice is exact; equal scores go to
//! the lower id.

use super::VOICES;
use super::coordinate::{around_median, median};
use super::rows::{Row, Rows, distances, mean, picked};
use crate::neuron::TAPS;

/// The sum of the `keep` least of the distances. Whichever are fewer, the kept or the others, pass
/// through a chain of slots that holds them in order; no branch depends on a distance.
fn least(distances: &[u64], keep: usize) -> u64 {
    let drop = distances.len().saturating_sub(keep);
    if drop <= keep {
        distances.iter().sum::<u64>() - extreme(distances, drop, false)
    } else {
        extreme(distances, keep, true)
    }
}

/// The sum of the `count` least or greatest.
fn extreme(distances: &[u64], count: usize, is_least: bool) -> u64 {
    match count {
        0 => 0,
        1 => chain::<1>(distances, is_least),
        2 => chain::<2>(distances, is_least),
        3 => chain::<3>(distances, is_least),
        4 => chain::<4>(distances, is_least),
        5 => chain::<5>(distances, is_least),
        6 => chain::<6>(distances, is_least),
        7 => chain::<7>(distances, is_least),
        8 => chain::<8>(distances, is_least),
        _ => longer(distances, count, is_least),
    }
}

/// A short chain, which stays in registers.
fn chain<const N: usize>(distances: &[u64], is_least: bool) -> u64 {
    // Turned over, the least are the greatest.
    let turn = if is_least { u64::MAX } else { 0 };
    let mut slots = [0_u64; N];
    for distance in distances {
        let mut distance = distance ^ turn;
        for slot in &mut slots {
            (distance, *slot) = (distance.min(*slot), distance.max(*slot));
        }
    }
    slots.iter().map(|slot| slot ^ turn).sum()
}

/// A chain of any length.
fn longer(distances: &[u64], count: usize, is_least: bool) -> u64 {
    let mut sorted = [0_u64; VOICES];
    let slots = sorted.iter_mut().zip(distances);
    let length = slots.map(|(slot, distance)| *slot = *distance).count();
    let Some(sorted) = sorted.get_mut(..length) else { return 0 };
    sorted.sort_unstable();
    let from = if is_least { 0 } else { length.saturating_sub(count) };
    sorted.iter().skip(from).take(count).sum()
}

/// Krum's score from the distances of one row to all present, itself included: the sum of those
/// to the n - f - 2 nearest others, at least one. The row itself adds nothing, so it may stay.
fn score(row: &[u64], faulty: usize) -> u64 {
    least(row, row.len().saturating_sub(faulty + 1).max(2).min(row.len()))
}

/// The mean of the `select` models with the best scores, at most n - f; with fewer than three
/// voices the median.
///
/// The choice is exact. One model is itself; a mean of several is within half a unit.
pub(super) fn multi_krum(rows: &[Row], faulty: usize, select: usize) -> [i32; TAPS] {
    let count = rows.len().min(VOICES);
    if count < 3 {
        return median(rows);
    }
    let faulty = faulty.min((count - 3) / 2);
    let all = distances(rows);
    let scored = all.iter().take(count).enumerate();
    let mut order: heapless::Vec<(u64, usize), VOICES> =
        scored.map(|(place, row)| (score(&row[..count], faulty), place)).collect();
    if select == 1 {
        let best = order.iter().min().and_then(|(_, place)| rows.get(*place));
        return best.map_or([0; TAPS], |row| row.at);
    }
    order.sort_unstable();
    order.truncate(select.clamp(1, count - faulty));
    mean(picked(rows, &order))
}

/// Bulyan; with fewer than three voices the median.
///
/// The choice is exact and the mean is rounded once: within half a unit.
pub(super) fn bulyan(rows: &[Row], faulty: usize) -> [i32; TAPS] {
    let count = rows.len().min(VOICES);
    if count < 3 {
        return median(rows);
    }
    let faulty = faulty.min((count - 3) / 4);
    let all = distances(rows);
    let mut left: heapless::Vec<usize, VOICES> = (0..count).collect();
    let mut chosen = [false; VOICES];
    for _ in 0..count - 2 * faulty {
        let scored = left.iter().filter_map(|place| {
            let row = all.get(*place)?;
            let present: heapless::Vec<u64, VOICES> =
                left.iter().filter_map(|other| row.get(*other).copied()).collect();
            Some((score(&present, faulty), *place))
        });
        let Some((_, best)) = scored.min() else { break };
        left.retain(|place| *place != best);
        chosen.iter_mut().skip(best).take(1).for_each(|chosen| *chosen = true);
    }
    let chosen = rows.iter().zip(chosen).filter(|(_, chosen)| *chosen);
    let chosen: Rows = chosen.map(|(row, _)| *row).collect();
    around_median(&chosen, 2 * faulty)
}
