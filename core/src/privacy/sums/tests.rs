//! Tests of sums in two messages: they are exact, parts stay hidden, nobody is asked twice.

use super::*;
use crate::packet::SumStep;
use crate::regime::Regime;

const COLLECTOR: NodeId = NodeId(50);
type Vector = [i32; TAPS];

fn group(count: u32) -> SumGroup {
    let nodes: heapless::Vec<NodeId, MEMBERS_MAX> = (0..count).map(NodeId).collect();
    SumGroup::new(9, COLLECTOR, &nodes).expect("a group")
}

fn ties(group: &SumGroup, real: bool) -> heapless::Vec<Ties, MEMBERS_MAX> {
    let key = |node: &NodeId| Exchange::simulated(9, *node);
    let public = |node: &NodeId| key(node).public();
    let keys: heapless::Vec<ExchangeKey, MEMBERS_MAX> =
        group.members().iter().map(public).collect();
    let member = |node: &NodeId| {
        if real {
            let own = public(&COLLECTOR);
            return Ties::agree(group, *node, &key(node), &keys, &own).expect("good keys");
        }
        Ties::simulated(group, *node).expect("a member")
    };
    group.members().iter().map(member).collect()
}

fn part(place: usize) -> Vector {
    core::array::from_fn(|tap| (place as i32 + 1) * 9_000 * if tap % 2 == 0 { 1 } else { -3 })
}

fn plus(sum: &mut Vector, vector: &Vector, with: fn(i32, i32) -> i32) {
    sum.iter_mut().zip(vector).for_each(|(slot, value)| *slot = with(*slot, *value));
}

fn masked(group: &SumGroup, ties: &Ties, epoch: u32) -> Vector {
    let mut vector = part(ties.place());
    ties.vector(group, epoch, &mut vector);
    vector
}

fn message(epoch: u32, step: SumStep, values: Vector) -> SumPart {
    SumPart { to: COLLECTOR, epoch, step, taps: TAPS as u8, values, tag: [0; 16] }
}

fn call(epoch: u32, wanted: bool, survivors: u8) -> SumCall {
    SumCall { to: NodeId(0), epoch, wanted, survivors, tag: [0; 16] }
}

fn plain(survivors: Members) -> Vector {
    let mut sum = [0; TAPS];
    survivors.places().for_each(|place| plus(&mut sum, &part(place), i32::wrapping_add));
    sum
}

/// An epoch through a collector, everybody in time.
fn run(group: &SumGroup, ties: &[Ties], epoch: u32, survivors: Members, at: &mut Collector) -> Sum {
    for place in survivors.places() {
        let vector = masked(group, &ties[place], epoch);
        at.take(group, place, &message(epoch, SumStep::Vector(Regime::Calm), vector), 10);
    }
    assert_eq!(at.advance(group, 14, 3), None, "closes, complete or after its patience");
    for place in survivors.places() {
        assert_eq!(at.asks(place), (false, survivors.to_bits()));
        let values = ties[place].correction(group, epoch, survivors, TAPS);
        at.take(group, place, &message(epoch, SumStep::Correction, values), 14);
        assert_eq!(at.asks(place), (false, 0));
    }
    at.advance(group, 14, 3).expect("a sum")
}

#[test]
fn sums_are_exact_for_every_set_of_survivors() {
    for (count, real) in [(4, true), (5, false), (8, false)] {
        let group = group(count);
        let (ties, mut at) = (ties(&group, real), Collector::default());
        let sets = (0..=u8::MAX).map(Members::from_bits).filter(|set| set.is_within(group.all()));
        let sets = sets.filter(|set| set.count() >= group.threshold());
        for survivors in sets {
            let sum = run(&group, &ties, at.epoch(), survivors, &mut at);
            assert_eq!((sum.survivors, sum.total), (survivors, plain(survivors)), "{count}");
        }
        let (sums, partial) = (at.counts.sums, at.counts.partial);
        assert_eq!(partial + 1, sums, "of all sets one has everybody");
    }
}

