//! The judgement: what was shown is held against what was committed, computed again, and held
//! against what was heard.

use super::Verdict;
use super::learner::{Event, Events, Heard};
use super::log::{events_hash, last_leaf, leaf};
use super::reveal::Reveal;
use super::tree::{depth, pair as pair_of, single};
use super::wire::{Ask, Commit};
use crate::config::NodeConfig;
use crate::id::NodeId;

/// An update that the auditor has heard: its round, and its print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// 0 stands for none.
    pub round: u32,
    /// See [`super::learner::print`].
    pub print: u64,
}
crate::canonical!(struct Claim { round, print });

/// All that an auditor knows of the node it audits.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Who is audited.
    pub node: NodeId,
    /// What it committed to.
    pub commit: &'a Commit,
    /// Its commitment before that one, if that was heard.
    pub before: Option<&'a Commit>,
    /// Another one to the epoch of one of these; an answer may open either of both.
    pub rival: Option<&'a Commit>,
    /// What was asked for.
    pub ask: Ask,
    /// One of its updates.
    pub claim: Claim,
}

/// Judges what was shown; `vouch` says of a voice that was merged, by origin, round and print,
/// whether the auditor knows that this is what was said: `None` when it did not hear it. Gives how
/// many samples it has computed, too.
#[must_use]
pub fn verify(
    config: &NodeConfig,
    known: &Known<'_>,
    shown: &[u8],
    vouch: impl FnMut(NodeId, u32, u64) -> Option<bool>,
) -> (Verdict, u32) {
    let mut samples = 0;
    let verdict = judge(config, known, shown, vouch, &mut samples);
    // Whoever forges a commitment can open it, too: in a dispute no answer convicts at once.
    let is_disputed = verdict == Verdict::Mismatch && known.rival.is_some();
    (if is_disputed { Verdict::BadProof } else { verdict }, samples)
}

fn judge(
    config: &NodeConfig,
    known: &Known<'_>,
    shown: &[u8],
    vouch: impl FnMut(NodeId, u32, u64) -> Option<bool>,
    samples: &mut u32,
) -> Verdict {
    let Some(reveal) = Reveal::read(config, shown) else { return Verdict::BadProof };
    let is_asked = match known.ask {
        Ask::Stretch(place) => reveal.place == place,
        Ask::Round(_) => true,
        Ask::Commit => false,
    };
    if !is_asked {
        return Verdict::BadProof;
    }
    let place = u16::from(reveal.place);
    let own = leaf(&reveal.before.mind().hash(), &events_hash(reveal.events));
    let pair = [&own, &leaf(&reveal.after, &reveal.next)];
    let opened = known.commitments(known.commit).find(|commit| {
        let root = pair_of(place, commit.leaves(), pair, &reveal.proof);
        root.is_some_and(|root| commit.holds(known.node, root))
    });
    let Some(commit) = opened else { return Verdict::BadProof };
    let follows = |before: &&Commit| before.epoch.wrapping_add(1) == commit.epoch;
    if let Some(before) = known.before.filter(follows).filter(|_| place == 0) {
        let is_linked = known.commitments(before).any(|before| {
            let root = single(u16::from(before.stretches), &last_leaf(&reveal.prior), &reveal.link);
            reveal.link.len() == depth(before.leaves()) && before.holds(known.node, root)
        });
        if !is_linked {
            return Verdict::BadProof;
        }
        if reveal.prior != reveal.before.mind().hash() {
            return Verdict::Mismatch;
        }
    }
    // From here on, what is wrong is what the node itself has committed to.
    replay(config, known, commit, &reveal, vouch, samples)
}

/// Computes the stretch again.
fn replay(
    config: &NodeConfig,
    known: &Known<'_>,
    commit: &Commit,
    reveal: &Reveal<'_>,
    mut vouch: impl FnMut(NodeId, u32, u64) -> Option<bool>,
    samples: &mut u32,
) -> Verdict {
    let mut learner = reveal.before.clone();
    let mut events = Events::new(reveal.events);
    let (mut ended, mut answers, mut doubtful) = (false, known.claims_nothing(), false);
    loop {
        let (event, ends) = match events.advance() {
            Ok(Some(next)) => next,
            Ok(None) => break,
            Err(_) => return Verdict::Mismatch,
        };
        if ended {
            return Verdict::Mismatch;
        }
        ended = ends;
        *samples += u32::from(matches!(event, Event::Sample { .. }));
        if let Event::Sent { round, .. } = &event
            && !commit.names(*round)
        {
            return Verdict::Mismatch;
        }
        if let Event::Merged(blend) = &event {
            let mut denied = |heard: &Heard| vouch(heard.origin, heard.round, heard.print());
            doubtful |= blend.voices.iter().any(|heard| denied(heard) == Some(false));
        }
        match learner.step(config, known.node, &event) {
            Ok(Some((round, print))) if round == known.claim.round => {
                if print != known.claim.print {
                    return Verdict::Mismatch;
                }
                answers = true;
            }
            Ok(_) => {}
            Err(_) => return Verdict::Mismatch,
        }
    }
    let is_last = u16::from(reveal.place) + 1 == u16::from(commit.stretches);
    if (!ended && !is_last) || learner.mind().hash() != reveal.after {
        return Verdict::Mismatch;
    }
    if answers && !doubtful { Verdict::Honest } else { Verdict::BadProof }
}

impl<'a> Known<'a> {
    /// This commitment, and what disputes it.
    fn commitments(&self, commit: &'a Commit) -> impl Iterator<Item = &'a Commit> + use<'a> {
        let rival = self.rival.filter(|rival| rival.epoch == commit.epoch);
        core::iter::once(commit).chain(rival)
    }

    /// Whether any stretch will do, and not only the one with the update in question.
    const fn claims_nothing(&self) -> bool {
        !matches!(self.ask, Ask::Round(_))
    }
}
