//! Where a section's inputs come from: numbers drawn by counter, the corners of their ranges more
//! often than chance would.

use qres_core::draw::{Purpose, below, draw};
use qres_core::q16::Q16;

/// Seeds every draw of the script.
const SEED: u64 = 0x51E5_0FC0_DE00_0001;
/// Bit patterns at which arithmetic goes wrong first.
const CORNERS: [i32; 10] =
    [i32::MIN, i32::MAX, 0, 1, -1, 1 << 15, -(1 << 15), 1 << 16, -(1 << 16), i32::MIN + 1];

/// A stream of inputs, one lane each, so that sections do not shift each other's numbers.
pub struct Draws {
    lane: u32,
    count: u64,
}

impl Draws {
    pub const fn new(lane: u32) -> Self {
        Self { lane, count: 0 }
    }

    /// 64 uniform bits.
    pub const fn next(&mut self) -> u64 {
        self.count += 1;
        draw(SEED, Purpose::Noise, self.lane, self.count, 0)
    }

    /// A uniform number in `0..bound`.
    pub const fn below(&mut self, bound: u64) -> u64 {
        below(self.next(), bound)
    }

    /// True once in `times`.
    pub const fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A whole number of any size: a corner once in four, else of a random number of bits.
    pub fn whole(&mut self) -> i32 {
        if self.once_in(4) {
            return CORNERS[self.below(CORNERS.len() as u64) as usize];
        }
        self.next() as i32 >> self.below(32)
    }

    /// A Q16.16 of any size.
    pub fn any(&mut self) -> Q16 {
        Q16::from_bits(self.whole())
    }

    /// A Q16.16 within +-`limit`, a bit pattern.
    pub const fn within(&mut self, limit: i32) -> Q16 {
        let span = 2 * limit as u64 + 1;
        Q16::from_bits((self.below(span) as i64 - limit as i64) as i32)
    }

    /// A Q16.16 from 0 to 1, both included.
    pub const fn share(&mut self) -> Q16 {
        Q16::from_bits(self.below((1 << 16) + 1) as i32)
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }

    /// Flips one bit of `bytes`, or none of an empty list.
    pub fn damage(&mut self, bytes: &mut [u8]) {
        let bit = self.below(8 * bytes.len().max(1) as u64) as usize;
        if let Some(byte) = bytes.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
    }
}

/// A sensor's sample: a triangle wave with noise and, for 120 ticks in each 1,000, a storm that
/// makes the noise forty times larger. `node` shifts the phase.
pub fn sample(node: u32, tick: u64) -> Q16 {
    let phase = ((tick + 7 * u64::from(node)) % 48) as i32;
    let wave = (24 - (phase - 24).abs()) * 6_000;
    let bits = draw(SEED, Purpose::Wander, node, tick, 0);
    let noise = below(bits, 4_001) as i32 - 2_000;
    let storm = (700..820).contains(&(tick % 1_000));
    Q16::from_bits((20 << 16) + wave + if storm { 40 * noise } else { noise })
}
