//! Invented identities in the plan: what a Sybil's radios are to the mesh. Where they stand and
//! when they come is [`crate::world::faults::sybil`]'s.

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::NodeId;
use qres_core::wake::{Role, WakeConfig};

use super::malice::Malice;
use super::plan::NodePlan;
use crate::scenario::Scenario;
use crate::world::attack::Attack;
use crate::world::faults::sybil::invent;

/// Identities of one host act as one: their numbers lie above those of the scenario's cartels and
/// below those of commands.
const INVENTED: u32 = 1 << 15;

/// Adds the identities behind all other nodes, whom they shift in nothing. Each is on at all times
/// and serves nobody; it senses what its host senses.
pub(super) fn join(scenario: &Scenario, seed: u64, wake: &WakeConfig, nodes: &mut Vec<NodePlan>) {
    let positions: Vec<[i32; 3]> = nodes.iter().map(|node| node.position_mm).collect();
    for identity in invent(&scenario.faults, seed, scenario.radio.range_mm, &positions) {
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
                muted: false,
            }),
            ..host
        });
    }
}
