//! BFP-16, block floating point: eight weights share one exponent, in 17 bytes instead of 32.
//!
//! `value_i = mantissa_i * 2^exponent`, mantissas from -32767 to 32767. Integers only: the exponent
//! comes from counting leading zeros, and it is the least with which no mantissa has to be cut, so
//! a power of two keeps its value and every value is within half a step (2^(exponent - 1)).
//!
//! What rounding takes from a weight is not lost: [`Residue`] carries it to the next round (error
//! feedback: Karimireddy, Rebjock, Stich and Jaggi, "Error feedback fixes `SignSGD` and other
//! gradient compression schemes", 2019), so that a change far below one step still arrives, on
//! average over rounds. Mantissas are always normalised, so there is nothing to rescale when values
//! get small: the exponent follows them down to the last bit of the source.

use crate::neuron::{TAPS, WEIGHT_LIMIT};
use crate::q16::Q16;

/// Bytes of a block of [`TAPS`] weights.
pub const BLOCK_BYTES: usize = 1 + 2 * TAPS;

/// Fractional bits of a weight.
const WEIGHT_BITS: u32 = 16;
/// The largest mantissa.
const MANTISSA_MAX: i64 = i16::MAX as i64;

/// Values that share an exponent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockFloat {
    exponent: i8,
    mantissas: [i16; TAPS],
}
crate::canonical!(struct BlockFloat { exponent, mantissas });

/// Why bytes are not a block of weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockError {
    /// Not one exponent and two bytes for each weight, for 1 to [`TAPS`] weights.
    Length,
    /// A weight beyond +-4, or not the form that the encoder gives these weights.
    Value,
}

impl core::fmt::Display for BlockError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Length => "a block is one exponent and two bytes for each of 1 to 8 weights",
            Self::Value => "a weight is beyond 4, or encoded otherwise than by its least exponent",
        })
    }
}

impl core::error::Error for BlockError {}

impl BlockFloat {
    /// The nearest block to `values`, which are in 2^-`fraction_bits`; at most 64 of those.
    ///
    /// Rounds to nearest, halves upwards. An all-zero block has exponent 0. Blocks of values that
    /// need at most 15 bits are exact.
    #[must_use]
    pub fn encode(values: &[i64; TAPS], fraction_bits: u32) -> Self {
        let largest = values.iter().map(|value| value.unsigned_abs()).max().unwrap_or(0);
        if largest == 0 {
            return Self::default();
        }
        let bits = u64::BITS - largest.leading_zeros();
        let least = bits.saturating_sub(MANTISSA_MAX.count_ones());
        let fits = |shift: u32| {
            values.iter().all(|value| shifted(*value, shift).abs() <= i128::from(MANTISSA_MAX))
        };
        let shift = if fits(least) { least } else { least + 1 };
        Self {
            exponent: (shift as i32 - fraction_bits.min(64) as i32) as i8,
            mantissas: values.map(|value| shifted(value, shift) as i16),
        }
    }

    /// The values in 2^-`fraction_bits`, rounded to nearest, saturating.
    #[must_use]
    pub fn decode(&self, fraction_bits: u32) -> [i64; TAPS] {
        let shift = i32::from(self.exponent) + fraction_bits.min(64) as i32;
        self.mantissas.map(|mantissa| {
            let mantissa = i128::from(mantissa);
            let value = match u32::try_from(shift) {
                // A mantissa has 16 bits, so a longer shift saturates in any case.
                Ok(up) => mantissa << up.min(80),
                Err(_) => shifted_wide(mantissa, shift.unsigned_abs().min(80)),
            };
            value.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
        })
    }

    /// The shared exponent, of base 2.
    #[must_use]
    pub const fn exponent(&self) -> i8 {
        self.exponent
    }

    /// The mantissas, none of them -32768.
    #[must_use]
    pub const fn mantissas(&self) -> &[i16; TAPS] {
        &self.mantissas
    }

    /// The nearest block to a model.
    #[must_use]
    pub fn from_weights(weights: &[Q16; TAPS]) -> Self {
        Self::encode(&weights.map(|weight| i64::from(weight.to_bits())), WEIGHT_BITS)
    }

    /// The model. Exact for a block that was made of weights.
    #[must_use]
    pub fn weights(&self) -> [Q16; TAPS] {
        let narrow = |bits: i64| bits.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        self.decode(WEIGHT_BITS).map(|bits| Q16::from_bits(narrow(bits)))
    }

