//! The auditor's side: what it remembers of each neighbour, which audits run, and what came of
//! them. It must not know how its questions travel.
//!
//! A node that was asleep or out of reach is asked again in each of its rounds, for the parts that
//! are missing. A question to which nothing came is a *strike*, and so is an answer that proves
//! nothing, as either can be the air's fault or a forger's; where some parts came and others did
//! not, an eighth of one. A passed audit takes all strikes away. Three in a row convict, and so
//! does one mismatch. After a strike the next commitment is audited for sure.

use super::beacon::{Beacon, Lot};
use super::reveal::Shown;
use super::verify::Claim;
use super::wire::{Ask, Commit, PART_BYTES, PARTS, Part};
use super::{AuditConfig, Verdict};
use crate::id::{NodeId, Tick};

/// Neighbours that a node keeps an eye on, at most.
pub const PEERS: usize = 64;
/// Audits that run at a time, at most.
pub const CASES: usize = 4;
/// Updates of others that a node remembers, to know what its neighbours can have merged.
pub const MEMORY: usize = 128;
/// Times that a node is asked before its silence counts.
pub const ATTEMPTS: u8 = 12;
/// Rounds beyond two epochs in which no commitment was heard, before one is asked for.
const LATE_ROUNDS: u32 = 4;
/// What a strike counts; 1 where something came, and where a newer commitment cut it short.
const STRIKE: u8 = 8;
/// At this much, strikes convict.
const OUT: u8 = 3 * STRIKE;

/// Where a node's next commitment stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Due {
    /// Drawn already, or there is none.
    #[default]
    Nothing = 0,
    /// Waits for the draw.
    Draw = 1,
    /// Will be audited, whatever the draw says.
    Surely = 2,
}
crate::canonical!(
    enum Due {
        Nothing = 0,
        Draw = 1,
        Surely = 2,
    }
);

/// What a commitment is to what an auditor has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heed {
    /// Not newer than the last, or another one for the same epoch.
    Stale,
    /// Nothing speaks against it.
    Fits,
    /// The node has sent what it does not name, or something else than it sums up.
    Contradicted,
}

/// What an auditor remembers of a neighbour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "marks that are set and taken one by one")]
pub struct Peer {
    /// Who.
    pub id: NodeId,
    /// Its newest commitment; none before it has made one.
    pub commit: Option<Commit>,
    /// The one before.
    pub before: Option<Commit>,
    /// Newest round that a commitment covers.
    pub covered: u32,
    /// Newest round that it has spoken in.
    pub newest: u32,
    /// Rounds that it has spoken in, a bit each, backwards from that one.
    pub heard: u64,
    /// Sum of the prints of its updates since its newest commitment.
    pub said: u32,
    /// That sum is of no use: it holds an update of a later epoch, or lacks one.
    pub is_torn: bool,
    /// When it was last heard itself, as the low 32 bits of the tick.
    pub heard_tick: u32,
    /// Whether it polls a sentinel: it sleeps between rounds.
    pub polls: bool,
    /// One of its updates since, drawn evenly from all.
    pub claim: Claim,
    /// The same of those before its newest commitment: what an audit holds against it.
    pub held: Claim,
    /// Updates since its newest commitment.
    pub updates: u16,
    /// Whether it is to be audited.
    pub due: Due,
    /// Whether the next commitment is audited for sure.
    pub watched: bool,
    /// Strikes, in eighths.
    pub strikes: u8,
    /// A mismatch was found, or it is out by strikes.
    pub convicted: bool,
    /// By a mismatch.
    pub is_liar: bool,
    /// The ban machine has been told of it.
    pub is_told: bool,
    /// Times that it was convicted, saturating: once, unless bans run out.
    pub convictions: u8,
}
crate::canonical!(struct Peer {
    id, commit, before, covered, newest, heard, said, is_torn, heard_tick, polls, claim, held,
    updates, due, watched, strikes, convicted, is_liar, is_told, convictions,
});

