//! Which nodes a command means now: selectors against the state of the mesh. Changes nothing.

use bevy::ecs::prelude::*;
use qres_core::draw::{Purpose, draw};
use qres_core::id::{NodeId, Tick};

use super::{Orders, refusal};
use crate::mesh::components::{Battery, Detector, Identity, Schedule, Trust};
use crate::mesh::condition::{Condition, is_off};
use crate::mesh::plan::{NodePlan, Plan};
use crate::mesh::resources::{Clock, Roster, Setup};
use crate::scenario::{Command, Crowd, Fault, Property, Selector, Who, list_of};

/// A command with its choices of nodes as lists of ids: what a log keeps.
///
/// # Errors
/// When a choice is nobody's now, or cannot be read.
pub(super) fn resolve(world: &mut World, command: &Command) -> Result<Command, Fault> {
    let mut resolved = command.clone();
    let strikes = matches!(
        command,
        Command::Kill { .. }
            | Command::Revive { .. }
            | Command::SetEnergy { .. }
            | Command::Drain { .. }
            | Command::Charge { .. }
    );
    for (_, text) in resolved.selectors_mut() {
        let selector = read(text)?;
        // A list stays as it was said.
        if selector.is_list() {
            there(world, &selector)?;
            if strikes {
                joined(world, text, &selector)?;
            }
        } else {
            *text = list_of(&now(world, text)?);
        }
    }
    if let Command::StartFault { whom: whom @ Who::Adversaries, nodes, .. } = &mut resolved {
        let hostile = now(world, "role=byzantine").map_err(|_| {
            let found = "nobody attacks at the moment".to_owned();
            refusal(found, "make adversaries of some nodes first: SetAttack(..)")
        })?;
        (*whom, *nodes) = (Who::All, list_of(&hostile));
    }
    Ok(resolved)
}

/// What strikes nodes as they are needs one that has joined.
fn joined(world: &World, text: &str, selector: &Selector) -> Result<(), Fault> {
    let there = world.resource::<Roster>().0.len() as u32;
    let plan = &world.resource::<Setup>().0;
    let crowd = Crowd { count: plan.nodes.len() as u32, has: &|_, _| false, lot: &|_| 0 };
    let meant = selector.resolve(&crowd);
    match meant.first() {
        Some(first) if *first >= there => {
            let joins = plan.nodes.get(*first as usize).map_or(0, |node| node.join.0);
            let found = format!("\"{text}\" has not joined yet");
            Err(refusal(found, format!("node {first} joins in tick {joins}: give it after that")))
        }
        _ => Ok(()),
    }
}

/// The nodes that a selector means now, by id.
///
/// # Errors
/// When it cannot be read, names a node that is not there, or means nobody.
pub(super) fn now(world: &mut World, text: &str) -> Result<Vec<u32>, Fault> {
    let selector = read(text)?;
    there(world, &selector)?;
    let ids = choose(world, &selector);
    if ids.is_empty() {
        let found = format!("\"{text}\" is no node at the moment");
        return Err(refusal(found, "give the command again when it is, or choose others"));
    }
    Ok(ids)
}

/// Refuses ids beyond the nodes that there are.
fn there(world: &World, selector: &Selector) -> Result<(), Fault> {
    let count = world.resource::<Setup>().0.nodes.len();
    let Some(named) = selector.beyond(count as u64) else { return Ok(()) };
    let last = count.saturating_sub(1);
    let found = format!("{named} is no node; the last one is {last}");
    Err(refusal(found, "give the command again once it has joined"))
}

fn read(text: &str) -> Result<Selector, Fault> {
    let unread = |error: crate::scenario::SelectorError| {
        let (words, found) = (error.accepted(), error.to_string());
        let told = found.strip_suffix(&format!(": {words}")).unwrap_or(&found).to_owned();
        refusal(told, words)
    };
    Selector::parse(text).map_err(unread)
}

/// The ids of a list in a resolved command, ascending; nobody for anything else.
pub(super) fn ids(text: &str, plan: &Plan) -> Vec<u32> {
    let count = plan.nodes.len() as u32;
    let crowd = Crowd { count, has: &|_, _| false, lot: &|_| 0 };
    Selector::parse(text).map(|selector| selector.resolve(&crowd)).unwrap_or_default()
}

/// Whether a node has a property that it keeps.
pub(in crate::mesh) fn keeps(plan: &Plan, node: &NodePlan, property: &Property) -> bool {
    match property {
        Property::Role(role) => node.role as u8 == *role,
        Property::Group(name) => {
            let names = &plan.site.modalities;
            names.get(usize::from(node.group.0)).is_some_and(|own| own == name)
        }
        _ => false,
    }
}

