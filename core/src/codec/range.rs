//! A byte-wise range coder over caller-owned slices, with carries settled in place. It knows
//! nothing of what it codes and never grows a buffer.
//!
//! Source of the method: G. N. N. Martin, "Range encoding: an algorithm for removing redundancy
//! from a digitised message", 1979. The ending is our own: of the shortest strings that name the
//! final interval, the one that a check value picks, so that bits lost to whole bytes detect
//! damage and lost packets.

/// Bits of the total to which all frequencies of a symbol sum.
pub(super) const TOTAL_BITS: u32 = 22;
/// The total itself.
pub(super) const TOTAL: u32 = 1 << TOTAL_BITS;
/// Below this the range is renormalised.
const BOTTOM: u32 = 1 << 24;
/// Bytes that name a position inside the interval exactly.
const TAIL_BYTES: usize = 4;

/// The share of `range` below `cumulative`.
const fn share(range: u32, cumulative: u32) -> u32 {
    ((range as u64 * cumulative as u64) >> TOTAL_BITS) as u32
}

/// The final interval as strings of bytes: how many bytes, the first string and the number of
/// strings of that length.
const fn ending(low: u32, range: u32) -> (usize, u64, u64) {
    let mut bytes = 0;
    loop {
        let below = 32 - 8 * bytes as u32;
        let first = (low as u64 + ((1 << below) - 1)) >> below;
        let last = (low as u64 + range as u64 - 1) >> below;
        if first <= last || bytes == TAIL_BYTES {
            return (bytes, first, last + 1 - first);
        }
        bytes += 1;
    }
}

/// Writes symbols into a slice.
#[derive(Debug)]
pub(super) struct Encoder<'a> {
    out: &'a mut [u8],
    /// Bytes written; beyond the slice they are counted but lost.
    at: usize,
    low: u32,
    range: u32,
}

impl<'a> Encoder<'a> {
    pub(super) const fn new(out: &'a mut [u8]) -> Self {
        Self { out, at: 0, low: 0, range: u32::MAX }
    }

    /// Codes the symbol that owns `from..to` of [`TOTAL`]; `from < to`.
    pub(super) fn put(&mut self, from: u32, to: u32) {
        let below = share(self.range, from);
        let (low, carry) = self.low.overflowing_add(below);
        self.low = low;
        self.range = share(self.range, to) - below;
        if carry {
            self.carry();
        }
        while self.range < BOTTOM {
            self.push((self.low >> 24) as u8);
            self.low <<= 8;
            self.range <<= 8;
        }
    }

    /// Codes the low `count` bits of `value`, all values alike.
    pub(super) fn put_bits(&mut self, value: u32, count: u32) {
        if count > 16 {
            self.put_bits(value >> 16, count - 16);
            return self.put_bits(value, 16);
        }
        let wide = TOTAL_BITS - count;
        let value = value & ((1 << count) - 1);
        self.put(value << wide, (value + 1) << wide);
    }

    /// Ends the string and returns its length, or `None` if it did not fit. `check` picks among
    /// the shortest endings.
    pub(super) fn finish(mut self, check: u32) -> Option<usize> {
        let (bytes, first, count) = ending(self.low, self.range);
        let last = first + u64::from(check) % count;
        if last >> (8 * bytes) != 0 {
            self.carry();
        }
        for place in (0..bytes).rev() {
            self.push((last >> (8 * place)) as u8);
        }
        (self.at <= self.out.len()).then_some(self.at)
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.out.get_mut(self.at) {
            *slot = byte;
        }
        self.at += 1;
    }

    fn carry(&mut self) {
        let end = self.at.min(self.out.len());
        for byte in self.out.iter_mut().take(end).rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return;
            }
        }
    }
}

/// Reads symbols from a slice; behind its end stand zeros.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    /// Bytes that the encoder had written at this point.
    at: usize,
    low: u32,
    range: u32,
    /// Where the string points inside the interval.
    offset: u32,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self { bytes, at: 0, low: 0, range: u32::MAX, offset: 0 };
        for place in 0..TAIL_BYTES {
            decoder.offset = decoder.offset << 8 | decoder.byte(place);
        }
        decoder
    }

    fn byte(&self, at: usize) -> u32 {
        self.bytes.get(at).copied().map_or(0, u32::from)
    }

    /// Whether the string points at or above `cumulative` of [`TOTAL`].
    pub(super) fn reaches(&self, cumulative: u32) -> bool {
        share(self.range, cumulative) <= self.offset
    }

    /// About how many units of [`TOTAL`] lie below where the string points.
    pub(super) fn target(&self) -> u32 {
        let units = (u64::from(self.offset) << TOTAL_BITS) / u64::from(self.range);
        units.min(u64::from(TOTAL)) as u32
    }

    /// Takes the symbol that owns `from..to`, found by [`Decoder::reaches`].
    pub(super) fn take(&mut self, from: u32, to: u32) {
        let below = share(self.range, from);
        self.offset = self.offset.wrapping_sub(below);
        self.low = self.low.wrapping_add(below);
        self.range = share(self.range, to) - below;
        while self.range < BOTTOM {
            self.offset = self.offset << 8 | self.byte(self.at + TAIL_BYTES);
            self.at += 1;
            self.low <<= 8;
            self.range <<= 8;
        }
    }

    /// Takes `count` bits, all values alike.
    pub(super) fn take_bits(&mut self, count: u32) -> u32 {
        if count > 16 {
            let high = self.take_bits(count - 16);
            return high << 16 | self.take_bits(16);
        }
        let wide = TOTAL_BITS - count;
        let mut value = 0;
        for bit in (0..count).rev() {
            let higher = value | 1 << bit;
            if self.reaches(higher << wide) {
                value = higher;
            }
        }
        self.take(value << wide, (value + 1) << wide);
        value
    }

    /// Whether far more symbols were taken than the string can hold.
    #[cfg(feature = "alloc")]
    pub(super) const fn exhausted(&self) -> bool {
        self.at > self.bytes.len()
    }

    /// Whether the string ends here and its ending is the one that `check` picks.
    pub(super) fn finished(&self, check: u32) -> bool {
        let (bytes, first, count) = ending(self.low, self.range);
        let place = u64::from(self.low) + u64::from(self.offset);
        let wanted = first + u64::from(check) % count;
        self.at + bytes == self.bytes.len() && place == wanted << (32 - 8 * bytes)
    }
}
