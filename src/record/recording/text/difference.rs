//! How two states differ, by their checkpoints: which parts, which nodes, and that in words.

use std::fmt;

use super::format::{Checkpoint, PARTS};
use crate::mesh::lanes::lane_width;

/// Nodes, or lanes of several, that are named; of others only the number is told.
const NAMED: usize = 8;

/// What differs between two states of one tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Apart {
    /// The names of the parts, of [`PARTS`]. None where only the digests differ.
    pub parts: Vec<&'static str>,
    /// Ids of nodes, first and last of each lane; none where the difference is in what all share.
    pub nodes: Vec<(u32, u32)>,
    /// Nodes that had joined, where that differs.
    pub joined: Option<(u32, u32)>,
}

impl Checkpoint {
    /// How this state differs from another; `None` where nothing does.
    #[must_use]
    pub fn apart(&self, other: &Self) -> Option<Apart> {
        let pairs = PARTS.iter().zip(self.parts().into_iter().zip(other.parts()));
        let parts = pairs.filter(|(_, (one, two))| one != two).map(|(name, _)| *name).collect();
        let width = lane_width(self.joined);
        let mut apart = Apart { parts, ..Apart::default() };
        if self.joined != other.joined {
            apart.joined = Some((self.joined, other.joined));
        }
        if width == lane_width(other.joined) {
            let last = self.joined.max(other.joined).saturating_sub(1);
            let lanes = self.lanes.0.iter().zip(&other.lanes.0).zip((0..).step_by(width as usize));
            apart.nodes = lanes
                .filter(|((one, two), _)| one != two)
                .map(|(_, first): (_, u32)| (first, (first + (width - 1)).min(last)))
                .collect();
        }
        let same = apart.parts.is_empty() && apart.nodes.is_empty() && apart.joined.is_none();
        (!same).then_some(apart)
    }
}

impl fmt::Display for Apart {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts.as_slice() {
            [] => write!(out, "in the digest alone")?,
            [one] => write!(out, "in the section {one}")?,
            [first @ .., last] => write!(out, "in the sections {} and {last}", first.join(", "))?,
        }
        if let Some((one, other)) = self.joined {
            write!(out, ", with {one} nodes and {other}")?;
        }
        let name = |(first, last): &(u32, u32)| match first == last {
            true => format!("{first}"),
            false => format!("{first}-{last}"),
        };
        let named: Vec<String> = self.nodes.iter().take(NAMED).map(name).collect();
        match named.as_slice() {
            [] if self.joined.is_none() && !self.parts.is_empty() => {
                write!(out, ", in no node of its own but in what all share")
            }
            [] => Ok(()),
            [one] if self.nodes.iter().all(|(first, last)| first == last) => {
                write!(out, ", in node {one}")
            }
            several => {
                write!(out, ", in nodes {}", several.join(", "))?;
                match self.nodes.len().saturating_sub(NAMED) {
                    0 => Ok(()),
                    more if self.nodes.iter().all(|(first, last)| first == last) => {
                        write!(out, " and {more} more")
                    }
                    more => write!(out, " and {more} more such groups"),
                }
            }
        }
    }
}

/// Where a replay parts from its recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The recording as messages call it.
    pub file: String,
    /// The last checkpoint that agreed; `None`: not even the start did.
    pub after: Option<u64>,
    /// The tick of the checkpoint that does not.
    pub tick: u64,
    /// What differs there.
    pub apart: Apart,
    /// The header says what the run was built from, and that is something else.
    pub edited: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: the replay parts from the recording ", self.file)?;
        match self.after {
            None => write!(out, "at the start: seen at tick {}", self.tick)?,
            Some(after) => {
                write!(out, "between tick {after} and tick {}: ", self.tick)?;
                write!(out, "first seen at the checkpoint of tick {}", self.tick)?;
            }
        }
        write!(out, ", {}", self.apart)?;
        if self.edited {
            write!(
                out,
                "; its scenario, seed or data are not those that were recorded, or another "
            )?;
            write!(out, "build of this program has recorded it")?;
        }
        Ok(())
    }
}

impl std::error::Error for Difference {}
