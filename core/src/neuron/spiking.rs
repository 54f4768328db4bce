//! The kernel of the spiking kind: leaky integrate-and-fire neurons turn steps into spikes, and
//! spikes into a forecast. Must not know of samples, scales or peers: it sees deviations only.
//!
//! Neuron `i` is fed the step between two neighbouring taps as its current. Its membrane leaks,
//! adds the current and fires one spike for each threshold that it has crossed; each spike takes
//! the threshold away again (reset by subtraction; Lapicque's integrate-and-fire model of 1907 in
//! the form of Gerstner and Kistler, "Spiking neuron models", 2002). Membranes are bipolar: below
//! minus the threshold they fire a spike of opposite sign. With fewer taps than slots, the first
//! neurons also leave a trace, a leaky mean of their spikes, in the slots that are free.
//!
//! ```text
//! d_1 = -z_1,  d_i = z_(i-1) - z_i              the step between taps i - 1 and i
//! m_i = m_i * (1 - 2^-l) + d_i                  membrane
//! n_i = spikes, each one threshold T: m_i loses T for each
//! estimate = sum(w_i * T * n_i) + sum(u_i * trace_i) + b
//! gain     = rate * 2^(g - 2) * error / 2^k     2^k: least power of two >= power + 8
//! w_i     += gain * T for each spike,  u_i += gain * trace_i
//! trace_i += (T * n_i - trace_i) * 2^-s         after learning: it holds the past
//! ```
//!
//! Work is done by event: a neuron that stays silent costs its leak and two comparisons, and a
//! spike costs two additions to forecast and two to learn. Only traces need products. The readout
//! learns by the delta rule (Widrow and Hoff, "Adaptive switching circuits", 1960), gated by spikes
//! and with a normalisation that is a shift. A weight means deviations per deviation, whatever the
//! threshold, so weights of several nodes can be averaged. `own` holds a membrane for each tap,
//! then the traces.

use crate::neuron::{TAPS, WEIGHT_LIMIT};
use crate::q16::{Q16, round_q32};
use crate::tally::Tally;

/// Hyper-parameters, least and most: the threshold `T` (2^(this - 4) deviations); `l`, the leak of
/// membranes; `s`, the leak of traces (0: no traces); `g`, the gain (2^(g - 2) times the rate).
pub const HYPER_RANGES: [(u8, u8); 4] = [(1, 5), (1, 6), (0, 6), (0, 4)];
/// What did well on hourly air and on ten-minute weather: half a deviation to a spike.
pub const DEFAULT_HYPER: [u8; 4] = [3, 2, 2, 3];
/// Spikes that a neuron fires for one sample, at most; what would be more is lost.
pub const BURST: u8 = 64;

/// Added to the power so that a quiet input does not make a wild step.
const POWER_FLOOR: i64 = 8 << 16;
/// Currents and traces are kept within 16 deviations: the step between two cut inputs.
const CURRENT_LIMIT: i32 = 16 << 16;
/// Errors are heard up to 128 deviations either way.
const ERROR_LIMIT: i64 = 128 << 16;
/// The bias loses 2^-10 of itself with each sample.
const BIAS_LEAK: u32 = 10;
/// The threshold of hyper-parameter 0, as a power of two of 2^-16 deviations.
const THRESHOLD_LOG2: u32 = 12;

/// What the neurons did for one sample.
struct Fired {
    /// Spikes, with their sign.
    spikes: [i8; TAPS],
    /// Membranes afterwards.
    membranes: [Q16; TAPS],
}

/// Hyper-parameters as the kernel uses them.
#[derive(Clone, Copy)]
struct Settings {
    threshold_log2: u32,
    membrane_leak: u32,
    trace_leak: u32,
    gain_log2: u32,
    neurons: usize,
    traces: usize,
}

/// Whether each hyper-parameter is within [`HYPER_RANGES`]. Others are read as the nearest that is.
#[must_use]
pub fn in_range(hyper: &[u8; 4]) -> bool {
    hyper.iter().zip(HYPER_RANGES).all(|(value, (least, most))| (least..=most).contains(value))
}

