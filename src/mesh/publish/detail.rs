//! A node in full, for whoever looks at it: what it is, what it did while it was followed, and what
//! it and its neighbours think of each other. Nothing flows back from here.

use bevy::ecs::prelude::*;
use qres_core::boundary::f64_from_q16;
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::TAPS;
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::trust::{Neighbour, Status};
use qres_core::wake::Role;

use super::silence;
use crate::mesh::Mesh;
use crate::mesh::auditing::Auditing;
use crate::mesh::chronicle::GeneView;
use crate::mesh::components::{
    Battery, Detector, Entropy, Identity, Neuron, Quiet, Schedule, Standing, Tally, Trust,
};
use crate::mesh::follow::{Flow, Followed, Moment, OfferFate, Offered, Sent, Track, WakeWindow};
use crate::mesh::plan::Plan;
use crate::mesh::resources::{Clock, Roster, Setup};
use crate::mesh::trusting::{self, Dossier};
use crate::world::graph::distance_square;

/// A node in full.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeDetail {
    /// Who.
    pub id: u32,
    /// Modality.
    pub group: u8,
    /// What its radio does between rounds.
    pub role: Role,
    /// The regime it believes in.
    pub regime: Regime,
    /// 0 to 1.
    pub entropy: f32,
    /// What the detector compares entropy with.
    pub thresholds: Thresholds,
    /// Shared weights in use.
    pub weights: Vec<f32>,
    /// Its personal part, in the same order.
    pub delta: Vec<f32>,
    /// The same weights with what they look at, and when they last changed.
    pub taps: Vec<TapView>,
    /// The latest sample.
    pub raw: f32,
    /// What it had predicted for it.
    pub prediction: f32,
    /// The sensor's unit.
    pub unit: String,
    /// Energy left.
    pub energy_uj: u64,
    /// Energy when full.
    pub capacity_uj: u64,
    /// Where energy goes, while the node is followed.
    pub flow: EnergyFlow,
    /// When its next round begins, in milliseconds of simulated time; `u64::MAX`: when called.
    pub next_wake_ms: u64,
    /// Whether its radio was awake at any moment of the tick.
    pub awake: bool,
    /// The last wake windows, oldest first; while the node is followed.
    pub windows: Vec<WakeWindow>,
    /// Rounds begun.
    pub rounds: u32,
    /// Frames sent.
    pub sent: u32,
    /// Frames received.
    pub received: u32,
    /// Offers that were judged, oldest first; while the node is followed.
    pub inbox: Vec<OfferView>,
    /// The last messages sent, oldest first; while the node is followed.
    pub outbox: Vec<Sent>,
    /// Whether it is past its commissioning.
    pub commissioned: bool,
    /// Why it spoke in its last round, or did not.
    pub silence: &'static str,
    /// All that keeps it silent now, or its word from counting; empty where nothing does.
    pub reasons: Vec<String>,
    /// (who, reputation from 0 to 1, tick when last heard; `u64::MAX`: never).
    pub neighbours: Vec<(u32, f32, u64)>,
    /// The same neighbours in full, both ways.
    pub peers: Vec<PeerView>,
    /// What there is to say of a neighbour's conduct, and why: (who, remark).
    pub remarks: Vec<(u32, String)>,
    /// Its part in audits; `None` where nobody audits.
    pub audits: Option<AuditView>,
    /// Its gene and the ancestors of that as far as they are known, youngest first; while the mesh
    /// is watched.
    pub lineage: Vec<GeneView>,
    /// The tick from which on it is followed; `None`: it is not.
    pub since: Option<u64>,
    /// Its last ticks, oldest first, at most 512; while it is followed.
    pub history: Vec<MomentView>,
}

/// What a detector compares entropy with, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// Entropy above it indicates Storm.
    pub storm: f32,
    /// Below it a storm can end.
    pub calm: f32,
    /// Smoothed entropy above it indicates `PreStorm`.
    pub prestorm: f32,
    /// So does a rise of that by more than this in a sample.
    pub rise: f32,
}

/// A tick of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MomentView {
    /// The tick.
    pub tick: u64,
    /// Whether there was a sample; if not, sample and prediction are the last ones.
    pub sampled: bool,
    /// The sample, in the sensor's unit.
    pub raw: f32,
    /// What had been predicted for it.
    pub prediction: f32,
    /// Recent |residual|, in deviations.
    pub residual: f32,
    /// Entropy, 0 to 1.
    pub entropy: f32,
    /// Mean of the last three entropies.
    pub smoothed: f32,
    /// What the node believes.
    pub regime: Regime,
    /// Energy left, 0 to 1.
    pub energy: f32,
    /// Whether its radio was awake at any moment.
    pub awake: bool,
    /// Energy spent, in microjoules.
    pub spent_uj: f32,
    /// Energy gathered and kept, in microjoules.
    pub gathered_uj: f32,
}

