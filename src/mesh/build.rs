//! A mesh's world: its resources, its schedule, and the birth of its nodes.

use std::sync::Arc;

use bevy::ecs::prelude::*;
use qres_core::energy::EnergyPool;
use qres_core::evolution::Evolution;
use qres_core::handover::Handover;
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::SwarmNeuron;
use qres_core::privacy::release::{Publisher, simulated_key};
use qres_core::responder::Route;
use qres_core::trust::{Neighbour, OwnTrust};
use qres_core::wake::{Role, Wake};

use super::archive::{Archive, Streaming};
use super::boards::Boards;
use super::boards::brought::Brought;
use super::components::{
    Battery, Carried, Detector, Doing, Entropy, Genome, Heritage, Identity, Memory, Neuron,
    Private, Quiet, Schedule, Score, Sensor, Service, Standing, Tally, Trust, Tuning,
};
use super::condition::{self, Condition};
use super::guard::{Guard, Keys};
use super::orders::{self, Orders};
use super::overheard::Overheard;
use super::plan::{NodePlan, Plan};
use super::resources::{Air, Cascades, Clock, Founding, Pages, Roster, Setup, Tap, Weather};
use super::schedule::{TickSystems, tick_schedule};
use super::snapshot::Print;
use super::{
    archive, auditing, chronicle, environment, follow, fusing, malice, radio, sensing, settling,
    sums, trusting, waking,
};
use crate::world::signal::SensorState;

/// A world with the schedule of a tick and all nodes that are there from the start.
pub(super) fn world(plan: Arc<Plan>, parallel: bool) -> World {
    let mut world = bare(plan, parallel);
    environment::join(&mut world);
    world
}

/// The same before any node has joined.
pub(super) fn bare(plan: Arc<Plan>, parallel: bool) -> World {
    let mut world = World::new();
    let mut overheard = Overheard::default();
    overheard.refresh(&plan, &Orders::default());
    world.insert_resource(Clock { now: Tick(0), parallel });
    world.insert_resource(Keys::new(&plan));
    world.insert_resource(Founding(Arc::clone(&plan)));
    world.insert_resource(Setup(plan));
    world.init_resource::<Weather>();
    world.init_resource::<Roster>();
    world.init_resource::<Air>();
    world.init_resource::<Pages>();
    world.init_resource::<Tap>();
    world.init_resource::<Boards>();
    world.init_resource::<Brought>();
    world.init_resource::<Cascades>();
    world.init_resource::<Orders>();
    world.init_resource::<malice::Exposure>();
    world.init_resource::<Print>();
    world.insert_resource(overheard);
    world.add_schedule(schedule());
    world
}

fn schedule() -> bevy::ecs::schedule::Schedule {
    let mut schedule = tick_schedule();
    schedule.add_systems((
        (orders::obey, environment::blow, environment::join, condition::strike)
            .chain()
            .in_set(TickSystems::Environment),
        (sensing::sense, fusing::sense).in_set(TickSystems::Sense),
        sensing::predict.in_set(TickSystems::Predict),
        (sensing::detect, auditing::note).chain().in_set(TickSystems::Regime),
        waking::wake.in_set(TickSystems::Wake),
        waking::speak.in_set(TickSystems::Speak),
        (radio::transmit, radio::receive, radio::answer, radio::collect)
            .chain()
            .in_set(TickSystems::Radio),
        (settling::sum_up, sums::review, follow::weigh, settling::merge)
            .chain()
            .in_set(TickSystems::Aggregate),
        (settling::review, trusting::review, settling::tune).chain().in_set(TickSystems::Trust),
        (settling::evolve, settling::trace, settling::take_over)
            .chain()
            .in_set(TickSystems::Evolve),
        settling::pay.in_set(TickSystems::Energy),
        ((settling::count, chronicle::observe).chain(), follow::note).in_set(TickSystems::Observe),
        (archive::compare, malice::expose).in_set(TickSystems::Observe),
    ));
    schedule
}

/// Spawns the next nodes of the plan, in order of id, until there are `count`. At once, so that
/// storage is as large as it has to be and no larger.
pub(super) fn spawn_up_to(world: &mut World, plan: &Arc<Plan>, count: usize) {
    let joined = world.resource::<Roster>().0.len();
    let (tunes, streams) = (plan.config.tuner, plan.config.stream);
    let (plan, faults) = (Arc::clone(plan), Arc::clone(&plan.faults));
    let orders = world.resource::<Orders>();
    let (config, carry) = (orders.config(&plan), orders.carry(&plan));
    let fresh = count.min(plan.nodes.len()).saturating_sub(joined);
    let newcomers = (0..fresh).map(move |n| newborn(&plan, NodeId((joined + n) as u32)));
    let entities: Vec<Entity> = world.spawn_batch(newcomers).collect();
    if let Some(carry) = carry {
        world.insert_batch(entities.iter().map(|entity| (*entity, Carried(carry))));
    }
    if let Some(privacy) = &config.privacy {
        let seed = config.wake.seed;
        let publisher = |id| Private(Publisher::new(privacy, simulated_key(seed, NodeId(id))));
        let ids = joined as u32..;
        world.insert_batch(entities.iter().zip(ids).map(|(entity, id)| (*entity, publisher(id))));
    }
    fusing::equip(world, &entities);
    sums::equip(world, &entities);
    auditing::equip(world, &entities);
    trusting::equip(world, &entities);
    if world.resource::<Keys>().0.is_some() {
        for entity in &entities {
            let service = world.get::<Memory>(*entity).and_then(|memory| memory.service.as_ref());
            let routes = service.map_or(&[][..], |service| &service.routes);
            let guard = Guard::new(routes.iter().map(|route| route.origin));
            world.entity_mut(*entity).insert(guard);
        }
    }
    for entity in &entities {
        let identity = world.get::<Identity>(*entity).copied();
        if let Some(condition) = identity.and_then(|node| Condition::of(&faults, &node)) {
            world.entity_mut(*entity).insert(condition);
        }
    }
    for node in entities.iter().filter(|_| streams.is_some()) {
        let sentinel = world.get::<Schedule>(*node).is_some_and(|s| s.0.role == Role::Sentinel);
        match &streams {
            Some(stream) if !sentinel => world.entity_mut(*node).insert(Streaming::new(stream)),
            _ => world.entity_mut(*node).insert(Archive::default()),
        };
    }
    if let Some(settings) = &config.handover {
        for node in &entities {
            let heritage = Heritage(Box::new(Handover::new(settings)));
            world.entity_mut(*node).insert(heritage);
        }
    }
    if tunes {
        for node in &entities {
            world.entity_mut(*node).insert(Tuning::default());
        }
    }
    world.resource_mut::<Roster>().0.extend(entities);
}

