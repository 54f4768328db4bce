//! Faults of links, clocks, power and identities: what becomes of a frame, a clock or a node. Pure:
//! a fault is given a link or a node, a tick and draws by counter. Must not know entities.
//!
//! A frame meets its faults in one fixed order, whatever order the scenario lists them in:
//!
//! 1. [`Faults::cuts`]: partitions, eclipses and links cut by hand. A cut frame does not even
//!    interfere.
//! 2. [`Faults::jams`]: before collisions, fading and what else the air does.
//! 3. [`Faults::loses`]: losses, then bursts, then links degraded by hand, of what the air has let
//!    through.
//! 4. [`Faults::arrivals`]: duplication, then for each copy corruption and delay.
//!
//! Each kind draws for its own purpose, and the entries of a kind for their place among that kind:
//! a fault more at the end of a scenario shifts nobody's numbers.

mod burst;
mod churn;
mod clock;
mod corruption;
mod delay;
mod duplication;
mod eclipse;
mod flash;
mod hands;
mod jamming;
mod loss;
mod partition;
mod power;
mod select;
mod straggler;
pub mod sybil;
#[cfg(test)]
mod tests;

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{NodeId, Tick};

pub use flash::Flash;
pub use hands::{Hands, Struck};
use select::Members;

use crate::scenario::{FaultEntry, FaultKind};
use jamming::Jammer;

/// Copies of a frame that can arrive: the frame and, of each entry, one more.
pub const COPIES: usize = 4;

/// The faults of a mesh. Cheap to ask when there are none.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    entries: Vec<Entry>,
    /// Millimetres, by id; only where a jammer needs them.
    positions: Vec<[i32; 3]>,
    /// What was done to links by hand.
    hands: Hands,
    /// Of what is drawn for those.
    seed: u64,
    on_air: bool,
    on_clock: bool,
    on_power: bool,
}

/// One fault, ready to be asked.
#[derive(Clone, Debug)]
struct Entry {
    kind: FaultKind,
    from: u64,
    to: u64,
    members: Members,
    seed: u64,
}

impl Entry {
    fn is_active(&self, now: Tick) -> bool {
        (self.from..self.to).contains(&now.0)
    }
}

/// A fault that is on, as the outside sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its number, as commands say it.
    pub number: u32,
    /// The name of its kind.
    pub name: &'static str,
    /// What a jammer drowns: around a place, millimetres east and south, and how far from there.
    pub area: Option<([i64; 2], u32)>,
    /// Whether it keeps links from carrying anything.
    pub severs: bool,
}

/// A frame on its way to one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who sent it.
    pub sender: NodeId,
    /// Who may hear it.
    pub receiver: NodeId,
    /// When.
    pub now: Tick,
    /// Place among the sender's frames of this pass.
    pub sequence: u32,
    /// Whether it is an answer in a service period, which is a pass of its own.
    pub service: bool,
}

impl Link {
    /// Draw `n` of the frame, below 8.
    fn lot(&self, seed: u64, purpose: Purpose, n: u32) -> u64 {
        let frame = self.sequence << 4 | u32::from(self.service) << 3 | n;
        draw(self.seed(seed), purpose, self.receiver.0, self.now.0, frame)
    }

