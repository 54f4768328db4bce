//! What the lines of a recording say, as types and as RON. docs/recording.md is the same for
//! people. Must not read or write files.

use data_encoding::{BASE64, HEXLOWER};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::mesh::lanes::{LANE_BITS, lane_width};
use crate::scenario::{Camera, Command};

/// Version of the format.
pub const FORMAT: u32 = 1;

/// What each of [`Checkpoint::parts`] is a hash of.
pub const PARTS: [&str; 6] = ["commands", "world", "radio", "nodes", "trust", "energy"];

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) enum Record {
    /// The first.
    Header(Header),
    /// A command from outside, at the tick that begins with it.
    Command { tick: u64, command: Command },
    /// The state after so many ticks.
    Checkpoint(Checkpoint),
    /// What a serial board sent in a tick.
    Board(Board),
    /// A remark.
    Note(Remark),
    /// The last.
    End(End),
}

/// What was run, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// Who wrote it: name and version.
    pub build: String,
    /// The version of the rules that the mesh ran by.
    pub rules: u32,
    /// The path or name of the scenario.
    pub name: String,
    /// The seed in force.
    pub seed: u64,
    /// Milliseconds of a tick.
    pub tick_ms: u32,
    /// Ticks between checkpoints.
    pub checkpoint_every: u64,
    /// The identity of what the mesh was built from.
    pub plan: Hash,
    /// Data files that the scenario names, with the BLAKE3 of each.
    pub data: Vec<(String, Hash256)>,
    /// Models that nodes were born with, from an earlier run.
    pub genes: Vec<(u32, Base64)>,
    /// The text of the scenario's file.
    pub scenario: String,
}

/// What the state after some ticks is told by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Ticks run.
    pub tick: u64,
    /// What was ordered.
    pub commands: Hash,
    /// Weather, sensors, counters.
    pub world: Hash,
    /// Inboxes, routes, frames in parts.
    pub radio: Hash,
    /// Models, regimes, schedules.
    pub nodes: Hash,
    /// Reputations and votes.
    pub trust: Hash,
    /// Batteries.
    pub energy: Hash,
    /// Nodes that had joined.
    pub joined: u32,
    /// A short hash of each node, or of several with consecutive ids.
    pub lanes: Lanes,
}

impl Checkpoint {
    /// The hashes, in the order of [`PARTS`].
    #[must_use]
    pub const fn parts(&self) -> [Hash; 6] {
        [self.commands, self.world, self.radio, self.nodes, self.trust, self.energy]
    }

    /// Whether there are as many lanes as nodes need.
    pub(super) fn is_whole(&self) -> bool {
        self.lanes.0.len() as u32 == self.joined.div_ceil(lane_width(self.joined))
    }
}

/// What a serial board brought into a tick: its reading and its words, or that it missed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// The tick in which they were taken.
    pub tick: u64,
    /// The node that the board is.
    pub node: u32,
    /// The bytes.
    pub bytes: Hex,
}

/// A note with its tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Ticks run when it was made.
    pub tick: u64,
    /// What it says.
    pub note: Note,
}

/// What is remembered of how a run was watched. No part of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Note {
    /// The run had come this far.
    Reached,
    /// It was stopped, or went on.
    Paused(bool),
    /// Its speed, in thousandths of real time.
    Speed(u32),
    /// Where the camera was moved to. Its name says nothing.
    Camera(Camera),
    /// The camera shows the whole scene again.
    Home,
    /// How nodes were arranged, by the name that the window has for it.
    Layout(String),
    /// The moment of this line is one that somebody wants to find again: its name.
    Bookmark(String),
    /// The same of a tick that came before this line; another name takes the place of its last.
    Mark(u64, String),
    /// The bookmark of that tick was taken away.
    Unmark(u64),
    /// A remark.
    Text(String),
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Ticks run.
    pub tick: u64,
    /// The digest, as `qres run` prints it.
    pub digest: Hash256,
}

/// The first eight bytes of a BLAKE3, as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash(pub [u8; 8]);

impl Hash {
    /// The first bytes of a hash.
    #[must_use]
    pub fn of(whole: [u8; 32]) -> Self {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(whole).for_each(|(slot, byte)| *slot = byte);
        Self(bytes)
    }
}

/// A BLAKE3, as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash256(pub [u8; 32]);

/// Bytes as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

/// Bytes in base 64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

/// 24 bits for each lane, four characters in base 64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lanes(pub Vec<u32>);

fn hex<'de, const N: usize, D: Deserializer<'de>>(from: D) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(from)?;
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)?;
    let wanted = || D::Error::custom(format!("{} hexadecimal digits, not {}", 2 * N, text.len()));
    bytes.try_into().map_err(|_| wanted())
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        HEXLOWER.encode(&self.0).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        hex(from).map(Self)
    }
}

impl Serialize for Hash256 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        HEXLOWER.encode(&self.0).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Hash256 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        hex(from).map(Self)
    }
}

impl std::fmt::Display for Hash256 {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        HEXLOWER.encode(&self.0).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        HEXLOWER.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        BASE64.encode(&self.0).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        BASE64.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

/// Bytes of a lane.
const LANE_BYTES: usize = (LANE_BITS / u8::BITS) as usize;

impl Serialize for Lanes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bytes = |lane: &u32| lane.to_le_bytes().into_iter().take(LANE_BYTES);
        let bytes: Vec<u8> = self.0.iter().flat_map(bytes).collect();
        BASE64.encode(&bytes).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Lanes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Base64(bytes) = Base64::deserialize(from)?;
        let (lanes, rest) = bytes.as_chunks::<LANE_BYTES>();
        if !rest.is_empty() {
            return Err(D::Error::custom("lanes of three bytes each"));
        }
        Ok(Self(lanes.iter().map(|[a, b, c]| u32::from_le_bytes([*a, *b, *c, 0])).collect()))
    }
}
