//! Runs a model of any kind: the one place where kinds are told apart.

use super::form::{Form, Kind};
use super::{cascade, linear, spiking};
use crate::draw::below;
use crate::neuron::TAPS;
use crate::q16::Q16;

/// What a model holds: arrays whose meaning its kind gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Exchanged with peers and averaged, within +-4.
    pub shared: [Q16; TAPS],
    /// Never leaves the node.
    pub own: [Q16; TAPS],
    /// Never leaves the node.
    pub bias: Q16,
}
crate::canonical!(struct State { shared, own, bias });

impl Default for State {
    fn default() -> Self {
        Self { shared: [Q16::ZERO; TAPS], own: [Q16::ZERO; TAPS], bias: Q16::ZERO }
    }
}

impl State {
    /// A model with `shared` weights and nothing of its own.
    #[must_use]
    pub const fn with(shared: [Q16; TAPS]) -> Self {
        Self { shared, own: [Q16::ZERO; TAPS], bias: Q16::ZERO }
    }
}

/// What came, and how much to make of it.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// The step from the newest sample to the one that came, in deviations.
    pub step: Q16,
    /// The step minus the forecast one, cut at the form's clip.
    pub error: Q16,
    /// Learning rate, 0 to 1.
    pub rate: Q16,
    /// Share of a linear step that goes to the shared weights, 0 to 1.
    pub shared_step: Q16,
}

/// The forecast step in deviations, from what the taps see. All zero weights forecast 0.
#[must_use]
pub fn estimate(form: &Form, state: &State, inputs: &[Q16; TAPS]) -> Q16 {
    let State { shared, own, bias } = state;
    match form.kind {
        Kind::Linear => linear::estimate(shared, own, *bias, inputs),
        Kind::Cascade => cascade::estimate(&form.hyper, form.taps, shared, own, *bias, inputs),
        Kind::Spiking => spiking::estimate(&form.hyper, form.taps, shared, own, *bias, inputs),
    }
}

/// Learns from the sample that came.
pub fn learn(form: &Form, state: &mut State, inputs: &[Q16; TAPS], lesson: &Lesson) {
    let State { shared, own, bias } = state;
    let Lesson { step, error, rate, shared_step } = *lesson;
    let (hyper, taps) = (&form.hyper, form.taps);
    match form.kind {
        Kind::Linear => linear::learn(taps, shared, own, bias, inputs, error, rate, shared_step),
        Kind::Cascade => cascade::learn(hyper, taps, shared, own, bias, inputs, step, error, rate),
        Kind::Spiking => spiking::learn(hyper, taps, shared, own, bias, inputs, step, error, rate),
    }
}

/// Whether hyper-parameters are in the kind's ranges.
#[must_use]
pub fn in_range(kind: Kind, hyper: &[u8; 4]) -> bool {
    match kind {
        Kind::Linear => *hyper == [0; 4],
        Kind::Cascade => cascade::in_range(hyper),
        Kind::Spiking => spiking::in_range(hyper),
    }
}

/// The hyper-parameters that a fresh model of the kind has.
#[must_use]
pub const fn default_hyper(kind: Kind) -> [u8; 4] {
    match kind {
        Kind::Linear => [0; 4],
        Kind::Cascade => cascade::DEFAULT_HYPER,
        Kind::Spiking => spiking::DEFAULT_HYPER,
    }
}

/// Draws one hyper-parameter anew from its range, by 64 uniform bits.
#[must_use]
pub fn mutate(kind: Kind, hyper: &[u8; 4], bits: u64) -> [u8; 4] {
    let ranges = match kind {
        Kind::Linear => return *hyper,
        Kind::Cascade => &cascade::HYPER_RANGES,
        Kind::Spiking => &spiking::HYPER_RANGES,
    };
    let mut changed = *hyper;
    let place = below(bits, changed.len() as u64) as usize;
    if let (Some(slot), Some((low, high))) = (changed.get_mut(place), ranges.get(place)) {
        let span = u64::from(high - low) + 1;
        *slot = low + below(bits.rotate_left(23), span) as u8;
    }
    changed
}
