//! A board for tests: the core's node behind the link, as bytes in and bytes out. It follows
//! docs/link.md, not the firmware, so that host and firmware are held against the same text twice.

use qres_core::config::NodeConfig;
use qres_core::draw::{Purpose, draw};
use qres_core::id::{NodeId, Tick};
use qres_core::integrity::identity::Identity;
use qres_core::link::LINK_VERSION;
use qres_core::link::frame::{FrameReader, FrameWriter, checksum};
use qres_core::link::message::{
    Area, CAN_SENSE, CAN_SIGN, Greeting, LinkMessage, Order, Post, Refusal, Rehearsal, Sample,
    Telemetry, Ticked, disturbed,
};
use qres_core::node::Node;
use qres_core::packet::Header;
use qres_core::q16::Q16;
use qres_core::radio::{Frame, Heard, Outgoing, Radio};
use qres_core::wake::Role;

/// Neighbours that the board has room for.
pub const NEIGHBOURS: usize = 32;

/// What is wrong with a board's firmware.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    #[default]
    None,
    /// From this tick on the lowest bit of each sample is the wrong one.
    Sample(u64),
    /// From this tick on the lowest bit of the power that it gathers is.
    Harvest(u64),
    /// It was built by other rules: what it takes on has another digest.
    Rules,
    /// It names the key of the board of this seed, and signs with its own.
    Stolen(u64),
    /// It names the key of the board of this seed, and signs nothing.
    Unsigned(u64),
}

/// A board under power.
pub struct Board {
    identity: Identity,
    seed: u64,
    /// The version that it speaks.
    pub version: u16,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// Its clock, in microseconds.
    pub clock_us: u64,
    reader: FrameReader,
    writer: FrameWriter,
    out: Vec<u8>,
    config: NodeConfig,
    areas: [Vec<u8>; 2],
    node: Option<Node<NEIGHBOURS>>,
    next: u64,
    hears: Vec<Heard>,
    /// The answer to the latest tick, to be given again in the same words.
    answered: Option<(u64, Vec<Vec<u8>>)>,
}

/// The key of the board of a seed.
fn identity(seed: u64) -> Identity {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    Identity::from_seed(&key)
}

/// A radio that is the link: keeps what is sent, gives what was heard.
#[derive(Default)]
struct Line {
    sent: Vec<Outgoing>,
    heard: std::collections::VecDeque<Heard>,
}

impl Radio for Line {
    fn transmit(&mut self, _now: Tick, outgoing: &Outgoing) {
        self.sent.push(*outgoing);
    }

    fn receive(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }
}

impl Board {
    /// A board with a key and a sensor of its own; it greets.
    pub fn new(seed: u64) -> Self {
        let mut board = Self {
            identity: identity(seed),
            seed,
            version: LINK_VERSION,
            flaw: Flaw::None,
            clock_us: 1,
            reader: FrameReader::default(),
            writer: FrameWriter::default(),
            out: Vec::new(),
            config: NodeConfig::default(),
            areas: [Vec::new(), Vec::new()],
            node: None,
            next: 0,
            hears: Vec::new(),
            answered: None,
        };
        board.greet(0);
        board
    }

    /// The power goes and comes back.
    pub fn reset(&mut self) {
        let mut again = Self { version: self.version, flaw: self.flaw, ..Self::new(self.seed) };
        again.out.clear();
        again.greet(0);
        *self = again;
    }

    /// Bytes for the host.
    pub fn output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Its node's digest.
    pub fn digest(&self) -> Option<[u8; 32]> {
        self.node.as_ref().map(Node::digest)
    }

    /// What its sensor reads in a tick.
    pub fn reading(&self, tick: u64) -> Option<Q16> {
        let bits = draw(self.seed, Purpose::Storm, 1, tick, 0);
        (!bits.is_multiple_of(40)).then(|| Q16::from_bits((20 << 16) + (bits >> 48) as i32))
    }

    /// Takes bytes from the host.
    pub fn take(&mut self, bytes: &[u8]) {
        let mut reader = std::mem::take(&mut self.reader);
        for byte in bytes {
            let Some(frame) = reader.push(*byte) else { continue };
            let (sequence, message) = (frame.sequence, frame.message.to_vec());
            match LinkMessage::read(&message) {
                Ok(message) => self.obey(sequence, &message),
                Err(_) => self.say(&LinkMessage::Nack { sequence, why: Refusal::Message }),
            }
        }
        self.reader = reader;
    }

