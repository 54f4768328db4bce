//! Opinions: what neighbours say of each other, in four steps. They are compared and shown, and a
//! node whose word keeps standing against everybody's is marked; no reputation and no ban ever
//! moves by what somebody said, so slander cannot harm an honest node.

use super::conduct::{Conduct, Entry};
use super::{Neighbour, TrustConfig};
use crate::config::NodeConfig;
use crate::draw::{Purpose, below, draw};
use crate::id::{NodeId, Tick};
use crate::packet::Message;
use crate::phase::{OUTBOX, Outbox, Speaker};
use crate::q16::{Q16, percent};
use crate::radio::Outgoing;
use crate::residual_stream::Extras;

/// Opinions in one message.
pub const OPINIONS: usize = 16;
/// Bytes of one on the air.
pub const OPINION_BYTES: usize = 5;
/// Voices on one neighbour that are kept, the newest of each.
pub const VOICES_KEPT: usize = 8;
/// Messages of a neighbour over which contradictions are counted.
pub const SLANDER_WINDOW: u32 = 20;
/// More contradictions than this mark it.
pub const SLANDER_LIMIT: u32 = 5;
/// Reputation of others that must stand behind a verdict before it is held against anybody: three
/// unknown nodes' worth.
const BACKING: i64 = 3 << 15;

/// A reputation in four steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Bucket {
    /// Below 0.2.
    Banned = 0,
    /// Below 0.4.
    Low = 1,
    /// Below 0.7.
    Medium = 2,
    /// 0.7 and above.
    Trusted = 3,
}

impl Bucket {
    /// All buckets, worst first.
    pub const ALL: [Self; 4] = [Self::Banned, Self::Low, Self::Medium, Self::Trusted];

    /// The bucket of a reputation.
    #[must_use]
    pub fn of(reputation: Q16) -> Self {
        match reputation {
            r if r < percent(20) => Self::Banned,
            r if r < percent(40) => Self::Low,
            r if r < percent(70) => Self::Medium,
            _ => Self::Trusted,
        }
    }

    /// Its name, for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Banned => "banned",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::Trusted => "trusted",
        }
    }

    /// The bucket with this number, if there is one.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Banned),
            1 => Some(Self::Low),
            2 => Some(Self::Medium),
            3 => Some(Self::Trusted),
            _ => None,
        }
    }
}

/// What a node says of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Of whom.
    pub of: NodeId,
    /// What.
    pub bucket: Bucket,
}

impl Default for Opinion {
    fn default() -> Self {
        Self { of: NodeId::NONE, bucket: Bucket::Medium }
    }
}

/// The opinions of one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opinions {
    length: u8,
    said: [Opinion; OPINIONS],
}

impl Opinions {
    /// Adds an opinion; false when there is no room.
    pub fn push(&mut self, opinion: Opinion) -> bool {
        let slot = self.said.get_mut(usize::from(self.length));
        let fits = slot.is_some();
        if let Some(slot) = slot {
            *slot = opinion;
            self.length += 1;
        }
        fits
    }

