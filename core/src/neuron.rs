//! The predictor: what a node learns about its own sensor and shares with its group.
//!
//! It must not know of regimes, peers or energy; the learning rate is an argument.

use crate::gene::{self, GeneError};
use crate::id::GroupId;
use crate::q16::{Q16, dot, magnitude, round_q32, shrink};

/// Weights of a model, at most.
pub const TAPS: usize = 8;
/// Samples that a node remembers.
pub const HISTORY: usize = 32;
/// The nearest sample a tap may look at: the newest one is the reference, so its tap would be 0.
pub const LAG_MIN: u8 = 2;
/// The oldest sample a tap may look at; what lies beyond serves to judge offered models.
pub const LAG_MAX: u8 = 25;
/// Recent samples on which an offered model is judged.
pub const TRIAL_SAMPLES: u8 = HISTORY as u8 - LAG_MAX;

/// Samples over which the scale settles: 2^9.
const SCALE_SHIFT: u32 = 9;
/// Inputs are kept within this many deviations, so that one spike cannot ruin many forecasts.
const INPUT_LIMIT: i64 = 8 << 16;
/// Residuals are kept within this many deviations.
const RESIDUAL_LIMIT: i64 = 60 << 16;
/// Weights stay within this, as a Q16.16 bit pattern: +-4. The bias too.
pub const WEIGHT_LIMIT: i32 = 4 << 16;
/// Added to the input power so that a quiet input does not make a wild step.
const POWER_FLOOR: i64 = 8 << 16;
/// The smallest deviation a sensor is given: 2^-10 of its unit.
const SCALE_FLOOR: i64 = 1 << 6;
/// Personal part and bias lose 2^-10 of themselves with each sample.
const LEAK_SHIFT: u32 = 10;

/// What a mesh agrees on before it starts: which past samples the taps see, and how to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeuronConfig {
    /// Taps in use, 1 to [`TAPS`].
    pub taps: u8,
    /// How many samples back each tap looks, [`LAG_MIN`] to [`LAG_MAX`].
    pub lags: [u8; TAPS],
    /// The error that the neuron learns from is cut at this many usual |residual|s (0: never),
    /// which moves least squares towards least absolute error on heavy-tailed sensors.
    pub error_clip: Q16,
    /// Share of each step that goes to the shared weights, 0 to 1; the rest is personal.
    pub shared_step: Q16,
}

impl Default for NeuronConfig {
    fn default() -> Self {
        Self {
            taps: 4,
            lags: [2, 3, 4, 8, 0, 0, 0, 0],
            error_clip: Q16::from_bits(2 << 16),
            shared_step: Q16::from_bits(49_152),
        }
    }
}

impl NeuronConfig {
    /// The lags in use.
    #[must_use]
    pub fn active(&self) -> &[u8] {
        self.lags.get(..usize::from(self.taps)).unwrap_or(&self.lags)
    }
}

/// A predictor that learns on its own stream and can trade models with its peers.
pub trait SwarmNeuron {
    /// Predicts the next sample, in the sensor's unit.
    fn predict(&mut self, config: &NeuronConfig) -> Q16;
    /// Learns from the sample that came, at `rate`; `usual` is the usual |residual|. Both that and
    /// the returned |residual| are in deviations.
    fn adapt(&mut self, config: &NeuronConfig, sample: Q16, rate: Q16, usual: Q16) -> Q16;
    /// The model as bytes that a peer can install: see [`crate::gene`].
    fn export_gene(&self, config: &NeuronConfig, group: GroupId) -> gene::GeneBytes;
    /// Replaces the model by a peer's.
    ///
    /// # Errors
    /// Says what is wrong with the bytes; the model is then unchanged.
    fn install_gene(
        &mut self,
        config: &NeuronConfig,
        group: GroupId,
        bytes: &[u8],
    ) -> Result<(), GeneError>;
}

