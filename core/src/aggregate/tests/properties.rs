//! What holds for any models: order does not matter, nor does the origin; liars move a robust rule
//! no further than the honest are spread; and exact rules agree with slow, wide arithmetic.

use super::{merged, merged_by, model};
use crate::aggregate::*;
use proptest::array::uniform8;
use proptest::collection::vec;
use proptest::prelude::*;

extern crate std;
use std::vec::Vec;

const F: u8 = 2;
const SMOOTHING: Q16 = Q16::from_bits(6_554);

/// Every rule, for two liars.
pub(super) const RULES: [Rule; 15] = [
    Rule::Mean,
    Rule::TrimmedMean { trim: F },
    Rule::Median,
    Rule::Meamed { faulty: F },
    Rule::Krum { faulty: F },
    Rule::MultiKrum { faulty: F, select: 0 },
    Rule::Bulyan { faulty: F },
    Rule::GeometricMedian { smoothing: SMOOTHING, steps: 6 },
    Rule::CentredClipping { radius: SMOOTHING, steps: 3 },
    Rule::ClippedGossip { faulty: F },
    Rule::CsPlus { faulty: F },
    Rule::Nna { faulty: F },
    Rule::Ubar { keep: HALF, own_share: HALF },
    Rule::adaptive(F),
    Rule::Balance { radius: Q16::ONE, decay: Q16::ONE, horizon_rounds: 50, own_share: HALF },
];
/// Those that the origin does not matter to: all but the last.
const SHIFTED: usize = RULES.len() - 1;
const HALF: Q16 = crate::q16::HALF;

const PREPARATIONS: [Preparation; 4] = [
    Preparation::None,
    Preparation::Nnm { faulty: F },
    Preparation::Arc { faulty: F },
    Preparation::Bucketing { size: 2 },
];

fn voices(rows: &[([i32; TAPS], i32)]) -> Vec<Voice> {
    let rows = rows.iter().enumerate();
    rows.map(|(node, (weights, influence))| Voice {
        loss: Some(Q16::from_bits(weights[0])),
        ..model(node as u32, *influence, *weights)
    })
    .collect()
}

fn rows(
    range: core::ops::Range<i32>,
    count: core::ops::Range<usize>,
) -> impl Strategy<Value = Vec<([i32; TAPS], i32)>> {
    vec((uniform8(range), 1..65_536_i32), count)
}

fn every_recipe() -> impl Iterator<Item = Recipe> {
    PREPARATIONS
        .into_iter()
        .flat_map(|preparation| RULES.map(|rule| Recipe { preparation, rule, weighted: true }))
}

fn length(a: &[i32; TAPS], b: &[i32; TAPS]) -> u64 {
    let square = |(a, b): (&i32, &i32)| u64::from(a.abs_diff(*b)).pow(2);
    a.iter().zip(b).map(square).sum::<u64>().isqrt() + 1
}

