//! Honest nodes pass, whatever they sense and however they compute; whoever sends what it did not
//! compute is convicted, however it commits to it; and nobody else can bring that about.

extern crate std;

use super::learner::{Blend, Event, Events, Heard, Learner, print};
use super::log::{Log, Sealed, Sent, events_hash, last_leaf, leaf};
use super::reveal::{Reveal, Shown, show};
use super::tree::{LEAVES, Proof, Tree, prove};
use super::verify::{Claim, Known, verify};
use super::wire::{Ask, Commit};
use super::{HASH_BYTES, Hash, Verdict};
use crate::carry::Carry;
use crate::config::NodeConfig;
use crate::draw::{Purpose, below, draw};
use crate::id::NodeId;
use crate::merge::Adoption;
use crate::neuron::{Kind, SwarmNeuron, TAPS, WEIGHT_LIMIT, kernel};
use crate::packet::Wire;
use crate::q16::{HALF, Q16};
use crate::regime::{Regime, RegimeDetector};
use crate::residual::Residual;
use proptest::prelude::*;
use std::vec::Vec;

const NODE: NodeId = NodeId(7);

fn config(kind: Kind, wire: Wire) -> NodeConfig {
    let mut config = NodeConfig { wire, ..NodeConfig::default() };
    config.neuron.form.kind = kind;
    // Lives of their own making merge what no test on samples would take.
    config.adoption = Adoption::Screened;
    config.neuron.form.hyper = kernel::default_hyper(kind);
    config
}

fn newborn(config: &NodeConfig) -> Learner {
    Learner {
        neuron: SwarmNeuron::new(&config.neuron),
        residual: Residual::default(),
        detector: RegimeDetector::default(),
        carry: Carry::of(config),
    }
}

/// A wave with noise and, in the second half, a storm.
fn signal(seed: u64, n: u32, samples: u32) -> Q16 {
    let noise = below(draw(seed, Purpose::Noise, 1, u64::from(n), 0), 40_000) as i32 - 20_000;
    let loud = if n > samples / 2 { 9 } else { 1 };
    let wave = (20 - (n as i32 % 40 - 20).abs()) << 13;
    Q16::from_bits((20 << 16) + wave + noise * loud)
}

/// Models near the own one, as neighbours send them.
fn blend(seed: u64, round: u32, learner: &Learner) -> Blend {
    let taps = learner.neuron.form().taps;
    let heard = |origin: u32| {
        let mut weights = *learner.neuron.weights();
        for (tap, weight) in weights.iter_mut().enumerate().take(usize::from(taps)) {
            let lot = draw(seed, Purpose::Attack, origin, u64::from(round), tap as u32);
            *weight = (*weight + Q16::from_bits(below(lot, 2_000) as i32 - 1_000))
                .clamp(Q16::from_bits(-WEIGHT_LIMIT), Q16::from_bits(WEIGHT_LIMIT));
        }
        let origin = NodeId(origin);
        Heard { origin, round, regime: Regime::Calm, influence: HALF, weights }
    };
    let voices = (20..23 + round % 3).map(heard).collect();
    Blend { round, own_influence: HALF, banned: false, taps, voices }
}

/// What a node lives through: in each round some samples, a merge, and an update.
struct Life {
    config: NodeConfig,
    learner: Learner,
    log: Log,
    seed: u64,
    samples: u32,
    claims: Vec<Claim>,
}

impl Life {
    fn new(config: &NodeConfig, seed: u64) -> Self {
        let learner = newborn(config);
        let log = Log::new(learner.mind());
        Self { config: *config, learner, log, seed, samples: 0, claims: Vec::new() }
    }

    fn round(&mut self, round: u32, samples: u32) {
        for _ in 0..samples {
            let value = signal(self.seed, self.samples, 400);
            let critical = self.samples % 97 > 90;
            self.step(&Event::Sample { critical, value });
            self.log.sample(critical, value, self.learner.mind());
            self.samples += 1;
        }
        let heard = blend(self.seed, round, &self.learner);
        if self.step(&Event::Merged(heard.clone())) {
            self.log.merging(&heard);
            self.log.cut(self.learner.mind());
        }
        let (critical, queued) = (round % 5 == 4, !round.is_multiple_of(4));
        self.step(&Event::Sent { critical, queued, round });
        let print = self.claims.last().expect("an update").print;
        self.log.sent(critical, Sent { queued, print }, round, self.learner.mind());
    }

