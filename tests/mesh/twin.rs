//! The mesh and the core agree: every node of an ECS mesh, fed to `Node::tick` with the samples
//! and frames it received, is the same node bit for bit, tick by tick.

use std::collections::VecDeque;

use crate::audit::CARTEL;
use crate::common::{THICKET, embedded, mesh, parsed};
use qres::mesh::twin::TWIN_NEIGHBOURS;
use qres::scenario::{Integrity, Scenario, Sun};
use qres::world::keyring::Keyring;
use qres_core::id::{NodeId, Tick};
use qres_core::node::Node;
use qres_core::packet::Update;
use qres_core::radio::{Heard, Outgoing, Radio};

/// Delivers what the mesh delivered.
#[derive(Default)]
struct Replay {
    incoming: VecDeque<Heard>,
    sent: usize,
    keys: Option<Keyring>,
}

impl Radio for Replay {
    fn transmit(&mut self, _now: Tick, _outgoing: &Outgoing) {
        self.sent += 1;
    }

    fn admits(&mut self, update: &Update, signature: &[u8]) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.admits(update, signature))
    }

    fn receive(&mut self) -> Option<Heard> {
        self.incoming.pop_front()
    }
}

/// A radio of a mesh; it holds stand-ins of all keys where the mesh is signed.
fn radio(scenario: &Scenario) -> Replay {
    let keys = Keyring::accounted(scenario.seed, scenario.nodes.count.unwrap_or(100));
    let is_signed = scenario.protocol.integrity != Integrity::Off;
    Replay { keys: is_signed.then_some(keys), ..Replay::default() }
}

/// Runs the mesh and all its twins side by side; returns messages sent and frames heard.
pub fn hold_together(scenario: &Scenario, ticks: u64) -> (usize, usize) {
    let mut mesh = mesh(scenario, 1);
    let config = mesh.plan().config;
    let ids: Vec<NodeId> = (0..mesh.plan().nodes.len() as u32).map(NodeId).collect();
    let mut twins: Vec<_> = ids.iter().map(|id| mesh.twin(*id).expect("planned")).collect();
    let page = |twin: &Node<TWIN_NEIGHBOURS>| config.audit.map(|_| twin.audit_page());
    let mut pages: Vec<_> = twins.iter().map(page).collect();
    mesh.tap(ids.iter().copied());
    let (mut sent, mut heard) = (0, 0);
    for tick in 0..ticks {
        mesh.step();
        let mut radios: Vec<Replay> = ids.iter().map(|_| radio(scenario)).collect();
        for (id, frame) in mesh.tapped() {
            radios[id.index()].incoming.push_back(frame);
            heard += 1;
        }
        let states = twins.iter_mut().zip(&mut pages);
        for ((id, (twin, page)), radio) in ids.iter().zip(states).zip(&mut radios) {
            // What an adversary adds to its talk is no part of the node.
            if mesh.plan().nodes[id.index()].malice.is_some() {
                continue;
            }
            let sample = mesh.sensed(*id);
            twin.harvest_uw = mesh.light_uw(*id, Tick(tick));
            twin.tick_audited(&config, Tick(tick), sample, None, page.as_mut(), radio);
            sent += radio.sent;
            let expected = mesh.node_digest(*id).expect("joined");
            assert_eq!(twin.digest(), expected, "tick {tick}, node {}", id.0);
            assert_eq!(page.as_ref(), mesh.audits(*id), "tick {tick}, node {}", id.0);
        }
    }
    let summary = mesh.summary();
    assert!(summary.regimes.ever_storm > 0, "the test must see a storm");
    if scenario.energy.harvest_uw > 0 {
        assert!(summary.energy.brownouts > 0, "the test must see a brownout");
    }
    (sent, heard)
}

#[test]
fn a_thicket_with_fragments_brownouts_and_a_storm() {
    let (sent, heard) = hold_together(&parsed(THICKET), 600);
    assert!(sent > 2_000 && heard > sent, "sent {sent}, heard {heard}: the test must see traffic");
}

