//! Sums for groups whose members sleep at different times: two short messages a member, and no
//! shares. For groups that are awake together see [`super::aggregation`].
//!
//! Masks in pairs and one of a member's own, taken off in a second message, in the manner of Ács
//! and Castelluccia, "I have a DREAM!", 2011 (on smart meters). Of each pair
//! the lower adds its mask and the higher takes it away, modulo 2^32. In each epoch:
//!
//! 1. Vector: `y = x + own + sum of pair masks with all others`.
//! 2. The collector names the survivors, those whose vectors came. Each answers with its
//!    correction, `c = own + sum of pair masks with those who are not survivors`.
//!
//! `sum of (y - c)` over the survivors is the sum of their `x`: pair masks among them cancel.
//!
//! The collector learns of a member only `y - c`, the value under its pair masks with the
//! survivors. It cannot take `c` apart, as the own mask is used once. So a member answers for one
//! set of survivors an epoch ([`Summand::called`]), of at least the threshold, more than two thirds
//! of the group: two such sets share more than a third of it, and whoever tells members different
//! sets gets sums from which some mask is not taken off, unless more than a third of the group
//! helps. Sent again, both messages are the same bytes; so loss costs time and nothing else. What a
//! [`Summand`] remembers must outlive a power cut, or the node must sit that epoch out.
//!
//! The price of having no shares: when a survivor dies before its correction, the epoch has no sum.
//! Nothing stops a member from a wrong vector: its group is one voice in the merge, no more.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::aggregation::AggregationError;
use super::exchange::{Exchange, ExchangeKey, PairSecret};
use super::roster::{MEMBERS_MAX, Members, Roster, RosterError};
use super::seed::Seed;
use crate::id::NodeId;
use crate::neuron::{TAPS, WEIGHT_LIMIT};
use crate::packet::{SUM_TAG_BYTES, SumCall, SumPart};
use crate::q16::Q16;
use crate::stream::derive;

mod collector;
pub mod examiner;
pub mod pledge;

pub use collector::{Collector, Counts, Sum};

/// Ids of groups, as origins of their means and as voices, begin here: no node has one so high.
pub const GROUP_IDS: u32 = 1 << 31;
/// Processor time to agree on a secret by X25519, in microseconds, charged once for each other
/// member and the collector: an assumption like
/// [`crate::signature::SignatureCost::ED25519_RV32`], 8 million cycles at 160 MHz.
pub const AGREE_US: u32 = 50_000;
/// Processor time of masking, unmasking or checking one message, in microseconds: an assumption,
/// 160,000 cycles for some twenty compressions of BLAKE3 and eight scalars.
pub const MASK_US: u32 = 1_000;

/// A group: who sums, and who collects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumGroup {
    mesh: u64,
    collector: NodeId,
    members: heapless::Vec<NodeId, MEMBERS_MAX>,
}

impl SumGroup {
    /// The group of `members`, 4 to 8, in any order.
    ///
    /// # Errors
    /// When there are too few or too many members, or one of them twice.
    pub fn new(mesh: u64, collector: NodeId, members: &[NodeId]) -> Result<Self, RosterError> {
        let threshold = Roster::usual_threshold(members.len());
        let roster = Roster::new(mesh, 0, members, threshold)?;
        let members = heapless::Vec::from_slice(roster.members()).map_err(|_| RosterError::Size)?;
        Ok(Self { mesh, collector, members })
    }

    /// Who collects.
    #[must_use]
    pub const fn collector(&self) -> NodeId {
        self.collector
    }

    /// The members, ascending.
    #[must_use]
    pub fn members(&self) -> &[NodeId] {
        &self.members
    }

    /// Where a member stands.
    #[must_use]
    pub fn place(&self, node: NodeId) -> Option<usize> {
        self.members.binary_search(&node).ok()
    }

    /// The set of all members.
    #[must_use]
    pub fn all(&self) -> Members {
        Members::all(self.members.len())
    }

    /// Fewest vectors that make a sum: more than two thirds of the members.
    #[must_use]
    pub fn threshold(&self) -> usize {
        Roster::usual_threshold(self.members.len()) as usize
    }

    fn roster(&self, epoch: u32) -> Option<Roster> {
        Roster::new(self.mesh, epoch, &self.members, self.threshold() as u8).ok()
    }
}

/// What a member knows in secret: a key of its own, one with each other member, and one with the
/// collector. Wiped when dropped.
#[derive(Clone, Debug)]
pub struct Ties {
    place: usize,
    own: Zeroizing<[u8; 32]>,
    pairs: [Option<PairSecret>; MEMBERS_MAX],
    collector: PairSecret,
}

