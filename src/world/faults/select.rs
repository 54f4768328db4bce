//! Whom a fault strikes: nodes or links, chosen once, when it is planned or begun. Nothing here
//! draws during a run.

use qres_core::draw::{Purpose, draw};
use qres_core::id::NodeId;

use crate::scenario::Who;

/// The chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Members {
    /// Everybody.
    All,
    /// Nodes, sorted.
    Nodes(Vec<u32>),
    /// Links, each with its lesser end first, sorted.
    Links(Vec<(u32, u32)>),
    /// Nodes around a place on the ground, sorted; that place and how far, millimetres east and
    /// south.
    Around(Vec<u32>, [i64; 2], u32),
}

impl Members {
    /// Chooses among nodes at `positions`. A share takes the nodes of least draw, so that a larger
    /// one holds each smaller one; `count * percent / 100` of them, at least one.
    pub fn choose(who: &Who, seed: u64, positions: &[[i32; 3]], hostile: &[bool]) -> Self {
        let those = |chosen: &dyn Fn(u32, [i64; 2]) -> bool| {
            let ground = positions.iter().map(|[x, _, z]| [i64::from(*x), i64::from(*z)]);
            (0..)
                .zip(ground)
                .filter(|(node, at)| chosen(*node, *at))
                .map(|(node, _)| node)
                .collect::<Vec<u32>>()
        };
        match who {
            Who::All => Self::All,
            Who::Share { percent } => Self::Nodes(share(*percent, seed, positions.len())),
            Who::List(ids) => {
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                Self::Nodes(ids)
            }
            Who::Links(links) => {
                let mut links: Vec<_> =
                    links.iter().map(|(a, b)| ((*a).min(*b), (*a).max(*b))).collect();
                links.sort_unstable();
                Self::Links(links)
            }
            Who::Area { x_mm, z_mm, radius_mm } => {
                let centre = [*x_mm, *z_mm];
                let near = those(&|_, at| square(at, centre) <= i128::from(*radius_mm).pow(2));
                Self::Around(near, centre, *radius_mm)
            }
            Who::Side { x_mm, z_mm, to_x_mm, to_z_mm } => {
                let line = [[*x_mm, *z_mm], [*to_x_mm, *to_z_mm]];
                Self::Nodes(those(&|_, at| is_left(line, at)))
            }
            Who::Adversaries => {
                Self::Nodes(those(&|node, _| hostile.get(node as usize) == Some(&true)))
            }
        }
    }

    /// How many nodes are chosen; `None` for everybody, and where links are.
    pub const fn count(&self) -> Option<usize> {
        match self {
            Self::All | Self::Links(_) => None,
            Self::Nodes(ids) | Self::Around(ids, ..) => Some(ids.len()),
        }
    }

    /// Whether `node` is among them.
    pub fn has(&self, node: NodeId) -> bool {
        match self {
            Self::All => true,
            Self::Nodes(ids) | Self::Around(ids, ..) => ids.binary_search(&node.0).is_ok(),
            Self::Links(_) => false,
        }
    }

    /// Whether a frame between the two is struck: either end is chosen, or the link is.
    pub fn touches(&self, one: NodeId, other: NodeId) -> bool {
        match self {
            Self::Links(links) => links.binary_search(&pair(one, other)).is_ok(),
            nodes => nodes.has(one) || nodes.has(other),
        }
    }

    /// Whether the link lies between the chosen and the others, or is chosen itself.
    pub fn divides(&self, one: NodeId, other: NodeId) -> bool {
        match self {
            Self::Links(links) => links.binary_search(&pair(one, other)).is_ok(),
            nodes => nodes.has(one) != nodes.has(other),
        }
    }
}

fn pair(one: NodeId, other: NodeId) -> (u32, u32) {
    (one.0.min(other.0), one.0.max(other.0))
}

fn share(percent: u8, seed: u64, count: usize) -> Vec<u32> {
    let lot = |node: u32| (draw(seed, Purpose::FaultMember, node, 0, 0), node);
    let mut order: Vec<u32> = (0..count as u32).collect();
    order.sort_unstable_by_key(|node| lot(*node));
    order.truncate((count * usize::from(percent) / 100).max(1));
    order.sort_unstable();
    order
}

fn square(a: [i64; 2], b: [i64; 2]) -> i128 {
    let [x, z] = [i128::from(a[0] - b[0]), i128::from(a[1] - b[1])];
    x * x + z * z
}

/// Left of the walk from the first place to the second, seen from above with north up. South is
/// positive, so left is where the cross product is negative; the line itself is right.
fn is_left([from, to]: [[i64; 2]; 2], at: [i64; 2]) -> bool {
    let way = [i128::from(to[0] - from[0]), i128::from(to[1] - from[1])];
    let out = [i128::from(at[0] - from[0]), i128::from(at[1] - from[1])];
    way[0] * out[1] - way[1] * out[0] < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four corners: 0 north-west, 1 north-east, 2 south-west, 3 south-east.
    const CORNERS: [[i32; 3]; 4] = [[-5, 0, -5], [5, 0, -5], [-5, 0, 5], [5, 0, 5]];

    fn chosen(who: &Who) -> Vec<u32> {
        let members = Members::choose(who, 7, &CORNERS, &[false, false, false, true]);
        (0..4).filter(|node| members.has(NodeId(*node))).collect()
    }

    #[test]
    fn places_lists_and_sides() {
        let area = |x_mm, z_mm, radius_mm| Who::Area { x_mm, z_mm, radius_mm };
        let side = |x_mm, z_mm, to_x_mm, to_z_mm| Who::Side { x_mm, z_mm, to_x_mm, to_z_mm };
        let cases = [
            (Who::All, vec![0, 1, 2, 3]),
            (Who::List(vec![2, 0, 2]), vec![0, 2]),
            (Who::Adversaries, vec![3]),
            (area(-5, -5, 10), vec![0, 1, 2]),
            (area(-5, -5, 9), vec![0]),
            // Walking north, west is left; walking east, north is.
            (side(0, 9, 0, -9), vec![0, 2]),
            (side(-9, 0, 9, 0), vec![0, 1]),
            (side(9, 0, -9, 0), vec![2, 3]),
        ];
        for (who, expected) in cases {
            assert_eq!(chosen(&who), expected, "{who:?}");
        }
    }

    #[test]
    fn a_larger_share_holds_the_smaller() {
        let of = |percent| share(percent, 3, 200);
        assert_eq!((of(1).len(), of(10).len(), of(100).len()), (2, 20, 200));
        assert!(of(10).iter().all(|node| of(40).contains(node)));
        assert_ne!(of(10), share(10, 4, 200));
        assert_eq!(share(1, 3, 9).len(), 1);
    }

    #[test]
    fn links_have_no_direction() {
        let who = Who::Links(vec![(2, 1)]);
        let members = Members::choose(&who, 1, &CORNERS, &[]);
        let [one, two, three] = [1, 2, 3].map(NodeId);
        assert!(members.touches(one, two) && members.touches(two, one));
        assert!(!members.touches(one, three) && !members.has(one));
        let nodes = Members::Nodes(vec![1]);
        assert!(nodes.divides(one, two) && !nodes.divides(two, three));
        assert!(!nodes.divides(one, one));
    }
}