impl Peer {
    /// Keeps one of the updates since the last commitment, each with the same chance; false when it
    /// is of a round that a commitment does not name.
    pub(super) fn remember(&mut self, round: u32, print: u64, lot: u64) -> bool {
        if self.covered == 0 && self.commit.is_none() {
            self.covered = round.saturating_sub(1);
        }
        let is_new = self.hear(round);
        // What came out of order, and what the 64 bits do not reach, is missing somewhere.
        let late = round <= self.covered;
        self.is_torn |= is_new && late || round > self.covered.saturating_add(64);
        if late {
            return self.is_named(round);
        }
        if is_new {
            self.said = self.said.wrapping_add(print as u32);
        }
        self.updates = self.updates.saturating_add(1);
        if lot.is_multiple_of(u64::from(self.updates)) {
            self.claim = Claim { round, print };
        }
        true
    }

    /// Notes that it has spoken in `round`; false when that is known, or long ago.
    fn hear(&mut self, round: u32) -> bool {
        if round > self.newest {
            let by = round - self.newest;
            self.heard = self.heard.checked_shl(by).unwrap_or(0) | 1;
            self.newest = round;
            return true;
        }
        let Some(bit) = 1_u64.checked_shl(self.newest - round) else { return false };
        let is_new = self.heard & bit == 0;
        self.heard |= bit;
        is_new
    }

    /// Rounds of the last 64 that it has spoken in, newest first.
    fn rounds_heard(&self) -> impl Iterator<Item = u32> + use<> {
        let (heard, newest) = (self.heard, self.newest);
        (0..64)
            .filter(move |back| heard >> back & 1 == 1)
            .map(move |back| newest.wrapping_sub(back))
    }

    /// False when a commitment that is known covers the round and does not name it.
    fn is_named(&self, round: u32) -> bool {
        let known = [&self.commit, &self.before].into_iter().flatten();
        known.filter(|commit| commit.covers(round)).all(|commit| commit.names(round))
    }

    /// Takes a commitment.
    pub(super) fn commits(&mut self, commit: Commit) -> Heed {
        let known = self.commit.map(|known| (known.epoch, known.last_round()));
        if known.is_some_and(|(epoch, last)| commit.epoch <= epoch || commit.first_round <= last) {
            return Heed::Stale;
        }
        let fits = self.fits(&commit);
        self.before = self.commit.replace(commit);
        self.covered = commit.last_round();
        // An update of an epoch whose commitment was lost is nothing that this one can answer for.
        let is_its = commit.covers(self.claim.round);
        self.held = if is_its { self.claim } else { Claim::default() };
        if self.claim.round <= self.covered {
            (self.claim, self.updates) = (Claim::default(), 0);
        }
        self.is_torn = self.newest > self.covered;
        self.said = 0;
        self.due = if self.watched { Due::Surely } else { Due::Draw };
        self.watched = false;
        if fits { Heed::Fits } else { Heed::Contradicted }
    }

    /// Whether it names every round of its own in which the node was heard and, if the auditor has
    /// heard all of them and nothing else since the last commitment, sums up what was said.
    fn fits(&self, commit: &Commit) -> bool {
        let (mut heard, mut strays) = (0_u64, self.is_torn);
        for round in self.rounds_heard() {
            if commit.covers(round) {
                heard |= 1 << (round.wrapping_sub(commit.first_round) % 64);
            } else {
                strays |= round > self.covered;
            }
        }
        let is_whole = heard == commit.named && !strays;
        heard & !commit.named == 0 && (!is_whole || self.said == commit.said)
    }

    /// Its ban has run out: it is on probation, and audited next time for sure.
    pub(super) const fn release(&mut self) {
        (self.convicted, self.is_liar, self.is_told, self.strikes) = (false, false, false, 0);
        self.watched = true;
    }

    /// All nodes compute by another rule from now on: what was said before cannot be shown.
    pub(super) fn renew(&mut self) {
        self.due = Due::Nothing;
        (self.claim, self.held, self.updates) = (Claim::default(), Claim::default(), 0);
    }