/// The sum of squared distances to the n - f - 2 nearest, in wide integers.
fn slow_krum(rows: &[[i32; TAPS]], faulty: usize) -> usize {
    let square = |a: &[i32; TAPS], b: &[i32; TAPS]| -> i128 {
        a.iter().zip(b).map(|(a, b)| (i128::from(*a) - i128::from(*b)).pow(2)).sum()
    };
    let scored = (0..rows.len()).map(|i| {
        let mut near: Vec<i128> =
            (0..rows.len()).filter(|j| *j != i).map(|j| square(&rows[i], &rows[j])).collect();
        near.sort_unstable();
        (near.iter().take(rows.len() - faulty - 2).sum::<i128>(), i)
    });
    scored.min().map_or(0, |(_, i)| i)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn the_order_of_peers_does_not_matter(
        rows in rows(-300_000..300_000, 3..VOICES),
        turn in 1..16_usize,
    ) {
        let voices = voices(&rows);
        let mut turned = voices.clone();
        let peers = turned.len() - 1;
        turned[1..].rotate_left(turn % peers);
        turned[1..].reverse();
        for recipe in every_recipe() {
            let (a, b) = (merged_by(&recipe, &voices), merged_by(&recipe, &turned));
            prop_assert_eq!(a, b, "{:?}", recipe);
        }
    }

    #[test]
    fn the_origin_does_not_matter(
        rows in rows(-200_000..200_000, 3..12),
        away in uniform8(-400_000..400_000_i32),
    ) {
        let shift = |at: &[i32; TAPS]| core::array::from_fn(|tap| at[tap] + away[tap]);
        let plain = voices(&rows);
        let mut moved = plain.clone();
        for voice in &mut moved {
            voice.weights = shift(&voice.weights.map(Q16::to_bits)).map(Q16::from_bits);
        }
        for rule in RULES.iter().take(SHIFTED) {
            for preparation in PREPARATIONS {
                let recipe = Recipe { preparation, rule: *rule, weighted: true };
                let (a, b) = (merged_by(&recipe, &plain), merged_by(&recipe, &moved));
                prop_assert_eq!(shift(&a), b, "{:?}", recipe);
            }
        }
    }

    /// Eleven voices, two of which lie: the result is no further from the own model, which is
    /// honest, than four times the honest spread and the own reach of centred clipping. For Krum
    /// the factor is the root of n - f - 2; for the geometric median 2 (n - f) / (n - 2f); for
    /// ClippedGossip the root of (n - f) / f; the others stay within the spread itself.
    #[test]
    fn liars_cannot_move_a_robust_rule_far(
        honest in vec(uniform8(-3_000..3_000_i32), 9),
        lies in vec(uniform8(-262_144..262_144_i32), 2),
        first in 0..10_usize,
    ) {
        let mut rows: Vec<_> = honest.iter().map(|at| (*at, 65_536)).collect();
        for at in lies {
            rows.insert(1 + first % rows.len(), (at, 65_536));
        }
        let spread = honest
            .iter()
            .flat_map(|a| honest.iter().map(|b| length(a, b)))
            .max()
            .unwrap_or(0);
        let mut voices = voices(&rows);
        for voice in &mut voices {
            voice.loss = None;
        }
        let own = voices[0].weights.map(Q16::to_bits);
        let robust = |recipe: &Recipe| {
            let undefended = [Rule::Mean, RULES[SHIFTED]].contains(&recipe.rule);
            let grouped = matches!(recipe.preparation, Preparation::Bucketing { .. });
            !undefended && !grouped
        };
        for recipe in every_recipe().filter(robust) {
            let away = length(&merged_by(&recipe, &voices), &own);
            let reach = u64::from(3 * SMOOTHING.to_bits().unsigned_abs());
            let most = 4 * spread + if recipe.rule == RULES[8] { reach } else { 0 };
            prop_assert!(away <= most, "{:?}: {} beyond {}", recipe, away, most);
        }
    }

    /// Coordinate by coordinate these stay between the least and the greatest honest value.
    #[test]
    fn trimmed_liars_stay_in_the_honest_range(
        honest in vec(-100_000..100_000_i32, 5..10),
        lies in vec(any::<i32>(), 0..3),
    ) {
        let all = honest.iter().chain(&lies).map(|value| ([*value; TAPS], 65_536));
        let voices = voices(&all.collect::<Vec<_>>());
        for rule in [Rule::TrimmedMean { trim: F }, Rule::Median] {
            let out = merged(rule, &voices)[0];
            let (low, high) = (honest.iter().min(), honest.iter().max());
            prop_assert!(low <= Some(&out) && Some(&out) <= high, "{:?}", rule);
        }
    }

    #[test]
    fn the_trimmed_mean_agrees_with_wide_integers(
        values in vec((any::<i32>(), 1..65_536_i32), 2..VOICES),
        trim in 0..12_u8,
    ) {
        let rows: Vec<_> = values.iter().map(|(value, weight)| ([*value; TAPS], *weight)).collect();
        let mut sorted: Vec<(i32, usize, i128)> = values
            .iter()
            .enumerate()
            .map(|(node, (value, weight))| (*value, node, i128::from(*weight)))
            .collect();
        sorted.sort_unstable();
        let drop = usize::from(trim).min((sorted.len() - 1) / 2);
        let kept = &sorted[drop..sorted.len() - drop];
        let total: i128 = kept.iter().map(|k| k.2).sum();
        let sum: i128 = kept.iter().map(|k| i128::from(k.0) * k.2).sum();
        let expected = (2 * sum + total).div_euclid(2 * total);
        let out = merged(Rule::TrimmedMean { trim }, &voices(&rows))[0];
        prop_assert_eq!(i128::from(out), expected);
    }

    #[test]
    fn krum_agrees_with_wide_integers(
        rows in rows(-REACH..REACH + 1, 3..VOICES),
        faulty in 0..11_u8,
    ) {
        let models: Vec<_> = rows.iter().map(|(at, _)| *at).collect();
        let bounded = usize::from(faulty).min((models.len() - 3) / 2);
        let expected = models[slow_krum(&models, bounded)];
        prop_assert_eq!(merged(Rule::Krum { faulty }, &voices(&rows)), expected);
    }

    /// Whatever comes, every rule answers, and between the values that came (or, for rules that
    /// measure distances, between those cut to the reach).
    #[test]
    fn no_models_break_a_rule(rows in rows(i32::MIN..i32::MAX, 2..VOICES + 4)) {
        let voices = voices(&rows);
        for recipe in every_recipe() {
            let out = merged_by(&recipe, &voices);
            for (tap, out) in out.iter().enumerate() {
                let within = |low: i32, high: i32| {
                    let column = voices.iter().map(|voice| voice.weights[tap].to_bits());
                    let column = column.map(|value| value.clamp(low, high)).collect::<Vec<_>>();
                    column.iter().min() <= Some(out) && Some(out) <= column.iter().max()
                };
                prop_assert!(within(i32::MIN, i32::MAX) || within(-REACH, REACH), "{:?}", recipe);
            }
        }
    }
}
