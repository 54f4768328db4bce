//! How audits' messages get into a tick: one after the other, as far as window and battery reach.
//! It must not know what they say.

use super::auditor::CASES;
use super::learner::print_of;
use super::log::Sent;
use super::wire::{AuditMessage, PARTS};
use crate::config::NodeConfig;
use crate::draw::{Purpose, below, draw};
use crate::id::{NodeId, Tick};
use crate::packet::Message;
use crate::phase::{ANSWER_GAP_US, OUTBOX, Outbox, Speaker};
use crate::q16::Q16;
use crate::radio::Outgoing;
use crate::responder::Route;

/// What audits add to what a node sends in a tick: a commitment, a question for each audit, and
/// what it owes.
pub type AuditOut = heapless::Vec<Outgoing, { 1 + CASES + PARTS }>;

/// The update that was made in this tick, by what is sent and kept after round `kept`.
#[must_use]
pub fn sent(id: NodeId, kept: u32, routes: &[Route], outbox: &Outbox) -> Option<Sent> {
    let own = |outgoing: &Outgoing| match outgoing.message {
        Message::Update(update) => (update.origin == id).then_some(update),
        _ => None,
    };
    let said = outbox.iter().find_map(own).map(|update| (true, update));
    let place = routes.binary_search_by_key(&id, |route| route.origin).ok();
    let newer = place.and_then(|place| routes.get(place)).filter(|route| route.round() > kept);
    let (queued, mut update) = said.or_else(|| newer.map(|route| (false, route.update())))?;
    // Nobody hears the weights beyond those in use.
    let taps = usize::from(update.taps);
    update.weights.iter_mut().skip(taps).for_each(|weight| *weight = Q16::ZERO);
    Some(Sent { queued, print: print_of(&update) })
}

/// Bytes of a message on the air, headers included.
pub(super) fn weight(config: &NodeConfig, message: &Message) -> u64 {
    config.air.message_bytes(config.air.payload_bytes(message)) as u64
}

/// Adds messages one after the other, in the second half of a node's window.
pub(super) struct Queue<'a> {
    config: &'a NodeConfig,
    node: &'a Speaker<'a>,
    out: &'a mut AuditOut,
    next_us: u64,
    until_us: u64,
    spent_us: u64,
    /// Bytes of what went out, headers included.
    pub(super) bytes: u64,
}

impl<'a> Queue<'a> {
    pub(super) fn new(
        config: &'a NodeConfig,
        now: Tick,
        node: &'a Speaker<'a>,
        before: &Outbox,
        out: &'a mut AuditOut,
    ) -> Self {
        let window = node.wake.window();
        let half_us = window.length_us() / 2;
        let bits = draw(config.wake.seed, Purpose::Backoff, node.id.0, now.0, OUTBOX as u32 + 2);
        let spent = before.iter().map(|outgoing| config.air.airtime_us(&outgoing.message));
        let until_us = (window.from_us + window.length_us()).min(config.wake.tick_us);
        Self {
            config,
            node,
            out,
            next_us: window.from_us + half_us + below(bits, (half_us / 4).max(1)),
            until_us,
            spent_us: spent.sum(),
            bytes: 0,
        }
    }

    /// Whether the message goes out in this tick.
    pub(super) fn push(&mut self, message: AuditMessage) -> bool {
        let message = Message::Audit(message);
        let airtime_us = self.config.air.airtime_us(&message);
        let ends_us = self.next_us + airtime_us;
        let spent_us = self.spent_us + airtime_us;
        let affords = self.node.energy.affords(&self.config.energy, spent_us);
        if ends_us > self.until_us || !affords {
            return false;
        }
        // The moment tells several messages of one round apart in reassembly.
        let round = self.node.wake.rounds().wrapping_add(self.next_us as u32);
        if self.out.push(Outgoing { message, round, at_us: self.next_us }).is_err() {
            return false;
        }
        self.bytes += weight(self.config, &message);
        (self.spent_us, self.next_us) = (spent_us, ends_us + ANSWER_GAP_US);
        true
    }
}
