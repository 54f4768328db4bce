//! The figures of a tick, as integers. Must not decide anything.

use std::collections::BTreeMap;

use qres_core::config::NodeConfig;
use qres_core::gene::GeneId;
use qres_core::id::{GroupId, NodeId};
use qres_core::neuron::{SwarmNeuron, TAPS};
use qres_core::packet::{Message, Update, Wire};
use qres_core::q16::Q16;
use qres_core::regime::Regime;

use crate::mesh::components::Tally;

/// What a tick was like, over all nodes that have joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// The tick.
    pub tick: u64,
    /// Nodes that have joined.
    pub nodes: u32,
    /// Nodes in Calm, `PreStorm` and Storm.
    pub regimes: [u32; 3],
    /// Mean energy left, 0 to 1.
    pub energy_mean: Q16,
    /// Energy left in the node that has least, 0 to 1.
    pub energy_least: Q16,
    /// Bytes sent in the tick, headers included; ordinary beacons are not counted.
    pub bytes: u64,
    /// Updates that nodes sent of their own in the tick.
    pub updates: u64,
    /// Bytes that federated averaging would have needed for as many updates: each goes up to a
    /// server over one hop, and the average comes down to its sender again,
    /// `2 * updates * bytes(update of the first form with 4 bytes a weight)`, headers, fragments
    /// and signature as here; no polls, no repeats and no losses (`McMahan` and others,
    /// "Communication-efficient learning of deep networks from decentralized data", 2017).
    pub federated_bytes: u64,
    /// Mean over nodes of the recent |residual|, in deviations.
    pub residual_mean: Q16,
    /// Largest distance between shared weights of two nodes of a modality and form.
    pub spread: Q16,
    /// Farthest that a mean shared weight has moved since the mesh was first watched, over the
    /// modalities, each with the form that most of its nodes have. It needs no answer key, and is
    /// not the drift against a control run.
    pub drift: Q16,
    /// Adversaries that at least one honest node bans.
    pub detected: u32,
    /// Nodes that at least one neighbour bans.
    pub banned: u32,
    /// Nodes whose radio slept through the tick.
    pub asleep: u32,
    /// Nodes with power and energy.
    pub alive: u32,
    /// Frames lost on the way to a node that listened.
    pub lost: u64,
    /// Merges that changed a model.
    pub merges: u64,
    /// Storms that blow.
    pub storms: u32,
}

/// Sums over what all nodes have done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) bytes: u64,
    pub(super) updates: u64,
    pub(super) lost: u64,
    pub(super) merges: u64,
}

impl Totals {
    pub(super) fn add(&mut self, tally: &Tally) {
        self.bytes += tally.bytes_sent;
        self.updates += u64::from(tally.updates_sent);
        self.lost += u64::from(tally.frames_lost);
        self.merges += u64::from(tally.merges);
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.updates += other.updates;
        self.lost += other.lost;
        self.merges += other.merges;
    }

    /// What was added since `before`.
    pub(super) const fn since(&self, before: &Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(before.bytes),
            updates: self.updates.saturating_sub(before.updates),
            lost: self.lost.saturating_sub(before.lost),
            merges: self.merges.saturating_sub(before.merges),
        }
    }
}

/// Bytes of an upload and a download for one update; see [`Pulse::federated_bytes`].
pub(super) fn federated_bytes(config: &NodeConfig) -> u64 {
    let update = Update {
        origin: NodeId(0),
        round: 0,
        group: GroupId(0),
        regime: Regime::Calm,
        polls: false,
        wire: Wire::Q16,
        taps: config.neuron.form.taps,
        gene: GeneId(0),
        weights: [Q16::ZERO; TAPS],
    };
    let payload = config.air.payload_bytes(&Message::Update(update));
    2 * config.air.message_bytes(payload) as u64
}

/// Nodes whose models have one form.
#[derive(Clone, Copy, Debug)]
struct Crowd {
    group: GroupId,
    form: u16,
    nodes: i64,
    low: [Q16; TAPS],
    high: [Q16; TAPS],
    sum: [i64; TAPS],
}

/// Where models are, and where they were at first.
#[derive(Clone, Debug, Default)]
pub(super) struct Climate {
    /// Mean weights of each modality and form when it was first looked at, in 2^-16.
    first: BTreeMap<(GroupId, u16), [i64; TAPS]>,
}

