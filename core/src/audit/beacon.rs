//! Who is audited, and where: draws from a seed that nobody knows when commitments are made.
//!
//! The seed is a hash of every commitment that the auditor has heard, in order of id, and of its
//! own state at the moment of the draw, which rests on samples that it took after them and shows
//! nobody. So whoever commits last gains nothing by trying many roots.

use super::Hash;
use super::learner::Mind;
use super::wire::Commit;
use crate::canonical::Canonical;
use crate::draw::below;
use crate::id::NodeId;
use crate::neuron::SwarmNeuron;

/// A beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beacon([u8; 32]);

/// What a draw is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Lot {
    /// Whether the node is audited.
    Whether = 0,
    /// Whether by one of its updates, or by any stretch.
    How = 1,
    /// Which stretch.
    Which = 2,
    /// Which of its updates to keep in mind.
    Keep = 3,
}

impl Beacon {
    /// The beacon of `auditor`, in the state `mind`, after all of `commits`, which are in order of
    /// id.
    #[must_use]
    pub fn new<'a>(
        auditor: NodeId,
        mind: Mind<'_>,
        commits: impl Iterator<Item = (NodeId, &'a Commit)>,
    ) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("qres 2026 audit beacon v1");
        auditor.encode(&mut hasher);
        let own: Hash = mind.hash();
        hasher.update(&own);
        for (node, commit) in commits {
            node.encode(&mut hasher);
            commit.encode(&mut hasher);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// A uniform number below `bound` for `node`.
    #[must_use]
    pub fn draw(&self, lot: Lot, node: NodeId, bound: u64) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        (lot as u8).encode(&mut hasher);
        node.encode(&mut hasher);
        below(super::word(&hasher), bound)
    }
}

/// 64 bits that only the node itself can know.
pub(super) fn private(neuron: &SwarmNeuron, node: NodeId, round: u32) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("qres 2026 audit private lot v1");
    neuron.encode(&mut hasher);
    node.encode(&mut hasher);
    round.encode(&mut hasher);
    super::word(&hasher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neuron::NeuronConfig;
    use crate::q16::Q16;
    use crate::regime::RegimeDetector;
    use crate::residual::Residual;

    #[test]
    fn every_commitment_and_the_own_state_move_the_draw() {
        let neuron = SwarmNeuron::new(&NeuronConfig::default());
        let mut other = neuron;
        other.adopt(&[Q16::from_bits(1); 8]);
        let (residual, detector) = (Residual::default(), RegimeDetector::default());
        let mind = |neuron| Mind { neuron, residual: &residual, detector: &detector, carry: None };
        let commits = [Commit::default(), Commit { epoch: 1, ..Commit::default() }];
        let beacon = |auditor: u32, neuron, commits: &[Commit]| {
            let heard = commits.iter().zip(7..).map(|(commit, id)| (NodeId(id), commit));
            Beacon::new(NodeId(auditor), mind(neuron), heard)
        };
        let base = beacon(1, &neuron, &commits);
        assert_eq!(base, beacon(1, &neuron, &commits));
        let swapped = [commits[1], commits[0]];
        let others = [
            beacon(2, &neuron, &commits),
            beacon(1, &other, &commits),
            beacon(1, &neuron, &commits[..1]),
            beacon(1, &neuron, &swapped),
        ];
        assert!(others.iter().all(|other| *other != base));
        let hits = (0..10_000).filter(|n| base.draw(Lot::Whether, NodeId(*n), 10_000) < 200);
        // 200 of 10,000 at 2 %; one standard deviation is 14.
        assert!((140..260).contains(&hits.count()));
        assert_ne!(
            base.draw(Lot::How, NodeId(3), 1 << 40),
            base.draw(Lot::Which, NodeId(3), 1 << 40)
        );
    }
}
