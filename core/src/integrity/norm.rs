//! A proof that the weights behind commitments have a bounded norm, without a look at them.
//!
//! With values `v_i` on the grid of [`commitment`], `C_i = v_i V + r_i G` and a public bound B, the
//! prover shows, under one challenge c of 128 bits:
//!
//! 1. it knows `v_i` and `r_i` for each `C_i`, and `S = sum v_i C_i + s G`: so S commits to the sum
//!    of squares (a proof of knowledge of a representation for each i, sharing the responses for
//!    `v_i`; Maurer, "Unifying zero-knowledge proofs of knowledge", 2009);
//! 2. each `v_i` lies in `-2^(m-1)..2^(m-1)`, by bits of `C_i + 2^(m-1) V`. Without this a sum of
//!    squares could wrap around the order of the group: -1 is a square there;
//! 3. `B - sum v_i^2` lies in `0..2^k`, by bits of `B V - S`.
//!
//! The sums in 2 and 3 stay far below the order, so `sum v_i^2 <= B` holds for integers. Linear in
//! the number of bits, so long: 11 KB for 8 weights and a norm of 1. It travels on audit only.
//! The values are those that the commitments fix; that an update on the air holds the same ones is
//! not shown here. A proof can be linked to one more commitment, to all values at once:
//! [`super::vector`].

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use zeroize::{Zeroize, Zeroizing};

use super::bits::{BIT_BYTES, Nonces, Range, retrace};
use super::commitment::{self, VALUE_MAX, Values};
use super::transcript::Transcript;
use super::vector;
use super::wire::{Reader, Writer};
use crate::id::NodeId;
use crate::neuron::TAPS;
use crate::q16::Q16;
use crate::stream::derive;

/// Largest bound: all weights at their limit.
pub const BOUND_MAX: u32 = TAPS as u32 * (VALUE_MAX * VALUE_MAX) as u32;
/// Longest proof, in bytes.
pub const PROOF_MAX: usize = proof_bytes(TAPS, BOUND_MAX);

/// What a proof is about; a proof fits no other claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The mesh.
    pub mesh: u64,
    /// Whose update it is.
    pub origin: NodeId,
    /// The update's round.
    pub round: u32,
    /// Chosen by the auditor, so that no older proof answers it.
    pub nonce: [u8; 32],
    /// Largest sum of squares, in squared steps of the grid: a norm of 1 is 65536. 1 to
    /// [`BOUND_MAX`].
    pub bound: u32,
}

/// Why no proof can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProveError {
    /// The bound is 0 or above [`BOUND_MAX`], or there are no weights or more than [`TAPS`].
    Claim,
    /// The weights are larger than the bound.
    Norm,
    /// The buffer is shorter than [`proof_bytes`].
    Room,
}

impl core::fmt::Display for ProveError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Claim => "no proof for such a bound or number of weights: see BOUND_MAX and TAPS",
            Self::Norm => "the weights are larger than the bound: clip them first",
            Self::Room => "the buffer is too short: ask proof_bytes",
        })
    }
}

impl core::error::Error for ProveError {}

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// The claim has no proofs: bound or number of commitments out of range.
    Claim,
    /// Not as long as a proof of this claim.
    Length,
    /// A point or scalar is not in its canonical form.
    Encoding,
    /// The proof does not fit the claim and the commitments.
    Mismatch,
}

impl core::fmt::Display for ProofError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Claim => "bound or number of commitments out of range: refuse the claim",
            Self::Length => "wrong length for this claim: refuse the proof",
            Self::Encoding => "a point or scalar is not canonical: refuse the proof",
            Self::Mismatch => "the proof does not fit claim and commitments: refuse it",
        })
    }
}

impl core::error::Error for ProofError {}

/// Bits of each value, sign included: those of the root of the bound, and one.
const fn value_bits(bound: u32) -> u32 {
    33 - bound.isqrt().leading_zeros()
}

/// Bits of what the bound leaves.
const fn slack_bits(bound: u32) -> u32 {
    32 - bound.leading_zeros()
}

/// Bytes of the points of a proof: S, and each bit but the lowest of each range.
const fn point_bytes(count: usize, bound: u32) -> usize {
    32 * (count * (value_bits(bound) as usize - 1) + slack_bits(bound) as usize)
}

