//! Sums of a group in which no member's part shows, even when members drop out half-way.
//!
//! Double masking after Bonawitz and others, "Practical secure aggregation for privacy-preserving
//! machine learning", 2017, with one round's seeds in the place of their key pairs. A member sends
//! `y = x + mask(own) + sum of mask(pair)` modulo 2^32, where of each pair the lower adds and the
//! higher takes away, so that pair masks vanish from the sum. Four steps, each a message a member:
//!
//! 1. [`Member::deal`]: each deals shares of its own seed, and of its pair seeds with later
//!    members, one sealed hand to each; and publishes [`Member::seals`].
//! 2. [`Member::mask`]: the collector names those who dealt; each sends its masked vector.
//! 3. [`Member::reveal`]: the collector names those whose vectors came; each shows its shares of
//!    their own seeds and of the pair seeds of those who dropped out. Never both of one node, and
//!    once a round: so a vector that comes late, when its pair masks are known, stays hidden by
//!    its own mask.
//! 4. [`unmask`]: with shares of `threshold` members the collector takes the masks off the sum.
//!
//! Against a collector and fewer than `threshold` members who follow the protocol and compare
//! notes, only the sum shows; against members who lie about who dropped out see
//! [`Roster::usual_threshold`]. Nothing here stops a member from sending a wrong vector: one member
//! can shift its group's mean to anywhere. So groups are voices in the robust merge, see [`voice`]:
//! a lying member spoils its group, and as many spoiled groups as are trimmed at each end cannot
//! move the result out of the range of the others. Small groups hide less and spoil less.

use zeroize::{Zeroize, Zeroizing};

use super::exchange::{Exchange, ExchangeKey, PairSecret};
use super::roster::{MEMBERS_MAX, Members, Roster};
use super::seed::{Seed, Share};
use crate::aggregate::Voice;
use crate::id::NodeId;
use crate::neuron::TAPS;
use crate::q16::Q16;
use crate::stream::{Stream, derive};

/// Largest magnitude of a value: eight of them do not leave 32 bits.
pub const VALUE_MAX: i32 = i32::MAX / MEMBERS_MAX as i32;
/// Bytes of the tag before a sealed hand.
const TAG_BYTES: usize = 16;

/// A hand as it travels: a tag of 16 bytes, then 32 bytes for the dealer and each later member.
pub type SealedHand = heapless::Vec<u8, { TAG_BYTES + 32 * MEMBERS_MAX }>;

/// The digests of a member's own seed (at its own place) and of its pair seeds.
pub type Seals = [[u8; 32]; MEMBERS_MAX];

/// A table of shares: of the pair seed of `a` and `b` at `[a][b]`, a below b; of own seeds at
/// `[a][a]`.
type Held = [[Option<Share>; MEMBERS_MAX]; MEMBERS_MAX];

/// Why an aggregation cannot go on. Members are named by their place in the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregationError {
    /// The node is not in the group, or there is not one key for each member.
    Stranger,
    /// The exchange key of this member is refused.
    Key(u8),
    /// The hand is damaged, forged, or not for this member or round.
    Hand(u8),
    /// A hand of this member is missing.
    Missing(u8),
    /// Fewer members than the threshold.
    TooFew,
    /// The set names somebody who cannot be in it, or leaves out this member.
    Set,
    /// This step was done before in this round; a second time would show too much.
    Spent,
    /// A value is larger than [`VALUE_MAX`].
    Range,
    /// The seed of this pair, or of this one member, does not come out of its shares.
    Share(u8, u8),
}

impl core::fmt::Display for AggregationError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Stranger => out.write_str("not in the group, or not one key for each member"),
            Self::Key(who) => write!(out, "the key of member {who} is refused: leave it out"),
            Self::Hand(who) => write!(out, "the hand of member {who} does not open: ask again"),
            Self::Missing(who) => write!(out, "no hand of member {who}: leave it out"),
            Self::TooFew => out.write_str("fewer members than the threshold: give the round up"),
            Self::Set => out.write_str("the set of members does not fit what was said before"),
            Self::Spent => out.write_str("done before in this round: wait for the next"),
            Self::Range => out.write_str("a value is too large for the sum: clip it"),
            Self::Share(a, b) => {
                write!(out, "the seed of members {a} and {b} does not come out: leave both out")
            }
        }
    }
}

impl core::error::Error for AggregationError {}

