//! What adversaries send and sense. They behave like everybody else apart from that, and they pay
//! for it. Each attack is a file of its own, with its definition and its source; here is only which
//! is called where. An attack never touches another node's state, nor its own node's machine.

use qres_core::config::NodeConfig;
use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::TAPS;
use qres_core::packet::{Message, Update};
use qres_core::phase::{Outbox, Speaker};
use qres_core::q16::Q16;
use qres_core::radio::Outgoing;
use qres_core::regime::Regime;
use qres_core::responder::Route;
use qres_core::wake::Role;

pub mod audit_prediction;
pub mod bias;
pub mod cartel;
mod compile;
pub mod directed;
pub mod dissensus;
pub mod false_entropy;
pub mod float_cheater;
pub mod free_rider;
pub mod gaussian;
pub mod gene_poison;
pub mod inner_product;
pub mod label_flip;
pub mod little;
pub mod mimic;
pub mod on_off;
pub mod replay;
pub mod saturate;
pub mod search;
pub mod sign_flip;
pub mod slander;
pub mod spectral;
pub mod spread;
pub mod topology_liar;
pub mod view;
pub mod vote_spoof;

pub use compile::{Attack, Sight};
use view::{Vector, View, settle};

/// What an attacker looks at besides itself when it speaks.
#[derive(Debug)]
pub struct Scene<'a> {
    /// What the mesh agreed on.
    pub config: &'a NodeConfig,
    /// The seed of the run.
    pub seed: u64,
    /// Now.
    pub now: Tick,
    /// Whether the attacker's updates claim Storm.
    pub claims_storm: bool,
    /// What others sent.
    pub view: View<'a>,
}

/// The model that an attacker sends; `None` where it sends its own.
#[must_use]
pub fn forge(attack: Attack, view: &View<'_>) -> Option<Vector> {
    let bits = |value: Q16| i64::from(value.to_bits());
    let lie = match attack {
        Attack::Bias { bias } => bias::forge(view, bits(bias)),
        Attack::SignFlip { scale } => sign_flip::forge(view, bits(scale)),
        Attack::Gaussian { deviation } => gaussian::forge(view, bits(deviation)),
        Attack::Saturate => saturate::forge(view),
        Attack::InnerProduct { epsilon, search } => {
            inner_product::forge(view, bits(epsilon), search)
        }
        Attack::LittleIsEnough { z, search } => little::forge(view, bits(z), search),
        Attack::MinMax { direction } => spread::min_max(view, direction),
        Attack::MinSum { direction } => spread::min_sum(view, direction),
        Attack::Mimic => mimic::forge(view),
        Attack::Dissensus { epsilon } => dissensus::forge(view, bits(epsilon)),
        Attack::Spectral { scale } => spectral::forge(view, bits(scale)),
        Attack::DirectedDeviation { factor } | Attack::TopologyLiar { factor } => {
            directed::forge(view, bits(factor))
        }
        Attack::Replay => replay::replay(view),
        Attack::Stale => replay::stale(view),
        Attack::FreeRider => free_rider::forge(view),
        Attack::OnOff { farm_rounds, burst_rounds, scale } => {
            return on_off::forge(view, farm_rounds, burst_rounds, bits(scale));
        }
        Attack::AuditPrediction { every_rounds, bias } => {
            return audit_prediction::forge(view, every_rounds, bits(bias));
        }
        Attack::FloatCheater { bits } => float_cheater::forge(view, u32::from(bits)),
        Attack::Cartel { sigmas, ramp_rounds } => cartel::forge(view, bits(sigmas), ramp_rounds),
        Attack::LabelFlip
        | Attack::GenePoison
        | Attack::FalseEntropy { .. }
        | Attack::VoteSpoof
        | Attack::Slander => return None,
    };
    Some(lie)
}

