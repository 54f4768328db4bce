//! Summaries on the air: late nodes ask for what the mesh has learned, and are better for it.

use std::fmt::Write;

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::components::{Identity, Tally};
use qres::scenario::Scenario;

/// When the last two of eight nodes join.
const JOIN: u64 = 1_000;

/// Eight stations in one another's range; the last two join late.
fn late(seed: u64, asks: u8) -> Scenario {
    let mut stations = String::new();
    for place in 0..8 {
        let join = if place < 6 { 0 } else { JOIN };
        let _ = write!(
            stations,
            "(name: \"S{place}\", latitude: 0.0{place}, longitude: 0.0, join_tick: {join}),"
        );
    }
    parsed(&format!(
        r#"(
        title: "Late", watch_for: "Two nodes join late.", seed: {seed},
        nodes: (layout: Stations([{stations}])),
        radio: (range_mm: 20000000, loss_at_range_percent: 20),
        twt: (calm_ms: 20000, prestorm_ms: 6000, storm_ms: 3000, window_ms: 600,
            storm_window_ms: 600),
        protocol: (commissioning: (limit_ticks: 120), summary: (asks: {asks})),
        signals: [(modality: "heat", source: Synthetic(noise: 0.1, wander: 0.1, phase: ByNode,
            waves: [(period_samples: 24, amplitude: 3.0)]))],
    )"#
    ))
}

/// The summed |residual| of the late nodes over 60 samples after their first 40, and the mesh.
fn cost(seed: u64, asks: u8) -> (u64, Mesh) {
    let mut mesh = mesh(&late(seed, asks), 1);
    let residual = |mesh: &mut Mesh| -> u64 {
        let scores = mesh.scores();
        scores.iter().filter(|(id, _)| id.index() >= 6).map(|(_, score)| score.residual).sum()
    };
    run_to(&mut mesh, JOIN + 40);
    let before = residual(&mut mesh);
    run_to(&mut mesh, JOIN + 100);
    (residual(&mut mesh) - before, mesh)
}

#[test]
fn late_nodes_forecast_better_with_a_summary_than_without() {
    let (mut costs, mut adoptions) = ([0, 0], 0);
    for seed in 1..=6 {
        let (without, mut plain) = cost(seed, 0);
        assert_eq!(plain.summary().handover, None, "off unless a scenario asks for it");
        let (with, mut mesh) = cost(seed, 8);
        // What is refused leaves the newcomer as it was.
        assert!(with <= without, "seed {seed}: {with} against {without}");
        costs = [costs[0] + without, costs[1] + with];
        let handover = mesh.summary().handover.expect("a mesh that hands over");
        adoptions += handover.adoptions;
        assert_eq!((handover.lies, handover.foreign), (0, 0), "{handover:?}");
        assert!(handover.received >= 2 && handover.answers >= handover.received, "{handover:?}");
        // 12 bytes of header, 4 for the newcomer, 4 for the gene and 64 for the summary; a request
        // has 16 bytes.
        let bytes = u64::from(handover.requests) * 16 + u64::from(handover.answers) * 84;
        assert_eq!(handover.bytes, bytes);
        // The history that a summary stands for: what the six have sent, 40 bytes an update.
        let mut tallies = mesh.world().query::<(&Identity, &Tally)>();
        let veterans = tallies.iter(mesh.world()).filter(|(node, _)| node.id.index() < 6);
        let updates: u32 = veterans.map(|(_, tally)| tally.updates_sent).sum();
        assert!(updates * 40 > 50 * 84, "{updates} updates against one summary");
    }
    assert!(costs[1] * 100 < costs[0] * 95, "{costs:?}");
    assert!(adoptions >= 8, "{adoptions} of two newcomers in six meshes");
}

#[test]
fn a_restored_mesh_hands_over_as_before() {
    let mut scenario = parsed(THICKET);
    scenario.protocol.summary.asks = 40;
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 150);
    let bytes = straight.snapshot();
    let mut copy = mesh(&scenario, 1);
    copy.restore(&bytes).expect("its own snapshot");
    run_to(&mut copy, 200);
    run_to(&mut straight, 200);
    assert_eq!(copy.sections(), straight.sections());
    let handover = copy.summary().handover.expect("a mesh that hands over");
    assert_eq!(Some(handover), straight.summary().handover);
    assert!(handover.answers > 0 && handover.requests > 100, "{handover:?}");
}
