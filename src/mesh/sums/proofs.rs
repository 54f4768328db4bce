//! Norm proofs under sums, in the mesh: what goes on the air beside vectors and corrections, and
//! what came of it. The rules are in [`qres_core::privacy::sums::pledge`] and its neighbour
//! `examiner`; nothing here decides who is believed. Exists only in meshes that ask for proofs.

use bevy::ecs::prelude::*;
use qres_core::canonical::{Canonical, Sink, Source};
use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{NodeId, Tick};
use qres_core::integrity::vector::Scheme;
use qres_core::neuron::TAPS;
use qres_core::packet::{Message, ProofStep, SHOWN_AT_ONCE, SumProof};
use qres_core::phase::{OUTBOX, Outbox, Speaker};
use qres_core::privacy::roster::Members;
use qres_core::privacy::sums::examiner::{Examiner, ProofCounts};
use qres_core::privacy::sums::pledge::{
    COMMIT_US, NormTerms, PROVE_BIT_US, Pledger, VERIFY_BIT_US, tag_proof,
};
use qres_core::privacy::sums::{Collector, MASK_US, Sum, SumGroup, is_tag};
use qres_core::q16::Q16;
use qres_core::radio::{AirConfig, Outgoing};
use qres_core::stream::derive;
use qres_core::trust::Evidence;
use serde::Serialize;

use super::{Collecting, GAP_US, Summing, SumsPlan};
use crate::mesh::plan::Plan;
use crate::scenario::{self, Integrity, SecureAggregation};

/// Bytes of the longest of a pledge and a release, which go before others.
const BEFORE_BYTES: usize = 89;

/// What a scenario asks of norms, in the core's terms.
pub(super) fn terms(wish: &SecureAggregation, integrity: Integrity) -> Option<NormTerms> {
    let full = integrity == Integrity::Full;
    let bits = |value| scenario::fixed(value).unsigned_abs();
    (wish.norm_bound > 0.0).then(|| NormTerms {
        norm: bits(wish.norm_bound),
        share: bits(wish.proof_share),
        scheme: if full { Scheme::Curve } else { Scheme::Counted },
    })
}

/// Time on the air of what goes before a vector.
pub(super) fn before_us(sums: &SumsPlan, air: &AirConfig) -> u64 {
    if sums.terms.is_some() { air.message_us(BEFORE_BYTES) } else { 0 }
}

/// What proofs add to what a member says in a tick.
#[derive(Debug, Default)]
pub struct Said {
    /// To be sent before the messages of the sum.
    pub before: heapless::Vec<Outgoing, 2>,
    /// To be sent after all else.
    pub after: heapless::Vec<Outgoing, { SHOWN_AT_ONCE as usize }>,
}

impl Said {
    /// Puts a message before another that was to start at `at_us`; when that may start now.
    pub(super) fn before(
        &mut self,
        air: &AirConfig,
        node: &Speaker<'_>,
        message: Message,
        at_us: u64,
    ) -> u64 {
        let ends_us = at_us + air.airtime_us(&message) + GAP_US;
        // A quarter of a turn away from the vector, and from the correction.
        let turn = if self.before.is_empty() { 64 } else { 192 };
        let round = node.wake.rounds().wrapping_add(turn);
        let _ = self.before.push(Outgoing { message, round, at_us });
        ends_us
    }

    /// Time on the air of all that is said so far.
    pub(super) fn spent_us(&self, air: &AirConfig, outbox: &Outbox) -> u64 {
        let all = outbox.iter().chain(&self.before).chain(&self.after);
        all.map(|sent| air.airtime_us(&sent.message)).sum()
    }
}

/// A member's part.
#[derive(Clone, Debug)]
pub struct Pledging {
    terms: NormTerms,
    state: Pledger,
    /// Bytes that proofs have put on the air, headers included.
    bytes: u64,
    /// What is shown of an epoch: made again when it is missing, so no state.
    shown: Option<(u32, Vec<u8>)>,
}

impl Pledging {
    pub(super) fn boxed(terms: NormTerms) -> Box<Self> {
        Box::new(Self { terms, state: Pledger::default(), bytes: 0, shown: None })
    }

    /// What a member puts in; a liar keeps to the grid alone.
    pub(super) fn fit(&self, weights: &[Q16; TAPS], lies: bool) -> [Q16; TAPS] {
        if lies { NormTerms::near(weights) } else { self.terms.fit(weights) }
    }

    pub(super) fn encode(&self, sink: &mut impl Sink) {
        self.state.encode(sink);
        self.bytes.encode(sink);
    }

    pub(super) fn decode(&mut self, source: &mut Source<'_>) -> Option<()> {
        self.state = Canonical::decode(source)?;
        self.bytes = Canonical::decode(source)?;
        self.shown = None;
        Some(())
    }
}

impl Summing {
    /// A message to the collector, tagged.
    fn prove(&mut self, node: &Speaker<'_>, epoch: u32, step: ProofStep) -> Message {
        self.busy_us += u64::from(MASK_US);
        let proof = SumProof { to: node.wake.sentinel, epoch, step, tag: Default::default() };
        let tag = tag_proof(self.ties.collector(), node.id, &proof);
        Message::Proof(SumProof { tag, ..proof })
    }

