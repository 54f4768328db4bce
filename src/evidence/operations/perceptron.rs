//! The dense baseline: a perceptron with one hidden layer, trained in floating point on the first
//! part of a record and then run in 8-bit integers. It does not learn while it runs.

use qres_core::draw::{Purpose, draw};
use qres_core::neuron::TAPS;
use qres_core::q16::Q16;
use qres_core::tally::Tally as _;

use super::energy::Counts;
use super::stream::{Model, walk};

/// Passes over the training part.
const PASSES: u32 = 6;
/// Step of stochastic gradient descent at first; it falls to zero in a straight line.
const STEP: f32 = 0.01;
/// Errors are cut at this many deviations, as those of the other kinds are at twice the usual.
const CLIP: f32 = 2.0;
/// Inputs are in sixteenths of a deviation, so that 8 bits hold what the neuron hears.
const INPUT_LOG2: i32 = 4;

/// `estimate = sum(v_h * max(0, sum(w_hi * d_i) + b_h)) + c` over the steps `d_i` between taps.
#[derive(Clone, Debug)]
pub(super) struct Perceptron {
    taps: usize,
    /// For each hidden unit its weights, in 2^-`first_log2`.
    first: Vec<Vec<i8>>,
    first_bias: Vec<i32>,
    first_log2: i32,
    /// Hidden values are in 2^-`hidden_log2`.
    hidden_log2: i32,
    second: Vec<i8>,
    second_log2: i32,
    second_bias: i32,
}

impl Model for Perceptron {
    fn estimate(&self, counts: &mut Counts, inputs: &[Q16; TAPS]) -> Q16 {
        let mut steps = [0_i32; TAPS];
        for (slot, step) in steps.iter_mut().zip(differences(inputs, self.taps)) {
            *slot = ((step + (1 << 11)) >> 12).clamp(-127, 127);
        }
        counts.load(self.taps);
        counts.add(2 * self.taps);
        counts.shift(self.taps);
        counts.compare(2 * self.taps);
        counts.bytes += self.taps as u64;
        let mut sum = self.second_bias;
        for ((weights, bias), out) in self.first.iter().zip(&self.first_bias).zip(&self.second) {
            let products =
                weights.iter().zip(steps).map(|(weight, step)| i32::from(*weight) * step);
            let level = (products.sum::<i32>() + bias).max(0);
            let hidden = shifted(level, self.first_log2 + INPUT_LOG2 - self.hidden_log2).min(127);
            sum += hidden * i32::from(*out);
            // One product and one addition for each weight; weights and steps are a byte each.
            counts.small_multiplications += self.taps as u64 + 1;
            counts.add(self.taps + 2);
            counts.compare(2);
            counts.shift(1);
            counts.bytes += 2 * self.taps as u64 + 5;
        }
        counts.shift(1);
        counts.load(1);
        Q16::from_bits(shifted(sum, self.hidden_log2 + self.second_log2 - 16))
    }

    fn learn(&mut self, _: &mut Counts, _: &[Q16; TAPS], _: Q16, _: Q16, _: Q16) {}
}

/// Collects what a model would see.
#[derive(Default)]
struct Recorder(Vec<([f32; TAPS], f32)>);

impl Model for Recorder {
    fn estimate(&self, _: &mut Counts, _: &[Q16; TAPS]) -> Q16 {
        Q16::ZERO
    }
    fn learn(&mut self, _: &mut Counts, inputs: &[Q16; TAPS], step: Q16, _: Q16, _: Q16) {
        let unit = |bits: i32| bits as f32 / 65_536.0;
        let mut steps = [0.0; TAPS];
        for (slot, bits) in steps.iter_mut().zip(differences(inputs, TAPS)) {
            *slot = unit(bits).clamp(-8.0, 8.0);
        }
        self.0.push((steps, unit(step.to_bits()).clamp(-8.0, 8.0)));
    }
}

/// The network in floating point.
struct Network {
    taps: usize,
    first: Vec<[f32; TAPS]>,
    first_bias: Vec<f32>,
    second: Vec<f32>,
    second_bias: f32,
}

