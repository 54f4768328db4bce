//! A model as bytes: what persists between runs and what peers will trade.
//!
//! Magic `QG`, version, kind (0: linear NLMS), group, tap count, lags, little-endian Q16.16
//! weights, CRC-32 (IEEE) of everything before it.

use crate::id::GroupId;
use crate::neuron::{LAG_MAX, LAG_MIN, NeuronConfig, TAPS, WEIGHT_LIMIT};
use crate::q16::Q16;

/// Longest gene of this version, in bytes.
pub const GENE_MAX: usize = 6 + TAPS + 4 * TAPS + 4;
/// A gene as bytes.
pub type GeneBytes = heapless::Vec<u8, GENE_MAX>;

const MAGIC: [u8; 2] = *b"QG";
const VERSION: u8 = 1;
const LINEAR: u8 = 0;
const CRC: crc::Crc<u32, crc::Table<16>> =
    crc::Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISO_HDLC);

/// Why bytes are not a gene that can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneError {
    /// Too short or too long.
    Length,
    /// Does not begin with `QG`.
    Magic,
    /// Another format version or kind of model.
    Version,
    /// The checksum does not match.
    Crc,
    /// A lag or a weight is out of range.
    Range,
    /// The model of another modality.
    OtherGroup,
    /// A model over other lags than this mesh uses.
    OtherLags,
}

impl core::fmt::Display for GeneError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Length => "wrong length",
            Self::Magic => "not a gene: it does not begin with QG",
            Self::Version => "another format version or kind of model",
            Self::Crc => "checksum does not match: the bytes are damaged",
            Self::Range => "a lag or weight is out of range",
            Self::OtherGroup => "the gene is of another modality",
            Self::OtherLags => "the gene looks at other lags than this mesh",
        })
    }
}

impl core::error::Error for GeneError {}

/// A decoded gene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gene {
    /// The modality it predicts.
    pub group: GroupId,
    /// The lags its weights belong to.
    pub lags: heapless::Vec<u8, TAPS>,
    /// Its weights, within +-4; those beyond the lags are zero.
    pub weights: [Q16; TAPS],
}

/// Writes a linear model.
#[must_use]
pub fn encode(config: &NeuronConfig, group: GroupId, weights: &[Q16; TAPS]) -> GeneBytes {
    let lags = config.active();
    let mut bytes = GeneBytes::new();
    let mut put = |part: &[u8]| {
        // GENE_MAX is the exact length at the most taps.
        let _ = bytes.extend_from_slice(part);
    };
    put(&MAGIC);
    put(&[VERSION, LINEAR, group.0, lags.len() as u8]);
    put(lags);
    weights.iter().take(lags.len()).for_each(|weight| put(&weight.to_bits().to_le_bytes()));
    let crc = CRC.checksum(&bytes);
    let _ = bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Reads a model.
///
/// # Errors
/// Says what is wrong with the bytes.
pub fn decode(bytes: &[u8]) -> Result<Gene, GeneError> {
    let (body, crc) = bytes.split_last_chunk::<4>().ok_or(GeneError::Length)?;
    let (head, rest) = body.split_first_chunk::<6>().ok_or(GeneError::Length)?;
    let [q, g, version, kind, group, taps] = *head;
    if [q, g] != MAGIC {
        return Err(GeneError::Magic);
    }
    if CRC.checksum(body) != u32::from_le_bytes(*crc) {
        return Err(GeneError::Crc);
    }
    if (version, kind) != (VERSION, LINEAR) {
        return Err(GeneError::Version);
    }
    let count = usize::from(taps);
    let (lags, values) = rest.split_at_checked(count).ok_or(GeneError::Length)?;
    if values.len() != 4 * count {
        return Err(GeneError::Length);
    }
    let lags = heapless::Vec::from_slice(lags).map_err(|_| GeneError::Range)?;
    if count == 0 || lags.iter().any(|lag| !(LAG_MIN..=LAG_MAX).contains(lag)) {
        return Err(GeneError::Range);
    }
    let mut weights = [Q16::ZERO; TAPS];
    let (words, _) = values.as_chunks::<4>();
    for (weight, word) in weights.iter_mut().zip(words) {
        *weight = Q16::from_bits(i32::from_le_bytes(*word));
        if weight.to_bits().unsigned_abs() > WEIGHT_LIMIT.unsigned_abs() {
            return Err(GeneError::Range);
        }
    }
    Ok(Gene { group: GroupId(group), lags, weights })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> GeneBytes {
        let weights = core::array::from_fn(|i| Q16::from_bits(1_000 * i as i32 - 1_500));
        encode(&NeuronConfig::default(), GroupId(3), &weights)
    }

    #[test]
    fn round_trips_and_has_its_length() {
        let bytes = sample();
        assert_eq!(bytes.len(), 6 + 4 + 16 + 4);
        let gene = decode(&bytes).expect("own gene");
        assert_eq!(encode(&NeuronConfig::default(), gene.group, &gene.weights), bytes);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let bytes = sample();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&damaged).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "length {length}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode(&bytes);
        }
    }
}
