//! Aggregation by hand, and what happens when voices are too few. Properties and vectors are in
//! the files beside this one.

mod properties;
mod vectors;

use super::*;

/// A voice with the same value for all weights.
pub(super) fn voice(node: u32, influence: i32, value: i32) -> Voice {
    model(node, influence, [value; TAPS])
}

/// A voice.
pub(super) fn model(node: u32, influence: i32, weights: [i32; TAPS]) -> Voice {
    Voice {
        node: NodeId(node),
        influence: Q16::from_bits(influence),
        loss: None,
        weights: weights.map(Q16::from_bits),
    }
}

/// What `rule` makes of voices, the first of which is the own one.
pub(super) fn merged(rule: Rule, voices: &[Voice]) -> [i32; TAPS] {
    merged_by(&Recipe { rule, ..Recipe::default() }, voices)
}

/// The same with a recipe, all taps and a plain context.
pub(super) fn merged_by(recipe: &Recipe, voices: &[Voice]) -> [i32; TAPS] {
    let (own, peers) = voices.split_first().expect("an own voice");
    let mut context = Context { seed: 5, round: 9, ..Context::default() };
    let out = aggregate(recipe, own, peers, TAPS as u8, &mut context);
    out.expect("peers").map(Q16::to_bits)
}

/// The first weight of what `rule` makes of equal voices with these values.
fn of_values(rule: Rule, values: &[i32]) -> i32 {
    let voices: std::vec::Vec<Voice> =
        values.iter().enumerate().map(|(node, value)| voice(node as u32, 65_536, *value)).collect();
    merged(rule, &voices)[0]
}

#[test]
fn trimming_drops_both_ends_and_weights_the_rest() {
    let voices = [voice(0, 1, 1 << 30), voice(1, 3, 10), voice(2, 1, 20), voice(3, 1, -(1 << 30))];
    let rule = Rule::TrimmedMean { trim: 1 };
    assert_eq!(merged(rule, &voices)[0], 13, "(3*10 + 20) / 4 = 12.5, rounded up");
    let plain = Recipe { rule, weighted: false, ..Recipe::default() };
    assert_eq!(merged_by(&plain, &voices)[0], 15);
    let none = voices.map(|voice| Voice { influence: Q16::ZERO, ..voice });
    assert_eq!(merged(rule, &none)[0], 15, "without influence it is the plain mean");
}

#[test]
fn of_equal_values_the_higher_id_is_above() {
    // Node 2 and node 0 both say 7; trimming one at each end keeps node 2's influence or node 0's.
    let voices = [voice(2, 5, 7), voice(0, 1, 7), voice(1, 1, -100), voice(3, 3, 90)];
    // Ascending: -100 (1), 7 (0), 7 (2), 90 (3): both sevens stay.
    assert_eq!(merged(Rule::TrimmedMean { trim: 1 }, &voices)[0], 7);
    let voices = [voice(2, 5, 7), voice(0, 1, 7), voice(1, 1, 7), voice(3, 3, 9), voice(4, 1, 0)];
    // Ascending: 0 (4), 7 (0), 7 (1), 7 (2), 9 (3); two off each end leave node 1.
    assert_eq!(merged(Rule::TrimmedMean { trim: 2 }, &voices)[0], 7);
}

#[test]
fn each_rule_by_hand() {
    // Sorted: -30, 0, 1, 2, 3, 4, 500.
    let values = [2, -30, 1, 4, 500, 0, 3];
    let cases = [
        (Rule::Mean, 69),                              // 480 / 7 = 68.57
        (Rule::TrimmedMean { trim: 1 }, 2),            // 10 / 5
        (Rule::TrimmedMean { trim: 9 }, 2),            // the middle one
        (Rule::Median, 2),                             //
        (Rule::Meamed { faulty: 2 }, 2),               // 0, 1, 2, 3, 4
        (Rule::Meamed { faulty: 1 }, -3), // -30 is closer to 2 than 500: -20 / 6 = -3.33
        (Rule::Krum { faulty: 2 }, 2),    // 3 nearest of 2: 1, 3, and 0 or 4: 1+1+4
        (Rule::MultiKrum { faulty: 2, select: 3 }, 2), // scores 6 (2), 6 (1: 0, 2, 3), 6 (3)
        (Rule::Bulyan { faulty: 1 }, 2),  // selects 1, 2, 3, 4, 0; keeps 1, 2, 3
        (Rule::CsPlus { faulty: 3 }, 2),  // six peers are at most twice three: own
        (Rule::Nna { faulty: 2 }, 2),     // 0, 1, 2, 3, 4
    ];
    for (rule, expected) in cases {
        assert_eq!(of_values(rule, &values), expected, "{rule:?}");
    }
    assert_eq!(of_values(Rule::Median, &[1, 4, 2, 900]), 3, "between 2 and 4");
    assert_eq!(of_values(Rule::Median, &[1, 2]), 2, "1.5, upwards");
}

