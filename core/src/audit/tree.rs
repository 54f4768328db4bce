//! The Merkle tree over a log's stretches: built leaf by leaf in constant memory, opened at two
//! neighbouring leaves at once. It must not know what a leaf stands for.
//!
//! Leaves are padded with empty ones to a power of two; the number of real ones is part of the
//! root, so padding can never pass for a leaf.

use super::{Hash, hash};

/// Levels above the leaves, at most.
pub const DEPTH: usize = 8;
/// Leaves of a tree, at most.
pub const LEAVES: usize = 1 << DEPTH;
/// Hashes that open two neighbouring leaves, at most: the deepest pair shares nothing but the root.
pub const PROOF_HASHES: usize = 2 * DEPTH;

/// The hashes that open a leaf, or two, from the leaves upwards.
pub type Proof = heapless::Vec<Hash, PROOF_HASHES>;

/// Stands for a leaf that is not there.
const EMPTY: Hash = [0; super::HASH_BYTES];

/// Two nodes of a tree as one.
#[must_use]
pub fn join(left: &Hash, right: &Hash) -> Hash {
    hash("qres 2026 audit node v1", &[left, right])
}

/// Levels of a tree of `leaves`.
#[must_use]
pub const fn depth(leaves: u16) -> usize {
    if leaves <= 1 { 0 } else { (u16::BITS - (leaves - 1).leading_zeros()) as usize }
}

/// A tree that grows: the roots of its full subtrees, highest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    peaks: heapless::Vec<Hash, DEPTH>,
    leaves: u16,
}
crate::canonical!(struct Tree { peaks, leaves });

impl Tree {
    /// Leaves so far.
    #[must_use]
    pub const fn leaves(&self) -> u16 {
        self.leaves
    }

    /// Adds a leaf; false when the tree is full.
    pub fn push(&mut self, leaf: Hash) -> bool {
        if usize::from(self.leaves) >= LEAVES - 1 {
            return false;
        }
        let mut top = leaf;
        // A carry for each bit that the count turns from one to zero.
        for _ in 0..self.leaves.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                top = join(&left, &top);
            }
        }
        self.leaves += 1;
        self.peaks.push(top).is_ok()
    }

    /// The root with `last` as one more leaf, and the proof of that leaf alone.
    #[must_use]
    pub fn close(&self, last: &Hash) -> (Hash, Proof) {
        let place = self.leaves;
        let mut proof = Proof::new();
        let mut peaks = self.peaks.iter().rev();
        let mut empty = EMPTY;
        for level in 0..depth(place + 1) {
            let left = if place >> level & 1 == 1 { peaks.next() } else { None };
            // One hash a level: PROOF_HASHES holds them.
            let _ = proof.push(left.copied().unwrap_or(empty));
            empty = join(&empty, &empty);
        }
        (single(place, last, &proof), proof)
    }
}

/// The root that `leaf` at `place` and its proof make.
#[must_use]
pub fn single(place: u16, leaf: &Hash, proof: &[Hash]) -> Hash {
    let climb = |(level, node): (usize, Hash), sibling: &Hash| {
        let right = place >> level & 1 == 1;
        let up = if right { join(sibling, &node) } else { join(&node, sibling) };
        (level + 1, up)
    };
    proof.iter().fold((0, *leaf), climb).1
}

/// The hashes that open leaves `place` and `place + 1` of all `leaves`; `None` if there is no such
/// pair. The leaves are used up.
#[must_use]
pub fn prove(leaves: &mut [Hash], count: u16, place: u16) -> Option<Proof> {
    if count < 2 || place >= count - 1 || usize::from(count) > leaves.len() {
        return None;
    }
    let mut width = 1 << depth(count);
    let level = leaves.get_mut(..width)?;
    level.iter_mut().skip(usize::from(count)).for_each(|leaf| *leaf = EMPTY);
    let (mut left, mut right) = (usize::from(place), usize::from(place) + 1);
    let mut proof = Proof::new();
    while width > 1 {
        let (outer, inner) = siblings(left, right);
        for place in [outer, inner].into_iter().flatten() {
            proof.push(*level.get(place)?).ok()?;
        }
        for place in 0..width / 2 {
            let up = join(level.get(2 * place)?, level.get(2 * place + 1)?);
            *level.get_mut(place)? = up;
        }
        (left, right, width) = (left / 2, right / 2, width / 2);
    }
    Some(proof)
}

/// The root that two neighbouring leaves, the first at `place` of `count`, and their proof make;
/// `None` when the proof has another length than such a proof has.
#[must_use]
pub fn pair(place: u16, count: u16, leaves: [&Hash; 2], proof: &[Hash]) -> Option<Hash> {
    if count < 2 || place >= count - 1 {
        return None;
    }
    let (mut left, mut right) = (usize::from(place), usize::from(place) + 1);
    let (mut first, mut second) = (*leaves[0], *leaves[1]);
    let mut rest = proof.iter();
    for _ in 0..depth(count) {
        let (outer, inner) = siblings(left, right);
        if left == right {
            let sibling = rest.next()?;
            first = if outer > Some(left) { join(&first, sibling) } else { join(sibling, &first) };
        } else if outer.is_none() {
            first = join(&first, &second);
        } else {
            first = join(rest.next()?, &first);
            second = join(&second, inner.and(rest.next())?);
        }
        (left, right) = (left / 2, right / 2);
    }
    rest.next().is_none().then_some(first)
}

/// What a level adds to a proof of the nodes `left` and `right`, which are the same or neighbours:
/// nothing once they are the two children of one node.
const fn siblings(left: usize, right: usize) -> (Option<usize>, Option<usize>) {
    if left == right {
        (Some(left ^ 1), None)
    } else if left.is_multiple_of(2) {
        (None, None)
    } else {
        (Some(left - 1), Some(right + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(n: u16) -> Hash {
        hash("qres 2026 audit test v1", &[&n.to_le_bytes()])
    }

    #[test]
    fn every_pair_of_every_tree_opens_and_no_other_leaf_does() {
        for count in 2..=40_u16 {
            let mut tree = Tree::default();
            assert!((0..count - 1).all(|n| tree.push(leaf(n))));
            let (root, last) = tree.close(&leaf(count - 1));
            assert_eq!(single(count - 1, &leaf(count - 1), &last), root);
            for place in 0..count - 1 {
                let mut leaves = [EMPTY; LEAVES];
                leaves.iter_mut().zip(0..count).for_each(|(slot, n)| *slot = leaf(n));
                let proof = prove(&mut leaves, count, place).expect("a pair");
                let open = |a: u16, b: u16| pair(place, count, [&leaf(a), &leaf(b)], &proof);
                assert_eq!(open(place, place + 1), Some(root), "{place} of {count}");
                assert_ne!(open(place, place + 2), Some(root));
                assert_ne!(open(place + 1, place), Some(root));
                let longer: Proof = proof.iter().copied().chain([EMPTY]).collect();
                assert_eq!(pair(place, count, [&leaf(place); 2], &longer), None);
            }
        }
    }

    #[test]
    fn a_full_tree_takes_no_more() {
        let mut tree = Tree::default();
        assert!((0..LEAVES as u16 - 1).all(|n| tree.push(leaf(n))));
        assert!(!tree.push(leaf(0)));
        let (root, proof) = tree.close(&leaf(7));
        assert_eq!(proof.len(), DEPTH);
        assert_eq!(single(LEAVES as u16 - 1, &leaf(7), &proof), root);
    }
}
