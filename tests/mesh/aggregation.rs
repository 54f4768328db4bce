//! Every way to aggregate is reachable from a scenario, does something of its own, and keeps its
//! optional state where twins and snapshots find it.

use std::collections::BTreeMap;

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::scenario::Scenario;

/// Ticks in which the small field below merges several times.
const TICKS: u64 = 90;

/// Sixteen neighbours always awake, with other parameters of the protocol.
fn field(protocol: &str) -> Scenario {
    parsed(&format!(
        r#"(title: "Field", watch_for: "Merges.", seed: 5,
        nodes: (count: 16, layout: Grid(columns: 4, spacing_mm: 3000), sentinels: Every(1),
            start: Together),
        radio: (collisions: false),
        twt: (calm_ms: 8000, prestorm_ms: 8000, storm_ms: 8000, window_ms: 6000,
            storm_window_ms: 6000),
        protocol: ({protocol}),
        signals: [(modality: "heat", source: Synthetic(noise: 0.4, wander: 0.3,
            phase: ByNode))])"#
    ))
}

#[test]
fn every_rule_is_reachable_and_its_own() {
    let protocols = [
        "",
        "trim_per_tail: 3",
        "weigh_by_reputation: false",
        "wire: Bfp16",
        "aggregation: Mean",
        "aggregation: Median",
        "aggregation: Meamed(faulty: 2)",
        "aggregation: Krum(faulty: 2)",
        "aggregation: MultiKrum(faulty: 2)",
        "aggregation: MultiKrum(faulty: 2, select: 3)",
        "aggregation: Bulyan(faulty: 2)",
        "aggregation: GeometricMedian(smoothing: 0.001)",
        "aggregation: CentredClipping(radius: 0.002)",
        "aggregation: ClippedGossip(faulty: 2)",
        "aggregation: CsPlus(faulty: 2)",
        "aggregation: Nna(faulty: 2)",
        "aggregation: Balance()",
        "aggregation: Ubar()",
        "aggregation: Adaptive(faulty: 2)",
        "preparation: Nnm(faulty: 2)",
        "preparation: Arc(faulty: 2)",
        "preparation: Bucketing()",
    ];
    let mut seen = BTreeMap::new();
    for protocol in protocols {
        let mut mesh = mesh(&field(protocol), 1);
        run_to(&mut mesh, TICKS);
        assert!(mesh.summary().aggregations > 30, "{protocol}");
        let digest = mesh.digest().to_string();
        let other = seen.insert(digest, protocol);
        assert_eq!(other, None, "{protocol} is as another");
    }
}

#[test]
fn blocks_save_bytes_and_learn_as_well() {
    let run = |protocol| {
        let mut mesh = mesh(&field(protocol), 1);
        run_to(&mut mesh, 400);
        mesh.summary()
    };
    let lags = "lags: [2, 3, 4, 5, 6, 7, 8, 9]";
    let (words, block) = (run(lags), run(&format!("{lags}, wire: Bfp16")));
    // 17 bytes instead of 32 beside a header of 12 and a head of 8: 37 of 52.
    let share = block.bytes_sent as f64 / words.bytes_sent as f64;
    assert!((0.70..0.74).contains(&share), "{share}");
    let better = |summary: &qres::mesh::summary::RunSummary| {
        summary.prediction.better_than_persistence_percent
    };
    assert!((better(&block) - better(&words)).abs() < 1.0, "{block:?} {words:?}");
}

#[test]
fn the_optional_state_is_restored() {
    let text = THICKET
        .replace("protocol: (", "protocol: (aggregation: Adaptive(calm_rounds: 2), wire: Bfp16, ");
    let scenario = parsed(&text);
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 150);
    let bytes = straight.snapshot();
    let mut restored = mesh(&scenario, 2);
    restored.restore(&bytes).expect("its own snapshot");
    run_to(&mut straight, 230);
    run_to(&mut restored, 230);
    assert_eq!(straight.digest(), restored.digest());
}
