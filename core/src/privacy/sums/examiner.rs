//! The collector's side of norm proofs: it keeps pledges of two epochs, holds each sum against
//! them, and draws a member now and then that must show what its pledge is worth.
//!
//! A vector counts only behind a pledge, and a correction behind a release, so the parts of
//! [`Collector`] stay as they are. A sum that does not open is dropped; who spoiled it does not
//! show. The draw comes after the survivors are known, under a secret of the collector, so a member
//! cannot foresee it when it pledges itself. A proof that does not hold bars the member from the
//! group's sums for good: its tags fit, so nobody else has written it. One that does not come bars
//! it for [`REST_EPOCHS`]: the air may be at fault.

use curve25519_dalek::scalar::Scalar;

use super::pledge::NormTerms;
use super::{Collector, Members, Sum, SumGroup};
use crate::draw::below;
use crate::integrity::commitment::GRID;
use crate::integrity::vector::{SHOWN_MAX, VectorCommitment, check, sum_opens};
use crate::packet::{ProofStep, SHOWN_AT_ONCE, SHOWN_PART_BYTES, ShownPart, SumPart, SumStep};
use crate::privacy::roster::MEMBERS_MAX;
use crate::stream::Stream;
use crate::trust::Evidence;

/// Epochs for which a member that has not shown what was asked for gives nothing.
pub const REST_EPOCHS: u32 = 32;
/// A demand is given up when nothing new has come for so many times the group's patience.
pub const PATIENCE: u32 = 8;
/// It is given up in any case once it was open so long that fewer parts than these would have come
/// in each patience beyond that: who dribbles does not keep the group from asking others.
const PARTS_A_PATIENCE: u32 = 8;

/// Rounds of the collector for which a demand of `parts` parts is open, at most.
#[must_use]
pub const fn open_rounds(patience: u32, parts: u32) -> u32 {
    patience.saturating_mul(PATIENCE + parts.div_ceil(PARTS_A_PATIENCE))
}

/// What came of proofs in a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProofCounts {
    /// Members drawn.
    pub demands: u32,
    /// Of these, who has shown what was asked for.
    pub shown: u32,
    /// What was shown did not hold.
    pub refused: u32,
    /// Nothing came, or not all in time.
    pub unanswered: u32,
    /// Sums that the pledges do not open, and that were dropped.
    pub unopened: u32,
}
crate::canonical!(struct ProofCounts { demands, shown, refused, unanswered, unopened });

/// The pledges of an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pledges {
    members: u8,
    commitments: [VectorCommitment; MEMBERS_MAX],
    blindings: [[u8; 32]; MEMBERS_MAX],
}
crate::canonical!(struct Pledges { members, commitments, blindings });

/// An open demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Demand {
    place: u8,
    epoch: u32,
    commitment: VectorCommitment,
    /// Parts that are here, a bit each.
    have: [u32; 8],
    /// The collector's round in which something new last came.
    since: u32,
    /// Its round in which the member was drawn.
    opened: u32,
}
crate::canonical!(struct Demand { place, epoch, commitment, have, since, opened });

/// A collector's memory of one group's pledges: some 16 KB, most of it room for what is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examiner {
    epoch: u32,
    open: Pledges,
    closed: Pledges,
    /// Whose release of the closed epoch is here, and the sum of blindings so far.
    released: u8,
    blinding: [u8; 32],
    demand: Option<Demand>,
    shown: heapless::Vec<u8, SHOWN_MAX>,
    /// The first epoch that each member may give to again.
    barred: [u32; MEMBERS_MAX],
    /// What came of proofs.
    pub counts: ProofCounts,
}
crate::canonical!(struct Examiner {
    epoch, open, closed, released, blinding, demand, shown, barred, counts,
});

impl Default for Examiner {
    fn default() -> Self {
        Self {
            epoch: 1,
            open: Pledges::default(),
            closed: Pledges::default(),
            released: 0,
            blinding: [0; 32],
            demand: None,
            shown: heapless::Vec::new(),
            barred: [0; MEMBERS_MAX],
            counts: ProofCounts::default(),
        }
    }
}

fn scalar(bytes: &[u8; 32]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(*bytes).into_option()
}

