//! The summary gene: what a newcomer needs of a mesh's past, in one message.
//!
//! It holds the round, a hash of the history that it stands for, the consensus of the models and,
//! for each weight, how far they lie apart. A joiner takes the consensus at once instead of
//! replaying updates, and the variance says how much its own first updates should count against
//! it. Whoever sends one can lie: a receiver asks several neighbours, or judges the model on its
//! own samples like any other offer.

use crate::aggregate::{VOICES, Voice};
use crate::block_float::BlockFloat;
use crate::crc::crc32;
use crate::id::GroupId;
use crate::neuron::{SwarmNeuron, TAPS, WEIGHT_LIMIT};
use crate::packet::Update;
use crate::q16::Q16;

/// Longest summary, in bytes.
pub const SUMMARY_MAX: usize = 6 + 4 + 32 + 2 * (1 + 2 * TAPS) + 4;
/// A summary as bytes.
pub type SummaryBytes = heapless::Vec<u8, SUMMARY_MAX>;

const MAGIC: [u8; 2] = *b"QS";
const VERSION: u8 = 1;
/// Variances are in 2^-32, weights in 2^-16.
const SQUARE_BITS: u32 = 32;
const WEIGHT_BITS: u32 = 16;
/// No variance is beyond that of weights at opposite limits: 4^2.
const VARIANCE_MAX: i64 = 16 << SQUARE_BITS;
/// How uncertain a weight is that was learned from a single sample: a deviation of 1/2, squared.
/// An assumption; it only sets how soon a joiner's own word counts.
const SINGLE_SAMPLE: i128 = 1 << (SQUARE_BITS - 2);

/// Why bytes are not a summary that can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SummaryError {
    /// Too short or too long.
    Length,
    /// Does not begin with `QS`, or is of another version.
    Magic,
    /// The checksum does not match.
    Crc,
    /// A weight is beyond +-4, a variance below 0 or beyond 16, or a block is not in its one form.
    Range,
    /// Of another modality, or of a mesh with another number of weights.
    OtherMesh,
}

impl core::fmt::Display for SummaryError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Length => "wrong length",
            Self::Magic => "not a summary of this version: it does not begin with QS and 1",
            Self::Crc => "checksum does not match: the bytes are damaged",
            Self::Range => "a weight, a variance or a block is out of range",
            Self::OtherMesh => "the summary is of another modality or number of weights",
        })
    }
}

impl core::error::Error for SummaryError {}

/// A mesh's past in brief.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SummaryGene {
    /// The round of whoever made it.
    pub round: u32,
    /// Its modality.
    pub group: GroupId,
    /// Weights in use, 1 to [`TAPS`].
    pub taps: u8,
    /// The chain over the updates that it stands for: see [`extend_history`].
    pub history: [u8; 32],
    consensus: BlockFloat,
    variance: BlockFloat,
}
crate::canonical!(struct SummaryGene { round, group, taps, history, consensus, variance });