    /// What `beacon` asks of its newest commitment, at `chance` in 10,000.
    pub(super) fn drawn(&mut self, beacon: &Beacon, chance: u64) -> Option<Ask> {
        let due = core::mem::take(&mut self.due);
        let commit = self.commit?;
        let hit = beacon.draw(Lot::Whether, self.id, 10_000) < chance;
        if due == Due::Nothing || (due == Due::Draw && !hit) {
            return None;
        }
        // Of an empty tree only what was heard can be asked for: nobody hides in one.
        let is_empty = commit.stretches == 0;
        if self.held.round > 0 && (is_empty || beacon.draw(Lot::How, self.id, 4) != 0) {
            return Some(Ask::Round(self.held.round));
        }
        if is_empty {
            return None;
        }
        let place = beacon.draw(Lot::Which, self.id, u64::from(commit.stretches));
        Some(Ask::Stretch(place as u8))
    }

    /// What an audit's end does to it; true when that convicts.
    pub(super) fn judged(&mut self, verdict: Verdict, is_partial: bool) -> bool {
        match verdict {
            Verdict::Honest => self.strikes = 0,
            Verdict::Mismatch => self.strikes = OUT,
            Verdict::BadProof | Verdict::NoAnswer => {
                self.strikes += if is_partial { 1 } else { STRIKE };
                self.watched = true;
            }
        }
        let convicts = self.strikes >= OUT && !self.convicted;
        self.convicted |= convicts;
        self.is_liar |= convicts && verdict == Verdict::Mismatch;
        self.convictions = self.convictions.saturating_add(u8::from(convicts));
        self.strikes = self.strikes.min(OUT);
        convicts
    }

    /// Whether it speaks on and on without committing to anything.
    pub(super) fn is_late(&self, settings: AuditConfig) -> bool {
        let allowed = 2 * u32::from(settings.every_rounds) + LATE_ROUNDS;
        self.newest.saturating_sub(self.covered) > allowed
    }
}

/// The chance, in 10,000, that an epoch is drawn by one of `auditors`: the rate for each update, by
/// the share of the rounds that have one. Who says more moves the others more, and is asked more.
#[must_use]
pub fn chance(config: &AuditConfig, commit: &Commit, auditors: usize) -> u64 {
    let (updates, rounds) = (u64::from(commit.named.count_ones()), u64::from(commit.rounds));
    let sum = u64::from(config.rate_basis_points) * updates * updates;
    sum.div_ceil(rounds.max(1) * auditors.max(1) as u64)
}

/// An audit that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Who is audited.
    pub target: NodeId,
    /// Which epoch.
    pub epoch: u32,
    /// What was asked for.
    pub ask: Ask,
    /// Times that it was asked for since a part came that was not here.
    pub attempts: u8,
    /// Times that it was asked for.
    pub asked: u8,
    /// When it was asked last, as the low 32 bits of the tick.
    pub asked_tick: u32,
    /// When in this tick the target has polled, in microseconds: it can be asked then.
    pub polled_us: Option<u64>,
    /// Parts that are here, a bit each.
    pub have: u32,
    count: u8,
    last: u8,
    bytes: Shown,
}
crate::canonical!(struct Case {
    target, epoch, ask, attempts, asked, asked_tick, polled_us, have, count, last, bytes,
});

impl Case {
    pub(super) fn new(target: NodeId, epoch: u32, ask: Ask) -> Self {
        Self {
            target,
            epoch,
            ask,
            attempts: 0,
            asked: 0,
            asked_tick: 0,
            polled_us: None,
            have: 0,
            count: 0,
            last: 0,
            bytes: Shown::new(),
        }
    }

    /// Takes a part; the whole, once all are here. A part that fits no other begins anew.
    pub(super) fn take(&mut self, part: &Part) -> Option<&[u8]> {
        if self.count != part.count {
            (self.count, self.have, self.last) = (part.count, 0, 0);
        }
        let length = usize::from(part.count.min(PARTS as u8)) * PART_BYTES;
        self.bytes.resize(length, 0).ok()?;
        let from = usize::from(part.index) * PART_BYTES;
        let place = self.bytes.get_mut(from..from + part.bytes().len())?;
        place.copy_from_slice(part.bytes());
        if self.have >> part.index & 1 == 0 {
            self.have |= 1 << part.index;
            self.attempts = self.attempts.min(1);
        }
        if part.index + 1 == part.count {
            self.last = part.bytes().len() as u8;
        }
        if self.have.count_ones() != u32::from(self.count) {
            return None;
        }
        let length = usize::from(self.count - 1) * PART_BYTES + usize::from(self.last);
        self.bytes.get(..length)
    }

