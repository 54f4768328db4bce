//! What the outside sees of a mesh after a tick: a plain copy to draw and to plot. Nothing flows
//! back from here. Floating point is allowed: these are figures for people.

mod detail;
mod silence;
mod trouble;

use std::sync::Arc;

use bevy::ecs::prelude::*;
use qres_core::boundary::f64_from_q16;
use qres_core::evolution::Evolution;
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::SwarmNeuron;
use qres_core::packet::Kind;
use qres_core::q16::Q16;
pub use qres_core::regime::Regime;
pub use qres_core::wake::Role;

pub use detail::{
    AuditView, EnergyFlow, MomentView, NodeDetail, OfferView, PeerView, TapView, Thresholds,
};

use super::Mesh;
use super::boards::Boards;
use super::components::{
    Battery, Detector, Entropy, Genome, Identity, Neuron, Schedule, Tally, Trust,
};
use super::condition::{self, Condition};
use super::orders::Orders;
pub use super::orders::{OrdersView, StruckLink};
use super::plan::Plan;
use super::resources::{Air, Clock, Setup, Weather};
use super::summary::spread;
use crate::scenario::{Camera, Layout, Scenario};
pub use crate::world::air::Fate;
use crate::world::air::Transmission;
use crate::world::storm::StormTrack;
pub use trouble::Trouble;

/// The kind of a packet, for its colour.
pub type PacketKind = Kind;

/// The mesh after a tick.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// Ticks run.
    pub tick: u64,
    /// Simulated time, in milliseconds.
    pub sim_ms: u64,
    /// Length of a tick, in milliseconds.
    pub tick_ms: u32,
    /// Nodes by id; those that have not joined yet are missing at the end.
    pub nodes: Vec<NodeView>,
    /// Frames of this tick, one entry per frame and receiver, in a fixed order.
    pub packets: Vec<PacketView>,
    /// Storms that blow.
    pub storms: Vec<StormView>,
    /// Faults that are on, by number.
    pub troubles: Vec<Trouble>,
    /// Links that faults cut, by their ends, the lesser first, in order.
    pub severed: Arc<[[u32; 2]]>,
    /// What was ordered, and what holds because of it.
    pub orders: Arc<OrdersView>,
    /// Totals.
    pub summary: Summary,
}

/// A node at a glance.
#[expect(clippy::struct_excessive_bools, reason = "four facts that hold or do not")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// Millimetres, y up.
    pub position_mm: [i32; 3],
    /// The regime it believes in.
    pub regime: Regime,
    /// Energy left; 65535 is full.
    pub energy: u16,
    /// Reputation, as the mean of what its neighbours hold; 65535 is 1.
    pub reputation: u16,
    /// Recent |residual| in deviations; 8192 is 1.
    pub residual: u16,
    /// Entropy; 65535 is 1.
    pub entropy: u16,
    /// Whether its radio was awake at any moment of the tick.
    pub awake: bool,
    /// What its radio does between rounds.
    pub role: Role,
    /// Modality.
    pub group: u8,
    /// Its gene's line as a hue, a full turn at 65536; 0 while it has its first gene.
    pub lineage: u16,
    /// 255 when another gene has just gone into service, fading to 0 over some ticks.
    pub fresh: u8,
    /// A real board stood for it in this tick, now or when the run was recorded.
    pub hardware: bool,
    /// A sixth or more of those that judge it hear it without heeding it. More cannot be asked:
    /// liars in one place judge each other, and may be the majority there.
    pub banned: bool,
    /// Without power: a fault switched it off, or its store is empty.
    pub dead: bool,
}

/// A frame at a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PacketView {
    /// Who sent it.
    pub sender: u32,
    /// Who should have got it.
    pub receiver: u32,
    /// What it is.
    pub kind: PacketKind,
    /// Start, in microseconds from the tick's start.
    pub start_us: u32,
    /// Time on the air, in microseconds.
    pub airtime_us: u32,
    /// Fragments of its message.
    pub fragments: u8,
    /// What became of it.
    pub fate: Fate,
}

impl PacketView {
    /// A frame as `receiver` saw it.
    #[must_use]
    pub fn new(frame: &Transmission, receiver: NodeId, fate: Fate) -> Self {
        let (start_us, end_us) = frame.span_us;
        Self {
            sender: frame.sender.0,
            receiver: receiver.0,
            kind: frame.kind,
            start_us: start_us.min(u64::from(u32::MAX)) as u32,
            airtime_us: (end_us - start_us).min(u64::from(u32::MAX)) as u32,
            fragments: frame.fragments.0,
            fate,
        }
    }
}

/// A storm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StormView {
    /// Its number, as commands say it.
    pub number: u32,
    /// Millimetres.
    pub centre_mm: [i32; 3],
    /// Millimetres.
    pub radius_mm: u32,
    /// Against the strongest storm of the scenario; 65535 is as strong.
    pub intensity: u16,
}

