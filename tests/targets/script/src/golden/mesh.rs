//! Whole nodes: meshes of four that run `Node::tick` and hear each other through a bad air. One
//! node lies about its model for a while.

use blake3::Hasher;
use qres_core::aggregate::{Recipe, Rule};
use qres_core::canonical::Canonical;
use qres_core::config::NodeConfig;
use qres_core::energy::{EnergyConfig, Listen};
use qres_core::evolution::EvolutionConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::WEIGHT_LIMIT;
use qres_core::node::{Node, TickReport};
use qres_core::packet::{Message, Wire};
use qres_core::q16::Q16;
use qres_core::radio::{Frame, Heard, MockRadio, Outgoing};
use qres_core::regime::Regime;
use qres_core::residual_stream::StreamConfig;
use qres_core::responder::Route;
use qres_core::wake::Role;

use super::draws::{Draws, sample};

/// Nodes of a mesh.
const NODES: usize = 4;
/// Which node lies.
const LIAR: usize = 3;

/// What happened in a run: a script that sees nothing proves nothing.
#[derive(Debug, Default)]
pub struct Seen {
    /// Models merged.
    pub merged: u32,
    /// Models judged harmful.
    pub harmful: u32,
    /// Node ticks spent in a storm.
    pub stormy: u32,
    /// Node ticks without power.
    pub powerless: u32,
    /// Node ticks in which a neighbour was banned.
    pub banning: u32,
    /// Frames sent that were a part of a message only.
    pub fragments: u32,
    /// Models that mutated, or were taken from a neighbour.
    pub evolved: u32,
}

/// Runs all meshes, one after another.
pub fn run(ticks: u64, out: &mut Hasher) {
    watch(ticks, out);
}

/// One mesh for all the ticks, with what can be combined: models that evolve, parameters that nodes
/// tune, streams, short windows and a battery that runs out.
pub fn long(ticks: u64, out: &mut Hasher) {
    let config = NodeConfig {
        evolution: Some(EvolutionConfig::default()),
        wire: Wire::Bfp16,
        energy: small_battery(),
        ..asleep()
    };
    let mut seen = Seen::default();
    let mut mesh = Mesh::new(43, &config);
    (0..ticks).for_each(|tick| mesh.tick(Tick(tick), &mut seen, out));
    [seen.merged, seen.stormy, seen.powerless, seen.evolved].encode(out);
}

/// Runs all meshes and says what happened.
pub fn watch(ticks: u64, out: &mut Hasher) -> Seen {
    let mut seen = Seen::default();
    let sleepers = NodeConfig { energy: small_battery(), ..asleep() };
    for (lane, config) in (20..).zip([awake(), sleepers, evolving()]) {
        let mut mesh = Mesh::new(lane, &config);
        for tick in (0..ticks / 3).map(Tick) {
            mesh.tick(tick, &mut seen, out);
        }
    }
    seen
}

/// Everybody hears everything, in whole frames, and has energy to talk.
fn awake() -> NodeConfig {
    let mut config = NodeConfig::default();
    config.wake.interval_us = [4_000_000, 2_000_000, 1_000_000];
    config.wake.window_us = config.wake.interval_us;
    config.wake.jitter_percent = 0;
    config.silence.surplus_every = 2;
    config.silence.deep_after_samples = 900;
    config
}

/// The same with models that evolve, weights as blocks, and a rule that remembers.
fn evolving() -> NodeConfig {
    NodeConfig {
        evolution: Some(EvolutionConfig::default()),
        wire: Wire::Bfp16,
        recipe: Recipe { rule: Rule::adaptive(1), ..Recipe::default() },
        ..awake()
    }
}

/// Short windows and short frames.
fn asleep() -> NodeConfig {
    let mut config = NodeConfig::default();
    config.wake.interval_us = [20_000_000, 6_000_000, 3_000_000];
    config.wake.window_us = [600_000, 600_000, 2_500_000];
    config.wake.seed = 9;
    config.air.mtu_bytes = 32;
    config.trust.commission_ticks = 200;
    config.silence.heartbeat_every = 5;
    config.tuner = true;
    config.stream = Some(StreamConfig::default());
    config
}

/// A battery that a storm at night empties.
fn small_battery() -> EnergyConfig {
    EnergyConfig {
        capacity_uj: 30_000_000,
        harvest_uw: 60_000,
        listen: Listen::Dtim1,
        ..EnergyConfig::default()
    }
}

struct Mesh {
    config: NodeConfig,
    draws: Draws,
    nodes: [Node<NODES>; NODES],
    radios: [MockRadio; NODES],
}