/// One member in one round. Good for one vector; wiped when dropped.
#[derive(Debug)]
pub struct Member {
    roster: Roster,
    place: usize,
    /// Decides the polynomials of the shares.
    dealing: Zeroizing<[u8; 32]>,
    /// The own seed at the own place, pair seeds elsewhere.
    seeds: heapless::Vec<Seed, MEMBERS_MAX>,
    /// Secrets with the others; none at the own place.
    secrets: [Option<PairSecret>; MEMBERS_MAX],
    held: Held,
    masked: Option<Members>,
    revealed: bool,
}

impl Member {
    /// Node `id` in the group and round of `roster`, with the exchange keys of all members in the
    /// roster's order. `entropy` is fresh and secret; should it ever repeat, the round still tells
    /// the seeds apart.
    ///
    /// # Errors
    /// When the node is not in the group, or a key is refused.
    pub fn new(
        roster: &Roster,
        id: NodeId,
        exchange: &Exchange,
        keys: &[ExchangeKey],
        entropy: &[u8; 32],
    ) -> Result<Self, AggregationError> {
        let place = roster.place(id).ok_or(AggregationError::Stranger)?;
        if keys.len() != roster.members().len() {
            return Err(AggregationError::Stranger);
        }
        let own =
            Zeroizing::new(exchange.own_key("qres 2026 own mask v1", roster.digest(), entropy));
        let mut secrets = [const { None }; MEMBERS_MAX];
        let mut seeds = heapless::Vec::new();
        for (other, (node, key)) in roster.members().iter().zip(keys).enumerate() {
            let seed = if other == place {
                Seed::derive("qres 2026 own seed v1", &[&own[..]])
            } else {
                let refused = |_| AggregationError::Key(other as u8);
                let secret = exchange.agree(key).map_err(refused)?;
                let key = secret.key("qres 2026 pair mask v1", roster.digest(), (id, *node));
                if let Some(slot) = secrets.get_mut(other) {
                    *slot = Some(secret);
                }
                Seed::derive("qres 2026 pair seed v1", &[&Zeroizing::new(key)[..]])
            };
            seeds.push(seed).map_err(|_| AggregationError::Stranger)?;
        }
        let dealing = Zeroizing::new(derive("qres 2026 dealing v1", &[&own[..]]));
        let held = [[None; MEMBERS_MAX]; MEMBERS_MAX];
        let roster = roster.clone();
        let mut member =
            Self { roster, place, dealing, seeds, secrets, held, masked: None, revealed: false };
        let hand = member.hand(place);
        member.keep(place, &hand);
        Ok(member)
    }

    /// The shares that `to` gets: of the own seed first, then of the pair seeds with later members.
    fn hand(&self, to: usize) -> heapless::Vec<Share, MEMBERS_MAX> {
        let (threshold, holder) = (self.roster.threshold(), to as u8 + 1);
        let share = |seed: &Seed| seed.share(threshold, holder, &self.dealing);
        self.seeds.iter().skip(self.place).map(share).collect()
    }

    fn keep(&mut self, from: usize, hand: &[Share]) {
        if let Some(row) = self.held.get_mut(from) {
            row.iter_mut().skip(from).zip(hand).for_each(|(slot, share)| *slot = Some(*share));
        }
    }

    fn id(&self, place: usize) -> Option<NodeId> {
        self.roster.members().get(place).copied()
    }

    /// Key of hands between two members in this round, one each way.
    fn hand_key(&self, from: usize, to: usize) -> Option<Zeroizing<[u8; 32]>> {
        let other = if from == self.place { to } else { from };
        let secret = self.secrets.get(other)?.as_ref()?;
        let way = (self.id(from)?, self.id(to)?);
        let digest = self.roster.digest();
        Some(Zeroizing::new(secret.key_towards("qres 2026 hand v1", digest, way)))
    }

    /// Step 1: the sealed hand for the member at `to`; `None` for oneself and outside of the group.
    ///
    /// Sealed by a tag over the shares, which then also starts the key stream (the synthetic
    /// initialisation vector of Rogaway and Shrimpton, "A provable-security treatment of the
    /// key-wrap problem", 2006): dealing twice shows no more than that nothing changed.
    #[must_use]
    pub fn deal(&self, to: usize) -> Option<SealedHand> {
        let key = self.hand_key(self.place, to)?;
        let mut plain = Zeroizing::new([0; 32 * MEMBERS_MAX]);
        let hand = self.hand(to);
        for (slot, share) in plain.chunks_exact_mut(32).zip(&hand) {
            slot.copy_from_slice(&share.to_bytes());
        }
        let plain = plain.get_mut(..32 * hand.len())?;
        let tag = tag(&key, plain);
        cover(&key, &tag, plain);
        let mut sealed = SealedHand::from_slice(&tag).ok()?;
        sealed.extend_from_slice(plain).ok()?;
        Some(sealed)
    }