    /// The pledge to a vector of `epoch`.
    pub(super) fn pledge(
        &mut self,
        group: &SumGroup,
        node: &Speaker<'_>,
        epoch: u32,
        values: &[i32; TAPS],
    ) -> Option<Message> {
        let pledging = self.pledging.as_deref_mut()?;
        pledging.state.keep(epoch, values);
        let weights = values.map(Q16::from_bits);
        let used = weights.get(..usize::from(node.neuron.form().taps))?;
        let step = self.ties.pledge(&pledging.terms, group, epoch, used);
        self.busy_us += u64::from(COMMIT_US);
        Some(self.prove(node, epoch, step))
    }

    /// The release that goes before a correction.
    pub(super) fn release(
        &mut self,
        group: &SumGroup,
        node: &Speaker<'_>,
        epoch: u32,
        survivors: Members,
    ) -> Option<Message> {
        self.pledging.as_ref()?;
        let step = self.ties.release(group, epoch, survivors);
        Some(self.prove(node, epoch, step))
    }

    /// Takes a demand of the node's own sentinel; `taps` are those of its model.
    pub fn demanded(&mut self, group: &SumGroup, proof: &SumProof, taps: u8) {
        let (Some(pledging), ProofStep::Demand { next, have }) =
            (self.pledging.as_deref_mut(), proof.step)
        else {
            return;
        };
        self.busy_us += u64::from(MASK_US);
        if !is_tag(&tag_proof(self.ties.collector(), group.collector(), proof), &proof.tag) {
            self.refused = self.refused.saturating_add(1);
        } else if pledging.state.demanded(proof.epoch, next, have) {
            self.busy_us += u64::from(pledging.terms.bits(taps)) * u64::from(PROVE_BIT_US);
        }
    }

    /// Adds the parts that are asked for, as far as window and battery reach.
    pub(super) fn show(
        &mut self,
        plan: &Plan,
        now: Tick,
        node: &Speaker<'_>,
        also: &mut Said,
        outbox: &Outbox,
    ) {
        let air = &plan.config.air;
        self.queue(plan, now, node, also, outbox);
        if let Some(pledging) = &mut self.pledging {
            let sent = also.before.iter().chain(&also.after);
            let bytes = sent.map(|sent| air.message_bytes(air.payload_bytes(&sent.message)) as u64);
            pledging.bytes += bytes.sum::<u64>();
        }
    }

    fn queue(
        &mut self,
        plan: &Plan,
        now: Tick,
        node: &Speaker<'_>,
        also: &mut Said,
        outbox: &Outbox,
    ) -> Option<()> {
        let air = &plan.config.air;
        let group = plan.sums.as_deref()?.group_of(node.id)?;
        let due = self.pledging.as_deref_mut()?.state.due()?;
        let shown = self.shown(group, due.epoch, due.weights.get(..used(node))?)?;
        let window = node.wake.window();
        let half_us = window.length_us() / 2;
        let bits = draw(plan.seed, Purpose::Backoff, node.id.0, now.0, OUTBOX as u32 + 3);
        let own_us = window.from_us + half_us + below(bits, (half_us / 4).max(1));
        let ends = |sent: &Outgoing| sent.at_us + air.airtime_us(&sent.message) + GAP_US;
        let mut at_us = outbox.iter().chain(&also.before).map(ends).fold(own_us, u64::max);
        let until_us = (window.from_us + window.length_us()).min(plan.config.wake.tick_us);
        for part in due.parts(&shown) {
            let message = self.prove(node, due.epoch, ProofStep::Part(part));
            let airtime_us = air.airtime_us(&message);
            let spent_us = also.spent_us(air, outbox) + airtime_us;
            if at_us + airtime_us > until_us || !node.energy.affords(&plan.config.energy, spent_us)
            {
                break;
            }
            // The moment tells several messages of one round apart in reassembly.
            let round = node.wake.rounds().wrapping_add(at_us as u32);
            also.after.push(Outgoing { message, round, at_us }).ok()?;
            at_us += airtime_us + GAP_US;
        }
        self.pledging.as_deref_mut()?.shown = Some((due.epoch, shown));
        Some(())
    }

    /// All that is shown of an epoch: zeros where it cannot be.
    fn shown(&mut self, group: &SumGroup, epoch: u32, weights: &[Q16]) -> Option<Vec<u8>> {
        let pledging = self.pledging.as_deref_mut()?;
        if let Some((_, shown)) = pledging.shown.take_if(|(of, _)| *of == epoch) {
            return Some(shown);
        }
        let mut shown = vec![0; pledging.terms.shown_bytes(weights.len() as u8)];
        // A liar has nothing better to show.
        let _ = self.ties.show(&pledging.terms, group, epoch, weights, &mut shown);
        Some(shown)
    }
}

fn used(node: &Speaker<'_>) -> usize {
    usize::from(node.neuron.form().taps)
}

