//! Nodes with companions: sensors that a node reads beside its own and fuses with it. Must not send
//! what they read.

use std::sync::Arc;

use bevy::ecs::prelude::*;
use qres_core::draw::{Purpose, draw};
use qres_core::fusion::{COMPANIONS, Fused, NodeFusion};
use qres_core::id::NodeId;
use qres_core::q16::Q16;

use super::Mesh;
use super::components::{Battery, Identity, Sensor};
use super::for_nodes;
use super::plan::Plan;
use super::resources::{Clock, Roster, Setup, Weather};
use crate::scenario::Scenario;
use crate::world::signal::clamp;
use crate::world::storm::{ActiveStorm, Reading};

/// Modalities of a modality's companions, by place in the scenario.
pub type Companions = heapless::Vec<u8, COMPANIONS>;

/// Companion sensors and what was learned from them. Only nodes that have companions have this.
#[derive(Component, Clone, Debug, Default)]
pub struct Fusing {
    /// What was learned.
    pub fusion: NodeFusion,
    /// The companions, in the order of the scenario; those there are not never read anything.
    pub sensors: [Sensor; COMPANIONS],
    readings: [Option<Q16>; COMPANIONS],
}

impl Fusing {
    /// What the core needs to predict with.
    pub(super) fn fused(&mut self) -> Fused<'_> {
        self.readings = self.sensors.each_ref().map(|sensor| sensor.sample);
        Fused { fusion: &mut self.fusion, companions: &self.readings }
    }
}

/// The companions that a scenario names, for each of its signals.
pub(super) fn companions(scenario: &Scenario) -> Arc<[Companions]> {
    let place = |name: &String| {
        let found = scenario.signals.iter().position(|signal| signal.modality == *name);
        found.map(|place| place as u8)
    };
    let each = scenario.signals.iter();
    each.map(|signal| signal.companions.iter().filter_map(place).take(COMPANIONS).collect())
        .collect()
}

fn of<'a>(plan: &'a Plan, identity: &Identity) -> &'a [u8] {
    plan.companions.get(usize::from(identity.group.0)).map_or(&[], |kinds| kinds)
}

/// Gives newcomers their companions, which keep step with the node's own signal.
pub(super) fn equip(world: &mut World, newcomers: &[Entity]) {
    let plan = Arc::clone(&world.resource::<Setup>().0);
    if plan.companions.iter().all(Companions::is_empty) {
        return;
    }
    for entity in newcomers {
        let node = world.entity(*entity);
        let (Some(identity), Some(sensor)) = (node.get::<Identity>(), node.get::<Sensor>()) else {
            continue;
        };
        if of(&plan, identity).is_empty() {
            continue;
        }
        let fusing = Fusing { sensors: [*sensor; COMPANIONS], ..Fusing::default() };
        world.entity_mut(*entity).insert(fusing);
    }
}

/// Reads all companions that are due, each with noise of its own; storms disturb them as they
/// disturb the main sensor.
pub(super) fn sense(
    clock: Res<Clock>,
    setup: Res<Setup>,
    weather: Res<Weather>,
    mut nodes: Query<(&Identity, &Battery, &mut Fusing)>,
) {
    let plan = &*setup.0;
    let due = clock.now.0.is_multiple_of(plan.sample_every);
    let index = clock.now.0 / plan.sample_every;
    for_nodes!(nodes, clock.parallel, |(identity, battery, mut fusing)| {
        let id = identity.id.0;
        for (sensor, kind) in fusing.sensors.iter_mut().zip(of(plan, identity)) {
            sensor.sample = None;
            // A station's signals stand one after another, by modality; elsewhere there is one set.
            let first = identity.signal - u32::from(identity.group.0);
            let place = (first + u32::from(*kind)) as usize;
            let Some(source) = plan.signals.get(place).filter(|_| due) else { continue };
            let seed = draw(plan.seed, Purpose::Noise, u32::from(*kind), u64::MAX, 1);
            let reading = source.signal.sample(seed, id, index, &mut sensor.state);
            let Some(clear) = reading.map(i64::from) else { continue };
            let (level, deviation) = (source.level, source.deviation);
            let at = Reading { index, value: clear, level, deviation };
            let blown = |storm: &ActiveStorm| storm.disturb(seed, id, identity.position_mm, &at);
            let value = clear + weather.0.iter().map(blown).sum::<i64>();
            if !battery.0.is_browned_out() {
                sensor.sample = Some(Q16::from_bits(clamp(value)));
            }
        }
    });
}

impl Mesh {
    /// Node `id`'s companions: what they read in the last tick, and what was learned from them;
    /// `None` for a node that has none, or has not joined.
    pub fn fused(&mut self, id: NodeId) -> Option<([Option<Q16>; COMPANIONS], NodeFusion)> {
        let world = self.world();
        let entity = *world.resource::<Roster>().0.get(id.index())?;
        let fusing = world.get::<Fusing>(entity)?;
        Some((fusing.sensors.each_ref().map(|sensor| sensor.sample), fusing.fusion))
    }
}