/// A value under masks is as likely as any other; here it is at least no hint.
#[test]
fn nothing_that_travels_shows_a_part() {
    let group = group(4);
    let ties = ties(&group, true);
    let survivors = group.all().without(3);
    let travelled = |epoch: u32| {
        let vector = masked(&group, &ties[0], epoch);
        let correction = ties[0].correction(&group, epoch, survivors, TAPS);
        let mut between = vector;
        plus(&mut between, &correction, i32::wrapping_sub);
        [vector, correction, between]
    };
    let [first, second] = [travelled(1), travelled(2)];
    assert_eq!(first, travelled(1), "sent again it is the same");
    let own = part(0);
    for (one, two) in first.iter().zip(&second) {
        for ((one, two), own) in one.iter().zip(two).zip(own) {
            assert!(*one != own && *two != own && one != two);
        }
    }
    let total = group.all().places().fold([0; TAPS], |mut sum, place| {
        plus(&mut sum, &masked(&group, &ties[place], 1), i32::wrapping_add);
        sum
    });
    assert_ne!(total, plain(group.all()), "own masks cover a sum that nobody has corrected");
}

/// A collector that tells members different sets: some mask stays on in whatever it adds up.
#[test]
fn two_sets_of_survivors_give_no_sum() {
    let group = group(5);
    let ties = ties(&group, false);
    let sets = [group.all().without(4), group.all().without(3)];
    let told = [0, 0, 1, 0, 1];
    let seen: [Vector; 5] = core::array::from_fn(|place| {
        let mut value = masked(&group, &ties[place], 7);
        let correction = ties[place].correction(&group, 7, sets[told[place]], TAPS);
        plus(&mut value, &correction, i32::wrapping_sub);
        value
    });
    for some in (1..32).map(Members::from_bits) {
        let mut sum = [0; TAPS];
        some.places().for_each(|place| plus(&mut sum, &seen[place], i32::wrapping_add));
        assert_ne!(sum, plain(some), "{some:?}");
    }
}

#[test]
fn a_member_answers_for_one_set_of_survivors() {
    let group = group(5);
    let weights = [Q16::ONE; TAPS];
    let mut member = Summand::default();
    assert_eq!(member.contribute(None, Some(&weights)), None, "nothing to say, and not asked");
    assert!(!member.called(&group, 0, &call(2, false, 0b1_1111)), "it has not sent");
    member = Summand::default();
    assert_eq!(member.contribute(Some(&weights), None), Some((1, [65_536; TAPS])));
    let other = [Q16::ZERO; TAPS];
    assert_eq!(member.contribute(Some(&other), None), None, "one vector an epoch");
    assert!(member.called(&group, 0, &call(1, true, 0)));
    assert_eq!(member.contribute(None, Some(&other)), Some((1, [65_536; TAPS])), "again");
    assert!(member.called(&group, 0, &call(2, true, 0b0_1111)));
    let set = Members::from_bits(0b0_1111);
    assert_eq!((member.correct(), member.correct()), (Some((1, set)), None));
    assert!(member.called(&group, 0, &call(2, true, 0b0_1111)), "lost: the same again");
    assert_eq!(member.correct(), Some((1, set)));
    for other in [0b1_0111, 0b1_1110, 0b0_0111, 0b10_1111] {
        assert!(!member.called(&group, 0, &call(2, true, other)), "{other:b}");
        assert_eq!(member.correct(), None);
    }
    assert_eq!(member.refused, 4);
    let mut shy = member;
    assert_eq!(shy.contribute(None, None), None, "only what it says may leave it");
    assert_eq!(member.contribute(None, Some(&weights)), Some((2, [65_536; TAPS])), "asked");
    assert!(member.called(&group, 0, &call(1, true, 0b1_1111)), "an old call is no call");
    assert_eq!((member.correct(), member.contribute(Some(&weights), None)), (None, None));
    assert!(member.called(&group, 0, &call(3, false, 0b1_1111)));
    assert_eq!(member.correct(), Some((2, group.all())));
}

