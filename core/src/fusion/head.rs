//! One horizon's weights: the forecast from own past and attended sources, and how it learns.
//! Must not know where inputs come from.

use super::attention::{Attention, softmax};
use super::channel::deviations;
use super::{FusionConfig, HeadConfig, OWN_INPUTS, SOURCE_INPUTS};
use crate::canonical::{Canonical, Sink, Source};
use crate::q16::{Q16, magnitude, shrink};

/// Bits behind the point of a weight: Q16.16 would round small steps away.
const WEIGHT_BITS: u32 = 24;
/// Weights stay within +-4.
pub(super) const WEIGHT_LIMIT: i64 = 4 << WEIGHT_BITS;
/// A source's say, and the sum of all, stay within this many deviations.
const SAY_LIMIT: i64 = 60 << 16;
/// Errors count towards benefit up to this many deviations, so that one outlier decides nothing.
const BENEFIT_LIMIT: i64 = 6 << 16;
/// Added to the input power so that quiet inputs do not make a wild step.
const POWER_FLOOR: i64 = 8 << 16;
/// The mean |step| settles over 2^12 samples.
const SCALE_SHIFT: u32 = 12;
/// The mean |error| settles over 2^9 samples.
const USUAL_SHIFT: u32 = 9;
/// Benefit settles over 2^10 samples.
const BENEFIT_SHIFT: u32 = 10;
/// The smallest mean |step|: 2^-10 of the unit.
const SCALE_FLOOR: i64 = 1 << 6;
/// A source's score stays within this.
const SCORE_LIMIT: i64 = 12 << 16;
/// After so many samples the rate has come half of the way down.
const RATE_HALF: i64 = 1 << 10;

/// What a forecast rests on, in deviations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inputs<const S: usize> {
    /// Own level, its square, spans and the constant 1.
    pub own: [Q16; OWN_INPUTS],
    /// Each source's level, its product with the own level, and spans.
    pub sources: [[Q16; SOURCE_INPUTS]; S],
    /// Which sources are worth listening to.
    pub fresh: [bool; S],
    /// Which sources have news worth learning from.
    pub spikes: [bool; S],
}

/// The weights of one horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<const S: usize> {
    own: [i32; OWN_INPUTS],
    sources: [[i32; SOURCE_INPUTS]; S],
    /// Running mean of what hearing the source in full takes off the squared error, times 2^10.
    benefit: [i64; S],
    /// Running mean of the squared error, times 2^10.
    power: i64,
    /// Running mean |error|, times 2^9.
    usual: i64,
    /// Running mean |step| over the horizon, times 2^12.
    scale_wide: i64,
    correction: Q16,
    learned: u32,
    /// Updates of a source's weights that were due, and that were done.
    due: u32,
    done: u32,
}

impl<const S: usize> Default for Head<S> {
    fn default() -> Self {
        Self {
            own: [0; OWN_INPUTS],
            sources: [[0; SOURCE_INPUTS]; S],
            benefit: [0; S],
            power: 0,
            usual: 0,
            scale_wide: 0,
            correction: Q16::ZERO,
            learned: 0,
            due: 0,
            done: 0,
        }
    }
}

impl<const S: usize> Head<S> {
    /// What the forecast adds to its base, in the sensor's unit.
    #[must_use]
    pub const fn correction(&self) -> Q16 {
        self.correction
    }

    /// Source updates that were due and that were done, since the start.
    #[must_use]
    pub const fn updates(&self) -> (u32, u32) {
        (self.due, self.done)
    }

    /// The largest |weight|, for tests and displays.
    #[must_use]
    pub fn largest_weight(&self) -> Q16 {
        let all = self.own.iter().chain(self.sources.iter().flatten());
        let most = all.map(|weight| weight.unsigned_abs()).max().unwrap_or(0);
        Q16::from_bits((most >> (WEIGHT_BITS - 16)) as i32)
    }

    /// Whom this head listens to, where `fresh` says who can be heard.
    #[must_use]
    pub(super) fn attention(&self, config: &FusionConfig, fresh: &[bool; S]) -> Attention<S> {
        let mut scores = [None; S];
        for ((score, benefit), fresh) in scores.iter_mut().zip(&self.benefit).zip(fresh) {
            let relative = (*benefit << 16) / self.power.max(1 << BENEFIT_SHIFT);
            let relative = relative.clamp(-SCORE_LIMIT, SCORE_LIMIT);
            let wide = (relative * i64::from(config.attention.to_bits())) >> 16;
            let bits = wide.clamp(-SCORE_LIMIT, SCORE_LIMIT) as i32;
            *score = fresh.then_some(Q16::from_bits(bits));
        }
        softmax(&scores)
    }

