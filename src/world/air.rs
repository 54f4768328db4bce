//! The air: frames of one tick with their moments, and what a receiver gets of them.
//!
//! A receiver looks at each sender it can hear, in order of id; nothing is sorted by arrival and
//! nothing is shared, so receivers can be worked on in any order.

use qres_core::draw::{Purpose, draw};
use qres_core::id::{NodeId, Tick};
use qres_core::packet::Kind;
use qres_core::q16::{Q16, exp2_neg};
use qres_core::radio::{AirConfig, Outgoing};
use qres_core::wake::Window;

use super::faults::{Faults, Link};
use super::graph::Graph;

/// One frame on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmission {
    /// Who transmits.
    pub sender: NodeId,
    /// The one node meant; `None`: everybody.
    pub destination: Option<NodeId>,
    /// Kind of the message.
    pub kind: Kind,
    /// Place among the sender's frames in this tick.
    pub sequence: u32,
    /// Fragments of the message, and this one's place.
    pub fragments: (u8, u8),
    /// Start and end, in microseconds from the tick's start.
    pub span_us: (u64, u64),
    start: u32,
    length: u32,
}

impl Transmission {
    /// Whether it is a sentinel's answer within a service period.
    const fn is_service(&self) -> bool {
        matches!(self.kind, Kind::Grant | Kind::Relay | Kind::Summary | Kind::Call)
    }

    /// The frame on its way to `receiver`, as faults look at it.
    #[must_use]
    pub const fn link(&self, receiver: NodeId, now: Tick) -> Link {
        let (sequence, service) = (self.sequence, self.is_service());
        Link { sender: self.sender, receiver, now, sequence, service }
    }
}

/// The frames of a tick, by sender.
#[derive(Debug, Default)]
pub struct Traffic {
    frames: Vec<Transmission>,
    bytes: Vec<u8>,
    /// For each node one past the place of its first frame; 0 when it is silent.
    first: Vec<u32>,
}

impl Traffic {
    /// Forgets the last tick's frames; `nodes` is the number of senders there can be.
    pub fn clear(&mut self, nodes: usize) {
        for frame in &self.frames {
            if let Some(slot) = self.first.get_mut(frame.sender.index()) {
                *slot = 0;
            }
        }
        self.first.resize(nodes, 0);
        self.frames.clear();
        self.bytes.clear();
    }

    /// Puts a message on the air as frames. Senders must come in order, their messages too.
    /// `signature` lies behind the message where there is one.
    pub fn send(&mut self, air: &AirConfig, sender: NodeId, outgoing: &Outgoing, signature: &[u8]) {
        let mut at_us = outgoing.at_us;
        let before = self.frames.len();
        let same = self.frames.last().is_some_and(|last| last.sender == sender);
        let mut sequence = match self.frames.last() {
            Some(last) if same => last.sequence + 1,
            _ => 0,
        };
        let message = &outgoing.message;
        air.frames(sender, outgoing.round, message, signature, |frame| {
            let end_us = at_us + air.frame_us(frame.len());
            self.frames.push(Transmission {
                sender,
                destination: message.destination(),
                kind: message.kind(),
                sequence,
                fragments: (0, 0),
                span_us: (at_us, end_us),
                start: self.bytes.len() as u32,
                length: frame.len() as u32,
            });
            self.bytes.extend_from_slice(frame);
            at_us = end_us;
            sequence += 1;
        });
        let count = (self.frames.len() - before) as u8;
        for (index, frame) in self.frames.iter_mut().skip(before).enumerate() {
            frame.fragments = (count, index as u8);
        }
        if let Some(slot) = self.first.get_mut(sender.index())
            && *slot == 0
        {
            *slot = before as u32 + 1;
        }
    }

    /// The frames that `sender` transmits in this tick, in order.
    #[must_use]
    pub fn of(&self, sender: NodeId) -> &[Transmission] {
        let first = self.first.get(sender.index()).copied().unwrap_or(0) as usize;
        let Some(from) = first.checked_sub(1) else { return &[] };
        let rest = self.frames.get(from..).unwrap_or(&[]);
        let count = rest.iter().take_while(|frame| frame.sender == sender).count();
        rest.get(..count).unwrap_or(&[])
    }

    /// All frames of the tick.
    #[must_use]
    pub fn frames(&self) -> &[Transmission] {
        &self.frames
    }

    /// The bytes of a frame.
    #[must_use]
    pub fn bytes(&self, frame: &Transmission) -> &[u8] {
        let start = frame.start as usize;
        self.bytes.get(start..start + frame.length as usize).unwrap_or(&[])
    }
}

/// What became of a frame at a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Received.
    Delivered,
    /// Lost to distance.
    Faded,
    /// Lost to another frame at the same time.
    Collided,
    /// The receiver's radio was asleep.
    Asleep,
    /// Kept away by a partition or an eclipse.
    Cut,
    /// Lost to a jammer.
    Jammed,
    /// Lost to a fault of its link.
    Dropped,
    /// Received with flipped bits.
    Corrupted,
    /// Received once more.
    Repeated,
    /// Received, and handed over some ticks later.
    Delayed,
}

