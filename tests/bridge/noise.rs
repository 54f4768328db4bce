//! What goes wrong on a wire, by seed: each kind of fault of the proxy, on chunks of bytes. Must
//! not know what the bytes mean.

use std::collections::VecDeque;

use qres_core::draw::{Purpose, below, draw};

/// How bad a line is; shares in thousandths of the chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noise {
    /// Random bytes come in between.
    pub garbage: u64,
    /// Some bytes are lost.
    pub loss: u64,
    /// The chunk comes twice.
    pub twice: u64,
    /// The chunk changes places with the next.
    pub swapped: u64,
    /// Thousandths of the bits that are wrong.
    pub bits: u64,
    /// Nothing arrives at all.
    pub silence: bool,
}

impl Noise {
    /// All of it, a little.
    pub const ALL: Self =
        Self { garbage: 40, loss: 40, twice: 40, swapped: 40, bits: 0, silence: false };
}

/// One direction of a line.
#[derive(Debug)]
pub struct Wire {
    seed: u64,
    chunks: u64,
    held: Vec<u8>,
    /// How bad it is now.
    pub noise: Noise,
}

impl Wire {
    /// A line without faults so far.
    pub fn new(seed: u64) -> Self {
        Self { seed, chunks: 0, held: Vec::new(), noise: Noise::default() }
    }

    fn roll(&self, n: u32) -> u64 {
        draw(self.seed, Purpose::Loss, 0, self.chunks, n)
    }

    fn hits(&self, n: u32, thousandths: u64) -> bool {
        below(self.roll(n), 1_000) < thousandths
    }

    /// What of a chunk arrives.
    pub fn pass(&mut self, chunk: &[u8]) -> Vec<u8> {
        if chunk.is_empty() {
            return std::mem::take(&mut self.held);
        }
        self.chunks += 1;
        if self.noise.silence {
            self.held.clear();
            return Vec::new();
        }
        let mut bytes = chunk.to_vec();
        if self.hits(1, self.noise.loss) {
            let from = below(self.roll(2), bytes.len() as u64) as usize;
            let to = (from + 1 + below(self.roll(3), 20) as usize).min(bytes.len());
            bytes.drain(from..to);
        }
        if self.hits(4, self.noise.twice) {
            bytes.extend_from_within(..);
        }
        if self.hits(5, self.noise.garbage) {
            let at = below(self.roll(6), bytes.len() as u64 + 1) as usize;
            let junk = (0..below(self.roll(7), 60) as u32).map(|n| self.roll(100 + n) as u8);
            bytes.splice(at..at, junk.collect::<Vec<_>>());
        }
        if self.noise.bits > 0 {
            for (place, byte) in bytes.iter_mut().enumerate() {
                for bit in 0..8 {
                    let wrong = self.noise.bits;
                    let roll = draw(self.seed, Purpose::Storm, bit, self.chunks, place as u32);
                    *byte ^= u8::from(below(roll, 1_000) < wrong) << bit;
                }
            }
        }
        if self.hits(8, self.noise.swapped) && self.held.is_empty() {
            self.held = bytes;
            return Vec::new();
        }
        bytes.append(&mut self.held);
        bytes
    }
}

/// Nanoseconds of a byte at 115200 baud, with its start and stop bit.
pub const BYTE_NS: u64 = 10_000_000_000 / 115_200;

/// One direction of a line that is no faster than its baud rate.
#[derive(Debug, Default)]
pub struct Lane {
    /// Nanoseconds of a byte; 0: none.
    pub byte_ns: u64,
    /// Bytes under way, each with the moment at which it is there.
    bytes: VecDeque<(u64, u8)>,
    free_ns: u64,
}

impl Lane {
    /// More bytes set out, one after the other; returns those that are there by now.
    pub fn pass(&mut self, now_us: u64, bytes: &[u8]) -> Vec<u8> {
        for byte in bytes {
            self.free_ns = self.free_ns.max(now_us * 1_000) + self.byte_ns;
            self.bytes.push_back((self.free_ns, *byte));
        }
        let there = self.bytes.partition_point(|(at_ns, _)| *at_ns <= now_us * 1_000);
        self.bytes.drain(..there).map(|(_, byte)| byte).collect()
    }
}