/// Parts of what is shown of `taps` weights.
fn parts(terms: &NormTerms, taps: u8) -> usize {
    terms.shown_bytes(taps).div_ceil(SHOWN_PART_BYTES)
}

const fn bit(place: usize) -> u8 {
    if place < MEMBERS_MAX { 1 << place } else { 0 }
}

impl Examiner {
    /// Whether the member at `place` may give to the epoch that is gathered.
    #[must_use]
    pub fn is_barred(&self, place: usize) -> bool {
        self.barred.get(place).is_some_and(|until| self.epoch < *until)
    }

    /// Takes what a member says of its pledge, its tag fits; `round` is the collector's. With the
    /// last part of what was asked for, what that is evidence of.
    pub fn take(
        &mut self,
        terms: &NormTerms,
        group: &SumGroup,
        place: usize,
        (epoch, step): (u32, &ProofStep),
        taps: u8,
        round: u32,
    ) -> Option<Evidence> {
        let bit = bit(place) & group.all().to_bits();
        match step {
            ProofStep::Pledge { commitment, blinding }
                if epoch == self.epoch && self.open.members & bit == 0 && bit != 0 =>
            {
                scalar(blinding).filter(|_| !self.is_barred(place))?;
                self.open.members |= bit;
                *self.open.commitments.get_mut(place)? = *commitment;
                *self.open.blindings.get_mut(place)? = *blinding;
            }
            ProofStep::Release { blinding }
                if epoch.wrapping_add(1) == self.epoch
                    && self.closed.members & bit & !self.released != 0 =>
            {
                let left = scalar(&self.blinding)? - scalar(blinding)?;
                self.released |= bit;
                self.blinding = left.to_bytes();
            }
            ProofStep::Part(part) => {
                return self.part(terms, group, place, epoch, part, taps, round);
            }
            _ => {}
        }
        None
    }

    /// Whether a message of the sum itself counts: what must go before it is here.
    #[must_use]
    pub fn admits(&self, place: usize, part: &SumPart) -> bool {
        let before = match part.step {
            SumStep::Vector(_) if part.epoch == self.epoch => self.open.members,
            SumStep::Correction if part.epoch.wrapping_add(1) == self.epoch => self.released,
            _ => return true,
        };
        before & bit(place) != 0
    }

    /// Whether the pledges open to a sum that has come out, of `taps` values; counts it if not. To
    /// be asked before [`Examiner::follow`].
    pub fn opens(&mut self, terms: &NormTerms, sum: &Sum, taps: u8) -> bool {
        let used = sum.total.get(..usize::from(taps)).unwrap_or_default();
        let totals = used.iter().map(|total| total / GRID);
        let totals: heapless::Vec<i32, { crate::neuron::TAPS }> = totals.collect();
        let whole = used.iter().all(|total| total % GRID == 0);
        let survivors = sum.survivors.places();
        let commitments = survivors.filter_map(|place| self.closed.commitments.get(place));
        let is_here = sum.epoch.wrapping_add(1) == self.epoch
            && sum.survivors.to_bits() == self.closed.members
            && self.released == self.closed.members;
        let opens = is_here
            && whole
            && scalar(&self.blinding)
                .is_some_and(|left| sum_opens(terms.scheme, commitments, &totals, &left));
        self.counts.unopened = self.counts.unopened.saturating_add(u32::from(!opens));
        opens
    }

    /// Follows the collector after each of its steps; `secret` is the collector's own, `patience`
    /// the group's, `taps` those of its model. Says whose demand was given up.
    pub fn follow(
        &mut self,
        terms: &NormTerms,
        group: &SumGroup,
        collector: &Collector,
        secret: &[u8; 32],
        (round, patience, taps): (u32, u32, u8),
    ) -> Option<usize> {
        if collector.epoch() != self.epoch {
            self.close(collector.survivors());
            self.epoch = collector.epoch();
            self.choose(terms, group, secret, round);
        }
        let in_all = open_rounds(patience, parts(terms, taps) as u32);
        let waits = |demand: &Demand| {
            round.wrapping_sub(demand.since) <= open_rounds(patience, 0)
                && round.wrapping_sub(demand.opened) <= in_all
        };
        let given_up = self.demand.take_if(|demand| !waits(demand))?;
        self.shown.clear();
        self.counts.unanswered = self.counts.unanswered.saturating_add(1);
        let place = usize::from(given_up.place);
        *self.barred.get_mut(place)? = self.epoch.saturating_add(REST_EPOCHS);
        Some(place)
    }