/// The forecast step in deviations: what the spikes that `inputs` cause say of the next sample.
/// Membranes stay as they are.
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

/// Learns from `error`, what came less the estimate, at `rate` (0 to 1), and moves membranes and
/// traces on by one sample. The step itself, `_step`, is not needed here.
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
    let settings = settings(*hyper, taps);
    let fired = fire(tally, settings, own, inputs);
    let mut sum = 0_i32;
    for (weight, spikes) in shared.iter().zip(fired.spikes).take(settings.neurons) {
        if spikes == 0 {
            continue;
        }
        let weight = limit(i64::from(weight.to_bits())).to_bits();
        let share = if spikes > 0 { weight } else { -weight };
        tally.load(1);
        tally.compare(2);
        for _ in 0..spikes.unsigned_abs() {
            sum += share;
            tally.add(1);
        }
    }
    let mut wide = i64::from(sum) << settings.threshold_log2;
    tally.shift(1);
    let traced = shared.iter().zip(own).skip(settings.neurons).take(settings.traces);
    for (weight, trace) in traced {
        tally.load(1);
        tally.compare(1);
        if *trace == Q16::ZERO {
            continue;
        }
        wide = wide.saturating_add(i64::from(weight.to_bits()) * bounded(*trace));
        tally.load(1);
        tally.multiply(1);
        tally.add(1);
    }
    tally.load(1);
    tally.add(2);
    tally.shift(1);
    round_q32(wide).saturating_add(bias)
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
    let settings = settings(*hyper, taps);
    let fired = fire(tally, settings, own, inputs);
    let gain = gain(tally, settings, &fired, own, error, rate);
    let change = round16((gain << settings.threshold_log2) >> 16);
    tally.shift(2);
    tally.add(1);
    for (weight, spikes) in shared.iter_mut().zip(fired.spikes).take(settings.neurons) {
        if spikes == 0 {
            continue;
        }
        let share = if spikes > 0 { change } else { -change };
        let mut next = i64::from(weight.to_bits());
        for _ in 0..spikes.unsigned_abs() {
            next += share;
            tally.add(1);
        }
        *weight = limit(next);
        tally.load(1);
        tally.compare(2);
        tally.store(1);
    }
    let traced = shared.iter_mut().zip(own.iter()).skip(settings.neurons).take(settings.traces);
    for (weight, trace) in traced {
        tally.load(1);
        tally.compare(1);
        if *trace == Q16::ZERO {
            continue;
        }
        let change = round16((gain * bounded(*trace)) >> 16);
        *weight = limit(i64::from(weight.to_bits()) + change);
        tally.load(1);
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
    remember(tally, settings, own, &fired);
}

/// Lets the membranes leak, take their currents and fire.
fn fire(
    tally: &mut impl Tally,
    settings: Settings,
    own: &[Q16; TAPS],
    inputs: &[Q16; TAPS],
) -> Fired {
    let threshold = 1_i32 << settings.threshold_log2;
    let mut fired = Fired { spikes: [0; TAPS], membranes: *own };
    let mut nearer = 0_i32;
    let slots = fired.membranes.iter_mut().zip(&mut fired.spikes).zip(inputs);
    for ((membrane, spikes), input) in slots.take(settings.neurons) {
        let farther = input.to_bits();
        let current = within(nearer.saturating_sub(farther));
        nearer = farther;
        // 32 bits hold all of it: neither term is beyond 16 deviations.
        let rest = within(membrane.to_bits());
        let lost = (rest + (1 << (settings.membrane_leak - 1))) >> settings.membrane_leak;
        let level = rest - lost + current;
        tally.load(2);
        tally.add(4);
        tally.shift(1);
        let (mut height, mut count) = (level.abs(), 0_i8);
        while height >= threshold && count.unsigned_abs() < BURST {
            height -= threshold;
            count += 1;
            tally.compare(1);
            tally.add(1);
            tally.spike(1);
        }
        height = height.min(threshold);
        tally.compare(2);
        *spikes = if level < 0 { -count } else { count };
        *membrane = Q16::from_bits(if level < 0 { -height } else { height });
    }
    fired
}

