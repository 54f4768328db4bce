//! What travels on the air: a 12-byte header before every fragment, and the message inside.
//!
//! Header, little-endian: version and kind (4 bits each), round (low 8 bits), fragment index,
//! fragment count, sender (4 bytes), CRC-32 (IEEE) over the eight bytes before it and the payload.
//! Decoding refuses everything that is not exactly a message this version can send.

mod error;

use crate::audit::wire::AuditMessage;
use crate::block_float::BlockFloat;
use crate::crc::CRC32;
use crate::gene::{Gene, GeneId};
use crate::id::{GroupId, NodeId};
use crate::neuron::TAPS;
use crate::q16::Q16;
use crate::regime::Regime;
use crate::residual_stream::StreamPart;
use crate::summary::SummaryGene;
use crate::trust::opinion::{OPINION_BYTES, Opinions};
use crate::tuner::{POLICY_BYTES, Policy};

mod proofs;
mod reader;
mod sums;

pub use proofs::{ProofStep, SHOWN_AT_ONCE, SHOWN_PART_BYTES, ShownPart, SumProof};
use reader::Reader;
pub use sums::{SUM_TAG_BYTES, SumCall, SumPart, SumStep};

pub use error::PacketError;

/// Version in every header.
pub const VERSION: u8 = 1;
/// Bytes of a header.
pub const HEADER_BYTES: usize = 12;
/// Largest frame, header included.
pub const MTU: usize = 1024;
/// Largest payload of one fragment.
pub const PAYLOAD_MAX: usize = MTU - HEADER_BYTES;
/// Largest message of this version, in bytes.
pub const MESSAGE_MAX: usize = 96;

/// Longest payload: the largest message and a signature behind it.
pub const SIGNED_MAX: usize = MESSAGE_MAX + crate::signature::SIGNATURE_BYTES;

/// A message as bytes.
pub type MessageBytes = heapless::Vec<u8, MESSAGE_MAX>;

/// What a message's frames carry together: the message, in some meshes a signature behind it.
pub type PayloadBytes = heapless::Vec<u8, SIGNED_MAX>;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A model update, broadcast.
    Update = 0,
    /// A sleeper that has woken asks its sentinel for what was kept.
    Poll = 1,
    /// A sentinel's beacon.
    Beacon = 2,
    /// A sentinel's answer to a poll.
    Grant = 3,
    /// An update that a sentinel kept for a sleeper.
    Relay = 4,
    /// A gene, whole.
    Offer = 5,
    /// Asks a neighbour for its gene.
    Request = 6,
    /// The name of the gene that a node has.
    Digest = 7,
    /// A mesh's past in brief, to a newcomer.
    Summary = 8,
    /// A newcomer asks a neighbour for that.
    SummaryRequest = 9,
    /// A member's word on a sum, to its collector.
    Sum = 10,
    /// A frame of a residual stream, from a node to its sentinel.
    Stream = 11,
    /// Where a node would have the tuned parameters, broadcast.
    Policy = 12,
    /// What a collector asks of a member for a sum.
    Call = 13,
    /// Part of an audit: a commitment, a question, or an answer.
    Audit = 15,
    /// What a node thinks of its neighbours, broadcast.
    Opinions = 14,
}

impl Kind {
    const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Update),
            1 => Some(Self::Poll),
            2 => Some(Self::Beacon),
            3 => Some(Self::Grant),
            4 => Some(Self::Relay),
            5 => Some(Self::Offer),
            6 => Some(Self::Request),
            7 => Some(Self::Digest),
            8 => Some(Self::Summary),
            9 => Some(Self::SummaryRequest),
            10 => Some(Self::Sum),
            11 => Some(Self::Stream),
            12 => Some(Self::Policy),
            13 => Some(Self::Call),
            15 => Some(Self::Audit),
            14 => Some(Self::Opinions),
            _ => None,
        }
    }
}

/// The header of one fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Kind of the whole message.
    pub kind: Kind,
    /// Low 8 bits of the sender's round; tells messages of one sender apart.
    pub round: u8,
    /// This fragment's place, from 0.
    pub index: u8,
    /// Fragments of the message, 1 to 255.
    pub count: u8,
    /// Who transmits (of a relay: the sentinel, not the origin).
    pub sender: NodeId,
}