    /// Whether it may be asked for in this tick; asking counts.
    pub(super) fn asks(&mut self, now: Tick) -> bool {
        let fresh = self.asked == 0 || self.asked_tick != now.0 as u32;
        let may = fresh && self.attempts < ATTEMPTS;
        if may {
            self.attempts += 1;
            self.asked = self.asked.saturating_add(1);
            self.asked_tick = now.0 as u32;
        }
        may
    }
}

/// What a node has audited, and been asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditCounts {
    /// Commitments made.
    pub commits: u32,
    /// Epochs that did not fit, so that there was nothing to commit to.
    pub gaps: u32,
    /// Audits begun.
    pub challenges: u32,
    /// Audits passed.
    pub passes: u32,
    /// Audits that ended in a mismatch.
    pub mismatches: u32,
    /// Updates that the commitment to their round does not name or sum up.
    pub contradictions: u32,
    /// Answers that proved nothing.
    pub bad_proofs: u32,
    /// Audits without an answer.
    pub unanswered: u32,
    /// Audits that a newer commitment cut short.
    pub cut_short: u32,
    /// Neighbours convicted.
    pub convictions: u32,
    /// Two commitments to one epoch in one name.
    pub disputes: u32,
    /// Models that stood out.
    pub outliers: u32,
    /// Times that it showed something, or a part of it.
    pub reveals: u32,
    /// Bytes of all this that it sent, headers included.
    pub bytes: u64,
    /// Samples computed again, for others and of others.
    pub replayed: u32,
}
crate::canonical!(struct AuditCounts {
    commits, gaps, challenges, passes, mismatches, contradictions, bad_proofs, unanswered,
    cut_short, convictions, disputes, outliers, reveals, bytes, replayed,
});

/// An update that a node has heard of anybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Whose.
    pub origin: NodeId,
    /// Round and print.
    pub claim: Claim,
}
crate::canonical!(struct Said { origin, claim });

/// The newest updates that a node has heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hearsay {
    said: heapless::Vec<Said, MEMORY>,
    next: u8,
}
crate::canonical!(struct Hearsay { said, next });

impl Hearsay {
    /// Notes an update; the oldest makes room.
    pub fn note(&mut self, origin: NodeId, round: u32, print: u64) {
        let said = Said { origin, claim: Claim { round, print } };
        if self.said.push(said).is_err()
            && let Some(slot) = self.said.get_mut(usize::from(self.next) % MEMORY)
        {
            *slot = said;
            self.next = (self.next + 1) % MEMORY as u8;
        }
    }