impl Ties {
    /// Agrees with everybody in `group`, whose keys are in order of the members.
    ///
    /// # Errors
    /// When the node is not a member, there is not one key for each, or a key is refused.
    pub fn agree(
        group: &SumGroup,
        id: NodeId,
        exchange: &Exchange,
        keys: &[ExchangeKey],
        collector: &ExchangeKey,
    ) -> Result<Self, AggregationError> {
        let place = group.place(id).ok_or(AggregationError::Stranger)?;
        if keys.len() != group.members.len() {
            return Err(AggregationError::Stranger);
        }
        let mut pairs = [const { None }; MEMBERS_MAX];
        for (other, (key, slot)) in keys.iter().zip(&mut pairs).enumerate() {
            if other != place {
                let refused = |_| AggregationError::Key(other as u8);
                *slot = Some(exchange.agree(key).map_err(refused)?);
            }
        }
        let refused = |_| AggregationError::Key(u8::MAX);
        let collector = exchange.agree(collector).map_err(refused)?;
        let own = Zeroizing::new(exchange.own_key("qres 2026 sum own key v1", &[], &[0; 32]));
        Ok(Self { place, own, pairs, collector })
    }

    /// Stand-ins without curve arithmetic, for simulations that only count: functions of the
    /// scenario's seed, so no secrets. `None` when the node is not a member.
    #[must_use]
    pub fn simulated(group: &SumGroup, id: NodeId) -> Option<Self> {
        let place = group.place(id)?;
        let mut pairs = [const { None }; MEMBERS_MAX];
        for (other, (node, slot)) in group.members.iter().zip(&mut pairs).enumerate() {
            if other != place {
                *slot = Some(PairSecret::simulated(group.mesh, (id, *node)));
            }
        }
        let parts: [&[u8]; 2] = [&group.mesh.to_le_bytes(), &id.0.to_le_bytes()];
        let own = Zeroizing::new(derive("qres 2026 simulated sum own key v1", &parts));
        let collector = PairSecret::simulated(group.mesh, (id, group.collector));
        Some(Self { place, own, pairs, collector })
    }

    /// The member's place in its group.
    #[must_use]
    pub const fn place(&self) -> usize {
        self.place
    }

    /// What it shares with the collector.
    #[must_use]
    pub const fn collector(&self) -> &PairSecret {
        &self.collector
    }

    /// The vector of `epoch`: `weights` under all masks. Two vectors of one epoch would show their
    /// difference: see [`Summand::contribute`].
    pub fn vector(&self, group: &SumGroup, epoch: u32, weights: &mut [i32]) {
        self.cover(group, epoch, group.all(), weights);
    }

    /// The correction of `epoch` for these survivors, `taps` values. Two for different sets would
    /// show a mask: see [`Summand::called`].
    #[must_use]
    pub fn correction(
        &self,
        group: &SumGroup,
        epoch: u32,
        survivors: Members,
        taps: usize,
    ) -> [i32; TAPS] {
        let mut values = [0; TAPS];
        let used = values.get_mut(..taps.min(TAPS)).unwrap_or_default();
        self.cover(group, epoch, group.all().less(survivors), used);
        values
    }

    /// Adds the own mask of `epoch`, and the pair masks with these others.
    fn cover(&self, group: &SumGroup, epoch: u32, others: Members, values: &mut [i32]) {
        let Some(roster) = group.roster(epoch) else { return };
        let own = [&self.own[..], roster.digest()];
        Seed::derive("qres 2026 sum own mask v1", &own).mask(true, values);
        let Some(id) = group.members.get(self.place) else { return };
        for (place, (other, secret)) in group.members.iter().zip(&self.pairs).enumerate() {
            if let Some(secret) = secret.as_ref().filter(|_| others.has(place)) {
                let pair = (*id, *other);
                let key =
                    Zeroizing::new(secret.key("qres 2026 sum pair key v1", roster.digest(), pair));
                let seed = Seed::derive("qres 2026 sum pair mask v1", &[&key[..]]);
                seed.mask(self.place < place, values);
            }
        }
    }
}

/// The tag of a member's message to its collector.
#[must_use]
pub fn tag_part(secret: &PairSecret, from: NodeId, part: &SumPart) -> [u8; SUM_TAG_BYTES] {
    let mut body: heapless::Vec<u8, 64> = heapless::Vec::new();
    part.put_body(&mut |bytes| {
        let _ = body.extend_from_slice(bytes);
    });
    tag(secret, &body, (from, part.to))
}

/// The tag of a collector's call.
#[must_use]
pub fn tag_call(secret: &PairSecret, from: NodeId, call: &SumCall) -> [u8; SUM_TAG_BYTES] {
    let mut body: heapless::Vec<u8, 64> = heapless::Vec::new();
    call.put_body(&mut |bytes| {
        let _ = body.extend_from_slice(bytes);
    });
    tag(secret, &body, (from, call.to))
}