/// A weight and what it looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TapView {
    /// How many samples back.
    pub lag: u8,
    /// Shared weight.
    pub weight: f32,
    /// Personal part.
    pub own: f32,
    /// The tick in which the shared weight last changed; `None`: not since the node is followed.
    pub changed_tick: Option<u64>,
    /// By how much.
    pub change: f32,
}

/// Where energy goes, in nanojoules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnergyFlow {
    /// In the last tick.
    pub tick: Flow,
    /// Since the node is followed.
    pub total: Flow,
    /// Spent since the node joined.
    pub ever: Flow,
}

/// An offer that was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferView {
    /// What is known of it.
    pub offer: Offered,
    /// Its mean |error| on the node's own samples, in deviations.
    pub error: Option<f32>,
    /// What became of it, and why, in a few words.
    pub verdict: String,
}

/// A neighbour, both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PeerView {
    /// Who.
    pub id: u32,
    /// The reputation that the node holds of it, 0 to 1.
    pub reputation: f32,
    /// What its voice weighs in a merge, 0 to 1.
    pub influence: f32,
    /// When the node last had an update of it.
    pub heard_tick: Option<u64>,
    /// Models of it that were judged good and harmful, saturating at 255.
    pub models: [u8; 2],
    /// Strikes of audits, in eighths; at 24 it is convicted.
    pub strikes: u8,
    /// Whether the node bans it.
    pub banned: bool,
    /// The tick at which that ends; `None`: when it has earned trust again.
    pub banned_until: Option<u64>,
    /// Whether it is on probation.
    pub on_probation: bool,
    /// How far away it is, in metres.
    pub distance_m: f32,
    /// Share of 64-byte frames from it that the air lets through, 0 to 1.
    pub link: f32,
    /// The reputation that it holds of the node, 0 to 1; `None`: it does not judge it.
    pub reputation_back: Option<f32>,
    /// Whether it bans the node.
    pub banned_back: bool,
    /// When it last had an update of the node.
    pub heard_back_tick: Option<u64>,
}

/// A node's part in audits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditView {
    /// Audits that it began.
    pub asked: u32,
    /// Of these, passed, found false, answered with what proves nothing, and not answered.
    pub outcomes: [u32; 4],
    /// Nodes that it is auditing.
    pub pending: Vec<u32>,
    /// Times that it was asked and showed something.
    pub revealed: u32,
    /// Commitments that it made.
    pub commits: u32,
    /// Nodes that it has convicted.
    pub convicted: Vec<u32>,
    /// Neighbours that have convicted it.
    pub convicted_by: Vec<u32>,
}

fn float(value: Q16) -> f32 {
    f64_from_q16(value) as f32
}

/// The tick not after `now` with these low 32 bits, if there is one.
fn tick_of(now: Tick, low: u32) -> Option<u64> {
    let age = (now.0 as u32).wrapping_sub(low);
    (low != Neighbour::NEVER).then(|| now.0.saturating_sub(u64::from(age)))
}

impl Mesh {
    /// All that keeps a node silent now, or its word from counting; empty where nothing does, and
    /// for a node that is not there.
    pub fn reasons(&mut self, id: NodeId) -> Vec<String> {
        let world = self.world();
        let Some(entity) = world.resource::<Roster>().0.get(id.index()).copied() else {
            return Vec::new();
        };
        let plan = world.resource::<Setup>().0.clone();
        let now = world.resource::<Clock>().now;
        let peers = peers(world, &plan, now, id).unwrap_or_default();
        silence::reasons(world, &plan, now, entity, &peers)
    }

