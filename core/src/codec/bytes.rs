//! The byte model: contexts of one to six bytes, a match, mixed in the logistic domain and coded
//! bit by bit. Needs the heap (feature `alloc`): at most about 13 MiB, whatever the input.
//!
//! Source of the method: M. Mahoney, "Adaptive weighing of context models for lossless data
//! compression", 2005.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::range::{Decoder, Encoder, TOTAL, TOTAL_BITS};
use super::tables::{ARGUMENT_BITS, log2, logistic};

/// What both ends have read before the first byte, so that short inputs shrink too.
const PRIMER: &[u8] = b"temperature, humidity, pressure, wind speed, voltage, current, battery, \
status: ok, error, true, false, null, \"name\": \"value\", {\"id\": 1, \"time\": \
\"2024-01-01T00:00:00Z\", \"node\": 12, \"data\": [0.0, 1.5, 19.8, 64.2]}\nid,time,value\n\
2024-01-01 00:10:00,12.5,998.2\nThe state of the network and the sensor is for this, that with \
and from all other nodes. C % m/s mV\nIt was not in the end an update of information, which are \
on time, by one or two of them: have a look at what they can do. ";

/// Contexts of 1, 2, 3, 4 and 6 bytes, and of the running word.
const CONTEXTS: usize = 6;
/// For each context a probability and how sure it is; twice for the match; the bare byte; a bias.
const INPUTS: usize = 2 * CONTEXTS + 4;
/// Slots of a context, as powers of two: least and most.
const SLOT_BITS_MIN: u32 = 12;
const SLOT_BITS_MAX: u32 = 19;
/// A slot holds a probability of 16 bits, a check of 8 and a count of 8.
const CHECK_BITS: u32 = 8;
const COUNT_BITS: u32 = 8;
/// A slot learns at least this slowly, in sightings.
const COUNT_MAX: u32 = 250;
const CHECK_MASK: u32 = ((1 << CHECK_BITS) - 1) << COUNT_BITS;
const SLOT_START: u32 = 1 << 31;
/// Longest match told apart.
const MATCH_MAX: usize = 31;
const MATCH_BITS: u32 = 16;
/// Bytes that a match must share to be found.
const MATCH_MIN: usize = 5;
/// Logits have 8 fractional bits and stay within plus and minus 8.
const LOGIT_LIMIT: i32 = 2047;
const LEARNING_SHIFT: u32 = 14;
/// Largest magnitude of a mixing weight.
const WEIGHT_LIMIT: i32 = 1 << 20;
/// No bit is foreseen more surely than this, in units of [`TOTAL`].
const MARGIN: u32 = 64;

/// `ln(p / (1 - p))` by the top 12 bits of p.
static LOGITS: [i16; 4096] = logit_table();
/// By how often a slot was seen: twice the inverse of what [`nudge`] divides by, in units of
/// 2^-[`SHARE_BITS`], rounded up. For distances of 16 bits the product rounds down to the very
/// quotient.
static SHARES: [u32; 1 << COUNT_BITS] = share_table();
const SHARE_BITS: u32 = 27;

const fn logit_table() -> [i16; 4096] {
    let mut table = [0; 4096];
    let mut step = 0;
    while step < 4096 {
        let odds = log2(2 * step as u64 + 1) - log2(8191 - 2 * step as u64);
        table[step] = ((odds * 45_426) >> (16 + ARGUMENT_BITS - 8)) as i16;
        step += 1;
    }
    table
}

const fn share_table() -> [u32; 1 << COUNT_BITS] {
    let mut table = [0; 1 << COUNT_BITS];
    let mut count = 0;
    while count < table.len() {
        table[count] = (2_u32 << SHARE_BITS).div_ceil(2 * count as u32 + 3);
        count += 1;
    }
    table
}