#[test]
fn models_that_mutate_and_spread_among_false_cures() {
    let mut scenario = embedded("mutation-cascade");
    scenario.nodes.count = Some(49);
    let storm = scenario.storms.first_mut().expect("has a storm");
    (storm.from_tick, storm.to_tick) = (120, 400);
    scenario.protocol.evolution =
        qres::scenario::Evolution::On { mutation: true, mutate_every_samples: 40, gain_percent: 5 };
    scenario.adversaries.iter_mut().for_each(|adversary| adversary.from_tick = 150);
    let mut genes = mesh(&scenario, 1);
    crate::common::run_to(&mut genes, 320);
    let genes = genes.summary().genes;
    assert!(genes.mutations > 0 && genes.adoptions > 2 && genes.refusals > 5, "{genes:?}");
    hold_together(&scenario, 320);
}

#[test]
fn a_thicket_that_signs_its_updates() {
    let mut scenario = parsed(THICKET);
    scenario.protocol.integrity = Integrity::Accounted;
    let (sent, heard) = hold_together(&scenario, 400);
    assert!(sent > 1_000 && heard > sent, "sent {sent}, heard {heard}: the test must see traffic");
}

#[test]
fn a_thicket_that_tunes() {
    let mut scenario = parsed(THICKET);
    scenario.protocol.tuner = true;
    let (sent, heard) = hold_together(&scenario, 500);
    assert!(sent > 2_000 && heard > sent, "sent {sent}, heard {heard}: the test must see traffic");
}

#[test]
fn a_thicket_that_streams() {
    let mut scenario = parsed(THICKET);
    scenario.protocol.stream.step = 0.01;
    scenario.protocol.stream.frame_samples = 16;
    let (sent, heard) = hold_together(&scenario, 400);
    assert!(sent > 2_000 && heard > sent, "sent {sent}, heard {heard}: the test must see traffic");
}

#[test]
fn a_thicket_that_hands_over() {
    let mut scenario = parsed(THICKET);
    scenario.protocol.summary.asks = 60;
    let mut mesh = mesh(&scenario, 1);
    crate::common::run_to(&mut mesh, 300);
    let handover = mesh.summary().handover.expect("a mesh that hands over");
    assert!(handover.adoptions > 0 && handover.refusals > 0, "{handover:?}");
    let (sent, heard) = hold_together(&scenario, 300);
    assert!(sent > 1_000 && heard > sent, "sent {sent}, heard {heard}: the test must see traffic");
}

#[test]
fn a_thicket_under_the_sun() {
    let mut scenario = parsed(THICKET);
    scenario.energy.sun = Sun::Day { peak_uw: 150_000, day_minutes: 1_440 };
    scenario.energy.clouds.dim_percent = 60;
    scenario.energy.clouds.region_mm = 9_000;
    scenario.energy.brownout_percent = 4;
    hold_together(&scenario, 400);
}

#[test]
fn the_storm_front_through_its_first_storm() {
    let (sent, heard) = hold_together(&embedded("storm-front"), 400);
    assert!(sent > 2_000 && heard > sent, "sent {sent}, heard {heard}: the test must see traffic");
}

#[test]
fn a_thicket_that_adapts_and_sends_blocks() {
    let options = "protocol: (aggregation: Adaptive(calm_rounds: 2), wire: Bfp16, ";
    let scenario = parsed(&THICKET.replace("protocol: (", options));
    let (sent, heard) = hold_together(&scenario, 300);
    assert!(sent > 1_000 && heard > sent, "sent {sent}, heard {heard}: the test must see traffic");
}

#[test]
fn a_thicket_with_private_updates() {
    let mut scenario = parsed(THICKET);
    let privacy = &mut scenario.protocol.privacy;
    (privacy.clip, privacy.noise_multiplier) = (0.1, 6.0);
    let (sent, heard) = hold_together(&scenario, 400);
    assert!(sent > 1_000 && heard > sent, "sent {sent}, heard {heard}: the test must see traffic");
}

