//! Partition: nothing passes between the chosen nodes and the others, or over the chosen links. It
//! heals when its time is over.

use qres_core::id::NodeId;

use super::select::Members;

/// Whether the link crosses the cut.
pub(super) fn cuts(members: &Members, sender: NodeId, receiver: NodeId) -> bool {
    members.divides(sender, receiver)
}
