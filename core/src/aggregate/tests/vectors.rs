//! Every rule against an independent implementation in floating point, from a file of vectors that
//! tests/vectors/aggregation.py writes. Each rule has a proven bound; see its doc comment.

use super::model;
use crate::aggregate::*;

extern crate std;
use std::vec::Vec;

const VECTORS: &str = include_str!("../../../../tests/vectors/aggregation.txt");

/// A unit in the last place of a weight, in 2^-32.
const UNIT: i64 = 1 << 16;
/// Half a unit, and the rounding of the file itself.
const NEAREST: i64 = UNIT / 2 + 1;

/// The recipe that a line names, and how far from the expectation it may be, in 2^-32.
fn recipe(name: &str, numbers: &[i32]) -> (Recipe, i64) {
    let number = |place: usize| numbers.get(place).copied().unwrap_or(0);
    let count = |place: usize| number(place) as u8;
    let q16 = |place: usize| Q16::from_bits(number(place));
    let faulty = count(0);
    let steps = i64::from(count(1));
    let plain = Preparation::None;
    let (preparation, rule, bound) = match name.trim_start_matches("w-") {
        "mean" => (plain, Rule::Mean, NEAREST),
        "trimmed" => (plain, Rule::TrimmedMean { trim: faulty }, NEAREST),
        "median" => (plain, Rule::Median, NEAREST),
        "meamed" => (plain, Rule::Meamed { faulty }, NEAREST),
        "krum" => (plain, Rule::Krum { faulty }, 0),
        "multikrum" => (plain, Rule::MultiKrum { faulty, select: count(1) }, NEAREST),
        "bulyan" => (plain, Rule::Bulyan { faulty }, NEAREST),
        "geometric" => {
            let rule = Rule::GeometricMedian { smoothing: q16(0), steps: count(1) };
            (plain, rule, NEAREST + steps * UNIT / 256)
        }
        "clipping" => {
            let rule = Rule::CentredClipping { radius: q16(0), steps: count(1) };
            (plain, rule, NEAREST + steps * UNIT / 128)
        }
        "gossip" => (plain, Rule::ClippedGossip { faulty }, NEAREST + UNIT / 64),
        "csplus" => (plain, Rule::CsPlus { faulty }, NEAREST + UNIT / 64),
        "nna" => (plain, Rule::Nna { faulty }, NEAREST),
        "balance" => {
            let (horizon_rounds, own_share) = (number(2) as u32, q16(3));
            let rule = Rule::Balance { radius: q16(0), decay: q16(1), horizon_rounds, own_share };
            (plain, rule, UNIT)
        }
        "ubar" => (plain, Rule::Ubar { keep: q16(0), own_share: q16(1) }, UNIT),
        "nnm-trimmed" => (Preparation::Nnm { faulty }, Rule::TrimmedMean { trim: faulty }, UNIT),
        "nnm-median" => (Preparation::Nnm { faulty }, Rule::Median, UNIT + NEAREST),
        "arc-mean" => (Preparation::Arc { faulty }, Rule::Mean, UNIT + UNIT / 64),
        "arc-trimmed" => {
            (Preparation::Arc { faulty }, Rule::TrimmedMean { trim: faulty }, UNIT + UNIT / 64)
        }
        other => panic!("no rule {other}"),
    };
    (Recipe { preparation, rule, weighted: name.starts_with("w-") }, bound)
}

fn numbers<T: core::str::FromStr>(words: &str) -> Vec<T> {
    words.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn read_voice(node: usize, line: &str) -> Voice {
    let fields = numbers::<i32>(line);
    let weights = fields[2..].try_into().expect("eight weights");
    Voice { loss: Some(Q16::from_bits(fields[1])), ..model(node as u32, fields[0], weights) }
}

#[test]
fn every_rule_is_within_its_bound_of_floating_point() {
    let mut lines = VECTORS.lines().filter(|line| !line.starts_with('#'));
    let mut voices = Vec::new();
    let mut rules = 0;
    while let Some(line) = lines.next() {
        if let Some(count) = line.strip_prefix("models ") {
            let count: usize = count.parse().expect("a count");
            voices =
                lines.by_ref().take(count).enumerate().map(|(n, l)| read_voice(n, l)).collect();
            continue;
        }
        let (said, expected) = line.split_once(':').expect("a colon");
        let mut words = said.split_whitespace().skip(1);
        let name = words.next().expect("a name");
        let (recipe, bound) = recipe(name, &numbers(said));
        // BALANCE's vectors are of round 30.
        let round = 30;
        let mut context = Context { round, ..Context::default() };
        let out = aggregate(&recipe, &voices[0], &voices[1..], TAPS as u8, &mut context);
        let out = out.expect("peers");
        for (found, expected) in out.iter().zip(numbers::<i64>(expected)) {
            let gap = ((i64::from(found.to_bits()) << 16) - expected).abs();
            assert!(gap <= bound, "{line}\n{found:?} is {gap} away, more than {bound}");
        }
        rules += 1;
    }
    assert_eq!(rules, VECTORS.lines().filter(|line| line.starts_with("rule")).count());
    assert!(rules > 100, "{rules}");
}
