//! Tests of releases: the query's bound, the noise that is on them, and that no budget is passed.

use super::*;
use crate::privacy::clip::squared_norm;
use crate::q16::percent;
use proptest::prelude::*;

const ONE: u64 = 1 << 32;

/// Everything in hundredths.
fn config(clip: i32, multiplier: i32, epsilon: i32) -> PrivacyConfig {
    PrivacyConfig::new(percent(clip), percent(multiplier), percent(epsilon), 5).expect("in range")
}

fn weights(bits: [i32; TAPS]) -> [Q16; TAPS] {
    bits.map(Q16::from_bits)
}

fn bits(weights: [Q16; TAPS]) -> [i64; TAPS] {
    weights.map(|weight| i64::from(weight.to_bits()))
}

/// D = 2 C and sigma = z C, so a release costs 2 / z^2, whatever C is. Epsilon 8 at 10^-5 is rho
/// 1.04914: from the formula, x^2 + 2 x sqrt(11.512925465) = 8 with x = 1.024274.
#[test]
fn costs_and_budgets_are_those_worked_by_hand() {
    for clip in [25, 100, 400] {
        assert_eq!(config(clip, 100, 800).cost(), Rho(2 * ONE));
        assert_eq!(config(clip, 400, 800).cost(), Rho(ONE / 8));
    }
    let config = config(50, 400, 800);
    assert_eq!(config.variance().numerator(), (2 << 16) * (2 << 16));
    assert!(config.budget().0.abs_diff(104_914 * (ONE / 100_000)) < ONE / 10_000, "{config:?}");
    assert_eq!(config.releases(), 8, "1.04914 / 0.125");
}

#[test]
fn numbers_out_of_range_are_refused_by_name() {
    let one = Q16::ONE;
    let table = [
        (Q16::ZERO, one, one, 5, Err(PrivacyError::Clip)),
        (percent(410), one, one, 5, Err(PrivacyError::Clip)),
        (percent(-100), one, one, 5, Err(PrivacyError::Clip)),
        (one, Q16::ZERO, one, 5, Err(PrivacyError::Noise)),
        (one, percent(-200), one, 5, Err(PrivacyError::Noise)),
        (percent(400), percent(1600), one, 5, Ok(())),
        (percent(400), percent(1610), one, 5, Err(PrivacyError::Noise)),
        (Q16::from_bits(1), percent(50), one, 5, Err(PrivacyError::Noise)),
        (one, one, Q16::ZERO, 5, Err(PrivacyError::Budget)),
        (one, one, one, 0, Err(PrivacyError::Budget)),
        (one, one, one, 31, Err(PrivacyError::Budget)),
    ];
    for (clip, multiplier, epsilon, digits, expected) in table {
        let found = PrivacyConfig::new(clip, multiplier, epsilon, digits).map(|_| ());
        assert_eq!(found, expected, "{clip} {multiplier} {epsilon} {digits}");
    }
    assert_eq!(percent(6400), DEVIATION_MAX);
}

/// Fixed key, round and weights: equal on every target.
#[test]
fn releases_are_the_same_everywhere() {
    let config = config(50, 100, 10_000);
    let mut publisher = Publisher::new(&config, simulated_key(7, NodeId(3)));
    let own = weights([30_000, -20_000, 5_000, 0, 0, 0, 0, 0]);
    let first = publisher.release(&config, 1, 4, &own).expect("covered");
    let second = publisher.release(&config, 2, 4, &own).expect("covered");
    assert_eq!((bits(first), bits(second)), GOLDEN);
    assert_eq!(publisher.disclosed.account.spent(), Rho(4 * ONE));
    assert_eq!(publisher.disclosed.known, second);
}

const GOLDEN: ([i64; TAPS], [i64; TAPS]) =
    ([41_574, 9_241, 23_468, -8_279, 0, 0, 0, 0], [42_275, -16_792, 1_141, -10_836, 0, 0, 0, 0]);