/// A node's lot in shares: the same at all times, so that a share chosen again is the same one.
pub(in crate::mesh) fn lot(plan: &Plan, id: u32) -> u64 {
    draw(plan.seed, Purpose::FaultMember, id, u64::MAX, 1)
}

/// What nodes are like between two ticks, by id.
struct Facts {
    /// `None` before they join.
    nodes: Vec<Option<Fact>>,
    banned: Vec<bool>,
    energy_full_uj: u64,
}

#[derive(Clone, Copy)]
struct Fact {
    regime: u8,
    level_uj: u64,
    asleep: bool,
    off: bool,
}

fn choose(world: &mut World, selector: &Selector) -> Vec<u32> {
    let plan = world.resource::<Setup>().0.clone();
    let now = world.resource::<Clock>().now;
    let facts = if selector.is_fixed() { None } else { Some(Facts::of(world, &plan)) };
    let orders = world.resource::<Orders>();
    let has = |property: &Property, id: u32| {
        let Some(node) = plan.nodes.get(id as usize) else { return false };
        match property {
            Property::Role(_) | Property::Group(_) => keeps(&plan, node, property),
            Property::Byzantine => is_byzantine(orders, &plan, id, now),
            Property::NearNode { node: other, radius_mm } => {
                let place = plan.nodes.get(*other as usize).map(|other| other.position_mm);
                place.is_some_and(|[x, _, z]| near(node, (x.into(), z.into()), *radius_mm))
            }
            Property::NearPlace { x_mm, z_mm, radius_mm } => near(node, (*x_mm, *z_mm), *radius_mm),
            _ => facts.as_ref().is_some_and(|facts| facts.has(property, id)),
        }
    };
    let count = plan.nodes.len() as u32;
    selector.resolve(&Crowd { count, has: &has, lot: &|id| lot(&plan, id) })
}

fn is_byzantine(orders: &Orders, plan: &Plan, id: u32, now: Tick) -> bool {
    orders.attack(plan, NodeId(id), now).is_some()
}

/// Whether a node stands near a place on the ground.
fn near(node: &NodePlan, (x_mm, z_mm): (i64, i64), radius_mm: i64) -> bool {
    let [x, _, z] = node.position_mm.map(i128::from);
    let (dx, dz) = (x - i128::from(x_mm), z - i128::from(z_mm));
    dx * dx + dz * dz <= i128::from(radius_mm) * i128::from(radius_mm)
}

impl Facts {
    fn of(world: &mut World, plan: &Plan) -> Self {
        let count = plan.nodes.len();
        let (mut nodes, mut banned) = (vec![None; count], vec![false; count]);
        let mut query =
            world
                .query::<(&Identity, &Detector, &Battery, &Schedule, &Trust, Option<&Condition>)>();
        for (identity, detector, battery, schedule, trust, condition) in query.iter(world) {
            for neighbour in trust.0.iter().filter(|neighbour| neighbour.banned) {
                if let Some(slot) = banned.get_mut(neighbour.id.index()) {
                    *slot = true;
                }
            }
            if let Some(slot) = nodes.get_mut(identity.id.index()) {
                *slot = Some(Fact {
                    regime: detector.0.regime() as u8,
                    level_uj: battery.0.level_uj(),
                    asleep: !schedule.0.window().is_awake(),
                    off: is_off(condition),
                });
            }
        }
        Self { nodes, banned, energy_full_uj: plan.config.energy.capacity_uj }
    }

    fn has(&self, property: &Property, id: u32) -> bool {
        let Some(Some(fact)) = self.nodes.get(id as usize) else { return false };
        let share = u128::from(fact.level_uj) * 100;
        let limit = |percent: u8| u128::from(self.energy_full_uj) * u128::from(percent);
        match property {
            Property::Regime(regime) => fact.regime == *regime,
            Property::EnergyBelow(percent) => share < limit(*percent),
            Property::EnergyAbove(percent) => share > limit(*percent),
            Property::Banned => self.banned.get(id as usize) == Some(&true),
            Property::Asleep => fact.asleep,
            Property::Off => fact.off,
            _ => false,
        }
    }
}

/// So many percent of a capacity, in microjoules.
pub(super) fn percent_of(capacity_uj: u64, percent: u8) -> u64 {
    (u128::from(capacity_uj) * u128::from(percent) / 100) as u64
}
