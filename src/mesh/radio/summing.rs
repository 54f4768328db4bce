//! Sums as they are heard: a member's calls and demands, a collector's vectors, corrections and
//! proofs, and the voice that a group gets. The rules are in the core.

use qres_core::id::NodeId;
use qres_core::packet::{Message, SumStep, Update};
use qres_core::privacy::sums::{Sum, mean};
use qres_core::radio::Outgoing;
use qres_core::signature::SignatureBytes;
use qres_core::trust::weigh;

use super::{Ear, SERVICE_GAP_US};
use crate::mesh::trusting::Dossier;

impl Ear<'_> {
    /// Follows a sum: a member its sentinel's calls, a collector its members' words, and any poll
    /// with a call of its own.
    pub(super) fn sum(
        &mut self,
        sender: NodeId,
        message: &Message,
        at_us: u64,
        answer: &mut impl FnMut(Outgoing, Option<SignatureBytes>),
    ) {
        let id = self.identity.id;
        let Some(sums) = self.plan.sums.as_deref() else { return };
        if let (Message::Call(call), Some(summing)) = (message, &mut self.summing)
            && call.to == id
            && sender == self.schedule.0.sentinel
            && let Some(group) = sums.group_of(id)
        {
            return summing.hear(group, call);
        }
        let taps = self.mind.3.0.form().taps;
        if let (Message::Proof(proof), Some(summing)) = (message, &mut self.summing)
            && proof.to == id
            && sender == self.schedule.0.sentinel
            && let Some(group) = sums.group_of(id)
        {
            return summing.demanded(group, proof, taps);
        }
        let at = (self.schedule.0.rounds(), taps);
        let Some(collecting) = self.collecting.as_deref_mut() else { return };
        let tuned = self.tuning.as_deref().map(|tuning| tuning.0.apply(&self.plan.config));
        let config = &tuned.as_ref().unwrap_or(&self.plan.config).trust;
        let now = self.now;
        let (trust, dossier) = (&mut self.trust.0, &mut self.dossier);
        let mut judge = |member, evidence| {
            let mut conduct = dossier.as_deref_mut().map(Dossier::view);
            weigh(config, trust, conduct.as_mut(), member, evidence, now);
        };
        let came = match message {
            Message::Sum(part) if part.to == id => {
                collecting.take(sums, sender, part, at, &mut judge)
            }
            Message::Proof(proof) if proof.to == id => {
                if let Some(evidence) = collecting.take_proof(sums, sender, proof, at) {
                    judge(sender, evidence);
                }
                None
            }
            _ => None,
        };
        let polls = match message {
            Message::Poll { to } => *to == id,
            Message::Sum(part) => part.to == id && part.step != SumStep::Correction,
            _ => false,
        };
        let call = if polls { collecting.call(sums, id, sender) } else { None };
        let demand = if polls { collecting.demand(sums, id, sender) } else { None };
        if let Some((group, sum)) = came {
            self.publish(group, &sum);
        }
        for message in call.into_iter().chain(demand) {
            self.call(message, at_us, answer);
        }
    }

    /// Answers a poll with a call, before what was kept.
    fn call(
        &mut self,
        message: Message,
        at_us: u64,
        answer: &mut impl FnMut(Outgoing, Option<SignatureBytes>),
    ) {
        let config = &self.plan.config;
        let airtime_us = config.air.airtime_us(&message);
        let at_us = at_us.max(self.busy_us) + SERVICE_GAP_US;
        if self.battery.0.affords(&config.energy, airtime_us) {
            let round = self.schedule.0.rounds().wrapping_add(at_us as u32);
            answer(Outgoing { message, round, at_us }, None);
            self.busy_us = at_us + airtime_us;
        }
    }

    /// A group's mean becomes one voice: here, and for the sleepers that this sentinel serves.
    fn publish(&mut self, origin: NodeId, sum: &Sum) {
        let (.., neuron) = self.mind;
        let modality = self.plan.sums.as_ref().and_then(|sums| sums.modality_of(origin));
        let mean = mean(&sum.total, sum.survivors.count());
        let (Some(weights), Some(group)) = (mean, modality) else {
            if let Some(collecting) = self.collecting.as_deref_mut() {
                collecting.drop_wild(origin);
            }
            return;
        };
        let update = Update {
            origin,
            round: sum.epoch,
            group,
            regime: sum.regime,
            polls: false,
            wire: self.plan.config.wire,
            taps: neuron.0.form().taps,
            gene: neuron.0.gene(),
            weights,
        };
        if let (Some(guard), Some(keys)) = (self.guard.as_deref_mut(), self.keys) {
            guard.sign(self.plan.config.signature, keys, &update);
        }
        self.pass(origin, &Message::Update(update), 0, |_, _| ());
    }
}
