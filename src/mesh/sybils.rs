//! Invented identities in the plan: what a Sybil's radios are to the mesh. Where they stand and
//! when they come is [`crate::world::faults::sybil`]'s.

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{NodeId, Tick};
use qres_core::wake::{Role, WakeConfig};

use super::malice::{COMMANDED, INVENTED, Malice};
use super::plan::{NodePlan, Plan};
use crate::scenario::{FaultEntry, Scenario};
use crate::world::attack::Attack;
use crate::world::faults::sybil::{Invented, invent};

/// Adds the identities behind all other nodes, whom they shift in nothing. Each is on at all times
/// and serves nobody; it senses what its host senses.
pub(super) fn join(scenario: &Scenario, seed: u64, wake: &WakeConfig, nodes: &mut Vec<NodePlan>) {
    let all = invent(&scenario.faults, 0, seed, scenario.radio.range_mm, &places(nodes));
    append(nodes, &all, seed, wake, false);
}

/// The nodes of a plan, and behind them the identities of one more Sybil.
pub(super) fn joined(plan: &Plan, fault: &FaultEntry) -> Vec<NodePlan> {
    let mut nodes = plan.nodes.to_vec();
    let before = (0..plan.faults.count()).filter_map(|place| plan.faults.sybil(place)).count();
    let range_mm = plan.site.law.range_mm;
    let all =
        invent(std::slice::from_ref(fault), before as u32, plan.seed, range_mm, &places(&nodes));
    append(&mut nodes, &all, plan.seed, &plan.config.wake, plan.muted);
    nodes
}

/// Lets the identities of the Sybil after `before` others do no harm from `now` on.
pub(super) fn retire(nodes: &mut [NodePlan], before: u32, now: Tick) {
    for malice in nodes.iter_mut().filter_map(|node| node.malice.as_mut()) {
        if malice.cartel == Some(INVENTED + before) {
            malice.to = malice.to.min(now);
        }
    }
}

/// Whether a node is what a Sybil has invented.
pub(super) fn is_invented(node: &NodePlan) -> bool {
    let cartel = node.malice.and_then(|malice| malice.cartel);
    cartel.is_some_and(|cartel| (INVENTED..COMMANDED).contains(&cartel))
}

fn places(nodes: &[NodePlan]) -> Vec<[i32; 3]> {
    nodes.iter().map(|node| node.position_mm).collect()
}

fn append(nodes: &mut Vec<NodePlan>, all: &[Invented], seed: u64, wake: &WakeConfig, muted: bool) {
    for identity in all {
        let id = nodes.len() as u32;
        let Some(host) = nodes.get(identity.host as usize).cloned() else { continue };
        let join_us = identity.join.0.saturating_mul(wake.tick_us);
        let wait_us = below(draw(seed, Purpose::Start, id, 0, 0), wake.interval_us[2]);
        nodes.push(NodePlan {
            position_mm: identity.position_mm,
            role: Role::Sentinel,
            sentinel: NodeId::NONE,
            join: identity.join,
            first_us: join_us.saturating_add(wait_us),
            malice: Some(Malice {
                attack: Attack::new(&identity.attack),
                from: identity.join,
                to: identity.to,
                cartel: Some(INVENTED + identity.ordinal),
                claims_storm: false,
                covers_up: false,
                muted,
            }),
            ..host
        });
    }
}
