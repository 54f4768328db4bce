//! Whole epochs with pledges: sums open with whoever drops out, lies show or come to nothing, and
//! whoever cannot show its norm is out.

use super::super::pledge::{KEPT, Pledger, tag_proof};
use super::super::{SumGroup, Ties};
use super::*;
use crate::id::NodeId;
use crate::integrity::vector::Scheme;
use crate::neuron::TAPS;
use crate::packet::SumProof;
use crate::privacy::exchange::Exchange;
use crate::q16::Q16;
use crate::regime::Regime;

const TAPS_USED: u8 = 2;
const SECRET: [u8; 32] = [5; 32];

fn terms(scheme: Scheme, share: u32) -> NormTerms {
    NormTerms { norm: 1 << 14, share, scheme }
}

struct Rig {
    group: SumGroup,
    ties: heapless::Vec<Ties, MEMBERS_MAX>,
    terms: NormTerms,
    collector: Collector,
    examiner: Examiner,
    pledgers: [Pledger; MEMBERS_MAX],
    round: u32,
}

/// What a member puts in, and what it is pledged to: whole steps of the grid.
type Part = ([i32; TAPS], [i32; TAPS]);

fn honest(place: usize, epoch: u32) -> Part {
    let step = |tap: usize| (place as i32 * 7 - 20 + epoch as i32 % 3) * [1, -2][tap % 2];
    let values = core::array::from_fn(|tap| if tap < 2 { step(tap) * GRID } else { 0 });
    (values, values)
}

impl Rig {
    fn new(count: u32, terms: NormTerms) -> Self {
        let nodes: heapless::Vec<NodeId, MEMBERS_MAX> = (0..count).map(NodeId).collect();
        let group = SumGroup::new(9, NodeId(50), &nodes).expect("a group");
        let key = |node: &NodeId| Exchange::simulated(9, *node);
        let ties = |node: &NodeId| match terms.scheme {
            Scheme::Counted => Ties::simulated(&group, *node).expect("a member"),
            Scheme::Curve => {
                let keys: heapless::Vec<[u8; 32], MEMBERS_MAX> =
                    nodes.iter().map(|node| key(node).public()).collect();
                let collector = key(&NodeId(50)).public();
                Ties::agree(&group, *node, &key(node), &keys, &collector).expect("good keys")
            }
        };
        Self {
            ties: nodes.iter().map(ties).collect(),
            group,
            terms,
            collector: Collector::default(),
            examiner: Examiner::default(),
            pledgers: [Pledger::default(); MEMBERS_MAX],
            round: 0,
        }
    }

    fn say(&mut self, place: usize, epoch: u32, step: &ProofStep) -> Option<Evidence> {
        let Self { examiner, terms, group, round, .. } = self;
        examiner.take(terms, group, place, (epoch, step), TAPS_USED, *round)
    }

    fn sum(&mut self, place: usize, epoch: u32, step: SumStep, values: [i32; TAPS]) {
        let to = NodeId(50);
        let part = SumPart { to, epoch, step, taps: TAPS_USED, values, tag: [0; 16] };
        if self.examiner.admits(place, &part) {
            self.collector.take(&self.group, place, &part, self.round);
        }
    }

    /// A step of the collector; the sum that came out and whether the pledges open it.
    fn advance(&mut self) -> (Option<(Sum, bool)>, Option<usize>) {
        let sum = self.collector.advance(&self.group, self.round, 3);
        let sum = sum.map(|sum| (sum, self.examiner.opens(&self.terms, &sum, TAPS_USED)));
        let rounds = (self.round, 3, TAPS_USED);
        let late = self.examiner.follow(&self.terms, &self.group, &self.collector, &SECRET, rounds);
        (sum, late)
    }

    /// A whole epoch, these members in time; each says `part(place, epoch)`.
    fn epoch(
        &mut self,
        present: Members,
        part: impl Fn(usize, u32) -> Part,
    ) -> Option<(Sum, bool)> {
        let epoch = self.collector.epoch();
        for place in present.places() {
            let (mut values, pledged) = part(place, epoch);
            let weights = pledged.map(Q16::from_bits);
            let used = &weights[..usize::from(TAPS_USED)];
            let pledge = self.ties[place].pledge(&self.terms, &self.group, epoch, used);
            self.pledgers[place].keep(epoch, &pledged);
            self.say(place, epoch, &pledge);
            self.ties[place].vector(&self.group, epoch, &mut values[..usize::from(TAPS_USED)]);
            self.sum(place, epoch, SumStep::Vector(Regime::Calm), values);
        }
        self.round += 4;
        let (early, _) = self.advance();
        assert_eq!(early, None);
        let survivors = self.collector.survivors();
        for place in survivors.places() {
            let release = self.ties[place].release(&self.group, epoch, survivors);
            let values =
                self.ties[place].correction(&self.group, epoch, survivors, TAPS_USED.into());
            self.sum(place, epoch, SumStep::Correction, values);
            assert!(self.collector.asks(place).1 != 0, "no correction without a release");
            self.say(place, epoch, &release);
            self.sum(place, epoch, SumStep::Correction, values);
        }
        self.advance().0
    }

