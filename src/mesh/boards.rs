//! Boards in the mesh: nodes whose sensor and radio are real for a tick. What a board read and said
//! is given before the tick, like a command, and is all that it brings in; whoever gives the same
//! bytes for the same ticks gets the same run, with no board there. Must not know of ports.
//!
//! The entity goes on being the node: it is the board's twin. It takes the board's reading in place
//! of its synthetic one and computes what the board should have said; neighbours receive what the
//! board did say.

pub(super) mod brought;

use std::collections::{BTreeMap, BTreeSet};

use bevy::ecs::prelude::*;
use qres_core::canonical::{Canonical, Sink, Source};
use qres_core::disturbance::Disturbance;
use qres_core::id::{NodeId, Tick};
use qres_core::packet::{Header, Message};
use qres_core::q16::Q16;
use qres_core::radio::Outgoing;
use qres_core::wake::Role;

use super::Mesh;
use super::condition::Condition;
use super::orders::Orders;
use super::plan::Plan;
use super::resources::{Queued, Roster, Setup};
use super::snapshot::Buffer;
use crate::scenario::Integrity;
use crate::world::attack;
use crate::world::storm::Reading;

/// Messages that a board can say in one tick.
pub const SAID_MAX: usize = 16;
/// Longest of them as a frame, in bytes.
pub const SAID_BYTES_MAX: usize = qres_core::radio::FRAME_MAX;
/// Q16.16 deviations at which a board's lamp is at its brightest.
const LAMP_FULL: i64 = 8 << 16;

/// What a board did in a tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BoardInput {
    /// It did not answer in time: its node senses nothing and nobody hears it.
    #[default]
    Missed,
    /// It answered.
    Heard(Said),
}

/// What a board did in one tick of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardTick {
    /// The tick.
    pub tick: u64,
    /// The board's node.
    pub node: NodeId,
    /// What it did.
    pub input: BoardInput,
}

/// What a board answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What its own sensor read; `None` where no reading was due or the sensor gave none.
    pub raw: Option<Q16>,
    /// What it was told to make of that.
    pub disturbance: Disturbance,
    /// What it said, in its order.
    pub frames: Vec<SaidFrame>,
}

impl Said {
    /// The sample that comes of the reading.
    #[must_use]
    pub fn sample(&self) -> Option<Q16> {
        self.raw.map(|raw| self.disturbance.bend(raw))
    }
}

/// A message of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidFrame {
    /// Start of transmission, in microseconds from the tick's start.
    pub at_us: u32,
    /// Header and message in one piece, at most [`SAID_BYTES_MAX`] bytes.
    pub bytes: Vec<u8>,
}

/// Why an input, or a board in a place, is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoardError {
    /// The mesh has no such node.
    NoNode(NodeId),
    /// The node joins later.
    NotYet(NodeId, Tick),
    /// The mesh or the node has something that boards do not do.
    Unsupported(NodeId, &'static str),
    /// More messages than fit a tick.
    TooMuch(NodeId, usize),
    /// A message that the node cannot have sent.
    Frame(NodeId, usize, &'static str),
}

impl std::fmt::Display for BoardError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoNode(id) => {
                write!(out, "there is no node {}: choose one that the scenario has", id.0)
            }
            Self::NotYet(id, join) => write!(
                out,
                "node {} joins in tick {}: a board takes its part from then on",
                id.0, join.0
            ),
            Self::Unsupported(id, what) => write!(
                out,
                "node {} cannot be a board: {what}; choose another node or another scenario",
                id.0
            ),
            Self::TooMuch(id, count) => write!(
                out,
                "the board of node {} said {count} messages in one tick; accepted: {SAID_MAX}",
                id.0
            ),
            Self::Frame(id, place, why) => {
                write!(out, "message {place} of the board of node {}: {why}", id.0)
            }
        }
    }
}

impl std::error::Error for BoardError {}

