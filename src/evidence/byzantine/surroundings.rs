//! What each node of a plan has around it: who is captured, and how well the graph hangs together.
//! Looks at the plan alone, at nothing that a run does.

use crate::evidence::lab::graph::Graph;
use crate::mesh::plan::Plan;
use crate::mesh::publish::Scene;
use crate::scenario::Scenario;

/// The nodes of a plan as places of a graph.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    graph: Graph,
    hostile: Vec<bool>,
    captured: Vec<bool>,
    /// The largest part of the honest nodes that hangs together.
    honest: Vec<usize>,
}

impl Surroundings {
    /// Looks around in a plan.
    pub fn of(scenario: &Scenario, plan: &Plan) -> Self {
        let graph = Graph::from_links(plan.nodes.len(), &Scene::new(scenario, plan).links);
        let hostile = plan.nodes.iter().map(|node| node.malice.is_some()).collect();
        Self::new(graph, hostile)
    }

    fn new(graph: Graph, hostile: Vec<bool>) -> Self {
        let is_hostile = |node: usize| hostile.get(node) == Some(&true);
        let honest = graph.largest_part(|node| !is_hostile(node));
        let captured = (0..graph.len()).map(|node| {
            let near = graph.near(node);
            let liars = near.iter().filter(|other| is_hostile(**other)).count();
            3 * liars >= near.len().max(1) || honest.binary_search(&node).is_err()
        });
        let captured = captured.collect();
        Self { graph, hostile, captured, honest }
    }

    /// Counts these as captured, whatever they have around them.
    pub fn capture(&mut self, nodes: impl IntoIterator<Item = usize>) {
        for node in nodes {
            if let Some(captured) = self.captured.get_mut(node) {
                *captured = true;
            }
        }
    }

    /// Whether a node does harm.
    pub fn is_hostile(&self, node: usize) -> bool {
        self.hostile.get(node) == Some(&true)
    }

    /// Whether a node has a third or more of attackers among its neighbours, or is cut off from
    /// the largest part of the honest nodes.
    pub fn is_captured(&self, node: usize) -> bool {
        self.captured.get(node) == Some(&true)
    }

    /// Nodes that do harm.
    pub fn attackers(&self) -> usize {
        self.hostile.iter().filter(|hostile| **hostile).count()
    }

    /// Honest nodes that count, and those that are captured.
    pub fn counts(&self) -> [usize; 2] {
        let of = |captured: bool| {
            let is_one =
                |node: &usize| !self.is_hostile(*node) && self.is_captured(*node) == captured;
            (0..self.graph.len()).filter(is_one).count()
        };
        [of(false), of(true)]
    }

    /// The first honest nodes that count and have two attackers near.
    pub fn victims(&self, most: usize) -> Vec<u32> {
        let liars = |node: usize| {
            self.graph.near(node).iter().filter(|other| self.is_hostile(**other)).count()
        };
        let is_prey =
            |node: &usize| !self.is_hostile(*node) && !self.is_captured(*node) && liars(*node) >= 2;
        (0..self.graph.len()).filter(is_prey).take(most).map(|node| node as u32).collect()
    }

    /// Algebraic connectivity of the graph of all nodes, and of the largest honest part.
    pub fn connectivity(&self) -> [f64; 2] {
        [self.graph.connectivity(), self.graph.part(&self.honest).connectivity()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_liars_captures_and_so_does_being_cut_off() {
        // A path 0-1-2-3-4-5-6 and a triangle of 0, 1, 2; node 4 lies, so 5-6 is cut off.
        let links = [[0, 1], [1, 2], [0, 2], [2, 3], [3, 4], [4, 5], [5, 6]];
        let graph = Graph::from_links(7, &links);
        let mut around = Surroundings::new(graph, (0..7).map(|node| node == 4).collect());
        let captured: Vec<usize> = (0..7).filter(|node| around.is_captured(*node)).collect();
        assert_eq!(captured, [3, 4, 5, 6], "3 has one liar of two neighbours");
        assert_eq!(around.counts(), [3, 3]);
        around.capture([0]);
        assert_eq!(around.counts(), [2, 4]);
        let [all, honest] = around.connectivity();
        // The honest part is a triangle with a tail: eigenvalues 0, 1, 3, 4.
        assert!((honest - 1.0).abs() < 1e-9 && all < honest && all > 0.0, "{all} {honest}");
    }
}
