//! What an auditor remembers of a neighbour, what it asks of it, and what a verdict does to it. It
//! must not know how audits run.
//!
//! A question to which nothing came is a *strike*, and so are an answer that proves nothing and a
//! commitment that leaves out what was there, as each can be the air's fault or a forger's. The
//! first answer of which some parts came and others did not is an eighth of one, and every further
//! one a whole. A passed audit takes one strike away. Three more than passes convict, and so does
//! one mismatch. While there is a strike, every commitment is audited.

use super::beacon::{Beacon, Lot};
use super::verify::Claim;
use super::wire::{Ask, Commit};
use super::{AuditConfig, Verdict};
use crate::id::NodeId;

/// Rounds beyond two epochs in which no commitment was heard, before one is asked for.
const LATE_ROUNDS: u32 = 4;
/// What a strike counts; what counts less is in eighths of it.
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
    /// Not newer than the last.
    Stale,
    /// Nothing speaks against it.
    Fits,
    /// It does not go on where the last one ended, and no loss explains that.
    Skips,
    /// The node has sent what it does not name, or something else than it sums up.
    Contradicted,
}

/// What was missing at the end of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// All of the answer, or nothing.
    Whole,
    /// Some parts of it.
    Parts,
    /// Time: a newer commitment came early.
    Time,
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
    /// Another one to the epoch of one of these: nobody knows which of both is its own.
    pub rival: Option<Commit>,
    /// Epochs that were begun anew in all nodes, and that its numbers have not left out yet.
    pub renewals: u8,
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
    /// An answer of its own has stayed incomplete before.
    pub was_partial: bool,
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
    id, commit, before, rival, renewals, covered, newest, heard, said, is_torn, heard_tick, polls,
    claim, held, updates, due, watched, strikes, was_partial, convicted, is_liar, is_told,
    convictions,
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

    /// False when commitments that are known cover the round and none of them names it.
    fn is_named(&self, round: u32) -> bool {
        let known = [&self.commit, &self.before, &self.rival].into_iter().flatten();
        let mut covering = known.filter(|commit| commit.covers(round)).peekable();
        covering.peek().is_none() || covering.any(|commit| commit.names(round))
    }

    /// Takes a commitment to the epoch of its newest one that is not that; true if it is one.
    ///
    /// Either may be a forger's, so an answer may open either. That gains a liar nothing: neither
    /// gives what it sent, and the question stands.
    pub(super) fn disputes(&mut self, commit: &Commit) -> bool {
        let is_other = |known: Commit| known.epoch == commit.epoch && known != *commit;
        if !self.commit.is_some_and(is_other) {
            return false;
        }
        if self.rival.is_none_or(|rival| rival.epoch != commit.epoch) {
            self.rival = Some(*commit);
        }
        // Whoever was asked already is not asked for another stretch of the same epoch.
        if self.due == Due::Draw {
            self.due = Due::Surely;
        }
        self.watched = true;
        true
    }

    /// Whether a newer commitment goes on where the last one ended. Epochs are numbered one by one
    /// and each has a round of its own, so as many numbers as are left out, so many rounds are, and
    /// no rounds without a number; but for epochs that were begun anew.
    fn goes_on(&mut self, commit: &Commit) -> bool {
        let Some(known) = &self.commit else { return true };
        let epochs = commit.epoch.wrapping_sub(known.epoch).wrapping_sub(1);
        let rounds = commit.first_round.wrapping_sub(known.last_round()).wrapping_sub(1);
        let short = epochs.saturating_sub(rounds);
        let renewals = u32::from(self.renewals);
        self.renewals = renewals.saturating_sub(short) as u8;
        short <= renewals && (epochs > 0 || rounds == 0)
    }

    /// Takes a commitment.
    pub(super) fn commits(&mut self, commit: Commit) -> Heed {
        let known = self.commit.map(|known| (known.epoch, known.last_round()));
        if known.is_some_and(|(epoch, last)| commit.epoch <= epoch || commit.first_round <= last) {
            return Heed::Stale;
        }
        let (fits, goes_on) = (self.fits(&commit), self.goes_on(&commit));
        let last = self.commit.map(|commit| commit.epoch);
        self.rival = self.rival.filter(|rival| Some(rival.epoch) == last);
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
        match (fits, goes_on) {
            (false, _) => Heed::Contradicted,
            (true, false) => Heed::Skips,
            (true, true) => Heed::Fits,
        }
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
        self.renewals = self.renewals.saturating_add(1);
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
        // A quarter asks for the first stretch, which shows where the epoch before ended; of the
        // rest, as of all where there is no such epoch, three quarters ask for what was heard.
        let follows = |before: Commit| before.epoch.wrapping_add(1) == commit.epoch;
        let (linked, any) = if self.before.is_some_and(follows) { (4, 7) } else { (0, 4) };
        let how = beacon.draw(Lot::How, self.id, 16);
        if !is_empty && how < linked {
            return Some(Ask::Stretch(0));
        }
        if self.held.round > 0 && (is_empty || how >= any) {
            return Some(Ask::Round(self.held.round));
        }
        if is_empty {
            return None;
        }
        let place = beacon.draw(Lot::Which, self.id, u64::from(commit.stretches));
        Some(Ask::Stretch(place as u8))
    }

    /// What an audit's end does to it; true when that convicts.
    pub(super) fn judged(&mut self, verdict: Verdict, missing: Missing) -> bool {
        match verdict {
            Verdict::Honest => {
                self.strikes = self.strikes.saturating_sub(STRIKE);
                self.watched |= self.strikes > 0;
            }
            Verdict::Mismatch => self.strikes = OUT,
            Verdict::BadProof | Verdict::NoAnswer => {
                let is_first = missing == Missing::Parts && !self.was_partial;
                self.was_partial |= is_first;
                let is_little = is_first || missing == Missing::Time;
                self.strikes += if is_little { 1 } else { STRIKE };
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
            (&[], &[7], second(2, 0b0101, 9), &[], Heed::Skips, true),
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
    fn of_two_commitments_to_one_epoch_either_may_name_a_round_and_both_are_asked_for() {
        let commit = |epoch: u32, named, root| {
            let first_round = 4 * epoch + 1;
            let root = [root; super::super::HASH_BYTES];
            Commit { epoch, first_round, rounds: 4, stretches: 9, named, root, ..Commit::default() }
        };
        let mut peer = Peer::default();
        assert!(!peer.disputes(&commit(0, 0b01, 1)), "there is no other");
        assert_eq!(peer.commits(commit(0, 0b01, 1)), Heed::Fits);
        assert!(!peer.disputes(&commit(0, 0b01, 1)), "the same again");
        assert!(!peer.disputes(&commit(1, 0b01, 2)), "of another epoch");
        assert!(peer.disputes(&commit(0, 0b10, 2)) && peer.due == Due::Surely && peer.watched);
        assert!(peer.disputes(&commit(0, 0b11, 3)), "the first rival stays");
        assert_eq!(peer.rival, Some(commit(0, 0b10, 2)));
        assert!(peer.remember(1, 5, 1) && peer.remember(2, 5, 1) && !peer.remember(3, 5, 1));
        // It stays one epoch more, for the link, and goes then.
        assert_eq!(peer.commits(commit(1, 0b01, 4)), Heed::Fits);
        assert!(peer.rival.is_some() && peer.due == Due::Surely);
        assert_eq!(peer.commits(commit(2, 0b01, 5)), Heed::Fits);
        assert_eq!(peer.rival, None);
        // Who was asked already is not asked twice, but next time for sure.
        peer.due = Due::Nothing;
        assert!(peer.disputes(&commit(2, 0b01, 6)) && peer.due == Due::Nothing && peer.watched);
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
    fn strikes_add_up_and_a_passed_audit_takes_one_away() {
        use Missing::{Parts, Time, Whole};
        use Verdict::{BadProof, Honest, Mismatch, NoAnswer};
        // What audits come to, and the strikes after each, in eighths; at 24 it is convicted.
        type Case = &'static [(Verdict, Missing, u8)];
        let table: [Case; 6] = [
            &[(NoAnswer, Whole, 8), (BadProof, Whole, 16), (NoAnswer, Whole, 24)],
            &[(NoAnswer, Whole, 8), (NoAnswer, Whole, 16), (Honest, Whole, 8), (Honest, Whole, 0)],
            &[(NoAnswer, Parts, 1), (NoAnswer, Parts, 9), (Honest, Whole, 1), (Honest, Whole, 0)],
            // Now the truth, now a lie of which a part stays away: passes do not forgive that.
            &[
                (NoAnswer, Parts, 1),
                (Honest, Whole, 0),
                (NoAnswer, Parts, 8),
                (NoAnswer, Parts, 16),
                (Honest, Whole, 8),
                (NoAnswer, Parts, 16),
                (NoAnswer, Parts, 24),
            ],
            &[(NoAnswer, Time, 1), (NoAnswer, Time, 2), (NoAnswer, Parts, 3), (Honest, Whole, 0)],
            &[(Honest, Whole, 0), (Mismatch, Whole, 24)],
        ];
        for case in table {
            let mut peer = Peer::default();
            for (verdict, missing, strikes) in case {
                let convicts = peer.judged(*verdict, *missing);
                assert_eq!((peer.strikes, convicts), (*strikes, *strikes == 24), "{case:?}");
                assert_eq!(
                    core::mem::take(&mut peer.watched),
                    (1..24).contains(strikes) || convicts && *verdict != Mismatch,
                    "{case:?}"
                );
            }
        }
    }

    #[test]
    fn who_leaves_out_an_epoch_that_was_there_is_found_and_losses_are_not_blamed() {
        let commit = |epoch, first_round, rounds| Commit {
            epoch,
            first_round,
            rounds,
            stretches: 9,
            ..Commit::default()
        };
        // Behind epoch 3 of rounds 11 to 18; times that all began anew; what the next one is.
        let table = [
            (0, commit(4, 19, 8), Heed::Fits),
            (0, commit(5, 27, 8), Heed::Fits),
            (0, commit(5, 20, 8), Heed::Fits),
            (0, commit(9, 24, 8), Heed::Fits),
            (0, commit(5, 19, 8), Heed::Skips),
            (0, commit(9, 23, 8), Heed::Skips),
            (0, commit(4, 20, 8), Heed::Skips),
            (1, commit(5, 19, 8), Heed::Fits),
            (1, commit(6, 20, 8), Heed::Fits),
            (1, commit(6, 19, 8), Heed::Skips),
            (2, commit(6, 19, 8), Heed::Fits),
        ];
        for (renewals, next, heed) in table {
            let mut peer = Peer::default();
            assert_eq!(peer.commits(commit(3, 11, 8)), Heed::Fits);
            (0..renewals).for_each(|_| peer.renew());
            assert_eq!(peer.commits(next), heed, "{renewals} {next:?}");
            // What was begun anew is left out once.
            let again = commit(next.epoch + 2, next.last_round() + 1, 8);
            assert_eq!(peer.commits(again), Heed::Skips, "{renewals} {next:?}");
        }
    }

    #[test]
    fn a_quarter_of_audits_look_at_the_link_to_the_epoch_before() {
        use crate::neuron::{NeuronConfig, SwarmNeuron};
        use crate::regime::RegimeDetector;
        use crate::residual::Residual;
        let neuron = SwarmNeuron::new(&NeuronConfig::default());
        let (residual, detector) = (Residual::default(), RegimeDetector::default());
        let (neuron, residual) = (&neuron, &residual);
        let mind =
            crate::audit::learner::Mind { neuron, residual, detector: &detector, carry: None };
        let beacon = Beacon::new(NodeId(1), mind, core::iter::empty());
        let asked = |linked: bool| {
            let mut counts = [0; 3];
            for id in 0..4_000 {
                let claim = Claim { round: 9, print: 1 };
                let commit = Commit { epoch: 1, stretches: 40, ..Commit::default() };
                let before = linked.then(Commit::default);
                let held = claim;
                let commit = Some(commit);
                let mut peer = Peer {
                    id: NodeId(id),
                    commit,
                    before,
                    held,
                    due: Due::Surely,
                    ..Peer::default()
                };
                counts[match peer.drawn(&beacon, 0) {
                    Some(Ask::Stretch(0)) => 0,
                    Some(Ask::Round(9)) => 1,
                    _ => 2,
                }] += 1;
            }
            counts
        };
        // Of 4,000: 1,000 and a few by chance, 2,250, 750; without a link 3,000 and 1,000.
        let [first, heard, any] = asked(true);
        assert!(
            (900..1_150).contains(&first) && (2_150..2_350).contains(&heard),
            "{first} {heard}"
        );
        assert!((650..850).contains(&any), "{any}");
        let [first, heard, _] = asked(false);
        assert!(first < 60 && (2_900..3_100).contains(&heard), "{first} {heard}");
    }
}
