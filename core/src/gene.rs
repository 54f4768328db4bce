//! A model as bytes: what persists between runs and what peers trade.
//!
//! Little-endian: magic `QG`, version, kind, group, tap count, input limit, error clip, four
//! hyper-parameters, then a lag a tap, a Q16.16 weight a tap, the lineage (origin 4 bytes,
//! generation 2, parent 4) and the CRC-32 (IEEE) of everything before it. What decodes is in range
//! in every field, so it can be run as it is.

use crate::canonical::Canonical;
use crate::crc::crc32;
use crate::id::{GroupId, NodeId};
use crate::neuron::{Form, Kind, TAPS, WEIGHT_LIMIT};
use crate::q16::Q16;

/// Longest gene of this version, in bytes.
pub const GENE_MAX: usize = HEAD + 5 * TAPS + LINEAGE + 4;
/// A gene as bytes.
pub type GeneBytes = heapless::Vec<u8, GENE_MAX>;

const MAGIC: [u8; 2] = *b"QG";
const VERSION: u8 = 2;
const HEAD: usize = 12;
const LINEAGE: usize = 10;

/// Why bytes are not a gene that can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneError {
    /// Too short or too long.
    Length,
    /// Does not begin with `QG`.
    Magic,
    /// Another format version, or a kind of model that is not known.
    Version,
    /// The checksum does not match.
    Crc,
    /// A lag, a weight or a hyper-parameter is out of range.
    Range,
    /// The model of another modality.
    OtherGroup,
}

impl core::fmt::Display for GeneError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Length => "wrong length",
            Self::Magic => "not a gene: it does not begin with QG",
            Self::Version => "another format version or an unknown kind of model",
            Self::Crc => "checksum does not match: the bytes are damaged",
            Self::Range => "a lag, a weight or a hyper-parameter is out of range",
            Self::OtherGroup => "the gene is of another modality",
        })
    }
}

impl core::error::Error for GeneError {}

/// A gene's name: in its upper half the tag of its form, in its lower half that of its lineage.
/// Whoever has a gene computes its id; an id that comes alone is a hint and no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GeneId(pub u32);

impl GeneId {
    /// The id of a gene with this form and lineage.
    #[must_use]
    pub fn of(form: &Form, lineage: &Lineage) -> Self {
        let mut hasher = blake3::Hasher::new();
        lineage.encode(&mut hasher);
        let [low, high, ..] = *hasher.finalize().as_bytes();
        let lineage = u16::from_le_bytes([low, high]);
        Self(u32::from(form.tag()) << 16 | u32::from(lineage))
    }

    /// The upper half: which form the gene has.
    #[must_use]
    pub const fn form_tag(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Whether both name models of one form, whose weights can be averaged.
    #[must_use]
    pub const fn is_akin(self, other: Self) -> bool {
        self.form_tag() == other.form_tag()
    }
}

impl Canonical for GeneId {
    fn encode(&self, sink: &mut impl crate::canonical::Sink) {
        self.0.encode(sink);
    }
    fn decode(source: &mut crate::canonical::Source<'_>) -> Option<Self> {
        u32::decode(source).map(Self)
    }
}

/// Where a model's structure comes from. The first gene of a mesh has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The node in which the mutation happened; [`NodeId::NONE`] for a first gene.
    pub origin: NodeId,
    /// Mutations since the first gene, saturating.
    pub generation: u16,
    /// The gene it was before; 0 for a first gene.
    pub parent: GeneId,
}
crate::canonical!(struct Lineage { origin, generation, parent });

impl Default for Lineage {
    fn default() -> Self {
        Self { origin: NodeId::NONE, generation: 0, parent: GeneId::default() }
    }
}

/// A model with its structure and lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gene {
    /// The modality it predicts.
    pub group: GroupId,
    /// Its structure.
    pub form: Form,
    /// Where that comes from.
    pub lineage: Lineage,
    /// Its shared weights, within +-4; those beyond the taps are zero.
    pub weights: [Q16; TAPS],
}
crate::canonical!(struct Gene { group, form, lineage, weights });

impl Gene {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> GeneId {
        GeneId::of(&self.form, &self.lineage)
    }

    /// Length as bytes: 31 to [`GENE_MAX`].
    #[must_use]
    pub const fn length(&self) -> usize {
        let taps = if self.form.taps as usize > TAPS { TAPS } else { self.form.taps as usize };
        HEAD + 5 * taps + LINEAGE + 4
    }

    /// Writes the gene.
    #[must_use]
    pub fn to_bytes(&self) -> GeneBytes {
        let Form { kind, taps, limit_log2, clip_halves, hyper, .. } = self.form;
        let mut bytes = GeneBytes::new();
        let mut put = |part: &[u8]| {
            // GENE_MAX is the exact length at the most taps.
            let _ = bytes.extend_from_slice(part);
        };
        let lags = self.form.active();
        put(&MAGIC);
        put(&[VERSION, kind as u8, self.group.0, taps, limit_log2, clip_halves]);
        put(&hyper);
        put(lags);
        self.weights.iter().take(lags.len()).for_each(|w| put(&w.to_bits().to_le_bytes()));
        put(&self.lineage.origin.0.to_le_bytes());
        put(&self.lineage.generation.to_le_bytes());
        put(&self.lineage.parent.0.to_le_bytes());
        let crc = crc32(&bytes);
        let _ = bytes.extend_from_slice(&crc);
        bytes
    }