    fn close(&mut self, survivors: Members) {
        self.closed = core::mem::take(&mut self.open);
        self.closed.members &= survivors.to_bits();
        self.released = 0;
        let places = Members::from_bits(self.closed.members).places();
        let masked = places.filter_map(|place| scalar(self.closed.blindings.get(place)?));
        self.blinding = masked.sum::<Scalar>().to_bytes();
    }

    /// Draws a survivor of the epoch that has just been closed, unless somebody is asked already.
    fn choose(&mut self, terms: &NormTerms, group: &SumGroup, secret: &[u8; 32], round: u32) {
        let survivors = Members::from_bits(self.closed.members);
        let epoch = self.epoch.wrapping_sub(1);
        let Some(roster) = group.roster(epoch).filter(|_| self.demand.is_none()) else { return };
        let mut lot = Stream::new("qres 2026 norm proof lot v1", &[secret, roster.digest()]);
        if u64::from(lot.next_u32()) >= u64::from(terms.share) << 16 {
            return;
        }
        let mut which = [0; 8];
        lot.fill(&mut which);
        let which = below(u64::from_le_bytes(which), survivors.count() as u64);
        let Some(place) = survivors.places().nth(which as usize) else { return };
        let Some(commitment) = self.closed.commitments.get(place).copied() else { return };
        let place = place as u8;
        let (have, since, opened) = ([0; 8], round, round);
        self.demand = Some(Demand { place, epoch, commitment, have, since, opened });
        self.counts.demands = self.counts.demands.saturating_add(1);
        self.shown.clear();
    }

    /// What to demand of the member at `place`, if anything: epoch and step.
    #[must_use]
    pub fn asks(&self, place: usize) -> Option<(u32, ProofStep)> {
        let demand = self.demand.as_ref().filter(|demand| usize::from(demand.place) == place)?;
        let next = (0..u8::MAX).find(|index| !demand.has(*index))?;
        let ahead =
            (0..SHOWN_AT_ONCE).filter(|n| next.checked_add(*n).is_some_and(|i| demand.has(i)));
        let have = ahead.fold(0, |have, n| have | 1 << n);
        Some((demand.epoch, ProofStep::Demand { next, have }))
    }

    fn part(
        &mut self,
        terms: &NormTerms,
        group: &SumGroup,
        place: usize,
        epoch: u32,
        part: &ShownPart,
        taps: u8,
        round: u32,
    ) -> Option<Evidence> {
        let demand = self.demand.as_mut()?;
        let asked = usize::from(demand.place) == place && demand.epoch == epoch;
        let length = terms.shown_bytes(taps);
        let count = parts(terms, taps);
        if !asked || usize::from(part.index) >= count || demand.has(part.index) {
            return None;
        }
        let from = usize::from(part.index) * SHOWN_PART_BYTES;
        let room = SHOWN_PART_BYTES.min(length - from);
        self.shown.resize(length, 0).ok()?;
        if part.bytes().len() == room {
            self.shown.get_mut(from..from + room)?.copy_from_slice(part.bytes());
        }
        demand.note(part.index);
        demand.since = round;
        if !(0..count).all(|index| demand.has(index as u8)) {
            return None;
        }
        let claim = terms.claim(group, place, epoch)?;
        let taps = usize::from(taps);
        let holds = check(terms.scheme, &claim, taps, &demand.commitment, &self.shown).is_ok();
        self.demand = None;
        self.shown.clear();
        if holds {
            self.counts.shown = self.counts.shown.saturating_add(1);
            return Some(Evidence::AuditPassed);
        }
        self.counts.refused = self.counts.refused.saturating_add(1);
        *self.barred.get_mut(place)? = u32::MAX;
        Some(Evidence::NormRefused)
    }
}

impl Demand {
    fn has(&self, index: u8) -> bool {
        let word = self.have.get(usize::from(index / 32));
        word.is_some_and(|word| word >> (index % 32) & 1 == 1)
    }

    fn note(&mut self, index: u8) {
        if let Some(word) = self.have.get_mut(usize::from(index / 32)) {
            *word |= 1 << (index % 32);
        }
    }
}

#[cfg(test)]
mod tests;
