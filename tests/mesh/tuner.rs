//! The tuner in the mesh: it moves what it may, within clamps, and the same after a restore.

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::scenario::Scenario;

fn tuning() -> Scenario {
    let mut scenario = parsed(THICKET);
    scenario.protocol.tuner = true;
    scenario
}

#[test]
fn a_quiet_mesh_settles_on_little_trust_steps_and_slow_decay() {
    let mut mesh = mesh(&tuning(), 1);
    run_to(&mut mesh, 30);
    let early = mesh.summary().tuner.expect("a mesh that tunes");
    run_to(&mut mesh, 600);
    let tuned = mesh.summary().tuner.expect("a mesh that tunes");
    // Hardly anybody is banned, so the trust step falls everywhere to its least; neighbours are of
    // one standing, so learning rates decay slowly. Nothing speaks for more trimming or audits.
    assert!(tuned.gamma[2] < 0.0201, "{tuned:?}");
    assert!(tuned.decay[0] > 0.9799, "{tuned:?}");
    assert_eq!((tuned.trim, tuned.audit_interval), ([1; 3], [50; 3]), "{tuned:?}");
    // They come there by what they see: after a few rounds not all of them are there yet.
    assert!(early.decay[0] < 0.951 && early.decay[2] > 0.9799, "{early:?}");
}

#[test]
fn policies_cost_bytes_and_only_where_they_are_asked_for() {
    let (mut with, mut without) = (mesh(&tuning(), 1), mesh(&parsed(THICKET), 1));
    run_to(&mut with, 200);
    run_to(&mut without, 200);
    let (with, without) = (with.summary(), without.summary());
    assert!(without.tuner.is_none());
    assert!(with.bytes_sent > without.bytes_sent, "{} {}", with.bytes_sent, without.bytes_sent);
}

#[test]
fn a_restored_mesh_tunes_on() {
    let scenario = tuning();
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 150);
    let bytes = straight.snapshot();
    let mut copy = mesh(&scenario, 1);
    copy.restore(&bytes).expect("its own snapshot");
    run_to(&mut copy, 300);
    run_to(&mut straight, 300);
    assert_eq!(copy.sections(), straight.sections());
}

/// Sixteen nodes in earshot of each other, each of which speaks in every round of four ticks. Up to
/// tick 240 nothing passes between west and east, and the west is short of energy.
const SPLIT: &str = r#"(
    title: "Split", watch_for: "Two halves drift apart, and agree again.", seed: 5,
    nodes: (count: 16, layout: Grid(columns: 4, spacing_mm: 10000), sentinels: Every(1),
        start: Together),
    radio: (range_mm: 60000, loss_floor_percent: 0, loss_at_range_percent: 0, collisions: false),
    twt: (calm_ms: 4000, prestorm_ms: 4000, storm_ms: 4000, window_ms: 3000,
        storm_window_ms: 3000),
    protocol: (tuner: true, commissioning: (neighbours: 64, reputation: 1.0, limit_ticks: 100000)),
    signals: [(modality: "heat", source: Synthetic(noise: 0.4))],
    commands: [
        (at_tick: 0, command: SetEnergy(nodes: "0-1 4-5 8-9 12-13", percent: 15)),
        (at_tick: 240, command: SetEnergy(nodes: "0-1 4-5 8-9 12-13", percent: 90)),
    ],
    faults: [(kind: Partition, from_tick: 0, to_tick: 240, nodes: Side(x_mm: 0, z_mm: 9,
        to_x_mm: 0, to_z_mm: -9))],
)"#;

#[test]
fn halves_that_saw_different_things_agree_within_thirty_rounds_of_healing() {
    let mut mesh = mesh(&parsed(SPLIT), 1);
    run_to(&mut mesh, 240);
    let split = mesh.summary().tuner.expect("a mesh that tunes");
    // The poor audit as seldom as they may, the others as usual.
    assert_eq!((split.audit_interval[0], split.audit_interval[2]), (50, 100), "{split:?}");
    run_to(&mut mesh, 240 + 5 * 4);
    let near = mesh.summary().tuner.expect("a mesh that tunes").audit_interval;
    assert!(near[2] - near[0] <= 5, "the median brings them near at once: {near:?}");
    for rounds in [30, 35, 40, 60] {
        run_to(&mut mesh, 240 + rounds * 4);
        let healed = mesh.summary().tuner.expect("a mesh that tunes");
        let same = |[least, _, greatest]: [f64; 3]| least.to_bits() == greatest.to_bits();
        assert!(same(healed.gamma) && same(healed.decay), "{rounds} rounds: {healed:?}");
        let [least, _, greatest] = healed.audit_interval;
        assert_eq!(least, greatest, "{rounds} rounds");
        assert_eq!((healed.trim, healed.confirmations), ([1; 3], [2; 3]), "{rounds} rounds");
        assert!(rounds < 40 || least == 50, "back where nothing speaks for more or fewer: {least}");
    }
}
