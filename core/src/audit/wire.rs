//! What audits put on the air, byte by byte. Decoding refuses everything that is not exactly a
//! message this version can send.

use super::{HASH_BYTES, Hash, hash};
use crate::canonical::{Canonical, Source};
use crate::id::NodeId;
use crate::packet::{MESSAGE_MAX, PacketError};
use crate::varint::{self, length_of};

/// Bytes of what is shown that one message carries, at most.
pub const PART_BYTES: usize = 84;
/// Parts of what is shown, at most: the bits of what a challenge can name.
pub const PARTS: usize = 28;

/// Rounds that one commitment stands for, at most: the bits that name those with an update.
pub const ROUNDS: u8 = 64;

/// Updates that one commitment names, at most, so that who says much commits often.
pub const UPDATES: u32 = 20;

const COMMIT: u8 = 0;
const CHALLENGE: u8 = 1;
const PART: u8 = 2;
/// A commitment for one node: who that is follows.
const COMMIT_TO: u8 = 3;

const _: () = assert!(12 + PART_BYTES <= MESSAGE_MAX);

/// A commitment to all that a node computed in some rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Number of the epoch, from 0.
    pub epoch: u32,
    /// Its first round.
    pub first_round: u32,
    /// Rounds in it, 1 to [`ROUNDS`].
    pub rounds: u8,
    /// Stretches that can be asked for.
    pub stretches: u8,
    /// Its rounds that ended in an update, a bit each, the first one lowest.
    pub named: u64,
    /// The sum of the prints of these updates, modulo 2^32.
    pub said: u32,
    /// The root.
    pub root: Hash,
}
crate::canonical!(struct Commit { epoch, first_round, rounds, stretches, named, said, root });

impl Commit {
    /// Its last round.
    #[must_use]
    pub const fn last_round(&self) -> u32 {
        self.first_round.wrapping_add(self.rounds as u32).wrapping_sub(1)
    }

    /// Whether `round` is one of its rounds.
    #[must_use]
    pub const fn covers(&self, round: u32) -> bool {
        round.wrapping_sub(self.first_round) < self.rounds as u32
    }

    /// Whether it says that `round` ended in an update.
    #[must_use]
    pub const fn names(&self, round: u32) -> bool {
        self.covers(round) && self.named >> (round.wrapping_sub(self.first_round) % 64) & 1 == 1
    }

    /// Bytes that name its rounds.
    const fn named_bytes(&self) -> usize {
        (self.rounds as usize).div_ceil(8)
    }

    fn put(&self, bytes: &mut heapless::Vec<u8, 56>) {
        varint::put(bytes, u64::from(self.epoch));
        varint::put(bytes, u64::from(self.first_round));
        [self.rounds, self.stretches].encode(bytes);
        let named = self.named.to_le_bytes();
        crate::canonical::Sink::put(bytes, named.get(..self.named_bytes()).unwrap_or(&[]));
        self.said.encode(bytes);
        self.root.encode(bytes);
    }

    fn take(source: &mut Source<'_>) -> Result<Self, PacketError> {
        let (epoch, first_round) = (number(source)?, number(source)?);
        let [rounds, stretches] = <[u8; 2]>::decode(source).ok_or(PacketError::Length)?;
        if !(1..=ROUNDS).contains(&rounds) {
            return Err(PacketError::Value);
        }
        let bytes = source.take(usize::from(rounds).div_ceil(8)).ok_or(PacketError::Length)?;
        let named = bytes.iter().rev().fold(0, |named, byte| named << 8 | u64::from(*byte));
        let is_beyond = rounds < ROUNDS && named >> rounds != 0;
        if is_beyond || named.count_ones() > UPDATES {
            return Err(PacketError::Value);
        }
        let said = u32::decode(source).ok_or(PacketError::Length)?;
        let root = Hash::decode(source).ok_or(PacketError::Length)?;
        Ok(Self { epoch, first_round, rounds, stretches, named, said, root })
    }