#[test]
fn a_weighted_median_counts_influence() {
    let voices = [voice(0, 10, 1), voice(1, 3, 5), voice(2, 3, 9)];
    assert_eq!(merged(Rule::Median, &voices)[0], 1);
    let even = [voice(0, 6, 1), voice(1, 3, 5), voice(2, 3, 9)];
    assert_eq!(merged(Rule::Median, &even)[0], 3, "half of it lies up to 1, more up to 5");
}

#[test]
fn clipped_steps_by_hand() {
    // One coordinate differs, so lengths are plain numbers. Own 0; peers 100, 200, 4000, equal.
    let at = |node, x| model(node, 65_536, [x, 0, 0, 0, 0, 0, 0, 0]);
    let voices = [at(0, 0), at(1, 100), at(2, 200), at(3, 4_000)];
    // Cut to 100, the distance of the first of three: 300 / 4.
    assert_eq!(merged(Rule::CsPlus { faulty: 1 }, &voices)[0], 75);
    // t^2 = (100^2 + 200^2) / 1: t = 223.6; (100 + 200 + 223.6) / 4 = 130.9.
    assert_eq!(merged(Rule::ClippedGossip { faulty: 1 }, &voices)[0], 131);
    assert_eq!(merged(Rule::ClippedGossip { faulty: 0 }, &voices)[0], 1_075, "nothing is cut");
    let clipping = Rule::CentredClipping { radius: Q16::from_bits(160), steps: 1 };
    assert_eq!(merged(clipping, &voices)[0], 105, "(0 + 100 + 160 + 160) / 4");
    let ubar = Rule::Ubar { keep: percent(70), own_share: percent(50) };
    let judged = |losses: [i32; 4]| {
        let loss =
            |(voice, loss): (&Voice, i32)| Voice { loss: Some(Q16::from_bits(loss)), ..*voice };
        let voices: std::vec::Vec<Voice> = voices.iter().zip(losses).map(loss).collect();
        merged(ubar, &voices)[0]
    };
    assert_eq!(judged([10, 9, 10, 0]), 75, "0.7 * 3 = 2 nearest, both no worse");
    assert_eq!(judged([10, 11, 10, 0]), 100, "one of them is");
    assert_eq!(judged([5, 11, 10, 0]), 100, "both are: the better one");
    assert_eq!(merged(ubar, &voices)[0], 75, "losses unknown");
}

#[test]
fn balance_shrinks_with_the_rounds() {
    let at = |node, x| model(node, 65_536, [x, 0, 0, 0, 0, 0, 0, 0]);
    let (own, peers) = (at(0, 1_000), [at(1, 1_100), at(2, 1_500), at(3, 9_000)]);
    let rule = Rule::Balance {
        radius: Q16::ONE,
        decay: Q16::from_num(2),
        horizon_rounds: 100,
        own_share: Q16::ZERO,
    };
    let recipe = Recipe { rule, ..Recipe::default() };
    let by = |round| {
        let mut context = Context { round, ..Context::default() };
        aggregate(&recipe, &own, &peers, 8, &mut context).expect("peers")[0].to_bits()
    };
    // Within 1000; within 1000 / e = 368; and past the horizon still within 1000 / e^2 = 135.
    assert_eq!((by(0), by(50), by(400)), (1_300, 1_100, 1_100));
}

#[test]
fn arc_draws_in_the_farthest() {
    let at = |node, x| model(node, 65_536, [x, 0, 0, 0, 0, 0, 0, 0]);
    let voices = [at(0, 0), at(1, 100), at(2, 200), at(3, -4_000)];
    let preparation = Preparation::Arc { faulty: 1 };
    let recipe = Recipe { preparation, rule: Rule::Mean, weighted: true };
    // floor(2 * 1 * 3 / 4) = 1 is drawn in to 200 on its side: (0 + 100 + 200 - 200) / 4.
    assert_eq!(merged_by(&recipe, &voices)[0], 25);
}

