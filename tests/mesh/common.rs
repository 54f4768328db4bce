//! What the integration tests share: small meshes from scenarios.

use qres::mesh::Mesh;
use qres::mesh::plan::Plan;
use qres::scenario::{self, Scenario};

/// An embedded scenario.
pub fn embedded(name: &str) -> Scenario {
    scenario::resolve(name).expect("embedded").scenario
}

/// A scenario from text.
pub fn parsed(text: &str) -> Scenario {
    Scenario::parse("test.ron", text).unwrap_or_else(|problem| panic!("{problem:#}"))
}

/// The mesh of a scenario that needs no data.
pub fn mesh(scenario: &Scenario, threads: usize) -> Mesh {
    let plan = Plan::new(scenario, scenario.seed, &Vec::new()).expect("a plan");
    Mesh::new(plan, threads)
}

/// Runs a mesh to a tick.
pub fn run_to(mesh: &mut Mesh, tick: u64) {
    while mesh.ticks() < tick {
        mesh.step();
    }
}

/// Sleepers of all kinds, fragments, two modalities, batteries that run out, and a storm.
pub const THICKET: &str = r#"(
    title: "Thicket",
    watch_for: "Everything at once, small.",
    seed: 11,
    nodes: (count: 36, layout: Grid(columns: 6, spacing_mm: 8000), on_demand_percent: 20),
    radio: (range_mm: 20000, mtu_bytes: 32, loss_at_range_percent: 30),
    twt: (calm_ms: 20000, prestorm_ms: 6000, storm_ms: 3000, window_ms: 600,
        storm_window_ms: 2500, listen: Dtim(1)),
    energy: (battery_mj: 45000, harvest_uw: 60000),
    protocol: (commissioning: (limit_ticks: 120)),
    signals: [
        (modality: "heat", source: Synthetic(noise: 0.3, wander: 0.5, phase: ByNode)),
        (modality: "hum", source: Synthetic(level: 50.0, waves: [
            (period_samples: 40, amplitude: 3.0)], noise: 0.1)),
    ],
    storms: [(from_tick: 200, to_tick: 500, path: [(tick: 200, x_mm: -20000, z_mm: 0),
        (tick: 500, x_mm: 20000, z_mm: 0)], radius_mm: 18000, intensity: 20.0)],
)"#;
