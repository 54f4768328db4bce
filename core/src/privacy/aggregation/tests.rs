//! Tests of secure aggregation: sums are exact, parts stay hidden, and nobody shows too much.

use super::*;
use crate::aggregate::{Context, Recipe, Rule, aggregate};
use proptest::prelude::*;

type Group = heapless::Vec<Member, MEMBERS_MAX>;
type Vector = [i32; TAPS];

fn key(node: u32) -> Exchange {
    Exchange::from_seed(&[node as u8 + 1; 32])
}

/// A group of nodes 0 to `count` in `round`, every hand dealt.
fn group(count: u32, round: u32, threshold: u8) -> (Roster, Group) {
    let nodes: heapless::Vec<NodeId, MEMBERS_MAX> = (0..count).map(NodeId).collect();
    let roster = Roster::new(1, round, &nodes, threshold).expect("a group");
    let keys: heapless::Vec<ExchangeKey, MEMBERS_MAX> =
        (0..count).map(|node| key(node).public()).collect();
    let member = |id: &NodeId| Member::new(&roster, *id, &key(id.0), &keys, &[5; 32]);
    let mut members: Group = nodes.iter().map(|id| member(id).expect("good keys")).collect();
    for from in 0..members.len() {
        for to in (0..members.len()).filter(|to| *to != from) {
            let hand = members[from].deal(to).expect("in the group");
            members[to].take(from, &hand).expect("opens");
        }
    }
    (roster, members)
}

fn part(place: usize) -> Vector {
    core::array::from_fn(|tap| (place as i32 + 1) * 1_000 * if tap % 2 == 0 { 1 } else { -3 })
}

fn add(sum: &mut Vector, vector: &Vector) {
    sum.iter_mut().zip(vector).for_each(|(slot, value)| *slot = slot.wrapping_add(*value));
}

/// A whole round in which `present` deal, `survivors` send, and `answering` reveal.
fn round(
    (roster, mut members): (Roster, Group),
    present: Members,
    survivors: Members,
    answering: Members,
) -> Result<Vector, AggregationError> {
    let mut sum = [0; TAPS];
    for place in present.places() {
        let mut vector = part(place);
        members[place].mask(present, &mut vector)?;
        if survivors.has(place) {
            add(&mut sum, &vector);
        }
    }
    let seals: heapless::Vec<Seals, MEMBERS_MAX> = members.iter().map(Member::seals).collect();
    let mut reveals: heapless::Vec<Reveal, MEMBERS_MAX> = heapless::Vec::new();
    for place in answering.places() {
        let reveal = members[place].reveal(survivors)?;
        let travelled = Reveal::from_shares(reveal.shares().map(|(a, b, share)| {
            (a, b, Share::from_bytes(share.holder, share.to_bytes()).expect("canonical"))
        }));
        assert_eq!(travelled, reveal);
        reveals.push(travelled).expect("room");
    }
    unmask(&roster, present, survivors, &reveals, &seals, &mut sum)?;
    Ok(sum)
}

fn plain(survivors: Members) -> Vector {
    let mut sum = [0; TAPS];
    survivors.places().for_each(|place| add(&mut sum, &part(place)));
    sum
}

#[test]
fn sums_are_exact_for_every_set_of_survivors() {
    for (count, threshold) in [(4, 3), (5, 3), (8, 5)] {
        let all = Members::all(count as usize);
        let sets = (0_u32..1 << count).map(|bits| {
            (0..count as usize)
                .filter(|p| bits >> p & 1 == 1)
                .fold(Members::default(), Members::with)
        });
        // Of the largest group some sets, to save time.
        let step = if count == 8 { 17 } else { 1 };
        for survivors in sets.step_by(step).chain([all]) {
            let sum = round(group(count, 1, threshold), all, survivors, survivors);
            if survivors.count() < usize::from(threshold) {
                assert_eq!(sum, Err(AggregationError::TooFew));
            } else {
                assert_eq!(sum, Ok(plain(survivors)), "{survivors:?} of {count}");
            }
        }
    }
}

#[test]
fn late_starters_and_silent_survivors_are_fine() {
    // Six deal, of seven; five send; of these the last does not answer.
    let present = Members::all(7).without(2);
    let survivors = present.without(0);
    let sum = round(group(7, 1, 4), present, survivors, survivors.without(6));
    assert_eq!(sum, Ok(plain(survivors)));
    let lonely = round(group(7, 1, 4), present, survivors, Members::default().with(1).with(3));
    assert_eq!(lonely, Err(AggregationError::TooFew));
}

