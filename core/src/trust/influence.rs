//! How much a voice weighs: the curve from reputation to influence, the bound on a single voice,
//! and how unevenly influence is spread. Must not know how a reputation came about.

use crate::q16::{Q16, percent, sqrt};

/// The most influence that any voice has.
pub const INFLUENCE_MAX: Q16 = percent(80);

/// The influence of a reputation among `neighbours` voices: `min(r^e, 0.8)` with `e` 2 below 20
/// voices, 3 up to 50 and 3.5 beyond.
#[must_use]
pub fn influence(reputation: Q16, neighbours: usize) -> Q16 {
    influence_halves(reputation, power_halves(neighbours))
}

/// The exponent of influence among `neighbours` voices, in halves.
#[must_use]
pub const fn power_halves(neighbours: usize) -> u8 {
    match neighbours {
        0..20 => 4,
        20..=50 => 6,
        _ => 7,
    }
}

/// `min(r^(halves / 2), 0.8)`; each product truncated, the root too.
pub(super) fn influence_halves(reputation: Q16, halves: u8) -> Q16 {
    let r = reputation.clamp(Q16::ZERO, Q16::ONE);
    let whole = (1..halves / 2).fold(r, |power, _| power.saturating_mul(r));
    let power = if halves % 2 == 1 { whole.saturating_mul(sqrt(r)) } else { whole };
    power.min(INFLUENCE_MAX)
}

/// A peer's voice as [`bound`] sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// In: influence, 0 to 1. Out: its share of the average, 0 to 1.
    pub weight: Q16,
    /// Reputation, 0 to 1.
    pub reputation: Q16,
}

/// Makes shares of influences: peer i gets
/// `min(w_i / (own + sum w), r_i / (1 + sum r))`, truncated, and the node itself, whose reputation
/// with itself is 1, gets what is left to 1. Returns the node's own share.
///
/// So no peer has more than its share of the reputation in the round, and it goes to zero with it.
/// What the steep curve would have given beyond that stays with the node.
pub fn bound(own: Q16, peers: &mut [Share]) -> Q16 {
    let bits = |value: Q16| i64::from(value.to_bits().clamp(0, 1 << 16));
    let weights = bits(own) + peers.iter().map(|peer| bits(peer.weight)).sum::<i64>();
    let reputations = (1 << 16) + peers.iter().map(|peer| bits(peer.reputation)).sum::<i64>();
    let mut left = 1_i64 << 16;
    for peer in peers {
        let by_weight = (bits(peer.weight) << 16) / weights.max(1);
        let by_reputation = (bits(peer.reputation) << 16) / reputations;
        let share = by_weight.min(by_reputation);
        left -= share;
        peer.weight = Q16::from_bits(share as i32);
    }
    Q16::from_bits(left as i32)
}

/// Voices that [`gini`] looks at; those beyond are left out.
pub const GINI_VOICES: usize = 128;

