//! Faults that are on, and the links that they cut: found out anew only when those change.

use std::sync::Arc;

use bevy::ecs::prelude::*;
use qres_core::id::{NodeId, Tick};

use crate::mesh::orders::links;
use crate::mesh::plan::Plan;
pub use crate::world::faults::Trouble;
use crate::world::graph::Graph;

/// The links that faults cut, and what they were found from.
#[derive(Resource, Clone, Default)]
pub(super) struct Severed {
    by: Vec<u32>,
    graph: Option<Arc<Graph>>,
    links: Arc<[[u32; 2]]>,
}

impl Severed {
    /// The links that are cut in tick `now` by `troubles`, those that are on then: by their ends,
    /// the lesser first, in order.
    pub(super) fn find(&mut self, plan: &Plan, now: Tick, troubles: &[Trouble]) -> Arc<[[u32; 2]]> {
        let cutting = troubles.iter().filter(|trouble| trouble.severs);
        let by: Vec<u32> = cutting.map(|trouble| trouble.number).collect();
        let same = self.graph.as_ref().is_some_and(|graph| Arc::ptr_eq(graph, &plan.graph));
        if by.is_empty() {
            // The same empty list as before stays: who draws it looks at nothing else.
            if !self.by.is_empty() {
                *self = Self::default();
            }
        } else if !same || by != self.by {
            let is_cut = |[one, other]: &[u32; 2]| {
                let (one, other) = (NodeId(*one), NodeId(*other));
                plan.faults.severs(now, one, other) || plan.faults.severs(now, other, one)
            };
            let links = links(plan).iter().filter(|ends| is_cut(ends)).copied().collect();
            *self = Self { by, graph: Some(Arc::clone(&plan.graph)), links };
        }
        Arc::clone(&self.links)
    }
}