    /// A node in full; `None` if there is no such node. What it did in the past is known while it
    /// is followed ([`Mesh::follow`]).
    pub fn detail(&mut self, id: NodeId, unit: &str) -> Option<NodeDetail> {
        let genes = self.genes();
        let world = self.world();
        let entity = *world.resource::<Roster>().0.get(id.index())?;
        let plan = world.resource::<Setup>().0.clone();
        let now = world.resource::<Clock>().now;
        let node = world.get_entity(entity).ok()?;
        let neuron = &node.get::<Neuron>()?.0;
        let schedule = &node.get::<Schedule>()?.0;
        let battery = &node.get::<Battery>()?.0;
        let tally = node.get::<Tally>()?;
        let track = node.get::<Followed>().map(|followed| &*followed.0);
        let taps = taps(neuron, track);
        let next_us = schedule.next_us();
        let peers = peers(world, &plan, now, id)?;
        let heard = |peer: &PeerView| peer.heard_tick.unwrap_or(u64::MAX);
        Some(NodeDetail {
            id: id.0,
            group: node.get::<Identity>()?.group.0,
            role: schedule.role,
            regime: node.get::<Detector>()?.0.regime(),
            entropy: float(node.get::<Entropy>()?.0.entropy()),
            thresholds: thresholds(&plan),
            weights: taps.iter().map(|tap| tap.weight).collect(),
            delta: taps.iter().map(|tap| tap.own).collect(),
            taps,
            raw: float(neuron.last_sample()),
            prediction: float(neuron.prediction()),
            unit: unit.to_owned(),
            energy_uj: battery.level_uj(),
            capacity_uj: plan.config.energy.capacity_uj,
            flow: flow(&node.get::<Battery>()?.0, track),
            next_wake_ms: if next_us == u64::MAX { u64::MAX } else { next_us / 1_000 },
            awake: schedule.window().is_awake(),
            windows: track.map_or_else(Vec::new, |track| track.windows.iter().copied().collect()),
            rounds: schedule.rounds(),
            sent: tally.frames_sent,
            received: tally.frames_heard,
            inbox: track.map_or_else(Vec::new, |track| track.inbox.iter().map(offer).collect()),
            outbox: track.map_or_else(Vec::new, |track| track.outbox.iter().copied().collect()),
            commissioned: node.get::<Standing>()?.0.is_commissioned(),
            silence: node.get::<Quiet>()?.0.voice().reason(),
            reasons: silence::reasons(world, &plan, now, entity, &peers),
            neighbours: peers.iter().map(|peer| (peer.id, peer.reputation, heard(peer))).collect(),
            remarks: node.get::<Dossier>().map_or_else(Vec::new, |dossier| {
                let table = node.get::<Trust>().map_or(&[][..], |trust| &trust.0);
                trusting::remarks(&plan.config.trust, table, dossier, now)
            }),
            audits: audits(world, entity, &peers, id),
            peers,
            lineage: genes.line(neuron.gene().0),
            since: track.map(|track| track.since.0),
            history: track
                .map_or_else(Vec::new, |track| track.moments.iter().map(moment).collect()),
        })
    }
}

fn thresholds(plan: &Plan) -> Thresholds {
    let regime = &plan.config.regime;
    let storm = float(regime.storm_entropy);
    Thresholds {
        storm,
        calm: float(regime.calm_entropy),
        prestorm: storm * 0.8,
        rise: float(regime.prestorm_derivative),
    }
}

fn moment(moment: &Moment) -> MomentView {
    MomentView {
        tick: moment.tick,
        sampled: moment.sampled,
        raw: float(moment.sample),
        prediction: float(moment.prediction),
        residual: float(moment.residual),
        entropy: float(moment.entropy),
        smoothed: float(moment.smoothed),
        regime: moment.regime,
        energy: float(moment.energy),
        awake: moment.awake,
        spent_uj: (moment.spent_nj as f64 / 1e3) as f32,
        gathered_uj: (moment.gathered_nj as f64 / 1e3) as f32,
    }
}

fn taps(neuron: &qres_core::neuron::SwarmNeuron, track: Option<&Track>) -> Vec<TapView> {
    let own: [Q16; TAPS] = neuron.state().own;
    let parts = neuron.form().active().iter().zip(neuron.weights()).zip(&own).enumerate();
    let view = |(place, ((lag, weight), own)): (usize, ((&u8, &Q16), &Q16))| {
        let changed = track.and_then(|track| track.changes.get(place));
        let changed = changed.filter(|(_, change)| *change != Q16::ZERO);
        TapView {
            lag: *lag,
            weight: float(*weight),
            own: float(*own),
            changed_tick: changed.map(|(tick, _)| *tick),
            change: changed.map_or(0.0, |(_, change)| float(*change)),
        }
    };
    parts.map(view).collect()
}

fn flow(battery: &qres_core::energy::EnergyPool, track: Option<&Track>) -> EnergyFlow {
    let spent = &battery.spending;
    EnergyFlow {
        tick: track.map(|track| track.flow).unwrap_or_default(),
        total: track.map(|track| track.total).unwrap_or_default(),
        ever: Flow {
            transmit_nj: spent.transmit_nj,
            listen_nj: spent.listen_nj,
            sleep_nj: spent.sleep_nj,
            cpu_nj: spent.cpu_nj,
            ramp_nj: spent.ramp_nj,
            gathered_nj: 0,
        },
    }
}

fn offer(offer: &Offered) -> OfferView {
    let verdict = match offer.fate {
        OfferFate::Merged { influence, trimmed } => {
            let influence = float(influence);
            match trimmed {
                Some((0, _)) | None => format!("merged with influence {influence:.2}"),
                Some((cut, of)) => {
                    format!("merged with influence {influence:.2}, {cut} of {of} weights trimmed")
                }
            }
        }
        OfferFate::Refused(why) => format!("declined: {}", why.name()),
    };
    OfferView { offer: *offer, error: offer.error.map(float), verdict }
}