    /// What everybody who is asked shows, every third part lost at first; the evidence.
    fn show(&mut self) -> Option<(usize, Evidence)> {
        let mut lost = 0;
        for _ in 0..20 {
            let (place, epoch, step) = (0..MEMBERS_MAX).find_map(|place| {
                self.examiner.asks(place).map(|(epoch, step)| (place, epoch, step))
            })?;
            let ProofStep::Demand { next, have } = step else { return None };
            self.pledgers[place].demanded(epoch, next, have);
            let due = self.pledgers[place].due().expect("it has pledged itself");
            let weights = &due.weights[..usize::from(TAPS_USED)];
            let mut shown = [0; SHOWN_MAX];
            let length = self.terms.shown_bytes(TAPS_USED);
            // What cannot be shown are zeros.
            let _ = self.ties[place].show(&self.terms, &self.group, epoch, weights, &mut shown);
            for part in due.parts(&shown[..length]) {
                lost += 1;
                if lost % 3 != 0
                    && let Some(evidence) = self.say(place, epoch, &ProofStep::Part(part))
                {
                    return Some((place, evidence));
                }
            }
        }
        None
    }
}

fn total(present: Members, part: impl Fn(usize, u32) -> Part, epoch: u32) -> [i32; TAPS] {
    let mut sum = [0; TAPS];
    for place in present.places() {
        sum.iter_mut().zip(part(place, epoch).0).for_each(|(slot, value)| *slot += value);
    }
    sum
}

#[test]
fn pledges_open_the_sum_of_every_set_of_survivors() {
    let mut rig = Rig::new(5, terms(Scheme::Counted, 0));
    let sets = (0..32).map(Members::from_bits).filter(|set| set.count() >= 4);
    for present in sets {
        let epoch = rig.collector.epoch();
        let sum = rig.epoch(present, honest).expect("a sum");
        assert_eq!((sum.0.total, sum.1), (total(present, honest, epoch), true), "{present:?}");
        assert_eq!(sum.0.survivors, present);
    }
    assert_eq!(rig.examiner.counts, ProofCounts::default());
}

#[test]
fn on_the_curve_sums_open_and_members_show_their_norm() {
    let mut rig = Rig::new(4, terms(Scheme::Curve, 1 << 16));
    let present = rig.group.all().without(2);
    let sum = rig.epoch(present, honest).expect("a sum");
    assert_eq!((sum.0.total, sum.1), (total(present, honest, 1), true));
    let (place, evidence) = rig.show().expect("somebody is asked");
    assert!(present.has(place));
    assert_eq!(evidence, Evidence::AuditPassed);
    assert_eq!(rig.examiner.counts, ProofCounts { demands: 1, shown: 1, ..ProofCounts::default() });
}

/// It pledges itself to a small vector and sums a large one: what comes out is not used.
#[test]
fn a_sum_that_the_pledges_do_not_open_is_dropped() {
    for scheme in [Scheme::Counted, Scheme::Curve] {
        let mut rig = Rig::new(4, terms(scheme, 0));
        let lie = |place, epoch| {
            let (mut values, pledged) = honest(place, epoch);
            values[0] += if place == 1 { GRID } else { 0 };
            (values, pledged)
        };
        let (sum, opens) = rig.epoch(rig.group.all(), lie).expect("a sum");
        assert_eq!((sum.total, opens), (total(rig.group.all(), lie, 1), false), "{scheme:?}");
        assert_eq!(rig.examiner.counts.unopened, 1);
        let (_, opens) = rig.epoch(rig.group.all(), honest).expect("the next sum");
        assert!(opens, "{scheme:?}: and the next one is as good as any");
    }
    // A value between two steps of the grid is no pledged value either.
    let mut rig = Rig::new(4, terms(Scheme::Counted, 0));
    let odd = |place, epoch| {
        let (mut values, pledged) = honest(place, epoch);
        values[1] += i32::from(place == 0);
        (values, pledged)
    };
    assert_eq!(rig.epoch(rig.group.all(), odd).map(|(_, opens)| opens), Some(false));
}