/// Whether two tags are equal, in constant time.
#[must_use]
pub fn is_tag(known: &[u8; SUM_TAG_BYTES], seen: &[u8; SUM_TAG_BYTES]) -> bool {
    bool::from(known[..].ct_eq(&seen[..]))
}

fn tag(secret: &PairSecret, body: &[u8], way: (NodeId, NodeId)) -> [u8; SUM_TAG_BYTES] {
    let whole = secret.key_towards("qres 2026 sum tag v1", body, way);
    let mut tag = [0; SUM_TAG_BYTES];
    tag.iter_mut().zip(whole).for_each(|(slot, byte)| *slot = byte);
    tag
}

/// A member's memory between its messages: what keeps it from saying too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summand {
    /// The epoch that is gathered, as far as it knows.
    open: u32,
    /// Its vector of that epoch is missed.
    wanted: bool,
    /// The two newest epochs that it gave a vector to, newest first; 0: none.
    sent: [u32; 2],
    /// What it gave to the newest, before masks.
    given: [i32; TAPS],
    /// The newest epoch that it corrected, and for whom.
    answered: u32,
    survivors: u8,
    /// That correction is asked for.
    due: bool,
    /// Calls that asked for what must not be told.
    pub refused: u32,
}
crate::canonical!(struct Summand {
    open, wanted, sent, given, answered, survivors, due, refused,
});

impl Default for Summand {
    fn default() -> Self {
        Self {
            open: 1,
            wanted: false,
            sent: [0; 2],
            given: [0; TAPS],
            answered: 0,
            survivors: 0,
            due: false,
            refused: 0,
        }
    }
}

impl Summand {
    /// At the start of a round: what to mask and for which epoch, or nothing. A member that has
    /// something to say (`said`) begins an epoch; once one has begun, it joins when asked with its
    /// `own` weights, `None` where nothing but what it says may leave it. A vector that did not
    /// arrive is repeated as it was, never replaced.
    pub fn contribute(
        &mut self,
        said: Option<&[Q16; TAPS]>,
        own: Option<&[Q16; TAPS]>,
    ) -> Option<(u32, [i32; TAPS])> {
        let wanted = core::mem::take(&mut self.wanted);
        if self.open > self.sent[0]
            && let Some(weights) = said.or(own.filter(|_| wanted))
        {
            self.sent = [self.open, self.sent[0]];
            self.given = weights.map(Q16::to_bits);
        } else if !wanted || self.open != self.sent[0] {
            return None;
        }
        Some((self.open, self.given))
    }

    /// What it last gave, and to which epoch (0: none yet), before masks: nobody else sees it.
    #[must_use]
    pub const fn given(&self) -> (u32, &[i32; TAPS]) {
        (self.sent[0], &self.given)
    }

    /// Takes a call whose tag fits; says whether all of it was answered for. A second set of
    /// survivors of an epoch, one below the threshold, and one without this member are refused.
    pub fn called(&mut self, group: &SumGroup, place: usize, call: &SumCall) -> bool {
        if call.epoch < self.open {
            return true;
        }
        self.wanted = call.wanted && call.epoch >= self.sent[0];
        self.open = call.epoch;
        let survivors = Members::from_bits(call.survivors);
        if survivors == Members::default() {
            return true;
        }
        let epoch = call.epoch.wrapping_sub(1);
        let proper = survivors.has(place)
            && survivors.is_within(group.all())
            && survivors.count() >= group.threshold()
            && self.sent.contains(&epoch);
        let same = epoch == self.answered && call.survivors == self.survivors;
        if epoch == 0 || !proper || (epoch <= self.answered && !same) {
            self.refused = self.refused.saturating_add(1);
            return false;
        }
        (self.answered, self.survivors, self.due) = (epoch, call.survivors, true);
        true
    }

    /// The correction that is due: epoch and survivors. Due once a call.
    pub fn correct(&mut self) -> Option<(u32, Members)> {
        core::mem::take(&mut self.due)
            .then_some((self.answered, Members::from_bits(self.survivors)))
    }
}

/// The mean of a sum over `count` members, to nearest, halves up. `None` when it cannot be one of
/// weights within their limit: somebody has put in what is none.
#[must_use]
pub fn mean(total: &[i32; TAPS], count: usize) -> Option<[Q16; TAPS]> {
    let count = i64::try_from(count).ok().filter(|count| *count > 0)?;
    let mut weights = [Q16::ZERO; TAPS];
    for (slot, total) in weights.iter_mut().zip(total) {
        let mean = (2 * i64::from(*total) + count).div_euclid(2 * count);
        if mean.abs() > i64::from(WEIGHT_LIMIT) {
            return None;
        }
        *slot = Q16::from_bits(mean as i32);
    }
    Some(weights)
}

#[cfg(test)]
mod tests;