    /// The opinions.
    #[must_use]
    pub fn said(&self) -> &[Opinion] {
        self.said.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

/// What `node` would say of its neighbours: of all of them, or of the next [`OPINIONS`] in turn.
/// Of those that it has never heard it says nothing.
#[must_use]
pub fn opinions(neighbours: &[Neighbour], round: u32) -> Opinions {
    let mut all = Opinions::default();
    let count = neighbours.len().max(1);
    let start = if count > OPINIONS { round as usize * OPINIONS % count } else { 0 };
    let turned = neighbours.iter().cycle().skip(start).take(neighbours.len());
    for peer in turned.filter(|peer| peer.heard_tick != Neighbour::NEVER).take(OPINIONS) {
        let bucket = if peer.banned { Bucket::Banned } else { Bucket::of(peer.reputation) };
        all.push(Opinion { of: peer.id, bucket });
    }
    all
}

/// Speak, for opinions: a node that sends its model in this tick also says what it thinks of its
/// neighbours, at a random moment of its window's first half, if it can pay for all of it.
pub fn send_opinions(
    config: &NodeConfig,
    now: Tick,
    node: &Speaker<'_>,
    before: &Outbox,
    extras: &mut Extras,
) {
    let speaks = before.iter().any(|outgoing| matches!(outgoing.message, Message::Update(_)));
    if !config.trust.opinions || !speaks {
        return;
    }
    let opinions = opinions(node.neighbours, node.wake.rounds());
    if opinions.said().is_empty() {
        return;
    }
    let message = Message::Opinions(opinions);
    let airtime = |message: &Message| config.air.message_us(message.length());
    let others = before.iter().chain(extras.iter());
    let spent_us: u64 = others.map(|outgoing| airtime(&outgoing.message)).sum();
    let airtime_us = airtime(&message);
    if !node.energy.affords(&config.energy, spent_us + airtime_us) {
        return;
    }
    let window = node.wake.window();
    let room_us = (window.length_us() / 2).saturating_sub(airtime_us).max(1);
    let bits = draw(config.wake.seed, Purpose::Backoff, node.id.0, now.0, OUTBOX as u32 + 2);
    let at_us = window.from_us + below(bits, room_us);
    // There is room for one message of opinions.
    let _ = extras.push(Outgoing { message, round: node.wake.rounds(), at_us });
}

/// Takes what `sender` says. Strangers and the banned have no voice, and nobody has more than one
/// in a round of the listener, nor one on itself.
pub fn hear(
    config: &TrustConfig,
    neighbours: &[Neighbour],
    conduct: &mut Conduct<'_>,
    sender: NodeId,
    opinions: &Opinions,
) {
    let Ok(place) = neighbours.binary_search_by_key(&sender, |peer| peer.id) else { return };
    let known = neighbours.get(place).is_some_and(|peer| !peer.banned);
    let Some(speaker) = conduct.entries.get_mut(place) else { return };
    if !config.opinions || !known || speaker.has_spoken {
        return;
    }
    speaker.has_spoken = true;
    let mut contradicts = false;
    for opinion in opinions.said().iter().filter(|opinion| opinion.of != sender) {
        let Ok(about) = neighbours.binary_search_by_key(&opinion.of, |peer| peer.id) else {
            continue;
        };
        let Some(entry) = conduct.entries.get_mut(about) else { continue };
        // Before the speaker's own word is counted.
        entry.voices.drop_of(place);
        let agreed = verdict(neighbours, about, entry);
        contradicts |= opinion.bucket == Bucket::Banned && agreed == Some(Bucket::Trusted);
        entry.voices.add(place, opinion.bucket);
    }
    if let Some(speaker) = conduct.entries.get_mut(place) {
        speaker.contradictions = (speaker.contradictions << 1 | u32::from(contradicts)) & WINDOW;
        if speaker.contradictions.count_ones() > SLANDER_LIMIT && !speaker.is_slanderer {
            speaker.is_slanderer = true;
            conduct.ledger.slanderers = conduct.ledger.slanderers.saturating_add(1);
        }
    }
}

const WINDOW: u32 = (1 << SLANDER_WINDOW) - 1;

/// What is said of one neighbour: the newest word of each of some others, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voices([u16; VOICES_KEPT]);

/// Stands for no voice.
const EMPTY: u16 = u16::MAX;

impl Default for Voices {
    fn default() -> Self {
        Self([EMPTY; VOICES_KEPT])
    }
}

impl crate::canonical::Canonical for Voices {
    fn encode(&self, sink: &mut impl crate::canonical::Sink) {
        self.0.encode(sink);
    }

    fn decode(source: &mut crate::canonical::Source<'_>) -> Option<Self> {
        Some(Self(crate::canonical::Canonical::decode(source)?))
    }
}

impl Voices {
    /// Forgets the word of the neighbour at `place`.
    fn drop_of(&mut self, place: usize) {
        let mut kept = [EMPTY; VOICES_KEPT];
        let others = self.iter().filter(|(speaker, _)| *speaker != place);
        kept.iter_mut().zip(others).for_each(|(slot, (at, bucket))| *slot = packed(at, bucket));
        self.0 = kept;
    }

    /// Adds its word; the oldest makes room. Places that do not fit are left out.
    fn add(&mut self, place: usize, bucket: Bucket) {
        if place < usize::from(EMPTY >> 2) {
            self.0.rotate_right(1);
            self.0[0] = packed(place, bucket);
        }
    }

    /// (place of the speaker, what it said).
    fn iter(&self) -> impl Iterator<Item = (usize, Bucket)> + '_ {
        let voice = |packed: &u16| {
            Some((usize::from(packed >> 2), Bucket::from_number((packed & 3) as u8)?))
        };
        self.0.iter().filter(|packed| **packed != EMPTY).filter_map(voice)
    }
}

const fn packed(place: usize, bucket: Bucket) -> u16 {
    (place as u16) << 2 | bucket as u16
}

/// What the node and its neighbours make of the neighbour at `about`: the lower median of what was
/// said, each word weighted by the speaker's reputation now, the own one as 1. `None` while less
/// than the reputation of three unknown nodes stands behind what others say.
#[must_use]
pub fn verdict(neighbours: &[Neighbour], about: usize, entry: &Entry) -> Option<Bucket> {
    let mut weights = [0_i64; Bucket::ALL.len()];
    for (place, bucket) in entry.voices.iter() {
        let speaker = neighbours.get(place).filter(|speaker| !speaker.banned);
        let weight = speaker.map_or(0, |speaker| i64::from(speaker.reputation.to_bits()));
        weights[bucket as usize] += weight.clamp(0, 1 << 16);
    }
    if weights.iter().sum::<i64>() < BACKING {
        return None;
    }
    let own = neighbours.get(about)?;
    weights[Bucket::of(own.reputation) as usize] += 1 << 16;
    let total: i64 = weights.iter().sum();
    let mut below = 0;
    let reached = |bucket: &&Bucket| {
        below += weights[**bucket as usize];
        2 * below >= total
    };
    Bucket::ALL.iter().find(reached).copied()
}

#[cfg(test)]
mod tests;
