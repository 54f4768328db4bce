//! The kernel of the cascade: what the inputs leave unexplained is forecast once more from the
//! latest errors. Must not know of samples, scales or peers: it sees deviations only.
//!
//! Stage 1 is normalised least mean squares over the inputs, as in the linear kind; its weights are
//! shared. Stage 2 is a sign-sign LMS over the last errors of stage 1; it is the node's own. A
//! chain of an LMS stage and a sign-sign stage that corrects it is how lossless audio coders
//! predict (Yu and Ko, "Lossless compression of digital audio using cascaded RLS-LMS prediction",
//! 2003); the sign-sign rule is Lucky's ("Techniques for adaptive equalization of digital
//! communication systems", 1966).
//!
//! ```text
//! first    = sum(w_i * z_i) + b
//! second   = sum(v_j * r_j)                     r_j: error of stage 1, j samples ago
//! estimate = first + second
//! w_i     += rate * 2^(g - 2) * (error + second) * z_i / (sum(z_i^2) + 8)
//! v_j      = v_j * (1 - 2^-l) + rate * 2^-s * sign(error) * sign(r_j)
//! ```
//!
//! `own` holds `v_1..v_4`, then `r_1..r_4`. The errors of stage 1 are those of this node's weights,
//! so a trial of other weights judges their stage 1 under this node's stage 2.

use crate::neuron::{TAPS, WEIGHT_LIMIT};
use crate::q16::{Q16, dot, round_q32};
use crate::tally::Tally;

/// Errors that stage 2 looks back on, at most.
pub const ORDER: usize = TAPS / 2;
/// Hyper-parameters, least and most: `g`, the gain of stage 1 (2^(g - 2) times the rate); `s`, the
/// step of stage 2 (2^-s times the rate); the order of stage 2 (0: stage 1 alone); `l`, its leak
/// (2^-l with each sample).
pub const HYPER_RANGES: [(u8, u8); 4] = [(0, 4), (0, 8), (0, ORDER as u8), (6, 14)];
/// What did well on hourly air and on ten-minute weather.
pub const DEFAULT_HYPER: [u8; 4] = [2, 3, 4, 10];

/// Added to the input power so that a quiet input does not make a wild step.
const POWER_FLOOR: i64 = 8 << 16;
/// Errors are heard up to 128 deviations either way.
const ERROR_LIMIT: i64 = 128 << 16;
/// Errors are remembered up to 8 deviations either way.
const MEMORY_LIMIT: i64 = 8 << 16;
/// The bias loses 2^-10 of itself with each sample.
const BIAS_LEAK: u32 = 10;

/// Whether each hyper-parameter is within [`HYPER_RANGES`]. Others are read as the nearest that is.
#[must_use]
pub fn in_range(hyper: &[u8; 4]) -> bool {
    hyper.iter().zip(HYPER_RANGES).all(|(value, (least, most))| (least..=most).contains(value))
}

/// The forecast step in deviations.
#[must_use]
pub fn estimate(
    hyper: &[u8; 4],
    taps: u8,
    shared: &[Q16; TAPS],
    own: &[Q16; TAPS],
    bias: Q16,
    inputs: &[Q16; TAPS],
) -> Q16 {
    estimate_tallied(&mut (), hyper, taps, shared, own, bias, inputs)
}

/// Learns from `error`, what came less the estimate, at `rate` (0 to 1). The step itself, `_step`,
/// is not needed here.
pub fn learn(
    hyper: &[u8; 4],
    taps: u8,
    shared: &mut [Q16; TAPS],
    own: &mut [Q16; TAPS],
    bias: &mut Q16,
    inputs: &[Q16; TAPS],
    _step: Q16,
    error: Q16,
    rate: Q16,
) {
    learn_tallied(&mut (), hyper, taps, shared, own, bias, inputs, error, rate);
}

/// [`estimate`], with its operations counted.
#[must_use]
pub fn estimate_tallied(
    tally: &mut impl Tally,
    hyper: &[u8; 4],
    taps: u8,
    shared: &[Q16; TAPS],
    own: &[Q16; TAPS],
    bias: Q16,
    inputs: &[Q16; TAPS],
) -> Q16 {
    let taps = usize::from(taps).min(TAPS);
    let first = round_q32(dot(shared.get(..taps).unwrap_or(shared), inputs)).saturating_add(bias);
    tally.load(2 * taps + 1);
    tally.multiply(taps);
    tally.add(taps + 2);
    tally.shift(1);
    let second = correction(tally, settings(*hyper)[2], own);
    tally.add(1);
    first.saturating_add(second)
}