#[test]
fn a_collector_gives_up_on_what_does_not_come() {
    let group = group(4);
    let vector = |epoch, regime| message(epoch, SumStep::Vector(regime), [1; TAPS]);
    let mut at = Collector::default();
    assert_eq!((at.advance(&group, 99, 2), at.epoch()), (None, 1), "nothing has begun");
    for place in [0, 0, 1, 9] {
        at.take(&group, place, &vector(1, Regime::Calm), 100);
    }
    at.take(&group, 2, &vector(2, Regime::Calm), 100);
    assert_eq!([0, 1, 2, 3].map(|place| at.asks(place).0), [false, false, true, true]);
    assert_eq!((at.advance(&group, 102, 2), at.epoch()), (None, 1));
    assert_eq!((at.advance(&group, 103, 2), at.epoch(), at.counts.thin), (None, 2, 1));
    for (place, regime) in [(0, Regime::Storm), (1, Regime::Storm), (3, Regime::Calm)] {
        at.take(&group, place, &vector(2, regime), 110);
    }
    at.advance(&group, 113, 2);
    for place in [0, 1, 1, 2, 0] {
        at.take(&group, place, &message(2, SumStep::Correction, [0; TAPS]), 113);
    }
    assert_eq!((at.advance(&group, 115, 2), at.asks(3)), (None, (false, 0b1011)));
    let mut late = at;
    assert_eq!((at.advance(&group, 116, 2), at.counts.lost), (None, 1));
    late.take(&group, 3, &message(2, SumStep::Correction, [0; TAPS]), 115);
    let sum = late.advance(&group, 115, 2).expect("complete");
    assert_eq!((sum.total, sum.regime, sum.epoch), ([3; TAPS], Regime::Storm, 2));
}

#[test]
fn a_mean_is_rounded_and_stays_within_the_limit() {
    let of = |total: i32, count| mean(&[total; TAPS], count).map(|weights| weights[0].to_bits());
    assert_eq!([of(5, 2), of(-5, 2), of(7, 4), of(-9, 4)], [Some(3), Some(-2), Some(2), Some(-2)]);
    assert_eq!([of(4 * WEIGHT_LIMIT, 4), of(4 * WEIGHT_LIMIT + 2, 4)], [Some(WEIGHT_LIMIT), None]);
    assert_eq!(of(i32::MIN, 3), None);
    assert_eq!(of(1, 0), None);
}

#[test]
fn tags_cover_every_byte_and_both_ends() {
    let group = group(4);
    let ties = ties(&group, true);
    let part = message(3, SumStep::Correction, [7; TAPS]);
    let known = tag_part(ties[0].collector(), NodeId(0), &part);
    assert!(is_tag(&known, &tag_part(ties[0].collector(), NodeId(0), &part)));
    let others = [
        tag_part(ties[1].collector(), NodeId(0), &part),
        tag_part(ties[0].collector(), NodeId(1), &part),
        tag_part(ties[0].collector(), NodeId(0), &SumPart { epoch: 4, ..part }),
        tag_part(ties[0].collector(), NodeId(0), &SumPart { taps: 7, ..part }),
        tag_part(
            ties[0].collector(),
            NodeId(0),
            &message(3, SumStep::Vector(Regime::Calm), [7; 8]),
        ),
    ];
    assert!(others.iter().all(|other| !is_tag(&known, other)));
    let asked = call(3, true, 7);
    let known = tag_call(ties[0].collector(), COLLECTOR, &asked);
    for other in [call(3, false, 7), call(3, true, 15), call(4, true, 7)] {
        assert!(!is_tag(&known, &tag_call(ties[0].collector(), COLLECTOR, &other)));
    }
}
