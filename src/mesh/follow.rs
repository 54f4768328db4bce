//! Nodes that somebody looks at closely: what each of their ticks was, kept from the moment at
//! which they were chosen.
//!
//! Observation only: the page exists on followed nodes alone, is no part of a snapshot or a digest,
//! and nothing in a tick reads it. What a merge makes of each offer is found by merging copies.

mod offers;
mod track;

use bevy::ecs::prelude::*;
use qres_core::id::NodeId;

pub(super) use offers::weigh;
pub use offers::{OfferFate, Offered, Refusal};
pub(super) use track::note;
pub use track::{Flow, MOMENTS, Moment, Sent, Track, WINDOWS, WakeKind, WakeWindow};

use super::Mesh;
use super::components::{Battery, Neuron, Schedule};
use super::resources::{Clock, Roster};

/// Nodes that can be followed at a time.
pub const FOLLOWED: usize = 8;

/// What is kept of a followed node.
#[derive(Component, Debug)]
pub struct Followed(pub Box<Track>);

impl Mesh {
    /// Follows these nodes, the first [`FOLLOWED`] of them, and no others. Who was followed before
    /// keeps its history. What frames came to is known while the mesh is watched.
    pub fn follow(&mut self, nodes: &[NodeId]) {
        let nodes = nodes.get(..FOLLOWED).unwrap_or(nodes);
        let world = self.world();
        let wanted: Vec<Entity> = {
            let roster = &world.resource::<Roster>().0;
            nodes.iter().filter_map(|id| roster.get(id.index()).copied()).collect()
        };
        let mut query = world.query_filtered::<Entity, With<Followed>>();
        let left: Vec<Entity> =
            query.iter(world).filter(|entity| !wanted.contains(entity)).collect();
        for entity in left {
            world.entity_mut(entity).remove::<Followed>();
        }
        let now = world.resource::<Clock>().now;
        for entity in wanted {
            let mut node = world.entity_mut(entity);
            let parts = (node.get::<Neuron>(), node.get::<Battery>(), node.get::<Schedule>());
            let (Some(neuron), Some(battery), Some(schedule)) = parts else { continue };
            let track = Track::new(now, neuron, battery, schedule);
            if !node.contains::<Followed>() {
                node.insert(Followed(Box::new(track)));
            }
        }
    }

    /// What is kept of a followed node; `None` for all others.
    pub fn track(&mut self, id: NodeId) -> Option<&Track> {
        let world = self.world();
        let entity = *world.resource::<Roster>().0.get(id.index())?;
        world.get::<Followed>(entity).map(|followed| &*followed.0)
    }

    /// The nodes that are followed, by id.
    pub(super) fn followed(&mut self) -> Vec<NodeId> {
        let world = self.world();
        let mut query = world.query_filtered::<&super::components::Identity, With<Followed>>();
        let mut ids: Vec<NodeId> = query.iter(world).map(|identity| identity.id).collect();
        ids.sort_unstable();
        ids
    }
}