    /// The exponent and the first `taps` mantissas, each with its high byte first.
    #[must_use]
    pub fn to_bytes(&self, taps: u8) -> heapless::Vec<u8, BLOCK_BYTES> {
        let mut bytes = heapless::Vec::new();
        let _ = bytes.extend_from_slice(&self.exponent.to_be_bytes());
        for mantissa in self.mantissas.iter().take(usize::from(taps)) {
            // BLOCK_BYTES holds TAPS of them.
            let _ = bytes.extend_from_slice(&mantissa.to_be_bytes());
        }
        bytes
    }

    /// Reads a block of as many weights as there are bytes for.
    ///
    /// # Errors
    /// When the bytes are too few, too many or odd, when a weight is beyond +-4, and when the
    /// encoder would have written these weights otherwise: a model has one form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BlockError> {
        let block = Self::parse(bytes)?;
        let weights = block.weights();
        let within = |weight: &Q16| weight.to_bits().unsigned_abs() <= WEIGHT_LIMIT.unsigned_abs();
        if weights.iter().all(within) && Self::from_weights(&weights) == block {
            Ok(block)
        } else {
            Err(BlockError::Value)
        }
    }

    /// Reads a block of whatever values, in whatever form: the caller checks both.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, BlockError> {
        let (exponent, rest) = bytes.split_first().ok_or(BlockError::Length)?;
        let (pairs, odd) = rest.as_chunks::<2>();
        if !odd.is_empty() || pairs.is_empty() || pairs.len() > TAPS {
            return Err(BlockError::Length);
        }
        let mut block = Self { exponent: i8::from_be_bytes([*exponent]), ..Self::default() };
        let slots = block.mantissas.iter_mut().zip(pairs);
        slots.for_each(|(slot, pair)| *slot = i16::from_be_bytes(*pair));
        Ok(block)
    }
}

/// `value / 2^shift` rounded to nearest, halves upwards.
fn shifted(value: i64, shift: u32) -> i128 {
    shifted_wide(i128::from(value), shift)
}

fn shifted_wide(value: i128, shift: u32) -> i128 {
    match shift.checked_sub(1) {
        Some(half) => (value + (1 << half)) >> shift,
        None => value,
    }
}

/// What rounding has taken from each weight so far: 16 bytes, only where blocks are sent.
///
/// Each part stays within half a step of the block that caused it, at most 8 in 2^-16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Residue {
    parts: [i16; TAPS],
}
crate::canonical!(struct Residue { parts });