/// A linear predictor trained by normalised least mean squares (Nagumo and Noda, "A learning
/// method for system identification", 1967) on locally normalised samples.
///
/// `prediction = x[1] + scale * (sum((weight_i + personal_i) * z_i) + bias)` with
/// `z_i = (x[lag_i] - x[1]) / scale`, where `x[k]` is the sample `k` steps before the one
/// predicted. The newest sample is the local level and the running mean |step| the local scale, so
/// that weights carry no unit and fit any node of the group. Untrained (all weights zero) it is
/// exactly the persistence forecast. Weights are shared; level, scale, bias and the personal part
/// never leave the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinearNeuron {
    /// Shared weights, dimensionless, within +-4.
    pub weights: [Q16; TAPS],
    /// What this node adds to the shared weights for itself.
    pub personal: [Q16; TAPS],
    checkpoint: [Q16; TAPS],
    history: [Q16; HISTORY],
    bias: Q16,
    samples: u32,
    /// Running mean |step| in 2^-25 of the unit.
    scale_wide: i64,
    prediction: Q16,
    /// The forecast step, in deviations.
    expected: Q16,
    /// The latest step, in deviations: the persistence forecast's error.
    step: Q16,
    head: u8,
    frozen: bool,
}

crate::canonical!(struct LinearNeuron {
    weights, personal, checkpoint, history, bias, samples, scale_wide, prediction, expected, step,
    head, frozen,
});

impl Default for LinearNeuron {
    fn default() -> Self {
        Self {
            weights: [Q16::ZERO; TAPS],
            personal: [Q16::ZERO; TAPS],
            checkpoint: [Q16::ZERO; TAPS],
            history: [Q16::ZERO; HISTORY],
            bias: Q16::ZERO,
            samples: 0,
            scale_wide: 0,
            prediction: Q16::ZERO,
            expected: Q16::ZERO,
            step: Q16::ZERO,
            head: 0,
            frozen: false,
        }
    }
}

impl LinearNeuron {
    /// Samples learned from so far.
    #[must_use]
    pub const fn samples(&self) -> u32 {
        self.samples
    }

    /// Whether the memory is full: models can be judged on it, and this one is worth sharing.
    #[must_use]
    pub const fn is_trained(&self) -> bool {
        self.samples as usize >= HISTORY
    }

    /// The latest sample, in the sensor's unit.
    #[must_use]
    pub fn last_sample(&self) -> Q16 {
        self.sample_back(0)
    }

    /// The latest prediction, in the sensor's unit.
    #[must_use]
    pub const fn prediction(&self) -> Q16 {
        self.prediction
    }

    /// |Latest sample minus the one before|, in deviations: the persistence forecast's error.
    #[must_use]
    pub fn persistence_error(&self) -> Q16 {
        magnitude(self.step)
    }

    /// The running mean |step| of the sensor, in its unit; never below 2^-10.
    #[must_use]
    pub fn scale(&self) -> Q16 {
        Q16::from_bits(self.scale_bits().min(i64::from(i32::MAX)) as i32)
    }

    /// Holds the scale where it is while the signal is disturbed.
    pub const fn freeze_scale(&mut self, frozen: bool) {
        self.frozen = frozen;
    }

    /// Remembers the present weights as healthy.
    pub const fn checkpoint(&mut self) {
        self.checkpoint = self.weights;
    }

    /// The divergence guard: back to the last healthy weights.
    pub const fn restore(&mut self) {
        self.weights = self.checkpoint;
        self.personal = [Q16::ZERO; TAPS];
        self.bias = Q16::ZERO;
    }

    /// Takes `merged` as the shared weights.
    pub fn adopt(&mut self, config: &NeuronConfig, merged: &[Q16; TAPS]) {
        let slots = self.weights.iter_mut().zip(merged);
        for (weight, new) in slots.take(usize::from(config.taps)) {
            *weight = limit(i64::from(new.to_bits()));
        }
    }