/// Sleepers too check what they were shown, and pay for that in their next window.
#[test]
fn a_thicket_that_audits() {
    let mut scenario = parsed(THICKET);
    scenario.nodes.on_demand_percent = 0;
    scenario.protocol.audit.every_rounds = 8;
    scenario.protocol.audit.rate_percent = 20.0;
    scenario.protocol.audit.outliers = true;
    hold_together(&scenario, 300);
}

#[test]
fn a_cartel_among_nodes_that_agree_to_audit_more() {
    let storm = "storms: [(from_tick: 200, to_tick: 280, path: [(tick: 200, x_mm: 0, z_mm: 0)],
        radius_mm: 30000, intensity: 20.0)], adversaries:";
    let text = CARTEL.replace("rate_percent: 50", "rate_percent: 10");
    let text =
        text.replace("protocol: (", "protocol: (tuner: true, ").replace("adversaries:", storm);
    let scenario = parsed(&text);
    let mut mesh = mesh(&scenario, 1);
    crate::common::run_to(&mut mesh, 300);
    let summary = mesh.summary();
    let audit_interval = summary.tuner.expect("a mesh that tunes").audit_interval;
    assert!(audit_interval[2] < 50, "bans ask for more audits: {audit_interval:?}");
    let audit = summary.audit.expect("a mesh that audits");
    assert!(audit.passes > 50 && audit.honest_convicted == 0, "{audit:?}");
    hold_together(&scenario, 300);
}

/// Nine nodes of all kinds with a storm over them; `PAIR` is where options go.
const SMALL: &str = r#"(
    title: "Small", watch_for: "Two options at once.", seed: 3,
    nodes: (count: 9, layout: Grid(columns: 3, spacing_mm: 8000)),
    radio: (range_mm: 20000, mtu_bytes: 64, loss_at_range_percent: 20),
    twt: (calm_ms: 8000, prestorm_ms: 4000, storm_ms: 2000, window_ms: 600,
        storm_window_ms: 1500, listen: Dtim(1)),
    protocol: (commissioning: (limit_ticks: 40), PAIR),
    signals: [(modality: "heat", source: Synthetic(noise: 0.3, wander: 0.5, phase: ByNode))],
    storms: [(from_tick: 100, to_tick: 160, path: [(tick: 100, x_mm: 0, z_mm: 0)],
        radius_mm: 18000, intensity: 20.0)],
)"#;

/// What a node's tick does besides, each by itself.
const OPTIONS: [&str; 9] = [
    "tuner: true",
    "audit: (every_rounds: 8, rate_percent: 50, outliers: true)",
    "integrity: Accounted",
    "stream: (step: 0.01, frame_samples: 16)",
    "summary: (asks: 60)",
    "privacy: (clip: 0.1, noise_multiplier: 6.0)",
    "evolution: On(mutate_every_samples: 40)",
    "trust: (bans: On(first_ticks: 60), bounded_influence: true, watchdog: On(straggler_rounds: 2, \
     limit_rounds: 3))",
    "aggregation: Adaptive(calm_rounds: 2), wire: Bfp16",
];

/// Pairs of them, by place, that a scenario may not have.
const REFUSED: [(usize, usize); 5] = [(1, 4), (1, 5), (1, 6), (3, 5), (5, 6)];

#[test]
fn any_two_options_at_once() {
    for (first, one) in OPTIONS.iter().enumerate() {
        for (second, other) in OPTIONS.iter().enumerate().skip(first + 1) {
            let text = SMALL.replace("PAIR", &format!("{one}, {other}"));
            let read = Scenario::parse("pair.ron", &text);
            let is_refused = REFUSED.contains(&(first, second));
            assert_eq!(read.is_err(), is_refused, "{one}, {other}: {:?}", read.err());
            if let Ok(scenario) = read {
                // Shown where the two part.
                println!("{one}, {other}");
                hold_together(&scenario, 160);
            }
        }
    }
}