    /// The digests of this member's seeds, for all to see.
    #[must_use]
    pub fn seals(&self) -> Seals {
        let mut seals = Seals::default();
        seals.iter_mut().zip(&self.seeds).for_each(|(slot, seed)| *slot = seed.seal());
        seals
    }

    /// Step 1, receiving side: keeps a hand that the member at `from` dealt to this one.
    ///
    /// # Errors
    /// When the hand does not open.
    pub fn take(&mut self, from: usize, sealed: &[u8]) -> Result<(), AggregationError> {
        let refused = AggregationError::Hand(from as u8);
        let key = self.hand_key(from, self.place).ok_or(refused)?;
        let count = self.roster.members().len().saturating_sub(from);
        let (seal, body) = sealed.split_first_chunk::<TAG_BYTES>().ok_or(refused)?;
        let mut plain = Zeroizing::new([0; 32 * MEMBERS_MAX]);
        let plain = plain.get_mut(..32 * count).ok_or(refused)?;
        if body.len() != plain.len() {
            return Err(refused);
        }
        plain.copy_from_slice(body);
        cover(&key, seal, plain);
        if !bool::from(subtle::ConstantTimeEq::ct_eq(&seal[..], &tag(&key, plain)[..])) {
            return Err(refused);
        }
        let holder = self.place as u8 + 1;
        let share = |bytes: &[u8]| Share::from_bytes(holder, bytes.try_into().ok()?);
        let hand: Option<heapless::Vec<Share, MEMBERS_MAX>> =
            plain.chunks_exact(32).map(share).collect();
        self.keep(from, &hand.ok_or(refused)?);
        Ok(())
    }

    /// Step 2: masks the vector for a sum over those `present`.
    ///
    /// # Errors
    /// When they are too few, this member is not among them or lacks a hand of theirs, a value is
    /// too large, or a vector was masked before. The vector is then unchanged.
    pub fn mask(&mut self, present: Members, vector: &mut [i32]) -> Result<(), AggregationError> {
        let everybody = Members::all(self.roster.members().len());
        if self.masked.is_some() {
            return Err(AggregationError::Spent);
        }
        if !present.has(self.place) || !present.is_within(everybody) {
            return Err(AggregationError::Set);
        }
        if present.count() < usize::from(self.roster.threshold()) {
            return Err(AggregationError::TooFew);
        }
        let lacks =
            |place: &usize| self.held.get(*place).and_then(|row| *row.get(*place)?).is_none();
        if let Some(missing) = present.places().find(lacks) {
            return Err(AggregationError::Missing(missing as u8));
        }
        if vector.iter().any(|value| value.unsigned_abs() > VALUE_MAX.unsigned_abs()) {
            return Err(AggregationError::Range);
        }
        for (other, seed) in self.seeds.iter().enumerate().filter(|(at, _)| present.has(*at)) {
            seed.mask(adds(self.place, other), vector);
        }
        self.masked = Some(present);
        Ok(())
    }

    /// Step 3: the shares that take the masks off the sum over the `survivors`, those whose vectors
    /// came.
    ///
    /// # Errors
    /// When they are too few, not all were present, this member is not among them, or shares were
    /// revealed before.
    pub fn reveal(&mut self, survivors: Members) -> Result<Reveal, AggregationError> {
        let present = self.masked.ok_or(AggregationError::Set)?;
        if self.revealed {
            return Err(AggregationError::Spent);
        }
        if !survivors.has(self.place) || !survivors.is_within(present) {
            return Err(AggregationError::Set);
        }
        if survivors.count() < usize::from(self.roster.threshold()) {
            return Err(AggregationError::TooFew);
        }
        let mut shares = Held::default();
        for (a, b) in wanted(present, survivors) {
            let share = self.held.get(a).and_then(|row| *row.get(b)?);
            *shares.get_mut(a).and_then(|row| row.get_mut(b)).ok_or(AggregationError::Set)? = share;
        }
        self.revealed = true;
        Ok(Reveal { shares })
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        for share in self.held.iter_mut().flatten() {
            *share = None;
        }
        self.seeds.clear();
    }
}

/// The shares that one member shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reveal {
    shares: Held,
}

