//! Who sums with whom: a partition of nodes into groups of 4 to 8 that nobody can choose, and the
//! roster of one group in one round.

use crate::id::NodeId;
use crate::stream::derive;

/// Fewest members of a group: below that, too few others to hide among.
pub const MEMBERS_MIN: usize = 4;
/// Most members of a group; what a member sends grows with the square.
pub const MEMBERS_MAX: usize = 8;

/// Why a group cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RosterError {
    /// Fewer than [`MEMBERS_MIN`] or more than [`MEMBERS_MAX`] members.
    Size,
    /// A node is in the group twice.
    Twice,
    /// The threshold is not above half of the members, or above all of them.
    Threshold,
}

impl core::fmt::Display for RosterError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Size => "a group has 4 to 8 members",
            Self::Twice => "a node is in the group twice",
            Self::Threshold => "the threshold must be more than half of the members, at most all",
        })
    }
}

impl core::error::Error for RosterError {}

/// A set of members of one group, by their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Members(u8);

impl Members {
    /// The set of all `count` members.
    #[must_use]
    pub const fn all(count: usize) -> Self {
        Self(if count >= 8 { 0xFF } else { (1 << count) - 1 })
    }

    /// The set as bits, the lowest for place 0.
    #[must_use]
    pub const fn to_bits(self) -> u8 {
        self.0
    }

    /// The set of these bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// This set with `place` in it.
    #[must_use]
    pub const fn with(self, place: usize) -> Self {
        Self(if place < 8 { self.0 | 1 << place } else { self.0 })
    }

    /// This set without `place`.
    #[must_use]
    pub const fn without(self, place: usize) -> Self {
        Self(if place < 8 { self.0 & !(1 << place) } else { self.0 })
    }

    /// Whether `place` is in it.
    #[must_use]
    pub const fn has(self, place: usize) -> bool {
        place < 8 && self.0 >> place & 1 == 1
    }

    /// Whether everybody here is in `other` too.
    #[must_use]
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Those here who are not in `other`.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Their places, ascending.
    pub fn places(self) -> impl Iterator<Item = usize> {
        (0..MEMBERS_MAX).filter(move |place| self.has(*place))
    }
}

/// One group in one round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    members: heapless::Vec<NodeId, MEMBERS_MAX>,
    threshold: u8,
    digest: [u8; 32],
}

impl Roster {
    /// The group of `members`, in any order, in `round` of `mesh`; `threshold` of them must answer
    /// for a sum to come out.
    ///
    /// # Errors
    /// When there are too few or too many members, one of them twice, or the threshold is half of
    /// them or less: two halves could then be asked different things.
    pub fn new(
        mesh: u64,
        round: u32,
        members: &[NodeId],
        threshold: u8,
    ) -> Result<Self, RosterError> {
        let mut members = heapless::Vec::from_slice(members).map_err(|_| RosterError::Size)?;
        let members: &mut heapless::Vec<NodeId, MEMBERS_MAX> = &mut members;
        if members.len() < MEMBERS_MIN {
            return Err(RosterError::Size);
        }
        members.sort_unstable();
        if members.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(RosterError::Twice);
        }
        let count = members.len();
        if usize::from(threshold) * 2 <= count || usize::from(threshold) > count {
            return Err(RosterError::Threshold);
        }
        let mut bytes: heapless::Vec<u8, { 4 * MEMBERS_MAX }> = heapless::Vec::new();
        for member in &*members {
            let _ = bytes.extend_from_slice(&member.0.to_le_bytes());
        }
        let parts: [&[u8]; 4] = [&mesh.to_le_bytes(), &round.to_le_bytes(), &[threshold], &bytes];
        let digest = derive("qres 2026 aggregation roster v1", &parts);
        Ok(Self { members: members.clone(), threshold, digest })
    }

    /// More than two thirds: the smallest threshold at which even members who lie about who
    /// dropped out, fewer than a third, cannot have both halves of a node's mask revealed.
    #[must_use]
    pub const fn usual_threshold(members: usize) -> u8 {
        (members * 2 / 3 + 1) as u8
    }

    /// The members, ascending.
    #[must_use]
    pub fn members(&self) -> &[NodeId] {
        &self.members
    }

    /// Members that must answer.
    #[must_use]
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }

    /// Where a member stands.
    #[must_use]
    pub fn place(&self, node: NodeId) -> Option<usize> {
        self.members.binary_search(&node).ok()
    }

    /// Mesh, round, members and threshold in 32 bytes; what keys of this round depend on.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

