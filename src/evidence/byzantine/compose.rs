//! From an arm to the scenario and the plan of its meshes. Nothing here runs anything.

use super::arms::{Arm, GATED_PERCENT, IDENTITIES, Trouble, With};
use super::ground::half_side;
use super::surroundings::Surroundings;
use crate::mesh::plan::Plan;
use crate::scenario::{
    self, Adoption, Adversary, Attack, Evolution, FaultEntry, FaultKind, Integrity, Layout,
    Scenario, Who,
};

/// When trouble begins.
pub(super) const ATTACK_TICK: u64 = 300;
/// When the storm of the stormy rows begins; it blows to the end.
pub(super) const STORM_TICK: u64 = 900;
/// Honest nodes that are cut off from honest neighbours in an eclipse.
const VICTIMS: usize = 5;

/// Rounds of a commitment where updates are audited.
const AUDITED_ROUNDS: u8 = 64;
/// How models evolve where they do: as a scenario's `On()`.
const EVOLVES: Evolution =
    Evolution::On { mutation: true, mutate_every_samples: 4, gain_percent: 5 };

/// What adversaries of a control would do if they spoke: nothing that changes what they sense.
const UNSPOKEN: Attack = Attack::SignFlip { scale: 1.0 };

/// The plan of an arm, and what its nodes have around them.
pub(super) struct Stage {
    pub plan: Plan,
    pub around: Surroundings,
}

/// The mesh of an arm under trouble.
pub(super) fn troubled(arm: &Arm, seed: u64) -> Result<Stage, String> {
    let mut scenario = calm_or_storm(arm)?;
    match arm.trouble {
        Trouble::Lies { attack, collude } => lie(&mut scenario, arm, attack, collude),
        Trouble::Jamming => scenario.faults.push(jammer(arm, &scenario)),
        Trouble::Sybils { attack } => invent(&mut scenario, arm, attack),
        Trouble::Eclipse { attack, collude } => {
            lie(&mut scenario, arm, attack, collude);
            let plan = planned(arm, &scenario, seed)?;
            let victims = Surroundings::of(&scenario, &plan).victims(VICTIMS);
            let eclipse = |victim: &u32| FaultEntry {
                kind: FaultKind::Eclipse { victim: *victim },
                from_tick: ATTACK_TICK,
                to_tick: arm.end_tick,
                nodes: Who::Adversaries,
            };
            scenario.faults.extend(victims.iter().map(eclipse));
            let mut stage = stage(arm, &scenario, seed)?;
            stage.around.capture(victims.iter().map(|victim| *victim as usize));
            return Ok(stage);
        }
    }
    let mut stage = stage(arm, &scenario, seed)?;
    if arm.trouble == Trouble::Jamming {
        let reach = i64::from(jammed_mm(arm, &scenario));
        let is_near =
            |[x, _, z]: [i32; 3]| i64::from(x).pow(2) + i64::from(z).pow(2) <= reach.pow(2);
        let places = stage.plan.nodes.iter().map(|node| is_near(node.position_mm));
        let near: Vec<usize> =
            places.enumerate().filter_map(|(node, is_near)| is_near.then_some(node)).collect();
        stage.around.capture(near);
    }
    Ok(stage)
}

/// The same mesh without the trouble: whoever does harm keeps silent, and nothing is jammed or cut.
pub(super) fn silent(arm: &Arm, seed: u64) -> Result<Stage, String> {
    let mut scenario = calm_or_storm(arm)?;
    match arm.trouble {
        Trouble::Lies { .. } | Trouble::Eclipse { .. } => {
            lie(&mut scenario, arm, UNSPOKEN, false);
        }
        Trouble::Sybils { .. } => invent(&mut scenario, arm, UNSPOKEN),
        Trouble::Jamming => {}
    }
    stage(arm, &scenario, seed)
}

