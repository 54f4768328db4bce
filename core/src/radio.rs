//! What a node needs of a radio, the timing of frames, and a radio for tests and twins.

use crate::fragment::{bytes_on_air, cut, fragment_count};
use crate::id::{NodeId, Tick};
use crate::packet::{HEADER_BYTES, MESSAGE_MAX, Message, PayloadBytes, SIGNED_MAX, Update};
use crate::signature::signed;

/// Longest frame of this version, in bytes.
pub const FRAME_MAX: usize = HEADER_BYTES + SIGNED_MAX;
/// A frame as bytes.
pub type Frame = heapless::Vec<u8, FRAME_MAX>;

/// Timing of the physical layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AirConfig {
    /// Bits per second on the air.
    pub bitrate_bps: u32,
    /// Preamble, headers of the physical layer and spacing before each frame, in microseconds.
    pub preamble_us: u32,
    /// Largest frame, header included.
    pub mtu_bytes: u16,
    /// Time between a sentinel's beacons, in microseconds (0: no beacons).
    pub beacon_interval_us: u32,
    /// Bytes of a beacon.
    pub beacon_bytes: u16,
    /// Bytes of the signature behind each update and relay (0: none).
    pub signature_bytes: u8,
}

impl Default for AirConfig {
    /// 802.11 at 6 Mbit/s: 20 us preamble and signal field, 34 us DIFS, a beacon of 128 bytes each
    /// 100 time units of 1024 us.
    fn default() -> Self {
        Self {
            bitrate_bps: 6_000_000,
            preamble_us: 54,
            mtu_bytes: 1024,
            beacon_interval_us: 102_400,
            beacon_bytes: 128,
            signature_bytes: 0,
        }
    }
}

impl AirConfig {
    /// Time on the air of one frame of `bytes`, in microseconds, rounded up.
    #[must_use]
    pub const fn frame_us(&self, bytes: usize) -> u64 {
        let bits = bytes as u64 * 8_000_000;
        let rate = if self.bitrate_bps == 0 { 1 } else { self.bitrate_bps as u64 };
        self.preamble_us as u64 + bits.div_ceil(rate)
    }

    /// Bytes on the air of a message with `payload` bytes, all fragments and headers included, and
    /// the checksum that lies behind several.
    #[must_use]
    pub fn message_bytes(&self, payload: usize) -> usize {
        bytes_on_air(payload, usize::from(self.mtu_bytes))
    }

    /// Frames of a message with `payload` bytes.
    #[must_use]
    pub fn message_frames(&self, payload: usize) -> usize {
        fragment_count(payload, usize::from(self.mtu_bytes))
    }

    /// Time on the air of a message with `payload` bytes, fragments back to back.
    #[must_use]
    pub fn message_us(&self, payload: usize) -> u64 {
        let mtu = usize::from(self.mtu_bytes);
        let before = self.message_frames(payload) - 1;
        let last = self.message_bytes(payload) - before * mtu;
        before as u64 * self.frame_us(mtu) + self.frame_us(last)
    }

    /// Bytes that a message's frames carry together, its signature included.
    #[must_use]
    pub fn payload_bytes(&self, message: &Message) -> usize {
        let signature = if signed(message).is_some() { self.signature_bytes as usize } else { 0 };
        message.length() + signature
    }

    /// Time on the air of a message with its signature, in microseconds.
    #[must_use]
    pub fn airtime_us(&self, message: &Message) -> u64 {
        self.message_us(self.payload_bytes(message))
    }

    /// Time on the air of the longest message with its signature, in microseconds.
    #[must_use]
    pub fn longest_us(&self) -> u64 {
        self.message_us(MESSAGE_MAX + usize::from(self.signature_bytes))
    }

    /// Transmission time of a sentinel's ordinary beacons in tick `now` of length `tick_us`:
    /// beacons are due at multiples of their interval since the start.
    #[must_use]
    pub const fn beacons_us(&self, now: Tick, tick_us: u64) -> u64 {
        let interval = self.beacon_interval_us as u64;
        if interval == 0 {
            return 0;
        }
        let before = now.0.saturating_mul(tick_us).div_ceil(interval);
        let after = now.0.saturating_add(1).saturating_mul(tick_us).div_ceil(interval);
        (after - before) * self.frame_us(self.beacon_bytes as usize)
    }