impl Header {
    /// Writes header and payload into `frame`; `None` if it does not fit.
    pub fn write<const N: usize>(
        &self,
        payload: &[u8],
        frame: &mut heapless::Vec<u8, N>,
    ) -> Option<()> {
        let sender = self.sender.0.to_le_bytes();
        let tag = VERSION << 4 | self.kind as u8;
        frame.extend_from_slice(&[tag, self.round, self.index, self.count]).ok()?;
        frame.extend_from_slice(&sender).ok()?;
        let mut crc = CRC32.digest();
        crc.update(frame.get(frame.len() - 8..)?);
        crc.update(payload);
        frame.extend_from_slice(&crc.finalize().to_le_bytes()).ok()?;
        frame.extend_from_slice(payload).ok()
    }

    /// Splits a frame into header and payload.
    ///
    /// # Errors
    /// Says what is wrong with the frame.
    pub fn read(frame: &[u8]) -> Result<(Self, &[u8]), PacketError> {
        let (head, payload) = frame.split_at_checked(HEADER_BYTES).ok_or(PacketError::Length)?;
        if payload.len() > PAYLOAD_MAX {
            return Err(PacketError::Length);
        }
        let &[tag, round, index, count, s0, s1, s2, s3, c0, c1, c2, c3] = head else {
            return Err(PacketError::Length);
        };
        let mut crc = CRC32.digest();
        crc.update(&[tag, round, index, count, s0, s1, s2, s3]);
        crc.update(payload);
        if crc.finalize() != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(PacketError::Crc);
        }
        if tag >> 4 != VERSION {
            return Err(PacketError::Version);
        }
        let kind = Kind::from_number(tag & 0xF).ok_or(PacketError::Kind)?;
        if index >= count {
            return Err(PacketError::Fragment);
        }
        let sender = NodeId(u32::from_le_bytes([s0, s1, s2, s3]));
        Ok((Self { kind, round, index, count, sender }, payload))
    }
}

/// How an update's weights are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// A signed Q16.16 each.
    #[default]
    Q16,
    /// One exponent for all and 16 bits each: see [`crate::block_float`].
    Bfp16,
}

/// A model update: what a node shares. Never raw data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// The node whose model this is.
    pub origin: NodeId,
    /// Its round, counted from 1.
    pub round: u32,
    /// Its modality group.
    pub group: GroupId,
    /// The regime it claims to be in.
    pub regime: Regime,
    /// Whether it asks its sentinel for what was kept.
    pub polls: bool,
    /// How its weights are written.
    pub wire: Wire,
    /// Weights in use, 1 to [`TAPS`].
    pub taps: u8,
    /// The gene that the weights belong to.
    pub gene: GeneId,
    /// Shared weights; those beyond `taps` are zero.
    pub weights: [Q16; TAPS],
}

impl Update {
    /// Length in a payload, in bytes.
    const fn length(&self) -> usize {
        let taps = if self.taps as usize > TAPS { TAPS } else { self.taps as usize };
        match self.wire {
            Wire::Q16 => 12 + 4 * taps,
            Wire::Bfp16 => 13 + 2 * taps,
        }
    }
}

/// A message between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// A model update to whoever hears it.
    Update(Update),
    /// From a sleeper to its sentinel.
    Poll {
        /// The sentinel asked.
        to: NodeId,
    },
    /// From a sentinel to whoever listens.
    Beacon {
        /// A trusted quorum reports a storm.
        emergency: bool,
    },
    /// From a sentinel to a sleeper that polled.
    Grant {
        /// The sleeper.
        to: NodeId,
        /// The reputation that the sentinel holds of it, 0 to 1.
        standing: Q16,
        /// A trusted quorum reports a storm.
        emergency: bool,
    },
    /// From a sentinel to a sleeper: an update kept for it.
    Relay {
        /// The sleeper.
        to: NodeId,
        /// The update.
        update: Update,
    },
    /// A gene that served its sender well.
    Offer {
        /// Who asked for it; [`NodeId::NONE`] for whoever hears it.
        to: NodeId,
        /// By how many percent it lowered the sender's error when the sender took it, 0 to 100.
        gain_percent: u8,
        /// The gene.
        gene: Gene,
    },
    /// Asks a neighbour for a gene that it named.
    Request {
        /// The neighbour.
        to: NodeId,
        /// The gene.
        gene: GeneId,
    },
    /// The gene that a node has, for anti-entropy.
    Digest {
        /// The gene.
        gene: GeneId,
    },
    /// A mesh's past in brief.
    Summary {
        /// The newcomer that asked.
        to: NodeId,
        /// The gene that its weights belong to.
        gene: GeneId,
        /// The summary.
        summary: SummaryGene,
    },
    /// A newcomer asks a neighbour for a summary.
    SummaryRequest {
        /// The neighbour.
        to: NodeId,
    },
    /// A frame of a residual stream: raw data in effect, and only where a mesh asks for it.
    Stream {
        /// The sentinel.
        to: NodeId,
        /// The frame.
        part: StreamPart,
    },
    /// Where a node would have the tuned parameters, to whoever hears it.
    Policy(Policy),
    /// A member's word on a sum.
    Sum(SumPart),
    /// What a collector asks of a member.
    Call(SumCall),
    /// What norm proofs add to a sum; only where a mesh asks for them.
    Proof(SumProof),
    /// Part of an audit; only where a mesh audits.
    Audit(AuditMessage),
    /// What a node thinks of its neighbours, to whoever hears it.
    Opinions(Opinions),
}

