//! What an audited node shows: one stretch of a sealed epoch, the state before it, and that the
//! committed tree holds both, and the state after it too.
//!
//! The state and the stretch hold raw samples: the last 32 and at most 32 more. They go to the one
//! node that asked, in the clear like all else on the air.

use super::learner::{Event, Learner};
use super::log::{Sealed, events_hash, last_leaf, leaf};
use super::tree::{LEAVES, PROOF_HASHES, Proof, prove};
use super::wire::{Ask, PART_BYTES, PARTS, Part};
use super::{HASH_BYTES, Hash};
use crate::canonical::{Canonical, Sink, Source};
use crate::config::NodeConfig;
use crate::id::NodeId;

/// Bytes of what is shown, at most.
pub const SHOWN_BYTES: usize = PARTS * PART_BYTES;

/// What is shown, as bytes.
pub type Shown = heapless::Vec<u8, SHOWN_BYTES>;

/// What is shown, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reveal<'a> {
    /// Which stretch.
    pub place: u8,
    /// The state before it.
    pub before: Learner,
    /// What happened in it.
    pub events: &'a [u8],
    /// What stands for the state after it, as it was committed.
    pub after: Hash,
    /// What stands for the events of the next stretch.
    pub next: Hash,
    /// That the tree holds this stretch and the state before the next one.
    pub proof: Proof,
    /// Of the first stretch: what stands for the state in which the epoch before ended.
    pub prior: Hash,
    /// That the tree of the epoch before holds that; empty elsewhere, and without such an epoch.
    pub link: Proof,
}

impl<'a> Reveal<'a> {
    /// Takes apart what came; `None` when it is not such a thing, or not in its one form.
    #[must_use]
    pub fn read(config: &NodeConfig, bytes: &'a [u8]) -> Option<Self> {
        let mut source = Source::new(bytes);
        let place = u8::decode(&mut source)?;
        let before = Learner::unpack(config, &mut source)?;
        let length = u16::decode(&mut source)?;
        let events = source.take(usize::from(length))?;
        let (after, next) = (Hash::decode(&mut source)?, Hash::decode(&mut source)?);
        let (proof, link) = (hashes(&mut source)?, hashes(&mut source)?);
        let linked = !link.is_empty();
        let prior = if linked { Hash::decode(&mut source)? } else { [0; HASH_BYTES] };
        let whole = source.remaining() == 0 && before.is_sound();
        let read = Self { place, before, events, after, next, proof, prior, link };
        (whole && read.to_bytes(config) == bytes).then_some(read)
    }

    /// The same bytes again.
    #[must_use]
    pub fn to_bytes(&self, config: &NodeConfig) -> Shown {
        let mut bytes = Shown::new();
        self.place.encode(&mut bytes);
        self.before.pack(config, &mut bytes);
        (self.events.len() as u16).encode(&mut bytes);
        bytes.put(self.events);
        self.after.encode(&mut bytes);
        self.next.encode(&mut bytes);
        for proof in [&self.proof, &self.link] {
            (proof.len() as u8).encode(&mut bytes);
            proof.iter().for_each(|hash| hash.encode(&mut bytes));
        }
        if !self.link.is_empty() {
            self.prior.encode(&mut bytes);
        }
        bytes
    }
}

fn hashes(source: &mut Source<'_>) -> Option<Proof> {
    let count = usize::from(u8::decode(source)?);
    if count > PROOF_HASHES || source.remaining() < count * HASH_BYTES {
        return None;
    }
    (0..count).map(|_| Hash::decode(source)).collect()
}

/// What the replay of an epoch finds on its way.
struct Found {
    place: u16,
    before: Learner,
    from: usize,
    until: usize,
    after: Hash,
    next: Option<Hash>,
}

/// Shows what is asked for of a sealed epoch of `node`, by computing it all again from its start;
/// and how many samples that took. `None` when the epoch has no such stretch.
#[must_use]
pub fn show(config: &NodeConfig, node: NodeId, sealed: &Sealed, ask: Ask) -> (Option<Shown>, u32) {
    let mut leaves = [[0; HASH_BYTES]; LEAVES];
    let mut samples = 0;
    let found = search(config, node, sealed, ask, &mut leaves, &mut samples);
    let shown = found.and_then(|found| {
        let proof = prove(&mut leaves, sealed.commit.leaves(), found.place)?;
        let events = sealed.log.events.get(found.from..found.until)?;
        let next = found.next.unwrap_or_else(|| events_hash(&[]));
        let link = if found.place == 0 { sealed.link.clone() } else { Proof::new() };
        let place = found.place as u8;
        let reveal = Reveal {
            place,
            before: found.before,
            events,
            after: found.after,
            next,
            proof,
            prior: sealed.log.start.mind().hash(),
            link,
        };
        let bytes = reveal.to_bytes(config);
        (bytes.len() < SHOWN_BYTES).then_some(bytes)
    });
    (shown, samples)
}

fn search(
    config: &NodeConfig,
    node: NodeId,
    sealed: &Sealed,
    ask: Ask,
    leaves: &mut [Hash; LEAVES],
    samples: &mut u32,
) -> Option<Found> {
    let log = &sealed.log;
    let mut learner = log.start.clone();
    let mut before = learner.clone();
    let mut events = sealed.events();
    let (mut from, mut place) = (0, 0_u16);
    let mut found: Option<Found> = None;
    let mut wanted = false;
    while let Some((event, ends)) = events.advance().ok()? {
        wanted |= match (&event, ask) {
            (Event::Sent { round, .. }, Ask::Round(asked)) => *round == asked,
            (_, Ask::Stretch(asked)) => u16::from(asked) == place,
            _ => false,
        };
        *samples += u32::from(matches!(event, Event::Sample { .. }));
        learner.step(config, node, &event).ok()?;
        let until = log.events.len() - events.remaining();
        if !ends && until < log.events.len() {
            continue;
        }
        let happened = events_hash(log.events.get(from..until)?);
        *leaves.get_mut(usize::from(place))? = leaf(&before.mind().hash(), &happened);
        if let Some(found) = found.as_mut().filter(|found| found.next.is_none()) {
            found.next = Some(happened);
        }
        if core::mem::take(&mut wanted) && found.is_none() {
            let (before, after) = (before.clone(), learner.mind().hash());
            found = Some(Found { place, before, from, until, after, next: None });
        }
        before.clone_from(&learner);
        (from, place) = (until, place + 1);
    }
    *leaves.get_mut(usize::from(place))? = last_leaf(&learner.mind().hash());
    found
}

/// Cuts what is shown into parts; calls `each` with those that `have` does not name.
pub fn parts(shown: &[u8], have: u32, mut each: impl FnMut(Part) -> bool) {
    let count = shown.len().div_ceil(PART_BYTES) as u8;
    for (index, bytes) in (0..count).zip(shown.chunks(PART_BYTES)) {
        let missing = have >> index & 1 == 0;
        if let (true, Ok(part)) = (missing, Part::new(index, count, bytes))
            && !each(part)
        {
            return;
        }
    }
}
