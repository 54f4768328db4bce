//! What a command does to nodes as they are: tables of neighbours and clients after a change of
//! places, power, batteries. Who stays a neighbour is remembered; who becomes one is unknown.

use std::sync::Arc;

use bevy::ecs::prelude::*;
use qres_core::id::{NodeId, Tick};
use qres_core::responder::Route;
use qres_core::trust::{Entry, Neighbour};

use super::choose::{ids, percent_of};
use crate::mesh::build::{service, voices};
use crate::mesh::components::{Battery, Identity, Memory, Schedule, Service, Trust};
use crate::mesh::condition::Condition;
use crate::mesh::guard::Guard;
use crate::mesh::plan::Plan;
use crate::mesh::resources::{Roster, Setup};
use crate::mesh::trusting::Dossier;
use crate::scenario::Command;

/// Makes the tables of some nodes what the plan says; those who have not joined have none yet.
pub(super) fn rewire(world: &mut World, touched: &[NodeId]) {
    let plan = Arc::clone(&world.resource::<Setup>().0);
    for id in touched {
        let entity = world.resource::<Roster>().0.get(id.index()).copied();
        let Some(entity) = entity else { continue };
        let Some(planned) = plan.nodes.get(id.index()) else { continue };
        let mut node = world.entity_mut(entity);
        if let Some(mut identity) = node.get_mut::<Identity>() {
            identity.position_mm = planned.position_mm;
        }
        if let Some(mut schedule) = node.get_mut::<Schedule>() {
            schedule.0.sentinel = planned.sentinel;
        }
        neighbours(&plan, *id, &mut node);
        clients(&plan, *id, &mut node);
    }
}

/// Those who stay keep what is thought of them.
fn neighbours(plan: &Plan, id: NodeId, node: &mut EntityWorldMut<'_>) {
    let voices = voices(plan, id);
    let Some(mut trust) = node.get_mut::<Trust>() else { return };
    if trust.0.iter().map(|known| known.id).eq(voices.iter().copied()) {
        return;
    }
    let old = std::mem::take(&mut trust.0);
    let known = |peer: &NodeId| old.binary_search_by_key(peer, |known| known.id).ok();
    let kept: Vec<Option<usize>> = voices.iter().map(known).collect();
    let fresh = |(peer, place): (&NodeId, &Option<usize>)| {
        let known = place.and_then(|place| old.get(place)).copied();
        known.unwrap_or_else(|| Neighbour::new(&plan.config.trust, *peer))
    };
    trust.0 = voices.iter().zip(&kept).map(fresh).collect();
    if let Some(mut dossier) = node.get_mut::<Dossier>() {
        let old = std::mem::take(&mut dossier.entries);
        let entry = |place: &Option<usize>| {
            place.and_then(|place| old.get(place)).copied().unwrap_or_default()
        };
        dossier.entries = kept.iter().map(entry).collect::<Vec<Entry>>().into();
    }
}

/// Updates kept for sleepers stay kept for those who are still there.
fn clients(plan: &Plan, id: NodeId, node: &mut EntityWorldMut<'_>) {
    let Some(planned) = plan.nodes.get(id.index()) else { return };
    let Some(mut fresh) = service(plan, id, planned) else { return };
    let Some(mut memory) = node.get_mut::<Memory>() else { return };
    let old = memory.service.take().unwrap_or_default();
    for route in &mut fresh.routes {
        if let Ok(place) = old.routes.binary_search_by_key(&route.origin, |kept| kept.origin)
            && let Some(kept) = old.routes.get(place)
        {
            *route = kept.readdressed(route.audience, stayed(&old, &fresh.clients));
        }
    }
    let origins: Vec<NodeId> = fresh.routes.iter().map(|route: &Route| route.origin).collect();
    memory.service = Some(fresh);
    if let Some(mut guard) = node.get_mut::<Guard>() {
        guard.keep_of(origins.into_iter());
    }
}

/// Clients that stay: old place, new place.
fn stayed<'a>(
    old: &'a Service,
    clients: &'a [NodeId],
) -> impl Iterator<Item = (usize, usize)> + use<'a> {
    let place = |client: &NodeId| clients.binary_search(client).ok();
    old.clients.iter().enumerate().filter_map(move |(was, client)| Some((was, place(client)?)))
}

/// Gives every node a condition, where it can now have one, and storage.
pub(super) fn condition(world: &mut World) {
    let plan = Arc::clone(&world.resource::<Setup>().0);
    for entity in world.resource::<Roster>().0.clone() {
        let mut node = world.entity_mut(entity);
        let identity = node.get::<Identity>().copied();
        if let (Some(mut condition), Some(identity)) = (node.get_mut::<Condition>(), &identity) {
            condition.equip(&plan.faults, identity);
            continue;
        }
        if let Some(condition) = identity.and_then(|node| Condition::of(&plan.faults, &node)) {
            node.insert(condition);
        }
    }
}

/// What a command does once, to nodes that have joined.
pub(super) fn act(world: &mut World, now: Tick, command: &Command) {
    let plan = Arc::clone(&world.resource::<Setup>().0);
    let (Command::Kill { nodes }
    | Command::Revive { nodes, .. }
    | Command::SetEnergy { nodes, .. }
    | Command::Drain { nodes, .. }
    | Command::Charge { nodes, .. }) = command
    else {
        return;
    };
    for id in ids(nodes, &plan) {
        let entity = world.resource::<Roster>().0.get(id as usize).copied();
        let Some(entity) = entity else { continue };
        let mut node = world.entity_mut(entity);
        if let Some(mut condition) = node.get_mut::<Condition>() {
            match command {
                Command::Kill { .. } => condition.kill(),
                Command::Revive { memory, .. } => condition.revive(now, *memory),
                _ => {}
            }
        }
        if let Some(mut battery) = node.get_mut::<Battery>() {
            let config = &plan.config.energy;
            let share = |percent: u8| percent_of(config.capacity_uj, percent);
            let level_uj = battery.0.level_uj();
            match command {
                Command::SetEnergy { percent, .. } => battery.0.refill(config, share(*percent)),
                Command::Drain { percent, .. } => {
                    battery.0.refill(config, level_uj.saturating_sub(share(*percent)));
                }
                Command::Charge { percent, .. } => {
                    battery.0.refill(config, level_uj.saturating_add(share(*percent)));
                }
                _ => {}
            }
        }
    }
}