/// The hash of a history that goes on with `update`: BLAKE3 of the hash so far, origin, round,
/// gene and weights, little-endian. A history begins with 32 zeros.
#[must_use]
pub fn extend_history(history: &[u8; 32], update: &Update) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(history);
    hasher.update(&update.origin.0.to_le_bytes()).update(&update.round.to_le_bytes());
    hasher.update(&update.gene.0.to_le_bytes());
    for weight in update.weights.iter().take(usize::from(update.taps)) {
        hasher.update(&weight.to_bits().to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

impl SummaryGene {
    /// The summary of `voices`: for each weight sort by (value, node), drop `trim` at each end (or
    /// as many as leave somebody), and take the mean and the variance of the rest, weighted by
    /// influence. Sums are 128 bits wide; quotients are rounded to nearest. `None` without voices.
    #[must_use]
    pub fn of(
        round: u32,
        group: GroupId,
        taps: u8,
        history: [u8; 32],
        voices: &[Voice],
        trim: u8,
    ) -> Option<Self> {
        let count = voices.len().min(VOICES);
        let trim = usize::from(trim).min(count.checked_sub(1)? / 2);
        let mut means = [0_i64; TAPS];
        let mut variances = [0_i64; TAPS];
        let slots = means.iter_mut().zip(&mut variances).enumerate();
        for (tap, (mean, variance)) in slots.take(usize::from(taps)) {
            let mut column: heapless::Vec<(i32, u32, i32), VOICES> = voices
                .iter()
                .take(VOICES)
                .filter_map(|v| {
                    Some((v.weights.get(tap)?.to_bits(), v.node.0, v.influence.to_bits().max(0)))
                })
                .collect();
            column.sort_unstable();
            (*mean, *variance) = moments(column.get(trim..count.checked_sub(trim)?)?);
        }
        let consensus = BlockFloat::encode(&means, WEIGHT_BITS);
        let variance = BlockFloat::encode(&variances, SQUARE_BITS);
        Some(Self { round, group, taps, history, consensus, variance })
    }

    /// The consensus, to 15 bits of its largest weight.
    #[must_use]
    pub fn consensus(&self) -> [Q16; TAPS] {
        let limit = i64::from(WEIGHT_LIMIT);
        let narrow = |bits: i64| Q16::from_bits(bits.clamp(-limit, limit) as i32);
        self.consensus.decode(WEIGHT_BITS).map(narrow)
    }

    /// The variance of each weight in 2^-32, to 15 bits of the largest.
    #[must_use]
    pub fn variance(&self) -> [i64; TAPS] {
        self.variance.decode(SQUARE_BITS)
    }

    /// Bytes of the summary.
    #[must_use]
    pub const fn length(&self) -> usize {
        let taps = if self.taps as usize > TAPS { TAPS } else { self.taps as usize };
        SUMMARY_MAX - 4 * (TAPS - taps)
    }

    /// The summary's bytes: `QS`, version, group, weights in use, 0; round, history, both blocks
    /// (exponent, then two bytes for each weight in use, the high one first), CRC-32 (IEEE) of all
    /// that; little-endian where not said otherwise.
    #[must_use]
    pub fn to_bytes(&self) -> SummaryBytes {
        let mut bytes = SummaryBytes::new();
        let mut put = |part: &[u8]| {
            // SUMMARY_MAX is the exact length at the most weights.
            let _ = bytes.extend_from_slice(part);
        };
        put(&MAGIC);
        put(&[VERSION, self.group.0, self.taps, 0]);
        put(&self.round.to_le_bytes());
        put(&self.history);
        for block in [&self.consensus, &self.variance] {
            put(&block.to_bytes(self.taps));
        }
        let crc = crc32(&bytes);
        let _ = bytes.extend_from_slice(&crc);
        bytes
    }

    /// Reads a summary.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SummaryError> {
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or(SummaryError::Length)?;
        let (head, rest) = body.split_first_chunk::<6>().ok_or(SummaryError::Length)?;
        let [q, s, version, group, taps, reserved] = *head;
        if [q, s, version] != [MAGIC[0], MAGIC[1], VERSION] {
            return Err(SummaryError::Magic);
        }
        if crc32(body) != *crc {
            return Err(SummaryError::Crc);
        }
        if reserved != 0 || taps == 0 || usize::from(taps) > TAPS {
            return Err(SummaryError::Range);
        }
        let (round, rest) = rest.split_first_chunk::<4>().ok_or(SummaryError::Length)?;
        let (history, rest) = rest.split_first_chunk::<32>().ok_or(SummaryError::Length)?;
        let block = 1 + 2 * usize::from(taps);
        if rest.len() != 2 * block {
            return Err(SummaryError::Length);
        }
        let (first, second) = rest.split_at_checked(block).ok_or(SummaryError::Length)?;
        let consensus = BlockFloat::parse(first).map_err(|_| SummaryError::Length)?;
        let variance = BlockFloat::parse(second).map_err(|_| SummaryError::Length)?;
        let limit = i64::from(WEIGHT_LIMIT);
        let weights = consensus.decode(WEIGHT_BITS);
        let spreads = variance.decode(SQUARE_BITS);
        let fits = weights.iter().all(|weight| (-limit..=limit).contains(weight))
            && spreads.iter().all(|spread| (0..=VARIANCE_MAX).contains(spread))
            && BlockFloat::encode(&weights, WEIGHT_BITS) == consensus
            && BlockFloat::encode(&spreads, SQUARE_BITS) == variance;
        if !fits {
            return Err(SummaryError::Range);
        }
        let round = u32::from_le_bytes(*round);
        Ok(Self { round, group: GroupId(group), taps, history: *history, consensus, variance })
    }

    /// Gives a joiner the consensus, and what it needs to weigh its first own updates.
    ///
    /// # Errors
    /// [`SummaryError::OtherMesh`] when the summary does not fit; the model is then unchanged.
    pub fn install(
        &self,
        group: GroupId,
        neuron: &mut SwarmNeuron,
    ) -> Result<Onboarding, SummaryError> {
        if self.group != group || self.taps != neuron.form().taps {
            return Err(SummaryError::OtherMesh);
        }
        let consensus = self.consensus();
        neuron.adopt(&consensus);
        neuron.checkpoint();
        Ok(Onboarding { consensus, variance: self.variance() })
    }
}

/// What a joiner remembers of the summary that it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onboarding {
    consensus: [Q16; TAPS],
    variance: [i64; TAPS],
}
crate::canonical!(struct Onboarding { consensus, variance });

impl Onboarding {
    /// What the joiner should say, and run by, after `samples` of its own: each weight between the
    /// consensus and its own, nearer to its own the further the mesh lies apart and the more it
    /// has seen.
    ///
    /// With the mesh's variance `v` and that of a weight learned from one sample `s`, its own part
    /// is `n v / (n v + s)`: the mean of two normal estimates, weighted by precision. Rounded to
    /// nearest.
    #[must_use]
    pub fn blend(&self, own: &[Q16; TAPS], samples: u32) -> [Q16; TAPS] {
        let mut out = self.consensus;
        for ((slot, own), variance) in out.iter_mut().zip(own).zip(self.variance) {
            let (base, own) = (i128::from(slot.to_bits()), i128::from(own.to_bits()));
            let seen = i128::from(variance.max(0)) * i128::from(samples);
            let whole = seen + SINGLE_SAMPLE;
            let moved = (2 * (own - base) * seen + whole).div_euclid(2 * whole);
            *slot = Q16::from_bits((base + moved) as i32);
        }
        out
    }
}

/// The weighted mean and variance (in the square of the unit) of (value, node, influence); plain
/// ones when nobody has influence.
fn moments(column: &[(i32, u32, i32)]) -> (i64, i64) {
    let total: i128 = column.iter().map(|(.., influence)| i128::from(*influence)).sum();
    let weight = |influence: i32| if total > 0 { i128::from(influence) } else { 1 };
    let total = if total > 0 { total } else { column.len().max(1) as i128 };
    let nearest = |sum: i128| (2 * sum + total).div_euclid(2 * total);
    let mean = nearest(column.iter().map(|(v, _, i)| i128::from(*v) * weight(*i)).sum());
    let square = |(value, _, influence): &(i32, u32, i32)| {
        let away = i128::from(*value) - mean;
        away * away * weight(*influence)
    };
    let variance = nearest(column.iter().map(square).sum());
    (mean as i64, (variance as i64).min(VARIANCE_MAX))
}

#[cfg(test)]
mod tests;