impl Mesh {
    /// A sentinel, two nodes that sleep by the table and one that sleeps through calm.
    fn new(lane: u32, config: &NodeConfig) -> Self {
        let all: [NodeId; NODES] = core::array::from_fn(|id| NodeId(id as u32));
        let nodes = core::array::from_fn(|place| {
            let role = match place {
                0 => Role::Sentinel,
                2 => Role::OnDemand,
                _ => Role::Scheduled,
            };
            let peers = all.map(|id| if id == all[place] { NodeId::NONE } else { id });
            let mut node = Node::new(all[place], role, config, &peers);
            node.neighbours.retain(|neighbour| neighbour.id != NodeId::NONE);
            if place == 0 {
                node.clients = all.iter().skip(1).copied().collect();
                // Each client wants the updates of the other two, and the sentinel's own.
                let audience = |id: NodeId| 0b111 & !(1_u64 << id.0 >> 1);
                node.routes = all.iter().map(|id| Route::new(*id, audience(*id))).collect();
            } else {
                node.wake.sentinel = all[0];
            }
            node
        });
        Self { config: *config, draws: Draws::new(lane), nodes, radios: Default::default() }
    }

    fn tick(&mut self, now: Tick, seen: &mut Seen, out: &mut Hasher) {
        for (place, (node, radio)) in self.nodes.iter_mut().zip(&mut self.radios).enumerate() {
            let present = !self.draws.once_in(50);
            let sample = present.then(|| sample(place as u32, now.0));
            node.harvest_uw = if now.0 % 300 < 100 { 40_000 } else { 0 };
            let report = node.tick(&self.config, now, sample, radio);
            put(&report, out);
            note(node, now, &report, seen);
            if now.0 % 64 == 63 {
                node.encode_to(out);
            }
        }
        if (900..1_600).contains(&(now.0 % 2_000)) {
            self.radios[LIAR].sent.iter_mut().for_each(lie);
        }
        for sender in 0..NODES {
            self.deliver(sender, seen, out);
        }
    }

    /// Hands what a node sent to all who are awake, through an air that loses, doubles and damages.
    fn deliver(&mut self, sender: usize, seen: &mut Seen, out: &mut Hasher) {
        let sent = core::mem::take(&mut self.radios[sender].sent);
        for outgoing in &sent {
            outgoing.at_us.encode(out);
            let (nodes, radios, draws) = (&self.nodes, &mut self.radios, &mut self.draws);
            let id = NodeId(sender as u32);
            self.config.air.frames(id, outgoing.round, &outgoing.message, &[], |frame| {
                out.update(frame);
                seen.fragments += u32::from(frame.get(3).is_some_and(|count| *count > 1));
                let listeners = nodes.iter().zip(&mut *radios).enumerate();
                for (place, (node, radio)) in listeners {
                    if place != sender && node.wake.window().is_awake() {
                        hear(draws, frame, outgoing.at_us, radio);
                    }
                }
            });
        }
    }
}

/// A harmful model from what is said to be calm weather.
fn lie(outgoing: &mut Outgoing) {
    if let Message::Update(update) = &mut outgoing.message {
        update.regime = Regime::Calm;
        let used = update.weights.iter_mut().take(usize::from(update.taps));
        used.for_each(|weight| *weight = Q16::from_bits(WEIGHT_LIMIT));
    }
}

fn hear(draws: &mut Draws, frame: &[u8], at_us: u64, radio: &mut MockRadio) {
    let Ok(mut frame) = Frame::from_slice(frame) else { return };
    let copies = match draws.below(32) {
        0 => 0,
        1 => 2,
        2 => {
            draws.damage(&mut frame);
            1
        }
        _ => 1,
    };
    for _ in 0..copies {
        // What a radio cannot hold is lost.
        let _ = radio.incoming.push_back(Heard { frame: frame.clone(), at_us });
    }
}

fn put(report: &TickReport, out: &mut Hasher) {
    report.window.encode(out);
    let did = &report.activity;
    [did.tick_us, did.awake_us, did.transmit_us].encode(out);
    [did.ramps, did.samples].encode(out);
    report
        .merge
        .map(|merge| [merge.offered, merge.merged, merge.harmful, merge.foreign])
        .encode(out);
}

fn note(node: &Node<NODES>, now: Tick, report: &TickReport, seen: &mut Seen) {
    let merge = report.merge.unwrap_or_default();
    seen.merged += u32::from(merge.merged);
    seen.harmful += u32::from(merge.harmful);
    seen.stormy += u32::from(node.detector.regime() == Regime::Storm);
    seen.powerless += u32::from(node.energy.is_browned_out());
    seen.evolved += node.evolution.as_ref().map_or(0, |e| u32::from(e.changed_at(now)));
    seen.banning += u32::from(node.neighbours.iter().any(|neighbour| neighbour.banned));
}
