//! Fusion of several sensors of one node: its own past and what its other sensors say forecast one
//! of them, at one or several horizons. Must not know of peers, radio or energy.
//!
//! ```text
//! z        = inputs in deviations: level, spans between lags, product of levels
//! y[t + h] = base + s_h * (w_h . z_own + sum over sources i of g_i * (v_hi . z_i))
//! ```
//!
//! `base` is the newest sample, or a forecast that the caller has already; `s_h` the running mean
//! |sample - base|; `g_i` the source's attention, see [`attention::softmax`]. All weights learn
//! together by normalised least mean squares (Nagumo and Noda, "A learning method for system
//! identification", 1967) on the error of the sum, a source's only when it has news: when its
//! largest span is above mean + k deviations of its usual one. The idea that most updates can be
//! left out is that of Gollamudi and others, "Set-membership filtering and a set-membership
//! normalized LMS algorithm with an adaptive step size", 1998.

pub mod attention;
mod channel;
mod fused;
mod head;
mod moments;
#[cfg(test)]
mod tests;

use crate::canonical::{Canonical, Sink, Source};
use crate::q16::Q16;

pub use channel::{Channel, HISTORY, MISSING_MAX, STILL_MAX};
pub use fused::{COMPANIONS, Fused, NodeFusion};
pub use head::Head;
use head::{Inputs, product};
pub use moments::Moments;

/// Lags of the node's own past.
pub const OWN_LAGS: usize = 7;
/// Lags of a source.
pub const SOURCE_LAGS: usize = 3;
/// Inputs from the own past: level, its square, spans, and a constant.
const OWN_INPUTS: usize = OWN_LAGS + 3;
/// Inputs from a source: level, product with the own level, spans.
const SOURCE_INPUTS: usize = SOURCE_LAGS + 2;
/// Horizons, at most.
pub const HEADS: usize = 3;
/// The largest lag and the largest horizon; both fit the memory together.
pub const REACH_MAX: u8 = 31;

/// How far ahead a head looks and how fast it learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadConfig {
    /// Samples ahead, 1 to [`REACH_MAX`].
    pub horizon: u8,
    /// The lasting learning rate, 0 to 1.
    pub rate: Q16,
}

/// What fusion works by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FusionConfig {
    /// Rising lags of the own past, 1 to [`REACH_MAX`].
    pub own_lags: [u8; OWN_LAGS],
    /// Rising lags of each source, 1 to [`REACH_MAX`].
    pub source_lags: [u8; SOURCE_LAGS],
    /// The heads; a fusion of fewer uses the first ones.
    pub heads: [HeadConfig; HEADS],
    /// The rate that a fresh head starts from; see [`HeadConfig::rate`].
    pub first_rate: Q16,
    /// The error that a head learns from is cut at this many usual |error|s; 0: never.
    pub error_clip: Q16,
    /// Base-2 score for each unit of relative benefit; 0 listens to all fresh sources alike.
    pub attention: Q16,
    /// k: deviations above the mean at which a source has news; `None` learns from every sample.
    pub gate: Option<Q16>,
}

impl Default for FusionConfig {
    fn default() -> Self {
        let head = |horizon, rate| HeadConfig { horizon, rate: Q16::from_bits(rate) };
        Self {
            own_lags: [1, 2, 6, 12, 18, 23, 24],
            source_lags: [1, 6, 24],
            heads: [head(1, 1_311), head(6, 197), head(24, 197)],
            first_rate: Q16::from_bits(3_277),
            error_clip: Q16::from_bits(6 << 16),
            attention: Q16::from_bits(16 << 16),
            gate: Some(Q16::ZERO),
        }
    }
}

/// The fused forecast of one sensor from itself and up to `S` others, at `H` horizons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fusion<const S: usize, const H: usize> {
    own: Channel<OWN_LAGS>,
    sources: [Channel<SOURCE_LAGS>; S],
    heads: [Head<S>; H],
}

impl<const S: usize, const H: usize> Default for Fusion<S, H> {
    fn default() -> Self {
        Self {
            own: Channel::default(),
            sources: [Channel::default(); S],
            heads: [Head::default(); H],
        }
    }
}