impl Residue {
    /// What to send for `weights`, and the residue once it is sent. The sum of all that was sent
    /// differs from the sum of all weights by no more than the residue.
    #[must_use]
    pub fn quantise(&self, weights: &[Q16; TAPS]) -> ([Q16; TAPS], Self) {
        let mut wanted = [0_i64; TAPS];
        for ((wanted, weight), part) in wanted.iter_mut().zip(weights).zip(&self.parts) {
            let limit = i64::from(WEIGHT_LIMIT);
            *wanted = (i64::from(weight.to_bits()) + i64::from(*part)).clamp(-limit, limit);
        }
        let sent = BlockFloat::encode(&wanted, WEIGHT_BITS).weights();
        let mut parts = [0; TAPS];
        for ((part, wanted), sent) in parts.iter_mut().zip(&wanted).zip(&sent) {
            *part = (wanted - i64::from(sent.to_bits())) as i16;
        }
        (sent, Self { parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn model(first: i32, second: i32) -> [Q16; TAPS] {
        let mut weights = [Q16::ZERO; TAPS];
        weights[0] = Q16::from_bits(first);
        weights[1] = Q16::from_bits(second);
        weights
    }

    #[test]
    fn the_exponent_is_the_least_that_cuts_nothing() {
        // Largest weight, exponent, its mantissa: worked out by hand.
        let cases = [
            (0, 0, 0),
            (1, -16, 1),
            (32_767, -16, 32_767),
            (32_768, -15, 16_384),
            (65_534, -15, 32_767),
            // 65535 / 2 = 32767.5 would round to 32768, so the step doubles: 16383.75.
            (65_535, -14, 16_384),
            (-65_535, -15, -32_767),
            (-65_536, -14, -16_384),
            (262_144, -12, 16_384),
            (-262_144, -12, -16_384),
        ];
        for (bits, exponent, mantissa) in cases {
            let block = BlockFloat::from_weights(&model(bits, 0));
            let found = (block.exponent(), block.mantissas()[0]);
            assert_eq!(found, (exponent, mantissa), "{bits}");
        }
    }

    #[test]
    fn what_is_below_a_weights_last_bit_survives_in_wider_values() {
        // A step of 2^-30, far below 2^-16, as 4 units of 2^-32.
        let mut steps = [0_i64; TAPS];
        steps[3] = 4;
        let block = BlockFloat::encode(&steps, 32);
        assert_eq!((block.exponent(), block.mantissas()[3]), (-32, 4));
        assert_eq!(block.decode(32), steps);
        assert_eq!(block.decode(16), [0; TAPS], "a weight cannot hold it");
        let wide = BlockFloat::encode(&[i64::MIN; TAPS], 0);
        assert_eq!(wide.decode(0), [i64::MIN; TAPS], "a power of two is kept");
    }

    #[test]
    fn eight_weights_are_these_17_bytes() {
        let block = BlockFloat::from_weights(&model(65_536, -3));
        let mut expected = [0_u8; 17];
        expected[..5].copy_from_slice(&[0xF2, 0x40, 0x00, 0xFF, 0xFF]);
        assert_eq!(block.to_bytes(8)[..], expected, "2^-14 * 16384 and -1 (-0.75 rounded)");
        assert_eq!(block.to_bytes(2)[..], expected[..5]);
    }

    #[test]
    fn other_forms_are_refused() {
        let cases: [(&[u8], BlockError); 8] = [
            (&[], BlockError::Length),
            (&[0xF2], BlockError::Length),
            (&[0xF2, 0x40], BlockError::Length),
            (&[0; 19], BlockError::Length),
            (&[0xF3, 0x20, 0x00], BlockError::Value),
            (&[0xF0, 0x80, 0x00], BlockError::Value),
            (&[0xF5, 0x40, 0x00], BlockError::Value),
            (&[0xF0, 0x00, 0x00], BlockError::Value),
        ];
        for (bytes, why) in cases {
            assert_eq!(BlockFloat::from_bytes(bytes), Err(why), "{bytes:?}");
        }
        assert!(BlockFloat::from_bytes(&[0xF2, 0x40, 0x00]).is_ok());
    }

    #[test]
    fn feedback_delivers_what_rounding_alone_would_lose() {
        // Beside a weight of 4 a step is 16 units; 3 units alone would be rounded to none for ever.
        let weights = model(WEIGHT_LIMIT, 3);
        let mut residue = Residue::default();
        let mut arrived = 0;
        for _ in 0..160 {
            let (sent, next) = residue.quantise(&weights);
            arrived += sent[1].to_bits();
            residue = next;
        }
        assert_eq!(arrived, 160 * 3, "30 blocks of one step each");
        assert_eq!(BlockFloat::from_weights(&weights).weights()[1], Q16::ZERO);
    }

    proptest! {
        #[test]
        fn bytes_have_one_meaning_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            if let Ok(block) = BlockFloat::from_bytes(&bytes) {
                let taps = (bytes.len() / 2) as u8;
                prop_assert_eq!(&block.to_bytes(taps)[..], &bytes[..]);
            }
        }

        #[test]
        fn weights_come_back_within_half_a_step(
            bits in proptest::array::uniform8(-WEIGHT_LIMIT..=WEIGHT_LIMIT),
        ) {
            let weights = bits.map(Q16::from_bits);
            let block = BlockFloat::from_weights(&weights);
            prop_assert_eq!(BlockFloat::from_bytes(&block.to_bytes(8)), Ok(block));
            let half = (1 << (block.exponent() + 16)) / 2;
            for (weight, back) in weights.iter().zip(block.weights()) {
                prop_assert!((weight.to_bits() - back.to_bits()).abs() <= half);
            }
        }

        /// All that was sent and what is left is all there was.
        #[test]
        fn nothing_is_lost(
            rounds in proptest::collection::vec(
                proptest::array::uniform8(-WEIGHT_LIMIT + 8..=WEIGHT_LIMIT - 8), 1..20),
        ) {
            let mut residue = Residue::default();
            let mut owed = [0_i64; TAPS];
            for bits in rounds {
                let (sent, next) = residue.quantise(&bits.map(Q16::from_bits));
                for tap in 0..TAPS {
                    owed[tap] += i64::from(bits[tap]) - i64::from(sent[tap].to_bits());
                }
                residue = next;
                prop_assert_eq!(owed, residue.parts.map(i64::from));
                prop_assert!(residue.parts.iter().all(|part| part.abs() <= 8));
            }
        }
    }
}