impl BoardInput {
    /// The input as bytes, for a recording.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut sink = Buffer(Vec::new());
        match self {
            Self::Missed => 0_u8.encode(&mut sink),
            Self::Heard(said) => {
                1_u8.encode(&mut sink);
                said.raw.encode(&mut sink);
                said.disturbance.encode(&mut sink);
                (said.frames.len() as u8).encode(&mut sink);
                for frame in &said.frames {
                    frame.at_us.encode(&mut sink);
                    (frame.bytes.len() as u16).encode(&mut sink);
                    sink.put(&frame.bytes);
                }
            }
        }
        sink.0
    }

    /// Reads an input back; `None` if the bytes are none. Bounded by [`SAID_MAX`] messages of
    /// [`SAID_BYTES_MAX`] bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut source = Source::new(bytes);
        let input = match u8::decode(&mut source)? {
            0 => Self::Missed,
            1 => Self::Heard(said(&mut source)?),
            _ => return None,
        };
        (source.remaining() == 0).then_some(input)
    }
}

fn said(source: &mut Source<'_>) -> Option<Said> {
    let raw = Option::<Q16>::decode(source)?;
    let disturbance = Disturbance::decode(source)?;
    let count = usize::from(u8::decode(source)?);
    let mut frames = Vec::new();
    for _ in 0..Some(count).filter(|count| *count <= SAID_MAX)? {
        let at_us = u32::decode(source)?;
        let length = usize::from(u16::decode(source)?);
        let length = Some(length).filter(|length| *length <= SAID_BYTES_MAX)?;
        frames.push(SaidFrame { at_us, bytes: source.take(length)?.to_vec() });
    }
    Some(Said { raw, disturbance, frames })
}

/// A board's part in the running tick.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    /// The sample; `None` where there is none.
    sample: Option<Q16>,
    /// What goes on the air in place of what the twin says; nothing where it missed the tick.
    outgoing: Vec<Outgoing>,
    missed: bool,
}

/// The boards of the running tick, and whether they said what their twins said.
#[derive(Resource, Clone, Debug, Default)]
pub struct Boards {
    parts: BTreeMap<NodeId, Part>,
    /// Boards of the last tick that said something else than their twins.
    differing: BTreeSet<NodeId>,
    /// Boards of the last tick.
    stood: BTreeSet<NodeId>,
}

impl Boards {
    /// Whether the node is a board in this tick.
    #[must_use]
    pub fn has(&self, id: NodeId) -> bool {
        self.parts.contains_key(&id)
    }

    /// Whether the node was a board in the last tick.
    #[must_use]
    pub fn stood_for(&self, id: NodeId) -> bool {
        self.stood.contains(&id)
    }

    /// Gives a node that is a board what it senses in this tick, if it can; `false` if it is none.
    pub(super) fn sense(&self, id: NodeId, can: bool, sample: &mut Option<Q16>) -> bool {
        let Some(part) = self.parts.get(&id) else { return false };
        *sample = part.sample.filter(|_| can);
        true
    }

    /// Puts what boards said in the place of what their twins said, and ends their part in the
    /// tick. Sorted by (sender, order), as before.
    pub(super) fn speak(&mut self, queued: &mut Vec<Queued>) {
        self.differing.clear();
        self.stood.clear();
        if self.parts.is_empty() {
            return;
        }
        for (id, part) in std::mem::take(&mut self.parts) {
            self.stood.insert(id);
            let from = queued.partition_point(|(sender, ..)| *sender < id);
            let to = queued.partition_point(|(sender, ..)| *sender <= id);
            let own = queued.get(from..to).unwrap_or(&[]).iter().map(|(_, _, said)| *said);
            if !part.missed && !own.map(comparable).eq(part.outgoing.iter().copied()) {
                self.differing.insert(id);
            }
            let said = (0..).zip(part.outgoing).map(|(order, outgoing)| (id, order, outgoing));
            queued.splice(from..to, said);
        }
    }
}

/// A message as it comes off a link: of its round only what the header carries.
fn comparable(outgoing: Outgoing) -> Outgoing {
    Outgoing { round: outgoing.round & 0xFF, ..outgoing }
}

