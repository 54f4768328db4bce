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
/// A panel gives a quarter more than the neediest sleeper of an honest mesh takes.
const PANEL_PERCENT: f64 = 125.0;
/// Batteries hold the need of so many days, and begin with 60 % of it.
const BATTERY_DAYS: f64 = 2.0;

fn run(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let (days, nodes) = if scale == Scale::Full { (7, 100) } else { (2, 25) };
    let mut scenario = scenario(nodes, days)?;
    // With a battery for the whole run, to see what an honest mesh needs.
    let honest = spent(&scenario, seed, true)?;
    let need_mj = honest.most_mj / days as f64;
    scenario.energy.battery_mj = (need_mj * BATTERY_DAYS) as u32;
    scenario.energy.start_percent = 60;
    scenario.energy.sun = Sun::Hours {
        power_uw: (need_mj * PANEL_PERCENT / 100.0 * 1_000.0 / (6.0 * 3_600.0)) as u32,
        from_hour: 9,
        hours: 6,
    };
    let mut readings = Vec::new();
    let mut arm = |arm, gated, hostile: bool| {
        let mut scenario = scenario.clone();
        if hostile {
            scenario.adversaries =
                vec![Adversary::drawn(Attack::FalseEntropy { noise: 20.0 }, 25, 0)];
        }
        let tried = spent(&scenario, seed, gated)?;
        let wanted = Wanted::AtMost(0.0);
        let measure = "brownouts of honest sleepers";
        readings.push(Reading { arm, measure, value: tried.brownouts, wanted });
        let value = tried.most_mj / honest.most_mj;
        let measure = "most taken by one over that without liars";
        readings.push(Reading { arm, measure, value, wanted: Wanted::AtMost(1.25) });
        Ok::<_, String>(())
    };
    arm("nobody lies", true, false)?;
    arm("defence", true, true)?;
    arm("without: one vote of anybody counts", false, true)?;
    Ok(readings)
}

fn scenario(nodes: u32, days: u64) -> Result<Scenario, String> {
    let text = format!(
        r#"(title: "Week", watch_for: "Who runs out.", tick_ms: 30000, ticks: {},
        nodes: (count: {nodes}, layout: Grid(columns: {}, spacing_mm: 10000)),
        twt: (listen: Dtim(10)),
        energy: (profile: Esp32C6, battery_mj: 1000000000),
        protocol: (commissioning: (limit_ticks: 120)),
        signals: [(modality: "heat", source: Synthetic(level: 16.0, noise: 0.2, waves: [
            (period_samples: {DAY}, amplitude: 6.0)]))])"#,
        days * DAY,
        nodes.isqrt(),
    );
    let mut scenario = Scenario::parse("week.ron", &text).map_err(|problem| problem.to_string())?;
    scenario.storms = (0..days).map(storm).collect();
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
fn spent(scenario: &Scenario, seed: u64, gated: bool) -> Result<Spent, String> {
    scenario.validate().map_err(|fault| fault.to_string())?;
    let mut plan = Plan::new(scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    if !gated {
        plan.config.trust.vote_reputation = Q16::ZERO;
        plan.config.trust.quorum = 1;
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
