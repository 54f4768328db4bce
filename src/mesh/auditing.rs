//! Audits in the mesh: the page that each node keeps beside its core parts, and what came of all of
//! them. Exists only in meshes that audit, so that all others weigh and hash as they did.

use bevy::ecs::prelude::*;
use qres_core::audit::AuditPage;
use qres_core::audit::learner::Mind;
use qres_core::audit::page::AuditEar;
use qres_core::audit::queue::AuditOut;
use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::phase::{Outbox, Speaker};
use serde::Serialize;

use super::Mesh;
use super::components::{
    Battery, Carried, Detector, Entropy, Identity, Memory, Neuron, Schedule, Sensor, Tally, Trust,
};
use super::for_nodes;
use super::orders::Orders;
use super::plan::Plan;
use super::resources::{Clock, Roster, Setup};

/// A node's part in audits.
#[derive(Component, Clone, Debug)]
pub struct Auditing(pub Box<AuditPage>);

impl Auditing {
    /// Adds to what is sent; gives the samples that were computed again.
    pub(super) fn ask(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        node: &Speaker<'_>,
        mind: Mind<'_>,
        memory: &Memory,
        before: &Outbox,
        out: &mut AuditOut,
    ) -> u32 {
        let clients = memory.service.as_ref().map_or(&[][..], |service| &service.clients);
        self.0.speak(config, now, node, mind, clients, before, out);
        self.0.take_work()
    }
}

/// Whose questions a sleeper may get, apart from its own sentinel's.
pub(super) fn askers(
    plan: &Plan,
    id: NodeId,
    sentinel: NodeId,
) -> impl Iterator<Item = NodeId> + use<'_> {
    let near = if plan.config.audit.is_some() { plan.graph.neighbours(id) } else { &[] };
    near.iter().map(|other| NodeId(*other)).filter(move |other| *other != sentinel)
}

/// The parts of a node that its updates come from.
pub(super) fn mind<'a>(
    neuron: &'a Neuron,
    entropy: &'a Entropy,
    detector: &'a Detector,
    carried: Option<&'a Carried>,
) -> Mind<'a> {
    Mind {
        neuron: &neuron.0,
        residual: &entropy.0,
        detector: &detector.0,
        carry: carried.map(|carried| &carried.0),
    }
}

/// What a node's page looks at while it listens.
pub(super) fn ear<'a>(
    id: NodeId,
    schedule: &'a Schedule,
    battery: &'a Battery,
    neuron: &'a Neuron,
    trust: &'a Trust,
    memory: &'a Memory,
) -> AuditEar<'a> {
    AuditEar {
        id,
        wake: &schedule.0,
        energy: &battery.0,
        neuron: &neuron.0,
        neighbours: &trust.0,
        clients: memory.service.as_ref().map_or(&[][..], |service| &service.clients),
    }
}

/// Gives newcomers their pages, where a mesh audits.
pub(super) fn equip(world: &mut World, newcomers: &[Entity]) {
    if world.resource::<Setup>().0.config.audit.is_none() {
        return;
    }
    for entity in newcomers {
        let node = world.entity(*entity);
        let parts = (node.get::<Neuron>(), node.get::<Entropy>(), node.get::<Detector>());
        let (Some(neuron), Some(entropy), Some(detector)) = parts else { continue };
        let Some(trust) = node.get::<Trust>() else { continue };
        let mind = mind(neuron, entropy, detector, node.get::<Carried>());
        let neighbours = trust.0.iter().map(|neighbour| neighbour.id);
        let page = Auditing(Box::new(AuditPage::new(mind, neighbours)));
        world.entity_mut(*entity).insert(page);
    }
}

/// Begins every epoch anew, as nodes merge by another rule from now on.
pub(super) fn renew(world: &mut World) {
    let mut nodes =
        world.query::<(&Neuron, &Entropy, &Detector, Option<&Carried>, &mut Auditing)>();
    for (neuron, entropy, detector, carried, mut page) in nodes.iter_mut(world) {
        page.0.renew(mind(neuron, entropy, detector, carried));
    }
}