    /// Mean |error| in deviations that `weights` (with this node's personal part and bias) would
    /// have made on the last [`TRIAL_SAMPLES`] samples; `None` before enough are known.
    #[must_use]
    pub fn trial(&self, config: &NeuronConfig, weights: &[Q16; TAPS]) -> Option<Q16> {
        if !self.is_trained() {
            return None;
        }
        let inverse = self.inverse_scale();
        let mut sum = 0_i64;
        for back in 0..TRIAL_SAMPLES {
            let level = self.sample_back(back + 1);
            let inputs = self.inputs(config, back, level, inverse);
            let step = deviations(self.sample_back(back), level, inverse, RESIDUAL_LIMIT);
            let error = step.saturating_sub(self.estimate(weights, &inputs));
            sum += i64::from(magnitude(error).to_bits());
        }
        Some(Q16::from_bits((sum / i64::from(TRIAL_SAMPLES)).min(i64::from(i32::MAX)) as i32))
    }

    /// [`SwarmNeuron::predict`] and [`SwarmNeuron::adapt`] at once, with the inputs computed once.
    pub fn forecast_and_adapt(
        &mut self,
        config: &NeuronConfig,
        sample: Q16,
        rate: Q16,
        usual: Q16,
    ) -> Q16 {
        let inverse = self.inverse_scale();
        let inputs = self.inputs(config, u8::MAX, self.sample_back(0), inverse);
        self.forecast(&inputs);
        self.take(config, &inputs, inverse, sample, rate, usual)
    }

    /// Predicts the next sample from `inputs`.
    fn forecast(&mut self, inputs: &[Q16; TAPS]) {
        self.expected = self.estimate(&self.weights, inputs);
        let away = self.expected.saturating_mul(self.scale());
        self.prediction = self.sample_back(0).saturating_add(away);
    }

    /// Learns from the sample that came and remembers it.
    fn take(
        &mut self,
        config: &NeuronConfig,
        inputs: &[Q16; TAPS],
        inverse: i64,
        sample: Q16,
        rate: Q16,
        usual: Q16,
    ) -> Q16 {
        if self.samples == 0 {
            self.history = [sample; HISTORY];
            self.prediction = sample;
            self.samples = 1;
            return Q16::ZERO;
        }
        self.step = deviations(sample, self.sample_back(0), inverse, RESIDUAL_LIMIT);
        let error = self.step.saturating_sub(self.expected);
        let clip = config.error_clip.saturating_mul(usual);
        let heard = if clip > Q16::ZERO { error.clamp(-clip, clip) } else { error };
        self.learn(config, inputs, heard, rate);
        self.settle(sample);
        if let Some(slot) = self.history.get_mut(usize::from(self.head) % HISTORY) {
            *slot = sample;
        }
        self.head = self.head.wrapping_add(1);
        self.samples = self.samples.saturating_add(1);
        magnitude(error)
    }

    /// The sample `back` steps ago; 0 is the newest.
    fn sample_back(&self, back: u8) -> Q16 {
        let index = usize::from(self.head.wrapping_sub(1).wrapping_sub(back)) % HISTORY;
        self.history.get(index).copied().unwrap_or(Q16::ZERO)
    }

    /// What the taps see when they forecast the sample that is now `back` steps old (the sample
    /// before it is `level`), in deviations.
    fn inputs(&self, config: &NeuronConfig, back: u8, level: Q16, inverse: i64) -> [Q16; TAPS] {
        let mut inputs = [Q16::ZERO; TAPS];
        for (input, lag) in inputs.iter_mut().zip(config.active()) {
            let sample = self.sample_back(back.wrapping_add(*lag));
            *input = deviations(sample, level, inverse, INPUT_LIMIT);
        }
        inputs
    }

    /// The forecast step, in deviations.
    fn estimate(&self, weights: &[Q16; TAPS], inputs: &[Q16; TAPS]) -> Q16 {
        let sum = dot(weights, inputs).saturating_add(dot(&self.personal, inputs));
        round_q32(sum).saturating_add(self.bias)
    }

