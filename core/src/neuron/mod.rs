//! The predictor: what a node learns about its own sensor and shares with its group.
//!
//! It must not know of regimes, peers or energy; the learning rate is an argument.

use crate::gene::{self, Gene, GeneError, GeneId, Lineage};
use crate::id::GroupId;
use crate::q16::{Q16, magnitude, shrink};

pub mod cascade;
pub mod form;
pub mod kernel;
pub mod linear;
mod packed;
#[cfg(test)]
mod rig;
pub mod spiking;

pub use form::{Form, Kind};
use kernel::{Lesson, State};

/// Weights of a model, at most.
pub const TAPS: usize = 8;
/// Samples that a node remembers.
pub const HISTORY: usize = 32;
/// The nearest sample a tap may look at: the newest one is the reference, so its tap would be 0.
pub const LAG_MIN: u8 = 2;
/// The oldest sample a tap may look at; what lies beyond serves to judge offered models.
pub const LAG_MAX: u8 = 25;
/// Recent samples on which an offered model is judged: all that lie within the memory together with
/// what the taps saw before them, so many at most, 7 for a model that looks back as far as it may.
pub const TRIAL_SAMPLES: u8 = HISTORY as u8 - LAG_MIN;

/// Samples over which the scale settles: 2^9.
const SCALE_SHIFT: u32 = 9;
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

/// What a mesh agrees on before it starts: the first model, and how to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeuronConfig {
    /// The structure that every model starts with.
    pub form: Form,
    /// Share of each linear step that goes to the shared weights, 0 to 1; the rest is personal.
    pub shared_step: Q16,
}

impl Default for NeuronConfig {
    fn default() -> Self {
        Self { form: Form::default(), shared_step: Q16::from_bits(49_152) }
    }
}

/// A predictor that learns on its own stream and can trade models with its peers.
///
/// `prediction = x[1] + scale * f(z)` with `z_i = (x[lag_i] - x[1]) / scale`, where `x[k]` is the
/// sample `k` steps before the one predicted and `f` is what the model's kind computes, see
/// [`kernel`]. The newest sample is the local level and the running mean |step| the local scale, so
/// that weights carry no unit and fit any node of the group. Untrained (all weights zero) it is
/// exactly the persistence forecast. Shared weights are exchanged; level, scale, bias and what the
/// model holds of its own never leave the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwarmNeuron {
    form: Form,
    lineage: Lineage,
    /// Cached: what [`Gene::id`] says of form and lineage.
    gene: GeneId,
    state: State,
    checkpoint: [Q16; TAPS],
    history: [Q16; HISTORY],
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

crate::canonical!(struct SwarmNeuron {
    form, lineage, gene, state, checkpoint, history, samples, scale_wide, prediction, expected,
    step, head, frozen,
});

impl SwarmNeuron {
    /// An untrained model of the mesh's first form.
    #[must_use]
    pub fn new(config: &NeuronConfig) -> Self {
        let lineage = Lineage::default();
        Self {
            form: config.form,
            lineage,
            gene: GeneId::of(&config.form, &lineage),
            state: State::default(),
            checkpoint: [Q16::ZERO; TAPS],
            history: [Q16::ZERO; HISTORY],
            samples: 0,
            scale_wide: 0,
            prediction: Q16::ZERO,
            expected: Q16::ZERO,
            step: Q16::ZERO,
            head: 0,
            frozen: false,
        }
    }

    /// The model's structure.
    #[must_use]
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// Where the model's structure comes from.
    #[must_use]
    pub const fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// The id of the model's gene.
    #[must_use]
    pub const fn gene(&self) -> GeneId {
        self.gene
    }

    /// Shared weights, dimensionless, within +-4.
    #[must_use]
    pub const fn weights(&self) -> &[Q16; TAPS] {
        &self.state.shared
    }

