//! One run of one row, beside its two silent controls.

use qres_core::neuron::SwarmNeuron;

use super::super::drift::{self, Distance};
use super::super::statistics::percentile;
use super::arms::Arm;
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::mesh::publish::Scene;
use crate::scenario::{self, Adoption, Adversary, Layout, Scenario, Storm, Waypoint};

/// When attackers begin, and when all ends.
const ATTACK_TICK: u64 = 300;
const END_TICK: u64 = 2_400;
/// When the storm of the stormy rows begins; it blows to the end.
const STORM_TICK: u64 = 900;

/// What came of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// 95th percentile of drift over honest nodes that are not captured.
    pub drift: f64,
    /// The same between two silent runs.
    pub floor: f64,
    /// Honest nodes with a third or more of attackers among their neighbours, and their drift.
    pub captured: f64,
    pub captured_drift: f64,
    /// Honest nodes that some honest neighbour bans at the end.
    pub banned_honest: f64,
    /// Attackers that some honest neighbour bans at the end, as a share.
    pub detected: f64,
    /// Ticks from the first attack to the first ban.
    pub first_detection: Option<f64>,
    pub bytes: f64,
    pub energy_mj: f64,
}

/// The scenario of a row.
pub(super) fn compose(arm: &Arm) -> Result<Scenario, String> {
    let resolved = scenario::resolve("storm-front").map_err(|problem| problem.to_string())?;
    let mut scenario = resolved.scenario;
    scenario.nodes.count = Some(arm.nodes);
    scenario.nodes.layout = Layout::RandomGeometric { mean_degree: 12 };
    scenario.ticks = END_TICK;
    let half_mm = half_side_mm(arm.nodes, f64::from(scenario.radio.range_mm));
    scenario.storms.truncate(1);
    for storm in &mut scenario.storms {
        *storm = Storm {
            from_tick: STORM_TICK,
            to_tick: END_TICK,
            path: vec![Waypoint { tick: STORM_TICK, x_mm: 0, z_mm: 0 }],
            radius_mm: (half_mm * 0.8) as u32,
            ..storm.clone()
        };
    }
    if !arm.storm {
        scenario.storms.clear();
    }
    scenario.adversaries = vec![Adversary {
        collude: arm.collude,
        ..Adversary::drawn(arm.attack, arm.share_percent, ATTACK_TICK)
    }];
    if let Some(rule) = &arm.rule {
        scenario.protocol.aggregation = rule.clone();
        scenario.protocol.weigh_by_reputation = false;
        scenario.protocol.adoption = Adoption::Blind;
    }
    scenario.validate().map_err(|fault| fault.to_string())?;
    Ok(scenario)
}

/// Half the side of the square in which nodes at random have twelve others in range.
fn half_side_mm(nodes: u32, range_mm: f64) -> f64 {
    let area = f64::from(nodes) * std::f64::consts::PI * range_mm * range_mm / 12.0;
    area.sqrt() / 2.0
}

pub(super) fn run(arm: &Arm, seed: u64) -> Result<Outcome, String> {
    let scenario = compose(arm)?;
    let plan = Plan::new(&scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    let captured = captured(&scenario, &plan);
    let hostile = |node: usize| plan.nodes.get(node).is_some_and(|node| node.malice.is_some());
    let (control, other) = drift::controls(&plan, END_TICK, 1);
    let mut mesh = Mesh::new(plan.clone(), 1);
    (0..END_TICK).for_each(|_| mesh.step());
    let attacked: Vec<SwarmNeuron> = mesh.neurons().into_iter().map(|(_, n)| n).collect();
    let all = drift::by_node(&plan, END_TICK, &attacked, &control);
    let floor = drift::by_node(&plan, END_TICK, &other, &control);
    let p95 = |distances: &[Distance], of_captured: bool| {
        let counts = |distance: &&Distance| {
            !hostile(distance.node) && captured.get(distance.node) == Some(&of_captured)
        };
        let mut values: Vec<f64> =
            distances.iter().filter(counts).map(|distance| distance.drift).collect();
        values.sort_unstable_by(f64::total_cmp);
        percentile(&values, 0.95)
    };
    let summary = mesh.summary();
    let adversaries = &summary.adversaries;
    let nodes = f64::from(arm.nodes);
    let prey = (0..plan.nodes.len()).filter(|node| !hostile(*node) && captured[*node]).count();
    Ok(Outcome {
        drift: p95(&all, false),
        floor: p95(&floor, false),
        captured: prey as f64,
        captured_drift: p95(&all, true),
        banned_honest: f64::from(adversaries.false_positives),
        detected: f64::from(adversaries.detected) / f64::from(adversaries.count.max(1)),
        first_detection: adversaries
            .first_detection_tick
            .map(|tick| tick.saturating_sub(ATTACK_TICK) as f64),
        bytes: summary.bytes_sent as f64 / nodes,
        energy_mj: summary.energy.all.spent_j * 1_000.0 / nodes,
    })
}

/// Whether each node has a third or more of attackers among its neighbours, or is cut off from
/// the largest part of the honest nodes.
fn captured(scenario: &Scenario, plan: &Plan) -> Vec<bool> {
    let links = Scene::new(scenario, plan).links;
    let count = plan.nodes.len();
    let hostile: Vec<bool> = plan.nodes.iter().map(|node| node.malice.is_some()).collect();
    let mut near = vec![Vec::new(); count];
    for [one, other] in links {
        near[one as usize].push(other as usize);
        near[other as usize].push(one as usize);
    }
    let mut part = vec![usize::MAX; count];
    let mut sizes = Vec::new();
    for start in 0..count {
        if hostile[start] || part[start] != usize::MAX {
            continue;
        }
        let (mut open, mut size) = (vec![start], 0_usize);
        while let Some(node) = open.pop() {
            if part[node] == usize::MAX {
                part[node] = sizes.len();
                size += 1;
                open.extend(near[node].iter().filter(|other| !hostile[**other]));
            }
        }
        sizes.push(size);
    }
    let largest = (0..sizes.len()).max_by_key(|place| sizes[*place]);
    (0..count)
        .map(|node| {
            let liars = near[node].iter().filter(|other| hostile[**other]).count();
            3 * liars >= near[node].len().max(1) || Some(part[node]) != largest
        })
        .collect()
}