/// The components of a node.
pub(super) type Newborn = (
    Identity,
    (Neuron, Entropy, Detector, Quiet, Battery, Genome),
    Schedule,
    Standing,
    Trust,
    Memory,
    Sensor,
    (Doing, Tally, Score),
);

/// A node as it joins: a full battery, and no knowledge but what the plan remembers for it.
pub(super) fn newborn(plan: &Plan, id: NodeId) -> Newborn {
    let config = &plan.config;
    let node = &plan.nodes[id.index()];
    let neighbours = voices(plan, id);
    let mut neuron = SwarmNeuron::new(&config.neuron);
    if let Some(gene) = plan.memory.get(&id) {
        // The plan only takes models that install.
        let _ = neuron.install_gene(node.group, gene);
    }
    (
        Identity { id, group: node.group, signal: node.signal, position_mm: node.position_mm },
        (
            Neuron(neuron),
            Entropy(qres_core::residual::Residual::default()),
            Detector(qres_core::regime::RegimeDetector::default()),
            Quiet(qres_core::silence::Silence::default()),
            Battery(EnergyPool::new(&config.energy)),
            Genome(config.evolution.map(|_| Box::new(Evolution::default()))),
        ),
        Schedule(Wake::new(node.role, node.sentinel, node.first_us, config.trust.initial)),
        Standing(OwnTrust::new(node.join)),
        Trust(neighbours.iter().map(|peer| Neighbour::new(&config.trust, *peer)).collect()),
        Memory { service: service(plan, id, node), ..Memory::default() },
        Sensor {
            state: SensorState { phase: node.phase, ..SensorState::default() },
            ..Sensor::default()
        },
        (Doing::default(), Tally::default(), Score::default()),
    )
}

/// The nodes of its own modality that `id` can hear, sorted.
#[must_use]
pub fn peers(plan: &Plan, id: NodeId) -> Vec<NodeId> {
    let group = |node: u32| plan.nodes.get(node as usize).map(|plan| plan.group);
    let own = group(id.0);
    let near = plan.graph.neighbours(id).iter();
    near.filter(|other| group(**other) == own).map(|other| NodeId(*other)).collect()
}

/// Those whose models `id` judges, sorted: its peers, and the groups that its sentinel, or the node
/// itself, collects for.
#[must_use]
pub fn voices(plan: &Plan, id: NodeId) -> Vec<NodeId> {
    let mut voices = peers(plan, id);
    if let (Some(sums), Some(node)) = (&plan.sums, plan.nodes.get(id.index())) {
        let collector = if node.role == Role::Sentinel { id } else { node.sentinel };
        let own = sums.collected_by(collector).filter(|(_, modality)| *modality == node.group);
        voices.extend(own.map(|(group, _)| group));
    }
    voices
}

/// What a sentinel needs to serve its clients; `None` for all others.
#[must_use]
pub fn service(plan: &Plan, id: NodeId, node: &NodePlan) -> Option<Box<Service>> {
    if node.role != Role::Sentinel {
        return None;
    }
    let serves =
        |other: &&u32| plan.nodes.get(**other as usize).is_some_and(|client| client.sentinel == id);
    let near = plan.graph.neighbours(id);
    let clients: Box<[NodeId]> = near.iter().filter(serves).map(|other| NodeId(*other)).collect();
    let mut origins: Vec<NodeId> = near.iter().map(|other| NodeId(*other)).collect();
    origins.push(id);
    origins.sort_unstable();
    let group = |node: NodeId| plan.nodes.get(node.index()).map(|plan| plan.group);
    let mut routes: Vec<Route> = Vec::new();
    for origin in origins {
        let wants = |client: NodeId| {
            group(origin) == group(client) && plan.graph.are_linked(origin, client)
        };
        let places = clients.iter().enumerate().filter(|(_, client)| wants(**client));
        let audience = places.fold(0_u64, |mask, (place, _)| mask | 1 << place);
        if audience != 0 {
            routes.push(Route::new(origin, audience));
        }
    }
    for (sum, modality) in plan.sums.iter().flat_map(|sums| sums.collected_by(id)) {
        let wants = |client: NodeId| group(client) == Some(modality);
        let places = clients.iter().enumerate().filter(|(_, client)| wants(**client));
        routes.push(Route::new(sum, places.fold(0_u64, |mask, (place, _)| mask | 1 << place)));
    }
    Some(Box::new(Service { clients, routes: routes.into() }))
}
