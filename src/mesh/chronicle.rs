//! The chronicle: what happens to a watched mesh, told as events, and the figures of each tick.
//!
//! Observation only. It exists while the mesh is watched, is no part of a snapshot or a digest, and
//! nothing that it holds is read by a node. One pass over the nodes at the end of a tick finds what
//! has changed; words are made when somebody reads them.

mod bans;
pub mod event;
pub mod kind;
pub mod log;
pub mod pedigree;
mod pulse;
mod sheet;
mod weather;

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::ecs::prelude::*;
use qres_core::id::NodeId;

pub use bans::BanView;
pub use event::{Event, Lane, Subject, What};
pub use kind::Kind;
pub use log::EventLog;
pub use pedigree::{GeneTree, GeneView};
pub use pulse::Pulse;
pub(super) use sheet::observe;

use super::Mesh;
use super::components::{Identity, Neuron, Trust};
use super::orders::Orders;
use super::plan::Plan;
use super::resources::{Air, Clock, Setup, Weather};
use bans::Bans;
use pedigree::Pedigree;
use pulse::{Climate, Totals};
use sheet::Watched;
use weather::Skies;

/// What has happened to a watched mesh.
#[derive(Resource, Debug, Default)]
pub struct Chronicle {
    log: EventLog,
    pulse: Pulse,
    skies: Skies,
    bans: Bans,
    pedigree: Pedigree,
    climate: Climate,
    totals: Totals,
    /// Regime and power of each node at the end of the last tick, by id.
    states: Vec<u8>,
    /// Times that each node has fallen back, where it ever has.
    fallbacks: BTreeMap<u32, [u32; 2]>,
    /// Whom each auditor has convicted and how often, where it ever has.
    convictions: BTreeMap<u32, Vec<(u32, u8)>>,
    /// Commands that are told.
    commands: usize,
    /// Faults of the scenario: name, first tick, tick at which it is over.
    faults: Vec<(&'static str, u64, u64)>,
    /// Bytes that the baseline needs for an update; see [`Pulse::federated_bytes`].
    federated_bytes: u64,
}

impl Chronicle {
    /// The events so far.
    #[must_use]
    pub const fn log(&self) -> &EventLog {
        &self.log
    }

    /// The figures of the last tick.
    #[must_use]
    pub const fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Everybody who is or was banned while the mesh was watched, by id.
    #[must_use]
    pub fn bans(&self) -> Vec<BanView> {
        self.bans.cases().copied().collect()
    }

    /// Adds a word on hardware, in the tick that runs next.
    fn note_board(&mut self, tick: u64, node: Option<u32>, text: &str) {
        self.log.push(tick, true, What::Board { node, text: text.into() });
    }
}

impl Mesh {
    /// Keeps what became of every frame for [`Mesh::publish`], and a [`Chronicle`], from the next
    /// tick on. None of it changes what a tick does.
    pub fn watch(&mut self, watched: bool) {
        self.world.resource_mut::<Air>().watched = watched;
        if !watched {
            self.world.remove_resource::<Chronicle>();
        } else if !self.world.contains_resource::<Chronicle>() {
            let chronicle = begin(&mut self.world, EventLog::default());
            self.world.insert_resource(chronicle);
        }
    }

    /// What has happened while the mesh was watched; `None` while it is not.
    #[must_use]
    pub fn chronicle(&self) -> Option<&Chronicle> {
        self.world.get_resource::<Chronicle>()
    }

    /// The genes that were in service while the mesh was watched; the same copy until it changes.
    pub fn genes(&mut self) -> Arc<GeneTree> {
        let chronicle = self.world.get_resource_mut::<Chronicle>();
        chronicle.map_or_else(Arc::default, |mut chronicle| chronicle.pedigree.tree())
    }

    /// Adds a word on hardware to the chronicle, about `node` if it is about one.
    pub fn note_board(&mut self, node: Option<NodeId>, text: &str) {
        let tick = self.ticks();
        if let Some(mut chronicle) = self.world.get_resource_mut::<Chronicle>() {
            chronicle.note_board(tick, node.map(|node| node.0), text);
        }
    }

    /// Lets the log of before go on in a world that was put into another state.
    pub(super) fn resume(&mut self, mut log: EventLog) {
        log.rewind(self.ticks());
        let chronicle = begin(&mut self.world, log);
        self.world.insert_resource(chronicle);
    }

    /// The log of a mesh that is about to be put into another state.
    pub(super) fn take_log(&mut self) -> Option<EventLog> {
        self.world.remove_resource::<Chronicle>().map(|chronicle| chronicle.log)
    }
}

/// A chronicle that knows the world as it is: what is true already is no event.
fn begin(world: &mut World, log: EventLog) -> Chronicle {
    let plan = world.resource::<Setup>().0.clone();
    let tick = world.resource::<Clock>().now.0;
    let mut chronicle = Chronicle {
        log,
        commands: world.resource::<Orders>().log().len(),
        faults: plan.faults.spans().collect(),
        federated_bytes: pulse::federated_bytes(&plan.config),
        ..Chronicle::default()
    };
    chronicle.bans.expose(hostile(&plan, world.resource::<Orders>()));
    let before = tick.saturating_sub(1);
    let storms = &world.resource::<Weather>().0;
    chronicle.skies.look(before, &plan.storms, storms, |_, _| ());
    let mut nodes = world.query::<(&Identity, &Neuron, &Trust, Watched)>();
    let mut all: Vec<_> = nodes.iter(world).collect();
    all.sort_unstable_by_key(|(identity, ..)| identity.id);
    for (identity, neuron, trust, watched) in all {
        let id = identity.id.0;
        chronicle.states.push(sheet::state(&watched));
        chronicle.totals.add(watched.4);
        chronicle.pedigree.begin(before, id, identity.group.0, &neuron.0);
        if let Some(verdicts) = chronicle.bans.look(id, &trust.0) {
            chronicle.bans.take(before, verdicts, |_, _| ());
        }
    }
    let in_storm = chronicle.states.iter().filter(|state| sheet::is_stormy(**state)).count();
    chronicle.skies.feel(before, in_storm as u32, (in_storm as u32, None), |_, _| ());
    sheet::remember(world, &mut chronicle);
    chronicle
}

/// Who is or was an adversary, by id.
fn hostile(plan: &Plan, orders: &Orders) -> Vec<bool> {
    let mut hostile = vec![false; plan.nodes.len()];
    for id in orders.adversaries(plan) {
        if let Some(slot) = hostile.get_mut(id.index()) {
            *slot = true;
        }
    }
    hostile
}
