//! One commitment to a whole vector, and the proof that the vector behind it has a bounded norm.
//!
//! Pedersen's commitment for several values: `P = sum v_j V_j + r G`, with a point
//! `V_j` for each place whose logarithms nobody knows, hashed to the group. It hides perfectly, and
//! it adds: commitments of several members add up to one of the sum of their vectors, under the sum
//! of their blindings. That ties proofs to a sum of which no part shows; see `privacy::sums`.
//!
//! What is shown are commitments to the single values and a [`norm`] proof about them, with one
//! more equation under the same challenge: that P holds the same values. It shares the responses
//! for them (Maurer, "Unifying zero-knowledge proofs of knowledge", 2009).
//!
//! [`Scheme::Counted`] is a stand-in for simulations: the same linear algebra over scalars, so that
//! sums open or do not open as they would on the curve, and bytes of the same length. It binds
//! nobody and hides nothing.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;

use super::commitment;
use super::norm::{self, Claim, Link, ProofError, ProveError};
use crate::neuron::TAPS;
use crate::q16::Q16;
use crate::stream::Stream;

/// A vector commitment as it travels.
pub type VectorCommitment = [u8; 32];

/// Bytes of the longest thing shown.
pub const SHOWN_MAX: usize = shown_bytes(TAPS, norm::BOUND_MAX);

/// With what arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Points of ristretto255.
    Curve,
    /// Scalars in their place: counts in simulations, and protects nothing.
    Counted,
}

/// Bytes of what is shown for `count` values and a bound in range: a commitment to each value, the
/// norm proof, and a scalar that links them to the vector's commitment.
#[must_use]
pub const fn shown_bytes(count: usize, bound: u32) -> usize {
    32 * count + norm::proof_bytes(count, bound) + 32
}

/// The point of place `place`.
pub(super) fn generator(place: usize) -> RistrettoPoint {
    let mut wide = [0; 64];
    Stream::new("qres 2026 vector generator v1", &[&(place as u64).to_le_bytes()]).fill(&mut wide);
    RistrettoPoint::from_uniform_bytes(&wide)
}

/// The scalar that stands for it, and at [`TAPS`] for the base point.
fn stand_in(place: usize) -> Scalar {
    Stream::new("qres 2026 counted generator v1", &[&(place as u64).to_le_bytes()]).scalar()
}

/// `sum s_j V_j + r G` of at most [`TAPS`] scalars, in constant time.
pub(super) fn combine(scalars: &[Scalar], blinding: &Scalar) -> RistrettoPoint {
    let places = scalars.iter().take(TAPS).enumerate();
    let base = RistrettoPoint::mul_base(blinding);
    places.fold(base, |sum, (place, scalar)| sum + scalar * generator(place))
}

fn count(scalars: &[Scalar], blinding: &Scalar) -> Scalar {
    let places = scalars.iter().take(TAPS).enumerate();
    let base = blinding * stand_in(TAPS);
    places.fold(base, |sum, (place, scalar)| sum + scalar * stand_in(place))
}

/// Weights on the grid, as scalars.
fn scalars(weights: &[Q16]) -> heapless::Vec<Scalar, TAPS> {
    commitment::values(weights).iter().map(|v| commitment::scalar(i64::from(*v))).collect()
}

/// Commits to weights, on the grid of [`commitment::GRID`]. The blinding is secret and uniform, and
/// serves once.
#[must_use]
pub fn commit(scheme: Scheme, weights: &[Q16], blinding: &Scalar) -> VectorCommitment {
    let values = scalars(weights);
    match scheme {
        Scheme::Curve => combine(&values, blinding).compress().to_bytes(),
        Scheme::Counted => count(&values, blinding).to_bytes(),
    }
}

