//! What a node keeps so that it can be audited: the state in which an epoch began, everything that
//! moved it since, and the tree over its stretches. It keeps two epochs, the one that runs and the
//! last one that it committed to, each in a buffer of fixed size.

use super::learner::{
    Blend, Events, Learner, Mind, put_merged, put_restored, put_sample, put_sent,
};
use super::tree::{Proof, Tree};
use super::wire::{Commit, ROUNDS};
use super::{Hash, hash, learner};
use crate::id::NodeId;
use crate::q16::Q16;

/// Bytes of an epoch's events, at most.
pub const LOG_BYTES: usize = 8_192;
/// An epoch ends early when its events take this much, so that another round still fits.
pub const FULL_BYTES: usize = LOG_BYTES / 2;
/// Stretches of an epoch after which it ends early.
const FULL_STRETCHES: u16 = 160;

/// An update that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Whether it went out; false when it is only kept for sleepers.
    pub queued: bool,
    /// What it says, see [`learner::print`].
    pub print: u64,
}

/// The events of one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Number of the epoch, from 0.
    pub(super) epoch: u32,
    /// The state in which it began.
    pub(super) start: Learner,
    /// What happened since.
    pub(super) events: heapless::Vec<u8, LOG_BYTES>,
    /// First round of the epoch.
    pub(super) first_round: u32,
    /// Over the stretches that have ended.
    tree: Tree,
    /// The state before the running stretch.
    state: Hash,
    /// Where the running stretch begins.
    mark: u16,
    /// Where the running run of samples begins.
    run: Option<u16>,
    /// Samples in the running stretch.
    samples: u8,
    /// Rounds that ended in an update, a bit each, from `first_round` on.
    named: u64,
    /// Sum of the prints of these updates.
    said: u32,
    /// Something did not fit: nothing of this epoch can be shown.
    broken: bool,
}
crate::canonical!(struct Log {
    epoch, start, events, first_round, tree, state, mark, run, samples, named, said, broken,
});

/// An epoch that the node has committed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its log.
    pub(super) log: Log,
    /// What was committed.
    pub commit: Commit,
    /// That the epoch before ended in the state in which this one began; empty for the first.
    pub(super) link: Proof,
    /// That this one ended in the state in which the next one begins.
    last: Proof,
}
crate::canonical!(struct Sealed { log, commit, link, last });

impl Log {
    /// The first log of a node that is in the state `mind`.
    #[must_use]
    pub fn new(mind: Mind<'_>) -> Self {
        Self::of(0, 1, mind)
    }

    fn of(epoch: u32, first_round: u32, mind: Mind<'_>) -> Self {
        Self {
            epoch,
            start: mind.copy(),
            events: heapless::Vec::new(),
            first_round,
            tree: Tree::default(),
            state: mind.hash(),
            mark: 0,
            run: None,
            samples: 0,
            named: 0,
            said: 0,
            broken: false,
        }
    }

    /// Begins the epoch anew in the state `mind`, under another number. What was sent in it stays
    /// named.
    pub fn renew(&mut self, mind: Mind<'_>) {
        let (named, said) = (self.named, self.said);
        *self = Self::of(self.epoch.wrapping_add(1), self.first_round, mind);
        (self.named, self.said) = (named, said);
    }

    /// Whether the epoch should end with this round, though it has not lasted as long as it may.
    #[must_use]
    pub fn is_filling(&self) -> bool {
        self.broken || self.events.len() >= FULL_BYTES || self.tree.leaves() >= FULL_STRETCHES
    }

    /// Updates made in the epoch.
    #[must_use]
    pub(super) const fn updates(&self) -> u32 {
        self.named.count_ones()
    }

    /// Notes a sample that was learned from; `mind` is the state after it.
    pub fn sample(&mut self, critical: bool, value: Q16, mind: Mind<'_>) {
        let run = self.run.map(usize::from);
        let put = put_sample(&mut self.events, run, critical, value);
        self.run = put.map(|run| run as u16);
        self.broken |= put.is_none();
        self.samples += 1;
        if self.samples >= learner::STRETCH_SAMPLES {
            self.cut(mind);
        }
    }

    /// Notes an update of `round` that was made; `mind` is the state after it.
    pub fn sent(&mut self, critical: bool, sent: Sent, round: u32, mind: Mind<'_>) {
        let put = put_sent(&mut self.events, critical, sent.queued, round);
        let place = round.wrapping_sub(self.first_round);
        self.broken |= put.is_none() || place >= u32::from(ROUNDS);
        self.named |= 1 << (place % u32::from(ROUNDS));
        self.said = self.said.wrapping_add(sent.print as u32);
        self.cut(mind);
    }

    /// Notes that the last healthy model is in service again; `mind` is the state after it.
    pub fn restored(&mut self, mind: Mind<'_>) {
        self.broken |= put_restored(&mut self.events).is_none();
        self.cut(mind);
    }

    /// Notes what is about to be merged; [`Log::cut`] follows when it is.
    pub fn merging(&mut self, blend: &Blend) {
        self.broken |= put_merged(&mut self.events, blend).is_none();
    }

    /// Ends the running stretch in the state `mind`.
    pub fn cut(&mut self, mind: Mind<'_>) {
        let happened = self.events.get(usize::from(self.mark)..).unwrap_or(&[]);
        self.broken |= !self.tree.push(leaf(&self.state, &events_hash(happened)));
        self.state = mind.hash();
        self.mark = self.events.len() as u16;
        (self.run, self.samples) = (None, 0);
    }

    /// Ends the epoch with `round` in the state `mind`, and begins the next. `None` when there is
    /// nothing that could be shown, because it did not fit.
    pub fn seal(
        &mut self,
        node: NodeId,
        round: u32,
        mind: Mind<'_>,
        before: Option<&Sealed>,
    ) -> Option<Sealed> {
        if self.events.len() > usize::from(self.mark) {
            self.cut(mind);
        }
        let fresh = Self::of(self.epoch.wrapping_add(1), round.wrapping_add(1), mind);
        let log = core::mem::replace(self, fresh);
        let rounds = round.wrapping_sub(log.first_round).wrapping_add(1);
        let rounds = u8::try_from(rounds).unwrap_or(u8::MAX);
        if log.broken || rounds > ROUNDS {
            return None;
        }
        let (root, last) = log.tree.close(&last_leaf(&log.state));
        let stretches = log.tree.leaves() as u8;
        let Self { epoch, first_round, named, said, .. } = log;
        let mut commit = Commit { epoch, first_round, rounds, stretches, named, said, root };
        commit.root = commit.bind(node);
        let follows = |sealed: &&Sealed| sealed.log.epoch.wrapping_add(1) == log.epoch;
        let link = before.filter(follows).map(|sealed| sealed.last.clone()).unwrap_or_default();
        Some(Sealed { log, commit, link, last })
    }
}

impl Sealed {
    /// The events, stretch by stretch.
    pub(super) fn events(&self) -> Events<'_> {
        Events::new(&self.log.events)
    }
}

/// The leaf of a stretch: the state before it, and what happened in it.
#[must_use]
pub(super) fn leaf(before: &Hash, events: &Hash) -> Hash {
    hash("qres 2026 audit leaf v1", &[before, events])
}

/// The leaf behind the last stretch: the state in which the epoch ended.
#[must_use]
pub(super) fn last_leaf(state: &Hash) -> Hash {
    leaf(state, &events_hash(&[]))
}

/// What stands for the bytes of a stretch.
#[must_use]
pub(super) fn events_hash(events: &[u8]) -> Hash {
    hash("qres 2026 audit events v1", &[events])
}