#[test]
fn groups_keep_the_mean_and_change_each_round() {
    let voices: std::vec::Vec<Voice> = (0..12).map(|node| voice(node, 65_536, 1 << node)).collect();
    let (own, peers) = voices.split_first().expect("voices");
    let preparation = Preparation::Bucketing { size: 3 };
    let by = |rule, round| {
        let recipe = Recipe { preparation, rule, weighted: true };
        let mut context = Context { round, ..Context::default() };
        aggregate(&recipe, own, peers, 8, &mut context).expect("peers")[0].to_bits()
    };
    // Each of four groups is rounded, then their mean: within half a unit twice.
    assert!((0..20).all(|round| (by(Rule::Mean, round) - 341).abs() <= 1), "4095 / 12 = 341.25");
    let medians: std::collections::BTreeSet<i32> =
        (0..20).map(|round| by(Rule::Median, round)).collect();
    assert!(medians.len() > 10, "{medians:?}");
}

#[test]
fn too_few_voices_guard_against_as_many_as_they_allow() {
    for faulty in [1, 3, 8] {
        for rule in [
            Rule::TrimmedMean { trim: faulty },
            Rule::Krum { faulty },
            Rule::MultiKrum { faulty, select: 0 },
            Rule::Bulyan { faulty },
            Rule::adaptive(faulty),
        ] {
            assert_eq!(of_values(rule, &[10, 20]), 15, "{rule:?}");
        }
        // Of three: the middle for trimming; for Krum with no liar the two closest tie, the
        // lower id first.
        assert_eq!(of_values(Rule::TrimmedMean { trim: faulty }, &[10, 20, 900]), 20);
        assert_eq!(of_values(Rule::Krum { faulty }, &[10, 20, 900]), 10);
        // Of five, Krum guards against one and looks at two neighbours: 3 scores 1 + 4, 4 scores
        // 1 + 9. With no liar it is three: 3 scores 1 + 4 + 36, 5 scores 1 + 4 + 16, so 5.
        assert_eq!(of_values(Rule::Krum { faulty }, &[5, 2, 3, 1, 9]), 2);
        assert_eq!(of_values(Rule::Krum { faulty: 0 }, &[5, 2, 3, 1, 9]), 3);
        // Bulyan guards against none of five: their mean.
        assert_eq!(of_values(Rule::Bulyan { faulty }, &[5, 2, 3, 1, 9]), 4);
    }
    let alone = aggregate(&Recipe::default(), &voice(0, 1, 5), &[], 8, &mut Context::default());
    assert_eq!(alone, None);
}

#[test]
fn unused_taps_stay_zero() {
    let (own, peers) = (voice(0, 1, 5), [voice(1, 1, 5), voice(2, 1, 5)]);
    let all_rules =
        properties::RULES.iter().map(|rule| Recipe { rule: *rule, ..Recipe::default() });
    for recipe in all_rules {
        let out = aggregate(&recipe, &own, &peers, 2, &mut Context::default()).expect("peers");
        assert_eq!(out.map(Q16::to_bits), [5, 5, 0, 0, 0, 0, 0, 0], "{recipe:?}");
    }
}

#[test]
fn the_adaptive_rule_needs_a_long_calm_and_drops_outliers_at_once() {
    let rule = Rule::Adaptive {
        faulty: 1,
        calm_rounds: 3,
        quiet_share: Q16::ZERO,
        alarm_share: percent(20),
    };
    let recipe = Recipe { rule, ..Recipe::default() };
    let mut calm = Calm::default();
    let mut round = |values: &[i32], memory: bool| {
        let voices: std::vec::Vec<Voice> =
            values.iter().enumerate().map(|(n, x)| voice(n as u32, 65_536, *x)).collect();
        let calm = memory.then_some(&mut calm);
        let mut context = Context { calm, ..Context::default() };
        let out = aggregate(&recipe, &voices[0], &voices[1..], 8, &mut context);
        out.expect("peers")[0].to_bits()
    };
    // Mean 57 / 8 = 7.1; mixing pulls 15 in and trimming drops it.
    let honest = [5, 6, 7, 5, 6, 7, 6, 15];
    let robust = round(&honest, true);
    assert_eq!(robust, 6);
    assert_eq!((round(&honest, true), round(&honest, true)), (6, 7), "the third quiet round");
    assert_eq!(round(&honest, false), 6, "without a memory nothing is trusted");
    let attacked = [5, 6, 7, 5, 6, 7, 6, 200_000];
    // One of eight is below the alarm: no quiet round, but left out of the mean: 42 / 7.
    assert_eq!(round(&attacked, true), 6);
    assert_eq!(round(&honest, true), 7);
    let under_siege = [5, 6, 7, 5, 6, 7, 200_000, 200_000];
    assert!(round(&under_siege, true) < 50_000, "two of eight are an alarm");
    assert_eq!(round(&honest, true), 6, "and trust starts anew");
    assert_eq!(round(&[5, 6, 9, 6], true), 6, "four voices are too few for one liar");
}

extern crate std;