/// Whether all `commitments` together open to these sums, in steps of the grid, under the sum of
/// their blindings. False when one of them is no commitment.
#[must_use]
pub fn sum_opens<'a>(
    scheme: Scheme,
    mut commitments: impl Iterator<Item = &'a VectorCommitment>,
    totals: &[i32],
    blinding: &Scalar,
) -> bool {
    let values = totals.iter().take(TAPS).map(|total| commitment::scalar(i64::from(*total)));
    let values: heapless::Vec<Scalar, TAPS> = values.collect();
    match scheme {
        Scheme::Curve => {
            let left = combine(&values, blinding);
            let zero = RistrettoPoint::default();
            let sum =
                commitments.try_fold(zero, |sum, bytes| Some(sum + commitment::point(bytes)?));
            sum == Some(left)
        }
        Scheme::Counted => {
            let scalar = |bytes: &[u8; 32]| Scalar::from_canonical_bytes(*bytes).into_option();
            let sum = commitments.try_fold(Scalar::ZERO, |sum, bytes| Some(sum + scalar(bytes)?));
            sum == Some(count(&values, blinding))
        }
    }
}

/// Writes what shows that `weights`, committed to by [`commit`] under `blinding`, keep the claim's
/// bound; gives its length, [`shown_bytes`]. `seed` is secret, and serves this claim alone.
///
/// # Errors
/// When the claim is out of range or false, or the buffer is too short.
pub fn show(
    scheme: Scheme,
    claim: &Claim,
    weights: &[Q16],
    blinding: &Scalar,
    seed: &[u8; 32],
    out: &mut [u8],
) -> Result<usize, ProveError> {
    let values = commitment::values(weights);
    if !norm::is_claim(weights.len(), claim.bound) {
        return Err(ProveError::Claim);
    }
    let length = shown_bytes(weights.len(), claim.bound);
    let out = out.get_mut(..length).ok_or(ProveError::Room)?;
    let vector = commit(scheme, weights, blinding);
    if scheme == Scheme::Counted {
        let squares: u64 = values.iter().map(|v| u64::from(v.unsigned_abs()).pow(2)).sum();
        if squares > u64::from(claim.bound) {
            return Err(ProveError::Norm);
        }
        counted(claim, weights.len(), &vector).fill(out);
        return Ok(length);
    }
    let (head, tail) = out.split_at_mut_checked(32 * weights.len()).ok_or(ProveError::Room)?;
    for (slot, bytes) in head.chunks_exact_mut(32).zip(commitment::commit_weights(weights, seed)) {
        slot.copy_from_slice(&bytes);
    }
    let link = Link { vector, blinding: *blinding };
    norm::prove_linked(claim, weights, seed, &[0; 32], Some(&link), tail)?;
    Ok(length)
}

/// Checks what was shown of the `count` values that `vector` commits to.
///
/// # Errors
/// Says what is wrong with it.
pub fn check(
    scheme: Scheme,
    claim: &Claim,
    count: usize,
    vector: &VectorCommitment,
    shown: &[u8],
) -> Result<(), ProofError> {
    if !norm::is_claim(count, claim.bound) {
        return Err(ProofError::Claim);
    }
    if shown.len() != shown_bytes(count, claim.bound) {
        return Err(ProofError::Length);
    }
    if scheme == Scheme::Counted {
        let mut stream = counted(claim, count, vector);
        let same = shown.chunks(64).all(|chunk| {
            let mut known = [0; 64];
            let known = known.get_mut(..chunk.len()).unwrap_or_default();
            stream.fill(known);
            known == chunk
        });
        return if same { Ok(()) } else { Err(ProofError::Mismatch) };
    }
    let (head, tail) = shown.split_at_checked(32 * count).ok_or(ProofError::Length)?;
    let (singles, _) = head.as_chunks::<32>();
    norm::verify_linked(claim, singles, Some(vector), tail)
}

/// What is shown where nothing is proven: bytes that depend on all that a proof depends on.
fn counted(claim: &Claim, count: usize, vector: &VectorCommitment) -> Stream {
    let parts: [&[u8]; 7] = [
        &claim.mesh.to_le_bytes(),
        &claim.origin.0.to_le_bytes(),
        &claim.round.to_le_bytes(),
        &claim.nonce,
        &claim.bound.to_le_bytes(),
        &(count as u64).to_le_bytes(),
        vector,
    ];
    Stream::new("qres 2026 counted norm proof v1", &parts)
}

#[cfg(test)]
mod tests;
