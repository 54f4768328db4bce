//! What adversaries send. They behave like everybody else apart from that, and they pay for it.

use qres_core::config::NodeConfig;
use qres_core::draw::{Purpose, below, draw};
use qres_core::gene::{Gene, GeneId, Lineage};
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::WEIGHT_LIMIT;
use qres_core::packet::Message;
use qres_core::phase::{Outbox, Speaker};
use qres_core::q16::Q16;
use qres_core::radio::Outgoing;

use crate::scenario::Attack;

/// What a false cure claims to gain, in percent.
const CLAIM_PERCENT: u8 = 90;

/// Adds what an adversary has to say to what it sends anyway.
pub fn speak(
    config: &NodeConfig,
    attack: Attack,
    seed: u64,
    now: Tick,
    node: &Speaker<'_>,
    outbox: &mut Outbox,
) {
    let window = node.wake.window();
    if !window.opens {
        return;
    }
    let message = match attack {
        Attack::GenePoison => false_cure(seed, now, node),
    };
    let bits = draw(seed, Purpose::Attack, node.id.0, now.0, 0);
    let at_us = window.from_us + below(bits, (window.length_us() / 2).max(1));
    if !node.energy.affords(&config.energy, config.air.message_us(message.length())) {
        return;
    }
    // When the outbox is full, honest talk goes first.
    let _ = outbox.push(Outgoing { message, round: node.wake.rounds(), at_us });
}

/// A fresh gene in each round, with weights at their limits and a form that few have tried.
fn false_cure(seed: u64, now: Tick, node: &Speaker<'_>) -> Message {
    let bits = |n| draw(seed, Purpose::Attack, node.id.0, now.0, n);
    let (form, _) = node.neuron.form().mutate(bits(1));
    let mut weights = [Q16::ZERO; qres_core::neuron::TAPS];
    for (place, weight) in weights.iter_mut().enumerate().take(usize::from(form.taps)) {
        let sign = if bits(2) >> place & 1 == 0 { 1 } else { -1 };
        *weight = Q16::from_bits(sign * WEIGHT_LIMIT);
    }
    let generation = below(bits(3), 1_000) as u16 + 1;
    let lineage = Lineage { origin: node.id, generation, parent: GeneId(bits(4) as u32) };
    let gene = Gene { group: node.group, form, lineage, weights };
    Message::Offer { to: NodeId::NONE, gain_percent: CLAIM_PERCENT, gene }
}