    /// Cuts `message` into the frames that carry it, with a signature behind it or none.
    pub fn frames(
        &self,
        sender: NodeId,
        round: u32,
        message: &Message,
        signature: &[u8],
        each: impl FnMut(&[u8]),
    ) {
        let mtu = usize::from(self.mtu_bytes);
        let mut payload = PayloadBytes::new();
        // They fit: the capacity is the sum of the largest.
        let _ = payload.extend_from_slice(&message.to_bytes());
        let _ = payload.extend_from_slice(signature);
        cut(message.kind(), sender, round, &payload, mtu, each);
    }
}

/// A message that is due at a moment of the tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The message.
    pub message: Message,
    /// The sender's round, for the header.
    pub round: u32,
    /// Start of transmission, in microseconds from the tick's start.
    pub at_us: u64,
}

/// A frame that a radio has received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The frame's bytes, checksum unchecked.
    pub frame: Frame,
    /// End of reception, in microseconds from the tick's start.
    pub at_us: u64,
}

/// A radio as the node sees it: frames go out at a moment, frames come in.
pub trait Radio {
    /// Sends a message in this tick.
    fn transmit(&mut self, now: Tick, outgoing: &Outgoing);
    /// The next frame received in this tick, in order of (sender, sequence); `None` when there are
    /// no more. Answers transmitted meanwhile may bring more.
    fn receive(&mut self) -> Option<Heard>;
    /// Whether an update that this node would use bears a signature of its origin. A radio that
    /// holds keys checks it; one that holds none believes what is not signed, and nothing else.
    fn admits(&mut self, update: &Update, signature: &[u8]) -> bool {
        let _ = update;
        signature.is_empty()
    }
}

/// Transmissions and receptions that a [`MockRadio`] can hold for a tick.
pub const MOCK_CAPACITY: usize = 64;

/// A radio that delivers what a test put in and keeps what the node sent.
#[derive(Clone, Debug, Default)]
pub struct MockRadio {
    /// Frames to receive, next one first.
    pub incoming: heapless::Deque<Heard, MOCK_CAPACITY>,
    /// What the node transmitted, oldest first; the newest is dropped when full.
    pub sent: heapless::Vec<Outgoing, MOCK_CAPACITY>,
}

impl Radio for MockRadio {
    fn transmit(&mut self, _now: Tick, outgoing: &Outgoing) {
        let _ = self.sent.push(*outgoing);
    }

    fn receive(&mut self) -> Option<Heard> {
        self.incoming.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn airtime_at_6_mbit() {
        let air = AirConfig::default();
        assert_eq!(air.frame_us(0), 54);
        assert_eq!(air.frame_us(56), 54 + 75, "448 bits at 6 Mbit/s are 74.7 us");
        assert_eq!(air.message_us(44), air.frame_us(56));
        assert_eq!(air.beacons_us(Tick(0), 1_000_000), 10 * (54 + 171));
        let hour: u64 = (0..3_600).map(|tick| air.beacons_us(Tick(tick), 1_000_000)).sum();
        assert_eq!(hour, 35_157 * (54 + 171), "3600 s at 102.4 ms, none lost to rounding");
    }

    #[test]
    fn fragments_cost_their_headers_and_preambles() {
        let air = AirConfig { mtu_bytes: 32, ..AirConfig::default() };
        // 44 bytes and 4 of their checksum in pieces of 20: three fragments, 36 bytes of headers.
        assert_eq!((air.message_frames(44), air.message_bytes(44)), (3, 84));
        assert_eq!(air.message_us(44), 2 * (54 + 43) + (54 + 27));
        // What fits one frame has no checksum of its own.
        assert_eq!((air.message_frames(20), air.message_bytes(20)), (1, 32));
        assert_eq!((air.message_frames(21), air.message_bytes(21)), (2, 49));
    }
}
