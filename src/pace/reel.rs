//! Copies of the last ticks, to walk back through. It holds what was published, and must not touch
//! a mesh.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Other;
use crate::mesh::publish::{NodeDetail, NodeView, PacketView, Published};

/// Bytes that the copies may have, at most: 64 MiB.
pub const REEL_BYTES: usize = 64 << 20;
/// Copies that are made at a time, at most.
const PIECE_MAX: u64 = 64;
/// The same, at least.
const PIECE_MIN: u64 = 4;
/// Pieces that are held at a time: the one that is walked through, those before and after it.
const PIECES: usize = 4;
/// Bytes that a copy of a node in full takes, about.
const DETAIL_BYTES: usize = 64 << 10;

/// What is shown of a tick.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) published: Arc<Published>,
    pub(super) details: [Option<Arc<NodeDetail>>; 2],
    pub(super) other: Option<Other>,
}

impl Frame {
    /// Bytes that it takes, about.
    fn bytes(&self) -> usize {
        let copy = |published: &Published| {
            size_of::<Published>()
                + published.nodes.len() * size_of::<NodeView>()
                + published.packets.len() * size_of::<PacketView>()
        };
        let other = self
            .other
            .as_ref()
            .map_or(0, |other| copy(&other.published) + other.difference.nodes.len());
        let details = self.details.iter().flatten().count() * DETAIL_BYTES;
        copy(&self.published) + other + details
    }
}

/// Frames of ticks in a row, and a piece that is being made to go before them.
#[derive(Default)]
pub(super) struct Reel {
    frames: VecDeque<Frame>,
    /// Ticks of the piece in work, the next one and the last one, and what is done of it.
    piece: Option<(u64, u64, Vec<Frame>)>,
}

impl Reel {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn first(&self) -> Option<u64> {
        self.frames.front().map(|frame| frame.published.tick)
    }

    /// The frame of `tick`.
    pub(super) fn get(&self, tick: u64) -> Option<&Frame> {
        let place = tick.checked_sub(self.first()?)?;
        self.frames.get(usize::try_from(place).ok()?)
    }

    /// Ticks of a piece, as frames are now.
    pub(super) fn piece_ticks(&self, frame: Option<&Frame>) -> u64 {
        let bytes = self.frames.front().or(frame).map_or(1, Frame::bytes).max(1);
        ((REEL_BYTES / PIECES / bytes) as u64).clamp(PIECE_MIN, PIECE_MAX)
    }

    /// The tick whose frame is wanted next by one who walks back from `now`; `None`: there are
    /// enough, or none before `floor`.
    pub(super) fn wants(&mut self, now: u64, floor: u64, frame: Option<&Frame>) -> Option<u64> {
        if let Some((next, ..)) = &self.piece {
            return Some(*next);
        }
        if self.get(now).or_else(|| self.get(now.checked_sub(1)?)).is_none() {
            self.frames.clear();
        }
        let (first, ticks) = (self.first().unwrap_or(now), self.piece_ticks(frame));
        let last = first.checked_sub(1).filter(|last| *last >= floor)?;
        if !self.frames.is_empty() && now.saturating_sub(first) >= ticks / 2 {
            return None;
        }
        let next = (last + 1).saturating_sub(ticks).max(floor);
        self.piece = Some((next, last, Vec::new()));
        Some(next)
    }

    /// The first tick of the piece in work.
    pub(super) fn piece_from(&self) -> Option<u64> {
        let (next, _, done) = self.piece.as_ref()?;
        Some(next - done.len() as u64)
    }

    /// Adds the frame that was wanted.
    pub(super) fn add(&mut self, frame: Frame, now: u64) {
        let Some((next, last, done)) = &mut self.piece else { return };
        done.push(frame);
        *next += 1;
        if next > last {
            let done = self.piece.take().map(|(_, _, done)| done).unwrap_or_default();
            let most = self.piece_ticks(done.first());
            done.into_iter().rev().for_each(|frame| self.frames.push_front(frame));
            while self.frames.back().is_some_and(|frame| frame.published.tick > now + most) {
                self.frames.pop_back();
            }
        }
    }
}
