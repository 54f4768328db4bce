//! Votes for a storm: who can impose one on others. Counts emergencies with honest sentinels only;
//! a hostile one may always wake its own clients.

use qres_core::id::Tick;
use qres_core::q16::Q16;
use qres_core::trust::is_emergency;
use qres_core::wake::Role;

use super::{Invariant, Reading, Scale, Wanted};
use crate::mesh::Mesh;
use crate::mesh::components::{Identity, Schedule, Tally, Trust};
use crate::mesh::plan::Plan;
use crate::scenario::Scenario;

pub(super) const INVARIANT: Invariant = Invariant {
    name: "no escalation",
    hypothesis: "However many strangers claim a storm, also with two that are trusted, no honest \
                 sentinel sounds an emergency; three that are trusted suffice; and no vote changes \
                 anybody's regime.",
    seeds: 20,
    run,
};

/// Strangers that claim a storm and send what does harm, so that they never earn trust. They begin
/// when the first nodes have samples enough to judge what comes, and before anybody has spoken.
const STRANGERS: &str = "(kind: Saturate, share_percent: 40, claim_storm: true, from_tick: 32)";
/// The same from the first tick on, when honest nodes merge unjudged.
const FROM_BIRTH: &str = "(kind: Saturate, share_percent: 40, claim_storm: true)";
/// Nodes in the middle that behave, and claim a storm once they are known.
const TWO: &str = "(kind: VoteSpoof, nodes: \"14 21\", from_tick: 300),";
const THREE: &str = "(kind: VoteSpoof, nodes: \"14 15 21\", from_tick: 300),";

struct Arm {
    name: &'static str,
    liars: [&'static str; 2],
    gated: bool,
    wanted: Wanted,
}

const NONE: Wanted = Wanted::AtMost(0.0);
const ARMS: [Arm; 5] = [
    Arm { name: "defence, strangers", liars: ["", STRANGERS], gated: true, wanted: NONE },
    Arm { name: "defence, and two trusted", liars: [TWO, STRANGERS], gated: true, wanted: NONE },
    Arm {
        name: "defence, and three trusted",
        liars: [THREE, STRANGERS],
        gated: true,
        wanted: Wanted::AtLeast(0.1),
    },
    Arm {
        name: "defence, strangers from birth",
        liars: ["", FROM_BIRTH],
        gated: true,
        wanted: NONE,
    },
    Arm {
        name: "without: any reputation counts",
        liars: ["", STRANGERS],
        gated: false,
        wanted: NONE,
    },
];

fn run(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let mut readings = Vec::new();
    for Arm { name: arm, liars, gated, wanted } in ARMS {
        let (emergencies, stormy) = tried(liars, gated, seed, scale)?;
        let measure = "emergencies in 1,000 ticks of an honest sentinel";
        readings.push(Reading { arm, measure, value: emergencies, wanted });
        let measure = "honest nodes that were in Storm";
        readings.push(Reading { arm, measure, value: stormy, wanted: NONE });
    }
    Ok(readings)
}

fn scenario([trusted, strangers]: [&str; 2]) -> Result<Scenario, String> {
    let text = format!(
        r#"(title: "Votes", watch_for: "Who is believed.",
        nodes: (count: 36, layout: Grid(columns: 6, spacing_mm: 10000), sentinels: Every(4)),
        radio: (range_mm: 21000),
        twt: (calm_ms: 20000, prestorm_ms: 6000, storm_ms: 2000, window_ms: 500,
            storm_window_ms: 1000, listen: Dtim(3)),
        protocol: (commissioning: (limit_ticks: 240)),
        signals: [(modality: "heat", source: Synthetic(level: 20.0, noise: 0.2, waves: [
            (period_samples: 300, amplitude: 4.0)]))],
        adversaries: [{trusted} {strangers}])"#
    );
    Scenario::parse("votes.ron", &text).map_err(|problem| problem.to_string())
}

/// Emergencies in a thousand ticks of an honest sentinel, and honest nodes ever in Storm.
fn tried(liars: [&str; 2], gated: bool, seed: u64, scale: Scale) -> Result<(f64, f64), String> {
    let scenario = scenario(liars)?;
    let mut plan = Plan::new(&scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    if !gated {
        plan.config.trust.vote_reputation = Q16::ZERO;
    }
    let end = if scale == Scale::Full { 1_500 } else { 600 };
    let honest: Vec<bool> = plan.nodes.iter().map(|node| node.malice.is_none()).collect();
    let trust = plan.config.trust;
    let mut mesh = Mesh::new(plan, 1);
    let (mut alarms, mut watched) = (0_u32, 0_u32);
    while mesh.ticks() < end {
        mesh.step();
        let now = Tick(mesh.ticks());
        let world = mesh.world();
        let mut query = world.query::<(&Identity, &Schedule, &Trust)>();
        for (node, schedule, table) in query.iter(world) {
            if schedule.0.role == Role::Sentinel && honest[node.id.index()] {
                watched += 1;
                alarms += u32::from(is_emergency(&trust, &table.0, now));
            }
        }
    }
    let world = mesh.world();
    let mut query = world.query::<(&Identity, &Tally)>();
    let stormy =
        query.iter(world).filter(|(node, tally)| honest[node.id.index()] && tally.storms > 0);
    let stormy = stormy.count() as f64;
    Ok((f64::from(alarms) * 1_000.0 / f64::from(watched.max(1)), stormy))
}