    /// Forgets what was learned, but not how large steps are.
    pub(super) fn forget(&mut self) {
        let Self { usual, scale_wide, learned, due, done, .. } = *self;
        *self = Self { usual, scale_wide, learned, due, done, ..Self::default() };
    }

    /// Forecasts from `inputs`.
    pub(super) fn forecast(&mut self, config: &FusionConfig, inputs: &Inputs<S>) {
        let attention = self.attention(config, &inputs.fresh);
        let expected = self.combine(inputs, &self.says(inputs), &attention);
        let wide = (i64::from(expected.to_bits()) * self.scale_bits()) >> 16;
        let bits = wide.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        self.correction = Q16::from_bits(bits);
    }

    /// Learns that `inputs` were followed by `step`: the sample less the forecast's base.
    pub(super) fn learn(
        &mut self,
        config: &FusionConfig,
        head: HeadConfig,
        inputs: &Inputs<S>,
        step: i64,
        frozen: bool,
    ) {
        if self.learned == 0 {
            self.settle(step);
        }
        let attention = self.attention(config, &inputs.fresh);
        let says = self.says(inputs);
        let inverse = (1 << 32) / self.scale_bits();
        let away = ((step.saturating_mul(inverse)) >> 16).clamp(-SAY_LIMIT, SAY_LIMIT);
        let expected = self.combine(inputs, &says, &attention);
        let error = Q16::from_bits(away as i32).saturating_sub(expected);
        self.judge(inputs, &says, &attention, error);
        let clipped = self.clipped(config, error);
        let rate = self.rate(config, head);
        self.step(inputs, &attention, clipped, rate);
        self.learned = self.learned.saturating_add(1);
        if !frozen {
            self.settle(step);
        }
    }

    /// What each source would add if it were heard in full.
    fn says(&self, inputs: &Inputs<S>) -> [Q16; S] {
        let mut says = [Q16::ZERO; S];
        let each = self.sources.iter().zip(&inputs.sources).zip(&inputs.fresh);
        for (say, ((weights, inputs), fresh)) in says.iter_mut().zip(each) {
            if *fresh {
                *say = within(estimate(weights, inputs));
            }
        }
        says
    }

    /// Own forecast and attended sources, in deviations.
    fn combine(&self, inputs: &Inputs<S>, says: &[Q16; S], attention: &Attention<S>) -> Q16 {
        let mut sum = estimate(&self.own, &inputs.own);
        for (index, say) in says.iter().enumerate() {
            sum += (i64::from(attention.gain(index).to_bits()) * i64::from(say.to_bits())) >> 16;
        }
        within(sum)
    }

    /// Leave-one-out: would the squared error have been smaller with the source than without it?
    fn judge(&mut self, inputs: &Inputs<S>, says: &[Q16; S], attention: &Attention<S>, error: Q16) {
        let square = |error: i64| {
            let cut = error.clamp(-BENEFIT_LIMIT, BENEFIT_LIMIT);
            (cut * cut) >> 16
        };
        let count = self.learned.saturating_add(1);
        let error = i64::from(error.to_bits());
        settle(&mut self.power, square(error), count, BENEFIT_SHIFT);
        for (index, benefit) in self.benefit.iter_mut().enumerate() {
            if !inputs.fresh.get(index).copied().unwrap_or(false) {
                continue;
            }
            let say = i64::from(says.get(index).copied().unwrap_or(Q16::ZERO).to_bits());
            let without = error + ((i64::from(attention.gain(index).to_bits()) * say) >> 16);
            settle(benefit, square(without) - square(without - say), count, BENEFIT_SHIFT);
        }
    }

    fn clipped(&mut self, config: &FusionConfig, error: Q16) -> Q16 {
        let usual = Q16::from_bits((self.usual >> USUAL_SHIFT) as i32);
        let size = i64::from(magnitude(error).to_bits());
        settle(&mut self.usual, size, self.learned.saturating_add(1), USUAL_SHIFT);
        let clip = config.error_clip.saturating_mul(usual);
        if clip > Q16::ZERO { error.clamp(-clip, clip) } else { error }
    }

    /// The rate falls from the first one to the lasting one as `half / (half + n)`.
    fn rate(&self, config: &FusionConfig, head: HeadConfig) -> Q16 {
        let lasting = i64::from(head.rate.to_bits());
        let extra = (i64::from(config.first_rate.to_bits()) - lasting).max(0);
        let share = extra * RATE_HALF / (RATE_HALF + i64::from(self.learned));
        Q16::from_bits((lasting + share).clamp(0, 1 << 16) as i32)
    }