/// Bytes of a proof for `count` weights and a bound in range.
#[must_use]
pub const fn proof_bytes(count: usize, bound: u32) -> usize {
    let bits = count * value_bits(bound) as usize + slack_bits(bound) as usize;
    point_bytes(count, bound) + 16 + count * 64 + 32 + bits * BIT_BYTES
}

const fn linked_bytes(count: usize, bound: u32, is_linked: bool) -> usize {
    proof_bytes(count, bound) + if is_linked { 32 } else { 0 }
}

/// Bits that a proof for `count` weights shows one by one: what its cost goes by.
#[must_use]
pub const fn proof_bits(count: usize, bound: u32) -> u32 {
    count as u32 * value_bits(bound) + slack_bits(bound)
}

pub(super) const fn is_claim(count: usize, bound: u32) -> bool {
    count >= 1 && count <= TAPS && bound >= 1 && bound <= BOUND_MAX
}

/// A commitment to all values at once, that a proof is about too.
pub(super) struct Link {
    /// As it travels.
    pub(super) vector: [u8; 32],
    /// Its blinding.
    pub(super) blinding: Scalar,
}

/// A transcript that holds the whole statement.
fn open(claim: &Claim, commitments: &[[u8; 32]], vector: Option<&[u8; 32]>) -> Transcript {
    let mut transcript = Transcript::new("qres 2026 norm proof v1");
    transcript.append("mesh", &claim.mesh.to_le_bytes());
    transcript.append("origin", &claim.origin.0.to_le_bytes());
    transcript.append("round", &claim.round.to_le_bytes());
    transcript.append("nonce", &claim.nonce);
    transcript.append("bound", &claim.bound.to_le_bytes());
    for commitment in commitments {
        transcript.append("commitment", commitment);
    }
    if let Some(vector) = vector {
        transcript.append("vector", vector);
    }
    transcript
}

/// The prover's side: the secrets, and where their nonces come from.
struct Prover {
    generator: RistrettoPoint,
    nonces: Nonces,
    values: Values,
    blindings: heapless::Vec<Scalar, TAPS>,
    /// The blinding of the vector's commitment, in a linked proof.
    link: Option<Scalar>,
    bound: u32,
}

/// Nonces of the proof of the representation; ranges count their parts from here.
const RANGES: u32 = 1;

impl Drop for Prover {
    fn drop(&mut self) {
        self.values.iter_mut().for_each(Zeroize::zeroize);
        self.blindings.iter_mut().for_each(Zeroize::zeroize);
        self.link.zeroize();
    }
}

impl Prover {
    fn sum(&self) -> u64 {
        self.values.iter().map(|value| i64::from(*value).pow(2) as u64).sum()
    }

    /// Nonces for value, blinding and, at place 0, the sum of squares.
    fn masks(&self, place: usize) -> [Scalar; 3] {
        let mut stream = self.nonces.stream(0, place as u32);
        [stream.scalar(), stream.scalar(), stream.scalar()]
    }

    /// The blinding of S.
    fn sum_blinding(&self) -> Scalar {
        self.nonces.stream(0, u32::MAX).scalar()
    }

    /// The nonce for the blinding of the vector's commitment.
    fn link_mask(&self) -> Scalar {
        self.nonces.stream(0, u32::MAX - 1).scalar()
    }

