//! Run-length and Golomb-Rice codes whose parameters follow what was coded: after Malvar, "Adaptive
//! run-length / Golomb-Rice encoding of quantized generalized Gaussian sources with unknown
//! statistics", 2006. Both ends adapt alike; nothing about the parameters is sent.

use super::bits::{BitReader, BitWriter};

/// Parameters move in quarters.
const SCALE: u16 = 4;
/// The longest run that one bit stands for is 2^12.
const RUN_MAX: u16 = 12 * SCALE;
/// The most low bits of a code.
const LOW_MAX: u16 = 31 * SCALE;
/// More ones than this announce a number as it is.
const ESCAPE: u32 = 24;
/// Bits of a number as it is: residuals of 33 bits and a sign.
const PLAIN_BITS: u32 = 36;

/// The state of the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rice {
    /// log2 of the run, in quarters; below 4 there are no runs.
    run: u16,
    /// Low bits of a code, in quarters.
    low: u16,
    /// Zeros of the running run: written ones that wait, or read ones that are left.
    zeros: u16,
    /// Whether a number other than zero follows the zeros that are left.
    ends: Option<i64>,
}
crate::canonical!(struct Rice { run, low, zeros, ends });

impl Default for Rice {
    fn default() -> Self {
        Self { run: 2 * SCALE, low: 2 * SCALE, zeros: 0, ends: None }
    }
}

/// 0, -1, 1, -2, ... as 0, 1, 2, 3, ...
const fn folded(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

const fn unfolded(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

impl Rice {
    /// Codes a residual of at most 34 bits.
    pub(super) fn put(&mut self, value: i64, out: &mut BitWriter) {
        let bits = self.run / SCALE;
        if bits == 0 {
            self.put_number(folded(value), out);
            self.shift_run(value == 0, 3, 1);
        } else if value == 0 {
            self.zeros += 1;
            if self.zeros == 1 << bits {
                self.end(out);
            }
        } else {
            out.put(1, 1);
            out.put(u64::from(self.zeros), u32::from(bits));
            self.zeros = 0;
            self.put_number(folded(value) - 1, out);
            self.shift_run(false, 2, 1);
        }
    }

    /// Ends a run that waits, if there is one: a whole one, or the last one of a frame.
    pub(super) fn end(&mut self, out: &mut BitWriter) {
        if self.zeros > 0 {
            out.put(0, 1);
            self.zeros = 0;
            self.shift_run(true, 2, 1);
        }
    }

    /// Reads a residual; `None` when the bits run out or cannot have been written.
    pub(super) fn get(&mut self, bits: &mut BitReader<'_>) -> Option<i64> {
        if self.zeros > 0 {
            self.zeros -= 1;
            return Some(0);
        }
        if let Some(value) = self.ends.take() {
            return Some(value);
        }
        let run = self.run / SCALE;
        if run == 0 {
            let value = unfolded(self.get_number(bits)?);
            self.shift_run(value == 0, 3, 1);
            return Some(value);
        }
        if !bits.bit()? {
            self.zeros = (1 << run) - 1;
            self.shift_run(true, 2, 1);
            return Some(0);
        }
        let zeros = bits.get(u32::from(run))? as u16;
        let value = unfolded(self.get_number(bits)? + 1);
        self.shift_run(false, 2, 1);
        if zeros == 0 {
            return Some(value);
        }
        self.zeros = zeros - 1;
        self.ends = Some(value);
        Some(0)
    }

    /// At the end of a frame: zeros that were announced beyond it do not exist.
    pub(super) fn cut(&mut self) {
        self.zeros = 0;
        self.ends = None;
    }

    fn shift_run(&mut self, zero: bool, up: u16, down: u16) {
        self.run = if zero { (self.run + up).min(RUN_MAX) } else { self.run.saturating_sub(down) };
    }

    fn put_number(&mut self, number: u64, out: &mut BitWriter) {
        let low = u32::from(self.low / SCALE);
        let ones = number >> low;
        if ones < u64::from(ESCAPE) {
            out.put((1 << ones) - 1, ones as u32 + 1);
            out.put(number, low);
        } else {
            out.put((1 << ESCAPE) - 1, ESCAPE);
            out.put(number, PLAIN_BITS);
        }
        self.shift_low(ones.min(u64::from(ESCAPE)) as u16);
    }

    fn get_number(&mut self, bits: &mut BitReader<'_>) -> Option<u64> {
        let low = u32::from(self.low / SCALE);
        let mut ones = 0;
        while ones < ESCAPE && bits.bit()? {
            ones += 1;
        }
        let number = if ones < ESCAPE {
            u64::from(ones) << low | bits.get(low)?
        } else {
            bits.get(PLAIN_BITS)?
        };
        self.shift_low(ones as u16);
        Some(number)
    }

    fn shift_low(&mut self, ones: u16) {
        self.low = match ones {
            0 => self.low.saturating_sub(2),
            1 => self.low,
            more => (self.low + more + 1).min(LOW_MAX),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_its_own_way_back() {
        for (value, number) in [(0, 0), (-1, 1), (1, 2), (-2, 3), (1 << 33, 1 << 34)] {
            assert_eq!((folded(value), unfolded(number)), (number, value));
        }
    }

    #[test]
    fn a_thousand_zeros_take_few_bits() {
        let (mut rice, mut out) = (Rice::default(), BitWriter::default());
        (0..1_000).for_each(|_| rice.put(0, &mut out));
        rice.end(&mut out);
        // Runs double with every second bit, from 4 zeros on: 4 4 8 8 16 16 ... 256 (and an end).
        assert!(out.length() <= 14, "{} bits", out.length());
    }
}
