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
