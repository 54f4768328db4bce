//! Identities: numbers that mean different things are different types.

/// A node's place in the mesh, dense from 0. Every order that matters is the order of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Stands for no node, for example the sentinel of a node that has none.
    pub const NONE: Self = Self(u32::MAX);

    /// The id as an index into dense tables.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A modality group: nodes that share the weights of a predictor. Gossip never leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u8);

/// A tick's number, counted from 0 at the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);