/// The Gini coefficient of non-negative values: 0 when all are alike, towards 1 when one has it
/// all; 0 of nobody, or when nobody has any. Truncated.
///
/// `G = sum_i (2 i - n - 1) x_i / (n sum x)` over ascending x, i from 1 (Gini, "Variabilità e
/// mutabilità", 1912, in the form of Sen, "On economic inequality", 1973).
#[must_use]
pub fn gini(values: impl Iterator<Item = Q16>) -> Q16 {
    let mut sorted: heapless::Vec<i64, GINI_VOICES> =
        values.take(GINI_VOICES).map(|value| i64::from(value.to_bits().max(0))).collect();
    sorted.sort_unstable();
    let n = sorted.len() as i64;
    let total: i64 = sorted.iter().sum();
    if total == 0 {
        return Q16::ZERO;
    }
    let above = (1_i64..).zip(&sorted).map(|(i, x)| (2 * i - n - 1) * x).sum::<i64>();
    // Below 2^8 * 2^31 * 2^7, so the shift stays within 64 bits; the quotient is below 1.
    Q16::from_bits(((above << 16) / (n * total)).clamp(0, 1 << 16) as i32)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::q16::HALF;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn influence_grows_steeper_with_the_crowd_and_is_capped() {
        assert_eq!(influence(Q16::ONE, 5), percent(80));
        // 0.5 to the power of 2, 3 and 3.5 is 0.25, 0.125 and 0.088388 (5792.6 / 65536).
        for (crowd, bits) in
            [(0, 16_384), (19, 16_384), (20, 8_192), (50, 8_192), (51, 5_792), (9_999, 5_792)]
        {
            assert_eq!(influence(HALF, crowd).to_bits(), bits, "{crowd}");
        }
        assert_eq!(influence(Q16::ZERO, 60), Q16::ZERO);
    }

    #[test]
    fn gini_of_known_distributions() {
        let one = 1 << 16;
        // By hand: [0, 0, 0, 1] is 3/4; [1, 3] is (3 - 1) / (2 * 4) = 1/4; [1, 2, 3, 4] is
        // (-3 - 2 + 3 + 12) / (4 * 10) = 1/4.
        let cases: [(&[i32], i32); 6] = [
            (&[], 0),
            (&[0, 0], 0),
            (&[one; 5], 0),
            (&[0, one, 0, 0], 3 * one / 4),
            (&[3 * one, one], one / 4),
            (&[4, 2, 1, 3], one / 4),
        ];
        for (values, expected) in cases {
            let found = gini(values.iter().map(|bits| Q16::from_bits(*bits)));
            assert_eq!(found.to_bits(), expected, "{values:?}");
        }
    }

    #[test]
    fn the_loudest_voice_is_cut_and_the_own_one_gets_the_rest() {
        // Weights 0.8 and 0.2 and the own 0.8, reputations 1 and 0.5 and the own 1: by weight 4/9
        // and 1/9, by reputation 2/5 and 1/5.
        let mut peers = [
            Share { weight: percent(80), reputation: Q16::ONE },
            Share { weight: percent(20), reputation: HALF },
        ];
        let own = bound(percent(80), &mut peers);
        assert_eq!(peers[0].weight.to_bits(), 26_214, "2/5");
        assert_eq!(peers[1].weight.to_bits(), 7_281, "1/9");
        assert_eq!(own.to_bits(), 65_536 - 26_214 - 7_281);
        assert_eq!(bound(Q16::ZERO, &mut []), Q16::ONE);
    }

    fn shares() -> impl Strategy<Value = Vec<i32>> {
        proptest::collection::vec(0..=1 << 16, 0..24)
    }

    proptest! {
        #[test]
        fn no_voice_exceeds_its_share_of_reputation(reputations in shares()) {
            let reputation = |bits: &i32| Q16::from_bits(*bits);
            let count = reputations.len();
            let mut peers: Vec<Share> = reputations
                .iter()
                .map(reputation)
                .map(|r| Share { weight: influence(r, count), reputation: r })
                .collect();
            let own = bound(INFLUENCE_MAX, &mut peers);
            let sum: i64 = reputations.iter().map(|bits| i64::from(*bits)).sum::<i64>() + 65_536;
            let mut total = i64::from(own.to_bits());
            for peer in &peers {
                let share = i64::from(peer.weight.to_bits());
                prop_assert!(share * sum <= i64::from(peer.reputation.to_bits()) << 16);
                total += share;
            }
            prop_assert_eq!(total, 65_536);
        }

        #[test]
        fn influence_is_monotone_and_at_most_the_reputation(
            a in 0..=1_i32 << 16, b in 0..=1_i32 << 16, crowd in 0_usize..100,
        ) {
            let of = |bits| influence(Q16::from_bits(bits), crowd);
            prop_assert!((a <= b) == (of(a.min(b)) <= of(a.max(b))) || a > b);
            prop_assert!(of(a) <= Q16::from_bits(a) && of(a) <= INFLUENCE_MAX);
        }

        #[test]
        fn gini_is_a_share_and_ignores_order(mut values in shares()) {
            let of = |values: &[i32]| gini(values.iter().map(|bits| Q16::from_bits(*bits)));
            let forth = of(&values);
            values.reverse();
            prop_assert_eq!(forth, of(&values));
            prop_assert!((Q16::ZERO..=Q16::ONE).contains(&forth));
        }
    }
}