    /// Leaves of its tree: one for each stretch, and one for the state at the end.
    #[must_use]
    pub const fn leaves(&self) -> u16 {
        self.stretches as u16 + 1
    }

    /// The root that binds the tree, whose own root this holds, to node, epoch, rounds and length.
    #[must_use]
    pub fn bind(&self, node: NodeId) -> Hash {
        let numbers = [node.0, self.epoch, self.first_round];
        let [node, epoch, first] = numbers.map(u32::to_le_bytes);
        let lengths = [self.rounds, self.stretches];
        let (named, said) = (self.named.to_le_bytes(), self.said.to_le_bytes());
        let parts: [&[u8]; 7] = [&node, &epoch, &first, &lengths, &named, &said, &self.root];
        hash("qres 2026 audit root v2", &parts)
    }

    /// Whether a tree with this root is what was committed.
    #[must_use]
    pub fn holds(&self, node: NodeId, root: Hash) -> bool {
        Self { root, ..*self }.bind(node) == self.root
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The newest commitment, once more.
    Commit,
    /// The stretch that ends with the update of this round.
    Round(u32),
    /// This stretch.
    Stretch(u8),
}

impl Ask {
    /// What is asked for, and which of these.
    const fn parts(self) -> (u8, u32) {
        match self {
            Self::Commit => (0, 0),
            Self::Round(round) => (1, round),
            Self::Stretch(place) => (2, place as u32),
        }
    }

    fn of(what: u8, which: u32) -> Option<Self> {
        match what {
            0 if which == 0 => Some(Self::Commit),
            1 => Some(Self::Round(which)),
            2 => Some(Self::Stretch(u8::try_from(which).ok()?)),
            _ => None,
        }
    }
}

impl Canonical for Ask {
    fn encode(&self, sink: &mut impl crate::canonical::Sink) {
        let (what, which) = self.parts();
        what.encode(sink);
        which.encode(sink);
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        Self::of(u8::decode(source)?, u32::decode(source)?)
    }
}

/// A message of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditMessage {
    /// What a node has computed.
    Commit {
        /// Who asked for it; [`NodeId::NONE`]: whoever hears it.
        to: NodeId,
        /// The commitment.
        commit: Commit,
    },
    /// To the node that is audited.
    Challenge {
        /// Who.
        to: NodeId,
        /// Which epoch.
        epoch: u32,
        /// What of it.
        ask: Ask,
        /// Parts that are here already, a bit each.
        have: u32,
    },
    /// To the node that asked: a part of what it asked for.
    Part {
        /// Who.
        to: NodeId,
        /// Of which epoch.
        epoch: u32,
        /// The part.
        part: Part,
    },
}

/// A part of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its place, from 0.
    pub index: u8,
    /// Parts of the whole, 1 to [`PARTS`].
    pub count: u8,
    length: u8,
    bytes: [u8; PART_BYTES],
}

