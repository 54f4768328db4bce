//! A snapshot is all there is: restored, a mesh goes on as if nothing had happened.

use std::sync::OnceLock;

use proptest::prelude::*;

use crate::common::{THICKET, embedded, mesh, parsed, run_to};
use qres::mesh::snapshot::SnapshotError;
use qres::scenario::{Layout, Scenario};

/// Three meshes of different kinds.
fn scenarios() -> [Scenario; 3] {
    let mut city = embedded("city-10k");
    city.nodes.count = Some(300);
    for storm in &mut city.storms {
        storm.from_tick = 100;
        storm.path.truncate(1);
        storm.path[0] = qres::scenario::Waypoint { tick: 100, x_mm: 0, z_mm: 0 };
    }
    assert!(matches!(city.nodes.layout, Layout::RandomGeometric { .. }));
    [parsed(THICKET), embedded("storm-front"), city]
}

#[test]
fn restored_at_three_ticks_of_three_scenarios() {
    for scenario in scenarios() {
        let mut straight = mesh(&scenario, 1);
        for tick in [37, 211, 520] {
            run_to(&mut straight, tick);
            let bytes = straight.snapshot();
            let mut copy = mesh(&scenario, 1);
            copy.restore(&bytes).expect("its own snapshot");
            assert_eq!(copy.ticks(), tick);
            assert_eq!(copy.sections(), straight.sections(), "{} at {tick}", scenario.title);
            run_to(&mut copy, tick + 90);
            let mut original = mesh(&scenario, 1);
            run_to(&mut original, tick + 90);
            assert_eq!(copy.digest(), original.digest(), "{} from {tick}", scenario.title);
        }
        let stormy = straight.summary().regimes.ever_storm;
        assert!(stormy > 0, "{}: the test must see a storm", scenario.title);
    }
}

#[test]
fn damage_is_refused_and_leaves_a_fresh_mesh() {
    let scenario = parsed(THICKET);
    let mut source = mesh(&scenario, 1);
    run_to(&mut source, 40);
    let bytes = source.snapshot();
    let mut target = mesh(&scenario, 1);
    assert_eq!(target.restore(b"nonsense"), Err(SnapshotError::Magic));
    for length in (0..bytes.len()).step_by(997) {
        assert!(target.restore(&bytes[..length]).is_err(), "cut at {length}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(target.restore(&longer), Err(SnapshotError::Damaged));
    assert_eq!(target.ticks(), 0);
    run_to(&mut target, 40);
    assert_eq!(target.digest(), source.digest());
    let mut smaller = scenario.clone();
    smaller.nodes.count = Some(9);
    assert_eq!(mesh(&smaller, 1).restore(&bytes), Err(SnapshotError::OtherPlan));
    let mut nearer = scenario.clone();
    nearer.radio.loss_at_range_percent = 10;
    assert_eq!(mesh(&nearer, 1).restore(&bytes), Err(SnapshotError::OtherPlan));
}

#[test]
fn two_meshes_do_not_touch_each_other() {
    let [one, two, _] = scenarios();
    let (mut first, mut second) = (mesh(&one, 1), mesh(&two, 1));
    for _ in 0..150 {
        first.step();
        second.step();
        second.step();
    }
    let (mut alone, mut other) = (mesh(&one, 1), mesh(&two, 1));
    run_to(&mut alone, 150);
    run_to(&mut other, 300);
    assert_eq!(first.digest(), alone.digest());
    assert_eq!(second.digest(), other.digest());
}

/// A snapshot of nine nodes, after a storm has begun.
fn small() -> (Scenario, Vec<u8>) {
    let mut scenario = parsed(THICKET);
    scenario.nodes.count = Some(9);
    let mut source = mesh(&scenario, 1);
    run_to(&mut source, 230);
    (scenario, source.snapshot())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is flipped, cut out or put in: no panic, and what is taken is written back the
    /// same, to the byte; what is refused leaves a mesh that takes the whole one.
    #[test]
    fn damaged_snapshots_are_refused_or_taken_to_the_byte(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..4),
        cut in proptest::option::weighted(0.2, any::<prop::sample::Index>()),
        grown in proptest::collection::vec(any::<u8>(), 0..3),
    ) {
        static WHOLE: OnceLock<(Scenario, Vec<u8>)> = OnceLock::new();
        let (scenario, whole) = WHOLE.get_or_init(small);
        let mut damaged = whole.clone();
        for (place, bit) in &flips {
            damaged[place.index(whole.len())] ^= 1 << bit;
        }
        if let Some(cut) = &cut {
            damaged.remove(cut.index(whole.len()));
        }
        damaged.extend_from_slice(&grown);
        let mut target = mesh(scenario, 1);
        if target.restore(&damaged).is_ok() {
            prop_assert!(target.snapshot() == damaged, "taken as something else");
        } else {
            prop_assert!(target.restore(whole).is_ok());
            prop_assert!(target.snapshot() == *whole);
        }
    }
}
