//! Softmax in Q16.16. Must not know what is attended to.

use crate::q16::{Q16, exp2_neg};

/// What [`softmax`] leaves to "none of these".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention<const N: usize> {
    /// Share of each candidate, 0 to 1.
    pub shares: [Q16; N],
    /// Share of none of them.
    pub none: Q16,
    /// Candidates that took part.
    pub taking_part: u32,
}

/// Shares of `2^score`, beside a score of 0 for "none of these"; a candidate without a score gets
/// nothing. With `top` the largest of all scores,
///
/// ```text
/// share_i = 2^(score_i - top) / (2^(0 - top) + sum(2^(score_k - top)))
/// ```
///
/// rounded down; `none` takes what rounding leaves, so that the sum is exactly 1.
#[must_use]
pub fn softmax<const N: usize>(scores: &[Option<Q16>; N]) -> Attention<N> {
    let top = scores.iter().flatten().copied().fold(Q16::ZERO, Q16::max);
    let weight = |score: Q16| i64::from(exp2_neg(top.saturating_sub(score)).to_bits());
    let weights = scores.map(|score| score.map_or(0, weight));
    let total = weight(Q16::ZERO) + weights.iter().sum::<i64>();
    let shares = weights.map(|weight| Q16::from_bits(((weight << 16) / total.max(1)) as i32));
    let given: Q16 = shares.iter().copied().fold(Q16::ZERO, Q16::saturating_add);
    let taking_part = scores.iter().flatten().count() as u32;
    Attention { shares, none: Q16::ONE - given, taking_part }
}

impl<const N: usize> Attention<N> {
    /// How far candidate `index` is heard: its share over an equal share, at most 1.
    #[must_use]
    pub fn gain(&self, index: usize) -> Q16 {
        let share = self.shares.get(index).copied().unwrap_or(Q16::ZERO);
        let equal = i64::from(self.taking_part) + 1;
        Q16::from_bits((i64::from(share.to_bits()) * equal).min(1 << 16) as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total<const N: usize>(attention: &Attention<N>) -> i32 {
        attention.none.to_bits() + attention.shares.iter().map(|s| s.to_bits()).sum::<i32>()
    }

    #[test]
    fn powers_of_two_by_hand() {
        // 2^1 : 2^0 : none 2^0, so 1/2, 1/4, 1/4.
        let attention = softmax(&[Some(Q16::ONE), Some(Q16::ZERO)]);
        assert_eq!(attention.shares.map(Q16::to_bits), [1 << 15, 1 << 14]);
        assert_eq!(attention.none.to_bits(), 1 << 14);
        assert_eq!(attention.gain(0), Q16::ONE, "3/2, cut");
        assert_eq!(attention.gain(1).to_bits(), 3 << 14);
    }

    #[test]
    fn the_unscored_get_nothing() {
        let attention = softmax(&[None, Some(Q16::ZERO), None]);
        assert_eq!(attention.shares.map(Q16::to_bits), [0, 1 << 15, 0]);
        assert_eq!(attention.gain(1), Q16::ONE);
        assert_eq!(softmax::<2>(&[None, None]).none, Q16::ONE);
    }

    #[test]
    fn a_very_bad_score_is_not_heard() {
        let attention = softmax(&[Some(Q16::from_num(-30)), Some(Q16::ONE)]);
        assert_eq!(attention.gain(0), Q16::ZERO);
    }

    proptest::proptest! {
        #[test]
        fn shares_sum_to_exactly_one(bits in proptest::array::uniform7(proptest::num::i32::ANY)) {
            let attention = softmax(&bits.map(|b| (b % 3 != 0).then_some(Q16::from_bits(b))));
            proptest::prop_assert_eq!(total(&attention), 1 << 16);
            proptest::prop_assert!(attention.shares.iter().all(|share| *share >= Q16::ZERO));
            proptest::prop_assert!(attention.none >= Q16::ZERO);
        }
    }
}