    /// One NLMS step that takes away a share of `error` over `inputs`.
    fn learn(&mut self, config: &NeuronConfig, inputs: &[Q16; TAPS], error: Q16, rate: Q16) {
        let power = (dot(inputs, inputs) >> 16) + POWER_FLOOR;
        // Q32 shifted once more over Q16: the step per unit of input, in 2^-32.
        let gain = ((i64::from(rate.to_bits()) * i64::from(error.to_bits())) << 8) / (power >> 8);
        let shared = i64::from(config.shared_step.to_bits());
        let slots = self.weights.iter_mut().zip(&mut self.personal).zip(inputs);
        for ((weight, personal), input) in slots.take(usize::from(config.taps)) {
            let change = (gain * i64::from(input.to_bits())) >> 16;
            let common = (change * shared) >> 16;
            *weight = limit(i64::from(weight.to_bits()) + round16(common));
            *personal = limit(leaked(*personal) + round16(change - common));
        }
        self.bias = limit(leaked(self.bias) + round16(gain));
    }

    /// Moves the scale towards |`sample` - newest|: a true average at first, exponential later.
    fn settle(&mut self, sample: Q16) {
        if self.frozen {
            return;
        }
        let away = i64::from(sample.to_bits()) - i64::from(self.sample_back(0).to_bits());
        let gap = (away.abs() << SCALE_SHIFT) - self.scale_wide;
        self.scale_wide += shrink(gap, self.samples, SCALE_SHIFT);
    }

    const fn scale_bits(&self) -> i64 {
        let bits = self.scale_wide >> SCALE_SHIFT;
        if bits > SCALE_FLOOR { bits } else { SCALE_FLOOR }
    }

    /// 1 / scale, in 2^-16 per unit.
    const fn inverse_scale(&self) -> i64 {
        (1 << 32) / self.scale_bits()
    }
}

impl SwarmNeuron for LinearNeuron {
    fn predict(&mut self, config: &NeuronConfig) -> Q16 {
        let inverse = self.inverse_scale();
        let inputs = self.inputs(config, u8::MAX, self.sample_back(0), inverse);
        self.forecast(&inputs);
        self.prediction
    }

    fn adapt(&mut self, config: &NeuronConfig, sample: Q16, rate: Q16, usual: Q16) -> Q16 {
        let inverse = self.inverse_scale();
        let inputs = self.inputs(config, u8::MAX, self.sample_back(0), inverse);
        self.take(config, &inputs, inverse, sample, rate, usual)
    }

    fn export_gene(&self, config: &NeuronConfig, group: GroupId) -> gene::GeneBytes {
        gene::encode(config, group, &self.weights)
    }

    fn install_gene(
        &mut self,
        config: &NeuronConfig,
        group: GroupId,
        bytes: &[u8],
    ) -> Result<(), GeneError> {
        let gene = gene::decode(bytes)?;
        if gene.group != group {
            return Err(GeneError::OtherGroup);
        }
        if gene.lags != config.active() {
            return Err(GeneError::OtherLags);
        }
        self.weights = gene.weights;
        self.checkpoint = gene.weights;
        Ok(())
    }
}

/// (`sample` - `level`) times `inverse`, within +-`limit`.
fn deviations(sample: Q16, level: Q16, inverse: i64, limit: i64) -> Q16 {
    let away = i64::from(sample.to_bits()) - i64::from(level.to_bits());
    Q16::from_bits(((away * inverse) >> 16).clamp(-limit, limit) as i32)
}

/// 2^-32 to 2^-16, to nearest: truncation would add a drift of its own.
const fn round16(wide: i64) -> i64 {
    (wide + (1 << 15)) >> 16
}

fn leaked(value: Q16) -> i64 {
    let bits = i64::from(value.to_bits());
    bits - ((bits + (1 << (LEAK_SHIFT - 1))) >> LEAK_SHIFT)
}