impl Reveal {
    /// The shares with the two places that name their seed (twice the same for an own seed), in
    /// order, as they travel.
    pub fn shares(&self) -> impl Iterator<Item = (usize, usize, Share)> {
        let row = |(a, row): (usize, &[Option<Share>; MEMBERS_MAX])| {
            let row = *row;
            row.into_iter().enumerate().filter_map(move |(b, share)| Some((a, b, share?)))
        };
        self.shares.iter().enumerate().flat_map(row)
    }

    /// A reveal from shares that travelled; those with places outside of a group are left out.
    #[must_use]
    pub fn from_shares(shares: impl IntoIterator<Item = (usize, usize, Share)>) -> Self {
        let mut held = Held::default();
        for (a, b, share) in shares {
            if let Some(slot) = held.get_mut(a).and_then(|row| row.get_mut(b)) {
                *slot = Some(share);
            }
        }
        Self { shares: held }
    }
}

/// Step 4: takes the masks off `sum`, the wrapping sum of the survivors' vectors. `seals` are those
/// of all members by place.
///
/// # Errors
/// When reveals are fewer than the threshold or a seed does not come out. The sum is then useless.
pub fn unmask(
    roster: &Roster,
    present: Members,
    survivors: Members,
    reveals: &[Reveal],
    seals: &[Seals],
    sum: &mut [i32],
) -> Result<(), AggregationError> {
    let threshold = roster.threshold();
    if !survivors.is_within(present) || !present.is_within(Members::all(roster.members().len())) {
        return Err(AggregationError::Set);
    }
    if survivors.count().min(reveals.len()) < usize::from(threshold) {
        return Err(AggregationError::TooFew);
    }
    for (a, b) in wanted(present, survivors) {
        let failed = AggregationError::Share(a as u8, b as u8);
        let share = |reveal: &Reveal| reveal.shares.get(a).and_then(|row| *row.get(b)?);
        let shares: heapless::Vec<Share, MEMBERS_MAX> =
            reveals.iter().take(MEMBERS_MAX).filter_map(share).collect();
        let seed = Seed::rebuild(&shares, threshold).ok_or(failed)?;
        // Both ends of a pair vouch for its seed.
        for (one, other) in [(a, b), (b, a)] {
            let seal = seals.get(one).and_then(|row| row.get(other)).ok_or(failed)?;
            if *seal != seed.seal() {
                return Err(failed);
            }
        }
        let survivor = if survivors.has(a) { a } else { b };
        let other = if survivor == a { b } else { a };
        seed.mask(!adds(survivor, other), sum);
    }
    Ok(())
}

/// The seeds that must be known to unmask: own ones of the survivors, and those of pairs of which
/// one has dropped out.
fn wanted(present: Members, survivors: Members) -> impl Iterator<Item = (usize, usize)> {
    let gone = present.less(survivors);
    let crossed =
        move |place: usize| gone.places().map(move |lost| (place.min(lost), place.max(lost)));
    survivors.places().flat_map(move |place| core::iter::once((place, place)).chain(crossed(place)))
}

/// Whether the member at `place` adds the mask that it has with `other`: the lower of a pair does,
/// and each its own.
const fn adds(place: usize, other: usize) -> bool {
    place <= other
}

/// A tag of 128 bits over the shares of a hand.
fn tag(key: &[u8; 32], plain: &[u8]) -> [u8; TAG_BYTES] {
    let mut tag = [0; TAG_BYTES];
    Stream::new("qres 2026 hand tag v1", &[key, plain]).fill(&mut tag);
    tag
}

/// Adds the key stream that starts at `tag`; twice gives the shares back.
fn cover(key: &[u8; 32], tag: &[u8; TAG_BYTES], bytes: &mut [u8]) {
    let mut stream = Stream::new("qres 2026 hand cover v1", &[key, tag]);
    for byte in bytes {
        let mut mask = [0];
        stream.fill(&mut mask);
        *byte ^= mask[0];
        mask.zeroize();
    }
}

/// A group as one voice of the robust merge across groups: its mean, to nearest, halves up. It
/// stands under the lowest survivor's id. `None` for an empty set.
#[must_use]
pub fn voice(roster: &Roster, survivors: Members, sum: &[i32]) -> Option<Voice> {
    let count = i64::try_from(survivors.count()).ok()?;
    let node = *roster.members().get(survivors.places().next()?)?;
    let mut weights = [Q16::ZERO; TAPS];
    for (slot, sum) in weights.iter_mut().zip(sum) {
        *slot = Q16::from_bits((2 * i64::from(*sum) + count).div_euclid(2 * count) as i32);
    }
    Some(Voice { node, influence: Q16::ONE, loss: None, weights })
}

#[cfg(test)]
mod tests;