#[test]
fn who_cannot_show_its_norm_is_out() {
    for scheme in [Scheme::Counted, Scheme::Curve] {
        let mut rig = Rig::new(4, terms(scheme, 1 << 16));
        // A norm of 2 where a quarter is allowed: it is pledged to what it sums.
        let lie = |place, epoch| {
            let (values, _) = honest(place, epoch);
            let large = [1 << 17, 0, 0, 0, 0, 0, 0, 0];
            let values = if place == 1 { large } else { values };
            (values, values)
        };
        let mut refused = None;
        for _ in 0..20 {
            let (_, opens) = rig.epoch(rig.group.all(), lie).expect("a sum");
            assert!(opens, "{scheme:?}");
            let (place, evidence) = rig.show().expect("somebody is asked");
            assert_eq!(evidence == Evidence::NormRefused, place == 1, "{scheme:?} {place}");
            if place == 1 {
                refused = Some(rig.collector.epoch());
                break;
            }
        }
        assert!(refused.is_some() && rig.examiner.is_barred(1), "{scheme:?}");
        let (sum, opens) = rig.epoch(rig.group.all(), lie).expect("a sum of the others");
        assert_eq!((sum.survivors, opens), (rig.group.all().without(1), true), "{scheme:?}");
        assert_eq!(rig.examiner.counts.refused, 1);
    }
}

#[test]
fn who_shows_nothing_rests_and_comes_back() {
    let mut rig = Rig::new(5, terms(Scheme::Counted, 1 << 16));
    rig.epoch(rig.group.all(), honest).expect("a sum");
    let asked = (0..5).find(|place| rig.examiner.asks(*place).is_some()).expect("one of five");
    let others = rig.group.all().without(asked);
    let mut late = None;
    for _ in 0..10 {
        rig.round += 5;
        late = late.or(rig.advance().1);
    }
    assert_eq!((late, rig.examiner.counts.unanswered), (Some(asked), 1));
    rig.terms.share = 0;
    for rest in 0..=REST_EPOCHS {
        let sum = rig.epoch(rig.group.all(), honest).expect("a sum").0;
        let expected = if rest < REST_EPOCHS { others } else { rig.group.all() };
        assert_eq!(sum.survivors, expected, "{rest}");
    }
}

/// It shows one part whenever patience is about to end, and never all: it cannot keep the group
/// from asking others for longer than one that shows its parts in time.
#[test]
fn who_dribbles_is_silent_in_the_end_and_who_is_slow_is_not() {
    let norm = 4 << 16;
    let terms = NormTerms { norm, ..terms(Scheme::Counted, 1 << 16) };
    let count = parts(&terms, TAPS_USED) as u32;
    let in_all = open_rounds(3, count);
    assert_eq!((count, in_all), (75, 54), "8 and 10 times 3 rounds");
    // Rounds between parts, parts at a time, and whether that is in time.
    for (every, at_a_time, is_shown) in [(24, 1, false), (3, 3, false), (3, 8, true), (1, 2, true)]
    {
        let mut rig = Rig::new(5, terms);
        rig.epoch(rig.group.all(), honest).expect("a sum");
        let place = (0..5).find(|place| rig.examiner.asks(*place).is_some()).expect("one of five");
        let (epoch, _) = rig.examiner.asks(place).expect("it is");
        let opened = rig.round;
        let weights = honest(place, epoch).1.map(Q16::from_bits);
        let used = &weights[..usize::from(TAPS_USED)];
        let mut shown = [0; SHOWN_MAX];
        let length = rig.terms.shown_bytes(TAPS_USED);
        rig.ties[place].show(&rig.terms, &rig.group, epoch, used, &mut shown).expect("in bounds");
        let mut next = shown[..length].chunks(SHOWN_PART_BYTES).zip(0..).peekable();
        let (mut evidence, mut late) = (None, None);
        while evidence.is_none() && late.is_none() {
            rig.round += 1;
            let due = (rig.round - opened).is_multiple_of(every);
            for (bytes, index) in next.by_ref().take(if due { at_a_time } else { 0 }) {
                let part = ShownPart::new(index, bytes).expect("a part");
                evidence = evidence.or(rig.say(place, epoch, &ProofStep::Part(part)));
            }
            late = rig.advance().1;
        }
        let open = rig.round - opened;
        if is_shown {
            assert_eq!((evidence, late), (Some(Evidence::AuditPassed), None), "{every}");
        } else {
            assert_eq!((evidence, late, open), (None, Some(place), in_all + 1), "{every}");
        }
        assert_eq!(rig.examiner.is_barred(place), !is_shown, "{every}");
    }
}

/// The demand is lost again and again while the member gives vector after vector.
#[test]
fn a_demand_that_was_long_on_its_way_bars_no_honest_member() {
    let mut rig = Rig::new(5, terms(Scheme::Counted, 1 << 16));
    rig.epoch(rig.group.all(), honest).expect("a sum");
    let asked = (0..5).find(|place| rig.examiner.asks(*place).is_some());
    for _ in 0..5 {
        rig.epoch(rig.group.all(), honest).expect("a sum");
    }
    assert_eq!(rig.examiner.asks(asked.expect("one of five")).map(|(epoch, _)| epoch), Some(1));
    assert_eq!(rig.show(), asked.map(|place| (place, Evidence::AuditPassed)));
    assert_eq!(rig.examiner.counts, ProofCounts { demands: 1, shown: 1, ..ProofCounts::default() });
}