/// A model that has seen the bytes so far.
struct ByteModel {
    /// Exclusive or with [`SLOT_START`]: fresh memory is all zeros, and touched only when needed.
    slots: Vec<u32>,
    slot_bits: u32,
    bare: Box<[u32; 256]>,
    weights: Vec<[i32; INPUTS]>,
    matches: Vec<u32>,
    sureness: [u32; 2 * (MATCH_MAX + 1)],
    history: Vec<u8>,
    /// Place and length of the match, if any.
    matched: Option<(usize, usize)>,
    hashes: [u32; CONTEXTS],
    word: u32,
}

/// What one bit is foreseen with.
#[derive(Default)]
struct Bit {
    inputs: [i16; INPUTS],
    places: [usize; CONTEXTS],
    slots: [u32; CONTEXTS],
    /// Mixing weights by match length and by the bits of the byte so far.
    set: usize,
    matched: Option<usize>,
    /// Chance of a 1 in units of [`TOTAL`].
    chance: u32,
}

impl ByteModel {
    /// A model for about `length` bytes that has read the primer.
    fn new(length: usize) -> Self {
        let wanted = usize::BITS - (length + PRIMER.len()).leading_zeros() + 3;
        let slot_bits = wanted.clamp(SLOT_BITS_MIN, SLOT_BITS_MAX);
        let mut model = Self {
            slots: vec![0; CONTEXTS << slot_bits],
            slot_bits,
            bare: Box::new([SLOT_START; 256]),
            weights: vec![[1 << 14; INPUTS]; 256 * 3],
            matches: vec![0; 1 << MATCH_BITS],
            sureness: [SLOT_START; 2 * (MATCH_MAX + 1)],
            history: Vec::with_capacity(PRIMER.len() + length),
            matched: None,
            hashes: [0; CONTEXTS],
            word: 0,
        };
        for byte in PRIMER {
            let _ = model.code(|bit, _| (byte >> bit) & 1 == 1);
        }
        model
    }

    /// Walks through the bits of a byte, highest first; `decide` gives or takes each, told its
    /// number and the chance of a 1. Returns the byte.
    fn code(&mut self, mut decide: impl FnMut(u32, u32) -> bool) -> u8 {
        let mut partial = 1_usize;
        let mut foreseen = Bit::default();
        for bit in (0..8).rev() {
            self.foresee(partial, bit, &mut foreseen);
            let one = decide(bit, foreseen.chance);
            self.learn(&foreseen, partial, one);
            partial = partial << 1 | usize::from(one);
        }
        self.advance(partial as u8);
        partial as u8
    }

    fn foresee(&self, partial: usize, bit: u32, into: &mut Bit) {
        let mask = (1_usize << self.slot_bits) - 1;
        let salt = (partial as u32).wrapping_mul(0x9E37_79B1);
        let pairs = into.inputs.as_chunks_mut().0.iter_mut();
        let found = into.places.iter_mut().zip(&mut into.slots).zip(pairs);
        for (index, (hash, ((place, slot), [first, second]))) in
            self.hashes.iter().zip(found).enumerate()
        {
            let mixed = (hash ^ salt).wrapping_mul(0x85EB_CA6B);
            let mixed = mixed ^ mixed >> 15;
            *place = index << self.slot_bits | mixed as usize & mask;
            let check = mixed >> (32 - CHECK_BITS) << COUNT_BITS;
            let there = self.slots.get(*place).copied().unwrap_or(0) ^ SLOT_START;
            let fits = (there ^ check) & CHECK_MASK == 0;
            *slot = if fits { there } else { SLOT_START | check };
            // A slot that was seen once or twice knows little.
            let count = (*slot & ((1 << COUNT_BITS) - 1)) as i32;
            *first = logit(*slot);
            *second = ((((*slot >> 16) as i32 - (1 << 15)) * count.min(30)) >> 11) as i16;
        }
        into.matched = self.matched.and_then(|(place, length)| {
            let byte = u32::from(*self.history.get(place)?);
            let agrees = (byte | 256) >> (bit + 1) == partial as u32;
            agrees.then_some(length.min(MATCH_MAX) * 2 + ((byte >> bit) & 1) as usize)
        });
        let sureness = into.matched.and_then(|place| self.sureness.get(place));
        let sureness = sureness.map_or(0, |slot| logit(*slot));
        into.inputs[2 * CONTEXTS] = sureness;
        into.inputs[2 * CONTEXTS + 1] = sureness / 2;
        let bare = self.bare.get(partial).copied().unwrap_or(SLOT_START);
        into.inputs[2 * CONTEXTS + 2] = logit(bare);
        into.inputs[2 * CONTEXTS + 3] = 64;
        let kind = into.matched.map_or(0, |place| if place < 30 { 1 } else { 2 });
        into.set = kind * 256 + partial;
        let sum = self.weights.get(into.set).map_or(0, |weights| mix(weights, &into.inputs));
        let limit = i64::from(LOGIT_LIMIT) << 16;
        let chance = logistic(sum.clamp(-limit, limit) >> (16 + 8 - ARGUMENT_BITS));
        into.chance = chance.clamp(MARGIN, TOTAL - MARGIN);
    }

