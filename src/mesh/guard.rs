//! Integrity: what a node of a signed mesh keeps beside its core parts, and what was checked.
//!
//! Exists only in meshes with signatures, so that all others weigh and hash as they did.

use bevy::ecs::prelude::*;
use qres_core::canonical::{Canonical, Sink, Source};
use qres_core::id::NodeId;
use qres_core::packet::Update;
use qres_core::radio::Outgoing;
use qres_core::signature::{SignatureBytes, SignatureCost};
use serde::Serialize;

use super::Mesh;
use super::plan::Plan;
use super::resources::Air;
use crate::scenario::Integrity;
use crate::world::keyring::Keyring;

/// The keys of the mesh; nothing in a mesh without signatures.
#[derive(Resource, Default, Debug)]
pub struct Keys(pub Option<Keyring>);

impl Keys {
    /// The keys that a plan asks for.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let nodes = plan.nodes.len() as u32;
        let groups = plan.sums.as_ref().map(|sums| sums.collectors()).unwrap_or_default();
        Self(match plan.integrity {
            Integrity::Off => None,
            Integrity::Accounted => Some(Keyring::accounted(plan.seed, nodes).with_groups(groups)),
            Integrity::Full => Some(Keyring::full(plan.seed, nodes).with_groups(groups)),
        })
    }
}

/// A node's account of signatures, and those that a sentinel keeps with the updates.
#[derive(Component, Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Updates signed.
    pub signed: u32,
    /// Signatures checked.
    pub verified: u32,
    /// Of these, refused: the update was dropped.
    pub refused: u32,
    /// Processor time of this tick's signatures, in microseconds.
    pub busy_us: u64,
    /// Origin, round and signature of the updates kept for sleepers, sorted by origin.
    kept: Vec<(NodeId, u32, SignatureBytes)>,
}

impl Guard {
    /// A fresh account of a node that keeps updates of these origins, which are sorted.
    #[must_use]
    pub fn new(origins: impl Iterator<Item = NodeId>) -> Self {
        Self { kept: origins.map(|origin| (origin, 0, [0; 64])).collect(), ..Self::default() }
    }

    /// Keeps updates of these origins from now on, which are sorted: those that stay with what was
    /// kept of them.
    pub fn keep_of(&mut self, origins: impl Iterator<Item = NodeId>) {
        let old = std::mem::take(&mut self.kept);
        let known = |origin: NodeId| {
            let place = old.binary_search_by_key(&origin, |kept| kept.0).ok();
            place.and_then(|place| old.get(place)).copied().unwrap_or((origin, 0, [0; 64]))
        };
        self.kept = origins.map(known).collect();
    }

    /// Forgets the signatures kept, as a restart does; the account stays.
    pub fn forget(&mut self) {
        for (_, round, signature) in &mut self.kept {
            (*round, *signature) = (0, [0; 64]);
        }
    }

    /// Signs an update of the node's own, and keeps the signature as the update is kept.
    pub fn sign(&mut self, cost: SignatureCost, keys: &Keyring, own: &Update) -> SignatureBytes {
        let signature = keys.sign(own);
        self.signed += 1;
        self.busy_us += u64::from(cost.sign_us);
        self.keep(own, &signature);
        signature
    }

    /// Checks an update that the node would use; one that fails is to be dropped.
    pub fn admits(
        &mut self,
        cost: SignatureCost,
        keys: &Keyring,
        update: &Update,
        signature: &[u8],
    ) -> bool {
        self.verified += 1;
        self.busy_us += u64::from(cost.verify_us);
        let good = keys.admits(update, signature);
        self.refused += u32::from(!good);
        good
    }

    /// Keeps the signature of an update, newer rounds in the place of older ones: as routes do.
    pub fn keep(&mut self, update: &Update, signature: &[u8]) {
        let place = self.kept.binary_search_by_key(&update.origin, |kept| kept.0);
        if let Some((_, round, slot)) = place.ok().and_then(|place| self.kept.get_mut(place))
            && update.round > *round
            && let Ok(signature) = signature.try_into()
        {
            (*round, *slot) = (update.round, signature);
        }
    }

    /// The signature kept with the update of an origin.
    #[must_use]
    pub fn kept(&self, origin: NodeId) -> Option<SignatureBytes> {
        let place = self.kept.binary_search_by_key(&origin, |kept| kept.0).ok()?;
        self.kept.get(place).map(|kept| kept.2)
    }

    /// Appends what outlives a tick.
    pub fn encode(&self, sink: &mut impl Sink) {
        [self.signed, self.verified, self.refused].encode(sink);
        for (_, round, signature) in &self.kept {
            round.encode(sink);
            signature.encode(sink);
        }
    }

    /// Reads it back into a fresh account of the same node.
    pub fn decode(&mut self, source: &mut Source<'_>) -> Option<()> {
        [self.signed, self.verified, self.refused] = Canonical::decode(source)?;
        for (_, round, signature) in &mut self.kept {
            *round = Canonical::decode(source)?;
            *signature = Canonical::decode(source)?;
        }
        Some(())
    }
}

impl Mesh {
    /// Puts a message on the air in the next tick in the name of `sender`, with a signature behind
    /// it or none: what a forger with a radio can do. The sender pays nothing.
    pub fn inject(
        &mut self,
        sender: NodeId,
        outgoing: Outgoing,
        signature: Option<SignatureBytes>,
    ) {
        self.world().resource_mut::<Air>().injected.push((sender, outgoing, signature));
    }
}

/// Signatures over a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct IntegritySummary {
    /// `off`, `accounted` (bytes, energy and decisions without curve arithmetic) or `full`.
    pub mode: &'static str,
    /// Updates signed.
    pub signed: u64,
    /// Signatures checked.
    pub verified: u64,
    /// Updates dropped because theirs did not fit.
    pub refused: u64,
}

/// The figures of the run so far.
pub(super) fn summary(world: &mut World, mode: Integrity) -> IntegritySummary {
    let mode = match mode {
        Integrity::Off => "off",
        Integrity::Accounted => "accounted",
        Integrity::Full => "full",
    };
    let mut all = IntegritySummary { mode, signed: 0, verified: 0, refused: 0 };
    let mut query = world.query::<&Guard>();
    for guard in query.iter(world) {
        all.signed += u64::from(guard.signed);
        all.verified += u64::from(guard.verified);
        all.refused += u64::from(guard.refused);
    }
    all
}