    /// The ranges of the values, then that of what the bound leaves.
    fn ranges(&self) -> impl Iterator<Item = Range<'_>> {
        let bits = value_bits(self.bound);
        let range = |part: usize, bits, value, blinding| Range {
            nonces: &self.nonces,
            part: RANGES + part as u32,
            bits,
            value,
            blinding,
        };
        let shift = 1_i64 << (bits - 1);
        let values = self.values.iter().zip(&self.blindings).enumerate();
        let values = values.map(move |(place, (value, blinding))| {
            range(place, bits, (i64::from(*value) + shift) as u64, *blinding)
        });
        let slack = u64::from(self.bound).saturating_sub(self.sum());
        let last = range(TAPS, slack_bits(self.bound), slack, -self.sum_blinding());
        values.chain(core::iter::once(last))
    }

    /// Says and writes S, the announcements and the commitments to bits.
    fn announce(
        &self,
        commitments: &[RistrettoPoint],
        transcript: &mut Transcript,
        points: &mut Writer<'_>,
    ) -> Option<()> {
        let sum = Scalar::from(self.sum());
        let sum = commitment::commit(&self.generator, &sum, &self.sum_blinding()).compress();
        transcript.append("sum", sum.as_bytes());
        points.put(sum.as_bytes())?;
        let mut products = RistrettoPoint::mul_base(&self.masks(0)[2]);
        for (place, commitment) in commitments.iter().enumerate() {
            let [value, blinding, _] = self.masks(place);
            let opening = commitment::commit(&self.generator, &value, &blinding);
            transcript.append("opening", opening.compress().as_bytes());
            products += value * commitment;
        }
        transcript.append("products", products.compress().as_bytes());
        if self.link.is_some() {
            let masks: heapless::Vec<Scalar, TAPS> =
                (0..commitments.len()).map(|place| self.masks(place)[0]).collect();
            let opening = vector::combine(&masks, &self.link_mask());
            transcript.append("link", opening.compress().as_bytes());
        }
        self.ranges().try_for_each(|range| range.announce(&self.generator, transcript, points))
    }

    /// Writes the challenge and all responses.
    fn respond(&self, challenge: u128, scalars: &mut Writer<'_>) -> Option<()> {
        scalars.put(&challenge.to_le_bytes())?;
        let factor = Scalar::from(challenge);
        let mut left = self.sum_blinding();
        for (place, (value, secret)) in self.values.iter().zip(&self.blindings).enumerate() {
            let value = commitment::scalar(i64::from(*value));
            let [value_mask, blinding_mask, _] = self.masks(place);
            scalars.put((value_mask + factor * value).as_bytes())?;
            scalars.put((blinding_mask + factor * secret).as_bytes())?;
            left -= value * secret;
        }
        scalars.put((self.masks(0)[2] + factor * left).as_bytes())?;
        if let Some(blinding) = &self.link {
            scalars.put((self.link_mask() + factor * blinding).as_bytes())?;
        }
        self.ranges().try_for_each(|range| range.respond(challenge, scalars))
    }
}

/// Writes a proof that `weights`, committed to with [`commitment::commit_weights`] under `seed`,
/// keep the claim's bound; returns its length, which is [`proof_bytes`].
///
/// The nonces are hedged: a function of the secrets, the claim and `entropy`. So good entropy
/// protects against faults, and bad entropy, even zeros, against nothing worse than repeated bytes.
/// Time and memory access do not depend on weights or seed.
///
/// # Errors
/// When the claim is out of range or false, or the buffer is too short.
pub fn prove(
    claim: &Claim,
    weights: &[Q16],
    seed: &[u8; 32],
    entropy: &[u8; 32],
    proof: &mut [u8],
) -> Result<usize, ProveError> {
    prove_linked(claim, weights, seed, entropy, None, proof)
}

/// [`prove`], with a proof that the vector of the link holds the same values: 32 bytes more.
pub(super) fn prove_linked(
    claim: &Claim,
    weights: &[Q16],
    seed: &[u8; 32],
    entropy: &[u8; 32],
    link: Option<&Link>,
    proof: &mut [u8],
) -> Result<usize, ProveError> {
    if !is_claim(weights.len(), claim.bound) {
        return Err(ProveError::Claim);
    }
    let length = linked_bytes(weights.len(), claim.bound, link.is_some());
    let proof = proof.get_mut(..length).ok_or(ProveError::Room)?;
    let commitments = commitment::commit_weights(weights, seed);
    let mut transcript = open(claim, &commitments, link.map(|link| &link.vector));
    let values = commitment::values(weights);
    let mut raw = Zeroizing::new([0; 4 * TAPS]);
    for (slot, value) in raw.chunks_exact_mut(4).zip(&values) {
        slot.copy_from_slice(&value.to_le_bytes());
    }
    let blinding = Zeroizing::new(link.map_or([0; 32], |link| link.blinding.to_bytes()));
    let all: [&[u8]; 5] = [seed, &raw[..], &transcript.digest(), entropy, &blinding[..]];
    let hedge = if link.is_some() { &all[..] } else { &all[..4] };
    let prover = Prover {
        generator: commitment::value_generator(),
        nonces: Nonces(Zeroizing::new(derive("qres 2026 norm proof nonces v1", hedge))),
        blindings: (0..values.len()).map(|place| commitment::blinding(seed, place)).collect(),
        values,
        link: link.map(|link| link.blinding),
        bound: claim.bound,
    };
    if prover.sum() > u64::from(claim.bound) {
        return Err(ProveError::Norm);
    }
    let points: heapless::Vec<RistrettoPoint, TAPS> =
        commitments.iter().filter_map(commitment::point).collect();
    let middle = point_bytes(weights.len(), claim.bound);
    let (head, tail) = proof.split_at_mut_checked(middle).ok_or(ProveError::Room)?;
    prover
        .announce(&points, &mut transcript, &mut Writer::new(head))
        .and_then(|()| prover.respond(transcript.challenge("c"), &mut Writer::new(tail)))
        .ok_or(ProveError::Room)?;
    Ok(length)
}