/// A collector's part for one group.
#[derive(Clone, Debug)]
pub struct Examining {
    terms: NormTerms,
    /// What it knows.
    pub(super) state: Examiner,
    /// Decides whom it draws.
    secret: [u8; 32],
}

impl Examining {
    pub(super) fn boxed(terms: NormTerms, seed: u64, collector: NodeId) -> Box<Self> {
        let parts: [&[u8]; 2] = [&seed.to_le_bytes(), &collector.0.to_le_bytes()];
        let secret = derive("qres 2026 simulated examiner v1", &parts);
        Box::new(Self { terms, state: Examiner::default(), secret })
    }

    /// After a step of the collector: the sum that came out if the pledges open it, and the
    /// processor time of that. Who has kept a demand waiting goes to `judge`.
    pub(super) fn follow(
        &mut self,
        group: &SumGroup,
        collector: &Collector,
        sum: Option<Sum>,
        (round, patience): (u32, u32),
        taps: u8,
        mut judge: impl FnMut(NodeId, Evidence),
    ) -> (Option<Sum>, u64) {
        let Self { terms, state, secret } = self;
        let busy_us = if sum.is_some() { u64::from(COMMIT_US) } else { 0 };
        let sum = sum.filter(|sum| state.opens(terms, sum, taps));
        let late = state.follow(terms, group, collector, secret, (round, patience, taps));
        if let Some(member) = late.and_then(|place| group.members().get(place)) {
            judge(*member, Evidence::NoAnswer);
        }
        (sum, busy_us)
    }
}

impl Collecting {
    /// Takes what a member says of its pledge; `round` is the collector's own, `taps` of its model.
    /// What it is evidence of.
    pub(in crate::mesh) fn take_proof(
        &mut self,
        sums: &SumsPlan,
        sender: NodeId,
        proof: &SumProof,
        (round, taps): (u32, u8),
    ) -> Option<Evidence> {
        self.busy_us += u64::from(MASK_US);
        let gathering = self.gathering(sums, sender)?;
        let (group, _) = sums.groups.get(gathering.index)?;
        let place = group.place(sender)?;
        let known = tag_proof(gathering.links.get(place)?, sender, proof);
        let examining = gathering.examining.as_deref_mut()?;
        if !is_tag(&known, &proof.tag) {
            gathering.state.counts.refused = gathering.state.counts.refused.saturating_add(1);
            return None;
        }
        let Examining { terms, state, .. } = examining;
        let said = (proof.epoch, &proof.step);
        let evidence = state.take(terms, group, place, said, taps, round)?;
        self.busy_us += u64::from(terms.bits(taps)) * u64::from(VERIFY_BIT_US);
        Some(evidence)
    }

    /// What to demand of a member that has polled, if anything.
    pub(in crate::mesh) fn demand(
        &mut self,
        sums: &SumsPlan,
        own: NodeId,
        member: NodeId,
    ) -> Option<Message> {
        let gathering = self.gathering(sums, member)?;
        let (group, _) = sums.groups.get(gathering.index)?;
        let place = group.place(member)?;
        let (epoch, step) = gathering.examining.as_ref()?.state.asks(place)?;
        let proof = SumProof { to: member, epoch, step, tag: Default::default() };
        let tag = tag_proof(gathering.links.get(place)?, own, &proof);
        self.busy_us += u64::from(MASK_US);
        Some(Message::Proof(SumProof { tag, ..proof }))
    }
}

/// Norm proofs over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProofsSummary {
    /// Members drawn.
    pub demands: u64,
    /// Of these, who has shown that its part was within the bound.
    pub shown: u64,
    /// What was shown did not hold: the member is out of its group's sums.
    pub refused: u64,
    /// Demands given up, as nothing came, or not all.
    pub unanswered: u64,
    /// Sums dropped, as they are not of what members were pledged to.
    pub unopened: u64,
    /// Bytes of one proof.
    pub proof_bytes: u64,
    /// Bytes that members sent for pledges, releases and proofs, headers included.
    pub bytes: u64,
}

/// The figures of the run so far; `None` where nothing is proven.
pub(super) fn summary(world: &mut World, sums: &SumsPlan) -> Option<ProofsSummary> {
    let terms = sums.terms?;
    let mut all = ProofsSummary::default();
    let mut collectors = world.query::<&Collecting>();
    let gatherings = collectors.iter(world).flat_map(|collecting| &collecting.gatherings);
    for examining in gatherings.filter_map(|gathering| gathering.examining.as_deref()) {
        let ProofCounts { demands, shown, refused, unanswered, unopened } = examining.state.counts;
        all.demands += u64::from(demands);
        all.shown += u64::from(shown);
        all.refused += u64::from(refused);
        all.unanswered += u64::from(unanswered);
        all.unopened += u64::from(unopened);
    }
    let mut members = world.query::<(&Summing, &crate::mesh::components::Neuron)>();
    for (member, neuron) in members.iter(world) {
        all.bytes += member.pledging.as_ref().map_or(0, |pledging| pledging.bytes);
        all.proof_bytes = terms.shown_bytes(neuron.0.form().taps) as u64;
    }
    Some(all)
}
