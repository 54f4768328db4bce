//! Who is an adversary, from when, and with whom: drawn by the seed from what the scenario says, or
//! named. What adversaries do is in [`crate::world::attack`].

use std::sync::Arc;

use bevy::ecs::prelude::*;
use qres_core::draw::{Purpose, draw};
use qres_core::id::{NodeId, Tick};

use super::components::{Identity, Trust};
use super::orders::{Orders, choose};
use super::plan::{NodePlan, Plan};
use super::resources::{Clock, Setup};
use crate::scenario::{self, Command, Crowd, Order, Property, Scenario, Selector};
use crate::world::attack::Attack;

/// Numbers of cartels: of those that the scenario founds its own places, from here on of identities
/// of one host, which act as one.
pub(super) const INVENTED: u32 = 1 << 15;
/// And from here on of those that commands found.
pub(super) const COMMANDED: u32 = 1 << 16;

/// An adversary's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malice {
    /// What it does.
    pub attack: Attack,
    /// From when on.
    pub from: Tick,
    /// It is over then.
    pub to: Tick,
    /// Those of one number share what they hear and act as one; `None`: each for itself.
    pub cartel: Option<u32>,
    /// Its updates claim Storm.
    pub claims_storm: bool,
    /// Its commitments name and sum up what it sends, and not what its node computed.
    pub covers_up: bool,
    /// It keeps silent instead: the control that harm is measured against.
    pub muted: bool,
}

impl Malice {
    /// What it does now, if anything.
    #[must_use]
    pub fn now(&self, now: Tick) -> Option<Attack> {
        (self.from <= now && now < self.to).then_some(self.attack)
    }
}

/// What an observer has seen of adversaries. No node knows it, and no digest holds it.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Exposure {
    /// When an honest node first banned one.
    pub first: Option<Tick>,
}

/// Watches for the first ban of an adversary by an honest node.
pub fn expose(
    clock: Res<Clock>,
    setup: Res<Setup>,
    orders: Res<Orders>,
    mut exposure: ResMut<Exposure>,
    nodes: Query<(&Identity, &Trust)>,
) {
    let (plan, now) = (&*setup.0, clock.now);
    if exposure.first.is_some() || !orders.has_adversaries(plan) {
        return;
    }
    let hostile = |id: NodeId| orders.malice(plan, id).is_some();
    let exposed = |(judge, trust): (&Identity, &Trust)| {
        let mut banned = trust.0.iter().filter(|neighbour| neighbour.banned);
        banned.any(|neighbour| hostile(neighbour.id)) && !hostile(judge.id)
    };
    if nodes.iter().any(exposed) {
        exposure.first = Some(now);
    }
}

/// Makes adversaries of nodes that the seed draws or the scenario names; whom an earlier entry has
/// stays its.
pub(super) fn recruit(scenario: &Scenario, seed: u64, nodes: &mut [NodePlan]) {
    for (entry, adversary) in scenario.adversaries.iter().enumerate() {
        let malice = Malice {
            attack: Attack::new(&adversary.kind),
            from: Tick(adversary.from_tick),
            to: Tick(adversary.to_tick),
            cartel: adversary.collude.then_some(entry as u32),
            claims_storm: adversary.claim_storm,
            covers_up: adversary.cover_up,
            muted: false,
        };
        // The list was checked with the scenario.
        let named = scenario::listed(&adversary.nodes, nodes.len() as u64).unwrap_or_default();
        let members = match &named[..] {
            [] => drawn(entry, adversary.share_percent, seed, nodes.len()),
            _ => named,
        };
        for node in members {
            if let Some(node) = nodes.get_mut(node as usize) {
                node.malice.get_or_insert(malice);
            }
        }
    }
}

/// A share of `count` nodes, drawn by the seed.
fn drawn(entry: usize, share_percent: u8, seed: u64, count: usize) -> Vec<u32> {
    let lot = |node: u32| draw(seed, Purpose::Attack, node, u64::MAX, entry as u32);
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.sort_unstable_by_key(|node| (lot(*node), *node));
    order.truncate(count * usize::from(share_percent) / 100);
    order
}

/// Makes adversaries of all nodes that commands are known to make some of; gives the commands that
/// are left: those that attack nobody, and those that choose by what nodes do.
pub(super) fn recruit_ordered(plan: &mut Plan) -> Vec<Order> {
    let orders = plan.commands.clone();
    let mut left = Vec::new();
    for order in orders.iter() {
        let chosen = match &order.command {
            Command::SetAttack { nodes, .. } | Command::Heal { nodes } => fixed(plan, nodes),
            _ => None,
        };
        let Some(chosen) = chosen else {
            left.push(order.clone());
            continue;
        };
        let Command::SetAttack { attack: Some(attack), .. } = &order.command else { continue };
        let malice = Malice {
            attack: Attack::new(attack),
            from: Tick(order.at_tick),
            to: Tick(u64::MAX),
            cartel: None,
            claims_storm: false,
            covers_up: false,
            muted: false,
        };
        for node in chosen {
            if let Some(node) = Arc::make_mut(&mut plan.nodes).get_mut(node as usize) {
                node.malice.get_or_insert(malice);
            }
        }
    }
    left
}

/// The nodes that a selector means whatever they do; `None` when it looks at that.
fn fixed(plan: &Plan, text: &str) -> Option<Vec<u32>> {
    let count = plan.nodes.len() as u32;
    let selector = Selector::parse(text).ok().filter(Selector::is_fixed)?;
    // Nodes that commands will add are chosen once they are there.
    if selector.beyond(count.into()).is_some() {
        return None;
    }
    let has = |property: &Property, id: u32| {
        let node = plan.nodes.get(id as usize);
        node.is_some_and(|node| choose::keeps(plan, node, property))
    };
    let lot = |id| choose::lot(plan, id);
    Some(selector.resolve(&Crowd { count, has: &has, lot: &lot }))
}
