//! Bit-perfect compliance that can be audited: whoever computes with other arithmetic is found, and
//! nobody else. Other kinds of processors are compared where those are built, not here.

use qres_core::audit::AuditPage;
use qres_core::id::NodeId;
use qres_core::wake::Role;

use super::{Invariant, Reading, Scale, Wanted};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::scenario::Scenario;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "auditable compliance",
    hypothesis: "A node's updates are equal in every bit to what its inputs give: audits of every \
                 50 rounds convict all that round weights to 8 bits, as bfloat16 does, and no \
                 honest node.",
    seeds: 20,
    run,
};

struct Arm {
    name: &'static str,
    audited: bool,
    /// Bits of a weight that a cheater keeps.
    bits: u8,
}

const ARMS: [Arm; 3] = [
    Arm { name: "defence", audited: true, bits: 8 },
    Arm { name: "defence, cheaters keep 11 bits", audited: true, bits: 11 },
    Arm { name: "without", audited: false, bits: 8 },
];

fn run(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let mut readings = Vec::new();
    for arm in &ARMS {
        let Found { served, all, innocent, equal } = tried(arm, seed, scale)?;
        let reading = |measure, value, wanted| Reading { arm: arm.name, measure, value, wanted };
        readings.extend([
            reading("found of cheaters with honest sentinels", served, Wanted::AtLeast(1.0)),
            reading("found of all cheaters", all, Wanted::AtLeast(1.0)),
            reading("honest nodes convicted", innocent, Wanted::AtMost(0.0)),
            reading("audits whose bits were equal", equal, Wanted::AtLeast(1.0)),
        ]);
    }
    Ok(readings)
}

struct Found {
    /// The share of cheaters found: of those that sleep and are served by an honest sentinel.
    served: f64,
    /// Of all.
    all: f64,
    /// Honest nodes that an honest one convicted.
    innocent: f64,
    /// Audits passed.
    equal: f64,
}

fn tried(arm: &Arm, seed: u64, scale: Scale) -> Result<Found, String> {
    let (every, rate, end) = if scale == Scale::Full { (50, 2, 6_000) } else { (8, 50, 480) };
    let audit = if arm.audited {
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
        adversaries: [(kind: FloatCheater(bits: {}), share_percent: 20)])"#,
        arm.bits
    );
    let scenario = Scenario::parse("audits.ron", &text).map_err(|problem| problem.to_string())?;
    let plan = Plan::new(&scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    let mut mesh = Mesh::new(plan.clone(), 1);
    (0..end).for_each(|_| mesh.step());
    let hostile = |node: usize| plan.nodes.get(node).is_some_and(|node| node.malice.is_some());
    let (mut served, mut all) = ([0.0; 2], [0.0; 2]);
    for (node, planned) in plan.nodes.iter().enumerate().filter(|(node, _)| hostile(*node)) {
        let found = f64::from(is_found(&mut mesh, &hostile, plan.nodes.len(), NodeId(node as u32)));
        all = [all[0] + found, all[1] + 1.0];
        if planned.role != Role::Sentinel && !hostile(planned.sentinel.index()) {
            served = [served[0] + found, served[1] + 1.0];
        }
    }
    let summary = mesh.summary();
    // Where no cheater is served by an honest sentinel there is nothing to miss.
    let share = |[found, count]: [f64; 2]| if count > 0.0 { found / count } else { 1.0 };
    Ok(Found {
        served: share(served),
        all: share(all),
        innocent: summary.audit.as_ref().map_or(0.0, |audit| f64::from(audit.honest_convicted)),
        equal: summary.audit.map_or(0.0, |audit| audit.passes as f64),
    })
}

/// Whether an honest node has convicted `cheater`.
fn is_found(
    mesh: &mut Mesh,
    hostile: &impl Fn(usize) -> bool,
    count: usize,
    cheater: NodeId,
) -> bool {
    let convicts = |page: &AuditPage| page.peers().iter().any(|p| p.convicted && p.id == cheater);
    let mut judges = (0..count).filter(|judge| !hostile(*judge));
    judges.any(|judge| mesh.audits(NodeId(judge as u32)).is_some_and(convicts))
}