/// The step for each unit of spike or trace, in 2^-32: `error` times the rate over the least power
/// of two that the power of spikes and traces does not exceed.
fn gain(
    tally: &mut impl Tally,
    settings: Settings,
    fired: &Fired,
    own: &[Q16; TAPS],
    error: Q16,
    rate: Q16,
) -> i64 {
    // The square of n is the sum of the first n odd numbers: one addition for each spike.
    let mut squares = 0_i64;
    for spikes in fired.spikes.iter().filter(|spikes| **spikes != 0) {
        let count = i64::from(spikes.unsigned_abs());
        squares += count * count;
        tally.add(2 * spikes.unsigned_abs() as usize);
    }
    let mut power = POWER_FLOOR + ((squares << (2 * settings.threshold_log2)) >> 16);
    tally.shift(1);
    tally.add(1);
    for trace in own.iter().skip(settings.neurons).take(settings.traces) {
        power += (bounded(*trace) * bounded(*trace)) >> 16;
        tally.multiply(1);
        tally.shift(1);
        tally.add(1);
    }
    let log2 = 48 - (power - 1).leading_zeros();
    let heard = i64::from(error.to_bits()).clamp(-ERROR_LIMIT, ERROR_LIMIT);
    let rate = i64::from(rate.clamp(Q16::ZERO, Q16::ONE).to_bits());
    tally.add(2);
    tally.multiply(1);
    tally.shift(3);
    (((rate * heard) << settings.gain_log2) >> 2) >> log2
}

/// Keeps the membranes, and moves the traces towards the spikes.
fn remember(tally: &mut impl Tally, settings: Settings, own: &mut [Q16; TAPS], fired: &Fired) {
    let (membranes, traces) = own.split_at_mut(settings.neurons);
    for (slot, membrane) in membranes.iter_mut().zip(&fired.membranes) {
        *slot = *membrane;
        tally.store(1);
    }
    for (trace, spikes) in traces.iter_mut().zip(fired.spikes).take(settings.traces) {
        let past = within(trace.to_bits());
        let gap = (i32::from(spikes) << settings.threshold_log2) - past;
        let half = 1 << (settings.trace_leak - 1);
        *trace = Q16::from_bits(within(past + ((gap + half) >> settings.trace_leak)));
        tally.load(1);
        tally.shift(2);
        tally.add(3);
        tally.store(1);
    }
}

/// Hyper-parameters within their ranges, and who sits in which slot.
fn settings(hyper: [u8; 4], taps: u8) -> Settings {
    let mut values = [0; 4];
    for ((slot, value), (least, most)) in values.iter_mut().zip(hyper).zip(HYPER_RANGES) {
        *slot = u32::from(value.clamp(least, most));
    }
    let [threshold, membrane_leak, trace_leak, gain_log2] = values;
    let neurons = usize::from(taps).min(TAPS);
    let traces = if trace_leak == 0 { 0 } else { neurons.min(TAPS - neurons) };
    let threshold_log2 = THRESHOLD_LOG2 + threshold;
    Settings { threshold_log2, membrane_leak, trace_leak, gain_log2, neurons, traces }
}

fn bounded(value: Q16) -> i64 {
    i64::from(within(value.to_bits()))
}

/// Within the limit of currents and traces.
fn within(bits: i32) -> i32 {
    bits.clamp(-CURRENT_LIMIT, CURRENT_LIMIT)
}