    /// A seed of its own for each sender, so that each direction of a link draws by itself.
    fn seed(&self, seed: u64) -> u64 {
        let sender = u64::from(self.sender.0) + 1;
        seed.wrapping_add(sender.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

/// One copy of a frame as it arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// How late, in ticks; 0: in time.
    pub late_ticks: u32,
    /// Place among the copies; 0 is the frame itself.
    pub copy: u8,
    /// What happens to its bits; `None`: nothing.
    damage: Option<Damage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Damage {
    bits: u8,
    mends_crc: bool,
    lot: u64,
}

impl Arrival {
    /// Whether bits flip.
    #[must_use]
    pub const fn is_damaged(&self) -> bool {
        self.damage.is_some()
    }

    /// Flips the bits of `frame` that are to flip.
    pub fn damage(&self, frame: &mut [u8]) {
        if let Some(damage) = self.damage {
            corruption::flip(frame, damage.bits, damage.mends_crc, damage.lot);
        }
    }
}

/// A node's power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// Ticks without power, at least 1.
    pub off_ticks: u64,
    /// The cut falls into the writing of a save: bits to draw the very byte from.
    pub torn: Option<u64>,
}

/// Spreads the seeds of entries of one kind apart.
const ENTRY_STEP: u64 = 0xD134_2543_DE82_EF95;

impl Faults {
    /// The faults of a checked scenario, over nodes at `positions`, of which those marked
    /// `hostile` are adversaries.
    #[must_use]
    pub fn new(faults: &[FaultEntry], seed: u64, positions: &[[i32; 3]], hostile: &[bool]) -> Self {
        let mut all = Self { seed, ..Self::default() };
        for fault in faults {
            all.begin(fault, positions, hostile);
        }
        all
    }

    /// One more fault, behind all others; `positions` and `hostile` as in [`Faults::new`], of now.
    pub fn begin(&mut self, fault: &FaultEntry, positions: &[[i32; 3]], hostile: &[bool]) {
        let kind = &fault.kind;
        let of_kind = |entry: &&Entry| entry.kind.name() == kind.name();
        let ordinal = self.entries.iter().filter(of_kind).count();
        let seed = self.seed.wrapping_add((ordinal as u64).wrapping_mul(ENTRY_STEP));
        // The kind's letters are part of it, so that two kinds choose different nodes.
        let choice = kind.name().bytes().fold(seed, |seed, letter| {
            seed.wrapping_mul(0x0000_0100_0000_01B3).wrapping_add(u64::from(letter))
        });
        self.entries.push(Entry {
            kind: kind.clone(),
            from: fault.from_tick,
            to: fault.to_tick,
            members: Members::choose(&fault.nodes, choice, positions, hostile),
            seed,
        });
        let lags = matches!(kind, FaultKind::Straggler { .. });
        let jams = matches!(kind, FaultKind::Jamming { .. });
        let places = jams || matches!(kind, FaultKind::Eclipse { .. });
        self.on_clock |= lags || matches!(kind, FaultKind::ClockSkew { .. });
        self.on_power |= matches!(kind, FaultKind::PowerLoss { .. } | FaultKind::Churn { .. });
        self.on_air |= lags || places || kind.is_of_links();
        if jams {
            self.positions = positions.to_vec();
        }
    }

    /// Why the newest fault can strike nothing in a mesh of so many nodes, if so.
    #[must_use]
    pub fn why_idle(&self, nodes: usize) -> Option<&'static str> {
        let entry = self.entries.last()?;
        let divides = matches!(entry.kind, FaultKind::Partition | FaultKind::Eclipse { .. });
        match entry.members.count() {
            Some(0) => Some("nobody is there"),
            Some(all) if divides && all == nodes => Some("with everybody chosen nothing is cut"),
            _ => None,
        }
    }

    /// Lets fault `place` be over at `now`.
    pub fn end(&mut self, place: usize, now: Tick) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.to = entry.to.min(now.0);
        }
    }

    /// Whether nothing can go wrong.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty() && !self.on_air && !self.on_power
    }

    /// What was done to links by hand.
    #[must_use]
    pub const fn hands(&self) -> &Hands {
        &self.hands
    }

    /// Does something to links by hand; from now on frames can be lost to faults.
    pub fn strike_links(&mut self, change: impl FnOnce(&mut Hands)) {
        self.on_air = true;
        change(&mut self.hands);
    }

    /// From now on nodes can be without power.
    pub const fn let_power_go(&mut self) {
        self.on_power = true;
    }

    /// Takes note of where nodes stand now, for jammers. Whom a fault strikes stays as it is.
    pub fn moved(&mut self, positions: &[[i32; 3]]) {
        if !self.positions.is_empty() {
            self.positions = positions.to_vec();
        }
    }

    /// Faults that there are and were.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.entries.len()
    }

    /// How many Sybils come before fault `place`, if that is one.
    #[must_use]
    pub fn sybil(&self, place: usize) -> Option<u32> {
        let is_sybil = |entry: &&Entry| matches!(entry.kind, FaultKind::Sybil { .. });
        self.entries.get(place).filter(is_sybil)?;
        Some(self.entries.iter().take(place).filter(is_sybil).count() as u32)
    }

    /// Whether a clock or a pace is wrong at `now` or will be.
    #[must_use]
    pub fn bends_from(&self, now: Tick) -> bool {
        let of_clock = |entry: &Entry| {
            matches!(entry.kind, FaultKind::ClockSkew { .. } | FaultKind::Straggler { .. })
        };
        self.entries.iter().any(|entry| of_clock(entry) && entry.to > now.0)
    }

    /// Each fault by name, with its first tick and the one at which it is over.
    pub fn spans(&self) -> impl Iterator<Item = (&'static str, u64, u64)> {
        self.entries.iter().map(|entry| (entry.kind.name(), entry.from, entry.to))
    }

    /// Whether anything can happen to frames.
    #[must_use]
    pub const fn on_air(&self) -> bool {
        self.on_air
    }

    /// Whether any clock or pace can be wrong.
    #[must_use]
    pub const fn on_clock(&self) -> bool {
        self.on_clock
    }

    /// Whether power can go.
    #[must_use]
    pub const fn on_power(&self) -> bool {
        self.on_power
    }

    fn active(&self, now: Tick) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.is_active(now))
    }

    /// The faults that are on, by number.
    pub fn troubles(&self, now: Tick) -> impl Iterator<Item = Trouble> {
        let numbered = self.entries.iter().zip(0..);
        numbered.filter(move |(entry, _)| entry.is_active(now)).map(|(entry, number)| Trouble {
            number,
            name: entry.kind.name(),
            area: match (&entry.kind, &entry.members) {
                (FaultKind::Jamming { .. }, Members::Around(_, place_mm, radius_mm)) => {
                    Some((*place_mm, *radius_mm))
                }
                _ => None,
            },
            severs: matches!(entry.kind, FaultKind::Partition | FaultKind::Eclipse { .. }),
        })
    }

    /// Whether nothing passes from `sender` to `receiver`.
    #[must_use]
    pub fn cuts(&self, now: Tick, sender: NodeId, receiver: NodeId) -> bool {
        self.on_air && (self.hands.cuts(sender, receiver) || self.severs(now, sender, receiver))
    }

    /// Whether a partition or an eclipse lets nothing pass from `sender` to `receiver`.
    #[must_use]
    pub fn severs(&self, now: Tick, sender: NodeId, receiver: NodeId) -> bool {
        self.active(now).any(|entry| match &entry.kind {
            FaultKind::Partition => partition::cuts(&entry.members, sender, receiver),
            FaultKind::Eclipse { victim } => {
                eclipse::cuts(NodeId(*victim), &entry.members, sender, receiver)
            }
            _ => false,
        })
    }

    /// Whether a jammer drowns a frame that lasts `span_us` within the tick.
    #[must_use]
    pub fn jams(&self, link: &Link, span_us: (u64, u64)) -> bool {
        let place = |node: NodeId| self.positions.get(node.index()).copied();
        self.on_air
            && self.active(link.now).any(|entry| {
                let jammer = Jammer::new(&entry.kind, &entry.members);
                let (Some(jammer), Some(from), Some(to)) =
                    (jammer, place(link.sender), place(link.receiver))
                else {
                    return false;
                };
                entry.members.has(link.receiver)
                    && jammer.drowns(from, to)
                    && jammer.is_on(entry.seed, link.now, span_us)
            })
    }

    /// Whether a frame that the air has let through is lost all the same.
    #[must_use]
    pub fn loses(&self, link: &Link) -> bool {
        let strikes = |entry: &Entry| match &entry.kind {
            FaultKind::Loss { percent } => loss::loses(*percent, entry.seed, link),
            kind @ FaultKind::Bursts { .. } => burst::loses(kind, entry.from, entry.seed, link),
            _ => false,
        };
        let touches = |entry: &&Entry| entry.members.touches(link.sender, link.receiver);
        self.on_air
            && (self.active(link.now).filter(touches).any(strikes)
                || self.hands.loses(self.seed, link))
    }

    /// What arrives of a frame that was received: itself, and perhaps copies.
    #[must_use]
    pub fn arrivals(&self, link: &Link) -> heapless::Vec<Arrival, COPIES> {
        let mut arrivals = heapless::Vec::new();
        let copies = 1 + self.of_link(link).filter(|e| duplication::repeats(e, link)).count();
        for copy in 0..copies.min(COPIES) as u8 {
            let mut arrival = Arrival { copy, ..Arrival::default() };
            for entry in self.of_link(link) {
                if arrival.damage.is_none() {
                    arrival.damage = corruption::damage(entry, link, copy);
                }
                arrival.late_ticks += delay::late_ticks(entry, link, copy);
            }
            let slow = self.active(link.now).filter(|entry| entry.members.has(link.receiver));
            arrival.late_ticks += slow.map(|e| straggler::late_ticks(&e.kind)).sum::<u32>();
            // There is room: copies are bounded by it.
            let _ = arrivals.push(arrival);
        }
        arrivals
    }

    fn of_link(&self, link: &Link) -> impl Iterator<Item = &Entry> {
        let (sender, receiver) = (link.sender, link.receiver);
        self.active(link.now).filter(move |entry| entry.members.touches(sender, receiver))
    }

    /// By how much the clock of `node` moves against true time in a tick, in microseconds: added to
    /// when its next round comes.
    #[must_use]
    pub fn slip_us(&self, node: NodeId, now: Tick, tick_us: u64) -> i64 {
        let of = |entry: &Entry| match entry.kind {
            FaultKind::ClockSkew { ppm } => clock::slip_us(ppm, entry.seed, node, now, tick_us),
            _ => 0,
        };
        self.active(now).filter(|entry| entry.members.has(node)).map(of).sum()
    }

    /// How many times as long as it should a round of `node` takes.
    #[must_use]
    pub fn pace(&self, node: NodeId, now: Tick) -> u64 {
        let struck = self.active(now).filter(|entry| entry.members.has(node));
        struck.map(|entry| straggler::pace(&entry.kind)).max().unwrap_or(1)
    }

    /// Whether and how the power of `node`, which is on, goes at this tick.
    #[must_use]
    pub fn strike(&self, node: NodeId, now: Tick) -> Option<Strike> {
        self.active(now).filter(|entry| entry.members.has(node)).find_map(|entry| {
            power::strike(entry, node, now).or_else(|| churn::strike(entry, node, now))
        })
    }

    /// Whether `node` has storage that outlives a power cut.
    #[must_use]
    pub fn stores(&self, node: NodeId) -> bool {
        self.entries.iter().any(|e| power::saves_every(&e.kind) > 0 && e.members.has(node))
    }

    /// Whether `node` saves its model in this tick.
    #[must_use]
    pub fn saves(&self, node: NodeId, now: Tick) -> bool {
        self.entries.iter().any(|entry| {
            let every = power::saves_every(&entry.kind);
            let lot = draw(entry.seed, Purpose::FaultPower, node.0, u64::MAX, 0);
            every > 0 && entry.members.has(node) && now.0 % every == below(lot, every)
        })
    }
}

/// Whether something that happens to `percent` in a hundred happens, by 64 uniform bits.
const fn happens(percent: u8, bits: u64) -> bool {
    below(bits, 100) < percent as u64
}