/// Turns what a node would send into what an attacker sends, and what a sentinel keeps for others
/// into what it claims to have heard. Call it at the start of a round.
pub fn speak(
    attack: Attack,
    scene: &Scene<'_>,
    node: &Speaker<'_>,
    routes: &mut [Route],
    outbox: &mut Outbox,
) {
    match attack {
        Attack::GenePoison => {
            let message = gene_poison::false_cure(scene.seed, scene.now, node);
            return add(scene, node, message, outbox);
        }
        Attack::TopologyLiar { factor } => {
            let factor = i64::from(factor.to_bits());
            let claimed = |kept: &Update| topology_liar::claimed(kept, factor);
            topology_liar::forge_routes(routes, node.id, claimed);
        }
        Attack::Slander => topology_liar::forge_routes(routes, node.id, slander::claimed),
        Attack::VoteSpoof if node.wake.role == Role::Sentinel && !has_beacon(outbox) => {
            add(scene, node, Message::Beacon { emergency: true }, outbox);
        }
        _ => {}
    }
    let lie = forge(attack, &scene.view).map(|lie| settle(&lie));
    if lie.is_some() || attack == Attack::VoteSpoof {
        say(scene, node, lie, outbox);
    }
    for outgoing in outbox.iter_mut() {
        match &mut outgoing.message {
            message if attack == Attack::VoteSpoof => vote_spoof::claim(message),
            Message::Update(update) if scene.claims_storm => update.regime = Regime::Storm,
            _ => {}
        }
    }
}

fn has_beacon(outbox: &Outbox) -> bool {
    outbox.iter().any(|outgoing| matches!(outgoing.message, Message::Beacon { .. }))
}

/// Puts `weights` into the update that the node sends, or sends one if it would have kept silent.
fn say(scene: &Scene<'_>, node: &Speaker<'_>, weights: Option<[Q16; TAPS]>, outbox: &mut Outbox) {
    for outgoing in outbox.iter_mut() {
        if let Message::Update(update) = &mut outgoing.message {
            update.weights = weights.unwrap_or(update.weights);
            return;
        }
    }
    let polls = node.wake.role != Role::Sentinel && node.wake.sentinel != NodeId::NONE;
    // The update asks for what was kept, so that there is no need of a poll.
    outbox.retain(|outgoing| !matches!(outgoing.message, Message::Poll { .. }));
    let update = Update {
        origin: node.id,
        round: node.wake.rounds(),
        group: node.group,
        regime: node.detector.effective(node.energy.is_critical(&scene.config.energy)),
        polls,
        wire: scene.config.wire,
        taps: node.neuron.form().taps,
        gene: node.neuron.gene(),
        weights: weights.unwrap_or(*node.neuron.weights()),
    };
    add(scene, node, Message::Update(update), outbox);
}

/// Adds a message at a random moment of the window's first half, if it can be paid for.
fn add(scene: &Scene<'_>, node: &Speaker<'_>, message: Message, outbox: &mut Outbox) {
    let window = node.wake.window();
    let bits = draw(scene.seed, Purpose::Attack, node.id.0, scene.now.0, 0);
    let at_us = window.from_us + below(bits, (window.length_us() / 2).max(1));
    let config = scene.config;
    if !node.energy.affords(&config.energy, config.air.message_us(message.length())) {
        return;
    }
    // When the outbox is full, honest talk goes first.
    let _ = outbox.push(Outgoing { message, round: node.wake.rounds(), at_us });
}

/// What an attacker makes of an answer to one of its clients, and of what it says on the side.
pub fn answer(attack: Attack, message: &mut Message) {
    match attack {
        Attack::VoteSpoof => vote_spoof::claim(message),
        Attack::Slander => slander::answer(message),
        _ => {}
    }
}

/// A sensor before the attack.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// What it says, Q16.16 of the sensor's unit.
    pub value: i64,
    /// The signal's mean level, in the same.
    pub level: i64,
    /// The deviation that storms multiply, in the same.
    pub deviation: i64,
    /// The sample's number.
    pub index: u64,
}

/// What an attacker's node gets to sense.
#[must_use]
pub fn sense(attack: Attack, reading: &Reading, seed: u64, node: u32) -> i64 {
    let Reading { value, level, deviation, index } = *reading;
    match attack {
        Attack::LabelFlip => label_flip::sense(value, level, index),
        Attack::FalseEntropy { noise } => {
            let noise = i64::from(noise.to_bits());
            false_entropy::sense(value, deviation, noise, seed, node, index)
        }
        _ => value,
    }
}