/// The same vector in two rounds differs by a fresh mask, in every coordinate; and a masked vector
/// says nothing about what it holds.
#[test]
fn a_masked_vector_changes_every_round_and_shows_nothing() {
    let all = Members::all(4);
    let masked = |number: u32, vector: Vector| {
        let (_, mut members) = group(4, number, 3);
        let mut vector = vector;
        members[1].mask(all, &mut vector).expect("all dealt");
        vector
    };
    let (first, second) = (masked(1, part(1)), masked(2, part(1)));
    let other = masked(1, part(3));
    for tap in 0..TAPS {
        assert_ne!(first[tap], second[tap]);
        assert_ne!(first[tap], part(1)[tap]);
        let difference = first[tap].wrapping_sub(other[tap]);
        assert_eq!(difference, part(1)[tap] - part(3)[tap], "one mask must never serve twice");
    }
    let mut bits = 0;
    for number in 0..16 {
        bits += masked(number, [0; TAPS]).iter().map(|value| value.count_ones()).sum::<u32>();
    }
    // 4096 fair coins: 2048 +- 32 is one standard deviation; five of them here.
    assert!((1_888..2_208).contains(&bits), "{bits} ones in masks of zeros");
}

#[test]
fn a_member_never_shows_enough_to_unmask_one_node() {
    let all = Members::all(4);
    let (_, mut members) = group(4, 1, 3);
    let mut vector = part(0);
    assert_eq!(members[0].reveal(all).err(), Some(AggregationError::Set), "nothing masked yet");
    members[0].mask(all, &mut vector).expect("all dealt");
    assert_eq!(members[0].mask(all, &mut vector), Err(AggregationError::Spent));
    let few = Members::default().with(0).with(1);
    let cases = [
        (few, AggregationError::TooFew),
        (all.without(0), AggregationError::Set),
        (all.with(4), AggregationError::Set),
    ];
    for (survivors, error) in cases {
        assert_eq!(members[0].reveal(survivors).err(), Some(error), "{survivors:?}");
    }
    let shown = members[0].reveal(all.without(2)).expect("enough");
    assert_eq!(members[0].reveal(all).err(), Some(AggregationError::Spent));
    // Of the node that dropped out: pair seeds and no own seed. Of the others the reverse.
    for (a, b, _) in shown.shares() {
        assert_eq!(a == b, a != 2 && b != 2, "share of {a} and {b}");
    }
    assert_eq!(shown.shares().count(), 3 + 3);
}

#[test]
fn what_does_not_fit_is_refused_when_masking() {
    let (roster, mut members) = group(4, 1, 3);
    let all = Members::all(4);
    let mut large = [VALUE_MAX + 1; 1];
    assert_eq!(members[0].mask(all, &mut large), Err(AggregationError::Range));
    assert_eq!(large, [VALUE_MAX + 1], "unchanged");
    assert_eq!(members[0].mask(all.without(0), &mut [0]), Err(AggregationError::Set));
    let two = Members::default().with(0).with(1);
    assert_eq!(members[0].mask(two, &mut [0]), Err(AggregationError::TooFew));
    assert_eq!(members[0].mask(all, &mut [VALUE_MAX, -VALUE_MAX]), Ok(()));
    let keys = [0, 1, 2, 3].map(|node| key(node).public());
    let new = |id, keys: &[ExchangeKey]| Member::new(&roster, NodeId(id), &key(id), keys, &[0; 32]);
    assert_eq!(new(9, &keys).err(), Some(AggregationError::Stranger));
    assert_eq!(new(0, &keys[..3]).err(), Some(AggregationError::Stranger));
    let weak = [keys[0], keys[1], [0; 32], keys[3]];
    assert_eq!(new(0, &weak).err(), Some(AggregationError::Key(2)));
    let mut alone = new(0, &keys).expect("good keys");
    assert_eq!(alone.mask(all, &mut [0]), Err(AggregationError::Missing(1)));
}

#[test]
fn hands_open_only_for_their_reader_and_round() {
    let (_, mut members) = group(4, 1, 3);
    let (_, mut later) = group(4, 2, 3);
    let hand = members[1].deal(2).expect("in the group");
    assert_eq!(hand.len(), 16 + 32 * 3, "own seed and two pairs");
    assert_eq!(members[2].take(1, &hand), Ok(()));
    assert_eq!(members[3].take(1, &hand), Err(AggregationError::Hand(1)));
    assert_eq!(members[2].take(0, &hand), Err(AggregationError::Hand(0)));
    assert_eq!(later[2].take(1, &hand), Err(AggregationError::Hand(1)));
    assert_eq!(members[1].take(1, &hand), Err(AggregationError::Hand(1)));
    assert_eq!(members[2].take(9, &hand), Err(AggregationError::Hand(9)));
    assert!(members[1].deal(1).is_none() && members[1].deal(4).is_none());
    for place in 0..hand.len() {
        let mut damaged = hand.clone();
        damaged[place] ^= 1 << (place % 8);
        assert!(members[2].take(1, &damaged).is_err(), "byte {place}");
        assert!(members[2].take(1, &hand[..place]).is_err(), "{place} bytes");
    }
}