impl Part {
    /// Part `index` of `count` with 1 to [`PART_BYTES`] bytes; all but the last are full.
    ///
    /// # Errors
    /// [`PacketError::Length`] for another number of bytes, [`PacketError::Fragment`] when index
    /// and count do not fit.
    pub fn new(index: u8, count: u8, part: &[u8]) -> Result<Self, PacketError> {
        if index >= count || usize::from(count) > PARTS {
            return Err(PacketError::Fragment);
        }
        let mut bytes = [0; PART_BYTES];
        let is_last = index + 1 == count;
        let place = bytes.get_mut(..part.len()).filter(|place| !place.is_empty());
        let place = place.filter(|place| is_last || place.len() == PART_BYTES);
        place.ok_or(PacketError::Length)?.copy_from_slice(part);
        Ok(Self { index, count, length: part.len() as u8, bytes })
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

impl AuditMessage {
    /// The one node meant, or `None` for a broadcast.
    #[must_use]
    pub const fn destination(&self) -> Option<NodeId> {
        match self {
            Self::Commit { to, .. } if to.0 == NodeId::NONE.0 => None,
            Self::Commit { to, .. } | Self::Challenge { to, .. } | Self::Part { to, .. } => {
                Some(*to)
            }
        }
    }

    /// Length of the payload, in bytes.
    #[must_use]
    pub const fn length(&self) -> usize {
        match self {
            Self::Commit { to, commit } => {
                let to = if to.0 == NodeId::NONE.0 { 0 } else { 4 };
                let numbers = length_of(commit.epoch) + length_of(commit.first_round);
                7 + to + numbers + commit.named_bytes() + HASH_BYTES
            }
            Self::Challenge { epoch, ask, have, .. } => {
                let (_, which) = ask.parts();
                6 + length_of(*epoch) + length_of(which) + length_of(*have)
            }
            Self::Part { epoch, part, .. } => 7 + length_of(*epoch) + part.length as usize,
        }
    }

    /// The payload, piece by piece.
    pub fn write(&self, put: &mut impl FnMut(&[u8])) {
        let mut bytes: heapless::Vec<u8, 56> = heapless::Vec::new();
        match self {
            Self::Commit { to, commit } => {
                if *to == NodeId::NONE {
                    COMMIT.encode(&mut bytes);
                } else {
                    COMMIT_TO.encode(&mut bytes);
                    to.encode(&mut bytes);
                }
                commit.put(&mut bytes);
                put(&bytes);
            }
            Self::Challenge { to, epoch, ask, have } => {
                CHALLENGE.encode(&mut bytes);
                to.encode(&mut bytes);
                let (what, which) = ask.parts();
                varint::put(&mut bytes, u64::from(*epoch));
                what.encode(&mut bytes);
                varint::put(&mut bytes, u64::from(which));
                varint::put(&mut bytes, u64::from(*have));
                put(&bytes);
            }
            Self::Part { to, epoch, part } => {
                PART.encode(&mut bytes);
                to.encode(&mut bytes);
                varint::put(&mut bytes, u64::from(*epoch));
                [part.index, part.count].encode(&mut bytes);
                put(&bytes);
                put(part.bytes());
            }
        }
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, PacketError> {
        let mut source = Source::new(bytes);
        let tag = u8::decode(&mut source).ok_or(PacketError::Length)?;
        let message = match tag {
            COMMIT => Self::Commit { to: NodeId::NONE, commit: Commit::take(&mut source)? },
            COMMIT_TO => {
                let to = NodeId::decode(&mut source).ok_or(PacketError::Length)?;
                // Who is nobody has a shorter form.
                if to == NodeId::NONE {
                    return Err(PacketError::Value);
                }
                Self::Commit { to, commit: Commit::take(&mut source)? }
            }
            CHALLENGE => {
                let (to, epoch) = addressed(&mut source)?;
                let what = u8::decode(&mut source).ok_or(PacketError::Length)?;
                let (which, have) = (number(&mut source)?, number(&mut source)?);
                let ask = Ask::of(what, which).ok_or(PacketError::Value)?;
                Self::Challenge { to, epoch, ask, have }
            }
            PART => {
                let (to, epoch) = addressed(&mut source)?;
                let [index, count] = <[u8; 2]>::decode(&mut source).ok_or(PacketError::Length)?;
                let rest = source.take(source.remaining()).unwrap_or(&[]);
                Self::Part { to, epoch, part: Part::new(index, count, rest)? }
            }
            _ => return Err(PacketError::Value),
        };
        if source.remaining() == 0 { Ok(message) } else { Err(PacketError::Length) }
    }
}

fn addressed(source: &mut Source<'_>) -> Result<(NodeId, u32), PacketError> {
    let to = NodeId::decode(source).ok_or(PacketError::Length)?;
    Ok((to, number(source)?))
}

fn number(source: &mut Source<'_>) -> Result<u32, PacketError> {
    let number = varint::take(source).ok_or(PacketError::Length)?;
    u32::try_from(number).map_err(|_| PacketError::Value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_commitments_out_of_range_are_refused() {
        assert_eq!(Part::new(0, 0, &[1]), Err(PacketError::Fragment));
        assert_eq!(Part::new(2, 2, &[1]), Err(PacketError::Fragment));
        assert_eq!(Part::new(0, PARTS as u8 + 1, &[1; 84]), Err(PacketError::Fragment));
        assert_eq!(Part::new(0, 2, &[1; 83]), Err(PacketError::Length), "only the last is short");
        assert_eq!(Part::new(1, 2, &[]), Err(PacketError::Length));
        assert_eq!(Part::new(1, 2, &[1; 85]), Err(PacketError::Length));
        assert!(Part::new(1, 2, &[1; 83]).is_ok());
        let mut bytes = [0; 30];
        assert_eq!(AuditMessage::read(&bytes), Err(PacketError::Value), "no rounds");
        bytes[3] = 1;
        assert!(AuditMessage::read(&bytes).is_ok());
        assert_eq!(AuditMessage::read(&bytes[..29]), Err(PacketError::Length));
        bytes[5] = 2;
        assert_eq!(AuditMessage::read(&bytes), Err(PacketError::Value), "names a second round");
        bytes[3] = ROUNDS;
        let mut full = [0xFF; 37];
        full[..5].copy_from_slice(&[COMMIT, 0, 0, ROUNDS, 9]);
        assert_eq!(AuditMessage::read(&full), Err(PacketError::Value), "names too many");
        full[7..13].fill(0);
        assert!(AuditMessage::read(&full).is_ok());
        bytes[3] = ROUNDS + 1;
        assert_eq!(AuditMessage::read(&bytes), Err(PacketError::Value), "too many rounds");
        bytes[0] = 4;
        assert_eq!(AuditMessage::read(&bytes), Err(PacketError::Value), "no such message");
        let mut to_nobody = [0; 34];
        to_nobody[..5].copy_from_slice(&[COMMIT_TO, 255, 255, 255, 255]);
        to_nobody[7] = 1;
        assert_eq!(AuditMessage::read(&to_nobody), Err(PacketError::Value), "to nobody");
    }

    #[test]
    fn a_commitment_names_rounds_of_its_own_only() {
        let commit = Commit { first_round: 5, rounds: 64, named: 1 << 63 | 1, ..Commit::default() };
        let table =
            [(4, false), (5, true), (6, false), (68, true), (69, false), (5 + (1 << 31), false)];
        for (round, named) in table {
            assert_eq!(commit.names(round), named, "{round}");
        }
        assert!(!commit.covers(4) && commit.covers(68) && !commit.covers(69));
    }

    #[test]
    fn a_root_binds_all_that_is_said_of_it() {
        let (rounds, stretches, root) = (16, 40, [7; HASH_BYTES]);
        let (epoch, first_round, named, said) = (3, 17, 9, 77);
        let commit = Commit { epoch, first_round, rounds, stretches, named, said, root };
        let bound = Commit { root: commit.bind(NodeId(5)), ..commit };
        assert!(bound.holds(NodeId(5), commit.root));
        assert_eq!((bound.last_round(), bound.leaves()), (32, 41));
        let others = [
            Commit { epoch: 4, ..bound },
            Commit { first_round: 18, ..bound },
            Commit { rounds: 17, ..bound },
            Commit { stretches: 41, ..bound },
            Commit { named: 8, ..bound },
            Commit { said: 78, ..bound },
        ];
        assert!(others.iter().all(|other| !other.holds(NodeId(5), commit.root)));
        assert!(!bound.holds(NodeId(6), commit.root) && !bound.holds(NodeId(5), [8; HASH_BYTES]));
    }
}
