//! A mesh's nodes in the core's own form, so that a twin (a board, a test) can be fed the same
//! inputs and compared bit for bit.

use qres_core::canonical::{Canonical, encode_slice};
use qres_core::id::{NodeId, Tick};
use qres_core::node::Node;
use qres_core::q16::Q16;
use qres_core::radio::Heard;
use qres_core::trust::OwnTrust;
use qres_core::wake::Wake;

use super::Mesh;
use super::archive::Streaming;
use super::build::{service, voices};
use super::components::{
    Battery, Carried, Detector, Entropy, Genome, Heritage, Identity, Memory, Neuron, Private,
    Quiet, Schedule, Sensor, Standing, Trust, Tuning,
};
use super::resources::{Roster, Tap};
use super::snapshot::Buffer;
use super::trusting::Dossier;

/// Neighbours (and clients, and routes) that a twin has room for.
pub const TWIN_NEIGHBOURS: usize = 64;

impl Mesh {
    /// Node `id` as it is when it joins, in the core's form; `None` if the plan has no such node,
    /// and in a mesh that sums: what masks updates stands beside the node.
    #[must_use]
    pub fn twin(&self, id: NodeId) -> Option<Node<TWIN_NEIGHBOURS>> {
        let plan = self.plan();
        let node = plan.nodes.get(id.index()).filter(|_| plan.sums.is_none())?;
        let mut twin = Node::new(id, node.role, &plan.config, &voices(plan, id));
        twin.group = node.group;
        twin.wake = Wake::new(node.role, node.sentinel, node.first_us, plan.config.trust.initial);
        if let Some(gene) = plan.memory.get(&id) {
            twin.neuron.install_gene(node.group, gene).ok()?;
        }
        twin.trust = OwnTrust::new(node.join);
        if let Some(service) = service(plan, id, node) {
            twin.clients = heapless::Vec::from_slice(&service.clients).ok()?;
            twin.routes = heapless::Vec::from_slice(&service.routes).ok()?;
        }
        Some(twin)
    }

    /// The digest of node `id` as [`Node::digest`] computes it; `None` before the node joins.
    pub fn node_digest(&mut self, id: NodeId) -> Option<[u8; 32]> {
        self.node_state(id).map(|bytes| *blake3::hash(&bytes).as_bytes())
    }

    /// The canonical bytes of node `id` as [`Node::encode_to`] writes them; `None` before the node
    /// joins.
    pub fn node_state(&mut self, id: NodeId) -> Option<Vec<u8>> {
        let world = self.world();
        let entity = *world.resource::<Roster>().0.get(id.index())?;
        let node = world.get_entity(entity).ok()?;
        let mut bytes = Buffer(Vec::new());
        let identity = node.get::<Identity>()?;
        identity.id.encode(&mut bytes);
        identity.group.encode(&mut bytes);
        node.get::<Neuron>()?.0.encode(&mut bytes);
        node.get::<Entropy>()?.0.encode(&mut bytes);
        node.get::<Detector>()?.0.encode(&mut bytes);
        node.get::<Quiet>()?.0.encode(&mut bytes);
        node.get::<Battery>()?.0.encode(&mut bytes);
        node.get::<Schedule>()?.0.encode(&mut bytes);
        node.get::<Standing>()?.0.encode(&mut bytes);
        encode_slice(&node.get::<Trust>()?.0, &mut bytes);
        let memory = node.get::<Memory>()?;
        memory.inbox.as_deref().cloned().unwrap_or_default().encode(&mut bytes);
        memory.reassembly.as_deref().cloned().unwrap_or_default().encode(&mut bytes);
        let service = memory.service.as_ref();
        encode_slice(service.map_or(&[][..], |service| &service.clients), &mut bytes);
        encode_slice(service.map_or(&[][..], |service| &service.routes), &mut bytes);
        node.get::<Genome>()?.0.as_deref().cloned().encode(&mut bytes);
        if let Some(carried) = node.get::<Carried>() {
            carried.0.encode(&mut bytes);
        }
        if let Some(tuning) = node.get::<Tuning>() {
            tuning.0.encode(&mut bytes);
        }
        if let Some(streaming) = node.get::<Streaming>() {
            streaming.feed.encode(&mut bytes);
        }
        if let Some(private) = node.get::<Private>() {
            private.0.disclosed.encode(&mut bytes);
        }
        if let Some(heritage) = node.get::<Heritage>() {
            heritage.0.encode(&mut bytes);
        }
        if let Some(dossier) = node.get::<Dossier>() {
            dossier.encode(&mut bytes);
        }
        Some(bytes.0)
    }

    /// What node `id` sensed in the last tick.
    pub fn sensed(&mut self, id: NodeId) -> Option<Q16> {
        let world = self.world();
        let entity = *world.resource::<Roster>().0.get(id.index())?;
        world.get::<Sensor>(entity)?.sample
    }

    /// Power that the world gives node `id` in tick `now`, in microwatts, on top of the constant
    /// one: what [`Node::harvest_uw`] is to be before that tick.
    #[must_use]
    pub fn light_uw(&self, id: NodeId, now: Tick) -> u32 {
        let plan = self.plan();
        plan.nodes.get(id.index()).map_or(0, |node| plan.light_uw(id, node.position_mm, now))
    }

    /// Keeps the frames that `nodes` receive, from the next tick on.
    pub fn tap(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        self.world().resource_mut::<Tap>().nodes = nodes.into_iter().collect();
    }

    /// The frames that tapped nodes received in the last tick, in order for each node.
    pub fn tapped(&mut self) -> Vec<(NodeId, Heard)> {
        let mut heard = Vec::new();
        self.world().resource_mut::<Tap>().heard.drain_into(&mut heard);
        heard.sort_by_key(|(node, order, _)| (*node, *order));
        heard.into_iter().map(|(node, _, heard)| (node, heard)).collect()
    }

    /// When node `id` joins.
    #[must_use]
    pub fn joins(&self, id: NodeId) -> Option<Tick> {
        self.plan().nodes.get(id.index()).map(|node| node.join)
    }
}
