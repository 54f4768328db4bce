//! Which nodes stay awake for the others, and who serves whom. Chosen once, from the graph alone.

use std::collections::BinaryHeap;

use qres_core::id::NodeId;
use qres_core::responder::CLIENTS_MAX;

use super::graph::{Graph, distance_square};

/// A greedy cover: again and again the node that gives the most uncovered nodes (itself included)
/// a sentinel in range, the lowest id among equals, until every node has one.
#[must_use]
pub fn cover(graph: &Graph) -> Vec<bool> {
    let count = graph.len();
    let mut covered = vec![false; count];
    let mut chosen = vec![false; count];
    let gain = |covered: &[bool], node: usize| {
        let fresh = |id: &&u32| !covered[**id as usize];
        let near = graph.neighbours(NodeId(node as u32)).iter().filter(fresh).count();
        near.min(CLIENTS_MAX) + usize::from(!covered[node])
    };
    let mut queue: BinaryHeap<(usize, std::cmp::Reverse<usize>)> =
        (0..count).map(|node| (gain(&covered, node), std::cmp::Reverse(node))).collect();
    while let Some((claimed, std::cmp::Reverse(node))) = queue.pop() {
        let real = gain(&covered, node);
        if real == 0 {
            continue;
        }
        if real < claimed {
            queue.push((real, std::cmp::Reverse(node)));
            continue;
        }
        chosen[node] = true;
        covered[node] = true;
        let mut room = CLIENTS_MAX;
        for id in graph.neighbours(NodeId(node as u32)) {
            let slot = &mut covered[*id as usize];
            if room > 0 && !*slot {
                *slot = true;
                room -= 1;
            }
        }
        queue.push((gain(&covered, node), std::cmp::Reverse(node)));
    }
    chosen
}

/// The sentinel that serves each node: the nearest in range with room for another client, the
/// lowest id among equals; [`NodeId::NONE`] for sentinels and where there is none.
#[must_use]
pub fn assign(graph: &Graph, positions: &[[i32; 3]], is_sentinel: &[bool]) -> Vec<NodeId> {
    let mut load = vec![0_usize; graph.len()];
    (0..graph.len())
        .map(|node| {
            if is_sentinel[node] {
                return NodeId::NONE;
            }
            let near = graph.neighbours(NodeId(node as u32)).iter();
            let best = near
                .filter(|id| is_sentinel[**id as usize] && load[**id as usize] < CLIENTS_MAX)
                .min_by_key(|id| {
                    (distance_square(positions[node], positions[**id as usize]), **id)
                });
            best.map_or(NodeId::NONE, |id| {
                load[*id as usize] += 1;
                NodeId(*id)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::graph::LossLaw;

    fn line(count: i32) -> (Vec<[i32; 3]>, Graph) {
        let positions: Vec<_> = (0..count).map(|n| [n * 10, 0, 0]).collect();
        let law = LossLaw { range_mm: 10, at_range_percent: 0, floor_percent: 0 };
        let graph = Graph::build(&positions, &law);
        (positions, graph)
    }

    #[test]
    fn a_line_of_nine_needs_three() {
        let (positions, graph) = line(9);
        let chosen = cover(&graph);
        let ids: Vec<_> = (0..9).filter(|n| chosen[*n]).collect();
        assert_eq!(ids, [1, 4, 7]);
        let serves = assign(&graph, &positions, &chosen);
        assert_eq!(serves[0], NodeId(1));
        assert_eq!(serves[3], NodeId(4));
        assert_eq!(serves[4], NodeId::NONE);
    }

    #[test]
    fn a_lonely_node_is_its_own_sentinel() {
        let law = LossLaw { range_mm: 10, at_range_percent: 0, floor_percent: 0 };
        let graph = Graph::build(&[[0, 0, 0], [1_000, 0, 0]], &law);
        assert_eq!(cover(&graph), [true, true]);
    }
}
