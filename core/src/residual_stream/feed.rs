//! A node's side of a residual stream: readings in, frames waiting for the next window out.

use super::{STREAM_FRAME_MAX, StreamConfig, StreamFrame, StreamSender};
use crate::config::NodeConfig;
use crate::draw::{Purpose, below, draw};
use crate::id::{NodeId, Tick};
use crate::neuron::TAPS;
use crate::packet::{Message, PacketError};
use crate::phase::{ANSWER_GAP_US, OUTBOX, Outbox, Speaker};
use crate::q16::Q16;
use crate::radio::Outgoing;

/// Frames that can wait; then the oldest makes room, which the receiver reports as lost.
pub const STREAM_QUEUE: usize = 8;
/// Frames that a node sends in one window.
pub const STREAM_BURST: usize = 4;

/// What optional channels add to an outbox: a policy, a word of handing over, opinions, and a burst
/// of a stream. They have a list of their own, so that they never crowd out anything else that a
/// node says.
pub type Extras = heapless::Vec<Outgoing, { 3 + STREAM_BURST }>;

/// A frame as a message carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPart {
    length: u8,
    bytes: [u8; STREAM_FRAME_MAX],
}

impl StreamPart {
    /// A frame of 1 to [`STREAM_FRAME_MAX`] bytes.
    ///
    /// # Errors
    /// [`PacketError::Length`] for any other number of bytes.
    pub fn new(frame: &[u8]) -> Result<Self, PacketError> {
        let mut bytes = [0; STREAM_FRAME_MAX];
        let place = bytes.get_mut(..frame.len()).filter(|place| !place.is_empty());
        place.ok_or(PacketError::Length)?.copy_from_slice(frame);
        Ok(Self { length: frame.len() as u8, bytes })
    }

    /// The frame.
    #[must_use]
    pub fn frame(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

/// The sending end with its queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamFeed {
    sender: StreamSender,
    queue: heapless::Vec<StreamFrame, STREAM_QUEUE>,
    dropped: u32,
}
crate::canonical!(struct StreamFeed { sender, queue, dropped });

impl StreamFeed {
    /// A feed that knows nothing yet.
    #[must_use]
    pub fn new(config: &StreamConfig) -> Self {
        let sender = StreamSender::new(config, &[Q16::ZERO; TAPS]);
        Self { sender, queue: heapless::Vec::new(), dropped: 0 }
    }

    /// Takes a sample; gives the reading that became part of the stream, or `None` where it does
    /// not fit.
    pub fn sense(&mut self, config: &StreamConfig, sample: Q16) -> Option<i32> {
        let reading = config.reading(sample);
        if let Some(frame) = self.sender.push(config, reading).ok()? {
            if self.queue.is_full() {
                self.queue.remove(0);
                self.dropped = self.dropped.saturating_add(1);
            }
            // There is room: one was removed if the queue was full.
            let _ = self.queue.push(frame);
        }
        Some(reading)
    }

    /// The frame that has waited longest.
    #[must_use]
    pub fn next(&self) -> Option<StreamPart> {
        StreamPart::new(self.queue.first()?).ok()
    }

    /// Notes that it was sent.
    pub fn sent(&mut self) {
        if !self.queue.is_empty() {
            self.queue.remove(0);
        }
    }

    /// Readings taken so far.
    #[must_use]
    pub const fn samples(&self) -> u32 {
        self.sender.samples()
    }

    /// Frames that found no room.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.dropped
    }
}

/// Speak, for streams: in the second half of a round's window, when the sentinel has answered, a
/// sleeper sends it the frames of its residual stream that wait, back to back, as many as fit and
/// can be paid. `before` is what it sends in this tick anyway.
pub fn send_stream(
    config: &NodeConfig,
    now: Tick,
    node: &Speaker<'_>,
    feed: &mut StreamFeed,
    before: &Outbox,
    extras: &mut Extras,
) {
    let window = node.wake.window();
    let to = node.wake.sentinel;
    if !window.opens || to == NodeId::NONE {
        return;
    }
    let half_us = window.length_us() / 2;
    let bits = draw(config.wake.seed, Purpose::Backoff, node.id.0, now.0, OUTBOX as u32 + 1);
    let mut at_us = window.from_us + half_us + below(bits, (half_us / 2).max(1));
    let mut spent_us: u64 = before
        .iter()
        .chain(&*extras)
        .map(|outgoing| config.air.message_us(outgoing.message.length()))
        .sum();
    for _ in 0..STREAM_BURST {
        let Some(part) = feed.next() else { return };
        let message = Message::Stream { to, part };
        let airtime_us = config.air.message_us(message.length());
        spent_us += airtime_us;
        let ends_us = at_us + airtime_us;
        if ends_us > config.wake.tick_us || !node.energy.affords(&config.energy, spent_us) {
            return;
        }
        // The moment tells several messages of one round apart in reassembly.
        let round = node.wake.rounds().wrapping_add(at_us as u32);
        if extras.push(Outgoing { message, round, at_us }).is_err() {
            return;
        }
        feed.sent();
        at_us = ends_us + ANSWER_GAP_US;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_drops_its_oldest_frame_and_counts_it() {
        let config = StreamConfig { frame_samples: 1, ..StreamConfig::default() };
        let mut feed = StreamFeed::new(&config);
        for n in 0..STREAM_QUEUE as i32 + 3 {
            assert_eq!(feed.sense(&config, Q16::from_bits(n * 655)), Some(n));
        }
        assert_eq!((feed.dropped(), feed.samples()), (3, 11));
        // The sequence of the oldest that is left stands behind the flags.
        assert_eq!(feed.next().map(|part| part.frame()[1]), Some(3));
        feed.sent();
        assert_eq!(feed.next().map(|part| part.frame()[1]), Some(4));
    }

    #[test]
    fn a_part_holds_one_frame() {
        assert_eq!(StreamPart::new(&[]), Err(PacketError::Length));
        assert_eq!(StreamPart::new(&[0; STREAM_FRAME_MAX + 1]), Err(PacketError::Length));
        let part = StreamPart::new(&[1, 2, 3]);
        assert_eq!(part.as_ref().map(StreamPart::frame), Ok(&[1, 2, 3][..]));
    }
}
