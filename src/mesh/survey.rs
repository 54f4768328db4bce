//! Surveys: what a state is told by, so that a difference between two runs names the part and the
//! nodes. No part of any digest; made in the pass that computes one.

use bevy::ecs::world::World;
use qres_core::id::Tick;

use super::lanes::{LANE_BITS, lane_width};
use super::orders::{self, Orders};
use super::resources::Roster;
use super::snapshot::{self, Buffer, Digest, Sections};

/// Hashes of the state after a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Ticks run.
    pub tick: Tick,
    /// The digest of the run so far.
    pub digest: Digest,
    /// The digest of each of [`snapshot::SECTIONS`].
    pub sections: Sections,
    /// BLAKE3 of all commands that took effect, with their ticks.
    pub commands: [u8; 32],
    /// Nodes that have joined.
    pub nodes: u32,
    /// For each node, or for so many with consecutive ids as [`lane_width`] says: 24 bits of a hash
    /// of their state in all sections.
    pub lanes: Vec<u32>,
}

impl Survey {
    pub(super) fn of(world: &mut World, now: Tick, chain: &Digest) -> Self {
        let nodes = world.resource::<Roster>().0.len() as u32;
        let width = lane_width(nodes) as usize;
        let mut lanes = vec![SEED; (nodes as usize).div_ceil(width)];
        let sections = snapshot::sections_of(world, |place, bytes| {
            if let Some(lane) = lanes.get_mut(place / width) {
                *lane = mix(*lane, bytes);
            }
        });
        let mut log = Buffer(Vec::new());
        orders::encode(world.resource::<Orders>(), &mut log);
        let lanes = lanes.into_iter().map(|lane| (lane >> (u64::BITS - LANE_BITS)) as u32);
        Self {
            tick: now,
            digest: chain.link(now, &sections),
            sections,
            commands: *blake3::hash(&log.0).as_bytes(),
            nodes,
            lanes: lanes.collect(),
        }
    }
}

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const FACTOR: u64 = 0xFF51_AFD7_ED55_8CCD;

/// Stirs bytes into a hash, eight at a time, the last ones with their number. It is quick and made
/// for accidents: whoever wants two states to look alike can.
fn mix(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut stir = |word: u64| {
        hash = (hash ^ word).wrapping_mul(FACTOR);
        hash ^= hash >> 32;
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        stir(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
    stir(u64::from_le_bytes(last));
    stir(bytes.len() as u64);
    // Only high bits are kept, and multiplication carries upwards alone.
    hash.wrapping_mul(FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Mesh;
    use crate::mesh::plan::Plan;
    use crate::scenario::{Command, Scenario};

    fn mesh(nodes: u32) -> Mesh {
        let text = format!(
            "(title: \"t\", watch_for: \"w\", nodes: (count: {nodes}),
             signals: [(modality: \"a\")])"
        );
        let scenario = Scenario::parse("t", &text).unwrap_or_else(|problem| panic!("{problem:#}"));
        Mesh::new(Plan::new(&scenario, 5, &Vec::new()).expect("a plan"), 1)
    }

    #[test]
    fn a_survey_names_the_node_and_costs_no_digest() {
        let (mut plain, mut looked, mut struck) = (mesh(20), mesh(20), mesh(20));
        let _ = (looked.survey(), struck.survey());
        for tick in 0..520 {
            if tick == 518 {
                let drain = Command::Drain { nodes: "7".to_owned(), percent: 1 };
                struck.command(drain).expect("in order");
                // It waits, and is no part of the survey yet.
                assert_eq!(struck.survey(), looked.survey());
            }
            for mesh in [&mut plain, &mut looked, &mut struck] {
                mesh.step();
            }
        }
        let (seen, other) = (looked.survey(), struck.survey());
        assert_eq!((seen.digest, seen.tick), (plain.digest(), Tick(520)));
        assert_eq!(seen.sections, plain.sections());
        let parts: Vec<usize> = (0..20).filter(|at| seen.lanes[*at] != other.lanes[*at]).collect();
        assert!(parts.contains(&7), "{parts:?}");
        assert_ne!(seen.commands, other.commands);
        assert_ne!(
            looked.node_sections(qres_core::id::NodeId(7)),
            struck.node_sections(qres_core::id::NodeId(7))
        );
        assert_eq!(looked.node_sections(qres_core::id::NodeId(20)), None);
    }

    #[test]
    fn every_bit_of_a_lane_depends_on_every_byte() {
        let text: Vec<u8> = (0..21).collect();
        let whole = mix(SEED, &text);
        for place in 0..text.len() {
            let (mut ones, mut bits) = (0, 0);
            for bit in 0..8 {
                let mut other = text.clone();
                other[place] ^= 1 << bit;
                let changed = (mix(SEED, &other) ^ whole) >> (64 - LANE_BITS);
                assert_ne!(changed, 0);
                ones += changed.count_ones();
                bits += LANE_BITS;
            }
            assert!(ones * 3 > bits && ones * 3 < 2 * bits, "{place}: {ones} of {bits}");
        }
        assert_ne!(mix(SEED, &text), mix(SEED, &text[..20]));
    }
}