/// Checks a proof that what `commitments` fix keeps the claim's bound.
///
/// # Errors
/// Says what is wrong with claim or proof.
pub fn verify(claim: &Claim, commitments: &[[u8; 32]], proof: &[u8]) -> Result<(), ProofError> {
    verify_linked(claim, commitments, None, proof)
}

/// [`verify`], and that `vector` commits to the same values.
pub(super) fn verify_linked(
    claim: &Claim,
    commitments: &[[u8; 32]],
    vector: Option<&[u8; 32]>,
    proof: &[u8],
) -> Result<(), ProofError> {
    if !is_claim(commitments.len(), claim.bound) {
        return Err(ProofError::Claim);
    }
    if proof.len() != linked_bytes(commitments.len(), claim.bound, vector.is_some()) {
        return Err(ProofError::Length);
    }
    let middle = point_bytes(commitments.len(), claim.bound);
    let (head, tail) = proof.split_at_checked(middle).ok_or(ProofError::Length)?;
    let (mut points, mut scalars) = (Reader::new(head), Reader::new(tail));
    let mut transcript = open(claim, commitments, vector);
    let read = (&mut points, &mut scalars);
    let challenge = retrace_all(claim, commitments, vector, &mut transcript, read)
        .ok_or(ProofError::Encoding)?;
    if transcript.challenge("c") != challenge || !points.is_empty() || !scalars.is_empty() {
        return Err(ProofError::Mismatch);
    }
    Ok(())
}

/// Retraces what the prover must have said; returns the challenge that the proof names.
fn retrace_all(
    claim: &Claim,
    commitments: &[[u8; 32]],
    vector: Option<&[u8; 32]>,
    transcript: &mut Transcript,
    (points, scalars): (&mut Reader<'_>, &mut Reader<'_>),
) -> Option<u128> {
    let generator = commitment::value_generator();
    let sum = points.point()?;
    let challenge = scalars.number()?;
    let factor = -Scalar::from(challenge);
    transcript.append("sum", sum.compress().as_bytes());
    let mut targets: heapless::Vec<RistrettoPoint, TAPS> = heapless::Vec::new();
    let mut shared: heapless::Vec<Scalar, TAPS> = heapless::Vec::new();
    let mut products = factor * sum;
    for commitment in commitments {
        let point = commitment::point(commitment)?;
        let (value, blinding) = (scalars.scalar()?, scalars.scalar()?);
        let opening =
            RistrettoPoint::vartime_double_scalar_mul_basepoint(&value, &generator, &blinding)
                + factor * point;
        transcript.append("opening", opening.compress().as_bytes());
        products += value * point;
        targets.push(point).ok()?;
        shared.push(value).ok()?;
    }
    products += RistrettoPoint::mul_base(&scalars.scalar()?);
    transcript.append("products", products.compress().as_bytes());
    if let Some(vector) = vector {
        let point = commitment::point(vector)?;
        let opening = vector::combine(&shared, &scalars.scalar()?) + factor * point;
        transcript.append("link", opening.compress().as_bytes());
    }
    let bits = value_bits(claim.bound);
    let shift = Scalar::from(1_u64 << (bits - 1)) * generator;
    let slack = Scalar::from(claim.bound) * generator - sum;
    let values = targets.iter().map(|target| (target + shift, bits));
    for (target, bits) in values.chain(core::iter::once((slack, slack_bits(claim.bound)))) {
        retrace(&generator, target, bits, challenge, transcript, points, scalars)?;
    }
    Some(challenge)
}

#[cfg(test)]
mod tests;
