//! The false cure: in each round a fresh gene with weights at their limits, in a form that few have
//! tried and with an invented lineage, offered to all with a claimed gain of 90 %.
//!
//! It does harm only where models evolve. No parameter; it looks at its own model's form. The
//! project's own; docs/evolution.md says what meets it.

use qres_core::draw::{Purpose, below, draw};
use qres_core::gene::{Gene, GeneId, Lineage};
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::WEIGHT_LIMIT;
use qres_core::packet::Message;
use qres_core::phase::Speaker;
use qres_core::q16::Q16;

/// What a false cure claims to gain, in percent.
const CLAIM_PERCENT: u8 = 90;

/// A fresh gene in each round, with weights at their limits and a form that few have tried.
#[must_use]
pub fn false_cure(seed: u64, now: Tick, node: &Speaker<'_>) -> Message {
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