/// The neighbours of a node, both ways.
fn peers(world: &World, plan: &Plan, now: Tick, id: NodeId) -> Option<Vec<PeerView>> {
    let roster = &world.resource::<Roster>().0;
    let entity = *roster.get(id.index())?;
    let table = &world.get::<Trust>(entity)?.0;
    let dossier = world.get::<Dossier>(entity);
    let auditing = world.get::<Auditing>(entity);
    let rules = &plan.config.trust;
    let view = |(place, peer): (usize, &Neighbour)| {
        let record = dossier.and_then(|dossier| dossier.entries.get(place));
        let record = record.map(|entry| entry.record).unwrap_or_default();
        let back = roster.get(peer.id.index()).and_then(|other| world.get::<Trust>(*other));
        let back = back.and_then(|trust| {
            let at = trust.0.binary_search_by_key(&id, |other| other.id).ok()?;
            trust.0.get(at)
        });
        let audited =
            auditing.and_then(|page| page.0.peers().iter().find(|audited| audited.id == peer.id));
        let ban_ends = rules.bans.as_ref().filter(|_| record.status == Status::Banned);
        let (distance_m, link) = way(plan, id, peer.id);
        let influence = rules.influence_in(record.status, peer.reputation, table.len());
        PeerView {
            id: peer.id.0,
            reputation: float(peer.reputation),
            influence: if peer.banned { 0.0 } else { float(influence) },
            heard_tick: tick_of(now, peer.heard_tick),
            models: [peer.good, peer.harmful],
            strikes: audited.map_or(0, |audited| audited.strikes),
            banned: peer.banned,
            banned_until: ban_ends.and_then(|bans| {
                let since = tick_of(now, record.banned_tick)?;
                Some(since + u64::from(bans.length_ticks(record.bans)))
            }),
            on_probation: record.status == Status::Probation,
            distance_m,
            link,
            reputation_back: back.map(|back| float(back.reputation)),
            banned_back: back.is_some_and(|back| back.banned),
            heard_back_tick: back.and_then(|back| tick_of(now, back.heard_tick)),
        }
    };
    // Groups of secure sums are judged like nodes, and are none.
    let is_node = |(_, peer): &(usize, &Neighbour)| peer.id.index() < plan.nodes.len();
    Some(table.iter().enumerate().filter(is_node).map(view).collect())
}

/// Distance in metres, and the share of 64-byte frames that pass.
fn way(plan: &Plan, id: NodeId, other: NodeId) -> (f32, f32) {
    let (Some(from), Some(to)) = (plan.nodes.get(id.index()), plan.nodes.get(other.index())) else {
        return (0.0, 0.0);
    };
    let square = distance_square(from.position_mm, to.position_mm) as f64;
    let place = plan.graph.neighbours(id).binary_search(&other.0).ok();
    let fade = place.and_then(|place| plan.graph.fades(id).get(place));
    let link = fade.map_or(0.0, |fade| libm::exp2(-f64::from(*fade) / 1_024.0));
    ((square.sqrt() / 1e3) as f32, link as f32)
}

fn audits(world: &World, entity: Entity, peers: &[PeerView], id: NodeId) -> Option<AuditView> {
    let page = &world.get::<Auditing>(entity)?.0;
    let roster = &world.resource::<Roster>().0;
    let convicts = |page: &Auditing, target: NodeId| {
        page.0.peers().iter().any(|peer| peer.id == target && peer.convictions > 0)
    };
    let counts = &page.counts;
    let by = peers.iter().filter(|peer| {
        let other = roster.get(peer.id as usize).and_then(|other| world.get::<Auditing>(*other));
        other.is_some_and(|other| convicts(other, id))
    });
    Some(AuditView {
        asked: counts.challenges,
        outcomes: [counts.passes, counts.mismatches, counts.bad_proofs, counts.unanswered],
        pending: page.cases().iter().map(|case| case.target.0).collect(),
        revealed: counts.reveals,
        commits: counts.commits,
        convicted: page
            .peers()
            .iter()
            .filter(|peer| peer.convictions > 0)
            .map(|peer| peer.id.0)
            .collect(),
        convicted_by: by.map(|peer| peer.id).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_come_back_from_their_low_bits() {
        assert_eq!(tick_of(Tick(9), Neighbour::NEVER), None);
        assert_eq!(tick_of(Tick(9), 4), Some(4));
        assert_eq!(tick_of(Tick((1 << 32) + 2), u32::MAX - 2), Some((1 << 32) - 3));
    }
}