    /// One NLMS step: all weights that learn share `error` by their inputs.
    fn step(&mut self, inputs: &Inputs<S>, attention: &Attention<S>, error: Q16, rate: Q16) {
        let squares = |inputs: &[Q16]| {
            let square = |input: &Q16| i64::from(input.to_bits()) * i64::from(input.to_bits());
            inputs.iter().map(square).sum::<i64>() >> 16
        };
        let mut power = squares(&inputs.own) + POWER_FLOOR;
        for (index, source) in inputs.sources.iter().enumerate() {
            let gain = i64::from(attention.gain(index).to_bits());
            power += (((squares(source) * gain) >> 16) * gain) >> 16;
        }
        let wide = i64::from(rate.to_bits()) * i64::from(error.to_bits());
        let push = (wide << 16) / power;
        adjust(&mut self.own, &inputs.own, push);
        for (index, (weights, source)) in self.sources.iter_mut().zip(&inputs.sources).enumerate() {
            let at = |list: &[bool; S]| list.get(index).copied().unwrap_or(false);
            if !at(&inputs.fresh) {
                continue;
            }
            self.due = self.due.saturating_add(1);
            if at(&inputs.spikes) {
                self.done = self.done.saturating_add(1);
                let gain = i64::from(attention.gain(index).to_bits());
                adjust(weights, source, (push * gain) >> 16);
            }
        }
    }

    fn settle(&mut self, step: i64) {
        let size = step.abs().min(i64::from(u32::MAX));
        settle(&mut self.scale_wide, size, self.learned.max(1), SCALE_SHIFT);
    }

    const fn scale_bits(&self) -> i64 {
        let bits = self.scale_wide >> SCALE_SHIFT;
        if bits > SCALE_FLOOR { bits } else { SCALE_FLOOR }
    }
}

/// Moves `wide` (an average times 2^`shift`) towards `value`, the `count`-th one.
fn settle(wide: &mut i64, value: i64, count: u32, shift: u32) {
    *wide += shrink((value << shift) - *wide, count, shift);
}

/// The sum of weights times inputs, in 2^-16.
fn estimate<const N: usize>(weights: &[i32; N], inputs: &[Q16; N]) -> i64 {
    let product = |(weight, input): (&i32, &Q16)| i64::from(*weight) * i64::from(input.to_bits());
    weights.iter().zip(inputs).map(product).sum::<i64>() >> WEIGHT_BITS
}

/// Moves each weight by `push` (2^-32) times its input, to nearest, and keeps it within its limit.
fn adjust(weights: &mut [i32], inputs: &[Q16], push: i64) {
    for (weight, input) in weights.iter_mut().zip(inputs) {
        // 2^-48 to 2^-24.
        let change = (push * i64::from(input.to_bits()) + (1 << 23)) >> 24;
        let moved = i64::from(*weight) + change;
        *weight = moved.clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT) as i32;
    }
}

fn within(bits: i64) -> Q16 {
    Q16::from_bits(bits.clamp(-SAY_LIMIT, SAY_LIMIT) as i32)
}

/// `left` times `right`, within the limits of an input.
pub(super) fn product(left: Q16, right: Q16) -> Q16 {
    deviations(left.saturating_mul(right), Q16::ZERO, 1 << 16, 8 << 16)
}

impl<const S: usize> Canonical for Head<S> {
    fn encode(&self, sink: &mut impl Sink) {
        self.own.encode(sink);
        self.sources.iter().for_each(|weights| weights.encode(sink));
        self.benefit.encode(sink);
        self.power.encode(sink);
        self.usual.encode(sink);
        self.scale_wide.encode(sink);
        self.correction.encode(sink);
        self.learned.encode(sink);
        self.due.encode(sink);
        self.done.encode(sink);
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let mut head = Self { own: Canonical::decode(source)?, ..Self::default() };
        for weights in &mut head.sources {
            *weights = Canonical::decode(source)?;
        }
        head.benefit = Canonical::decode(source)?;
        head.power = Canonical::decode(source)?;
        head.usual = Canonical::decode(source)?;
        head.scale_wide = Canonical::decode(source)?;
        head.correction = Canonical::decode(source)?;
        head.learned = Canonical::decode(source)?;
        head.due = Canonical::decode(source)?;
        head.done = Canonical::decode(source)?;
        Some(head)
    }
}
