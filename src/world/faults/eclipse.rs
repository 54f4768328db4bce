//! Eclipse: all links of one node are cut but those to the attackers, who then are all that it
//! knows of the mesh. (E. Heilman and others, "Eclipse Attacks on Bitcoin's Peer-to-Peer Network",
//! 2015.) What the attackers say is no part of it.

use qres_core::id::NodeId;

use super::select::Members;

/// Whether the link is one of the victim's to somebody who is no attacker.
pub(super) fn cuts(victim: NodeId, attackers: &Members, sender: NodeId, receiver: NodeId) -> bool {
    let other = match (sender == victim, receiver == victim) {
        (true, false) => receiver,
        (false, true) => sender,
        _ => return false,
    };
    !attackers.has(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_victims_honest_links() {
        let attackers = Members::Nodes(vec![2]);
        let cut = |a, b| cuts(NodeId(1), &attackers, NodeId(a), NodeId(b));
        assert!(cut(1, 3) && cut(3, 1));
        assert!(!cut(1, 2) && !cut(2, 1) && !cut(3, 4) && !cut(2, 3));
    }
}