/// A board's message, if its node can have sent it in a tick of `tick_us`.
fn outgoing(id: NodeId, frame: &SaidFrame, tick_us: u64) -> Result<Outgoing, &'static str> {
    let (header, payload) =
        Header::read(&frame.bytes).map_err(|_| "its header or checksum is wrong")?;
    if header.sender != id {
        return Err("it is sent in another node's name");
    }
    if (header.index, header.count) != (0, 1) {
        return Err("it is a fragment; boards send whole messages");
    }
    if u64::from(frame.at_us) >= tick_us {
        return Err("it is sent after the tick's end");
    }
    let message = Message::from_bytes(header.kind, header.sender, payload)
        .map_err(|_| "it is no message of this version")?;
    if message.to_bytes()[..] != *payload {
        return Err("it is not written as this version writes it");
    }
    Ok(Outgoing { message, round: u32::from(header.round), at_us: u64::from(frame.at_us) })
}

/// What stands against a board in a node's place.
fn obstacle(plan: &Plan, orders: &Orders, id: NodeId, now: Tick) -> Option<&'static str> {
    let node = plan.nodes.get(id.index())?;
    let companions = plan.companions.get(usize::from(node.group.0));
    let config = &plan.config;
    let table = [
        (node.role == Role::Sentinel, "it is a sentinel, which answers within a tick"),
        (orders.malice(plan, id).is_some(), "it is an adversary by the scenario"),
        (companions.is_some_and(|kinds| !kinds.is_empty()), "it fuses several sensors"),
        (plan.integrity != Integrity::Off, "updates are signed, and boards hold no such key"),
        (plan.sums.is_some(), "updates are summed under masks"),
        (config.privacy.is_some(), "updates are private"),
        (config.handover.is_some(), "newcomers are handed summaries"),
        (config.audit.is_some(), "nodes audit each other"),
        (plan.faults.bends_from(now), "faults bend the clocks of nodes"),
    ];
    table.iter().find(|(holds, _)| *holds).map(|(_, what)| *what)
}

impl Mesh {
    /// Whether a board can take the part of node `id`, now or when it joins.
    ///
    /// # Errors
    /// What stands against it.
    pub fn accepts_board(&self, id: NodeId) -> Result<(), BoardError> {
        let plan = self.plan();
        if plan.nodes.get(id.index()).is_none() {
            return Err(BoardError::NoNode(id));
        }
        let now = Tick(self.ticks());
        match obstacle(plan, self.world.resource::<Orders>(), id, now) {
            Some(what) => Err(BoardError::Unsupported(id, what)),
            None => Ok(()),
        }
    }

    /// Whether a board that has the part of node `id` can go on.
    ///
    /// # Errors
    /// What stands against it since a command.
    pub fn keeps_board(&self, id: NodeId) -> Result<(), BoardError> {
        // Commands may make an adversary of a board: its sensor lies then, its radio does not.
        match obstacle(self.plan(), &Orders::default(), id, Tick(self.ticks())) {
            Some(what) => Err(BoardError::Unsupported(id, what)),
            None => Ok(()),
        }
    }

    /// The nodes whose part a board can take, in order of id.
    #[must_use]
    pub fn board_places(&self) -> Vec<NodeId> {
        let ids = (0..self.plan().nodes.len() as u32).map(NodeId);
        ids.filter(|id| self.accepts_board(*id).is_ok()).collect()
    }

    /// Lets node `id` be a board in the next tick: what it brings in, given before each tick in
    /// which it is one. Without, the node is a simulated one again.
    ///
    /// # Errors
    /// What cannot be; the node is then as it was.
    pub fn board(&mut self, id: NodeId, input: &BoardInput) -> Result<(), BoardError> {
        self.take_input(id, input)?;
        self.world.resource::<brought::Brought>().note(self.ticks(), id, input);
        Ok(())
    }

