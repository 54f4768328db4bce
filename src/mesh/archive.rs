//! Residual streams in the mesh: what nodes feed, what sentinels rebuild, and how much of it is
//! right. A sentinel only receives; what came out is held against what went in by an observer that
//! no node can ask.

use std::collections::VecDeque;

use bevy::ecs::prelude::*;
use qres_core::canonical::{Canonical, Sink, Source, encode_slice};
use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::packet::Message;
use qres_core::phase::{Outbox, Speaker};
use qres_core::q16::Q16;
use qres_core::residual_stream::{
    Extras, STREAM_QUEUE, StreamConfig, StreamFeed, StreamPart, StreamReceiver, send_stream,
};
use serde::Serialize;

use super::resources::Roster;

/// A node's stream, and its latest readings for the observer; only where a mesh streams.
#[derive(Component, Clone, Debug)]
pub struct Streaming {
    /// The node's own part.
    pub feed: Box<StreamFeed>,
    /// The latest readings, as many as can wait.
    truth: VecDeque<i32>,
    /// Bytes of frames handed to the radio.
    pub bytes: u64,
}

impl Streaming {
    /// A stream that knows nothing yet.
    #[must_use]
    pub fn new(config: &StreamConfig) -> Self {
        Self { feed: Box::new(StreamFeed::new(config)), truth: VecDeque::new(), bytes: 0 }
    }

    /// Sends what waits, as far as it may.
    pub fn send(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        node: &Speaker<'_>,
        before: &Outbox,
        extras: &mut Extras,
    ) {
        send_stream(config, now, node, &mut self.feed, before, extras);
        let sent = extras.iter().filter_map(|outgoing| match &outgoing.message {
            Message::Stream { part, .. } => Some(part.frame().len() as u64),
            _ => None,
        });
        self.bytes += sent.sum::<u64>();
    }

    /// Takes a sample.
    pub fn sense(&mut self, config: &StreamConfig, sample: Q16) {
        let Some(reading) = self.feed.sense(config, sample) else { return };
        if self.truth.len() >= (STREAM_QUEUE + 2) * usize::from(config.frame_samples) {
            self.truth.pop_front();
        }
        self.truth.push_back(reading);
    }

    /// Reading number `index`; `None` when it is too old.
    fn reading(&self, index: u32) -> Option<i32> {
        let back = self.feed.samples().checked_sub(index)? as usize;
        self.truth.get(self.truth.len().checked_sub(back)?).copied()
    }
}

/// What a sentinel has rebuilt of its clients' streams.
#[derive(Component, Clone, Debug, Default)]
pub struct Archive {
    receivers: Vec<(NodeId, StreamReceiver)>,
    exact: u64,
    wrong: u64,
    /// Readings of this tick, not compared yet: none between ticks.
    fresh: Vec<(NodeId, u32, i32)>,
}

impl Archive {
    /// Takes a frame of `client`.
    pub fn take(&mut self, config: &StreamConfig, client: NodeId, part: &StreamPart) {
        let place = match self.receivers.binary_search_by_key(&client, |(id, _)| *id) {
            Ok(place) => place,
            Err(place) => {
                self.receivers.insert(place, (client, StreamReceiver::new(config)));
                place
            }
        };
        let Some((_, receiver)) = self.receivers.get_mut(place) else { return };
        // A frame that gives no readings is told by the count of lost ones at the next keyframe.
        let _ = receiver.take(config, part.frame(), |index, reading| {
            self.fresh.push((client, index, reading));
        });
    }
}

/// Holds what was rebuilt in this tick against what was sensed.
pub fn compare(roster: Res<Roster>, mut archives: Query<&mut Archive>, streams: Query<&Streaming>) {
    for mut archive in archives.iter_mut().filter(|archive| !archive.fresh.is_empty()) {
        for (node, index, reading) in std::mem::take(&mut archive.fresh) {
            let entity = roster.0.get(node.index());
            let stream = entity.and_then(|entity| streams.get(*entity).ok());
            let same = stream.and_then(|stream| stream.reading(index)) == Some(reading);
            archive.exact += u64::from(same);
            archive.wrong += u64::from(!same);
        }
    }
}

/// What became of the readings of all streams.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct StreamSummary {
    /// Taken by senders.
    pub sensed: u64,
    /// Rebuilt, and equal to what was sensed.
    pub exact: u64,
    /// Rebuilt, and not equal: must be 0.
    pub wrong: u64,
    /// Known to be lost on the way.
    pub lost: u64,
    /// The rest: not sent yet, on the way, or sent after a loss that the next keyframe will tell.
    pub waiting: u64,
    /// Frames that found no room to wait.
    pub dropped_frames: u64,
    /// Bytes of frames sent, without message and packet headers.
    pub bytes: u64,
}

/// The totals; `None` where no mesh streams.
pub(super) fn totals(world: &mut World) -> Option<StreamSummary> {
    let mut sum = StreamSummary::default();
    let mut streams = world.query::<&Streaming>();
    let mut any = false;
    for stream in streams.iter(world) {
        any = true;
        sum.sensed += u64::from(stream.feed.samples());
        sum.dropped_frames += u64::from(stream.feed.dropped());
        sum.bytes += stream.bytes;
    }
    let mut archives = world.query::<&Archive>();
    for archive in archives.iter(world) {
        sum.exact += archive.exact;
        sum.wrong += archive.wrong;
        sum.lost += archive.receivers.iter().map(|(_, r)| u64::from(r.lost())).sum::<u64>();
    }
    sum.waiting = sum.sensed.saturating_sub(sum.exact + sum.wrong + sum.lost);
    any.then_some(sum)
}

impl Canonical for Streaming {
    fn encode(&self, sink: &mut impl Sink) {
        self.feed.encode(sink);
        self.bytes.encode(sink);
        (self.truth.len() as u32).encode(sink);
        self.truth.iter().for_each(|reading| reading.encode(sink));
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let feed = Box::new(StreamFeed::decode(source)?);
        let bytes = u64::decode(source)?;
        let count = u32::decode(source)?;
        let truth = (0..count).map(|_| i32::decode(source)).collect::<Option<_>>()?;
        Some(Self { feed, truth, bytes })
    }
}

impl Canonical for Archive {
    fn encode(&self, sink: &mut impl Sink) {
        self.exact.encode(sink);
        self.wrong.encode(sink);
        let ids: Vec<NodeId> = self.receivers.iter().map(|(id, _)| *id).collect();
        encode_slice(&ids, sink);
        self.receivers.iter().for_each(|(_, receiver)| receiver.encode(sink));
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let (exact, wrong) = (u64::decode(source)?, u64::decode(source)?);
        let count = u32::decode(source)?;
        let ids = (0..count).map(|_| NodeId::decode(source)).collect::<Option<Vec<_>>>()?;
        if !ids.is_sorted_by(|one, other| one < other) {
            return None;
        }
        let pair = |id| Some((id, StreamReceiver::decode(source)?));
        let receivers = ids.into_iter().map(pair).collect::<Option<_>>()?;
        Some(Self { receivers, exact, wrong, fresh: Vec::new() })
    }
}
