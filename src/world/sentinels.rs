//! Which nodes stay awake for the others, and who serves whom. Chosen once, from the graph alone.
//!
//! A sentinel can judge models, and count votes, of its own modality only. So a cover gives every
//! node a sentinel of its own modality, and a node takes one of another only where there is none.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use qres_core::id::{GroupId, NodeId};
use qres_core::responder::CLIENTS_MAX;

use super::graph::{Graph, distance_square};

/// Where nodes are, whom they hear, and what they sense.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Who hears whom.
    pub graph: &'a Graph,
    /// Millimetres, by node.
    pub positions: &'a [[i32; 3]],
    /// Modalities, by node.
    pub groups: &'a [GroupId],
}

impl Field<'_> {
    /// The nodes of `node`'s own modality that it hears, sorted.
    fn kin(&self, node: usize) -> impl Iterator<Item = usize> {
        let own = self.groups.get(node);
        let near = self.graph.neighbours(NodeId(node as u32)).iter().map(|id| *id as usize);
        near.filter(move |other| self.groups.get(*other) == own)
    }
}

/// Who stays awake, and who serves each of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posts {
    /// Sentinels, by node.
    pub awake: Vec<bool>,
    /// The sentinel of each node; [`NodeId::NONE`] for sentinels and where there is none.
    pub serving: Vec<NodeId>,
}

/// A greedy cover: again and again the node that can take on the most unserved nodes of its
/// modality (with itself), the lowest id among equals, until every node has a sentinel.
#[must_use]
pub fn cover(field: &Field<'_>) -> Posts {
    let count = field.graph.len();
    let mut posts = Posts { awake: vec![false; count], serving: vec![NodeId::NONE; count] };
    let gain = |posts: &Posts, node: usize| {
        let free = |other: &usize| !posts.awake[*other] && posts.serving[*other] == NodeId::NONE;
        field.kin(node).filter(free).count().min(CLIENTS_MAX) + usize::from(free(&node))
    };
    let mut queue: BinaryHeap<(usize, Reverse<usize>)> =
        (0..count).map(|node| (gain(&posts, node), Reverse(node))).collect();
    while let Some((claimed, Reverse(node))) = queue.pop() {
        let served = posts.serving[node] != NodeId::NONE;
        let real = gain(&posts, node);
        if real == 0 {
            continue;
        }
        if real < claimed {
            queue.push((real, Reverse(node)));
            continue;
        }
        posts.awake[node] = true;
        if served {
            posts.serving[node] = NodeId::NONE;
        }
        for other in field.kin(node).take_while_free(&posts) {
            posts.serving[other] = NodeId(node as u32);
        }
    }
    settle(field, &mut posts);
    posts
}

/// Takes up to a sentinel's worth of nodes that nobody serves.
trait TakeFree: Iterator<Item = usize> + Sized {
    fn take_while_free(self, posts: &Posts) -> Vec<usize> {
        self.filter(|other| !posts.awake[*other] && posts.serving[*other] == NodeId::NONE)
            .take(CLIENTS_MAX)
            .collect()
    }
}

impl<I: Iterator<Item = usize>> TakeFree for I {}

/// Sentinels that are given; each other node takes the nearest with room: of its own modality if
/// it can, else of another.
#[must_use]
pub fn appoint(field: &Field<'_>, awake: Vec<bool>) -> Posts {
    let serving = vec![NodeId::NONE; awake.len()];
    let mut posts = Posts { awake, serving };
    settle(field, &mut posts);
    posts
}

/// Moves every sleeper to the nearest sentinel with room, the lowest id among equals; one that
/// has a sentinel already never loses it for nothing.
fn settle(field: &Field<'_>, posts: &mut Posts) {
    let mut load = vec![0_usize; posts.awake.len()];
    for sentinel in posts.serving.iter().filter(|id| **id != NodeId::NONE) {
        load[sentinel.index()] += 1;
    }
    for node in 0..posts.awake.len() {
        if posts.awake[node] {
            continue;
        }
        let held = posts.serving[node];
        let open = |other: &usize| {
            let is_held = held == NodeId(*other as u32);
            posts.awake[*other] && (is_held || load[*other] < CLIENTS_MAX)
        };
        let far = |other: &usize| {
            let away = distance_square(field.positions[node], field.positions[*other]);
            (field.groups.get(*other) != field.groups.get(node), away, *other)
        };
        let near = field.graph.neighbours(NodeId(node as u32)).iter().map(|id| *id as usize);
        let Some(best) = near.filter(open).min_by_key(far) else { continue };
        if held != NodeId::NONE {
            load[held.index()] -= 1;
        }
        load[best] += 1;
        posts.serving[node] = NodeId(best as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::graph::LossLaw;

    fn posts(positions: &[[i32; 3]], groups: &[u8], range_mm: u32) -> Posts {
        let law = LossLaw { range_mm, at_range_percent: 0, floor_percent: 0 };
        let graph = Graph::build(positions, &law).expect("few links");
        let groups: Vec<GroupId> = groups.iter().map(|group| GroupId(*group)).collect();
        cover(&Field { graph: &graph, positions, groups: &groups })
    }

    fn line(count: i32) -> Vec<[i32; 3]> {
        (0..count).map(|n| [n * 10, 0, 0]).collect()
    }

    #[test]
    fn a_line_of_nine_needs_three() {
        let posts = posts(&line(9), &[0; 9], 10);
        let ids: Vec<_> = (0..9).filter(|n| posts.awake[*n]).collect();
        assert_eq!(ids, [1, 4, 7]);
        assert_eq!(
            [0, 3, 4].map(|n: usize| posts.serving[n]),
            [NodeId(1), NodeId(4), NodeId::NONE]
        );
    }

    #[test]
    fn each_modality_has_its_own() {
        let posts = posts(&line(6), &[0, 1, 0, 1, 0, 1], 20);
        for (node, sentinel) in posts.serving.iter().enumerate() {
            assert!(posts.awake[node] || sentinel.0 as usize % 2 == node % 2, "node {node}");
        }
    }

    #[test]
    fn a_lonely_node_is_its_own_sentinel() {
        assert_eq!(posts(&[[0, 0, 0], [1_000, 0, 0]], &[0, 0], 10).awake, [true, true]);
    }

    #[test]
    fn a_crowd_larger_than_a_sentinel_is_served_whole() {
        let crowd: Vec<_> = (0..200).map(|n| [n % 15, 0, n / 15]).collect();
        let posts = posts(&crowd, &[0; 200], 1_000);
        let served = (0..200).filter(|n| posts.awake[*n] || posts.serving[*n] != NodeId::NONE);
        assert_eq!(served.count(), 200);
        assert_eq!(posts.awake.iter().filter(|awake| **awake).count(), 4);
    }
}
