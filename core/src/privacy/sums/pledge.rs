//! A member's side of norm proofs under sums: it pledges itself to each vector by a commitment, and
//! shows on demand that what it is pledged to has a bounded norm.
//!
//! The vector travels under masks modulo 2^32, the blinding of its commitment under masks of its
//! own modulo the order of the group, by the same rules: own mask and pair masks on, those that are
//! left off in a second message. So the collector learns the sum R of the survivors' blindings, and
//! none of a single one, and
//!
//! `sum of commitments = sum_j X_j V_j + R G`
//!
//! holds for the sum X that comes out of the vectors, if and only if X is the sum of what the
//! members are pledged to: they cannot pledge themselves to one vector and sum another. The two
//! moduli do not meet: values are whole steps of the commitments' grid, small enough that their sum
//! does not leave 32 bits, so it is the same number in both.
//!
//! A member that drops out before its vector is in neither sum. The one rule of [`super::Summand`],
//! one set of survivors an epoch, keeps blindings as it keeps vectors.

use curve25519_dalek::scalar::Scalar;
use zeroize::Zeroizing;

use super::{SumGroup, Ties};
use crate::id::NodeId;
use crate::integrity::commitment::{GRID, on_grid};
use crate::integrity::norm::{BOUND_MAX, Claim, ProveError, proof_bits};
use crate::integrity::vector::{Scheme, VectorCommitment, commit, show, shown_bytes};
use crate::neuron::TAPS;
use crate::packet::{
    ProofStep, SHOWN_AT_ONCE, SHOWN_PART_BYTES, SUM_TAG_BYTES, ShownPart, SumProof,
};
use crate::privacy::clip::clip;
use crate::privacy::exchange::PairSecret;
use crate::privacy::roster::Members;
use crate::privacy::seed::Seed;
use crate::q16::Q16;
use crate::stream::Stream;

/// Processor time to make a commitment, or to open a sum of them, in microseconds: an assumption
/// like [`crate::signature::SignatureCost::ED25519_RV32`], 24 million cycles at 160 MHz for nine
/// points hashed to the group and multiplied.
pub const COMMIT_US: u32 = 150_000;
/// Processor time to prove, per bit that is shown, in microseconds: an assumption, the assumed time
/// of a signature times the ratio of both in the bench `crypto` on a desktop.
pub const PROVE_BIT_US: u32 = 155_000;
/// Processor time to verify, per bit that is shown, in microseconds: as for proving.
pub const VERIFY_BIT_US: u32 = 215_000;

/// Vectors that a member remembers, so that a demand that was long on its way finds one. A member
/// gives at most one in each of its rounds, and a demand of which nothing was answered is over
/// after [`super::examiner::PATIENCE`] times the group's patience: 24 rounds of the collector by
/// default. What a demand has asked for it keeps beside these, until the next.
pub const KEPT: usize = 32;

/// What a group asks of its members' vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NormTerms {
    /// Largest norm, in 1/65536: 1 to four times the root of [`TAPS`].
    pub norm: u32,
    /// The chance that a sum is followed by a demand, in 1/65536.
    pub share: u32,
    /// With what arithmetic.
    pub scheme: Scheme,
}

impl NormTerms {
    /// The bound of a proof: the squared norm in squared steps of the grid, rounded down, at least
    /// 1.
    #[must_use]
    pub fn bound(&self) -> u32 {
        let squares = u64::from(self.norm).pow(2) / (GRID as u64).pow(2);
        u32::try_from(squares.max(1)).unwrap_or(u32::MAX).min(BOUND_MAX)
    }

    /// Weights in whole steps of the grid, to nearest: only these have commitments that open.
    #[must_use]
    pub fn near(weights: &[Q16; TAPS]) -> [Q16; TAPS] {
        weights.map(|weight| Q16::from_bits(on_grid(weight).saturating_mul(GRID)))
    }

    /// What a member may put into a sum in the place of these weights: [`NormTerms::near`], and
    /// where their norm is beyond the bound, shortened towards zero.
    #[must_use]
    pub fn fit(&self, weights: &[Q16; TAPS]) -> [Q16; TAPS] {
        let near = Self::near(weights);
        if self.covers(&near) {
            return near;
        }
        let mut short = *weights;
        clip(&mut short, self.norm);
        short.map(|weight| Q16::from_bits(weight.to_bits() / GRID * GRID))
    }

