//! Invented identities in the plan: what a Sybil's radios are to the mesh. Where they stand and
//! when they come is [`crate::world::faults::sybil`]'s.

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{NodeId, Tick};
use qres_core::wake::{Role, WakeConfig};

use super::malice::Malice;
use super::plan::{NodePlan, Plan};
use crate::scenario::{FaultEntry, Scenario};
use crate::world::attack::Attack;
use crate::world::faults::sybil::{Invented, invent};

/// Identities of one host act as one: their numbers lie above those of the scenario's cartels and
/// below those of commands.
const INVENTED: u32 = 1 << 15;
/// Numbers of cartels that commands found begin here.
pub(super) const COMMANDED: u32 = 1 << 16;

/// Adds the identities behind all other nodes, whom they shift in nothing. Each is on at all times
/// and serves nobody; it senses what its host senses.
pub(super) fn join(scenario: &Scenario, seed: u64, wake: &WakeConfig, nodes: &mut Vec<NodePlan>) {
    let all = invent(&scenario.faults, 0, seed, scenario.radio.range_mm, &places(nodes));
    append(nodes, &all, seed, wake, false);
}

/// The nodes of a plan, and behind them the identities of one more Sybil.
pub(super) fn joined(plan: &Plan, fault: &FaultEntry) -> Vec<NodePlan> {
    let mut nodes = plan.nodes.to_vec();
    let before = sybils(plan, usize::MAX);
    let range_mm = plan.site.law.range_mm;
    let all = invent(std::slice::from_ref(fault), before, plan.seed, range_mm, &places(&nodes));
    append(&mut nodes, &all, plan.seed, &plan.config.wake, plan.muted);
    nodes
}

/// Lets the identities of fault `place`, if it is a Sybil, do no harm from `now` on.
pub(super) fn retire(plan: &Plan, nodes: &mut [NodePlan], place: usize, now: Tick) {
    let is_sybil = plan.faults.spans().nth(place).is_some_and(|(name, ..)| name == "Sybil");
    let cartel = Some(INVENTED + sybils(plan, place));
    for malice in nodes.iter_mut().filter_map(|node| node.malice.as_mut()) {
        if is_sybil && malice.cartel == cartel {
            malice.to = malice.to.min(now);
        }
    }
}

/// Whether a node is what a Sybil has invented.
pub(super) fn is_invented(node: &NodePlan) -> bool {
    let cartel = node.malice.and_then(|malice| malice.cartel);
    cartel.is_some_and(|cartel| (INVENTED..COMMANDED).contains(&cartel))
}

/// Sybils among the first so many faults.
fn sybils(plan: &Plan, first: usize) -> u32 {
    plan.faults.spans().take(first).filter(|(name, ..)| *name == "Sybil").count() as u32
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
