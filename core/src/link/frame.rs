//! Frames on a serial line: a sequence number, the message and a CRC-32, stuffed so that no zero
//! byte is inside, then a zero byte. Must not know what the messages mean.
//!
//! Before stuffing: sequence (2 bytes), message (1 to 240), CRC-32 (ISO-HDLC) over both (4 bytes);
//! little-endian. Stuffing: Cheshire and Baker, "Consistent overhead byte stuffing", 1999. A
//! receiver that has lost its place finds it at the next zero.

use super::message::{LinkMessage, MESSAGE_MAX, MessageError};
use crate::crc::{CRC_BYTES, CRC32, crc32};

/// Bytes of a sequence number.
const SEQUENCE_BYTES: usize = 2;
/// Bytes before stuffing, at most. Up to 254 of them cost one byte more.
const BODY_MAX: usize = SEQUENCE_BYTES + MESSAGE_MAX + CRC_BYTES;
/// Longest frame on the line, in bytes, its zero included.
pub const FRAME_MAX: usize = BODY_MAX + 2;

const _: () = assert!(BODY_MAX <= 254);

/// A frame as bytes, ready for the line.
pub type FrameBytes = heapless::Vec<u8, FRAME_MAX>;

/// CRC-32 (ISO-HDLC) of these bytes, one part after the other: what `Post` and `Ticked` carry.
#[must_use]
pub fn checksum<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u32 {
    let mut crc = CRC32.digest();
    parts.into_iter().for_each(|part| crc.update(part));
    crc.finalize()
}

/// Puts messages into frames and numbers them.
#[derive(Clone, Debug, Default)]
pub struct FrameWriter {
    sequence: u16,
}

impl FrameWriter {
    /// The number that the next frame will have.
    #[must_use]
    pub const fn sequence(&self) -> u16 {
        self.sequence
    }

    /// The frame that carries `message`.
    ///
    /// # Errors
    /// [`MessageError::Long`] when the message is longer than any may be; no number is used up.
    pub fn write(&mut self, message: &LinkMessage<'_>) -> Result<FrameBytes, MessageError> {
        let mut buffer = [0; MESSAGE_MAX];
        let bytes = message.write(&mut buffer)?;
        let frame = frame_of(self.sequence, bytes).ok_or(MessageError::Long)?;
        self.sequence = self.sequence.wrapping_add(1);
        Ok(frame)
    }
}

/// The frame that carries these bytes under this number; `None` if they are none or too many.
#[must_use]
pub fn frame_of(sequence: u16, message: &[u8]) -> Option<FrameBytes> {
    let mut body: heapless::Vec<u8, BODY_MAX> = heapless::Vec::new();
    body.extend_from_slice(&sequence.to_le_bytes()).ok().filter(|()| !message.is_empty())?;
    body.extend_from_slice(message).ok().filter(|()| message.len() <= MESSAGE_MAX)?;
    let crc = crc32(&body);
    body.extend_from_slice(&crc).ok()?;
    let mut frame = [0; FRAME_MAX];
    let length = cobs::try_encode(&body, &mut frame).ok()?;
    // The byte behind them is zero.
    FrameBytes::from_slice(frame.get(..=length)?).ok()
}

/// What a receiver has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCount {
    /// Frames taken.
    pub taken: u32,
    /// Stretches between zeros that were no frame: damage, or the middle of one.
    pub damaged: u32,
    /// Numbers that are missing between frames taken.
    pub lost: u32,
}

/// Takes frames off a line, byte by byte.
#[derive(Clone, Debug, Default)]
pub struct FrameReader {
    bytes: heapless::Vec<u8, FRAME_MAX>,
    /// What is in `bytes` has been handed out, or is to be dropped.
    done: bool,
    /// More came than any frame has; all is dropped up to the next zero.
    overrun: bool,
    last: Option<u16>,
    count: LineCount,
}

/// A frame that arrived whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived<'a> {
    /// Its number.
    pub sequence: u16,
    /// The message's bytes, for [`LinkMessage::read`].
    pub message: &'a [u8],
}

impl FrameReader {
    /// What has been seen so far.
    #[must_use]
    pub const fn count(&self) -> LineCount {
        self.count
    }

    /// Takes a byte; returns the frame that it ends, if it ends one. What is no frame is counted,
    /// and nothing said of it: whoever waits for an answer asks again.
    pub fn push(&mut self, byte: u8) -> Option<Arrived<'_>> {
        if core::mem::take(&mut self.done) {
            self.bytes.clear();
        }
        if byte != 0 {
            self.overrun |= self.bytes.push(byte).is_err();
            return None;
        }
        let overrun = core::mem::take(&mut self.overrun);
        if self.bytes.is_empty() {
            return None;
        }
        self.done = true;
        let length = if overrun { None } else { unstuff(&mut self.bytes) };
        let Some((sequence, end)) = length else {
            self.count.damaged = self.count.damaged.saturating_add(1);
            return None;
        };
        self.note(sequence);
        Some(Arrived { sequence, message: self.bytes.get(SEQUENCE_BYTES..end)? })
    }

    fn note(&mut self, sequence: u16) {
        let expected = self.last.map_or(sequence, |last| last.wrapping_add(1));
        let gap = sequence.wrapping_sub(expected);
        // A number that is behind is a sender that started anew, or a frame that came twice.
        if gap < 1 << 15 {
            self.count.lost = self.count.lost.saturating_add(u32::from(gap));
        }
        self.last = Some(sequence);
        self.count.taken = self.count.taken.saturating_add(1);
    }
}

/// Takes the stuffing out and checks the rest; returns its number and where its message ends.
fn unstuff(bytes: &mut [u8]) -> Option<(u16, usize)> {
    let length = cobs::decode_in_place(bytes).ok()?;
    let end = length.checked_sub(CRC_BYTES).filter(|end| *end > SEQUENCE_BYTES)?;
    let (body, crc) = bytes.get(..length)?.split_at_checked(end)?;
    let sequence = u16::from_le_bytes(*body.first_chunk()?);
    (crc32(body) == crc).then_some((sequence, end))
}