/// 2^-32 to 2^-16, to nearest: truncation would add a drift of its own.
const fn round16(wide: i64) -> i64 {
    (wide + (1 << 15)) >> 16
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

    /// Ratio to persistence at most, in percent, with traces (few taps) and without (all of them).
    #[test]
    fn it_beats_persistence_where_there_is_structure() {
        let table: [(&str, fn(u32) -> Vec<i32>, i64, i64); 4] = [
            ("triangle", signals::triangle, 35, 40),
            ("sine", signals::sine, 17, 12),
            ("correlated steps", signals::correlated_steps, 80, 80),
            ("random walk", signals::random_walk, 101, 101),
        ];
        for (name, signal, short_most, long_most) in table {
            for (lags, most) in [(&SHORT[..], short_most), (&LONG[..], long_most)] {
                let outcome = run(&KERNEL, DEFAULT_HYPER, lags, &signal(6_000), percent(1));
                let percent = 100 * outcome.model / outcome.persistence;
                assert!(percent <= most, "{name}, {} taps: {percent} %", lags.len());
            }
        }
    }

    /// By hand: threshold 1/2, leak 1/4. A step of 1.25 fires twice and leaves 0.25. A quiet sample
    /// leaks that to 0.1875; then 0.375 lifts 0.140625 to 0.515625, which fires once. The rest of
    /// that, 0.015625, leaks to 0.01171875; a step of -1 makes it -0.98828125, which fires once.
    #[test]
    fn membranes_integrate_leak_and_fire() {
        let steps =
            [(81_920, 2, 16_384), (0, 0, 12_288), (24_576, 1, 1_024), (-65_536, -1, -32_000)];
        let mut own = [Q16::ZERO; TAPS];
        for (step, spikes, left) in steps {
            let mut inputs = [Q16::ZERO; TAPS];
            inputs[0] = Q16::from_bits(-step);
            let fired = fire(&mut (), settings(DEFAULT_HYPER, 1), &own, &inputs);
            assert_eq!((fired.spikes[0], fired.membranes[0].to_bits()), (spikes, left), "{step}");
            own = fired.membranes;
        }
    }

    #[test]
    fn silence_costs_no_spike_and_teaches_no_weight() {
        let (mut shared, mut own) = ([Q16::ONE; TAPS], [Q16::ZERO; TAPS]);
        let (mut bias, inputs) = (Q16::ZERO, [Q16::from_bits(9_000); TAPS]);
        let hyper = &DEFAULT_HYPER;
        assert_eq!(estimate(hyper, 4, &shared, &own, bias, &inputs), Q16::ZERO);
        let error = Q16::ONE;
        learn(hyper, 4, &mut shared, &mut own, &mut bias, &inputs, error, error, percent(20));
        assert_eq!(shared, [Q16::ONE; TAPS]);
        assert_eq!(own[0].to_bits(), -9_000, "the current stays on the membrane");
        assert!(bias > Q16::ZERO);
    }

    #[test]
    fn weights_keep_their_meaning_under_another_threshold() {
        let (mut shared, mut inputs) = ([Q16::ZERO; TAPS], [Q16::ZERO; TAPS]);
        shared[0] = Q16::ONE;
        inputs[0] = Q16::from_num(-4);
        for threshold in 1..=5 {
            let hyper = [threshold, 2, 2, 3];
            let forecast = estimate(&hyper, 1, &shared, &[Q16::ZERO; TAPS], Q16::ZERO, &inputs);
            assert_eq!(forecast, Q16::from_num(4), "threshold {threshold}");
        }
    }

    #[test]
    fn golden_run() {
        let outcome = run(&KERNEL, DEFAULT_HYPER, &SHORT, &signals::sine(2_000), percent(1));
        let State { shared, own, bias } = outcome.state;
        let weights = [19_411, 17_291, 13_123, 12_838, 7_392, 3_990, 884, -17_143];
        let rest = [-25_201, -26_543, -13_845, -653, -83_559, -89_567, -97_577, -211_979];
        assert_eq!(shared.map(Q16::to_bits), weights);
        assert_eq!(own.map(Q16::to_bits), rest);
        assert_eq!(bias.to_bits(), 434);
    }

    proptest! {
        #[test]
        fn any_state_and_input_are_survived(bits in any::<[i32; 28]>(), hyper in any::<[u8; 4]>(),
            taps in any::<u8>()) {
            let Settings { neurons, traces, .. } = settings(hyper, taps);
            assert_robust(&KERNEL, &bits, hyper, taps, |own| {
                own[..neurons].iter().all(|membrane| membrane.abs() <= Q16::from_num(2))
                    && own[neurons..][..traces].iter().all(|trace| trace.abs() <= Q16::from_num(16))
            });
        }
    }
}