impl<const S: usize, const H: usize> Fusion<S, H> {
    /// Takes this period's readings (`None`: missing), learns from what they say of earlier
    /// forecasts, and forecasts anew. `base`, where given, is what the first head's forecast for
    /// this sample stood on; otherwise that is the sample one horizon before. `frozen` keeps all
    /// scales where they are. Sources beyond those of `companions` count as missing. Never panics.
    pub fn step(
        &mut self,
        config: &FusionConfig,
        sample: Option<Q16>,
        companions: &[Option<Q16>],
        base: Option<Q16>,
        frozen: bool,
    ) {
        self.own.push(sample, &config.own_lags, frozen);
        for (index, source) in self.sources.iter_mut().enumerate() {
            let reading = companions.get(index).copied().flatten();
            source.push(reading, &config.source_lags, frozen);
        }
        let scales = self.own.scales();
        let source_scales = self.sources.each_ref().map(Channel::scales);
        let inputs = |fusion: &Self, back: u8| fusion.inputs(config, &scales, &source_scales, back);
        if let Some(sample) = sample.filter(|_| self.is_ready()) {
            for index in 0..H {
                let Some(plan) = config.heads.get(index) else { continue };
                let horizon = plan.horizon.clamp(1, REACH_MAX);
                let given = base.filter(|_| index == 0);
                if given.is_none() && !self.own.was_known(horizon) {
                    continue;
                }
                let base = given.unwrap_or(self.own.back(horizon));
                let step = i64::from(sample.to_bits()) - i64::from(base.to_bits());
                let past = inputs(self, horizon);
                if let Some(head) = self.heads.get_mut(index) {
                    head.learn(config, *plan, &past, step, frozen);
                }
            }
        }
        let now = inputs(self, 0);
        if !frozen {
            self.note_surprises(&now, &source_scales, config);
        }
        self.heads.iter_mut().for_each(|head| head.forecast(config, &now));
    }

    /// Whether the memory is full enough to learn.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.own.samples() as usize >= HISTORY
    }

    /// The forecast of head `index` from the newest sample, in the sensor's unit.
    #[must_use]
    pub fn forecast(&self, index: usize) -> Q16 {
        self.own.back(0).saturating_add(self.correction(index))
    }

    /// What head `index` adds to the base of its forecast, in the sensor's unit.
    #[must_use]
    pub fn correction(&self, index: usize) -> Q16 {
        self.heads.get(index).map_or(Q16::ZERO, Head::correction)
    }

    /// The share of attention that head `index` gives to `source`, 0 to 1; the shares of all
    /// sources and of "none of them" sum to 1.
    #[must_use]
    pub fn attention(&self, config: &FusionConfig, index: usize, source: usize) -> Q16 {
        let mut fresh = [false; S];
        fresh.iter_mut().zip(&self.sources).for_each(|(slot, of)| *slot = of.was_fresh(0));
        let head = self.heads.get(index);
        let shares = head.map(|head| head.attention(config, &fresh).shares);
        shares.and_then(|shares| shares.get(source).copied()).unwrap_or(Q16::ZERO)
    }

    /// The heads, in order.
    #[must_use]
    pub const fn heads(&self) -> &[Head<S>; H] {
        &self.heads
    }

    /// The divergence guard: forgets all weights.
    pub fn forget(&mut self) {
        self.heads.iter_mut().for_each(Head::forget);
    }

    fn note_surprises(
        &mut self,
        now: &Inputs<S>,
        scales: &[channel::Scales<SOURCE_LAGS>; S],
        config: &FusionConfig,
    ) {
        let each = self.sources.iter_mut().zip(scales).zip(&now.fresh);
        for ((source, scales), fresh) in each {
            if *fresh {
                let spans = source.spans(scales, &config.source_lags, 0);
                source.note_surprise(&spans);
            }
        }
    }

    /// What the channels had to say `back` samples ago.
    fn inputs(
        &self,
        config: &FusionConfig,
        scales: &channel::Scales<OWN_LAGS>,
        source_scales: &[channel::Scales<SOURCE_LAGS>; S],
        back: u8,
    ) -> Inputs<S> {
        let level = self.own.level(scales, back);
        let spans = self.own.spans(scales, &config.own_lags, back);
        let mut own = [Q16::ONE; OWN_INPUTS];
        let values = [level, product(level, level)].into_iter().chain(spans);
        own.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
        let mut inputs = Inputs {
            own,
            sources: [[Q16::ZERO; SOURCE_INPUTS]; S],
            fresh: [false; S],
            spikes: [false; S],
        };
        for (index, (source, scales)) in self.sources.iter().zip(source_scales).enumerate() {
            let (Some(fresh), Some(spike), Some(slots)) = (
                inputs.fresh.get_mut(index),
                inputs.spikes.get_mut(index),
                inputs.sources.get_mut(index),
            ) else {
                continue;
            };
            *fresh = source.was_fresh(back);
            if !*fresh {
                continue;
            }
            let theirs = source.level(scales, back);
            let spans = source.spans(scales, &config.source_lags, back);
            *spike = config.gate.is_none_or(|sigmas| source.is_spike(&spans, sigmas));
            let values = [theirs, product(theirs, level)].into_iter().chain(spans);
            slots.iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
        }
        inputs
    }
}

impl<const S: usize, const H: usize> Canonical for Fusion<S, H> {
    fn encode(&self, sink: &mut impl Sink) {
        self.own.encode(sink);
        self.sources.iter().for_each(|source| source.encode(sink));
        self.heads.iter().for_each(|head| head.encode(sink));
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let mut fusion = Self { own: Canonical::decode(source)?, ..Self::default() };
        for channel in &mut fusion.sources {
            *channel = Canonical::decode(source)?;
        }
        for head in &mut fusion.heads {
            *head = Canonical::decode(source)?;
        }
        Some(fusion)
    }
}
