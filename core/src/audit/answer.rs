//! The audited side: what a node makes of a question. It must not judge anybody.

use super::page::{Answered, AuditEar, AuditPage, Owed};
use super::queue::weight;
use super::reveal::{parts, show};
use super::wire::{Ask, AuditMessage};
use crate::config::NodeConfig;
use crate::id::NodeId;
use crate::packet::Message;
use crate::phase::ANSWER_GAP_US;
use crate::radio::Outgoing;

/// Times that one node may ask for a stretch.
const TIMES: u8 = 16;

impl AuditPage {
    pub(super) fn take_challenge(
        &mut self,
        config: &NodeConfig,
        node: &AuditEar<'_>,
        owed: Owed,
        at_us: u64,
        busy_us: &mut u64,
        mut answer: impl FnMut(Outgoing),
    ) {
        if owed.ask == Ask::Commit {
            return self.recommit(config, node, owed.to, at_us, busy_us, answer);
        }
        let epoch = self.sealed.as_ref().map(|sealed| sealed.commit.epoch);
        if epoch.is_some_and(|epoch| epoch > owed.epoch) {
            // Who has missed the newer commitment would wait in vain, and take that for silence.
            return self.recommit(config, node, owed.to, at_us, busy_us, answer);
        }
        if epoch != Some(owed.epoch) || !self.may_see(owed.to, owed.ask) {
            return;
        }
        if !node.serves(owed.to) {
            self.owed.retain(|other| other.to != owed.to);
            // Who finds no room asks again.
            let _ = self.owed.push(owed);
            return;
        }
        let Some(sealed) = &self.sealed else { return };
        let (shown, samples) = show(config, node.id, sealed, owed.ask);
        self.work += samples;
        self.counts.replayed += samples;
        self.counts.reveals += 1;
        let mut next_us = at_us.max(*busy_us) + ANSWER_GAP_US;
        let mut spent_us = 0;
        let mut bytes = 0;
        parts(&shown.unwrap_or_default(), owed.have, |part| {
            let Owed { to, epoch, .. } = owed;
            let message = Message::Audit(AuditMessage::Part { to, epoch, part });
            let airtime_us = config.air.airtime_us(&message);
            spent_us += airtime_us;
            let ends_us = next_us + airtime_us;
            let fits = ends_us <= config.wake.tick_us;
            if !fits || !node.energy.affords(&config.energy, spent_us) {
                return false;
            }
            let round = node.wake.rounds().wrapping_add(next_us as u32);
            answer(Outgoing { message, round, at_us: next_us });
            bytes += weight(config, &message);
            next_us = ends_us + ANSWER_GAP_US;
            true
        });
        self.counts.bytes += bytes;
        *busy_us = next_us;
    }

    /// Commits once more: to a client at once, as it is awake now, to others with the next words.
    fn recommit(
        &mut self,
        config: &NodeConfig,
        node: &AuditEar<'_>,
        to: NodeId,
        at_us: u64,
        busy_us: &mut u64,
        mut answer: impl FnMut(Outgoing),
    ) {
        let Some(sealed) = &self.sealed else { return };
        if !node.serves(to) {
            self.commit_due = true;
            return;
        }
        let message = Message::Audit(AuditMessage::Commit { to, commit: sealed.commit });
        let airtime_us = config.air.airtime_us(&message);
        let at_us = at_us.max(*busy_us) + ANSWER_GAP_US;
        if node.energy.affords(&config.energy, airtime_us) {
            let round = node.wake.rounds().wrapping_add(at_us as u32);
            answer(Outgoing { message, round, at_us });
            self.counts.bytes += weight(config, &message);
            *busy_us = at_us + airtime_us;
        }
    }

    /// Whether `to` may be shown `ask`: one stretch of an epoch each, and not without end.
    fn may_see(&mut self, to: NodeId, ask: Ask) -> bool {
        if let Some(answered) = self.answered.iter_mut().find(|answered| answered.to == to) {
            answered.times = answered.times.saturating_add(1);
            return answered.ask == ask && answered.times <= TIMES;
        }
        self.answered.push(Answered { to, ask, times: 1 }).is_ok()
    }
}