/// Notes what was learned from in this tick.
pub(super) fn note(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(
        (&Sensor, &Battery),
        (&Neuron, &Entropy, &Detector, Option<&Carried>),
        &mut Auditing,
    )>,
) {
    let energy = &setup.0.config.energy;
    for_nodes!(nodes, clock.parallel, |(
        (sensor, battery),
        (neuron, entropy, detector, carried),
        mut page,
    )| {
        let Some(sample) = sensor.sample else { return };
        let mind = mind(neuron, entropy, detector, carried);
        page.0.sensed(battery.0.is_critical(energy), sample, mind);
    });
}

/// Audits over a run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct AuditSummary {
    /// Commitments made.
    pub commits: u64,
    /// Epochs that did not fit, so that there was nothing to commit to.
    pub gaps: u64,
    /// Audits begun.
    pub challenges: u64,
    /// Audits passed.
    pub passes: u64,
    /// Audits that ended in a mismatch.
    pub mismatches: u64,
    /// Updates that the commitment to their round does not name or sum up.
    pub contradictions: u64,
    /// Answers that proved nothing.
    pub bad_proofs: u64,
    /// Audits that were asked for again and again, without an answer.
    pub unanswered: u64,
    /// Audits that a newer commitment cut short.
    pub cut_short: u64,
    /// Commitments that contradicted another one.
    pub disputes: u64,
    /// Commitments that leave out epochs or rounds that were there.
    pub skips: u64,
    /// Models that stood out.
    pub outliers: u64,
    /// Convictions: one for each node that convicts, and each that it convicts; adversaries' too.
    pub convictions: u64,
    /// Adversaries that at least one honest node has convicted.
    pub convicted: u32,
    /// Honest nodes that at least one honest node has convicted: must be 0.
    pub honest_convicted: u32,
    /// Bytes of all audit messages, headers included.
    pub bytes: u64,
    /// The same in 1/10,000 of all bytes sent.
    pub bytes_basis_points: u64,
    /// Samples computed again.
    pub replayed: u64,
}

/// The totals; `None` where nobody audits.
pub(super) fn totals(world: &mut World) -> Option<AuditSummary> {
    let plan = world.resource::<Setup>().0.clone();
    plan.config.audit?;
    let mut sum = AuditSummary::default();
    let mut convicted = vec![false; plan.nodes.len()];
    let mut sent = 0;
    let adversaries = world.resource::<Orders>().adversaries(&plan);
    let mut query = world.query::<(&Identity, &Auditing, &Tally)>();
    for (node, page, tally) in query.iter(world) {
        let counts = &page.0.counts;
        let parts = [
            (&mut sum.commits, counts.commits),
            (&mut sum.gaps, counts.gaps),
            (&mut sum.challenges, counts.challenges),
            (&mut sum.passes, counts.passes),
            (&mut sum.mismatches, counts.mismatches),
            (&mut sum.contradictions, counts.contradictions),
            (&mut sum.bad_proofs, counts.bad_proofs),
            (&mut sum.unanswered, counts.unanswered),
            (&mut sum.cut_short, counts.cut_short),
            (&mut sum.disputes, counts.disputes),
            (&mut sum.skips, counts.skips),
            (&mut sum.outliers, counts.outliers),
            (&mut sum.convictions, counts.convictions),
            (&mut sum.replayed, counts.replayed),
        ];
        for (sum, part) in parts {
            *sum += u64::from(part);
        }
        sum.bytes += counts.bytes;
        sent += tally.bytes_sent;
        // What an adversary says of others is nobody's verdict.
        let verdicts = if adversaries.contains(&node.id) { &[] } else { page.0.peers() };
        for peer in verdicts.iter().filter(|peer| peer.convictions > 0) {
            if let Some(slot) = convicted.get_mut(peer.id.index()) {
                *slot = true;
            }
        }
    }
    sum.bytes_basis_points = 10_000 * sum.bytes / sent.max(1);
    for (id, _) in (0..).map(NodeId).zip(convicted).filter(|(_, convicted)| *convicted) {
        let hostile = adversaries.contains(&id);
        sum.convicted += u32::from(hostile);
        sum.honest_convicted += u32::from(!hostile);
    }
    Some(sum)
}

impl Mesh {
    /// Node `id`'s part in audits; `None` before it joins, and where nobody audits.
    pub fn audits(&mut self, id: NodeId) -> Option<&AuditPage> {
        let world = self.world();
        let entity = *world.resource::<Roster>().0.get(id.index())?;
        world.get::<Auditing>(entity).map(|page| &*page.0)
    }
}
