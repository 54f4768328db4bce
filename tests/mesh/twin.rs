//! The mesh and the core agree: every node of an ECS mesh, fed to `Node::tick` with the samples
//! and frames it received, is the same node bit for bit, tick by tick.

use std::collections::VecDeque;

use crate::common::{THICKET, embedded, mesh, parsed};
use qres::scenario::{Integrity, Scenario, Sun};
use qres::world::keyring::Keyring;
use qres_core::id::{NodeId, Tick};
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
    mesh.tap(ids.iter().copied());
    let (mut sent, mut heard) = (0, 0);
    for tick in 0..ticks {
        mesh.step();
        let mut radios: Vec<Replay> = ids.iter().map(|_| radio(scenario)).collect();
        for (id, frame) in mesh.tapped() {
            radios[id.index()].incoming.push_back(frame);
            heard += 1;
        }
        for ((id, twin), radio) in ids.iter().zip(&mut twins).zip(&mut radios) {
            // What an adversary adds to its talk is no part of the node.
            if mesh.plan().nodes[id.index()].malice.is_some() {
                continue;
            }
            let sample = mesh.sensed(*id);
            twin.harvest_uw = mesh.light_uw(*id, Tick(tick));
            twin.tick(&config, Tick(tick), sample, radio);
            sent += radio.sent;
            let expected = mesh.node_digest(*id).expect("joined");
            assert_eq!(twin.digest(), expected, "tick {tick}, node {}", id.0);
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
