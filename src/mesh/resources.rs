//! What the systems of a tick share: the plan, the clock, the weather, the air, and pools.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bevy::ecs::entity::Entity;
use bevy::ecs::resource::Resource;
use bevy::utils::Parallel;
use qres_core::canonical::{Canonical, Sink, Source};
use qres_core::fragment::Reassembly;
use qres_core::gene::GeneId;
use qres_core::id::{NodeId, Tick};
use qres_core::inbox::Inbox;
use qres_core::radio::{Heard, Outgoing};
use qres_core::signature::SignatureBytes;

use super::capture::Outcome;
use super::plan::Plan;
use super::publish::PacketView;
use crate::world::air::Traffic;
use crate::world::storm::ActiveStorm;

/// What the mesh runs by now: what it was built from, with what commands made of it.
#[derive(Resource, Clone)]
pub struct Setup(pub Arc<Plan>);

/// What the mesh was built from.
#[derive(Resource, Clone)]
pub struct Founding(pub Arc<Plan>);

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

/// How often each gene has been put into service; a node that comes back to it counts again.
/// Bounded: when it is full, the gene with fewest times is forgotten.
#[derive(Resource, Clone, Debug, Default)]
pub struct Cascades(BTreeMap<GeneId, u32>);

impl Cascades {
    /// Genes that are followed at a time.
    const FOLLOWED: usize = 4_096;

    /// A node has put `gene` into service.
    pub fn count(&mut self, gene: GeneId) {
        if self.0.len() >= Self::FOLLOWED && !self.0.contains_key(&gene) {
            let least = self.0.iter().min_by_key(|(gene, nodes)| (**nodes, **gene));
            if let Some(least) = least.map(|(gene, _)| *gene) {
                self.0.remove(&least);
            }
        }
        *self.0.entry(gene).or_default() += 1;
    }

    /// The times of the gene which spread farthest.
    #[must_use]
    pub fn largest(&self) -> u32 {
        self.0.values().copied().max().unwrap_or(0)
    }
}

impl Canonical for Cascades {
    fn encode(&self, sink: &mut impl Sink) {
        (self.0.len() as u32).encode(sink);
        for (gene, nodes) in &self.0 {
            gene.encode(sink);
            nodes.encode(sink);
        }
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let count = u32::decode(source)?;
        let mut genes = BTreeMap::new();
        for _ in 0..count {
            let gene = GeneId::decode(source)?;
            let is_next = genes.last_key_value().is_none_or(|(last, _)| *last < gene);
            if !is_next || genes.len() >= Self::FOLLOWED {
                return None;
            }
            genes.insert(gene, u32::decode(source)?);
        }
        Some(Self(genes))
    }
}

/// A message on its way out: sender, order among the sender's, message.
pub type Queued = (NodeId, u32, Outgoing);

/// The signature of a queued message: sender, order, signature.
pub type Signed = (NodeId, u32, SignatureBytes);

/// What is on the air in this tick. Nodes only ever add to the queues, each on its own thread;
/// queues are sorted by a total key before anybody reads them.
#[derive(Resource, Default)]
pub struct Air {
    /// What nodes send of their own accord.
    pub queue: Parallel<Vec<Queued>>,
    /// What sentinels answer.
    pub answers: Parallel<Vec<Queued>>,
    /// Signatures of messages in either queue, by the same key.
    pub signatures: Parallel<Vec<Signed>>,
    /// Messages from outside of the nodes, for the next tick.
    pub injected: Vec<(NodeId, Outgoing, Option<SignatureBytes>)>,
    /// The frames of the first kind.
    pub broadcast: Traffic,
    /// The frames of the second kind.
    pub service: Traffic,
    /// Keeps [`PacketView`]s for the outside.
    pub watched: bool,
    /// What became of each frame at each receiver, while watched.
    pub seen: Parallel<Vec<PacketView>>,
    /// Keeps [`Outcome`]s for the outside.
    pub captured: bool,
    /// What became of each frame at each receiver, while captured.
    pub outcomes: Parallel<Vec<Outcome>>,
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