    /// Whether weights on the grid keep the bound.
    #[must_use]
    pub fn covers(&self, weights: &[Q16; TAPS]) -> bool {
        let squares = weights.map(|weight| i64::from(weight.to_bits() / GRID).pow(2) as u64);
        squares.iter().sum::<u64>() <= u64::from(self.bound())
    }

    /// Bytes of what is shown for `taps` weights.
    #[must_use]
    pub fn shown_bytes(&self, taps: u8) -> usize {
        shown_bytes(usize::from(taps), self.bound())
    }

    /// Bits that a proof for `taps` weights shows one by one.
    #[must_use]
    pub fn bits(&self, taps: u8) -> u32 {
        proof_bits(usize::from(taps), self.bound())
    }

    /// What the member at `place` claims of its vector of `epoch`.
    #[must_use]
    pub fn claim(&self, group: &SumGroup, place: usize, epoch: u32) -> Option<Claim> {
        let origin = *group.members.get(place)?;
        let nonce = *group.roster(epoch)?.digest();
        Some(Claim { mesh: group.mesh, origin, round: epoch, nonce, bound: self.bound() })
    }
}

impl Ties {
    /// The blinding of the commitment to the vector of `epoch`.
    fn blinding(&self, group: &SumGroup, epoch: u32) -> Zeroizing<Scalar> {
        Zeroizing::new(self.secret("qres 2026 sum blinding v1", group, epoch).scalar())
    }

    fn secret(&self, context: &str, group: &SumGroup, epoch: u32) -> Stream {
        let digest = group.roster(epoch).map_or([0; 32], |roster| *roster.digest());
        Stream::new(context, &[&self.own[..], &digest])
    }

    /// `base` under the own mask of `epoch`, and the pair masks with these others.
    fn cover_blinding(
        &self,
        group: &SumGroup,
        epoch: u32,
        others: Members,
        base: Scalar,
    ) -> Scalar {
        let mut sum =
            base + self.secret("qres 2026 sum own blinding mask v1", group, epoch).scalar();
        let (Some(roster), Some(id)) = (group.roster(epoch), group.members.get(self.place)) else {
            return sum;
        };
        for (place, (other, secret)) in group.members.iter().zip(&self.pairs).enumerate() {
            if let Some(secret) = secret.as_ref().filter(|_| others.has(place)) {
                let context = "qres 2026 sum pair blinding key v1";
                let key = Zeroizing::new(secret.key(context, roster.digest(), (*id, *other)));
                let mask = Seed::derive("qres 2026 sum pair blinding mask v1", &[&key[..]]);
                sum += if self.place < place { *mask.scalar() } else { -*mask.scalar() };
            }
        }
        sum
    }

    /// The pledge to a vector of `epoch`, before it is masked.
    #[must_use]
    pub fn pledge(
        &self,
        terms: &NormTerms,
        group: &SumGroup,
        epoch: u32,
        weights: &[Q16],
    ) -> ProofStep {
        let blinding = self.blinding(group, epoch);
        let masked = self.cover_blinding(group, epoch, group.all(), *blinding);
        let commitment = commit(terms.scheme, weights, &blinding);
        ProofStep::Pledge { commitment, blinding: masked.to_bytes() }
    }

    /// What takes the masks off the sum of blindings; two for different sets would show one.
    #[must_use]
    pub fn release(&self, group: &SumGroup, epoch: u32, survivors: Members) -> ProofStep {
        let others = group.all().less(survivors);
        let left = self.cover_blinding(group, epoch, others, Scalar::ZERO);
        ProofStep::Release { blinding: left.to_bytes() }
    }