#[test]
fn draws_keep_to_their_share_and_fall_on_everybody() {
    let mut rig = Rig::new(4, terms(Scheme::Counted, 1 << 14));
    let mut drawn = [0; 4];
    for _ in 0..400 {
        rig.epoch(rig.group.all(), honest).expect("a sum");
        if let Some((place, evidence)) = rig.show() {
            assert_eq!(evidence, Evidence::AuditPassed);
            drawn[place] += 1;
        }
    }
    // 100 expected of 400 epochs at a quarter, deviation 9; 25 of each, deviation 5.
    assert!((70..130).contains(&drawn.iter().sum::<i32>()), "{drawn:?}");
    assert!(drawn.iter().all(|count| *count > 8), "{drawn:?}");
}

#[test]
fn what_fits_the_bound_goes_unchanged_and_what_does_not_is_shortened() {
    let terms = terms(Scheme::Counted, 0);
    assert_eq!(terms.bound(), 64 * 64);
    let of = |bits: [i32; 2]| {
        let weights = core::array::from_fn(|tap| Q16::from_bits(*bits.get(tap).unwrap_or(&0)));
        let fitted = terms.fit(&weights);
        assert!(terms.covers(&fitted));
        [fitted[0].to_bits(), fitted[1].to_bits()]
    };
    assert_eq!(of([300, -300]), [256, -256], "to the nearest step");
    assert_eq!(of([1 << 14, 0]), [1 << 14, 0], "on the bound");
    assert_eq!(of([3 << 16, -4 << 16]), [9_728, -13_056], "3/5 and 4/5 of 64: 38 and 51");
    assert_eq!(of([i32::MIN, i32::MAX]).map(i32::signum), [-1, 1]);
}

#[test]
fn a_member_shows_what_it_gave_last_and_nothing_older() {
    let mut member = Pledger::default();
    assert!(!member.demanded(0, 0, 0) && member.due().is_none());
    let last = KEPT as u32 + 1;
    for epoch in (1..=last).chain([last]) {
        member.keep(epoch, &[epoch as i32; TAPS]);
    }
    member.keep(last, &[99; TAPS]);
    assert!(!member.demanded(1, 0, 0), "too old");
    assert_eq!((member.missed, member.due()), (2, None));
    assert!(member.demanded(2, 0, 0b101));
    let due = member.due().expect("asked for");
    assert_eq!((due.epoch, due.weights[0].to_bits(), due.next), (2, 2, 0));
    assert!(member.due().is_none(), "once a demand");
    let shown = [1; 3 * SHOWN_PART_BYTES + 1];
    let places = |due: &super::super::pledge::Due| {
        due.parts(&shown).map(|part| part.index).collect::<heapless::Vec<u8, 8>>()
    };
    assert_eq!(places(&due)[..], [1, 3]);
    member.keep(last + 1, &[4; TAPS]);
    member.keep(last + 2, &[5; TAPS]);
    assert!(!member.demanded(2, 3, 0), "not new, and still there");
    let due = member.due().expect("asked for");
    assert_eq!((due.weights[0].to_bits(), &places(&due)[..]), (2, &[3_u8][..]));
    assert_eq!((member.taken, member.missed), (1, 2));
    assert!(member.demanded(last, 0, 0) && !member.demanded(5, 7, 0), "what is past is not asked");
    let due = member.due().expect("asked for");
    assert_eq!((due.epoch, due.weights[0].to_bits(), due.next), (last, last as i32, 0));
    assert_eq!((member.taken, member.missed), (2, 2));
}

#[test]
fn tags_cover_every_byte_and_both_ends() {
    let rig = Rig::new(4, terms(Scheme::Counted, 0));
    let of = |member: usize, from: u32, to: u32, epoch: u32, step: ProofStep| {
        let proof = SumProof { to: NodeId(to), epoch, step, tag: [0; 16] };
        tag_proof(rig.ties[member].collector(), NodeId(from), &proof)
    };
    let step = ProofStep::Release { blinding: [7; 32] };
    let known = of(0, 0, 50, 3, step);
    let part = ShownPart::new(7, &[7; 31]).expect("a part");
    let others = [
        of(1, 0, 50, 3, step),
        of(0, 1, 50, 3, step),
        of(0, 0, 51, 3, step),
        of(0, 0, 50, 4, step),
        of(0, 0, 50, 3, ProofStep::Release { blinding: [8; 32] }),
        of(0, 0, 50, 3, ProofStep::Part(part)),
    ];
    assert_eq!(known, of(0, 0, 50, 3, step));
    assert!(others.iter().all(|other| *other != known));
}
