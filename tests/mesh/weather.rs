//! Nothing is scripted: storms only disturb signals, and nodes find out by themselves.

use crate::common::{embedded, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::publish::Regime;
use qres::scenario::Scenario;

/// A field with a storm over its western half from tick 400 to 700.
fn field() -> Scenario {
    parsed(
        r#"(title: "Field", watch_for: "West against east.",
        nodes: (count: 60, layout: Grid(columns: 10, spacing_mm: 10000)),
        radio: (range_mm: 25000),
        twt: (calm_ms: 20000, prestorm_ms: 6000, storm_ms: 3000, window_ms: 500,
            storm_window_ms: 1000),
        protocol: (commissioning: (limit_ticks: 200)),
        signals: [(modality: "heat")],
        storms: [(from_tick: 400, to_tick: 700, path: [(tick: 400, x_mm: -45000, z_mm: 0)],
            radius_mm: 40000, intensity: 20.0)])"#,
    )
}

/// Nodes in Storm in the west (distance to the storm's centre below 30 m) and in the east.
fn storming(mesh: &mut Mesh) -> (usize, usize) {
    let nodes = mesh.publish().nodes;
    let in_storm = |west: bool| {
        let side = move |x: i32| if west { x < -20_000 } else { x > 0 };
        nodes
            .iter()
            .filter(|node| node.regime == Regime::Storm && side(node.position_mm[0]))
            .count()
    };
    (in_storm(true), in_storm(false))
}

#[test]
fn those_inside_notice_and_those_outside_do_not() {
    let mut mesh = mesh(&field(), 1);
    run_to(&mut mesh, 399);
    assert_eq!(storming(&mut mesh), (0, 0), "before the storm");
    run_to(&mut mesh, 440);
    let (west, east) = storming(&mut mesh);
    assert!(west >= 15, "only {west} of 18 in the west noticed within 40 samples");
    assert_eq!(east, 0, "nobody in the east is disturbed");
    run_to(&mut mesh, 760);
    assert_eq!(storming(&mut mesh), (0, 0), "60 samples after the storm");
}

#[test]
fn without_a_storm_nobody_sees_one() {
    let calm = Scenario { storms: Vec::new(), ..field() };
    let mut mesh = mesh(&calm, 1);
    run_to(&mut mesh, 1_000);
    assert_eq!(mesh.summary().regimes.ever_storm, 0);
}

#[test]
fn learning_beats_repeating_and_sleeping_saves() {
    let mut mesh = mesh(&embedded("storm-front"), 1);
    run_to(&mut mesh, 140);
    let summary = mesh.summary();
    assert!(summary.prediction.ratio_mean < 1.0, "{:?}", summary.prediction);
    let asleep = summary.energy.roles.iter().find(|row| row.role == "scheduled");
    assert!(asleep.is_some_and(|row| row.saved_percent > 50.0), "{:?}", summary.energy);
    assert_eq!(summary.adversaries.false_positives, 0);
}

#[test]
fn a_sleeper_without_a_sentinel_is_refused() {
    let mut lonely = field();
    lonely.radio.range_mm = 1_000;
    lonely.nodes.sentinels = qres::scenario::Sentinels::Every(10);
    let plan = qres::mesh::plan::Plan::new(&lonely, 1, &Vec::new());
    let message = plan.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.contains("no sentinel in range"), "{message}");
}