/// Totals for the heads-up display.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Nodes in Calm, PreStorm and Storm.
    pub regimes: [u32; 3],
    /// Mean energy, 0 to 1.
    pub energy_mean: f32,
    /// Frames sent since the start.
    pub frames: u64,
    /// Bytes sent since the start.
    pub bytes_sent: u64,
    /// Frames on the air in this tick.
    pub packets_in_flight: u32,
    /// Largest distance between shared weights within a group.
    pub spread: f32,
    /// Nodes whose radio slept through the tick, those without power among them.
    pub asleep: u32,
    /// Nodes without power, by the regime that they believed in last.
    pub dead: [u32; 3],
}

/// What is fixed for a run.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The scenario's title.
    pub title: String,
    /// What to look at.
    pub watch_for: String,
    /// A remark to keep on screen.
    pub note: String,
    /// Ticks that the scenario plans.
    pub ticks: u64,
    /// Pairs of nodes of one modality that hear each other: the ways that gossip takes.
    pub links: Vec<[u32; 2]>,
    /// Corners of the box around all nodes, in millimetres.
    pub extent_mm: [[i32; 3]; 2],
    /// Names of the modalities.
    pub group_names: Vec<String>,
    /// A label for each node.
    pub node_labels: Vec<String>,
    /// Bookmarked views.
    pub cameras: Vec<CameraMark>,
}

impl Scene {
    /// What a scenario and its plan look like from outside.
    #[must_use]
    pub fn new(scenario: &Scenario, plan: &Plan) -> Self {
        let mut extent_mm = [[i32::MAX; 3], [i32::MIN; 3]];
        let mut links = Vec::new();
        for (id, node) in plan.nodes.iter().enumerate() {
            for (axis, value) in node.position_mm.iter().enumerate() {
                extent_mm[0][axis] = extent_mm[0][axis].min(*value);
                extent_mm[1][axis] = extent_mm[1][axis].max(*value);
            }
            let peers = super::build::peers(plan, NodeId(id as u32));
            let later = peers.iter().filter(|peer| peer.index() > id);
            links.extend(later.map(|peer| [id as u32, peer.0]));
        }
        Self {
            title: scenario.title.clone(),
            watch_for: scenario.watch_for.clone(),
            note: scenario.note.clone(),
            ticks: scenario.ticks,
            links,
            extent_mm,
            group_names: scenario.signals.iter().map(|s| s.modality.clone()).collect(),
            node_labels: labels(scenario, plan),
            cameras: scenario.camera.iter().map(CameraMark::new).collect(),
        }
    }
}

/// `node 7`, or station and modality where there are stations.
fn labels(scenario: &Scenario, plan: &Plan) -> Vec<String> {
    let kinds = scenario.signals.len().max(1);
    let stations = match &scenario.nodes.layout {
        Layout::Stations(stations) => crate::world::layout::by_joining(stations),
        _ => Vec::new(),
    };
    (0..plan.nodes.len())
        .map(|node| {
            let signal = scenario.signals.get(node % kinds).map_or("", |s| s.modality.as_str());
            match stations.get(node / kinds) {
                Some(station) => format!("{} {signal}", station.name),
                None => format!("node {node}"),
            }
        })
        .collect()
}

impl CameraMark {
    fn new(camera: &Camera) -> Self {
        Self { name: camera.name.clone(), eye_mm: camera.eye_mm, target_mm: camera.target_mm }
    }
}

/// A bookmarked view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraMark {
    /// Its name.
    pub name: String,
    /// Where the camera is, in millimetres.
    pub eye_mm: [i64; 3],
    /// What it looks at, in millimetres.
    pub target_mm: [i64; 3],
}

/// 0 to 1 as 0 to 65535.
fn share(value: Q16) -> u16 {
    value.to_bits().clamp(0, 65_535) as u16
}

fn float(value: Q16) -> f32 {
    f64_from_q16(value) as f32
}

impl Mesh {
    /// A copy of what the outside may see. Packets are only there while the mesh is watched.
    pub fn publish(&mut self) -> Published {
        let world = self.world();
        let tick = world.resource::<Clock>().now.0;
        let plan = world.resource::<Setup>().0.clone();
        let tick_ms = plan.config.wake.tick_us / 1_000;
        let mut packets = Vec::new();
        world.resource_mut::<Air>().seen.drain_into(&mut packets);
        packets.sort_unstable();
        let ran = Tick(tick.saturating_sub(1));
        let troubles: Vec<Trouble> = plan.faults.troubles(ran).collect();
        let severed = world.get_resource_or_init::<trouble::Severed>().find(&plan, ran, &troubles);
        let nodes = node_views(world);
        let strongest = plan.storms.iter().map(StormTrack::intensity).max().unwrap_or(1).max(1);
        let storms = world.resource::<Weather>().0.iter().map(|storm| StormView {
            number: storm.index,
            centre_mm: storm.centre_mm,
            radius_mm: storm.radius_mm,
            intensity: (i64::from(storm.intensity) * 65_535 / i64::from(strongest)) as u16,
        });
        Published {
            troubles,
            severed,
            tick,
            sim_ms: tick * tick_ms,
            tick_ms: tick_ms as u32,
            storms: storms.collect(),
            orders: world.resource::<Orders>().view(),
            summary: summarise(world, &nodes),
            nodes,
            packets,
        }
    }
}

