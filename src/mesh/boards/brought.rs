//! What boards have brought into a run so far: kept by its newest mesh, so that ticks can be run
//! again with no board there, and shared by all meshes that are made of that one's snapshots. Must
//! not judge an input: what is here was taken.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy::ecs::prelude::*;
use qres_core::id::NodeId;

use super::{BoardInput, BoardTick, Boards};
use crate::mesh::Mesh;
use crate::mesh::resources::Setup;

/// The inputs of a run in rising order of tick, where somebody wants them kept.
#[derive(Resource, Clone, Default)]
pub(in crate::mesh) struct Brought(Option<Arc<Mutex<Vec<BoardTick>>>>);

impl Brought {
    fn lock(&self) -> Option<MutexGuard<'_, Vec<BoardTick>>> {
        self.0.as_ref().map(|log| log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn note(&self, tick: u64, node: NodeId, input: &BoardInput) {
        if let Some(mut log) = self.lock() {
            log.push(BoardTick { tick, node, input: input.clone() });
        }
    }
}

/// Those of a tick.
fn of_tick(all: &[BoardTick], tick: u64) -> impl Iterator<Item = &BoardTick> {
    let from = all.partition_point(|board| board.tick < tick);
    all.iter().skip(from).take_while(move |board| board.tick == tick)
}

impl Mesh {
    /// Keeps what boards bring in from now on. Meshes made of this one's snapshots bring it in
    /// again at its ticks. It takes some hundred bytes for a board and tick.
    pub fn keep_boards(&mut self) {
        let mut brought = self.world.resource_mut::<Brought>();
        brought.0.get_or_insert_default();
    }

    /// What boards have brought in and was kept, from number `from` on, in rising order of tick.
    #[must_use]
    pub fn brought(&self, from: usize) -> Vec<BoardTick> {
        let log = self.world.resource::<Brought>().lock();
        log.map_or_else(Vec::new, |log| log.get(from..).unwrap_or_default().to_vec())
    }

    /// Forgets what boards brought into the next tick and later ones, in another world than this.
    pub fn forget_boards(&mut self) {
        let now = self.ticks();
        if let Some(mut log) = self.world.resource::<Brought>().lock() {
            let kept = log.partition_point(|board| board.tick < now);
            log.truncate(kept);
        }
    }

    /// The nodes that were boards in the last tick, in order of id.
    #[must_use]
    pub fn boards(&self) -> Vec<NodeId> {
        self.world.resource::<Boards>().stood.iter().copied().collect()
    }

    /// Boards of an earlier run, or of this one if it is run again, do again what they did in the
    /// tick that is next. What this mesh refuses is left out, and shows in the digest.
    pub(in crate::mesh) fn repeat_boards(&mut self) {
        for board in self.brought_into(self.ticks()) {
            if !self.world.resource::<Boards>().has(board.node) {
                let _ = self.take_input(board.node, &board.input);
            }
        }
    }

    /// Which nodes were boards before a snapshot is in no snapshot.
    pub(in crate::mesh) fn remember_boards(&mut self, other: &Self) {
        self.world.insert_resource(other.world.resource::<Brought>().clone());
        if let Some(before) = self.ticks().checked_sub(1) {
            let stood = self.brought_into(before).into_iter().map(|board| board.node).collect();
            self.world.resource_mut::<Boards>().stood = stood;
        }
    }

    fn brought_into(&self, tick: u64) -> Vec<BoardTick> {
        let planned = &self.world.resource::<Setup>().0.boards;
        let mut all: Vec<BoardTick> = of_tick(planned, tick).cloned().collect();
        if let Some(log) = self.world.resource::<Brought>().lock() {
            all.extend(of_tick(&log, tick).cloned());
        }
        all
    }
}