    /// Whether the step is one that an honest node makes; if not, it does not make it.
    fn step(&mut self, event: &Event) -> bool {
        let mut next = self.learner.clone();
        let Ok(sent) = next.step(&self.config, NODE, event) else { return false };
        self.claims.extend(sent.map(|(round, print)| Claim { round, print }));
        self.learner = next;
        true
    }

    fn audit(&self, sealed: &Sealed, before: Option<&Sealed>, ask: Ask) -> (Verdict, Shown) {
        let shown = show(&self.config, NODE, sealed, ask).0.expect("there is such a stretch");
        let claim = match ask {
            Ask::Round(round) => self.claims.iter().copied().find(|claim| claim.round == round),
            _ => None,
        };
        let claim = claim.unwrap_or_default();
        let before = before.map(|sealed| &sealed.commit);
        let (commit, rival) = (&sealed.commit, None);
        let known = Known { node: NODE, commit, before, rival, ask, claim };
        (verify(&self.config, &known, &shown, |_, _, _| None).0, shown)
    }
}

fn kinds() -> impl Strategy<Value = (Kind, Wire)> {
    let kind = prop_oneof![Just(Kind::Linear), Just(Kind::Cascade), Just(Kind::Spiking)];
    (kind, prop_oneof![Just(Wire::Q16), Just(Wire::Bfp16)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn an_honest_node_passes_wherever_it_is_asked(
        (kind, wire) in kinds(),
        seed in any::<u64>(),
        rounds in proptest::collection::vec(0..70_u32, 2..7),
    ) {
        let mut life = Life::new(&config(kind, wire), seed);
        let mut before: Option<Sealed> = None;
        for (round, samples) in (1..).zip(&rounds) {
            life.round(round, *samples);
            if round % 2 == 1 {
                continue;
            }
            let mind = life.learner.clone();
            let sealed = life.log.seal(NODE, round, mind.mind(), before.as_ref()).expect("it fits");
            for place in 0..sealed.commit.stretches {
                let (verdict, shown) = life.audit(&sealed, before.as_ref(), Ask::Stretch(place));
                prop_assert_eq!(verdict, Verdict::Honest, "{:?} {}", kind, place);
                let read = Reveal::read(&life.config, &shown);
                prop_assert!(read.is_some_and(|read| read.place == place));
            }
            for asked in [round - 1, round] {
                let (verdict, _) = life.audit(&sealed, before.as_ref(), Ask::Round(asked));
                prop_assert_eq!(verdict, Verdict::Honest);
            }
            before = Some(sealed);
        }
    }

    #[test]
    fn bytes_that_are_no_answer_convict_nobody(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let commit = Commit { rounds: 1, stretches: 9, ..Commit::default() };
        let (ask, claim) = (Ask::Stretch(0), Claim::default());
        let known = Known { node: NODE, commit: &commit, before: None, rival: None, ask, claim };
        let config = config(Kind::Linear, Wire::Q16);
        prop_assert_eq!(verify(&config, &known, &bytes, |_, _, _| None).0, Verdict::BadProof);
    }
}

#[test]
fn no_change_of_an_honest_answer_on_its_way_convicts() {
    let mut life = Life::new(&config(Kind::Linear, Wire::Q16), 5);
    (1..=4).for_each(|round| life.round(round, 20));
    let mind = life.learner.clone();
    let first = life.log.seal(NODE, 4, mind.mind(), None).expect("it fits");
    (5..=8).for_each(|round| life.round(round, 20));
    let mind = life.learner.clone();
    let second = life.log.seal(NODE, 8, mind.mind(), Some(&first)).expect("it fits");
    for place in [0, 3] {
        let ask = Ask::Stretch(place);
        let (verdict, shown) = life.audit(&second, Some(&first), ask);
        assert_eq!(verdict, Verdict::Honest);
        let (commit, before) = (&second.commit, Some(&first.commit));
        let known = Known { node: NODE, commit, before, rival: None, ask, claim: Claim::default() };
        for bit in (0..shown.len() * 8).step_by(11) {
            let mut changed = shown.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let verdict = verify(&life.config, &known, &changed, |_, _, _| None).0;
            assert_eq!(verdict, Verdict::BadProof, "bit {bit} of stretch {place}");
        }
    }
}

#[test]
fn an_answer_to_another_question_or_a_denied_voice_proves_nothing() {
    let mut life = Life::new(&config(Kind::Linear, Wire::Q16), 5);
    (1..=4).for_each(|round| life.round(round, 40));
    let mind = life.learner.clone();
    let sealed = life.log.seal(NODE, 4, mind.mind(), None).expect("it fits");
    let judge = |ask, shown: &Shown, denied: bool| {
        let known = Known {
            node: NODE,
            commit: &sealed.commit,
            before: None,
            rival: None,
            ask,
            claim: life.claims[1],
        };
        verify(&life.config, &known, shown, |_, _, _| denied.then_some(false)).0
    };
    let shown = |ask| show(&life.config, NODE, &sealed, ask).0;
    assert_eq!(shown(Ask::Round(5)), None, "no such round");
    assert_eq!(shown(Ask::Stretch(sealed.commit.stretches)), None, "no such stretch");
    let round = |n| shown(Ask::Round(n)).expect("a round");
    assert_eq!(judge(Ask::Round(2), &round(2), false), Verdict::Honest);
    assert_eq!(judge(Ask::Round(2), &round(3), false), Verdict::BadProof);
    assert_eq!(judge(Ask::Stretch(0), &round(2), false), Verdict::BadProof);
    // Stretch 0 has 32 samples, stretch 1 the last 8 and the first merge.
    let merge = shown(Ask::Stretch(1)).expect("a stretch");
    assert_eq!(judge(Ask::Stretch(1), &merge, false), Verdict::Honest);
    assert_eq!(judge(Ask::Stretch(1), &merge, true), Verdict::BadProof);
}

/// Somebody who writes its commitments as it likes: for each stretch the state before, what it says
/// happened, and the state after; the next state before is the one committed after.
struct Forger {
    config: NodeConfig,
    stretches: Vec<(Learner, Vec<u8>)>,
    end: Learner,
}

impl Forger {
    /// An honest life of two epochs' length, taken apart; `lie` may change each state after.
    fn new(kind: Kind, mut deceive: impl FnMut(usize, &Learner, &mut Learner)) -> Self {
        let mut life = Life::new(&config(kind, Wire::Q16), 11);
        (1..=6).for_each(|round| life.round(round, 50));
        let start = newborn(&life.config);
        let (mut learner, mut before) = (start.clone(), start);
        let mut events = Events::new(&life.log.events);
        let (mut from, mut stretches) = (0, Vec::new());
        while let Some((event, ends)) = events.advance().expect("own log") {
            // What a liar does not follow it may find harmful; it goes on all the same.
            let _ = learner.step(&life.config, NODE, &event);
            if ends {
                let until = life.log.events.len() - events.remaining();
                deceive(stretches.len(), &before, &mut learner);
                stretches.push((before, life.log.events[from..until].to_vec()));
                (before, from) = (learner.clone(), until);
            }
        }
        Self { config: life.config, stretches, end: learner }
    }

    fn leaves(&self) -> Vec<Hash> {
        let own = self.stretches.iter();
        let own = own.map(|(before, events)| leaf(&before.mind().hash(), &events_hash(events)));
        own.chain([last_leaf(&self.end.mind().hash())]).collect()
    }

    fn commit(&self) -> Commit {
        let (mut tree, leaves) = (Tree::default(), self.leaves());
        let (last, rest) = leaves.split_last().expect("leaves");
        assert!(rest.iter().all(|leaf| tree.push(*leaf)));
        let root = tree.close(last).0;
        let stretches = rest.len() as u8;
        let (epoch, first_round, rounds, named, said) = (0, 1, 6, 0x3F, 0);
        let commit = Commit { epoch, first_round, rounds, stretches, named, said, root };
        Commit { root: commit.bind(NODE), ..commit }
    }

    fn reveal(&self, place: usize) -> Shown {
        let mut leaves = [[0; HASH_BYTES]; LEAVES];
        let own = self.leaves();
        leaves[..own.len()].copy_from_slice(&own);
        let next = self.stretches.get(place + 1);
        let (before, events) = &self.stretches[place];
        Reveal {
            place: place as u8,
            before: before.clone(),
            events,
            after: next.map_or(&self.end, |(before, _)| before).mind().hash(),
            next: next.map_or(events_hash(&[]), |(_, events)| events_hash(events)),
            proof: prove(&mut leaves, own.len() as u16, place as u16).expect("a pair"),
            prior: [0; HASH_BYTES],
            link: Proof::new(),
        }
        .to_bytes(&self.config)
    }

    fn verdicts(&self, claim: Claim) -> Vec<Verdict> {
        let commit = self.commit();
        let judge = |place: usize| {
            let ask = Ask::Stretch(place as u8);
            let known =
                Known { node: NODE, commit: &commit, before: None, rival: None, ask, claim };
            verify(&self.config, &known, &self.reveal(place), |_, _, _| None).0
        };
        (0..self.stretches.len()).map(judge).collect()
    }
}

/// Rewrites each weight as `change` of what it was before the stretch and is after it.
fn rewrite(before: &Learner, after: &mut Learner, change: impl Fn(i32, i32) -> i32) {
    let old = *before.neuron.weights();
    let new = *after.neuron.weights();
    let pairs = core::array::from_fn::<_, TAPS, _>(|tap| {
        Q16::from_bits(change(old[tap].to_bits(), new[tap].to_bits()))
    });
    after.neuron.adopt(&pairs);
}

#[test]
fn who_commits_to_what_it_did_not_compute_is_convicted_in_every_such_stretch() {
    type Lie = fn(usize, &Learner, &mut Learner);
    let lies: [(&str, Lie); 6] = [
        ("a float cheater", |_, before, after| {
            rewrite(before, after, |_, new| {
                // What a float with six significant bits can hold.
                let bits = i32::BITS - new.unsigned_abs().leading_zeros();
                let lost = bits.saturating_sub(6);
                new >> lost << lost
            });
        }),
        ("truncation in place of rounding", |_, before, after| {
            rewrite(before, after, |_, new| new & !1);
        }),
        ("replay: nothing is learned", |_, before, after| {
            rewrite(before, after, |old, _| old);
        }),
        ("sign flip", |_, before, after| rewrite(before, after, |_, new| -new - 1)),
        ("one jump to a model from elsewhere", |place, before, after| {
            if place == 7 {
                rewrite(before, after, |_, _| 70_000);
            }
        }),
        ("a calm that was none", |_, _, after| after.detector = RegimeDetector::default()),
    ];
    for kind in Kind::ALL {
        for (name, lie) in lies {
            let false_ends = core::cell::RefCell::new(Vec::new());
            let forger = Forger::new(kind, |place, before, after| {
                let honest = after.clone();
                lie(place, before, after);
                false_ends.borrow_mut().push(*after != honest);
            });
            let false_ends = false_ends.into_inner();
            assert!(false_ends.iter().any(|is_false| *is_false), "{name}, {kind:?}");
            let verdicts = forger.verdicts(Claim::default());
            for (place, (verdict, is_false)) in verdicts.iter().zip(false_ends).enumerate() {
                // Where it lies in one stretch, the next may start from what is no honest state.
                let convicts = *verdict == Verdict::Mismatch;
                assert!(convicts || !is_false, "{name}, {kind:?}, stretch {place}: {verdict:?}");
            }
        }
    }
    let honest = Forger::new(Kind::Linear, |_, _, _| ());
    assert!(honest.verdicts(Claim::default()).iter().all(|verdict| *verdict == Verdict::Honest));
}

#[test]
fn who_sends_what_it_did_not_commit_to_is_convicted_by_what_was_heard() {
    let honest = Forger::new(Kind::Linear, |_, _, _| ());
    let judged = |round, print| honest.verdicts(Claim { round, print });
    let truth = {
        let mut life = Life::new(&config(Kind::Linear, Wire::Q16), 11);
        (1..=6).for_each(|round| life.round(round, 50));
        life.claims
    };
    let mismatches =
        |verdicts: Vec<Verdict>| verdicts.iter().filter(|v| **v == Verdict::Mismatch).count();
    for claim in &truth {
        assert_eq!(mismatches(judged(claim.round, claim.print)), 0);
    }
    // The update of round 2 sent again as that of round 3, one bit of a weight, and a storm that
    // the node is not in.
    let stale = truth[1].print;
    let flipped = truth[2].print ^ 1;
    let storm = print(NODE, 3, Regime::Storm, &[Q16::ZERO; TAPS]);
    for print in [stale, flipped, storm] {
        assert_eq!(mismatches(judged(3, print)), 1);
    }
}

#[test]
fn a_jump_between_two_epochs_is_convicted() {
    let mut life = Life::new(&config(Kind::Linear, Wire::Q16), 3);
    (1..=3).for_each(|round| life.round(round, 20));
    let end = life.learner.clone();
    let first = life.log.seal(NODE, 3, end.mind(), None).expect("it fits");
    // The second epoch starts from another model than the first one ended with.
    life.learner.neuron.adopt(&[Q16::from_bits(9_000); TAPS]);
    life.log = {
        let mut log = Log::new(life.learner.mind());
        (log.epoch, log.first_round) = (1, 4);
        log
    };
    (4..=6).for_each(|round| life.round(round, 20));
    let mind = life.learner.clone();
    let second = life.log.seal(NODE, 6, mind.mind(), Some(&first)).expect("it fits");
    let (ask, claim) = (Ask::Stretch(0), Claim::default());
    let shown = show(&life.config, NODE, &second, ask).0.expect("a stretch");
    let before = Some(&first.commit);
    let known = Known { node: NODE, commit: &second.commit, before, rival: None, ask, claim };
    // With its own state as the end of the first epoch the link does not open; with the true end it
    // does, and says what the node did.
    let verdict = |shown: &[u8]| verify(&life.config, &known, shown, |_, _, _| None).0;
    assert_eq!(verdict(&shown), Verdict::BadProof);
    let mut reveal = Reveal::read(&life.config, &shown).expect("own answer");
    reveal.prior = end.mind().hash();
    assert_eq!(verdict(&reveal.to_bytes(&life.config)), Verdict::Mismatch);
}

#[test]
fn in_a_dispute_either_commitment_may_be_opened_and_nobody_is_convicted_by_one() {
    let mut life = Life::new(&config(Kind::Linear, Wire::Q16), 5);
    (1..=2).for_each(|round| life.round(round, 20));
    let mind = life.learner.clone();
    let first = life.log.seal(NODE, 2, mind.mind(), None).expect("it fits");
    (3..=4).for_each(|round| life.round(round, 20));
    let mind = life.learner.clone();
    let second = life.log.seal(NODE, 4, mind.mind(), Some(&first)).expect("it fits");
    let forged = |commit: &Commit| Commit { root: [9; HASH_BYTES], ..*commit };
    let shown =
        |place| show(&life.config, NODE, &second, Ask::Stretch(place)).0.expect("a stretch");
    let judge = |commit: &Commit, before: &Commit, rival: Option<&Commit>, place, claim| {
        let ask = Ask::Stretch(place);
        let known = Known { node: NODE, commit, before: Some(before), rival, ask, claim };
        verify(&life.config, &known, &shown(place), |_, _, _| None).0
    };
    let (own, other, none) = (&second.commit, &forged(&second.commit), Claim::default());
    // The true one first or second, its epoch's or the one before; and with no true one.
    let (late, before) = (&first.commit, &forged(&first.commit));
    assert_eq!(judge(own, late, Some(other), 0, none), Verdict::Honest);
    assert_eq!(judge(other, late, Some(own), 0, none), Verdict::Honest);
    assert_eq!(judge(own, before, Some(late), 0, none), Verdict::Honest);
    assert_eq!(judge(own, before, None, 0, none), Verdict::BadProof);
    assert_eq!(judge(other, late, Some(&forged(other)), 0, none), Verdict::BadProof);
    assert_eq!(judge(other, late, Some(before), 0, none), Verdict::BadProof, "of another epoch");
    // It sent something else in round 3: alone that convicts, in a dispute it is a strike.
    let claim = Claim { round: 3, print: life.claims[2].print ^ 1 };
    let place = (0..own.stretches)
        .find(|place| judge(own, late, None, *place, claim) == Verdict::Mismatch)
        .expect("the stretch of round 3");
    assert_eq!(judge(own, late, Some(other), place, claim), Verdict::BadProof);
}

#[test]
fn a_log_that_overflows_shows_nothing_and_the_next_one_works() {
    let mut life = Life::new(&config(Kind::Linear, Wire::Q16), 3);
    life.round(1, 2_200);
    assert!(life.log.is_filling());
    let mind = life.learner.clone();
    assert_eq!(life.log.seal(NODE, 1, mind.mind(), None), None);
    life.round(2, 30);
    let mind = life.learner.clone();
    let sealed = life.log.seal(NODE, 2, mind.mind(), None).expect("it fits");
    assert_eq!(sealed.commit.epoch, 1);
    assert_eq!(life.audit(&sealed, None, Ask::Round(2)).0, Verdict::Honest);
}
