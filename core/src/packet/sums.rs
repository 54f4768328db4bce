//! The messages of sums in which no part shows: what a member sends to its collector, and what the
//! collector asks of it. Bytes only; what they mean is in the module `privacy::sums`.

use super::{PacketError, Reader};
use crate::id::NodeId;
use crate::neuron::TAPS;
use crate::regime::Regime;

/// Bytes of the tag behind each of these messages.
pub const SUM_TAG_BYTES: usize = 16;

/// Which of a member's two messages it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SumStep {
    /// Its weights under all its masks, with the regime that it claims.
    Vector(Regime),
    /// The masks that are left in the sum for its part.
    Correction,
}

/// From a member to its collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumPart {
    /// The collector.
    pub to: NodeId,
    /// Number of the sum within its group, from 1.
    pub epoch: u32,
    /// Which message it is.
    pub step: SumStep,
    /// Values in use, 1 to [`TAPS`].
    pub taps: u8,
    /// The values; those beyond `taps` are zero.
    pub values: [i32; TAPS],
    /// Shows that the member wrote it.
    pub tag: [u8; SUM_TAG_BYTES],
}

/// From a collector to a member that has polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumCall {
    /// The member.
    pub to: NodeId,
    /// The epoch that is being gathered.
    pub epoch: u32,
    /// Whether it has begun, and the member's vector is not in.
    pub wanted: bool,
    /// Whose vectors the epoch before has, by place, a bit each: the member's correction for
    /// exactly these is asked for. 0: nothing is.
    pub survivors: u8,
    /// Shows that the collector wrote it.
    pub tag: [u8; SUM_TAG_BYTES],
}

impl SumPart {
    /// Length in a payload, in bytes.
    pub(super) const fn length(&self) -> usize {
        let taps = if self.taps as usize > TAPS { TAPS } else { self.taps as usize };
        10 + 4 * taps + SUM_TAG_BYTES
    }

    /// Hands out all bytes before the tag, in order: what the tag is over.
    pub fn put_body(&self, put: &mut impl FnMut(&[u8])) {
        put(&self.to.0.to_le_bytes());
        put(&self.epoch.to_le_bytes());
        let step = match self.step {
            SumStep::Vector(regime) => regime as u8,
            SumStep::Correction => 3,
        };
        put(&[step, self.taps]);
        for value in self.values.iter().take(usize::from(self.taps)) {
            put(&value.to_le_bytes());
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, PacketError> {
        let (to, epoch) = (from.id()?, u32::from_le_bytes(from.word()?));
        let step = match from.byte()? {
            3 => SumStep::Correction,
            regime => SumStep::Vector(Regime::from_number(regime).ok_or(PacketError::Value)?),
        };
        let taps = from.byte()?;
        if taps == 0 || usize::from(taps) > TAPS {
            return Err(PacketError::Value);
        }
        let mut values = [0; TAPS];
        for value in values.iter_mut().take(usize::from(taps)) {
            *value = i32::from_le_bytes(from.word()?);
        }
        Ok(Self { to, epoch, step, taps, values, tag: from.array()? })
    }
}

impl SumCall {
    /// Length in a payload, in bytes.
    pub(super) const LENGTH: usize = 10 + SUM_TAG_BYTES;

    /// Hands out all bytes before the tag, in order: what the tag is over.
    pub fn put_body(&self, put: &mut impl FnMut(&[u8])) {
        put(&self.to.0.to_le_bytes());
        put(&self.epoch.to_le_bytes());
        put(&[u8::from(self.wanted), self.survivors]);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, PacketError> {
        Ok(Self {
            to: from.id()?,
            epoch: u32::from_le_bytes(from.word()?),
            wanted: from.flag()?,
            survivors: from.byte()?,
            tag: from.array()?,
        })
    }
}