/// Trains a perceptron with `hidden` units on `record` by stochastic gradient descent on Huber's
/// loss, and rounds it to 8 bits.
pub(super) fn train(record: &[i32], lags: &[u8], hidden: usize) -> Perceptron {
    let mut recorder = Recorder::default();
    walk(&mut recorder, record, lags, 0);
    // The scale settles over the first 512 samples.
    let samples = recorder.0.get(512..).unwrap_or_default();
    let taps = lags.len().min(TAPS);
    let uniform = |n: usize| {
        let bits = draw(1, Purpose::Noise, 0, 0, n as u32);
        (bits >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    let spread = (3.0 / taps as f32).sqrt();
    let mut network = Network {
        taps,
        first: (0..hidden)
            .map(|unit| std::array::from_fn(|tap| spread * uniform(unit * TAPS + tap)))
            .collect(),
        first_bias: vec![0.0; hidden],
        second: vec![0.0; hidden],
        second_bias: 0.0,
    };
    let total = samples.len() * PASSES as usize;
    for n in 0..total {
        let step = STEP * (1.0 - n as f32 / total as f32);
        // A stride that shares no factor with the count visits each sample once a pass.
        if let Some((inputs, wanted)) = samples.get(n * 7_919 % samples.len()) {
            network.descend(inputs, *wanted, step);
        }
    }
    network.rounded(samples)
}

impl Network {
    fn hidden(&self, inputs: &[f32; TAPS]) -> Vec<f32> {
        let unit = |(weights, bias): (&[f32; TAPS], &f32)| {
            let sum: f32 = weights.iter().zip(inputs).take(self.taps).map(|(w, x)| w * x).sum();
            (sum + bias).max(0.0)
        };
        self.first.iter().zip(&self.first_bias).map(unit).collect()
    }

    fn descend(&mut self, inputs: &[f32; TAPS], wanted: f32, step: f32) {
        let hidden = self.hidden(inputs);
        let estimate: f32 = hidden.iter().zip(&self.second).map(|(h, v)| h * v).sum();
        let error = (wanted - estimate - self.second_bias).clamp(-CLIP, CLIP);
        // Normalised by the power of the layer, so that a spike makes no wild step.
        let power: f32 = 1.0 + hidden.iter().map(|h| h * h).sum::<f32>();
        let push = step * error / power.sqrt();
        let units = self.first.iter_mut().zip(&mut self.first_bias).zip(&mut self.second);
        for (((weights, bias), out), level) in units.zip(hidden) {
            if level > 0.0 {
                let back = (push * *out).clamp(-0.01, 0.01);
                for (weight, input) in weights.iter_mut().zip(inputs).take(self.taps) {
                    *weight = (*weight + back * input).clamp(-4.0, 4.0);
                }
                *bias += back;
            }
            *out = (*out + push * level).clamp(-4.0, 4.0);
        }
        self.second_bias += push;
    }

    /// Rounds to 8 bits, with a power of two as scale for each layer.
    fn rounded(&self, samples: &[([f32; TAPS], f32)]) -> Perceptron {
        let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, f32::max);
        let first_log2 = scale_log2(largest(&mut self.first.iter().flatten().map(|w| w.abs())));
        let second_log2 = scale_log2(largest(&mut self.second.iter().map(|v| v.abs())));
        // What the largest thousandth of hidden values is above is cut.
        let mut levels: Vec<f32> = samples
            .iter()
            .step_by(16)
            .map(|(inputs, _)| self.hidden(inputs).into_iter().fold(0.0, f32::max))
            .collect();
        levels.sort_by(f32::total_cmp);
        let high = levels.get(levels.len() * 999 / 1000).copied().unwrap_or(1.0);
        let hidden_log2 = scale_log2(high);
        let byte = |value: f32, log2: i32| scaled(value, log2).clamp(-127, 127) as i8;
        Perceptron {
            taps: self.taps,
            first: self
                .first
                .iter()
                .map(|row| row.iter().take(self.taps).map(|w| byte(*w, first_log2)).collect())
                .collect(),
            first_bias: self
                .first_bias
                .iter()
                .map(|bias| scaled(*bias, first_log2 + INPUT_LOG2))
                .collect(),
            first_log2,
            hidden_log2,
            second: self.second.iter().map(|v| byte(*v, second_log2)).collect(),
            second_log2,
            second_bias: scaled(self.second_bias, hidden_log2 + second_log2),
        }
    }
}

/// The steps between neighbouring taps, in 2^-16 deviations.
fn differences(inputs: &[Q16; TAPS], taps: usize) -> [i32; TAPS] {
    let mut steps = [0; TAPS];
    let mut nearer = 0;
    for (slot, input) in steps.iter_mut().zip(inputs).take(taps) {
        *slot = nearer - input.to_bits();
        nearer = input.to_bits();
    }
    steps
}

/// The largest power of two, -8 to 12, by which `largest` still fits into 127.
fn scale_log2(largest: f32) -> i32 {
    (-8..=12).rev().find(|log2| largest * power(*log2) <= 127.0).unwrap_or(-8)
}

fn scaled(value: f32, log2: i32) -> i32 {
    (value * power(log2)).round() as i32
}

fn power(log2: i32) -> f32 {
    if log2 >= 0 { (1_u32 << log2) as f32 } else { 1.0 / (1_u32 << -log2) as f32 }
}

/// `value` / 2^`by`, rounded to nearest.
fn shifted(value: i32, by: i32) -> i32 {
    if by <= 0 {
        return value << -by.max(-16);
    }
    (value + (1 << (by - 1))) >> by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_round_to_nearest() {
        assert_eq!([shifted(5, 1), shifted(-5, 1), shifted(3, -2)], [3, -2, 12]);
        assert_eq!([scale_log2(1.0), scale_log2(2.1), scale_log2(0.001)], [6, 5, 12]);
    }

    #[test]
    fn it_learns_a_triangle_and_counts_its_products() {
        let record: Vec<i32> = (0..4_000_i32).map(|n| (20 - (n % 40 - 20).abs()) << 15).collect();
        let lags = [2, 3, 4, 8];
        let mut model = train(&record[..2_000], &lags, 4);
        let score = walk(&mut model, &record, &lags, 2_000);
        assert!(score.mae() < 0.4, "{}", score.mae());
        let samples = score.samples;
        assert_eq!(score.predict.small_multiplications, samples * 4 * (4 + 1));
        assert_eq!(score.learn, Counts::default());
    }
}
