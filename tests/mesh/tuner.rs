//! The tuner in the mesh: it moves what it may, within clamps, and the same after a restore.

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::scenario::Scenario;

fn tuning() -> Scenario {
    let mut scenario = parsed(THICKET);
    scenario.protocol.tuner = true;
    scenario
}

#[test]
fn nodes_tune_within_clamps_and_agree_better_than_the_clamps_are_wide() {
    let mut mesh = mesh(&tuning(), 1);
    run_to(&mut mesh, 600);
    let tuned = mesh.summary().tuner.expect("a mesh that tunes");
    assert!(tuned.gamma[0] >= 0.0199 && tuned.gamma[2] <= 0.15, "{tuned:?}");
    assert!(tuned.audit_interval[0] >= 10 && tuned.audit_interval[2] <= 100, "{tuned:?}");
    assert!(tuned.trim[0] >= 1 && tuned.confirmations[0] >= 2, "{tuned:?}");
    assert!(tuned.gamma[1] < 0.049, "hardly anybody is banned, so the step must fall: {tuned:?}");
    assert!(tuned.gamma[2] - tuned.gamma[0] < 0.06, "{tuned:?}");
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
