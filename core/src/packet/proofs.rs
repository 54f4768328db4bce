//! What norm proofs add to sums, as bytes: a member's pledge and what it shows, and the collector's
//! demand. What they mean is in the module `privacy::sums`. They share their kinds with the
//! messages of `sums`, and differ from those by the byte behind the epoch.

use super::{Kind, PacketError, Reader, SUM_TAG_BYTES};
use crate::id::NodeId;

/// Most bytes of what is shown that one message carries.
pub const SHOWN_PART_BYTES: usize = 70;
/// Parts that one demand can ask for.
pub const SHOWN_AT_ONCE: u8 = 32;

const PLEDGE: u8 = 4;
const RELEASE: u8 = 5;
const PART: u8 = 6;
const DEMAND: u8 = 2;

/// Between a member and its collector, beside their messages of the sum itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SumProof {
    /// The collector; of a demand, the member.
    pub to: NodeId,
    /// Number of the sum within its group, from 1.
    pub epoch: u32,
    /// What is said.
    pub step: ProofStep,
    /// Shows who wrote it.
    pub tag: [u8; SUM_TAG_BYTES],
}

/// What is said of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofStep {
    /// Goes before a vector.
    Pledge {
        /// A commitment to the vector.
        commitment: [u8; 32],
        /// Its blinding under masks.
        blinding: [u8; 32],
    },
    /// Goes before a correction: the masks that are left on the blinding.
    Release {
        /// A scalar.
        blinding: [u8; 32],
    },
    /// A part of what is shown.
    Part(ShownPart),
    /// From the collector: show that the vector of the epoch is within the bound.
    Demand {
        /// The first part that is missing.
        next: u8,
        /// Which from there on are there, a bit each, `next` lowest.
        have: u32,
    },
}

/// A part of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownPart {
    /// Its place, from 0.
    pub index: u8,
    length: u8,
    bytes: [u8; SHOWN_PART_BYTES],
}

impl ShownPart {
    /// A part with 1 to [`SHOWN_PART_BYTES`] bytes.
    ///
    /// # Errors
    /// [`PacketError::Length`] when there are none or too many.
    pub fn new(index: u8, part: &[u8]) -> Result<Self, PacketError> {
        let mut bytes = [0; SHOWN_PART_BYTES];
        let place = bytes.get_mut(..part.len()).filter(|place| !place.is_empty());
        place.ok_or(PacketError::Length)?.copy_from_slice(part);
        Ok(Self { index, length: part.len() as u8, bytes })
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl SumProof {
    /// The kind in the header: that of what goes the same way in a sum.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.step {
            ProofStep::Demand { .. } => Kind::Call,
            _ => Kind::Sum,
        }
    }

    /// Whether a payload of this kind is one of these.
    pub(super) fn is_here(kind: Kind, payload: &[u8]) -> bool {
        payload.get(8).is_some_and(|step| match kind {
            Kind::Sum => *step >= PLEDGE,
            Kind::Call => *step >= DEMAND,
            _ => false,
        })
    }

    /// Length in a payload, in bytes.
    pub(super) const fn length(&self) -> usize {
        let body = match &self.step {
            ProofStep::Pledge { .. } => 64,
            ProofStep::Release { .. } => 32,
            ProofStep::Part(part) => 1 + part.length as usize,
            ProofStep::Demand { .. } => 5,
        };
        9 + body + SUM_TAG_BYTES
    }

    /// Hands out all bytes before the tag, in order: what the tag is over.
    pub fn put_body(&self, put: &mut impl FnMut(&[u8])) {
        put(&self.to.0.to_le_bytes());
        put(&self.epoch.to_le_bytes());
        match &self.step {
            ProofStep::Pledge { commitment, blinding } => {
                put(&[PLEDGE]);
                put(commitment);
                put(blinding);
            }
            ProofStep::Release { blinding } => {
                put(&[RELEASE]);
                put(blinding);
            }
            ProofStep::Part(part) => {
                put(&[PART, part.index]);
                put(part.bytes());
            }
            ProofStep::Demand { next, have } => {
                put(&[DEMAND, *next]);
                put(&have.to_le_bytes());
            }
        }
    }

    pub(super) fn read(kind: Kind, from: &mut Reader<'_>) -> Result<Self, PacketError> {
        let (to, epoch) = (from.id()?, u32::from_le_bytes(from.word()?));
        let step = match (kind, from.byte()?) {
            (Kind::Sum, PLEDGE) => {
                ProofStep::Pledge { commitment: from.array()?, blinding: from.array()? }
            }
            (Kind::Sum, RELEASE) => ProofStep::Release { blinding: from.array()? },
            (Kind::Sum, PART) => {
                let index = from.byte()?;
                let length = from.0.len().checked_sub(SUM_TAG_BYTES).ok_or(PacketError::Length)?;
                let (part, rest) = from.0.split_at_checked(length).ok_or(PacketError::Length)?;
                from.0 = rest;
                ProofStep::Part(ShownPart::new(index, part)?)
            }
            (Kind::Call, DEMAND) => {
                ProofStep::Demand { next: from.byte()?, have: u32::from_le_bytes(from.word()?) }
            }
            _ => return Err(PacketError::Value),
        };
        Ok(Self { to, epoch, step, tag: from.array()? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MESSAGE_MAX, Message};
    use super::*;

    fn message(step: ProofStep) -> Message {
        Message::Proof(SumProof { to: NodeId(9), epoch: 70_000, step, tag: [6; 16] })
    }

    #[test]
    fn each_comes_back_and_has_the_stated_length() {
        let part = |length| ShownPart::new(254, &[3; SHOWN_PART_BYTES][..length]).expect("a part");
        let table = [
            (ProofStep::Pledge { commitment: [1; 32], blinding: [2; 32] }, Kind::Sum, 89),
            (ProofStep::Release { blinding: [2; 32] }, Kind::Sum, 57),
            (ProofStep::Part(part(70)), Kind::Sum, 96),
            (ProofStep::Part(part(1)), Kind::Sum, 27),
            (ProofStep::Demand { next: 200, have: 1 << 31 }, Kind::Call, 30),
        ];
        for (step, kind, length) in table {
            let message = message(step);
            let bytes = message.to_bytes();
            assert_eq!((message.kind(), message.length(), bytes.len()), (kind, length, length));
            assert_eq!(message.destination(), Some(NodeId(9)));
            assert_eq!(Message::from_bytes(kind, NodeId(1), &bytes), Ok(message));
            for cut in 9..length.min(26) {
                assert!(Message::from_bytes(kind, NodeId(1), &bytes[..cut]).is_err(), "{cut}");
            }
        }
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        assert_eq!(ShownPart::new(0, &[]), Err(PacketError::Length));
        assert_eq!(ShownPart::new(0, &[1; 71]), Err(PacketError::Length));
        let mut bytes = [0; MESSAGE_MAX + 1];
        let read = |kind, bytes: &[u8]| Message::from_bytes(kind, NodeId(1), bytes);
        for (kind, step) in [(Kind::Sum, 7), (Kind::Call, 3), (Kind::Call, PLEDGE)] {
            bytes[8] = step;
            assert_eq!(read(kind, &bytes[..30]), Err(PacketError::Value));
        }
        bytes[8] = PART;
        assert_eq!(read(Kind::Sum, &bytes), Err(PacketError::Length), "too long a part");
        assert_eq!(read(Kind::Sum, &bytes[..26]), Err(PacketError::Length), "an empty one");
    }
}
