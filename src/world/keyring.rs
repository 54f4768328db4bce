//! The keys of a simulated mesh: who can sign for whom, with real curves or with their effect.
//!
//! Keys follow from the scenario's seed. Nobody but the origin's own code path signs with its key,
//! in either form, so a forger in a scenario has no more than it would have on the air.

use qres_core::id::NodeId;
use qres_core::integrity::identity::{Identity, PublicIdentity, signed_bytes};
use qres_core::packet::Update;
use qres_core::privacy::sums::GROUP_IDS;
use qres_core::signature::SignatureBytes;
use qres_core::stream::{Stream, derive};

/// The keys of all nodes.
#[derive(Debug)]
pub enum Keyring {
    /// Ed25519.
    Full {
        /// The mesh that signatures are for.
        mesh: u64,
        /// Secret and public keys by node.
        keys: Vec<(Identity, PublicIdentity)>,
        /// Who signs for each group that sums.
        groups: Vec<NodeId>,
    },
    /// In the place of a signature 64 bytes that depend on a key of the origin and on all that it
    /// would sign: accepted if and only if it is, but for a forgery of either.
    Accounted {
        /// The mesh that signatures are for.
        mesh: u64,
        /// Nodes that have a key.
        nodes: u32,
        /// Who signs for each group that sums.
        groups: Vec<NodeId>,
    },
}

impl Keyring {
    /// Real keys for nodes 0 to `nodes`, of the mesh with this seed.
    #[must_use]
    pub fn full(seed: u64, nodes: u32) -> Self {
        let key = |node| {
            let identity = Identity::simulated(seed, NodeId(node));
            let public = identity.public();
            (identity, public)
        };
        Self::Full { mesh: seed, keys: (0..nodes).map(key).collect(), groups: Vec::new() }
    }

    /// Stand-ins for the same nodes.
    #[must_use]
    pub const fn accounted(seed: u64, nodes: u32) -> Self {
        Self::Accounted { mesh: seed, nodes, groups: Vec::new() }
    }

    /// The same keys in a mesh whose groups sum: what a group says is signed by its collector.
    #[must_use]
    pub fn with_groups(mut self, collectors: Vec<NodeId>) -> Self {
        match &mut self {
            Self::Full { groups, .. } | Self::Accounted { groups, .. } => *groups = collectors,
        }
        self
    }

    /// Who signs what this origin says.
    fn signer(&self, origin: NodeId) -> NodeId {
        let (Self::Full { groups, .. } | Self::Accounted { groups, .. }) = self;
        let Some(group) = origin.0.checked_sub(GROUP_IDS) else { return origin };
        groups.get(group as usize).copied().unwrap_or(NodeId::NONE)
    }

    /// The signature of `update` by its origin; zeros, which fit nothing, for a node without key.
    #[must_use]
    pub fn sign(&self, update: &Update) -> SignatureBytes {
        let signer = self.signer(update.origin);
        match self {
            Self::Full { mesh, keys, .. } => keys
                .get(signer.index())
                .map_or([0; 64], |(identity, _)| identity.sign(*mesh, update)),
            Self::Accounted { mesh, nodes, .. } if signer.0 < *nodes => {
                stand_in(*mesh, signer, update)
            }
            Self::Accounted { .. } => [0; 64],
        }
    }

    /// Whether `signature` is that of the update's origin.
    #[must_use]
    pub fn admits(&self, update: &Update, signature: &[u8]) -> bool {
        let Ok(signature) = <&SignatureBytes>::try_from(signature) else { return false };
        let signer = self.signer(update.origin);
        match self {
            Self::Full { mesh, keys, .. } => keys
                .get(signer.index())
                .is_some_and(|(_, public)| public.verify(*mesh, update, signature).is_ok()),
            Self::Accounted { mesh, nodes, .. } => {
                signer.0 < *nodes && stand_in(*mesh, signer, update) == *signature
            }
        }
    }
}

fn stand_in(mesh: u64, signer: NodeId, update: &Update) -> SignatureBytes {
    let origin = signer.0.to_le_bytes();
    let key = derive("qres 2026 accounted signature key v1", &[&mesh.to_le_bytes(), &origin]);
    let mut signature = [0; 64];
    let content = signed_bytes(mesh, update);
    Stream::new("qres 2026 accounted signature v1", &[&key, &content]).fill(&mut signature);
    signature
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::gene::GeneId;
    use qres_core::id::GroupId;
    use qres_core::packet::Wire;
    use qres_core::q16::Q16;
    use qres_core::regime::Regime;

    #[test]
    fn both_forms_admit_and_refuse_the_same() {
        let weights = [Q16::ONE; 8];
        let update = Update {
            origin: NodeId(1),
            round: 3,
            group: GroupId(0),
            regime: Regime::Calm,
            polls: true,
            wire: Wire::Q16,
            taps: 4,
            gene: GeneId(9),
            weights,
        };
        for keys in [Keyring::full(7, 3), Keyring::accounted(7, 3)] {
            let signature = keys.sign(&update);
            let relayed = Update { polls: false, ..update };
            assert!(keys.admits(&update, &signature) && keys.admits(&relayed, &signature));
            let others = [
                Update { origin: NodeId(2), ..update },
                Update { origin: NodeId(3), ..update },
                Update { round: 4, ..update },
                Update { group: GroupId(1), ..update },
                Update { regime: Regime::Storm, ..update },
                Update { taps: 3, ..update },
                Update { weights: [Q16::ZERO; 8], ..update },
            ];
            for other in others {
                assert!(!keys.admits(&other, &signature), "{other:?}");
            }
            let mut damaged = signature;
            damaged[63] ^= 1;
            assert!(!keys.admits(&update, &damaged) && !keys.admits(&update, &signature[..63]));
            assert!(!keys.admits(&update, &[]));
            let keys = keys.with_groups(vec![NodeId(2)]);
            let mean = Update { origin: NodeId(GROUP_IDS), ..update };
            assert!(keys.admits(&mean, &keys.sign(&mean)), "its collector signs for a group");
            assert!(!keys.admits(&mean, &keys.sign(&Update { origin: NodeId(2), ..update })));
            let none = Update { origin: NodeId(GROUP_IDS + 1), ..update };
            assert!(!keys.admits(&none, &keys.sign(&none)), "no such group");
            let stranger = Update { origin: NodeId(9), ..update };
            assert!(!keys.admits(&stranger, &keys.sign(&stranger)));
        }
        let [full, other] = [Keyring::full(7, 3), Keyring::full(8, 3)];
        assert!(!other.admits(&update, &full.sign(&update)), "another mesh");
    }
}