impl Message {
    /// The kind in the header.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Update(_) => Kind::Update,
            Self::Poll { .. } => Kind::Poll,
            Self::Beacon { .. } => Kind::Beacon,
            Self::Grant { .. } => Kind::Grant,
            Self::Relay { .. } => Kind::Relay,
            Self::Offer { .. } => Kind::Offer,
            Self::Request { .. } => Kind::Request,
            Self::Digest { .. } => Kind::Digest,
            Self::Summary { .. } => Kind::Summary,
            Self::SummaryRequest { .. } => Kind::SummaryRequest,
            Self::Stream { .. } => Kind::Stream,
            Self::Policy(_) => Kind::Policy,
            Self::Sum(_) => Kind::Sum,
            Self::Call(_) => Kind::Call,
            Self::Proof(proof) => proof.kind(),
            Self::Audit(_) => Kind::Audit,
            Self::Opinions(_) => Kind::Opinions,
        }
    }

    /// The one node meant, or `None` for a broadcast.
    #[must_use]
    pub const fn destination(&self) -> Option<NodeId> {
        match self {
            Self::Update(_)
            | Self::Beacon { .. }
            | Self::Digest { .. }
            | Self::Policy(_)
            | Self::Opinions(_) => None,
            Self::Offer { to, .. } if to.0 == NodeId::NONE.0 => None,
            Self::Poll { to }
            | Self::Grant { to, .. }
            | Self::Relay { to, .. }
            | Self::Offer { to, .. }
            | Self::Request { to, .. }
            | Self::Summary { to, .. }
            | Self::SummaryRequest { to }
            | Self::Stream { to, .. }
            | Self::Sum(SumPart { to, .. })
            | Self::Proof(SumProof { to, .. })
            | Self::Call(SumCall { to, .. }) => Some(*to),
            Self::Audit(audit) => audit.destination(),
        }
    }

    /// Length of the payload, in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        match self {
            Self::Update(update) => update.length(),
            Self::Poll { .. } | Self::Digest { .. } | Self::SummaryRequest { .. } => 4,
            Self::Summary { summary, .. } => 8 + summary.length(),
            Self::Beacon { .. } => 1,
            Self::Grant { .. } => 9,
            Self::Relay { update, .. } => 8 + update.length(),
            Self::Offer { gene, .. } => 5 + gene.length(),
            Self::Request { .. } => 8,
            Self::Stream { part, .. } => 4 + part.frame().len(),
            Self::Policy(_) => POLICY_BYTES,
            Self::Sum(part) => part.length(),
            Self::Call(_) => SumCall::LENGTH,
            Self::Proof(proof) => proof.length(),
            Self::Audit(audit) => audit.length(),
            Self::Opinions(opinions) => OPINION_BYTES * opinions.said().len(),
        }
    }

    /// The message's payload bytes.
    #[must_use]
    pub fn to_bytes(&self) -> MessageBytes {
        let mut bytes = MessageBytes::new();
        let mut put = |part: &[u8]| {
            // MESSAGE_MAX holds the longest message; a test builds it.
            let _ = bytes.extend_from_slice(part);
        };
        match self {
            Self::Update(update) => put_update(update, &mut put),
            Self::Poll { to } | Self::SummaryRequest { to } => put(&to.0.to_le_bytes()),
            Self::Summary { to, gene, summary } => {
                put(&to.0.to_le_bytes());
                put(&gene.0.to_le_bytes());
                put(&summary.to_bytes());
            }
            Self::Beacon { emergency } => put(&[u8::from(*emergency)]),
            Self::Grant { to, standing, emergency } => {
                put(&to.0.to_le_bytes());
                put(&standing.to_bits().to_le_bytes());
                put(&[u8::from(*emergency)]);
            }
            Self::Relay { to, update } => {
                put(&to.0.to_le_bytes());
                put(&update.origin.0.to_le_bytes());
                put_update(update, &mut put);
            }
            Self::Offer { to, gain_percent, gene } => {
                put(&to.0.to_le_bytes());
                put(&[*gain_percent]);
                put(&gene.to_bytes());
            }
            Self::Request { to, gene } => {
                put(&to.0.to_le_bytes());
                put(&gene.0.to_le_bytes());
            }
            Self::Digest { gene } => put(&gene.0.to_le_bytes()),
            Self::Stream { to, part } => {
                put(&to.0.to_le_bytes());
                put(part.frame());
            }
            Self::Policy(policy) => put(&policy.to_bytes()),
            Self::Sum(part) => {
                part.put_body(&mut put);
                put(&part.tag);
            }
            Self::Call(call) => {
                call.put_body(&mut put);
                put(&call.tag);
            }
            Self::Proof(proof) => {
                proof.put_body(&mut put);
                put(&proof.tag);
            }
            Self::Audit(audit) => audit.write(&mut put),
            Self::Opinions(opinions) => opinions.said().iter().for_each(|opinion| {
                put(&opinion.of.0.to_le_bytes());
                put(&[opinion.bucket as u8]);
            }),
        }
        bytes
    }

    /// Reads a message of `kind` that `sender` transmitted.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn from_bytes(kind: Kind, sender: NodeId, bytes: &[u8]) -> Result<Self, PacketError> {
        let mut rest = Reader(bytes);
        let message = match kind {
            Kind::Update => Self::Update(rest.update(sender)?),
            Kind::Poll => Self::Poll { to: rest.id()? },
            Kind::Beacon => Self::Beacon { emergency: rest.flag()? },
            Kind::Grant => {
                Self::Grant { to: rest.id()?, standing: rest.share()?, emergency: rest.flag()? }
            }
            Kind::Relay => {
                let to = rest.id()?;
                let origin = rest.id()?;
                Self::Relay { to, update: rest.update(origin)? }
            }
            Kind::Offer => {
                Self::Offer { to: rest.id()?, gain_percent: rest.percent()?, gene: rest.gene()? }
            }
            Kind::Request => Self::Request { to: rest.id()?, gene: rest.gene_id()? },
            Kind::Digest => Self::Digest { gene: rest.gene_id()? },
            Kind::Summary => {
                Self::Summary { to: rest.id()?, gene: rest.gene_id()?, summary: rest.summary()? }
            }
            Kind::SummaryRequest => Self::SummaryRequest { to: rest.id()? },
            Kind::Stream => {
                let to = rest.id()?;
                Self::Stream { to, part: StreamPart::new(core::mem::take(&mut rest.0))? }
            }
            Kind::Policy => Self::Policy(rest.policy()?),
            Kind::Sum | Kind::Call if SumProof::is_here(kind, bytes) => {
                Self::Proof(SumProof::read(kind, &mut rest)?)
            }
            Kind::Sum => Self::Sum(SumPart::read(&mut rest)?),
            Kind::Call => Self::Call(SumCall::read(&mut rest)?),
            Kind::Audit => Self::Audit(AuditMessage::read(core::mem::take(&mut rest.0))?),
            Kind::Opinions => Self::Opinions(rest.opinions()?),
        };
        if rest.0.is_empty() { Ok(message) } else { Err(PacketError::Length) }
    }
}

fn put_update(update: &Update, put: &mut impl FnMut(&[u8])) {
    let block = u8::from(update.wire == Wire::Bfp16);
    let flags = update.regime as u8 | u8::from(update.polls) << 2 | block << 3;
    put(&[flags, update.group.0, update.taps, 0]);
    put(&update.round.to_le_bytes());
    put(&update.gene.0.to_le_bytes());
    if update.wire == Wire::Bfp16 {
        return put(&BlockFloat::from_weights(&update.weights).to_bytes(update.taps));
    }
    for weight in update.weights.iter().take(usize::from(update.taps)) {
        put(&weight.to_bits().to_le_bytes());
    }
}

#[cfg(test)]
mod tests;
