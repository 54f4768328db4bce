//! Who is an adversary: drawn by the seed from what the scenario says. What adversaries do is in
//! [`crate::world::attack`].

use qres_core::draw::{Purpose, draw};
use qres_core::id::Tick;

use super::plan::NodePlan;
use crate::scenario::{self, Scenario};

/// An adversary's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malice {
    /// What it does.
    pub attack: scenario::Attack,
    /// From when on.
    pub from: Tick,
    /// It keeps silent instead: the control that harm is measured against.
    pub muted: bool,
}

/// Makes adversaries of nodes that the seed draws; whom an earlier entry has drawn stays its.
pub(super) fn recruit(scenario: &Scenario, seed: u64, nodes: &mut [NodePlan]) {
    for (entry, adversary) in scenario.adversaries.iter().enumerate() {
        let lot = |node: u32| draw(seed, Purpose::Attack, node, u64::MAX, entry as u32);
        let mut order: Vec<u32> = (0..nodes.len() as u32).collect();
        order.sort_unstable_by_key(|node| (lot(*node), *node));
        let count = nodes.len() * usize::from(adversary.share_percent) / 100;
        let malice =
            Malice { attack: adversary.kind, from: Tick(adversary.from_tick), muted: false };
        for node in order.into_iter().take(count) {
            if let Some(node) = nodes.get_mut(node as usize) {
                node.malice.get_or_insert(malice);
            }
        }
    }
}