#[test]
fn a_wrong_share_or_seal_is_noticed_and_named() {
    let all = Members::all(4);
    let survivors = all.without(3);
    let (roster, mut members) = group(4, 1, 3);
    members.iter_mut().for_each(|member| member.mask(all, &mut part(0)).expect("all dealt"));
    let seals: heapless::Vec<Seals, MEMBERS_MAX> = members.iter().map(Member::seals).collect();
    let mut reveals: heapless::Vec<Reveal, MEMBERS_MAX> = heapless::Vec::new();
    for member in members.iter_mut().take(3) {
        reveals.push(member.reveal(survivors).expect("enough")).expect("room");
    }
    let run = |reveals: &[Reveal], seals: &[Seals]| {
        unmask(&roster, all, survivors, reveals, seals, &mut [0; TAPS])
    };
    assert_eq!(run(&reveals, &seals), Ok(()));
    let mut bent = reveals.clone();
    let mut bytes = bent[1].shares[0][3].expect("a pair that broke").to_bytes();
    bytes[0] ^= 1;
    bent[1].shares[0][3] = Share::from_bytes(2, bytes);
    assert_eq!(run(&bent, &seals), Err(AggregationError::Share(0, 3)));
    bent[1].shares[0][3] = None;
    assert_eq!(run(&bent, &seals), Err(AggregationError::Share(0, 3)));
    let mut sealed = seals.clone();
    sealed[3][1] = [0; 32];
    assert_eq!(run(&reveals, &sealed), Err(AggregationError::Share(1, 3)));
    assert_eq!(run(&reveals[..2], &seals), Err(AggregationError::TooFew));
    let twice = [reveals[0].clone(), reveals[0].clone(), reveals[1].clone()];
    assert_eq!(run(&twice, &seals), Err(AggregationError::Share(0, 0)));
}

/// The price of hiding: one liar moves its own group's mean to anywhere. What it buys is bounded by
/// the merge across groups, as long as no more groups are spoiled than are trimmed.
#[test]
fn one_liar_spoils_its_group_and_not_the_merge() {
    let honest = |place: usize, number: u32| [100 * (place as i32 + 1) + number as i32; TAPS];
    let mut voices: heapless::Vec<Voice, 5> = heapless::Vec::new();
    for number in 0..5 {
        let (roster, mut members) = group(4, number, 3);
        let all = Members::all(4);
        let mut sum = [0; TAPS];
        for (place, member) in members.iter_mut().enumerate() {
            let lies = number == 3 && place == 1;
            let mut vector = if lies { [VALUE_MAX; TAPS] } else { honest(place, number) };
            member.mask(all, &mut vector).expect("all dealt");
            add(&mut sum, &vector);
        }
        let reveals: heapless::Vec<Reveal, 4> =
            members.iter_mut().map(|member| member.reveal(all).expect("enough")).collect();
        let seals: heapless::Vec<Seals, 4> = members.iter().map(Member::seals).collect();
        unmask(&roster, all, all, &reveals, &seals, &mut sum).expect("all answered");
        let mut voice = voice(&roster, all, &sum).expect("members");
        voice.node = NodeId(number);
        voices.push(voice).expect("room");
    }
    assert_eq!(voices[0].weights[0].to_bits(), 250, "(100 + 200 + 300 + 400) / 4");
    assert!(voices[3].weights[0].to_bits() > VALUE_MAX / 8, "its group is lost");
    let merged = |trim| {
        let recipe = Recipe { rule: Rule::TrimmedMean { trim }, ..Recipe::default() };
        let mut context = Context::default();
        let merged = aggregate(&recipe, &voices[0], &voices[1..], TAPS as u8, &mut context);
        merged.expect("voices")[0].to_bits()
    };
    assert!((250..=254).contains(&merged(1)), "{}", merged(1));
    assert!(merged(0) > VALUE_MAX / 40, "without trimming it is not: {}", merged(0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_vectors_sum_exactly(
        count in 4_u32..=8,
        values in proptest::collection::vec(-VALUE_MAX..=VALUE_MAX, 8),
        lost in 0_usize..8,
    ) {
        let (roster, mut members) = group(count, 1, count as u8 / 2 + 1);
        let all = Members::all(count as usize);
        let survivors = all.without(lost);
        let (mut sum, mut expected) = ([0_i32; 1], 0_i64);
        for (place, member) in members.iter_mut().enumerate() {
            let mut vector = [values[place]];
            member.mask(all, &mut vector).expect("all dealt");
            if survivors.has(place) {
                sum[0] = sum[0].wrapping_add(vector[0]);
                expected += i64::from(values[place]);
            }
        }
        let seals: heapless::Vec<Seals, 8> = members.iter().map(Member::seals).collect();
        let reveals: heapless::Vec<Reveal, 8> =
            survivors.places().map(|p| members[p].reveal(survivors).expect("enough")).collect();
        prop_assert_eq!(unmask(&roster, all, survivors, &reveals, &seals, &mut sum), Ok(()));
        prop_assert_eq!(i64::from(sum[0]), expected);
    }
}
