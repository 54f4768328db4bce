//! What the systems of a tick share: the plan, the clock, the weather, the air, and pools.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bevy::ecs::entity::Entity;
use bevy::ecs::resource::Resource;
use bevy::utils::Parallel;
use qres_core::fragment::Reassembly;
use qres_core::id::{NodeId, Tick};
use qres_core::inbox::Inbox;
use qres_core::radio::{Heard, Outgoing};

use super::plan::Plan;
use super::publish::PacketView;
use crate::world::air::Traffic;
use crate::world::storm::ActiveStorm;

/// What the mesh was built from.
#[derive(Resource, Clone)]
pub struct Setup(pub Arc<Plan>);

/// The tick that is running, and whether systems may use several threads.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Clock {
    /// The running tick, or the next one between ticks.
    pub now: Tick,
    /// Systems share their nodes out to the compute pool.
    pub parallel: bool,
}

/// The storms that blow in this tick.
#[derive(Resource, Default)]
pub struct Weather(pub Vec<ActiveStorm>);

/// The node entities by id, as far as they have joined.
#[derive(Resource, Default)]
pub struct Roster(pub Vec<Entity>);

/// A message on its way out: sender, order among the sender's, message.
pub type Queued = (NodeId, u32, Outgoing);

/// What is on the air in this tick. Nodes only ever add to the queues, each on its own thread;
/// queues are sorted by a total key before anybody reads them.
#[derive(Resource, Default)]
pub struct Air {
    /// What nodes send of their own accord.
    pub queue: Parallel<Vec<Queued>>,
    /// What sentinels answer.
    pub answers: Parallel<Vec<Queued>>,
    /// The frames of the first kind.
    pub broadcast: Traffic,
    /// The frames of the second kind.
    pub service: Traffic,
    /// Keeps [`PacketView`]s for the outside.
    pub watched: bool,
    /// What became of each frame at each receiver, while watched.
    pub seen: Parallel<Vec<PacketView>>,
}

/// Nodes whose received frames are kept, for twins and tests.
#[derive(Resource, Default)]
pub struct Tap {
    /// The nodes.
    pub nodes: BTreeSet<NodeId>,
    /// (receiver, order of reception, frame) of this tick.
    pub heard: Parallel<Vec<(NodeId, u32, Heard)>>,
}

/// Pages of radio memory that no node holds at the moment. A page's history never matters: it is
/// handed out empty.
#[derive(Resource, Default)]
#[expect(clippy::vec_box, reason = "pages move between nodes by pointer, not by copy")]
pub struct Pages {
    inboxes: Mutex<Vec<Box<Inbox>>>,
    reassemblies: Mutex<Vec<Box<Reassembly>>>,
}

impl Pages {
    /// An empty inbox.
    pub fn inbox(&self) -> Box<Inbox> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// An empty reassembly table.
    pub fn reassembly(&self) -> Box<Reassembly> {
        self.reassemblies.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Takes an inbox back.
    pub fn return_inbox(&self, mut page: Box<Inbox>) {
        page.clear();
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner).push(page);
    }

    /// Takes a reassembly table back; it must be empty.
    pub fn return_reassembly(&self, page: Box<Reassembly>) {
        self.reassemblies.lock().unwrap_or_else(PoisonError::into_inner).push(page);
    }
}