    #[inline]
    fn learn(&mut self, foreseen: &Bit, partial: usize, one: bool) {
        let target = if one { TOTAL } else { 0 };
        let error = (target as i32 - foreseen.chance as i32) >> (TOTAL_BITS - 12);
        // Without an error no weight moves.
        if error != 0
            && let Some(weights) = self.weights.get_mut(foreseen.set)
        {
            adapt(weights, &foreseen.inputs, (error * 6) as i16);
        }
        for (place, slot) in foreseen.places.iter().zip(foreseen.slots) {
            if let Some(owned) = self.slots.get_mut(*place) {
                *owned = nudge(slot, one) ^ SLOT_START;
            }
        }
        if let Some(slot) = self.bare.get_mut(partial) {
            *slot = nudge(*slot, one);
        }
        if let Some(slot) = foreseen.matched.and_then(|place| self.sureness.get_mut(place)) {
            *slot = nudge(*slot, one);
        }
    }

    /// Takes a whole byte in: new contexts, and the match goes on or is looked up.
    fn advance(&mut self, byte: u8) {
        self.matched = match self.matched {
            Some((place, length)) if self.history.get(place) == Some(&byte) => {
                Some((place + 1, length + 1))
            }
            _ => None,
        };
        self.history.push(byte);
        let letter = byte.is_ascii_alphanumeric() || byte >= 128;
        self.word = if letter { hash(self.word, u32::from(byte)) } else { 0 };
        let mut running = 0;
        let recent = self.history.iter().rev().take(6).enumerate();
        for (depth, byte) in recent {
            running = hash(running, u32::from(*byte) + 1);
            let order = depth + 1;
            let index = if order == 6 { 4 } else { depth };
            if order != 5
                && let Some(slot) = self.hashes.get_mut(index)
            {
                *slot = running ^ (order as u32) << 24;
            }
            if order == MATCH_MIN {
                let key = (running >> (32 - MATCH_BITS)) as usize;
                if let Some(place) = self.matches.get_mut(key) {
                    let found = *place as usize;
                    *place = self.history.len() as u32;
                    if self.matched.is_none() && found > 0 {
                        self.matched = Some((found, 1));
                    }
                }
            }
        }
        self.hashes[CONTEXTS - 1] = hash(self.word, u32::from(byte)) ^ 7 << 24;
    }
}

const fn hash(state: u32, byte: u32) -> u32 {
    (state ^ byte.wrapping_mul(0x2C1B_3C6D))
        .wrapping_mul(0x9E37_79B1)
        .rotate_left(11)
        .wrapping_mul(0xC2B2_AE35)
}

const fn logit(slot: u32) -> i16 {
    LOGITS[(slot >> 20) as usize]
}

