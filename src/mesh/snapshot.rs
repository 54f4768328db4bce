//! Snapshots and digests: one canonical encoding of all state, in sections, that hashes and comes
//! back. What is not in here does not exist between ticks.

use std::sync::{Arc, OnceLock};

use bevy::ecs::prelude::*;
use qres_core::canonical::{Canonical, Sink, Source, encode_slice};
use qres_core::fragment::Reassembly;
use qres_core::id::Tick;
use qres_core::inbox::Inbox;
use qres_core::responder::Route;
use qres_core::trust::Neighbour;

use super::archive::{Archive, Streaming};
use super::auditing::Auditing;
use super::components::{
    Battery, Carried, Detector, Entropy, Genome, Heritage, Identity, Memory, Neuron, Private,
    Quiet, Schedule, Score, Sensor, Standing, Tally, Trust, Tuning,
};
use super::condition::Condition;
use super::fusing::Fusing;
use super::guard::Guard;
use super::malice::Exposure;
use super::orders::{self, Orders};
use super::overheard::{self, Overheard};
use super::resources::{Cascades, Clock, Founding, Roster, Setup};
use super::sums::{Collecting, Summing};
use super::trusting::Dossier;
use crate::world::signal::SensorState;

/// Names of the sections, in order.
pub const SECTIONS: [&str; 5] = ["world", "radio", "nodes", "trust", "energy"];

const MAGIC: [u8; 4] = *b"QSN4";

/// Version of what a tick does; part of every digest. Changed together with the golden traces.
pub const RULES_VERSION: u32 = 6;

/// Fewer bytes than any node has in all sections together.
const NODE_BYTES_MIN: usize = 256;

/// The digest of each section.
pub type Sections = [[u8; 32]; SECTIONS.len()];

/// BLAKE3 over the chain of checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The chain with one more checkpoint.
    #[must_use]
    pub fn link(&self, now: Tick, sections: &Sections) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&RULES_VERSION.to_le_bytes());
        hasher.update(&self.0).update(&now.0.to_le_bytes());
        for section in sections {
            hasher.update(section);
        }
        Self(*hasher.finalize().as_bytes())
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// Why bytes are not a snapshot of this mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// Not a snapshot, or one of another version.
    Magic,
    /// Bytes are missing, left over, or mean nothing.
    Damaged,
    /// Of another scenario, seed or rules version.
    OtherPlan,
}

impl std::fmt::Display for SnapshotError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Magic => "not a snapshot of this version",
            Self::Damaged => "the snapshot is damaged or cut short",
            Self::OtherPlan => "the snapshot is of another scenario, seed or rules version",
        })
    }
}

impl std::error::Error for SnapshotError {}

/// A growing buffer for canonical bytes.
pub(super) struct Buffer(pub Vec<u8>);

impl Sink for Buffer {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// What the radio of a node remembers, but for its guard.
type RadioState<'w> = (
    &'w Memory,
    Option<&'w Streaming>,
    Option<&'w Archive>,
    Option<&'w Summing>,
    Option<&'w Collecting>,
    Option<&'w Condition>,
);

