//! Commitments to the weights of an update: each weight is fixed and none is shown.
//!
//! Pedersen commitments ("Non-interactive and information-theoretic secure verifiable secret
//! sharing", 1991) on ristretto255: `C = v V + r G`, with the group's base point G for the blinding
//! r and a point V for the value v whose logarithm to G nobody knows, because it is hashed to the
//! group. They hide perfectly and bind as long as discrete logarithms are hard. Sums of commitments
//! are commitments to sums.
//!
//! Values are weights on a grid of 1/256, rounded to nearest, halves up: finer steps would only
//! make proofs longer.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;

use crate::neuron::{TAPS, WEIGHT_LIMIT};
use crate::q16::Q16;
use crate::stream::Stream;

/// Q16.16 steps in one step of the grid.
pub const GRID: i32 = 256;
/// Largest magnitude of a weight on the grid.
pub const VALUE_MAX: i32 = WEIGHT_LIMIT / GRID;

/// The commitments to the weights of one update, as they travel.
pub type Commitments = heapless::Vec<[u8; 32], TAPS>;

/// The weights of an update on the grid.
pub type Values = heapless::Vec<i32, TAPS>;

/// The generator of values: BLAKE3 of a name, mapped to the group by its one-way map (Elligator,
/// RFC 9496).
#[must_use]
pub fn value_generator() -> RistrettoPoint {
    let mut wide = [0; 64];
    Stream::new("qres 2026 commitment value generator v1", &[]).fill(&mut wide);
    RistrettoPoint::from_uniform_bytes(&wide)
}

/// A weight on the grid, to nearest, halves up; beyond the weights' limit the limit.
#[must_use]
pub const fn on_grid(weight: Q16) -> i32 {
    let step = (weight.to_bits() as i64 + GRID as i64 / 2).div_euclid(GRID as i64);
    if step > VALUE_MAX as i64 {
        VALUE_MAX
    } else if step < -VALUE_MAX as i64 {
        -VALUE_MAX
    } else {
        step as i32
    }
}

/// Weights on the grid; those beyond [`TAPS`] are left out.
#[must_use]
pub fn values(weights: &[Q16]) -> Values {
    weights.iter().take(TAPS).map(|weight| on_grid(*weight)).collect()
}

/// The blinding of the commitment at `place` under a secret seed of one update.
#[must_use]
pub(super) fn blinding(seed: &[u8; 32], place: usize) -> Scalar {
    Stream::new("qres 2026 commitment blinding v1", &[seed, &(place as u64).to_le_bytes()]).scalar()
}

/// A signed value as a scalar.
#[must_use]
pub(super) fn scalar(value: i64) -> Scalar {
    let magnitude = Scalar::from(value.unsigned_abs());
    // The sign is a secret too: choose without a branch.
    let sign = Scalar::from(u64::from(value < 0));
    magnitude - (sign + sign) * magnitude
}

/// The commitment to `value`.
pub(super) fn commit(
    generator: &RistrettoPoint,
    value: &Scalar,
    blinding: &Scalar,
) -> RistrettoPoint {
    value * generator + RistrettoPoint::mul_base(blinding)
}

/// Commits to weights. `seed` is secret, never used for another update, and needed to prove or to
/// open.
#[must_use]
pub fn commit_weights(weights: &[Q16], seed: &[u8; 32]) -> Commitments {
    let generator = value_generator();
    let commit = |(place, value): (usize, &i32)| {
        let value = scalar(i64::from(*value));
        commit(&generator, &value, &blinding(seed, place)).compress().to_bytes()
    };
    values(weights).iter().enumerate().map(commit).collect()
}

/// Whether `commitments` are those of `weights` under `seed`: how an audited node opens them.
#[must_use]
pub fn opens(commitments: &[[u8; 32]], weights: &[Q16], seed: &[u8; 32]) -> bool {
    commit_weights(weights, seed) == *commitments
}

/// The point of a commitment, if it is one.
pub(super) fn point(bytes: &[u8; 32]) -> Option<RistrettoPoint> {
    CompressedRistretto(*bytes).decompress()
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;

    #[test]
    fn the_grid_rounds_to_nearest_and_stops_at_the_limit() {
        let table = [(0, 0), (127, 0), (128, 1), (-128, 0), (-129, -1), (65_536, 256)];
        for (bits, step) in table {
            assert_eq!(on_grid(Q16::from_bits(bits)), step, "{bits}");
        }
        assert_eq!([Q16::MIN, Q16::MAX].map(on_grid), [-1_024, 1_024]);
    }

    #[test]
    fn commitments_hide_bind_and_add() {
        let weights = [Q16::ONE, -Q16::ONE, Q16::ZERO];
        let one = commit_weights(&weights, &[1; 32]);
        let two = commit_weights(&weights, &[2; 32]);
        assert!(one.iter().all(|c| !two.contains(c)), "other blindings, other points");
        assert!(opens(&one, &weights, &[1; 32]));
        assert!(!opens(&one, &weights, &[2; 32]));
        assert!(!opens(&one, &[Q16::ONE, -Q16::ONE, Q16::ONE], &[1; 32]));
        let sum = point(&one[0]).expect("a point") + point(&one[1]).expect("a point");
        let blind = blinding(&[1; 32], 0) + blinding(&[1; 32], 1);
        assert_eq!(sum, RistrettoPoint::mul_base(&blind), "1 and -1 leave the blindings");
    }

    #[test]
    fn the_generators_are_not_small_multiples_of_each_other() {
        let (value, base) = (value_generator(), RISTRETTO_BASEPOINT_POINT);
        let mut multiple = base;
        for _ in 0..1_000 {
            assert_ne!(multiple, value);
            assert_ne!(-multiple, value);
            multiple += base;
        }
        assert_eq!(scalar(-3) + scalar(5), scalar(2));
    }
}