/// The weighted sum of inputs.
fn mix(weights: &[i32; INPUTS], inputs: &[i16; INPUTS]) -> i64 {
    weights.iter().zip(inputs).map(|(w, i)| i64::from(*w) * i64::from(*i)).sum()
}

/// Moves weights along the inputs by an error of at most 16 bits.
fn adapt(weights: &mut [i32; INPUTS], inputs: &[i16; INPUTS], error: i16) {
    let mut moved = *weights;
    for (weight, input) in moved.iter_mut().zip(inputs) {
        let product = i32::from(*input) * i32::from(error);
        let step = (product + (1 << (LEARNING_SHIFT - 1))) >> LEARNING_SHIFT;
        *weight = (*weight + step).clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT);
    }
    *weights = moved;
}

/// A slot moved towards a bit by the inverse of how often it was seen: the distance to the bit
/// falls by its 2 / (2 count + 3), rounded down.
#[inline]
const fn nudge(slot: u32, one: bool) -> u32 {
    let count = slot as u8;
    let mirror = if one { 0xFFFF } else { 0 };
    let distance = (slot >> 16) ^ mirror;
    let step = (distance as u64 * SHARES[count as usize] as u64) >> SHARE_BITS;
    let seen = slot & 0xFFFF;
    let seen = if (count as u32) < COUNT_MAX { seen + 1 } else { seen };
    ((distance - step as u32) ^ mirror) << 16 | seen
}

/// Compresses a block; `None` if that takes more than `room` bytes.
pub(super) fn encode(block: &[u8], room: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; room];
    let mut coder = Encoder::new(&mut out);
    let mut model = ByteModel::new(block.len());
    for byte in block {
        model.code(|bit, chance| {
            let one = (byte >> bit) & 1 == 1;
            if one {
                coder.put(0, chance);
            } else {
                coder.put(chance, TOTAL);
            }
            one
        });
    }
    let length = coder.finish(0)?;
    out.truncate(length);
    Some(out)
}

/// Decompresses a block of `length` bytes; `None` if the payload holds none.
pub(super) fn decode(payload: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut coder = Decoder::new(payload);
    let mut model = ByteModel::new(length);
    let mut block = Vec::new();
    for _ in 0..length {
        if coder.exhausted() {
            return None;
        }
        block.push(model.code(|_, chance| {
            let one = !coder.reaches(chance);
            if one {
                coder.take(0, chance);
            } else {
                coder.take(chance, TOTAL);
            }
            one
        }));
    }
    coder.finished(0).then_some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The step as it is defined: by a division.
    fn divided(slot: u32, one: bool) -> u32 {
        let (count, chance) = ((slot & 0xFF) as i32, (slot >> 16) as i32);
        let target = if one { 65_535 } else { 0 };
        let moved = chance + (target - chance) * 2 / (2 * count + 3);
        (moved as u32) << 16 | slot & CHECK_MASK | (count as u32 + 1).min(COUNT_MAX)
    }

    #[test]
    fn the_table_of_inverses_divides_exactly() {
        for count in 0..=COUNT_MAX {
            let divisor = 2 * count + 3;
            // Both sides of the first and last quotients, where a rounded inverse would slip.
            let edges = (0..40).flat_map(|at| [at * divisor / 2, 65_535 - at * divisor / 2]);
            let spread = (0..65_536).step_by(509);
            for chance in edges.chain(spread).flat_map(|at| [at.saturating_sub(1), at, at + 1]) {
                let slot = chance.min(65_535) << 16 | 0x5A00 | count;
                for one in [false, true] {
                    assert_eq!(nudge(slot, one), divided(slot, one), "{slot:#010x} {one}");
                }
            }
        }
    }

    #[test]
    fn a_slot_that_knows_nothing_says_nothing() {
        assert_eq!(logit(SLOT_START), 0);
        assert_eq!((LOGITS[0], LOGITS[4095]), (-2307, 2306));
    }
}
