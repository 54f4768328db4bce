//! One step of each kind of predictor: forecast the sample, then learn from it. Beside the linear
//! kind stands the same work in plain floating point. Must not decide anything: budgets of the
//! linear kind are 60 ns with 4 taps and 90 ns with 8. Run with
//! `cargo bench -p qres-core --bench predict`; with `-- --pairs` the linear kind and the floats
//! take turns.

mod pairs;

use std::hint::black_box;

use divan::Bencher;
use qres_core::neuron::{Form, NeuronConfig, SwarmNeuron, TAPS};
use qres_core::neuron::{cascade, spiking};
use qres_core::q16::{Q16, percent};

/// Samples of the signal, which comes round and round.
const STEPS: usize = 1_000;
const LAGS: [u8; TAPS] = [2, 3, 4, 8, 16, 23, 24, 25];

fn main() {
    if !pairs::asked() {
        return divan::main();
    }
    for taps in [4, 8] {
        pairs::pair(&format!("predict/linear/{taps}"), linear_steps(taps), float_steps(taps));
    }
}

/// A wave with some roughness, 2^-16 of a unit.
fn signal() -> Vec<i32> {
    let wave = |n: i32| (20 - (n % 40 - 20).abs()) * 32_768;
    (0..STEPS as i32).map(|n| wave(n) + (n * 7_919 % 1_009 - 504) * 64).collect()
}

fn config(taps: u8) -> NeuronConfig {
    let mut form = Form { taps, lags: LAGS, ..Form::default() };
    form.lags.iter_mut().skip(usize::from(taps)).for_each(|lag| *lag = 0);
    NeuronConfig { form, ..NeuronConfig::default() }
}

/// A step of the linear kind for each call.
fn linear_steps(taps: u8) -> impl FnMut() {
    let config = config(taps);
    let mut neuron = SwarmNeuron::new(&config);
    let mut samples = signal().into_iter().cycle();
    move || {
        let sample = Q16::from_bits(samples.next().unwrap_or(0));
        black_box(neuron.forecast_and_adapt(&config, black_box(sample), percent(1), Q16::ONE));
    }
}

#[divan::bench(args = [4, 8])]
fn linear(bencher: Bencher, taps: u8) {
    bencher.bench_local(linear_steps(taps));
}

/// The arithmetic of the linear kind with hardware's floating point.
#[derive(Default)]
struct Float {
    history: [f64; 32],
    weights: [f64; TAPS],
    personal: [f64; TAPS],
    bias: f64,
    scale: f64,
    head: usize,
}

impl Float {
    fn back(&self, back: usize) -> f64 {
        self.history[self.head.wrapping_sub(1).wrapping_sub(back) % 32]
    }

    fn step(&mut self, lags: &[u8], sample: f64) -> f64 {
        let (level, inverse) = (self.back(0), 1.0 / self.scale.max(1e-3));
        let mut inputs = [0.0; TAPS];
        for (input, lag) in inputs.iter_mut().zip(lags) {
            *input = ((self.back(usize::from(*lag) - 1) - level) * inverse).clamp(-8.0, 8.0);
        }
        let slots = self.weights.iter().zip(&self.personal).zip(&inputs);
        let expected = slots.map(|((w, p), z)| (w + p) * z).sum::<f64>() + self.bias;
        let error = ((sample - level) * inverse).clamp(-60.0, 60.0) - expected;
        let heard = error.clamp(-2.0, 2.0);
        let power = inputs.iter().map(|z| z * z).sum::<f64>() + 8.0;
        let gain = 0.01 * heard / power;
        let slots = self.weights.iter_mut().zip(&mut self.personal).zip(&inputs);
        for ((weight, personal), input) in slots.take(lags.len()) {
            let change = gain * input;
            *weight = (*weight + 0.75 * change).clamp(-4.0, 4.0);
            *personal = (*personal * (1.0 - 1.0 / 1024.0) + 0.25 * change).clamp(-4.0, 4.0);
        }
        self.bias = (self.bias * (1.0 - 1.0 / 1024.0) + gain).clamp(-4.0, 4.0);
        self.scale += ((sample - level).abs() - self.scale) / 512.0;
        self.history[self.head % 32] = sample;
        self.head = self.head.wrapping_add(1);
        error
    }
}

/// A step in floats for each call.
fn float_steps(taps: u8) -> impl FnMut() {
    let signal: Vec<f64> = signal().iter().map(|bits| f64::from(*bits) / 65_536.0).collect();
    let mut model = Float::default();
    let mut samples = signal.into_iter().cycle();
    move || {
        let sample = samples.next().unwrap_or(0.0);
        black_box(model.step(black_box(&LAGS[..usize::from(taps)]), black_box(sample)));
    }
}

#[divan::bench(args = [4, 8])]
fn linear_f64(bencher: Bencher, taps: u8) {
    bencher.bench_local(float_steps(taps));
}

type Kernel = (
    fn(&[u8; 4], u8, &[Q16; TAPS], &[Q16; TAPS], Q16, &[Q16; TAPS]) -> Q16,
    fn(&[u8; 4], u8, &mut [Q16; TAPS], &mut [Q16; TAPS], &mut Q16, &[Q16; TAPS], Q16, Q16, Q16),
);

/// A kernel alone, its inputs given: what the linear kind does beside is the same for all.
fn kernel(bencher: Bencher, (estimate, learn): Kernel, hyper: [u8; 4], taps: u8) {
    let signal = signal();
    let scale = 32_768_i64;
    let inputs: Vec<([Q16; TAPS], Q16)> = (26..STEPS)
        .map(|now| {
            let away = |back: usize| i64::from(signal[now - back] - signal[now - 1]);
            let mut inputs = [Q16::ZERO; TAPS];
            for (input, lag) in inputs.iter_mut().zip(&LAGS[..usize::from(taps)]) {
                let bits = (away(usize::from(*lag)) << 16) / scale;
                *input = Q16::from_bits(bits.clamp(-(8 << 16), 8 << 16) as i32);
            }
            (inputs, Q16::from_bits(((away(0) << 16) / scale) as i32))
        })
        .collect();
    let (mut shared, mut own, mut bias) = ([Q16::ZERO; TAPS], [Q16::ZERO; TAPS], Q16::ZERO);
    let nothing = ([Q16::ZERO; TAPS], Q16::ZERO);
    let mut steps = inputs.iter().cycle();
    bencher.bench_local(|| {
        let (inputs, step) = black_box(steps.next().unwrap_or(&nothing));
        let error = *step - estimate(&hyper, taps, &shared, &own, bias, inputs);
        learn(&hyper, taps, &mut shared, &mut own, &mut bias, inputs, *step, error, percent(1));
    });
    black_box((shared, own, bias));
}

#[divan::bench(args = [4, 8])]
fn cascade(bencher: Bencher, taps: u8) {
    let both: Kernel = (cascade::estimate, cascade::learn);
    kernel(bencher, both, cascade::DEFAULT_HYPER, taps);
}

#[divan::bench(args = [4, 8])]
fn spiking(bencher: Bencher, taps: u8) {
    let both: Kernel = (spiking::estimate, spiking::learn);
    kernel(bencher, both, spiking::DEFAULT_HYPER, taps);
}