/// What is sent is the step plus noise of the stated variance, without a mean: over 3000 rounds of
/// four weights, against the exact step. A twentieth of the variance off would fail.
#[test]
fn what_is_sent_differs_from_the_step_by_the_stated_variance() {
    for (clip, multiplier) in [(12, 200), (50, 25)] {
        let config = config(clip, multiplier, 100);
        let own = weights([20_000, -9_000, 4_000, 1_000, 0, 0, 0, 0]);
        let stepped = bits(step(&config, &[Q16::ZERO; TAPS], &own));
        let (mut sum, mut squares, mut count) = (0_i64, 0_i64, 0_i64);
        for round in 0..3_000 {
            let mut publisher = Publisher::new(&config, simulated_key(1, NodeId(9)));
            publisher.disclosed.account = Account::new(Rho(u64::MAX));
            let sent = bits(publisher.release(&config, round, 4, &own).expect("covered"));
            assert_eq!(sent[4..], [0; 4], "only the weights that are there");
            for (sent, stepped) in sent.iter().zip(stepped).take(4) {
                sum += sent - stepped;
                squares += (sent - stepped).pow(2);
                count += 1;
            }
        }
        let variance = config.variance().numerator() as i64;
        // One standard deviation of the mean square is variance * sqrt(2 / count): 1.3 %; of the
        // sum, sigma * sqrt(count).
        assert!((squares / count - variance).abs() < variance / 25, "{squares} / {count}");
        assert!(sum * sum < 16 * count * variance, "{sum}");
    }
}

/// Half the clipping norm of noise, a target out of reach of one step: releases walk there.
#[test]
fn releases_follow_the_weights_in_steps() {
    let config = config(6, 10, 3_000_000);
    let mut publisher = Publisher::new(&config, simulated_key(2, NodeId(1)));
    let own = weights([60_000, -60_000, 0, 0, 0, 0, 0, 0]);
    let distance = |publisher: &Publisher| {
        let gap: heapless::Vec<Q16, TAPS> =
            own.iter().zip(&publisher.disclosed.known).map(|(a, b)| a.saturating_sub(*b)).collect();
        squared_norm(&gap).isqrt() as u32
    };
    let start = distance(&publisher);
    for round in 0..30 {
        publisher.release(&config, round, 4, &own).expect("covered");
    }
    assert!(start > 84_000 && distance(&publisher) < 4_096, "{}", distance(&publisher));
}

proptest! {
    /// Two nodes with one past and any two models: what noise is added to is at most 2 C apart.
    #[test]
    fn the_query_moves_by_at_most_twice_the_norm(
        known in proptest::array::uniform8(-WEIGHT_LIMIT..=WEIGHT_LIMIT),
        one in proptest::array::uniform8(-WEIGHT_LIMIT..=WEIGHT_LIMIT),
        other in proptest::array::uniform8(-WEIGHT_LIMIT..=WEIGHT_LIMIT),
        clip in 1..=WEIGHT_LIMIT,
    ) {
        let settings = PrivacyConfig::new(Q16::from_bits(clip), percent(1600), Q16::ONE, 5);
        let settings = settings.expect("in range");
        let query = |own| bits(step(&settings, &weights(known), &weights(own)));
        let squared: i64 = query(one).iter().zip(query(other)).map(|(a, b)| (a - b).pow(2)).sum();
        let distance = 2 * i64::from(clip);
        prop_assert!(squared <= distance * distance);
        // And that is what a release is charged for.
        let cost = Rho::of(squared as u64, settings.variance());
        prop_assert!(cost <= Some(settings.cost()), "{:?}", cost);
    }

    /// However often it is asked, a node makes as many releases as the budget covers, then none.
    #[test]
    fn no_budget_is_passed(multiplier in 50..3_000, epsilon in 10..4_000) {
        let config = config(10, multiplier, epsilon);
        let mut publisher = Publisher::new(&config, simulated_key(4, NodeId(4)));
        let own = weights([1_000; TAPS]);
        let mut made = 0;
        for round in 0..60 {
            let covered = publisher.covers(&config);
            let released = publisher.release(&config, round, 2, &own);
            prop_assert_eq!(covered, released.is_ok());
            made += u64::from(covered);
            let spent = publisher.disclosed.account.spent();
            prop_assert!(spent <= config.budget());
            prop_assert!(spent.epsilon(5) <= percent(epsilon).to_bits() as u128 * 65_536);
        }
        prop_assert_eq!(made, config.releases().min(60));
    }
}