    fn take_input(&mut self, id: NodeId, input: &BoardInput) -> Result<(), BoardError> {
        let now = Tick(self.ticks());
        let plan = self.plan();
        let node = plan.nodes.get(id.index()).ok_or(BoardError::NoNode(id))?;
        if node.join > now {
            return Err(BoardError::NotYet(id, node.join));
        }
        self.keeps_board(id)?;
        let tick_us = plan.config.wake.tick_us;
        let part = match input {
            BoardInput::Missed => Part { sample: None, outgoing: Vec::new(), missed: true },
            BoardInput::Heard(said) => {
                if said.frames.len() > SAID_MAX {
                    return Err(BoardError::TooMuch(id, said.frames.len()));
                }
                let each = said.frames.iter().enumerate();
                let read = each.map(|(place, frame)| {
                    outgoing(id, frame, tick_us).map_err(|why| BoardError::Frame(id, place, why))
                });
                let sample = said.sample().filter(|_| self.is_sample_due());
                Part { sample, outgoing: read.collect::<Result<_, _>>()?, missed: false }
            }
        };
        self.world.resource_mut::<Boards>().parts.insert(id, part);
        Ok(())
    }

    /// Whether sensors are read in the next tick.
    #[must_use]
    pub fn is_sample_due(&self) -> bool {
        self.ticks().is_multiple_of(self.plan().sample_every)
    }

    /// What storms and attacks do to the sensor of node `id` in the next tick, as far as is ordered
    /// by now, and how strong the storm is there for a lamp, 0 to 255.
    #[must_use]
    pub fn disturbance(&self, id: NodeId) -> (Disturbance, u8) {
        let (plan, tick) = (self.plan(), self.ticks());
        let node = plan.nodes.get(id.index());
        let source = node.and_then(|node| plan.signals.get(node.signal as usize));
        let (Some(node), Some(source)) = (node, source) else { return Default::default() };
        let index = tick / plan.sample_every;
        let tracks = plan.storms.iter().enumerate();
        let storms: Vec<_> =
            tracks.filter_map(|(place, track)| track.at(place as u32, tick)).collect();
        let attack = self.world.resource::<Orders>().attack(plan, id, Tick(tick));
        let (level, deviation) = (source.level, source.deviation);
        // All that disturbs is a straight line, so that two readings tell which.
        let bent = |reading: i64| {
            let at = Reading { index, value: reading, level, deviation };
            let blown = storms.iter().map(|s| s.disturb(plan.seed, id.0, node.position_mm, &at));
            let value = reading + blown.sum::<i64>();
            let at = attack::Reading { value, level, deviation: deviation.into(), index };
            attack.map_or(value, |attack| attack::sense(attack, &at, plan.seed, id.0))
        };
        let narrow = |value: i64| value.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        let (here, above) = (bent(level), bent(level + (1 << 16)));
        let disturbance = Disturbance {
            offset: narrow(here - level),
            gain: narrow(above - here - (1 << 16)),
            pivot: narrow(level),
        };
        let strength: i64 = storms.iter().map(|storm| storm.strength(node.position_mm)).sum();
        (disturbance, (strength.min(LAMP_FULL) * 255 / LAMP_FULL) as u8)
    }

    /// Boards that said something else in the last tick than their twins did, in order of id.
    #[must_use]
    pub fn differing(&self) -> Vec<NodeId> {
        self.world.resource::<Boards>().differing.iter().copied().collect()
    }

    /// Whether node `id` has joined and is under power.
    #[must_use]
    pub fn is_running(&self, id: NodeId) -> bool {
        let entity = self.world.resource::<Roster>().0.get(id.index());
        entity.is_some_and(|entity| {
            !self.world.get::<Condition>(*entity).is_some_and(Condition::is_off)
        })
    }

    /// What node `id` is to run by now: what all agree on.
    #[must_use]
    pub fn agreed(&self) -> qres_core::config::NodeConfig {
        self.world.resource::<Orders>().config(&self.world.resource::<Setup>().0)
    }
}