    fn say(&mut self, message: &LinkMessage<'_>) {
        let frame = self.writer.write(message).expect("it fits");
        self.out.extend_from_slice(&frame);
    }

    fn greet(&mut self, nonce: u64) {
        let proof = self.identity.greet(nonce);
        let key_of = |identity: &Identity| identity.public().to_bytes();
        let (key, signs) = match self.flaw {
            Flaw::Stolen(seed) => (key_of(&identity(seed)), true),
            Flaw::Unsigned(seed) => (key_of(&identity(seed)), false),
            _ => (key_of(&self.identity), true),
        };
        let greeting = Greeting {
            version: self.version,
            nonce,
            key,
            proof: if signs { &proof[..] } else { &[] },
            capabilities: CAN_SENSE | if signs { CAN_SIGN } else { 0 },
            profile: "test",
            build: "qres-test 0.1.0",
            neighbours: NEIGHBOURS as u8,
            inbox: 64,
            next: self.node.as_ref().map(|_| self.next),
        };
        let frame = self.writer.write(&LinkMessage::Greeting(greeting)).expect("it fits");
        self.out.extend_from_slice(&frame);
    }

    fn obey(&mut self, sequence: u16, message: &LinkMessage<'_>) {
        let answer = match message {
            LinkMessage::Hello { nonce, .. } => {
                self.greet(*nonce);
                Ok(())
            }
            LinkMessage::Load { area, offset, bytes } => self.load(*area, *offset, bytes),
            LinkMessage::Post(post) => self.post(post),
            LinkMessage::Restore { tick } => self.restore(*tick),
            LinkMessage::Hear { tick, index, at_us, frame } => {
                self.hear(*tick, *index, *at_us, frame);
                Ok(())
            }
            LinkMessage::Tick(order) => self.tick(order),
            LinkMessage::Rehearse(rehearsal) => self.rehearse(rehearsal),
            LinkMessage::Ping { host_us } => {
                self.say(&LinkMessage::Pong { host_us: *host_us, board_us: self.clock_us });
                Ok(())
            }
            _ => Err(Refusal::Direction),
        };
        if let Err(why) = answer {
            self.say(&LinkMessage::Nack { sequence, why });
        }
    }

    fn load(&mut self, area: Area, offset: u16, bytes: &[u8]) -> Result<(), Refusal> {
        let place = &mut self.areas[area as usize];
        if offset == 0 {
            place.clear();
        }
        if usize::from(offset) != place.len() {
            return Err(Refusal::Piece { length: place.len() as u16 });
        }
        place.extend_from_slice(bytes);
        let length = place.len() as u16;
        self.say(&LinkMessage::Loaded { area, length });
        Ok(())
    }

    fn post(&mut self, post: &Post) -> Result<(), Refusal> {
        let bytes = &self.areas[Area::Config as usize];
        if bytes.len() != usize::from(post.config_bytes)
            || checksum([&bytes[..]]) != post.config_crc
        {
            return Err(Refusal::Config);
        }
        self.config = NodeConfig::from_bytes(bytes).ok_or(Refusal::Config)?;
        let peers: Vec<NodeId> = post.neighbours.iter().map(|id| NodeId(*id)).collect();
        let role = if post.role == 1 { Role::OnDemand } else { Role::Scheduled };
        self.stand(Node::new(NodeId(post.node), role, &self.config, &peers), post.join);
        Ok(())
    }

    fn restore(&mut self, tick: u64) -> Result<(), Refusal> {
        let state = &self.areas[Area::State as usize];
        let node = Node::from_bytes(&self.config, state).ok_or(Refusal::State)?;
        self.stand(node, tick);
        Ok(())
    }

    fn stand(&mut self, node: Node<NEIGHBOURS>, tick: u64) {
        let mut digest = node.digest();
        digest[0] ^= u8::from(self.flaw == Flaw::Rules);
        (self.node, self.next, self.answered) = (Some(node), tick, None);
        self.hears.clear();
        self.say(&LinkMessage::Ready { tick, digest, is_free: false });
    }

