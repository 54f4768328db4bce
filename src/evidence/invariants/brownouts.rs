//! A week on a small panel while a quarter of the nodes cries storm: whether honest sleepers run
//! out. The supply comes from what an honest mesh needs, never from what an attacked one would.

use qres_core::energy::EnergyPool;
use qres_core::q16::Q16;
use qres_core::wake::Role;

use super::{Invariant, Reading, Scale, Wanted};
use crate::mesh::Mesh;
use crate::mesh::components::{Battery, Identity, Schedule};
use crate::mesh::plan::Plan;
use crate::scenario::{Adversary, Attack, Scenario, Storm, Sun, Waypoint};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "no brownouts",
    hypothesis: "In seven days with six hours of sun and 10 % of storm, a quarter of nodes with \
                 noise on their sensors makes no honest sleeper run out.",
    seeds: 5,
    run,
};

/// Ticks of half a minute in an hour and in a day.
const HOUR: u64 = 120;
const DAY: u64 = 24 * HOUR;
/// A storm each day from the evening on, a tenth of it.
const STORM_FROM: u64 = 17 * HOUR;
const STORM_TICKS: u64 = DAY / 10;
/// What a sleeper gets of the need of an honest mesh's neediest: by its panel each day, in percent,
/// and how many days of it its battery holds. Batteries begin with 60 %.
#[derive(Clone, Copy, Debug)]
struct Supply {
    panel_percent: f64,
    battery_days: f64,
}

const AMPLE: Supply = Supply { panel_percent: 125.0, battery_days: 2.0 };
const SCARCE: Supply = Supply { panel_percent: 110.0, battery_days: 1.5 };

/// A sensor with so much noise that its node believes in a storm. It begins after a day: from the
/// first sample on it would be what is usual for the node, and no storm.
const NOISE: Attack = Attack::FalseEntropy { noise: 20.0 };

/// What it takes to wake others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    /// Three trusted votes, and half of the neighbours.
    Share,
    /// Three trusted votes.
    Three,
    /// One vote of anybody.
    Open,
}

struct Arm {
    name: &'static str,
    supply: Supply,
    gate: Gate,
    hostile: bool,
}

const ARMS: [Arm; 6] = [
    Arm { name: "defence, ample", supply: AMPLE, gate: Gate::Share, hostile: true },
    Arm { name: "without, ample", supply: AMPLE, gate: Gate::Open, hostile: true },
    Arm { name: "nobody lies, scarce", supply: SCARCE, gate: Gate::Share, hostile: false },
    Arm { name: "defence, scarce", supply: SCARCE, gate: Gate::Share, hostile: true },
    Arm { name: "three trusted alone, scarce", supply: SCARCE, gate: Gate::Three, hostile: true },
    Arm { name: "without, scarce", supply: SCARCE, gate: Gate::Open, hostile: true },
];

fn run(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let (ticks, nodes, noise_from) = match scale {
        Scale::Full => (7 * DAY, 64, DAY),
        Scale::Small => (6 * HOUR, 16, 2 * HOUR),
    };
    let calm = scenario(nodes, ticks)?;
    // With a battery for the whole run, to see what an honest mesh needs.
    let honest = spent(&calm, seed, Gate::Share)?;
    let need_mj = honest.most_mj * DAY as f64 / ticks as f64;
    let mut readings = Vec::new();
    for Arm { name: arm, supply, gate, hostile } in ARMS {
        let mut scenario = calm.clone();
        let power_uw = need_mj * supply.panel_percent / 100.0 * 1_000.0 / (6.0 * 3_600.0);
        scenario.energy.battery_mj = (need_mj * supply.battery_days) as u32;
        scenario.energy.start_percent = 60;
        scenario.energy.sun = Sun::Hours { power_uw: power_uw as u32, from_hour: 9, hours: 6 };
        if hostile {
            scenario.adversaries = vec![Adversary::drawn(NOISE, 25, noise_from)];
        }
        let tried = spent(&scenario, seed, gate)?;
        let more = 100.0 * (tried.most_mj / honest.most_mj - 1.0);
        let reading = |measure, value, wanted| Reading { arm, measure, value, wanted };
        readings.extend([
            reading("brownouts of honest sleepers", tried.brownouts, Wanted::AtMost(0.0)),
            reading("taken on top by the neediest, percent", more, Wanted::AtMost(5.0)),
        ]);
    }
    Ok(readings)
}

fn scenario(nodes: u32, ticks: u64) -> Result<Scenario, String> {
    let text = format!(
        r#"(title: "Week", watch_for: "Who runs out.", tick_ms: 30000, ticks: {},
        nodes: (count: {nodes}, layout: Grid(columns: {}, spacing_mm: 10000)),
        twt: (listen: Dtim(10)),
        energy: (profile: Esp32C6, battery_mj: 1000000000),
        protocol: (commissioning: (limit_ticks: 120)),
        signals: [(modality: "heat", source: Synthetic(level: 16.0, noise: 0.2, waves: [
            (period_samples: {DAY}, amplitude: 6.0)]))])"#,
        ticks,
        nodes.isqrt(),
    );
    let mut scenario = Scenario::parse("week.ron", &text).map_err(|problem| problem.to_string())?;
    scenario.storms = (0..ticks.div_ceil(DAY)).map(storm).collect();
    Ok(scenario)
}

/// The storm of a day, over all of the field.
fn storm(day: u64) -> Storm {
    let from_tick = day * DAY + STORM_FROM;
    Storm {
        from_tick,
        to_tick: from_tick + STORM_TICKS,
        path: vec![Waypoint { tick: from_tick, x_mm: 0, z_mm: 0 }],
        radius_mm: 150_000,
        intensity: 14.0,
        spectrum: crate::scenario::Spectrum::White,
    }
}

struct Spent {
    /// Brownouts of honest sleepers.
    brownouts: f64,
    /// What the neediest of them took.
    most_mj: f64,
}

/// Runs a scenario whose sentinels hang on the mains: they are full after each tick.
fn spent(scenario: &Scenario, seed: u64, gate: Gate) -> Result<Spent, String> {
    scenario.validate().map_err(|fault| fault.to_string())?;
    let mut plan = Plan::new(scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    let trust = &mut plan.config.trust;
    match gate {
        Gate::Share => trust.quorum_percent = 50,
        Gate::Three => {}
        Gate::Open => (trust.vote_reputation, trust.quorum) = (Q16::ZERO, 1),
    }
    let honest: Vec<bool> = plan.nodes.iter().map(|node| node.malice.is_none()).collect();
    let mut energy = plan.config.energy;
    energy.start = Q16::ONE;
    let mut mesh = Mesh::new(plan, 1);
    for _ in 0..scenario.ticks {
        mesh.step();
        let world = mesh.world();
        let mut query = world.query::<(&Schedule, &mut Battery)>();
        for (schedule, mut battery) in query.iter_mut(world) {
            if schedule.0.role == Role::Sentinel {
                battery.0 = EnergyPool::new(&energy);
            }
        }
    }
    let world = mesh.world();
    let mut query = world.query::<(&Identity, &Schedule, &Battery)>();
    let mut sum = Spent { brownouts: 0.0, most_mj: 0.0 };
    for (node, schedule, battery) in query.iter(world) {
        if schedule.0.role != Role::Sentinel && honest[node.id.index()] {
            sum.brownouts += f64::from(battery.0.brownouts());
            sum.most_mj = sum.most_mj.max(battery.0.spending.total_nj() as f64 / 1e6);
        }
    }
    Ok(sum)
}