/// The scenario of an arm before anything goes wrong.
fn calm_or_storm(arm: &Arm) -> Result<Scenario, String> {
    let resolved = scenario::resolve("storm-front").map_err(|problem| problem.to_string())?;
    let mut scenario = resolved.scenario;
    scenario.nodes.count = Some(arm.nodes);
    scenario.nodes.layout = Layout::RandomGeometric { mean_degree: 12 };
    scenario.ticks = arm.end_tick;
    scenario.storms.truncate(1);
    let (count, range) = (arm.nodes as usize, f64::from(scenario.radio.range_mm));
    for storm in &mut scenario.storms {
        *storm =
            arm.ground.storm(storm, count, range, STORM_TICK, arm.end_tick.max(STORM_TICK + 1));
    }
    if !arm.storm {
        scenario.storms.clear();
    }
    let protocol = &mut scenario.protocol;
    match arm.defence.with {
        With::Nothing => {}
        With::Signatures => protocol.integrity = Integrity::Accounted,
        With::Audits => protocol.audit.every_rounds = AUDITED_ROUNDS,
        With::Evolution => protocol.evolution = EVOLVES,
        With::NoEffects => protocol.trust.leave_one_out = false,
    }
    if let Some(alone) = &arm.defence.alone {
        protocol.aggregation = alone.rule.clone();
        protocol.preparation = alone.preparation.clone();
        protocol.trim_per_tail = alone.trim_per_tail;
        protocol.weigh_by_reputation = false;
        protocol.adoption = Adoption::Blind;
    }
    Ok(scenario)
}

fn lie(scenario: &mut Scenario, arm: &Arm, attack: Attack, collude: bool) {
    let adversary = Adversary::drawn(attack, arm.share_percent, ATTACK_TICK);
    scenario.adversaries = vec![Adversary { collude, ..adversary }];
}

/// A jammer in the middle: half of the time, ten times as strong as a node.
fn jammer(arm: &Arm, scenario: &Scenario) -> FaultEntry {
    FaultEntry {
        kind: FaultKind::Jamming { duty_percent: 50, period_us: 10_000, strength_percent: 1_000 },
        from_tick: ATTACK_TICK,
        to_tick: arm.end_tick,
        nodes: Who::Area { x_mm: 0, z_mm: 0, radius_mm: jammed_mm(arm, scenario) },
    }
}

/// The radius that holds three nodes in ten.
fn jammed_mm(arm: &Arm, scenario: &Scenario) -> u32 {
    let side = 2.0 * half_side(arm.nodes as usize, f64::from(scenario.radio.range_mm));
    let share = f64::from(GATED_PERCENT) / 100.0;
    (side * libm::sqrt(share / std::f64::consts::PI)) as u32
}

/// Hosts, spread over the ids, with their identities; hosts lie too.
fn invent(scenario: &mut Scenario, arm: &Arm, attack: Attack) {
    let hosts = arm.hosts();
    let host = |place: u32| (2 * place + 1) * arm.nodes / (2 * hosts);
    let list: Vec<String> = (0..hosts).map(|place| host(place).to_string()).collect();
    scenario.adversaries =
        vec![Adversary { collude: true, ..Adversary::named(attack, list.join(" "), ATTACK_TICK) }];
    let entry = |place: u32| FaultEntry {
        kind: FaultKind::Sybil { host: host(place), identities: IDENTITIES, attack },
        from_tick: ATTACK_TICK,
        to_tick: arm.end_tick,
        nodes: Who::All,
    };
    scenario.faults.extend((0..hosts).map(entry));
}

fn planned(arm: &Arm, scenario: &Scenario, seed: u64) -> Result<Plan, String> {
    scenario.validate().map_err(|fault| fault.to_string())?;
    let mut plan = Plan::new(scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    arm.ground.seat(scenario, &mut plan)?;
    Ok(plan)
}

fn stage(arm: &Arm, scenario: &Scenario, seed: u64) -> Result<Stage, String> {
    let plan = planned(arm, scenario, seed)?;
    let around = Surroundings::of(scenario, &plan);
    Ok(Stage { plan, around })
}
