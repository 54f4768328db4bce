//! Reads the parts of a message from its bytes, each within its bounds. It must never take a byte
//! that is not there.

use super::{PacketError, Update, Wire};
use crate::block_float::{BlockError, BlockFloat};
use crate::gene::{GENE_MAX, Gene, GeneId};
use crate::id::{GroupId, NodeId};
use crate::neuron::{TAPS, WEIGHT_LIMIT};
use crate::q16::Q16;
use crate::regime::Regime;
use crate::summary::{SUMMARY_MAX, SummaryGene};
use crate::trust::opinion::{Bucket, Opinion, Opinions};
use crate::tuner::{POLICY_BYTES, Policy};

/// Takes fields off the front of a payload.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl Reader<'_> {
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PacketError> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(PacketError::Length)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn word(&mut self) -> Result<[u8; 4], PacketError> {
        self.array()
    }

    pub(super) fn id(&mut self) -> Result<NodeId, PacketError> {
        self.word().map(|word| NodeId(u32::from_le_bytes(word)))
    }

    pub(super) fn flag(&mut self) -> Result<bool, PacketError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(PacketError::Value),
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8, PacketError> {
        let (byte, rest) = self.0.split_first().ok_or(PacketError::Length)?;
        self.0 = rest;
        Ok(*byte)
    }

    pub(super) fn percent(&mut self) -> Result<u8, PacketError> {
        self.byte().and_then(|byte| if byte <= 100 { Ok(byte) } else { Err(PacketError::Value) })
    }

    pub(super) fn gene_id(&mut self) -> Result<GeneId, PacketError> {
        self.word().map(|word| GeneId(u32::from_le_bytes(word)))
    }

    /// A gene takes all that is left.
    pub(super) fn gene(&mut self) -> Result<Gene, PacketError> {
        let bytes = core::mem::take(&mut self.0);
        if bytes.len() > GENE_MAX {
            return Err(PacketError::Length);
        }
        Gene::from_bytes(bytes).map_err(|_| PacketError::Value)
    }

    /// A summary takes all that is left.
    pub(super) fn summary(&mut self) -> Result<SummaryGene, PacketError> {
        let bytes = core::mem::take(&mut self.0);
        if bytes.len() > SUMMARY_MAX {
            return Err(PacketError::Length);
        }
        SummaryGene::from_bytes(bytes).map_err(|_| PacketError::Value)
    }

    pub(super) fn share(&mut self) -> Result<Q16, PacketError> {
        let share = Q16::from_bits(i32::from_le_bytes(self.word()?));
        if (Q16::ZERO..=Q16::ONE).contains(&share) { Ok(share) } else { Err(PacketError::Value) }
    }

    pub(super) fn block(&mut self, taps: u8) -> Result<BlockFloat, PacketError> {
        let length = 1 + 2 * usize::from(taps);
        let (block, rest) = self.0.split_at_checked(length).ok_or(PacketError::Length)?;
        self.0 = rest;
        BlockFloat::from_bytes(block).map_err(|why| match why {
            BlockError::Length => PacketError::Length,
            BlockError::Value => PacketError::Value,
        })
    }

    pub(super) fn policy(&mut self) -> Result<Policy, PacketError> {
        let (bytes, rest) =
            self.0.split_first_chunk::<POLICY_BYTES>().ok_or(PacketError::Length)?;
        self.0 = rest;
        Policy::from_bytes(*bytes).ok_or(PacketError::Value)
    }

    pub(super) fn opinions(&mut self) -> Result<Opinions, PacketError> {
        let mut opinions = Opinions::default();
        while !self.0.is_empty() {
            let of = self.id()?;
            let bucket = Bucket::from_number(self.byte()?).ok_or(PacketError::Value)?;
            if !opinions.push(Opinion { of, bucket }) {
                return Err(PacketError::Length);
            }
        }
        if opinions.said().is_empty() { Err(PacketError::Length) } else { Ok(opinions) }
    }

    pub(super) fn update(&mut self, origin: NodeId) -> Result<Update, PacketError> {
        let [flags, group, taps, reserved] = self.word()?;
        let regime = Regime::from_number(flags & 3).ok_or(PacketError::Value)?;
        if flags > 15 || reserved != 0 || taps == 0 || usize::from(taps) > TAPS {
            return Err(PacketError::Value);
        }
        let round = u32::from_le_bytes(self.word()?);
        let gene = self.gene_id()?;
        let polls = flags & 4 != 0;
        let wire = if flags & 8 == 0 { Wire::Q16 } else { Wire::Bfp16 };
        let mut weights = [Q16::ZERO; TAPS];
        if wire == Wire::Bfp16 {
            weights = self.block(taps)?.weights();
        }
        let words = if wire == Wire::Q16 { usize::from(taps) } else { 0 };
        for weight in weights.iter_mut().take(words) {
            *weight = Q16::from_bits(i32::from_le_bytes(self.word()?));
            if weight.to_bits().unsigned_abs() > WEIGHT_LIMIT.unsigned_abs() {
                return Err(PacketError::Value);
            }
        }
        Ok(Update {
            origin,
            round,
            group: GroupId(group),
            regime,
            polls,
            wire,
            taps,
            gene,
            weights,
        })
    }
}
