//! That a committed value lies in `0..2^n`, shown bit by bit.
//!
//! Each bit has a commitment, and a proof that it is 0 or 1: two proofs of knowledge of a
//! logarithm, of which one is simulated (Cramer, Damgard and Schoenmakers, "Proofs of partial
//! knowledge", 1994). The two challenges add up to the challenge of the whole proof, modulo 2^128.
//! The bits add up to the value because the lowest bit's commitment is not sent: it is what the
//! others leave of the value's.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use subtle::{Choice, ConditionallySelectable};

use super::commitment;
use super::transcript::Transcript;
use super::wire::{Reader, Writer};
use crate::stream::Stream;

/// Bytes per bit beside its commitment: one challenge and two responses.
pub const BIT_BYTES: usize = 16 + 32 + 32;

/// Secret numbers of one proof; drawn again wherever they are needed, never stored.
#[derive(Debug)]
pub struct Nonces(pub zeroize::Zeroizing<[u8; 32]>);

impl Nonces {
    /// The stream of the numbers at `place` of part `part`.
    pub fn stream(&self, part: u32, place: u32) -> Stream {
        let place = (u64::from(part) << 32 | u64::from(place)).to_le_bytes();
        Stream::new("qres 2026 proof nonce v1", &[&self.0[..], &place])
    }
}

/// A committed value of which the bits are to be shown.
pub struct Range<'a> {
    pub nonces: &'a Nonces,
    /// Tells the ranges of a proof apart.
    pub part: u32,
    /// Bits, 1 to 63.
    pub bits: u32,
    /// The value, below 2^bits.
    pub value: u64,
    /// The blinding of its commitment.
    pub blinding: Scalar,
}

/// What the prover draws for one bit.
struct Drawn {
    blinding: Scalar,
    nonce: Scalar,
    /// Challenge and response of the branch that is not true.
    challenge: u128,
    response: Scalar,
}

impl Range<'_> {
    fn draw(&self, bit: u32) -> Drawn {
        let mut stream = self.nonces.stream(self.part, bit);
        let mut challenge = [0; 16];
        let (blinding, nonce, response) = (stream.scalar(), stream.scalar(), stream.scalar());
        stream.fill(&mut challenge);
        let challenge = u128::from_le_bytes(challenge);
        let blinding = if bit == 0 { self.lowest() } else { blinding };
        Drawn { blinding, nonce, challenge, response }
    }

    /// The blinding that the other bits leave for the lowest one.
    fn lowest(&self) -> Scalar {
        let share =
            |bit: u32| Scalar::from(1_u64 << bit) * self.nonces.stream(self.part, bit).scalar();
        self.blinding - (1..self.bits).map(share).sum::<Scalar>()
    }

    fn is_set(&self, bit: u32) -> Choice {
        Choice::from((self.value >> bit & 1) as u8)
    }

    /// First pass: says the commitments and announcements; writes the commitments.
    pub fn announce(
        &self,
        generator: &RistrettoPoint,
        transcript: &mut Transcript,
        points: &mut Writer<'_>,
    ) -> Option<()> {
        for bit in (0..self.bits).rev() {
            let drawn = self.draw(bit);
            let set = self.is_set(bit);
            let value = Scalar::from(u64::from(set.unwrap_u8()));
            let commitment = commitment::commit(generator, &value, &drawn.blinding);
            let wrong =
                RistrettoPoint::conditional_select(&(commitment - generator), &commitment, set);
            let truth = RistrettoPoint::mul_base(&drawn.nonce);
            let lie =
                RistrettoPoint::mul_base(&drawn.response) - Scalar::from(drawn.challenge) * wrong;
            let zero = RistrettoPoint::conditional_select(&truth, &lie, set);
            let one = RistrettoPoint::conditional_select(&lie, &truth, set);
            let commitment = commitment.compress();
            transcript.append("bit", commitment.as_bytes());
            transcript.append("zero", zero.compress().as_bytes());
            transcript.append("one", one.compress().as_bytes());
            if bit > 0 {
                points.put(commitment.as_bytes())?;
            }
        }
        Some(())
    }

    /// Second pass: writes challenges and responses.
    pub fn respond(&self, challenge: u128, scalars: &mut Writer<'_>) -> Option<()> {
        for bit in (0..self.bits).rev() {
            let drawn = self.draw(bit);
            let set = self.is_set(bit);
            let own = challenge.wrapping_sub(drawn.challenge);
            let truth = drawn.nonce + Scalar::from(own) * drawn.blinding;
            let zero = Scalar::conditional_select(&truth, &drawn.response, set);
            let one = Scalar::conditional_select(&drawn.response, &truth, set);
            scalars.put(&select(own, drawn.challenge, set).to_le_bytes())?;
            scalars.put(zero.as_bytes())?;
            scalars.put(one.as_bytes())?;
        }
        Some(())
    }
}

/// `right` when `choice` is set, else `left`, without a branch.
fn select(left: u128, right: u128, choice: Choice) -> u128 {
    let high = u64::conditional_select(&((left >> 64) as u64), &((right >> 64) as u64), choice);
    let low = u64::conditional_select(&(left as u64), &(right as u64), choice);
    u128::from(high) << 64 | u128::from(low)
}

/// Retraces what the prover must have said about a value in `0..2^bits` that `target` commits to;
/// `None` when the bytes are not points and scalars. Whether it was said shows in the transcript.
pub fn retrace(
    generator: &RistrettoPoint,
    target: RistrettoPoint,
    bits: u32,
    challenge: u128,
    transcript: &mut Transcript,
    points: &mut Reader<'_>,
    scalars: &mut Reader<'_>,
) -> Option<()> {
    let mut rest = target;
    for bit in (0..bits).rev() {
        let commitment = if bit > 0 { points.point()? } else { rest };
        rest -= Scalar::from(1_u64 << bit) * commitment;
        let first = scalars.number()?;
        let second = challenge.wrapping_sub(first);
        let zero = branch(first, &commitment, &scalars.scalar()?);
        let one = branch(second, &(commitment - generator), &scalars.scalar()?);
        transcript.append("bit", commitment.compress().as_bytes());
        transcript.append("zero", zero.compress().as_bytes());
        transcript.append("one", one.compress().as_bytes());
    }
    Some(())
}

/// `response G - challenge P`: what must have been announced.
fn branch(challenge: u128, point: &RistrettoPoint, response: &Scalar) -> RistrettoPoint {
    let challenge = -Scalar::from(challenge);
    RistrettoPoint::vartime_double_scalar_mul_basepoint(&challenge, point, response)
}
