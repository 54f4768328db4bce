//! Nodes with companions: the mesh and the core agree on them, they come back from a snapshot, and
//! they forecast better than the same nodes without.

use std::collections::VecDeque;

use crate::common::{embedded, mesh, parsed, run_to};
use qres::scenario::Scenario;
use qres_core::fusion::{Fused, NodeFusion};
use qres_core::id::{NodeId, Tick};
use qres_core::radio::{Heard, Outgoing, Radio};

/// Delivers what the mesh delivered.
#[derive(Default)]
struct Replay(VecDeque<Heard>);

impl Radio for Replay {
    fn transmit(&mut self, _now: Tick, _outgoing: &Outgoing) {}

    fn receive(&mut self) -> Option<Heard> {
        self.0.pop_front()
    }
}

/// Two modalities that hear each other, one with batteries that run out, and a storm.
fn pairs() -> Scenario {
    parsed(
        r#"(title: "Pairs", watch_for: "Both senses.", seed: 3, sample_every: 2,
        nodes: (count: 18, layout: Grid(columns: 6, spacing_mm: 8000)),
        radio: (range_mm: 25000),
        twt: (calm_ms: 20000, prestorm_ms: 6000, storm_ms: 3000, window_ms: 600,
            storm_window_ms: 2500),
        energy: (battery_mj: 45000, harvest_uw: 60000),
        protocol: (commissioning: (limit_ticks: 120)),
        signals: [
            (modality: "heat", source: Synthetic(noise: 0.3, wander: 0.5, phase: ByNode),
                companions: ["hum"]),
            (modality: "hum", source: Synthetic(level: 50.0, noise: 0.1, phase: ByNode),
                companions: ["heat"]),
        ],
        storms: [(from_tick: 300, to_tick: 420, path: [(tick: 300, x_mm: 0, z_mm: 0)],
            radius_mm: 30000, intensity: 20.0)])"#,
    )
}

#[test]
fn twins_agree_on_nodes_with_companions() {
    let mut mesh = mesh(&pairs(), 1);
    let config = mesh.plan().config;
    let ids: Vec<NodeId> = (0..mesh.plan().nodes.len() as u32).map(NodeId).collect();
    let mut twins: Vec<_> = ids.iter().map(|id| mesh.twin(*id).expect("planned")).collect();
    let mut fusions = vec![NodeFusion::default(); ids.len()];
    mesh.tap(ids.iter().copied());
    let mut heard = 0;
    for tick in 0..500 {
        mesh.step();
        let mut radios: Vec<Replay> = ids.iter().map(|_| Replay::default()).collect();
        for (id, frame) in mesh.tapped() {
            radios[id.index()].0.push_back(frame);
        }
        for (((id, twin), fusion), radio) in
            ids.iter().zip(&mut twins).zip(&mut fusions).zip(&mut radios)
        {
            let sample = mesh.sensed(*id);
            let (companions, expected) = mesh.fused(*id).expect("every node has companions");
            heard += companions.iter().flatten().count();
            let fused = Some(Fused { fusion, companions: &companions });
            twin.tick_fused(&config, Tick(tick), sample, fused, radio);
            assert_eq!(*fusion, expected, "tick {tick}, node {}", id.0);
            let digest = mesh.node_digest(*id).expect("joined");
            assert_eq!(twin.digest(), digest, "tick {tick}, node {}", id.0);
        }
    }
    assert!(heard > 3_000, "{heard} readings: the test must see companions");
    assert!(mesh.summary().regimes.ever_storm > 0, "the test must see a storm");
    assert!(mesh.summary().energy.brownouts > 0, "the test must see a brownout");
}

#[test]
fn companions_come_back_from_a_snapshot_and_are_in_the_digest() {
    let scenario = pairs();
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 211);
    let bytes = straight.snapshot();
    let mut copy = mesh(&scenario, 1);
    copy.restore(&bytes).expect("its own snapshot");
    assert_eq!(copy.sections(), straight.sections());
    run_to(&mut copy, 330);
    run_to(&mut straight, 330);
    assert_eq!(copy.sections(), straight.sections());
    let mut deaf = scenario.clone();
    deaf.signals.iter_mut().for_each(|signal| signal.companions.clear());
    let mut other = mesh(&deaf, 1);
    assert!(other.fused(NodeId(0)).is_none());
    assert!(other.restore(&bytes).is_err(), "another plan");
    run_to(&mut other, 330);
    let (with, without) = (straight.sections(), other.sections());
    assert_ne!(with[2], without[2], "what nodes learned is in the section of nodes");
}

#[test]
fn a_second_sense_helps_in_the_bundled_scenario() {
    let mut mesh = mesh(&embedded("fusion"), 1);
    run_to(&mut mesh, 1_499);
    let mut sums = [[0_u64; 2]; 3];
    for (id, score) in mesh.scores() {
        let sum = &mut sums[id.index() % 3];
        sum[0] += score.residual - score.first_residual;
        sum[1] += u64::from(score.samples);
    }
    let [fused, alone, _] = sums.map(|[residual, samples]| residual / samples);
    assert!(fused * 100 < alone * 85, "fused {fused}, alone {alone}, in 2^-16 of the unit");
}
