//! Bits in bytes, the first in the lowest place. Bounded: the writer has room for one frame.

use super::STREAM_FRAME_MAX;

/// Collects bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct BitWriter {
    bytes: heapless::Vec<u8, STREAM_FRAME_MAX>,
    /// Bits in use.
    length: u16,
}
crate::canonical!(struct BitWriter { bytes, length });

impl BitWriter {
    /// Appends the low `count` bits of `value`, lowest first; what does not fit is dropped, so the
    /// caller sees to it that there is room.
    pub(super) fn put(&mut self, value: u64, count: u32) {
        for place in 0..count {
            let at = usize::from(self.length);
            if at.is_multiple_of(8) && self.bytes.push(0).is_err() {
                return;
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> place & 1) as u8) << (at % 8);
            }
            self.length += 1;
        }
    }

    /// Bits in use.
    pub(super) fn length(&self) -> usize {
        usize::from(self.length)
    }

    /// The bytes, the last one filled up with zeros.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads bits back.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// The next `count` bits, at most 64.
    pub(super) fn get(&mut self, count: u32) -> Option<u64> {
        let mut value = 0;
        for place in 0..count {
            value |= u64::from(self.bit()?) << place;
        }
        Some(value)
    }

    /// Whether nothing but the zeros that fill the last byte is left.
    pub(super) fn ends_here(mut self) -> bool {
        self.bytes.len() == self.at.div_ceil(8)
            && core::iter::from_fn(|| self.bit()).all(|bit| !bit)
    }
}
