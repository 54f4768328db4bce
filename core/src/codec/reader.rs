//! Takes fields off the front of a file. Lengths are checked before anything is allocated.

use alloc::vec::Vec;

use super::container::EXPANSION_MAX;
use super::error::CodecError;
use crate::crc::CRC32;

/// What is left of a file, and where its header began.
pub(super) struct Reader<'a> {
    file: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(file: &'a [u8]) -> Self {
        Self { file, rest: file }
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(CodecError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, CodecError> {
        self.take(1)?.first().copied().ok_or(CodecError::Truncated)
    }

    pub(super) fn word(&mut self) -> Result<u32, CodecError> {
        let bytes = self.take(4)?.first_chunk().ok_or(CodecError::Truncated)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// Seven bits a byte, lowest first; the top bit says that more follow.
    fn varint(&mut self) -> Result<u64, CodecError> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodecError::Range)
    }

    /// A number up to `most`.
    pub(super) fn bounded(&mut self, most: u64) -> Result<usize, CodecError> {
        let value = self.varint()?;
        if value > most {
            return Err(CodecError::Range);
        }
        usize::try_from(value).map_err(|_| CodecError::Range)
    }

    /// Content that this file can stand for, in bytes.
    pub(super) const fn limit(&self) -> u64 {
        (self.file.len() as u64).saturating_mul(EXPANSION_MAX)
    }

    /// The index: length, whether raw, and CRC-32 of each of `count` blocks.
    pub(super) fn index(&mut self, count: usize) -> Result<Vec<(usize, bool, u32)>, CodecError> {
        // An entry takes 5 bytes: no index is longer than the file that holds it.
        if count > self.rest.len() / 5 {
            return Err(CodecError::Truncated);
        }
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            let tag = self.varint()?;
            let bytes = usize::try_from(tag >> 1).map_err(|_| CodecError::Range)?;
            entries.push((bytes, tag & 1 == 1, self.word()?));
        }
        Ok(entries)
    }

    /// Compares the checksum over all that was taken with the one that follows.
    pub(super) fn check(&mut self) -> Result<(), CodecError> {
        let read = self.file.len() - self.rest.len();
        let sum = CRC32.checksum(self.file.get(..read).unwrap_or_default());
        if self.word()? == sum { Ok(()) } else { Err(CodecError::Damaged) }
    }

    pub(super) const fn rest(&mut self) -> &'a [u8] {
        let rest = self.rest;
        self.rest = &[];
        rest
    }

    /// Nothing may follow.
    pub(super) const fn end(&self) -> Result<(), CodecError> {
        if self.rest.is_empty() { Ok(()) } else { Err(CodecError::Damaged) }
    }
}

/// Writes a number as [`Reader`] takes it.
pub(super) fn put_varint(out: &mut Vec<u8>, value: u64) {
    let mut value = value;
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
