//! Robust aggregation: many models in, one out, with integers only.
//!
//! Per coordinate: sort by (value, node), drop the `f` smallest and `f` largest, and average the
//! rest weighted by influence. The order of these steps is fixed; the quotient is rounded to
//! nearest. A coordinate-wise trimmed mean (Yin, Chen, Ramchandran and Bartlett, "Byzantine-robust
//! distributed learning", 2018), here weighted by reputation.

use crate::id::NodeId;
use crate::inbox::OFFERS;
use crate::neuron::TAPS;
use crate::q16::Q16;

/// Models that can be merged at once: a full inbox and the node's own.
pub const VOICES: usize = OFFERS + 1;

/// One model with its weight in the average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Whose model; breaks ties.
    pub node: NodeId,
    /// Weight in the average, 0 to 1.
    pub influence: Q16,
    /// The model.
    pub weights: [Q16; TAPS],
}

/// The weighted trimmed mean of the first `taps` coordinates; the rest are zero.
///
/// `trim` is dropped at each end; when that would leave nobody, the median is left (of an even
/// number, the middle two). `None` without voices.
#[must_use]
pub fn trimmed_mean(voices: &[Voice], taps: u8, trim: u8) -> Option<[Q16; TAPS]> {
    let count = voices.len().min(VOICES);
    let most = count.checked_sub(1)? / 2;
    let trim = usize::from(trim).min(most);
    let mut merged = [Q16::ZERO; TAPS];
    for (tap, slot) in merged.iter_mut().enumerate().take(usize::from(taps)) {
        let mut column: heapless::Vec<(Q16, NodeId, Q16), VOICES> = voices
            .iter()
            .take(VOICES)
            .filter_map(|v| Some((*v.weights.get(tap)?, v.node, v.influence)))
            .collect();
        column.sort_unstable_by_key(|(value, node, _)| (*value, *node));
        *slot = mean(column.get(trim..column.len().checked_sub(trim)?)?);
    }
    Some(merged)
}

/// The weighted mean, rounded to nearest; the plain mean when nobody has influence.
fn mean(column: &[(Q16, NodeId, Q16)]) -> Q16 {
    let total: i64 = column.iter().map(|(.., influence)| i64::from(influence.to_bits())).sum();
    let (sum, total) = if total > 0 {
        let product = |(value, _, influence): &(Q16, NodeId, Q16)| {
            i64::from(value.to_bits()) * i64::from(influence.to_bits())
        };
        (column.iter().map(product).sum::<i64>(), total)
    } else {
        let sum = column.iter().map(|(value, ..)| i64::from(value.to_bits())).sum();
        (sum, column.len().max(1) as i64)
    };
    Q16::from_bits((2 * sum + total).div_euclid(2 * total) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn voice(node: u32, influence: i32, value: i32) -> Voice {
        let weights = [Q16::from_bits(value); TAPS];
        Voice { node: NodeId(node), influence: Q16::from_bits(influence), weights }
    }

    fn merged(voices: &[Voice], trim: u8) -> i32 {
        trimmed_mean(voices, TAPS as u8, trim).expect("voices")[0].to_bits()
    }

    #[test]
    fn drops_both_ends_and_weights_the_rest() {
        let voices =
            [voice(0, 1, 1 << 30), voice(1, 3, 10), voice(2, 1, 20), voice(3, 1, -(1 << 30))];
        assert_eq!(merged(&voices, 1), 13, "(3*10 + 20) / 4 = 12.5, rounded up");
    }

    #[test]
    fn too_few_voices_leave_the_middle() {
        assert_eq!(merged(&[voice(0, 5, 7)], 3), 7);
        assert_eq!(merged(&[voice(0, 1, 10), voice(1, 1, 20)], 3), 15);
        assert_eq!(merged(&[voice(0, 1, 10), voice(1, 1, 20), voice(2, 1, 900)], 3), 20);
        assert_eq!(trimmed_mean(&[], 8, 1), None);
    }

    #[test]
    fn without_influence_it_is_the_plain_mean() {
        assert_eq!(merged(&[voice(0, 0, 10), voice(1, 0, 21)], 0), 16, "15.5 rounds up");
    }

    #[test]
    fn unused_taps_stay_zero() {
        let out = trimmed_mean(&[voice(0, 1, 5)], 2, 0).expect("voices");
        assert_eq!(out.map(Q16::to_bits), [5, 5, 0, 0, 0, 0, 0, 0]);
    }

    proptest! {
        /// Against wide integers, and independent of the order of arrival.
        #[test]
        fn agrees_with_i128_in_any_order(
            values in proptest::collection::vec((any::<i32>(), 1..65_536_i32), 1..VOICES),
            trim in 0..4_u8,
            turn in 0..16_usize,
        ) {
            let mut voices: Vec<Voice> = values
                .iter()
                .enumerate()
                .map(|(node, (value, influence))| voice(node as u32, *influence, *value))
                .collect();
            let mut sorted: Vec<(i32, u32, i128)> = voices
                .iter()
                .map(|v| (v.weights[0].to_bits(), v.node.0, i128::from(v.influence.to_bits())))
                .collect();
            sorted.sort_unstable();
            let drop = usize::from(trim).min((sorted.len() - 1) / 2);
            let kept = &sorted[drop..sorted.len() - drop];
            let total: i128 = kept.iter().map(|k| k.2).sum();
            let sum: i128 = kept.iter().map(|k| i128::from(k.0) * k.2).sum();
            let expected = (2 * sum + total).div_euclid(2 * total);
            let length = voices.len();
            voices.rotate_left(turn % length);
            prop_assert_eq!(i128::from(merged(&voices, trim)), expected);
        }

        /// As many liars as are trimmed cannot move the result out of the honest range.
        #[test]
        fn trimmed_liars_have_bounded_influence(
            honest in proptest::collection::vec(-100_000..100_000_i32, 5..10),
            lies in proptest::collection::vec(any::<i32>(), 0..3),
        ) {
            let mut voices: Vec<Voice> =
                honest.iter().enumerate().map(|(i, v)| voice(i as u32, 65_536, *v)).collect();
            voices.extend(lies.iter().enumerate().map(|(i, v)| voice(100 + i as u32, 65_536, *v)));
            let out = merged(&voices, 2);
            let (low, high) = (honest.iter().min(), honest.iter().max());
            prop_assert!(low <= Some(&out) && Some(&out) <= high);
        }
    }

    extern crate std;
    use std::vec::Vec;
}
