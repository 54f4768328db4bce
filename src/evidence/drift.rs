//! Drift: how far a run's models have been moved from where a control run's are.
//!
//! For each node: the RMS difference between its one-step predictions on a held-out probe and
//! those of the same node in the control run (same seed, adversaries silent), over the probe's
//! standard deviation. The floor is the same figure between the control and another control under
//! other noise: what honest chance alone does.

use qres_core::boundary::f64_from_q16;
use qres_core::neuron::{HISTORY, NeuronConfig, SwarmNeuron};
use qres_core::q16::Q16;

use super::statistics::percentile;
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::mesh::summary::DriftSummary;
use crate::world::signal::{SensorState, Signal};

/// Samples of the probe on which predictions are compared.
const PROBE: usize = 256;
/// Turns a seed into that of the other noise.
const OTHER_NOISE: u64 = 0x5DEE_CE66_D1CE_B00C;

/// Drift of `mesh` after `ticks` ticks of `plan`; `None` when no node has a probe.
///
/// In the control the adversaries are silent; without any, the drift is zero.
pub fn against_control(
    mesh: &mut Mesh,
    plan: &Plan,
    ticks: u64,
    threads: usize,
) -> Option<DriftSummary> {
    let (control, other) = controls(plan, ticks, threads);
    let run: Vec<SwarmNeuron> = mesh.neurons().into_iter().map(|(_, neuron)| neuron).collect();
    let drift = distances(plan, ticks, &run, &control);
    let floor = distances(plan, ticks, &other, &control);
    Some(DriftSummary {
        median: percentile(&drift, 0.5),
        p95: percentile(&drift, 0.95),
        worst: *drift.last()?,
        floor: percentile(&floor, 0.95),
    })
}

/// The models of the control run, in which adversaries are silent, and of another under other
/// noise.
pub(super) fn controls(
    plan: &Plan,
    ticks: u64,
    threads: usize,
) -> (Vec<SwarmNeuron>, Vec<SwarmNeuron>) {
    let mut honest = plan.clone();
    honest.mute_adversaries();
    let mut other = honest.clone();
    other.seed ^= OTHER_NOISE;
    (neurons(honest, ticks, threads), neurons(other, ticks, threads))
}

fn neurons(plan: Plan, ticks: u64, threads: usize) -> Vec<SwarmNeuron> {
    let mut mesh = Mesh::new(plan, threads);
    (0..ticks).for_each(|_| mesh.step());
    mesh.neurons().into_iter().map(|(_, neuron)| neuron).collect()
}

/// The drift of one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Distance {
    /// Its place.
    pub node: usize,
    /// In deviations of its probe.
    pub drift: f64,
}

/// The drift of each node that has a probe, by node.
pub(super) fn by_node(
    plan: &Plan,
    ticks: u64,
    one: &[SwarmNeuron],
    other: &[SwarmNeuron],
) -> Vec<Distance> {
    let config = &plan.config.neuron;
    let distance = |(node, (one, other)): (usize, (&SwarmNeuron, &SwarmNeuron))| {
        let probe = probe(plan, node, ticks)?;
        let differences: f64 = predictions(one, config, &probe)
            .zip(predictions(other, config, &probe))
            .map(|(a, b)| (a - b) * (a - b))
            .sum();
        let spread = deviation(&probe)?;
        Some(Distance { node, drift: (differences / PROBE as f64).sqrt() / spread })
    };
    one.iter().zip(other).enumerate().filter_map(distance).collect()
}

/// The drift of all nodes that have a probe, sorted.
pub(super) fn distances(
    plan: &Plan,
    ticks: u64,
    one: &[SwarmNeuron],
    other: &[SwarmNeuron],
) -> Vec<f64> {
    let all = by_node(plan, ticks, one, other);
    let mut values: Vec<f64> = all.iter().map(|distance| distance.drift).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Samples that the node has not seen: what its undisturbed signal does after the run. A recorded
/// signal that has ended by then has no probe.
fn probe(plan: &Plan, node: usize, ticks: u64) -> Option<Vec<Q16>> {
    let from = ticks.div_ceil(plan.sample_every);
    let node_plan = plan.nodes.get(node)?;
    let signal: &Signal = &plan.signals.get(node_plan.signal as usize)?.signal;
    let mut state = SensorState { phase: node_plan.phase, wander: 0 };
    (from..from + (HISTORY + PROBE) as u64)
        .map(|index| signal.sample(plan.seed, node as u32, index, &mut state).map(Q16::from_bits))
        .collect()
}

/// One-step predictions over the probe, without learning.
fn predictions<'a>(
    neuron: &SwarmNeuron,
    config: &'a NeuronConfig,
    probe: &'a [Q16],
) -> impl Iterator<Item = f64> + 'a {
    let mut neuron = *neuron;
    neuron.freeze_scale(true);
    let step = move |(_, sample): (usize, &Q16)| {
        let prediction = neuron.predict();
        neuron.adapt(config, *sample, Q16::ZERO, Q16::ZERO);
        f64_from_q16(prediction)
    };
    probe.iter().enumerate().map(step).skip(HISTORY)
}

fn deviation(probe: &[Q16]) -> Option<f64> {
    let values: Vec<f64> = probe.iter().map(|value| f64_from_q16(*value)).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let square = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    let deviation = (square / values.len() as f64).sqrt();
    (deviation > 0.0).then_some(deviation)
}
