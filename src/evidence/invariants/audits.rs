//! Bit-perfect compliance that can be audited: whoever computes with other arithmetic is found, and
//! nobody else. Other kinds of processors are compared where those are built, not here.

use super::{Invariant, Reading, Scale, Wanted};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::scenario::Scenario;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "auditable compliance",
    hypothesis: "A node's updates are equal in every bit to what its inputs give: audits after \
                 every 50 rounds convict all that round weights as half-precision floats do, and \
                 no honest node.",
    seeds: 20,
    run,
};

fn run(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let mut readings = Vec::new();
    for (arm, audited) in [("defence", true), ("without", false)] {
        let (found, innocent, compared) = tried(audited, seed, scale)?;
        let reading = |measure, value, wanted| Reading { arm, measure, value, wanted };
        readings.extend([
            reading("float cheaters found, share", found, Wanted::AtLeast(1.0)),
            reading("honest nodes convicted or banned", innocent, Wanted::AtMost(0.0)),
            reading("stretches computed again and equal", compared, Wanted::AtLeast(1.0)),
        ]);
    }
    Ok(readings)
}

fn tried(audited: bool, seed: u64, scale: Scale) -> Result<(f64, f64, f64), String> {
    let (every, rate, end) = if scale == Scale::Full { (50, 2, 4_000) } else { (8, 50, 480) };
    let audit = if audited {
        format!("audit: (every_rounds: {every}, rate_percent: {rate})")
    } else {
        String::new()
    };
    let text = format!(
        r#"(title: "Audits", watch_for: "Who computes otherwise.",
        nodes: (count: 25, layout: Grid(columns: 5, spacing_mm: 8000)),
        radio: (range_mm: 20000),
        twt: (calm_ms: 8000, prestorm_ms: 4000, storm_ms: 2000, window_ms: 600,
            storm_window_ms: 1000),
        protocol: (commissioning: (neighbours: 64, reputation: 1.0, limit_ticks: 100000),
            {audit}),
        signals: [(modality: "heat", source: Synthetic(noise: 0.3, wander: 0.5, phase: ByNode))],
        adversaries: [(kind: FloatCheater(bits: 11), share_percent: 20)])"#
    );
    let scenario = Scenario::parse("audits.ron", &text).map_err(|problem| problem.to_string())?;
    let plan = Plan::new(&scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    let mut mesh = Mesh::new(plan, 1);
    (0..end).for_each(|_| mesh.step());
    let summary = mesh.summary();
    let banned = summary.adversaries;
    let count = f64::from(banned.count.max(1));
    Ok(match summary.audit {
        Some(audit) => {
            let innocent = f64::from(audit.honest_convicted.max(banned.false_positives));
            (f64::from(audit.convicted) / count, innocent, audit.passes as f64)
        }
        None => (f64::from(banned.detected) / count, f64::from(banned.false_positives), 0.0),
    })
}