    /// Whether `origin` said this in `round`; `None` when that round of it was not heard.
    #[must_use]
    pub fn vouch(&self, origin: NodeId, round: u32, print: u64) -> Option<bool> {
        let same = |said: &&Said| said.origin == origin && said.claim.round == round;
        let mut heard = self.said.iter().filter(same).peekable();
        heard.peek()?;
        Some(heard.any(|said| said.claim.print == print))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_update_of_the_committed_rounds_is_held_against_a_node() {
        let commit = |epoch: u32| {
            let first_round = 8 * epoch + 1;
            // Of what was said only one thing is heard here, so that the sum says nothing.
            let named = 0xFF;
            Commit { epoch, first_round, rounds: 8, stretches: 9, named, ..Commit::default() }
        };
        // Rounds heard, then the epoch whose commitment is heard next, and what is held then.
        let table: [(&[u32], u32, u32); 4] =
            [(&[3], 0, 3), (&[3], 1, 0), (&[12], 1, 12), (&[17], 1, 0)];
        for (rounds, epoch, held) in table {
            let mut peer = Peer::default();
            for round in rounds {
                peer.remember(*round, 5, 0);
            }
            assert_eq!(peer.commits(commit(epoch)), Heed::Fits);
            assert_eq!(peer.held.round, held, "{rounds:?}, epoch {epoch}");
            assert_eq!(peer.commits(commit(epoch)), Heed::Stale, "not twice");
        }
    }

    #[test]
    fn a_commitment_is_held_against_what_was_heard() {
        // A first commitment to rounds 1 to 4, then one to rounds 5 to 8 that names these.
        fn second(epoch: u32, named: u64, said: u32) -> Commit {
            let (first_round, rounds, stretches) = (5, 4, 9);
            Commit { epoch, first_round, rounds, stretches, named, said, ..Commit::default() }
        }
        // Prints are 10 times the round. Heard before the first one, between both, the second one,
        // and heard behind it: what comes of that.
        type Case = (&'static [u32], &'static [u32], Commit, &'static [u32], Heed, bool);
        let (fits, no) = (Heed::Fits, Heed::Contradicted);
        let table: [Case; 12] = [
            (&[3], &[5, 7], second(1, 0b0101, 120), &[], fits, true),
            (&[3], &[5, 6, 7], second(1, 0b0101, 120), &[], no, true),
            (&[3], &[5, 7], second(1, 0b0101, 121), &[], no, true),
            (&[3], &[5], second(1, 0b0101, 121), &[], fits, true),
            (&[3], &[5, 7, 7], second(1, 0b0101, 120), &[], fits, true),
            (&[3], &[7, 5], second(1, 0b0101, 120), &[], fits, true),
            (&[3], &[5, 7, 9], second(1, 0b0101, 1), &[], fits, true),
            (&[3], &[5, 2, 7], second(1, 0b0101, 120), &[], fits, true),
            (&[3], &[5], second(1, 0b0001, 50), &[5], fits, true),
            (&[3], &[5], second(1, 0b0001, 50), &[6], fits, false),
            (&[], &[7], second(2, 0b0101, 9), &[], fits, true),
            (&[3], &[5, 7, 80], second(1, 0b0101, 1), &[], fits, true),
        ];
        for (before, between, commit, behind, heed, named) in table {
            let mut peer = Peer::default();
            let hear = |peer: &mut Peer, rounds: &[u32]| {
                rounds.iter().all(|round| peer.remember(*round, 10 * u64::from(*round), 0))
            };
            assert!(hear(&mut peer, before));
            let first = Commit { first_round: 1, rounds: 4, ..second(0, 0b1111, 1) };
            assert_eq!(peer.commits(first), fits);
            hear(&mut peer, between);
            assert_eq!(peer.commits(commit), heed, "{before:?} {between:?} {commit:?}");
            assert_eq!(hear(&mut peer, behind), named, "{behind:?}");
        }
    }

    #[test]
    fn who_says_more_is_asked_more() {
        let config = AuditConfig { rate_basis_points: 100, ..AuditConfig::default() };
        let commit = |named| Commit { rounds: 64, named, ..Commit::default() };
        // 1 % of each of 16 updates, for a quarter of the rounds; of one, for a 64th of them.
        assert_eq!(chance(&config, &commit(0xFFFF), 1), 400);
        assert_eq!(chance(&config, &commit(0xFFFF), 3), 134);
        assert_eq!(chance(&config, &commit(1), 1), 2);
        assert_eq!(chance(&config, &commit(0), 1), 0);
        assert_eq!(chance(&config, &Commit { rounds: 16, ..commit(0xFFFF) }, 1), 1_600);
    }

    #[test]
    fn three_strikes_in_a_row_convict_and_a_passed_audit_forgives() {
        let mut peer = Peer::default();
        let silent = |peer: &mut Peer| peer.judged(Verdict::NoAnswer, false);
        assert!(!silent(&mut peer) && !silent(&mut peer));
        peer.judged(Verdict::Honest, false);
        assert!(!silent(&mut peer) && !peer.judged(Verdict::BadProof, false));
        assert!((0..7).all(|_| !peer.judged(Verdict::NoAnswer, true)), "an eighth each");
        assert!(peer.judged(Verdict::NoAnswer, true) && peer.convicted);
        assert!(Peer::default().judged(Verdict::Mismatch, false));
    }
}