/// Sorts nodes into an order that follows from `beacon`, which must be unknown when nodes join:
/// neighbours in that order make groups, so nobody chooses with whom to be.
pub fn shuffle(beacon: &[u8; 32], nodes: &mut [NodeId]) {
    let rank = |node: &NodeId| {
        (derive("qres 2026 group shuffle v1", &[beacon, &node.0.to_le_bytes()]), *node)
    };
    nodes.sort_unstable_by_key(rank);
}

/// Where group `index` lies among `count` nodes, for groups of at least `size` (4 to 8) where that
/// is possible; `None` when there is no such group. All groups have 4 to 8 members, and sizes
/// differ by one at most; fewer than 4 nodes make no group.
#[must_use]
pub fn span(count: usize, size: usize, index: usize) -> Option<core::ops::Range<usize>> {
    if count < MEMBERS_MIN {
        return None;
    }
    let size = size.clamp(MEMBERS_MIN, MEMBERS_MAX);
    let groups = (count / size).max(count.div_ceil(MEMBERS_MAX));
    if index >= groups {
        return None;
    }
    let (each, longer) = (count / groups, count % groups);
    let from = index * each + index.min(longer);
    Some(from..from + each + usize::from(index < longer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u32]) -> heapless::Vec<NodeId, 10> {
        numbers.iter().map(|number| NodeId(*number)).collect()
    }

    #[test]
    fn groups_that_cannot_be_are_refused() {
        let table: [(&[u32], u8, Result<(), RosterError>); 8] = [
            (&[4, 1, 3, 2], 3, Ok(())),
            (&[1, 2, 3, 4, 5, 6, 7, 8], 8, Ok(())),
            (&[1, 2, 3], 3, Err(RosterError::Size)),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9], 6, Err(RosterError::Size)),
            (&[1, 2, 3, 1], 3, Err(RosterError::Twice)),
            (&[1, 2, 3, 4], 2, Err(RosterError::Threshold)),
            (&[1, 2, 3, 4], 5, Err(RosterError::Threshold)),
            (&[1, 2, 3, 4], 0, Err(RosterError::Threshold)),
        ];
        for (members, threshold, expected) in table {
            let roster = Roster::new(1, 1, &ids(members), threshold);
            assert_eq!(roster.map(|_| ()), expected, "{members:?} {threshold}");
        }
        assert_eq!([4, 5, 6, 7, 8].map(Roster::usual_threshold), [3, 4, 5, 5, 6]);
    }

    #[test]
    fn the_digest_names_the_group_and_not_its_order() {
        let digest = |mesh, round, members: &[u32], threshold| {
            *Roster::new(mesh, round, &ids(members), threshold).expect("a group").digest()
        };
        let here = digest(1, 1, &[1, 2, 3, 4, 5], 4);
        assert_eq!(here, digest(1, 1, &[5, 4, 3, 2, 1], 4));
        let others = [
            digest(2, 1, &[1, 2, 3, 4, 5], 4),
            digest(1, 2, &[1, 2, 3, 4, 5], 4),
            digest(1, 1, &[1, 2, 3, 4, 6], 4),
            digest(1, 1, &[1, 2, 3, 4, 5], 3),
        ];
        assert!(others.iter().all(|other| *other != here));
    }

    #[test]
    fn every_node_is_in_one_group_of_four_to_eight() {
        for count in 0..60 {
            for size in MEMBERS_MIN..=MEMBERS_MAX {
                let mut next = 0;
                for index in 0.. {
                    let Some(span) = span(count, size, index) else { break };
                    assert_eq!(span.start, next, "{count} in {size}");
                    assert!((MEMBERS_MIN..=MEMBERS_MAX).contains(&span.len()), "{count} {size}");
                    next = span.end;
                }
                assert_eq!(next, if count < MEMBERS_MIN { 0 } else { count });
            }
        }
    }

    #[test]
    fn the_beacon_decides_who_is_with_whom() {
        let sorted: heapless::Vec<NodeId, 40> = (0..40).map(NodeId).collect();
        let order = |beacon: u8| {
            let mut nodes = sorted.clone();
            shuffle(&[beacon; 32], &mut nodes);
            nodes
        };
        assert_ne!(order(1), order(2));
        let mut again = order(2);
        shuffle(&[1; 32], &mut again);
        assert_eq!(again, order(1), "whatever the order before");
        again.sort_unstable();
        assert_eq!(again, sorted);
    }

    #[test]
    fn sets_count_and_compare() {
        let set = Members::default().with(1).with(7).with(9);
        assert_eq!((set.count(), set.has(7), set.has(0), set.has(9)), (2, true, false, false));
        assert!(set.is_within(Members::all(8)) && !set.is_within(Members::all(7)));
        assert_eq!(Members::all(8).less(set), Members(0b0111_1101));
        assert!(set.places().eq([1, 7]));
        assert_eq!(set.without(7).without(1), Members::default());
    }
}
