//! Fusion in a node: companions correct the node's own forecast one step ahead. Must not touch the
//! weights that the node shares.

use super::{Fusion, FusionConfig};
use crate::neuron::SwarmNeuron;
use crate::q16::{Q16, magnitude};

/// Companions of a node's main sensor, at most.
pub const COMPANIONS: usize = 4;

/// Fusion one step ahead on top of the node's own predictor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodeFusion {
    fusion: Fusion<COMPANIONS, 1>,
    prediction: Q16,
}

crate::canonical!(struct NodeFusion { fusion, prediction });

impl NodeFusion {
    /// The latest fused prediction, in the sensor's unit.
    #[must_use]
    pub const fn prediction(&self) -> Q16 {
        self.prediction
    }

    /// The machinery itself.
    #[must_use]
    pub const fn fusion(&self) -> &Fusion<COMPANIONS, 1> {
        &self.fusion
    }

    /// The divergence guard: forgets all weights.
    pub fn forget(&mut self) {
        self.fusion.forget();
    }
}

/// What a node that fuses brings to a sample.
#[derive(Debug)]
pub struct Fused<'a> {
    /// What it has learned.
    pub fusion: &'a mut NodeFusion,
    /// What its companions read in this period.
    pub companions: &'a [Option<Q16>],
}

impl Fused<'_> {
    /// Corrects the forecast that `neuron` made for `sample`, learns from it, and returns the
    /// |error| that is left, in the deviations of `scale`, in which the neuron's own |error| is
    /// `error`.
    pub fn correct(
        &mut self,
        config: &FusionConfig,
        neuron: &SwarmNeuron,
        sample: Q16,
        error: Q16,
        scale: Q16,
        frozen: bool,
    ) -> Q16 {
        let own = neuron.prediction();
        let correction = self.fusion.fusion.correction(0);
        self.fusion.prediction = own.saturating_add(correction);
        self.fusion.fusion.step(config, Some(sample), self.companions, Some(own), frozen);
        let signed = if sample < own { -error } else { error };
        let moved = (i64::from(correction.to_bits()) << 16) / i64::from(scale.to_bits().max(1));
        let left = i64::from(signed.to_bits()) - moved;
        magnitude(Q16::from_bits(left.clamp(-i64::from(i32::MAX), i64::from(i32::MAX)) as i32))
    }
}