    fn hear(&mut self, tick: u64, index: u8, at_us: u32, frame: &[u8]) {
        if index == 0 {
            self.hears.clear();
        }
        if tick == self.next && usize::from(index) == self.hears.len() {
            let frame = Frame::from_slice(frame).expect("short");
            self.hears.push(Heard { frame, at_us: at_us.into() });
        }
    }

    fn tick(&mut self, order: &Order) -> Result<(), Refusal> {
        if let Some((tick, frames)) = &self.answered
            && *tick == order.tick
        {
            for frame in frames {
                self.out.extend_from_slice(frame);
            }
            return Ok(());
        }
        let mut node = self.node.take().ok_or(Refusal::NoNode)?;
        let next = self.next;
        if order.tick != next {
            self.node = Some(node);
            self.say(&LinkMessage::Missed { asked: order.tick, next });
            return Ok(());
        }
        if self.hears.len() != usize::from(order.heard) {
            self.node = Some(node);
            return Err(Refusal::Frames { have: self.hears.len() as u8 });
        }
        let sample = match order.sample {
            Sample::Own => self.reading(next).map(|raw| disturbed(raw, order.disturbance)),
            Sample::Given(bits) => Some(Q16::from_bits(bits)),
            Sample::Absent => None,
        };
        let heard_crc = checksum(self.hears.iter().map(|heard| &heard.frame[..]));
        let heard = self.hears.len() as u8;
        let mut line = Line { sent: Vec::new(), heard: self.hears.drain(..).collect() };
        self.run(&mut node, sample, order.harvest_uw, &mut line);
        let ticked = Ticked {
            tick: next,
            raw: None,
            sample: sample.map(Q16::to_bits),
            heard,
            heard_crc,
            said: line.sent.len() as u8,
            digest: node.digest(),
            sections: node.sections(),
            telemetry: Telemetry { regime: node.detector.regime() as u8, ..Telemetry::default() },
        };
        let before = self.out.len();
        self.says(&node, &line.sent);
        self.say(&LinkMessage::Ticked(ticked));
        self.answered = Some((next, vec![self.out[before..].to_vec()]));
        (self.node, self.next) = (Some(node), next + 1);
        Ok(())
    }

    /// The tick, as flawed as the firmware is.
    fn run(
        &self,
        node: &mut Node<NEIGHBOURS>,
        sample: Option<Q16>,
        harvest_uw: u32,
        line: &mut Line,
    ) {
        let flip = |from: u64| i32::from(self.next >= from);
        let (mut sample, mut harvest_uw) = (sample, harvest_uw);
        match self.flaw {
            Flaw::Sample(from) => {
                sample = sample.map(|sample| Q16::from_bits(sample.to_bits() ^ flip(from)));
            }
            Flaw::Harvest(from) => harvest_uw ^= flip(from) as u32,
            Flaw::None | Flaw::Rules | Flaw::Stolen(_) | Flaw::Unsigned(_) => {}
        }
        node.harvest_uw = harvest_uw;
        node.tick(&self.config, Tick(self.next), sample, line);
    }

    fn says(&mut self, node: &Node<NEIGHBOURS>, sent: &[Outgoing]) {
        let tick = self.next;
        for (index, outgoing) in (0..).zip(sent) {
            let kind = outgoing.message.kind();
            let round = outgoing.round as u8;
            let header = Header { kind, round, index: 0, count: 1, sender: node.id };
            let mut frame = Frame::new();
            header.write(&outgoing.message.to_bytes(), &mut frame).expect("it fits");
            let at_us = outgoing.at_us as u32;
            self.say(&LinkMessage::Say { tick, index, at_us, frame: &frame });
        }
    }

    fn rehearse(&mut self, asked: &Rehearsal) -> Result<(), Refusal> {
        let mut copy = self.node.clone().ok_or(Refusal::NoNode)?;
        let next = self.next;
        if asked.tick != next {
            self.say(&LinkMessage::Missed { asked: asked.tick, next });
            return Ok(());
        }
        let raw = self.reading(next).filter(|_| asked.senses);
        let sample = raw.map(|raw| asked.disturbance().bend(raw));
        let mut line = Line::default();
        self.run(&mut copy, sample, asked.harvest_uw, &mut line);
        self.says(&copy, &line.sent);
        let (raw, said) = (raw.map(Q16::to_bits), line.sent.len() as u8);
        self.say(&LinkMessage::Rehearsed { tick: next, raw, said });
        Ok(())
    }
}