    /// Reads a gene.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, GeneError> {
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or(GeneError::Length)?;
        let (head, rest) = body.split_first_chunk::<HEAD>().ok_or(GeneError::Length)?;
        let [q, g, version, kind, group, taps, limit_log2, clip_halves, hyper @ ..] = *head;
        if [q, g] != MAGIC {
            return Err(GeneError::Magic);
        }
        if crc32(body) != *crc {
            return Err(GeneError::Crc);
        }
        let kind = Kind::from_number(kind).filter(|_| version == VERSION);
        let kind = kind.ok_or(GeneError::Version)?;
        let count = usize::from(taps);
        let (values, lineage) = rest.split_last_chunk::<LINEAGE>().ok_or(GeneError::Length)?;
        let (seen, values) = values.split_at_checked(count).ok_or(GeneError::Length)?;
        if values.len() != 4 * count {
            return Err(GeneError::Length);
        }
        let mut lags = [0; TAPS];
        lags.get_mut(..count).ok_or(GeneError::Range)?.copy_from_slice(seen);
        let form = Form { kind, taps, limit_log2, clip_halves, hyper, lags };
        if !form.is_valid() {
            return Err(GeneError::Range);
        }
        let weights = weights(values)?;
        let [o0, o1, o2, o3, g0, g1, p0, p1, p2, p3] = *lineage;
        let lineage = Lineage {
            origin: NodeId(u32::from_le_bytes([o0, o1, o2, o3])),
            generation: u16::from_le_bytes([g0, g1]),
            parent: GeneId(u32::from_le_bytes([p0, p1, p2, p3])),
        };
        Ok(Self { group: GroupId(group), form, lineage, weights })
    }
}

/// Reads weights, four bytes each.
fn weights(values: &[u8]) -> Result<[Q16; TAPS], GeneError> {
    let mut weights = [Q16::ZERO; TAPS];
    let (words, _) = values.as_chunks::<4>();
    for (weight, word) in weights.iter_mut().zip(words) {
        *weight = Q16::from_bits(i32::from_le_bytes(*word));
        if weight.to_bits().unsigned_abs() > WEIGHT_LIMIT.unsigned_abs() {
            return Err(GeneError::Range);
        }
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Gene {
        let mut weights = core::array::from_fn(|i| Q16::from_bits(1_000 * i as i32 - 1_500));
        weights[4..].fill(Q16::ZERO);
        let lineage = Lineage { origin: NodeId(9), generation: 2, parent: GeneId(0x0102_0304) };
        Gene { group: GroupId(3), form: Form::default(), lineage, weights }
    }

    #[test]
    fn it_is_these_bytes() {
        let bytes = sample().to_bytes();
        assert_eq!(bytes.len(), sample().length());
        assert_eq!(bytes[..16], [b'Q', b'G', 2, 0, 3, 4, 3, 4, 0, 0, 0, 0, 2, 3, 4, 8]);
        assert_eq!(bytes[16..20], (-1_500_i32).to_le_bytes());
        assert_eq!(bytes[32..42], [9, 0, 0, 0, 2, 0, 4, 3, 2, 1]);
        assert_eq!(Gene::from_bytes(&bytes), Ok(sample()));
    }

    #[test]
    fn the_longest_fits() {
        let lags = [2, 3, 4, 5, 6, 7, 8, 9];
        let form = Form { taps: 8, lags, ..Form::default() };
        let gene = Gene { form, weights: [Q16::ONE; TAPS], ..sample() };
        assert_eq!((gene.to_bytes().len(), gene.length()), (GENE_MAX, GENE_MAX));
        assert_eq!(Gene::from_bytes(&gene.to_bytes()), Ok(gene));
    }

    #[test]
    fn ids_follow_form_and_lineage_but_not_weights() {
        let gene = sample();
        let learned = Gene { weights: [Q16::ZERO; TAPS], ..gene };
        let child = Lineage { generation: 3, parent: gene.id(), ..gene.lineage };
        let child = Gene { lineage: child, ..gene };
        let lags = [2, 3, 4, 9, 0, 0, 0, 0];
        let other = Gene { form: Form { lags, ..gene.form }, ..gene };
        assert_eq!(gene.id(), learned.id());
        assert!(gene.id() != child.id() && gene.id().is_akin(child.id()));
        assert!(!gene.id().is_akin(other.id()));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let bytes = sample().to_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Gene::from_bytes(&damaged).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(Gene::from_bytes(&bytes[..length]).is_err(), "length {length}");
        }
    }

    proptest! {
        /// Bytes with a right checksum, so that every field is looked at.
        #[test]
        fn arbitrary_bytes_never_panic(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..80),
            dress in any::<bool>(),
        ) {
            if dress && bytes.len() > 6 {
                bytes[..4].copy_from_slice(&[b'Q', b'G', VERSION, 0]);
            }
            let crc = crc32(&bytes);
            bytes.extend_from_slice(&crc);
            if let Ok(gene) = Gene::from_bytes(&bytes) {
                prop_assert_eq!(&gene.to_bytes()[..], &bytes[..]);
            }
        }
    }
}