/// A receiver in this tick.
#[derive(Clone, Copy, Debug)]
pub struct Receiver<'a> {
    /// Who listens.
    pub id: NodeId,
    /// When its radio is awake.
    pub window: Window,
    /// Whether it hears emergency beacons while asleep.
    pub hears_beacons: bool,
    /// Who hears whom.
    pub graph: &'a Graph,
    /// Seed of the losses.
    pub seed: u64,
    /// The tick.
    pub now: Tick,
    /// Whether overlapping frames destroy each other.
    pub collisions: bool,
    /// What goes wrong.
    pub faults: &'a Faults,
}

/// Frames that a receiver can tell apart in one tick; more than that are noise.
const ARRIVALS: usize = 64;

impl Receiver<'_> {
    /// Calls `each` with every frame that was meant for this receiver or for everybody, and what
    /// became of it, senders in order of id. Frames for others only interfere.
    pub fn listen(&self, traffic: &Traffic, mut each: impl FnMut(&Transmission, Fate)) {
        let senders = self.graph.neighbours(self.id);
        let fades = self.graph.fades(self.id);
        let mut arrivals: heapless::Vec<(&Transmission, u16), ARRIVALS> = heapless::Vec::new();
        let is_mine = |frame: &Transmission| frame.destination.is_none_or(|to| to == self.id);
        for (sender, fade) in senders.iter().zip(fades) {
            let cut = self.faults.cuts(self.now, NodeId(*sender), self.id);
            for frame in traffic.of(NodeId(*sender)) {
                // What is cut off does not even interfere.
                if cut {
                    if is_mine(frame) {
                        each(frame, self.cut(frame));
                    }
                    continue;
                }
                // What does not fit is drowned by the rest, and counted as that.
                if arrivals.push((frame, *fade)).is_err() && is_mine(frame) {
                    let (start, end) = frame.span_us;
                    let awake = self.window.covers(start, end - start);
                    each(frame, if awake { Fate::Collided } else { Fate::Asleep });
                }
            }
        }
        let own = traffic.of(self.id);
        for (frame, fade) in arrivals.iter().filter(|(frame, _)| is_mine(frame)) {
            let others = arrivals.iter().map(|(other, _)| *other);
            each(frame, self.fate(frame, *fade, own, others));
        }
    }

    /// Calls `each` with every frame that `sender` meant for this receiver. A service period is
    /// the sentinel's own: its answers follow each other and nobody else may talk.
    pub fn attend(
        &self,
        sender: NodeId,
        traffic: &Traffic,
        mut each: impl FnMut(&Transmission, Fate),
    ) {
        let Ok(place) = self.graph.neighbours(self.id).binary_search(&sender.0) else { return };
        let fade = self.graph.fades(self.id).get(place).copied().unwrap_or(u16::MAX);
        let cut = self.faults.cuts(self.now, sender, self.id);
        for frame in traffic.of(sender).iter().filter(|f| f.destination == Some(self.id)) {
            let heard = || self.fate(frame, fade, &[], std::iter::empty());
            each(frame, if cut { self.cut(frame) } else { heard() });
        }
    }

    /// A frame that was cut off, unless nobody would have heard it anyway.
    fn cut(&self, frame: &Transmission) -> Fate {
        if self.is_awake_for(frame) { Fate::Cut } else { Fate::Asleep }
    }

    fn is_awake_for(&self, frame: &Transmission) -> bool {
        let (start, end) = frame.span_us;
        let beacon = frame.kind == Kind::Beacon && self.hears_beacons;
        self.window.covers(start, end - start) || beacon
    }

    fn fate<'a>(
        &self,
        frame: &Transmission,
        fade: u16,
        own: &[Transmission],
        others: impl Iterator<Item = &'a Transmission>,
    ) -> Fate {
        if !self.is_awake_for(frame) {
            return Fate::Asleep;
        }
        if self.faults.jams(&frame.link(self.id, self.now), frame.span_us) {
            return Fate::Jammed;
        }
        if self.collisions && self.is_drowned(frame, own, others) {
            return Fate::Collided;
        }
        // The fade is for 64 bytes; a frame of another size fades in proportion.
        let exponent = u64::from(fade) * u64::from(frame.length);
        let survival = exp2_neg(Q16::from_bits(exponent.min(i32::MAX as u64) as i32));
        // Each link has a seed of its own; the odd factor spreads neighbouring ids apart.
        let link = u64::from(frame.sender.0) + 1;
        let seed = self.seed.wrapping_add(link.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let purpose = if frame.is_service() { Purpose::ServiceLoss } else { Purpose::Loss };
        let bits = draw(seed, purpose, self.id.0, self.now.0, frame.sequence);
        if (bits >> 48) as i32 >= survival.to_bits() {
            return Fate::Faded;
        }
        if self.faults.loses(&frame.link(self.id, self.now)) {
            Fate::Dropped
        } else {
            Fate::Delivered
        }
    }

    /// Senders that hear each other take turns; those that do not may talk at once.
    fn is_drowned<'a>(
        &self,
        frame: &Transmission,
        own: &[Transmission],
        mut others: impl Iterator<Item = &'a Transmission>,
    ) -> bool {
        let overlaps = |other: &Transmission| {
            frame.span_us.0 < other.span_us.1 && other.span_us.0 < frame.span_us.1
        };
        let hidden = |other: &Transmission| {
            other.sender != frame.sender
                && overlaps(other)
                && !self.graph.are_linked(frame.sender, other.sender)
        };
        own.iter().any(overlaps) || others.any(hidden)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::graph::LossLaw;
    use qres_core::packet::Message;

    /// 0 - 1 - 2 in a line; 0 and 2 do not hear each other.
    fn graph(loss: u8) -> Graph {
        let law = LossLaw { range_mm: 10, at_range_percent: loss, floor_percent: loss };
        Graph::build(&[[0, 0, 0], [10, 0, 0], [20, 0, 0]], &law).expect("few links")
    }

    fn outgoing(at_us: u64) -> Outgoing {
        Outgoing { message: Message::Poll { to: NodeId(1) }, round: 1, at_us }
    }

    fn fates(graph: &Graph, window: Window, sends: &[(u32, u64)]) -> Vec<(u32, Fate)> {
        let mut traffic = Traffic::default();
        traffic.clear(3);
        for (sender, at_us) in sends {
            traffic.send(&AirConfig::default(), NodeId(*sender), &outgoing(*at_us), &[]);
        }
        let receiver = Receiver {
            id: NodeId(1),
            window,
            hears_beacons: false,
            graph,
            seed: 1,
            now: Tick(0),
            collisions: true,
            faults: &Faults::default(),
        };
        let mut seen = Vec::new();
        receiver.listen(&traffic, |frame, fate| seen.push((frame.sender.0, fate)));
        seen
    }

    const AWAKE: Window = Window { from_us: 0, to_us: 1_000_000, opens: true, closes: true };

    #[test]
    fn hidden_senders_collide_and_spaced_ones_do_not() {
        let graph = graph(0);
        let clash = fates(&graph, AWAKE, &[(0, 100), (2, 120)]);
        assert_eq!(clash, [(0, Fate::Collided), (2, Fate::Collided)]);
        let spaced = fates(&graph, AWAKE, &[(0, 100), (2, 500)]);
        assert_eq!(spaced, [(0, Fate::Delivered), (2, Fate::Delivered)]);
    }

    #[test]
    fn a_talker_cannot_hear_and_a_sleeper_neither() {
        let graph = graph(0);
        assert_eq!(fates(&graph, AWAKE, &[(0, 100), (1, 110)]), [(0, Fate::Collided)]);
        let late = Window { from_us: 150, ..AWAKE };
        assert_eq!(fates(&graph, late, &[(0, 100)]), [(0, Fate::Asleep)]);
    }

    #[test]
    fn loss_follows_the_link() {
        assert_eq!(fates(&graph(100), AWAKE, &[(0, 100)]), [(0, Fate::Faded)]);
        let graph = graph(50);
        let mut heard = 0;
        for tick in 0..1_000 {
            let mut traffic = Traffic::default();
            traffic.clear(3);
            traffic.send(&AirConfig::default(), NodeId(0), &outgoing(0), &[]);
            let receiver = Receiver {
                id: NodeId(1),
                window: AWAKE,
                hears_beacons: false,
                graph: &graph,
                seed: 1,
                now: Tick(tick),
                collisions: true,
                faults: &Faults::default(),
            };
            receiver.listen(&traffic, |_, fate| heard += u32::from(fate == Fate::Delivered));
        }
        // Half of 64-byte frames survive; of a 16-byte poll 2^-0.25, 84 %.
        assert!((800..880).contains(&heard), "{heard}");
    }

    #[test]
    fn traffic_is_found_by_sender_and_forgotten() {
        let mut traffic = Traffic::default();
        traffic.clear(3);
        traffic.send(&AirConfig::default(), NodeId(0), &outgoing(1), &[]);
        traffic.send(&AirConfig::default(), NodeId(2), &outgoing(2), &[]);
        traffic.send(&AirConfig::default(), NodeId(2), &outgoing(3), &[]);
        assert_eq!([0, 1, 2].map(|id| traffic.of(NodeId(id)).len()), [1, 0, 2]);
        traffic.clear(3);
        assert_eq!([0, 1, 2].map(|id| traffic.of(NodeId(id)).len()), [0, 0, 0]);
    }
}