    /// All that the model holds.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

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
        self.checkpoint = self.state.shared;
    }

    /// The divergence guard: back to the last healthy weights.
    pub const fn restore(&mut self) {
        self.state = State::with(self.checkpoint);
    }

    /// Takes `merged` as the shared weights.
    pub fn adopt(&mut self, merged: &[Q16; TAPS]) {
        let slots = self.state.shared.iter_mut().zip(merged);
        for (weight, new) in slots.take(usize::from(self.form.taps)) {
            *weight = limit(i64::from(new.to_bits()));
        }
    }

    /// Puts a model of another form or lineage in this one's place.
    pub fn evolve(&mut self, form: Form, lineage: Lineage, state: State) {
        self.form = form;
        self.lineage = lineage;
        self.gene = GeneId::of(&form, &lineage);
        self.checkpoint = state.shared;
        self.state = state;
    }

    /// The exam that offered weights sit: the last samples as the taps saw them, all that the
    /// memory holds of them (see [`TRIAL_SAMPLES`]); `None` before it is full.
    #[must_use]
    pub fn exam(&self) -> Option<Exam<'_>> {
        if !self.is_trained() {
            return None;
        }
        let inverse = self.inverse_scale();
        let question = |back: u8| {
            let level = self.sample_back(back + 1);
            let step = deviations(self.sample_back(back), level, inverse, RESIDUAL_LIMIT);
            (self.inputs(back, level, inverse), step)
        };
        let oldest = self.form.active().iter().copied().max().unwrap_or(LAG_MAX);
        let count = (HISTORY as u8).saturating_sub(oldest).min(TRIAL_SAMPLES);
        Some(Exam { neuron: self, questions: (0..count).map(question).collect() })
    }

    /// |Error| on the newest sample, in deviations: that of the forecast in service, and the one
    /// that `weights` (with what this model holds of its own) would have made.
    #[must_use]
    pub fn newest_errors(&self, weights: &[Q16; TAPS]) -> [Q16; 2] {
        let inputs = self.inputs(0, self.sample_back(1), self.inverse_scale());
        let state = State { shared: *weights, ..self.state };
        let offered = kernel::estimate(&self.form, &state, &inputs);
        [self.expected, offered].map(|step| magnitude(self.step.saturating_sub(step)))
    }

    /// Predicts the next sample, in the sensor's unit.
    pub fn predict(&mut self) -> Q16 {
        let inverse = self.inverse_scale();
        let inputs = self.inputs(u8::MAX, self.sample_back(0), inverse);
        self.forecast(&inputs);
        self.prediction
    }

    /// Learns from the sample that came, at `rate`; `usual` is the usual |residual|. Both that and
    /// the returned |residual| are in deviations.
    pub fn adapt(&mut self, config: &NeuronConfig, sample: Q16, rate: Q16, usual: Q16) -> Q16 {
        let inverse = self.inverse_scale();
        let inputs = self.inputs(u8::MAX, self.sample_back(0), inverse);
        self.take(config, &inputs, inverse, sample, rate, usual)
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
        let inputs = self.inputs(u8::MAX, self.sample_back(0), inverse);
        self.forecast(&inputs);
        self.take(config, &inputs, inverse, sample, rate, usual)
    }

    /// The model as a gene of `group`.
    #[must_use]
    pub const fn to_gene(&self, group: GroupId) -> Gene {
        Gene { group, form: self.form, lineage: self.lineage, weights: self.state.shared }
    }

    /// The model as bytes that a peer can install: see [`crate::gene`].
    #[must_use]
    pub fn export_gene(&self, group: GroupId) -> gene::GeneBytes {
        self.to_gene(group).to_bytes()
    }

    /// Replaces the model by one from bytes, of any form.
    ///
    /// # Errors
    /// Says what is wrong with the bytes; the model is then unchanged.
    pub fn install_gene(&mut self, group: GroupId, bytes: &[u8]) -> Result<(), GeneError> {
        let gene = Gene::from_bytes(bytes)?;
        if gene.group != group {
            return Err(GeneError::OtherGroup);
        }
        self.evolve(gene.form, gene.lineage, State::with(gene.weights));
        Ok(())
    }

    /// Whether a state from outside keeps to the ranges that a neuron's own steps keep to.
    #[must_use]
    pub(crate) fn is_sound(&self) -> bool {
        let bound = WEIGHT_LIMIT.unsigned_abs();
        let shared = self.state.shared.iter().chain(&self.checkpoint).chain([&self.state.bias]);
        // The widest step is 2^32, which the scale holds with 9 more bits.
        let widest = 1_i64 << (32 + SCALE_SHIFT);
        self.form.is_valid()
            && self.gene.is_akin(GeneId::of(&self.form, &self.lineage))
            && shared.into_iter().all(|weight| weight.to_bits().unsigned_abs() <= bound)
            && (0..=widest).contains(&self.scale_wide)
    }

    /// Predicts the next sample from `inputs`.
    fn forecast(&mut self, inputs: &[Q16; TAPS]) {
        self.expected = kernel::estimate(&self.form, &self.state, inputs);
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
        let heard = clip(&self.form, error, usual);
        let shared_step = config.shared_step;
        let lesson = Lesson { step: self.step, error: heard, rate, shared_step };
        kernel::learn(&self.form, &mut self.state, inputs, &lesson);
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
    fn inputs(&self, back: u8, level: Q16, inverse: i64) -> [Q16; TAPS] {
        inputs(&self.form, level, inverse, |lag| self.sample_back(back.wrapping_add(lag)))
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
    #[must_use]
    pub(crate) const fn inverse_scale(&self) -> i64 {
        (1 << 32) / self.scale_bits()
    }
}

/// Recent samples of a node, laid out once to judge many weights.
#[derive(Clone, Debug)]
pub struct Exam<'a> {
    neuron: &'a SwarmNeuron,
    /// What the taps saw, and the step that followed, both in deviations.
    questions: heapless::Vec<([Q16; TAPS], Q16), { TRIAL_SAMPLES as usize }>,
}