fn node_views(world: &mut World) -> Vec<NodeView> {
    let config = world.resource::<Setup>().0.config;
    let opinions = opinions(world);
    let now = world.resource::<Clock>().now;
    let boards = world.resource::<Boards>().clone();
    let mut query = world.query::<(
        (&Identity, &Detector, &Battery, &Entropy, &Schedule),
        (&Neuron, &Genome, Option<&Condition>),
    )>();
    let mut nodes: Vec<(NodeId, NodeView)> = query
        .iter(world)
        .map(|((identity, detector, battery, entropy, schedule), (neuron, genome, condition))| {
            let opinion = opinions.get(identity.id.index()).copied().unwrap_or_default();
            let view = NodeView {
                position_mm: identity.position_mm,
                regime: detector.0.regime(),
                energy: share(battery.0.share(&config.energy)),
                reputation: opinion.reputation,
                residual: (entropy.0.recent().to_bits() / 8).clamp(0, 65_535) as u16,
                entropy: share(entropy.0.entropy()),
                awake: schedule.0.window().is_awake(),
                role: schedule.0.role,
                group: identity.group.0,
                lineage: hue(&neuron.0),
                fresh: genome.0.as_ref().map_or(0, |evolution| freshness(evolution, now)),
                hardware: boards.stood_for(identity.id),
                banned: opinion.banned,
                dead: condition::is_off(condition) || battery.0.is_browned_out(),
            };
            (identity.id, view)
        })
        .collect();
    nodes.sort_unstable_by_key(|(id, _)| *id);
    nodes.into_iter().map(|(_, view)| view).collect()
}

/// Ticks over which the light of an adoption fades.
const FRESH_TICKS: u64 = 16;

/// A gene's line as a hue: genes of one form are alike, whoever found them.
fn hue(neuron: &SwarmNeuron) -> u16 {
    if neuron.lineage().generation == 0 { 0 } else { neuron.gene().form_tag().max(1) }
}

fn freshness(evolution: &Evolution, now: Tick) -> u8 {
    if evolution.counts.mutations + evolution.counts.adoptions == 0 {
        return 0;
    }
    let age = now.0.saturating_sub(evolution.adopted.0).saturating_sub(1).min(FRESH_TICKS);
    ((FRESH_TICKS - age) * 255 / FRESH_TICKS) as u8
}

/// What its neighbours hold of a node.
#[derive(Clone, Copy, Default)]
struct Opinion {
    /// The mean reputation, 65535 for 1.
    reputation: u16,
    /// A sixth of them or more have banned it.
    banned: bool,
}

/// What neighbours hold of each node.
fn opinions(world: &mut World) -> Vec<Opinion> {
    let initial = share(world.resource::<Setup>().0.config.trust.initial);
    let count = world.resource::<Setup>().0.nodes.len();
    let mut sums = vec![(0_u64, 0_u64, 0_u64); count];
    let mut query = world.query::<&Trust>();
    for trust in query.iter(world) {
        for neighbour in &trust.0 {
            if let Some((sum, voices, bans)) = sums.get_mut(neighbour.id.index()) {
                *sum += u64::from(share(neighbour.reputation));
                *voices += 1;
                *bans += u64::from(neighbour.banned);
            }
        }
    }
    let mean = |(sum, voices, bans): &(u64, u64, u64)| Opinion {
        reputation: sum.checked_div(*voices).map_or(initial, |mean| mean as u16),
        banned: *voices > 0 && bans * 6 >= *voices,
    };
    sums.iter().map(mean).collect()
}

fn summarise(world: &mut World, nodes: &[NodeView]) -> Summary {
    let mut regimes = [0_u32; 3];
    let mut energy = 0_u64;
    let (mut asleep, mut dead) = (0, [0_u32; 3]);
    for node in nodes {
        regimes[node.regime as usize] += 1;
        energy += u64::from(node.energy);
        asleep += u32::from(!node.awake);
        dead[node.regime as usize] += u32::from(node.dead);
    }
    let (mut frames, mut bytes_sent) = (0, 0);
    let mut query = world.query::<&Tally>();
    for tally in query.iter(world) {
        frames += u64::from(tally.frames_sent);
        bytes_sent += tally.bytes_sent;
    }
    let air = world.resource::<Air>();
    let in_flight = air.broadcast.frames().len() + air.service.frames().len();
    Summary {
        regimes,
        energy_mean: energy as f32 / 65_535.0 / nodes.len().max(1) as f32,
        frames,
        bytes_sent,
        packets_in_flight: in_flight as u32,
        spread: float(spread(world)),
        asleep,
        dead,
    }
}