impl Climate {
    /// Spread and drift of the models of all nodes.
    pub(super) fn look<'a>(
        &mut self,
        nodes: impl Iterator<Item = (GroupId, &'a SwarmNeuron)>,
    ) -> [Q16; 2] {
        let mut crowds: Vec<Crowd> = Vec::new();
        let mut latest = 0;
        for (group, neuron) in nodes {
            let form = neuron.gene().form_tag();
            let is_its = |crowd: &Crowd| (crowd.group, crowd.form) == (group, form);
            if !crowds.get(latest).is_some_and(is_its) {
                latest = crowds.iter().position(is_its).unwrap_or(crowds.len());
            }
            if latest == crowds.len() {
                let (low, high) = ([Q16::MAX; TAPS], [Q16::MIN; TAPS]);
                crowds.push(Crowd { group, form, nodes: 0, low, high, sum: [0; TAPS] });
            }
            let Some(crowd) = crowds.get_mut(latest) else { continue };
            crowd.nodes += 1;
            let bounds = crowd.low.iter_mut().zip(&mut crowd.high).zip(&mut crowd.sum);
            for (((low, high), sum), weight) in bounds.zip(neuron.weights()) {
                *low = (*low).min(*weight);
                *high = (*high).max(*weight);
                *sum += i64::from(weight.to_bits());
            }
        }
        let wide = |crowd: &Crowd| {
            let pairs = crowd.low.iter().zip(&crowd.high);
            pairs.map(|(low, high)| high.saturating_sub(*low)).max().unwrap_or_default()
        };
        let spread = crowds.iter().map(wide).max().unwrap_or_default();
        [spread, self.drift(&crowds)]
    }

    fn drift(&mut self, crowds: &[Crowd]) -> Q16 {
        let mut farthest = 0;
        for crowd in crowds {
            let rivals = crowds.iter().filter(|other| other.group == crowd.group);
            let mean = crowd.sum.map(|sum| sum / crowd.nodes.max(1));
            let first = *self.first.entry((crowd.group, crowd.form)).or_insert(mean);
            let leads = rivals.max_by_key(|other| (other.nodes, other.form));
            if leads.is_some_and(|leader| leader.form == crowd.form) {
                let moved = mean.iter().zip(&first).map(|(now, then)| (now - then).abs());
                farthest = moved.fold(farthest, i64::max);
            }
        }
        Q16::from_bits(farthest.min(i64::from(i32::MAX)) as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::gene::Lineage;
    use qres_core::neuron::kernel::State;
    use qres_core::neuron::{Form, NeuronConfig};

    fn model(bits: i32, taps: u8) -> SwarmNeuron {
        let mut neuron = SwarmNeuron::new(&NeuronConfig::default());
        let mut form = Form { taps, ..Form::default() };
        form.lags.iter_mut().skip(usize::from(taps)).for_each(|lag| *lag = 0);
        let mut weights = [Q16::ZERO; TAPS];
        weights[0] = Q16::from_bits(bits);
        neuron.evolve(form, Lineage::default(), State::with(weights));
        neuron
    }

    #[test]
    fn spread_is_within_a_form_and_drift_is_that_of_most_nodes() {
        let mut climate = Climate::default();
        let mut look = |models: &[(u8, SwarmNeuron)]| {
            let nodes = models.iter().map(|(group, model)| (GroupId(*group), model));
            climate.look(nodes).map(Q16::to_bits)
        };
        let of = |bits: [i32; 3]| bits.map(|bits| (0, model(bits, 4)));
        assert_eq!(look(&of([100, 300, 200])), [200, 0]);
        assert_eq!(look(&of([150, 150, 150])), [0, 50], "the mean was 200");
        // A node that goes its own way moves nobody, and is compared with nobody.
        let mut apart = of([100, 300, 0]);
        apart[2] = (0, model(9_000, 2));
        assert_eq!(look(&apart), [200, 0]);
        apart[2] = (1, model(5_000, 4));
        assert_eq!(look(&apart), [200, 0], "another modality");
    }

    #[test]
    fn the_baseline_is_one_update_up_and_one_down() {
        let config = NodeConfig::default();
        let update = |taps: u8| {
            let form = Form { taps, ..Form::default() };
            let neuron = NeuronConfig { form, ..config.neuron };
            federated_bytes(&NodeConfig { neuron, ..config })
        };
        // A tap more is four bytes more, each way.
        assert_eq!(update(5) - update(4), 8);
        assert_eq!(update(4) % 2, 0);
        assert!(update(4) > 2 * 4 * 4, "weights and what lies around them");
    }
}