/// All state of a node.
pub(super) type State<'w> = (
    &'w Identity,
    (&'w Sensor, &'w Tally, &'w Score),
    RadioState<'w>,
    (
        &'w Neuron,
        &'w Entropy,
        &'w Detector,
        &'w Quiet,
        &'w Schedule,
        &'w Genome,
        Option<&'w Carried>,
        Option<&'w Private>,
    ),
    (
        &'w Standing,
        &'w Trust,
        Option<&'w Tuning>,
        Option<&'w Heritage>,
        Option<&'w Auditing>,
        Option<&'w Dossier>,
    ),
    (&'w Battery, Option<&'w Fusing>, Option<&'w Guard>),
);

/// Appends a section of a node's state.
pub(super) fn encode(section: usize, state: State<'_>, sink: &mut Buffer) {
    let (_, (sensor, tally, score), radio, mind, standing, (battery, fusing, guard)) = state;
    let (standing, trust, tuning, heritage, auditing, dossier) = standing;
    match section {
        0 => {
            sensor.state.encode(sink);
            tally.encode(sink);
            score.encode(sink);
            if let Some(fusing) = fusing {
                fusing.sensors.iter().for_each(|sensor| sensor.state.encode(sink));
            }
        }
        1 => encode_radio(radio, guard, sink),
        2 => {
            let (neuron, entropy, detector, quiet, schedule, genome, carried, private) = mind;
            neuron.0.encode(sink);
            entropy.0.encode(sink);
            detector.0.encode(sink);
            quiet.0.encode(sink);
            schedule.0.encode(sink);
            if let Some(evolution) = &genome.0 {
                evolution.encode(sink);
            }
            if let Some(carried) = carried {
                carried.0.encode(sink);
            }
            if let Some(fusing) = fusing {
                fusing.fusion.encode(sink);
            }
            if let Some(private) = private {
                private.0.disclosed.encode(sink);
            }
        }
        3 => {
            standing.0.encode(sink);
            encode_slice(&trust.0, sink);
            // A page that only some meshes have takes no byte in the others.
            if let Some(tuning) = tuning {
                tuning.0.encode(sink);
            }
            if let Some(heritage) = heritage {
                heritage.0.encode(sink);
            }
            if let Some(auditing) = auditing {
                auditing.0.encode(sink);
            }
            if let Some(dossier) = dossier {
                dossier.encode(sink);
            }
        }
        _ => battery.0.encode(sink),
    }
}

/// What the radio of a node remembers.
fn encode_radio(radio: RadioState<'_>, guard: Option<&Guard>, sink: &mut Buffer) {
    let (memory, streaming, archive, summing, collecting, condition) = radio;
    let empty = Inbox::default();
    memory.inbox.as_deref().unwrap_or(&empty).encode(sink);
    let none = Reassembly::default();
    memory.reassembly.as_deref().unwrap_or(&none).encode(sink);
    encode_slice(memory.service.as_ref().map_or(&[][..], |s| &s.routes), sink);
    if let Some(guard) = guard {
        guard.encode(sink);
    }
    if let Some(streaming) = streaming {
        streaming.encode(sink);
    }
    if let Some(archive) = archive {
        archive.encode(sink);
    }
    if let Some(summing) = summing {
        summing.encode(sink);
    }
    if let Some(collecting) = collecting {
        collecting.encode(sink);
    }
    if let Some(condition) = condition {
        condition.encode(sink);
    }
}

/// Encodes a section, nodes in order of id. `each` gets the bytes of every node with its place,
/// `flush` all bytes in pieces, which it empties.
pub(super) fn encode_section(
    world: &mut World,
    section: usize,
    mut each: impl FnMut(usize, &[u8]),
    mut flush: impl FnMut(&mut Vec<u8>),
) {
    let query = world.query::<State<'static>>();
    let mut buffer = Buffer(Vec::with_capacity(PIECE + PIECE / 4));
    for (place, entity) in world.resource::<Roster>().0.iter().enumerate() {
        let start = buffer.0.len();
        if let Ok(state) = query.get_manual(world, *entity) {
            encode(section, state, &mut buffer);
        }
        each(place, buffer.0.get(start..).unwrap_or_default());
        if buffer.0.len() >= PIECE {
            flush(&mut buffer.0);
        }
    }
    if section == 0 {
        world.resource::<Cascades>().encode(&mut buffer);
        let (orders, overheard) = (world.resource::<Orders>(), world.resource::<Overheard>());
        // What only some meshes have takes no byte in the others.
        if !orders.is_empty() || overheard.is_on() {
            orders::encode(orders, &mut buffer);
            overheard::encode(overheard, &mut buffer);
        }
    }
    flush(&mut buffer.0);
}

/// Bytes that are encoded before they are hashed.
const PIECE: usize = 1 << 16;

/// The digest of each section.
pub(super) fn sections(world: &mut World) -> Sections {
    sections_of(world, |_, _| {})
}

/// The same; `each` gets the bytes of every node with its place.
pub(super) fn sections_of(world: &mut World, mut each: impl FnMut(usize, &[u8])) -> Sections {
    core::array::from_fn(|section| {
        let mut hasher = blake3::Hasher::new();
        encode_section(world, section, &mut each, |piece| {
            hasher.update(piece);
            piece.clear();
        });
        *hasher.finalize().as_bytes()
    })
}

/// The encoding of the node at `place`, by section; nothing for one that has not joined.
pub(super) fn node(world: &mut World, place: usize) -> Option<[Vec<u8>; SECTIONS.len()]> {
    let entity = *world.resource::<Roster>().0.get(place)?;
    let query = world.query::<State<'static>>();
    let part = |section| {
        let mut buffer = Buffer(Vec::new());
        if let Ok(state) = query.get_manual(world, entity) {
            encode(section, state, &mut buffer);
        }
        buffer.0
    };
    Some(core::array::from_fn(part))
}

/// The fingerprint of a world, once it is known: it takes longer than all the rest of a snapshot.
#[derive(Resource, Clone, Default)]
pub(super) struct Print(Arc<OnceLock<[u8; 32]>>);

/// What a mesh was built from, and the rules it runs by, in 32 bytes.
pub(super) fn fingerprint(world: &World) -> [u8; 32] {
    *world.resource::<Print>().0.get_or_init(|| find_fingerprint(world))
}

fn find_fingerprint(world: &World) -> [u8; 32] {
    let plan = &world.resource::<Founding>().0;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&RULES_VERSION.to_le_bytes());
    hasher.update(&plan.seed.to_le_bytes()).update(&plan.sample_every.to_le_bytes());
    hasher.update(format!("{:?} {:?} {:?}", plan.config, plan.storms, plan.sun).as_bytes());
    hasher.update(&[u8::from(plan.collisions), u8::from(plan.listens), plan.integrity as u8]);
    if !plan.faults.is_empty() {
        hasher.update(format!("{:?}", plan.faults).as_bytes());
    }
    for signal in plan.signals.iter() {
        signal.hash_into(&mut hasher);
    }
    for companions in plan.companions.iter() {
        companions.iter().for_each(|kind| {
            hasher.update(&[*kind]);
        });
        hasher.update(&[u8::MAX]);
    }
    if let Some(sums) = &plan.sums {
        hasher.update(format!("{:?} {}", sums.groups, sums.patience).as_bytes());
        if let Some(terms) = &sums.terms {
            hasher.update(format!("{terms:?}").as_bytes());
        }
    }
    plan.graph.hash_into(&mut hasher);
    for (id, gene) in &plan.memory {
        hasher.update(&id.0.to_le_bytes()).update(gene);
    }
    for node in plan.nodes.iter() {
        hasher.update(format!("{node:?}").as_bytes());
    }
    for order in plan.commands.iter() {
        hasher.update(format!("{order:?}").as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// The whole state as bytes.
pub(super) fn save(world: &mut World, chain: &Digest) -> Vec<u8> {
    let mut out = Buffer(MAGIC.to_vec());
    world.resource::<Clock>().now.encode(&mut out);
    fingerprint(world).encode(&mut out);
    (world.resource::<Roster>().0.len() as u32).encode(&mut out);
    chain.0.encode(&mut out);
    world.resource::<Exposure>().first.encode(&mut out);
    orders::encode(world.resource::<Orders>(), &mut out);
    orders::encode_outside(world.resource::<Orders>(), &mut out);
    for section in 0..SECTIONS.len() {
        let mut bytes = Vec::new();
        encode_section(world, section, |_, _| {}, |piece| bytes.append(piece));
        (bytes.len() as u64).encode(&mut out);
        out.put(&bytes);
    }
    out.0
}

/// Puts a world in which nobody has joined yet into the state of a snapshot; returns the digest
/// chain.
pub(super) fn load(world: &mut World, bytes: &[u8]) -> Result<Digest, SnapshotError> {
    let damaged = SnapshotError::Damaged;
    let mut source = Source::new(bytes);
    if source.take(MAGIC.len()) != Some(&MAGIC) {
        return Err(SnapshotError::Magic);
    }
    let now = Tick::decode(&mut source).ok_or(damaged)?;
    if <[u8; 32]>::decode(&mut source).ok_or(damaged)? != fingerprint(world) {
        return Err(SnapshotError::OtherPlan);
    }
    let count = u32::decode(&mut source).ok_or(damaged)? as usize;
    let chain = Digest(Canonical::decode(&mut source).ok_or(damaged)?);
    let first = Canonical::decode(&mut source).ok_or(damaged)?;
    world.insert_resource(Exposure { first });
    // First what commands have changed for good: nodes are born into that.
    let ordered = orders::decode(&mut source).ok_or(damaged)?;
    // Before there is room for anybody: a few bytes are not the state of many nodes.
    if count.saturating_mul(NODE_BYTES_MIN) > source.remaining() {
        return Err(damaged);
    }
    orders::repeat(world, ordered, now, count).ok_or(damaged)?;
    orders::decode_outside(world, &mut source).ok_or(damaged)?;
    let plan = world.resource::<Setup>().0.clone();
    if count > plan.nodes.len() {
        return Err(SnapshotError::OtherPlan);
    }
    super::build::spawn_up_to(world, &plan, count);
    let entities = world.resource::<Roster>().0.clone();
    for section in 0..SECTIONS.len() {
        let length = u64::decode(&mut source).ok_or(damaged)?;
        let length = usize::try_from(length).map_err(|_| damaged)?;
        let mut part = Source::new(source.take(length).ok_or(damaged)?);
        for entity in &entities {
            decode(section, &mut world.entity_mut(*entity), &mut part).ok_or(damaged)?;
        }
        if section == 0 {
            decode_shared(world, &mut part).ok_or(damaged)?;
        }
        if part.remaining() > 0 {
            return Err(damaged);
        }
    }
    if source.remaining() > 0 {
        return Err(damaged);
    }
    world.resource_mut::<Clock>().now = now;
    Ok(chain)
}

/// What section 0 has behind its nodes.
fn decode_shared(world: &mut World, source: &mut Source<'_>) -> Option<()> {
    *world.resource_mut::<Cascades>() = Canonical::decode(source)?;
    let (orders, overheard) = (world.resource::<Orders>(), world.resource::<Overheard>());
    if orders.is_empty() && !overheard.is_on() {
        return Some(());
    }
    // Part of the digest; they were read before.
    let mut said = Buffer(Vec::new());
    orders::encode(orders, &mut said);
    if source.take(said.0.len()) != Some(&said.0) {
        return None;
    }
    overheard::decode(&mut world.resource_mut::<Overheard>(), source)
}

fn decode(section: usize, node: &mut EntityWorldMut<'_>, source: &mut Source<'_>) -> Option<()> {
    match section {
        0 => {
            node.get_mut::<Sensor>()?.state = SensorState::decode(source)?;
            *node.get_mut::<Tally>()? = Tally::decode(source)?;
            *node.get_mut::<Score>()? = Score::decode(source)?;
            if let Some(mut fusing) = node.get_mut::<Fusing>() {
                for sensor in &mut fusing.sensors {
                    sensor.state = SensorState::decode(source)?;
                }
            }
        }
        1 => decode_radio(node, source)?,
        2 => {
            node.get_mut::<Neuron>()?.0 = Canonical::decode(source)?;
            node.get_mut::<Entropy>()?.0 = Canonical::decode(source)?;
            node.get_mut::<Detector>()?.0 = Canonical::decode(source)?;
            node.get_mut::<Quiet>()?.0 = Canonical::decode(source)?;
            node.get_mut::<Schedule>()?.0 = Canonical::decode(source)?;
            if let Some(evolution) = &mut node.get_mut::<Genome>()?.0 {
                **evolution = Canonical::decode(source)?;
            }
            if let Some(mut carried) = node.get_mut::<Carried>() {
                carried.0 = Canonical::decode(source)?;
            }
            if let Some(mut fusing) = node.get_mut::<Fusing>() {
                fusing.fusion = Canonical::decode(source)?;
            }
            if let Some(mut private) = node.get_mut::<Private>() {
                private.0.disclosed = Canonical::decode(source)?;
            }
        }
        3 => {
            node.get_mut::<Standing>()?.0 = Canonical::decode(source)?;
            decode_slice::<Neighbour>(&mut node.get_mut::<Trust>()?.0, source)?;
            if let Some(mut tuning) = node.get_mut::<Tuning>() {
                *tuning.0 = Canonical::decode(source)?;
            }
            if let Some(mut heritage) = node.get_mut::<Heritage>() {
                *heritage.0 = Canonical::decode(source)?;
            }
            if let Some(mut auditing) = node.get_mut::<Auditing>() {
                *auditing.0 = Canonical::decode(source)?;
            }
            if let Some(mut dossier) = node.get_mut::<Dossier>() {
                dossier.decode(source)?;
            }
        }
        _ => node.get_mut::<Battery>()?.0 = Canonical::decode(source)?,
    }
    Some(())
}

/// The inverse of [`encode_radio`].
fn decode_radio(node: &mut EntityWorldMut<'_>, source: &mut Source<'_>) -> Option<()> {
    let mut memory = node.get_mut::<Memory>()?;
    let inbox = Inbox::decode(source)?;
    memory.inbox = (!inbox.offers().is_empty()).then(|| Box::new(inbox));
    let table = Reassembly::decode(source)?;
    memory.reassembly = (!table.is_empty()).then(|| Box::new(table));
    let routes = memory.service.as_mut().map_or(&mut [][..], |s| &mut s.routes);
    decode_slice::<Route>(routes, source)?;
    if let Some(mut guard) = node.get_mut::<Guard>() {
        guard.decode(source)?;
    }
    if let Some(mut streaming) = node.get_mut::<Streaming>() {
        *streaming = Canonical::decode(source)?;
    }
    if let Some(mut archive) = node.get_mut::<Archive>() {
        *archive = Canonical::decode(source)?;
    }
    if let Some(mut summing) = node.get_mut::<Summing>() {
        summing.decode(source)?;
    }
    if let Some(mut collecting) = node.get_mut::<Collecting>() {
        collecting.decode(source)?;
    }
    if let Some(mut condition) = node.get_mut::<Condition>() {
        *condition = Canonical::decode(source)?;
    }
    Some(())
}

/// Reads a list that must be as long as the place for it.
pub(super) fn decode_slice<T: Canonical>(place: &mut [T], source: &mut Source<'_>) -> Option<()> {
    if u32::decode(source)? as usize != place.len() {
        return None;
    }
    for slot in place {
        *slot = T::decode(source)?;
    }
    Some(())
}