impl Exam<'_> {
    /// Mean |error| in deviations that `weights`, with what the model holds of its own, would have
    /// made.
    #[must_use]
    pub fn error(&self, weights: &[Q16; TAPS]) -> Q16 {
        let state = State { shared: *weights, ..self.neuron.state };
        let mut sum = 0_i64;
        for (inputs, step) in &self.questions {
            let error = step.saturating_sub(kernel::estimate(&self.neuron.form, &state, inputs));
            sum += i64::from(magnitude(error).to_bits());
        }
        let count = (self.questions.len() as i64).max(1);
        Q16::from_bits((sum / count).min(i64::from(i32::MAX)) as i32)
    }
}

/// What the taps of `form` see, in deviations from `level`; `sample` gives the sample a lag back.
pub(crate) fn inputs(
    form: &Form,
    level: Q16,
    inverse: i64,
    sample: impl Fn(u8) -> Q16,
) -> [Q16; TAPS] {
    let limit = 1 << (16 + u32::from(form.limit_log2));
    let mut inputs = [Q16::ZERO; TAPS];
    for (input, lag) in inputs.iter_mut().zip(form.active()) {
        *input = deviations(sample(*lag), level, inverse, limit);
    }
    inputs
}

/// The step from `level` to `sample` in deviations, as a residual.
pub(crate) fn step(sample: Q16, level: Q16, inverse: i64) -> Q16 {
    deviations(sample, level, inverse, RESIDUAL_LIMIT)
}

/// `error` cut at the form's clip of `usual`.
pub(crate) fn clip(form: &Form, error: Q16, usual: Q16) -> Q16 {
    let halves = i64::from(form.clip_halves) * i64::from(usual.to_bits());
    let bound = Q16::from_bits((halves >> 1).clamp(0, i64::from(i32::MAX)) as i32);
    if bound > Q16::ZERO { error.clamp(-bound, bound) } else { error }
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

    /// The default with `taps` and without a clip.
    fn config(taps: usize) -> NeuronConfig {
        let mut form = Form { taps: taps as u8, clip_halves: 0, ..Form::default() };
        form.lags.iter_mut().skip(taps).for_each(|lag| *lag = 0);
        NeuronConfig { form, ..NeuronConfig::default() }
    }

    /// Runs a neuron over a signal; returns it with the mean |residual| and the persistence
    /// forecast's, in raw units of 2^-16, over the last half.
    fn run(signal: impl Fn(u32) -> i32, samples: u32, rate: Q16) -> (SwarmNeuron, i64, i64) {
        let config = config(4);
        let mut neuron = SwarmNeuron::new(&config);
        let (mut model, mut naive) = (0_i64, 0_i64);
        for n in 0..samples {
            let sample = Q16::from_bits(signal(n));
            let last = neuron.last_sample();
            let forecast = neuron.predict();
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
    fn own_weights_do_better_in_the_exam_than_wild_ones() {
        let (neuron, ..) = run(triangle, 4_000, percent(5));
        let exam = neuron.exam().expect("history is full");
        assert!(exam.error(neuron.weights()) < exam.error(&[Q16::from_num(3); TAPS]));
        assert!(SwarmNeuron::new(&config(4)).exam().is_none());
    }

    #[test]
    fn extremes_saturate_without_wrapping() {
        let signal = |n: u32| if n.is_multiple_of(2) { i32::MAX } else { i32::MIN };
        let (neuron, ..) = run(signal, 300, Q16::ONE);
        let bound = Q16::from_bits(WEIGHT_LIMIT);
        assert!(neuron.weights().iter().all(|w| w.abs() <= bound));
    }

    #[test]
    fn the_guard_goes_back_to_the_checkpoint() {
        let (mut neuron, ..) = run(triangle, 1_000, percent(5));
        let healthy = *neuron.weights();
        neuron.checkpoint();
        neuron.adopt(&[Q16::from_num(4); TAPS]);
        neuron.restore();
        assert_eq!(*neuron.weights(), healthy);
    }

    /// One golden vector by exact hand calculation, so that a change of rounding shows.
    #[test]
    fn golden_step() {
        let config = config(1);
        let mut neuron = SwarmNeuron::new(&config);
        for value in [0, 0, 1, 3] {
            neuron.predict();
            neuron.adapt(&config, Q16::from_num(value), percent(20), Q16::ONE);
        }
        // Third sample: all history is 0, so no input and no change of weight, but the step is
        // cut at 60 deviations of the smallest scale: bias = 0.2 * 60 / 8 = 98303/65536. The
        // scale becomes (0 + 1) / 2. Fourth: z = (0 - 1) / 0.5 = -2, step = (3 - 1) / 0.5 = 4,
        // error = 4 - bias, gain = 0.2 * error / (4 + 8), and three quarters of gain * z is
        // -4095.96 / 65536.
        assert_eq!(neuron.weights()[0].to_bits(), -4_096);
        assert_eq!(neuron.scale(), Q16::from_num(1));
    }
}