/// [`learn`], with its operations counted.
pub fn learn_tallied(
    tally: &mut impl Tally,
    hyper: &[u8; 4],
    taps: u8,
    shared: &mut [Q16; TAPS],
    own: &mut [Q16; TAPS],
    bias: &mut Q16,
    inputs: &[Q16; TAPS],
    error: Q16,
    rate: Q16,
) {
    let [gain_log2, step_shift, order, leak] = settings(*hyper);
    let rate = rate.clamp(Q16::ZERO, Q16::ONE);
    let second = correction(tally, order, own);
    let first_error = i64::from(error.to_bits()) + i64::from(second.to_bits());
    let heard = first_error.clamp(-ERROR_LIMIT, ERROR_LIMIT);
    tally.add(1);
    tally.compare(2);
    descend(tally, gain_log2, taps, shared, bias, inputs, heard, rate);
    let step = i64::from(rate.to_bits()) >> step_shift;
    tally.shift(1);
    let (weights, memory) = own.split_at_mut(ORDER);
    for (weight, past) in weights.iter_mut().zip(memory.iter()).take(order as usize) {
        let push = match error.signum().to_bits().signum() * past.to_bits().signum() {
            0 => 0,
            agree => step * i64::from(agree.signum()),
        };
        *weight = limit(leaked(*weight, leak) + push);
        tally.load(2);
        tally.compare(4);
        tally.add(3);
        tally.shift(1);
        tally.store(1);
    }
    memory.rotate_right(1);
    if let Some(newest) = memory.first_mut() {
        *newest = Q16::from_bits(heard.clamp(-MEMORY_LIMIT, MEMORY_LIMIT) as i32);
    }
    tally.load(ORDER - 1);
    tally.store(ORDER);
    tally.compare(2);
}

/// The step of stage 1 that takes away a share of `error`.
fn descend(
    tally: &mut impl Tally,
    gain_log2: u32,
    taps: u8,
    shared: &mut [Q16; TAPS],
    bias: &mut Q16,
    inputs: &[Q16; TAPS],
    error: i64,
    rate: Q16,
) {
    let taps = usize::from(taps).min(TAPS);
    let seen = inputs.get(..taps).unwrap_or(inputs);
    let power = (dot(seen, seen) >> 16).saturating_add(POWER_FLOOR);
    // Q32 shifted once more over Q16: the step per unit of input, in 2^-32.
    let gain = (((i64::from(rate.to_bits()) * error) << 8) / (power >> 8)) << gain_log2 >> 2;
    tally.load(taps);
    tally.multiply(taps + 1);
    tally.add(taps + 1);
    tally.shift(5);
    tally.divide(1);
    for (weight, input) in shared.iter_mut().zip(seen) {
        let change = gain.saturating_mul(i64::from(input.to_bits())) >> 16;
        *weight = limit(i64::from(weight.to_bits()).saturating_add(round16(change)));
        tally.load(2);
        tally.multiply(1);
        tally.shift(2);
        tally.add(2);
        tally.compare(2);
        tally.store(1);
    }
    *bias = limit(leaked(*bias, BIAS_LEAK) + round16(gain));
    tally.load(1);
    tally.shift(2);
    tally.add(4);
    tally.compare(2);
    tally.store(1);
}

/// What stage 2 adds.
fn correction(tally: &mut impl Tally, order: u32, own: &[Q16; TAPS]) -> Q16 {
    let order = order as usize;
    let (weights, memory) = own.split_at(ORDER);
    tally.load(2 * order);
    tally.multiply(order);
    tally.add(order + 1);
    tally.shift(1);
    round_q32(dot(weights.get(..order).unwrap_or(weights), memory))
}

/// Hyper-parameters within their ranges.
fn settings(hyper: [u8; 4]) -> [u32; 4] {
    let mut settings = [0; 4];
    for ((slot, value), (least, most)) in settings.iter_mut().zip(hyper).zip(HYPER_RANGES) {
        *slot = u32::from(value.clamp(least, most));
    }
    settings
}

/// 2^-32 to 2^-16, to nearest: truncation would add a drift of its own.
const fn round16(wide: i64) -> i64 {
    wide.saturating_add(1 << 15) >> 16
}

fn leaked(value: Q16, shift: u32) -> i64 {
    let bits = i64::from(value.to_bits());
    bits - ((bits + (1 << (shift - 1))) >> shift)
}

