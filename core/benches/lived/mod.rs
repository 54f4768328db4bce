//! What several benches look at: a node that has lived among eight neighbours until it can judge
//! what it hears, and what these say. Must not measure anything.

use std::collections::VecDeque;

use qres_core::config::NodeConfig;
use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::neuron::TAPS;
use qres_core::node::Node;
use qres_core::packet::{Update, Wire};
use qres_core::q16::Q16;
use qres_core::radio::{Heard, Outgoing, Radio};
use qres_core::regime::Regime;
use qres_core::wake::{Role, Wake};

/// Neighbours of the node.
pub const PEERS: u32 = 8;
/// The node's own id, above those of its neighbours.
pub const SELF: NodeId = NodeId(100);
/// Ticks that it has lived.
pub const LIVED: u64 = 600;

/// Brings what is put in, and takes what is sent without a word.
#[derive(Clone, Default)]
pub struct Quiet(pub VecDeque<Heard>);

impl Radio for Quiet {
    fn transmit(&mut self, _now: Tick, outgoing: &Outgoing) {
        divan::black_box(outgoing);
    }

    fn receive(&mut self) -> Option<Heard> {
        self.0.pop_front()
    }
}

/// A wave under noise; each sensor has its own noise.
pub fn sample(sensor: u32, n: u64) -> Q16 {
    let wave = (20 - (n as i32 % 40 - 20).abs()) * 32_768;
    let noise = below(draw(1, Purpose::Noise, sensor, n, 0), 20_000) as i32;
    Q16::from_bits(wave + noise)
}

/// A mesh whose nodes are always awake and end a round with each tick.
pub fn busy() -> NodeConfig {
    let mut config = NodeConfig::default();
    config.wake.interval_us = [1_000_000; 3];
    config.wake.window_us = [1_000_000; 3];
    config.wake.jitter_percent = 0;
    config
}

/// A node of a mesh at tick [`LIVED`]; a sentinel has its neighbours for clients.
pub fn node(config: &NodeConfig, role: Role) -> Node<16> {
    let peers: Vec<NodeId> = (0..PEERS).map(NodeId).collect();
    let mut node = Node::new(SELF, role, config, &peers);
    if role == Role::Sentinel {
        node.clients.extend(peers);
    } else {
        node.wake = Wake::new(role, NodeId(0), 0, config.trust.initial);
    }
    for tick in 0..LIVED {
        node.tick(config, Tick(tick), Some(sample(0, tick)), &mut Quiet::default());
    }
    node
}

/// Models near that of the node, as its neighbours send them in a round.
pub fn updates(node: &Node<16>, round: u32, polls: bool) -> Vec<Update> {
    let near = |origin: u32| {
        let mut weights = *node.neuron.weights();
        for (tap, weight) in weights.iter_mut().enumerate().take(4) {
            let lot = draw(2, Purpose::Attack, origin, u64::from(round), tap as u32);
            *weight = weight.saturating_add(Q16::from_bits(below(lot, 2_000) as i32 - 1_000));
        }
        Update {
            origin: NodeId(origin),
            round,
            group: GroupId(0),
            regime: Regime::Calm,
            polls,
            wire: Wire::Q16,
            taps: node.neuron.form().taps.min(TAPS as u8),
            gene: node.neuron.gene(),
            weights,
        }
    };
    (0..PEERS).map(near).collect()
}