fn limit(bits: i64) -> Q16 {
    Q16::from_bits(bits.clamp(-i64::from(WEIGHT_LIMIT), i64::from(WEIGHT_LIMIT)) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::q16::percent;

    /// Runs a neuron over a signal; returns it with the mean |residual| and the persistence
    /// forecast's, in raw units of 2^-16, over the last half.
    fn run(signal: impl Fn(u32) -> i32, samples: u32, rate: Q16) -> (LinearNeuron, i64, i64) {
        let config = NeuronConfig { error_clip: Q16::ZERO, ..NeuronConfig::default() };
        let mut neuron = LinearNeuron::default();
        let (mut model, mut naive) = (0_i64, 0_i64);
        for n in 0..samples {
            let sample = Q16::from_bits(signal(n));
            let last = neuron.last_sample();
            let forecast = neuron.predict(&config);
            neuron.adapt(&config, sample, rate, Q16::ONE);
            if n >= samples / 2 {
                model += i64::from(magnitude(sample.saturating_sub(forecast)).to_bits());
                naive += i64::from(magnitude(sample.saturating_sub(last)).to_bits());
            }
        }
        (neuron, model / i64::from(samples / 2), naive / i64::from(samples / 2))
    }

    /// A triangle wave of period 40 and height 10.
    fn triangle(n: u32) -> i32 {
        let phase = (n % 40) as i32;
        (20 - (phase - 20).abs()) << 15
    }

    #[test]
    fn untrained_it_is_persistence() {
        let (_, model, naive) = run(triangle, 400, Q16::ZERO);
        assert_eq!(model, naive);
    }

    #[test]
    fn it_learns_a_trend_that_persistence_cannot() {
        let (_, model, naive) = run(triangle, 4_000, percent(5));
        assert!(model * 3 < naive, "{model} against {naive}");
    }

    #[test]
    fn a_faster_rate_learns_faster() {
        let slow = run(triangle, 400, percent(1)).1;
        let fast = run(triangle, 400, percent(5)).1;
        assert!(fast < slow, "{fast} against {slow}");
    }

    #[test]
    fn trial_of_own_weights_agrees_with_recent_errors_and_of_wild_ones_does_not() {
        let config = NeuronConfig::default();
        let (neuron, ..) = run(triangle, 4_000, percent(5));
        let own = neuron.trial(&config, &neuron.weights).expect("history is full");
        let wild = neuron.trial(&config, &[Q16::from_num(3); TAPS]).expect("history is full");
        assert!(own < wild);
        assert_eq!(LinearNeuron::default().trial(&config, &[Q16::ZERO; TAPS]), None);
    }

    #[test]
    fn extremes_saturate_without_wrapping() {
        let signal = |n: u32| if n.is_multiple_of(2) { i32::MAX } else { i32::MIN };
        let (neuron, ..) = run(signal, 300, Q16::ONE);
        let bound = Q16::from_bits(WEIGHT_LIMIT);
        assert!(neuron.weights.iter().all(|w| w.abs() <= bound));
    }

    #[test]
    fn the_guard_goes_back_to_the_checkpoint() {
        let (mut neuron, ..) = run(triangle, 1_000, percent(5));
        let healthy = neuron.weights;
        neuron.checkpoint();
        neuron.weights = [Q16::from_num(4); TAPS];
        neuron.restore();
        assert_eq!(neuron.weights, healthy);
    }

    /// One golden vector by exact hand calculation, so that a change of rounding shows.
    #[test]
    fn golden_step() {
        let config = NeuronConfig { taps: 1, error_clip: Q16::ZERO, ..NeuronConfig::default() };
        let mut neuron = LinearNeuron::default();
        for value in [0, 0, 1, 3] {
            neuron.predict(&config);
            neuron.adapt(&config, Q16::from_num(value), percent(20), Q16::ONE);
        }
        // Third sample: all history is 0, so no input and no change of weight, but the step is
        // cut at 60 deviations of the smallest scale: bias = 0.2 * 60 / 8 = 98303/65536. The
        // scale becomes (0 + 1) / 2. Fourth: z = (0 - 1) / 0.5 = -2, step = (3 - 1) / 0.5 = 4,
        // error = 4 - bias, gain = 0.2 * error / (4 + 8), and three quarters of gain * z is
        // -4095.96 / 65536.
        assert_eq!(neuron.weights[0].to_bits(), -4_096);
        assert_eq!(neuron.scale(), Q16::from_num(1));
    }
}