fn limit(bits: i64) -> Q16 {
    Q16::from_bits(bits.clamp(-i64::from(WEIGHT_LIMIT), i64::from(WEIGHT_LIMIT)) as i32)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::*;
    use crate::neuron::rig::{Kernel, LONG, SHORT, State, assert_robust, run, signals};
    use crate::q16::percent;
    use proptest::prelude::*;

    const KERNEL: Kernel = Kernel { estimate, learn };

    #[test]
    fn untrained_it_is_persistence() {
        let outcome = run(&KERNEL, DEFAULT_HYPER, &SHORT, &signals::triangle(400), Q16::ZERO);
        assert_eq!(outcome.model, outcome.persistence);
    }

    #[test]
    fn ranges_hold_the_default_and_no_more() {
        assert!(in_range(&DEFAULT_HYPER));
        for (slot, (least, most)) in HYPER_RANGES.iter().enumerate() {
            let with = |value: u8| {
                let mut hyper = DEFAULT_HYPER;
                hyper[slot] = value;
                in_range(&hyper)
            };
            assert!(with(*least) && with(*most) && !with(most + 1), "slot {slot}");
            assert!(*least == 0 || !with(least - 1), "slot {slot}");
        }
    }

    /// Ratio to persistence at most, in percent.
    #[test]
    fn it_beats_persistence_where_there_is_structure() {
        let table: [(&str, fn(u32) -> Vec<i32>, i64); 4] = [
            ("triangle", signals::triangle, 20),
            ("sine", signals::sine, 12),
            ("correlated steps", signals::correlated_steps, 80),
            ("random walk", signals::random_walk, 101),
        ];
        for (name, signal, percent_most) in table {
            let outcome = run(&KERNEL, DEFAULT_HYPER, &SHORT, &signal(6_000), percent(1));
            let percent = 100 * outcome.model / outcome.persistence;
            assert!(percent <= percent_most, "{name}: {percent} %");
        }
    }

    /// An error of the first stage that alternates is invisible to inputs that are all zero.
    #[test]
    fn the_second_stage_forecasts_what_the_first_cannot_see() {
        let (mut shared, mut own) = ([Q16::ZERO; TAPS], [Q16::ZERO; TAPS]);
        let (mut bias, inputs) = (Q16::ZERO, [Q16::ZERO; TAPS]);
        let mut late = Q16::ZERO;
        for n in 0..4_000 {
            let step = if n % 2 == 0 { Q16::ONE } else { -Q16::ONE };
            let error = step - estimate(&DEFAULT_HYPER, 4, &shared, &own, bias, &inputs);
            let hyper = &DEFAULT_HYPER;
            learn(hyper, 4, &mut shared, &mut own, &mut bias, &inputs, step, error, percent(5));
            if n >= 3_900 {
                late = late.max(error.abs());
            }
        }
        assert!(late < percent(10), "{late}");
        assert_eq!(shared, [Q16::ZERO; TAPS]);
    }

    /// One step by hand: z = 2, error = 1, rate = 0.2 (13107 / 65536), no second stage yet. The
    /// gain is 0.2 / (4 + 8) = 71582464 / 2^32, the weight twice that, the bias once. Stage 2 knows
    /// no error yet, so its weights stay; then it remembers 1.
    #[test]
    fn golden_step() {
        let (mut shared, mut own) = ([Q16::ZERO; TAPS], [Q16::ZERO; TAPS]);
        let (mut bias, mut inputs) = (Q16::ZERO, [Q16::ZERO; TAPS]);
        inputs[0] = Q16::from_num(2);
        let hyper = &DEFAULT_HYPER;
        let one = Q16::ONE;
        learn(hyper, 1, &mut shared, &mut own, &mut bias, &inputs, one, one, percent(20));
        assert_eq!(shared[0].to_bits(), 2_185);
        assert_eq!(bias.to_bits(), 1_092);
        assert_eq!(own, [0, 0, 0, 0, 65_536, 0, 0, 0].map(Q16::from_bits));
        // Next error -0.5: the sign-sign step is 0.2 / 8 against the remembered 1.
        let minus_half = Q16::from_bits(-32_768);
        learn(hyper, 1, &mut shared, &mut own, &mut bias, &inputs, one, minus_half, percent(20));
        assert_eq!(own[0].to_bits(), -1_638);
        assert_eq!(own[4..6], [Q16::from_bits(-32_768), Q16::ONE]);
    }

    #[test]
    fn golden_run() {
        let outcome = run(&KERNEL, DEFAULT_HYPER, &LONG, &signals::sine(2_000), percent(1));
        let State { shared, own, bias } = outcome.state;
        let weights = [-1_703, -3_351, -4_742, -6_414, -2_646, 914, 1_741, 2_660];
        let rest = [31_697, 16_227, 1_221, -12_281, -3_088, -10_291, -17_600, -24_991];
        assert_eq!(shared.map(Q16::to_bits), weights);
        assert_eq!(own.map(Q16::to_bits), rest);
        assert_eq!(bias.to_bits(), 569);
    }

    proptest! {
        #[test]
        fn any_state_and_input_are_survived(bits in any::<[i32; 28]>(), hyper in any::<[u8; 4]>(),
            taps in any::<u8>()) {
            let order = usize::from(hyper[2]).min(ORDER);
            assert_robust(&KERNEL, &bits, hyper, taps, |own| {
                own[..order].iter().all(|weight| weight.abs() <= Q16::from_num(4))
                    && own[ORDER].abs() <= Q16::from_num(8)
            });
        }
    }
}
