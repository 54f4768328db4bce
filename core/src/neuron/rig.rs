//! The test rig of the kernels: feeds one with a signal exactly as a neuron does, and compares it
//! with persistence. For tests only.

extern crate std;

use std::vec::Vec;

use crate::neuron::{HISTORY, TAPS, WEIGHT_LIMIT};
use crate::q16::{Q16, magnitude, percent, shrink};
use crate::residual::Residual;

/// Four taps, as by default.
pub const SHORT: [u8; 4] = [2, 3, 4, 8];
/// Eight taps, with the same hour of the day before.
pub const LONG: [u8; 8] = [2, 3, 4, 8, 16, 23, 24, 25];

type Estimate = fn(&[u8; 4], u8, &[Q16; TAPS], &[Q16; TAPS], Q16, &[Q16; TAPS]) -> Q16;
type Learn =
    fn(&[u8; 4], u8, &mut [Q16; TAPS], &mut [Q16; TAPS], &mut Q16, &[Q16; TAPS], Q16, Q16, Q16);

/// A kind of model.
pub struct Kernel {
    pub estimate: Estimate,
    pub learn: Learn,
}

/// What a kernel keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    pub shared: [Q16; TAPS],
    pub own: [Q16; TAPS],
    pub bias: Q16,
}

/// What came of a run: mean |error| over the last half, in 2^-16 of the unit.
pub struct Outcome {
    pub model: i64,
    pub persistence: i64,
    pub state: State,
}

/// Runs a kernel over a signal.
pub fn run(kernel: &Kernel, hyper: [u8; 4], lags: &[u8], signal: &[i32], rate: Q16) -> Outcome {
    let taps = lags.len() as u8;
    let mut history = [i64::from(signal[0]); HISTORY];
    let mut scale_wide = 0_i64;
    let mut residual = Residual::default();
    let mut state = State::default();
    let (mut model, mut persistence) = (0, 0);
    for (n, sample) in signal.iter().enumerate().skip(1) {
        let sample = i64::from(*sample);
        let scale = (scale_wide >> 9).max(64);
        let deviations = |value: i64, limit: i64| {
            let away = ((value - history[0]) * ((1 << 32) / scale)) >> 16;
            Q16::from_bits(away.clamp(-(limit << 16), limit << 16) as i32)
        };
        let mut inputs = [Q16::ZERO; TAPS];
        for (input, lag) in inputs.iter_mut().zip(lags) {
            *input = deviations(history[usize::from(*lag) - 1], 8);
        }
        let State { shared, own, bias } = &mut state;
        let expected = (kernel.estimate)(&hyper, taps, shared, own, *bias, &inputs);
        let forecast = history[0] + ((i64::from(expected.to_bits()) * scale) >> 16);
        let step = deviations(sample, 60);
        let error = step.saturating_sub(expected);
        let clip = residual.usual().saturating_mul(Q16::from_num(2));
        let heard = if clip > Q16::ZERO { error.clamp(-clip, clip) } else { error };
        (kernel.learn)(&hyper, taps, shared, own, bias, &inputs, step, heard, rate);
        residual.observe(magnitude(error), magnitude(step), false);
        if n >= signal.len() / 2 {
            model += (sample - forecast).abs();
            persistence += (sample - history[0]).abs();
        }
        scale_wide += shrink(((sample - history[0]).abs() << 9) - scale_wide, n as u32, 9);
        history.rotate_right(1);
        history[0] = sample;
    }
    let count = (signal.len() - signal.len() / 2) as i64;
    Outcome { model: model / count, persistence: persistence / count, state }
}

/// Steps a kernel from any state over any input, which must not panic; weights and bias that start
/// within +-4 stay there, and the node's own values become as `is_bounded` asks of them.
pub fn assert_robust(
    kernel: &Kernel,
    words: &[i32; 28],
    hyper: [u8; 4],
    taps: u8,
    is_bounded: impl Fn(&[Q16; TAPS]) -> bool,
) {
    let slots = |from: usize| core::array::from_fn(|slot| Q16::from_bits(words[from + slot]));
    let inputs: [Q16; TAPS] = slots(16);
    let [bias, step, error, rate] = [24, 25, 26, 27].map(|slot| Q16::from_bits(words[slot]));
    let bound = Q16::from_bits(WEIGHT_LIMIT);
    let wild = State { shared: slots(0), own: slots(8), bias };
    let tame = State { shared: wild.shared.map(|weight| weight.clamp(-bound, bound)), ..wild };
    for mut state in [wild, tame] {
        let is_tame = state == tame;
        let State { shared, own, bias } = &mut state;
        for rate in [rate, percent(20), percent(1), Q16::ONE] {
            let _ = (kernel.estimate)(&hyper, taps, shared, own, *bias, &inputs);
            (kernel.learn)(&hyper, taps, shared, own, bias, &inputs, step, error, rate);
            assert!(!is_tame || shared.iter().all(|weight| weight.abs() <= bound), "{shared:?}");
            assert!(is_bounded(own), "{own:?}");
            assert!(bias.abs() <= bound, "{bias}");
        }
    }
}

/// Signals in 2^-16 of a unit, integers only, so that runs can be golden.
pub mod signals {
    use super::Vec;
    use crate::draw::{Purpose, draw};

    /// Period 40, height 10.
    pub fn triangle(count: u32) -> Vec<i32> {
        (0..count as i32).map(|n| (20 - (n % 40 - 20).abs()) << 15).collect()
    }

    /// Two parabolas for a period of 48, height 10.
    pub fn sine(count: u32) -> Vec<i32> {
        let arch = |phase: i32| phase * (24 - phase) * 4_551;
        (0..count as i32).map(|n| if n % 48 < 24 { arch(n % 24) } else { -arch(n % 24) }).collect()
    }

    /// Each step is 0.7 of the one before, plus noise.
    pub fn correlated_steps(count: u32) -> Vec<i32> {
        let (mut level, mut step) = (0, 0);
        let signal = (0..count).map(|n| {
            step = step * 7 / 10 + noise(n);
            level += step;
            level
        });
        signal.collect()
    }

    /// The sum of all noise so far.
    pub fn random_walk(count: u32) -> Vec<i32> {
        let mut level = 0;
        let signal = (0..count).map(|n| {
            level += noise(n);
            level
        });
        signal.collect()
    }

    /// Uniform in +-1/2.
    fn noise(n: u32) -> i32 {
        (draw(1, Purpose::Noise, 0, u64::from(n), 0) >> 48) as i32 - 32_768
    }
}
