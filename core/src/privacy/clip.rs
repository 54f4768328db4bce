//! Bounding the Euclidean norm of weights with integers: what makes noise mean something.

use crate::neuron::TAPS;
use crate::q16::Q16;

/// Shortens weights to a norm of at most `norm`, in 1/65536: each becomes
/// `trunc(w * norm / ceil(|w|))`. Rounding only shortens, so the bound holds exactly. Shorter
/// weights stay as they are; says whether anything changed. Weights beyond [`TAPS`] are not looked
/// at.
pub fn clip(weights: &mut [Q16], norm: u32) -> bool {
    let squares = squared_norm(weights);
    if squares <= u128::from(norm).pow(2) {
        return false;
    }
    // Above 0 here.
    let length = (squares - 1).isqrt() as i128 + 1;
    for weight in weights.iter_mut().take(TAPS) {
        let scaled = i128::from(weight.to_bits()) * i128::from(norm) / length;
        *weight = Q16::from_bits(scaled as i32);
    }
    true
}

/// The sum of squares of the first [`TAPS`] weights, in units of 2^-32; exact.
#[must_use]
pub fn squared_norm(weights: &[Q16]) -> u128 {
    let square = |weight: &Q16| u128::from(weight.to_bits().unsigned_abs()).pow(2);
    weights.iter().take(TAPS).map(square).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clipped(bits: &[i32], norm: u32) -> heapless::Vec<i32, TAPS> {
        let mut weights: heapless::Vec<Q16, TAPS> =
            bits.iter().map(|bits| Q16::from_bits(*bits)).collect();
        clip(&mut weights, norm);
        weights.iter().map(|weight| weight.to_bits()).collect()
    }

    #[test]
    fn long_weights_keep_their_direction() {
        let table: [(&[i32], u32, &[i32]); 5] = [
            (&[3, 4], 5, &[3, 4]),
            (&[300, -400], 5, &[3, -4]),
            (&[300, -400], 0, &[0, 0]),
            // The length is 1.41, as 2; so 1 * 1 / 2 is 0.
            (&[1, 1], 1, &[0, 0]),
            (&[], 1, &[]),
        ];
        for (bits, norm, expected) in table {
            assert_eq!(clipped(bits, norm)[..], *expected, "{bits:?} to {norm}");
        }
    }

    proptest! {
        #[test]
        fn the_bound_holds_for_any_weights(
            bits in proptest::collection::vec(any::<i32>(), 1..=TAPS),
            norm in any::<u32>(),
        ) {
            let after = clipped(&bits, norm);
            let squares = |bits: &[i32]| bits.iter().map(|b| i128::from(*b).pow(2)).sum::<i128>();
            let bound = i128::from(norm).pow(2);
            prop_assert!(squares(&after) <= bound);
            if squares(&bits) <= bound {
                prop_assert_eq!(&after[..], &bits[..]);
            }
            for (before, after) in bits.iter().zip(&after) {
                let (before, after) = (i64::from(*before), i64::from(*after));
                prop_assert!(before.signum() * after >= 0 && after.abs() <= before.abs());
            }
        }
    }
}