    /// Writes what shows that the vector of `epoch` keeps the terms; gives its length.
    ///
    /// # Errors
    /// When it does not, or the buffer is too short.
    pub fn show(
        &self,
        terms: &NormTerms,
        group: &SumGroup,
        epoch: u32,
        weights: &[Q16],
        out: &mut [u8],
    ) -> Result<usize, ProveError> {
        let claim = terms.claim(group, self.place, epoch).ok_or(ProveError::Claim)?;
        let mut seed = Zeroizing::new([0; 32]);
        self.secret("qres 2026 sum proof seed v1", group, epoch).fill(&mut seed[..]);
        show(terms.scheme, &claim, weights, &self.blinding(group, epoch), &seed, out)
    }

    /// Its commitment to the vector of `epoch`.
    #[must_use]
    pub fn commitment(
        &self,
        terms: &NormTerms,
        group: &SumGroup,
        epoch: u32,
        weights: &[Q16],
    ) -> VectorCommitment {
        commit(terms.scheme, weights, &self.blinding(group, epoch))
    }
}

/// The tag of one of these messages, under the secret of member and collector.
#[must_use]
pub fn tag_proof(secret: &PairSecret, from: NodeId, proof: &SumProof) -> [u8; SUM_TAG_BYTES] {
    let mut body: heapless::Vec<u8, { crate::packet::MESSAGE_MAX }> = heapless::Vec::new();
    proof.put_body(&mut |bytes| {
        let _ = body.extend_from_slice(bytes);
    });
    super::tag(secret, &body, (from, proof.to))
}

/// A vector that a member has given, before masks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Given {
    /// 0: none.
    epoch: u32,
    values: [i32; TAPS],
}
crate::canonical!(struct Given { epoch, values });

/// What is asked of a member at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The epoch.
    pub epoch: u32,
    /// What it gave, before masks.
    pub weights: [Q16; TAPS],
    /// The first part that is missing.
    pub next: u8,
    /// Which from there on are there.
    pub have: u32,
}

impl Due {
    /// The parts that are asked for now, of all that is shown.
    pub fn parts<'a>(&self, shown: &'a [u8]) -> impl Iterator<Item = ShownPart> + use<'a> {
        let Self { next, have, .. } = *self;
        let missing = (0..SHOWN_AT_ONCE).filter(move |bit| have >> bit & 1 == 0);
        missing.map_while(move |bit| next.checked_add(bit)).map_while(move |index| {
            let part = shown.chunks(SHOWN_PART_BYTES).nth(usize::from(index))?;
            ShownPart::new(index, part).ok()
        })
    }
}

/// A member's memory of what it is pledged to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pledger {
    /// The newest vectors, newest first.
    given: [Given; KEPT],
    /// The one that was last asked for.
    asked: Given,
    next: u8,
    have: u32,
    is_due: bool,
    /// Demands taken up.
    pub taken: u32,
    /// Demands for an epoch of which it has nothing to show.
    pub missed: u32,
}
crate::canonical!(struct Pledger { given, asked, next, have, is_due, taken, missed });

impl Pledger {
    /// Remembers a vector of `epoch`; the same again changes nothing.
    pub fn keep(&mut self, epoch: u32, values: &[i32; TAPS]) {
        if epoch > self.given[0].epoch {
            self.given.rotate_right(1);
            self.given[0] = Given { epoch, values: *values };
        }
    }

    /// Takes a demand whose tag fits; says whether it is a new one. A collector asks for later and
    /// later epochs, so an earlier one was sent again by somebody else: it changes nothing.
    pub fn demanded(&mut self, epoch: u32, next: u8, have: u32) -> bool {
        if epoch < self.asked.epoch {
            return false;
        }
        let is_new = epoch == 0 || epoch != self.asked.epoch;
        if is_new {
            let Some(given) = self.given.iter().find(|given| given.epoch == epoch && epoch > 0)
            else {
                self.missed = self.missed.saturating_add(1);
                return false;
            };
            self.asked = *given;
            self.taken = self.taken.saturating_add(1);
        }
        (self.next, self.have, self.is_due) = (next, have, true);
        is_new
    }

    /// What is asked for, once a demand.
    pub fn due(&mut self) -> Option<Due> {
        let Given { epoch, values } = self.asked;
        let due =
            Due { epoch, weights: values.map(Q16::from_bits), next: self.next, have: self.have };
        core::mem::take(&mut self.is_due).then_some(due)
    }
}
