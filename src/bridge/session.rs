//! One board's side of the conversation, as a state machine: bytes and the time go in, bytes and
//! what they mean come out. Must not open a port, read a clock, or know of a mesh.
//!
//! One question is open at a time. Whoever waits too long asks again; who has asked too often
//! greets anew. A board that has lost its place is given the twin's state, and catches up tick by
//! tick.

mod talk;

pub(super) use talk::FREE_AFTER_MS;

use std::collections::VecDeque;

use qres_core::link::frame::{FrameReader, FrameWriter};
use qres_core::link::message::{Area, Post, Rehearsal, SECTIONS, Telemetry};
use qres_core::q16::Q16;
use qres_core::radio::Heard;

use super::clock::{Clock, ClockStatus};
use super::count::{BoardCounts, Latency, Throughput};
use crate::mesh::boards::{Said, SaidFrame};

/// Time after which a question is asked again, beside twice what its bytes take on the line.
const PATIENCE_US: u64 = 120_000;
/// Microseconds that a byte takes at 115200 baud, rounded up.
const BYTE_US: u64 = 87;
/// Times that a question is asked before the host greets anew.
const TRIES: u32 = 5;
/// Time between greetings of a board that does not answer.
const HELLO_US: u64 = 400_000;
/// The same of a board that was refused: another may have taken its place.
const REFUSED_US: u64 = 2_000_000;
/// Time between pings of a board that has nothing else to do.
const PING_US: u64 = 1_000_000;
/// Ticks that a board can be behind before it is given the twin's state.
pub const BACKLOG_MAX: usize = 64;
/// Bytes that can wait for the port.
const OUTPUT_MAX: usize = 1 << 16;
/// Times in a row that a board may refuse what it is to be.
const REFUSALS: u32 = 3;

/// First four bytes of the digest of each part of a node.
pub type SectionDigests = [[u8; 4]; SECTIONS.len()];

/// What a board is to be from a tick on: the twin's state before that tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The tick.
    pub tick: u64,
    /// The node; what it says of the configuration is filled in.
    pub post: Post,
    /// Canonical bytes of the configuration.
    pub config: Vec<u8>,
    /// Canonical bytes of the node.
    pub state: Vec<u8>,
}

/// A tick that the mesh has run: what the board is to do, and what is to come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The tick.
    pub tick: u64,
    /// What the node sensed.
    pub sample: Option<Q16>,
    /// Power that the world gave.
    pub harvest_uw: u32,
    /// How strong the storm is, for the lamp.
    pub storm: u8,
    /// What it heard, in order.
    pub heard: Vec<Heard>,
    /// The twin's digest after the tick.
    pub digest: [u8; 32],
    /// The same, part by part.
    pub sections: SectionDigests,
}

/// The first tick after which a board was not its twin.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Divergence {
    /// The tick.
    pub tick: u64,
    /// The parts of the node that differ.
    pub sections: Vec<&'static str>,
}

impl std::fmt::Display for Divergence {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts =
            if self.sections.is_empty() { "identity".into() } else { self.sections.join(", ") };
        write!(out, "parts from its twin in tick {}, in: {parts}", self.tick)
    }
}

/// Where a conversation stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// The port is closed.
    #[default]
    Closed,
    /// Nobody has answered yet, or any more.
    Silent,
    /// A board is there and waits for what it is to be.
    Greeted,
    /// It is being told.
    Loading,
    /// It is a node and keeps step.
    Live,
    /// It cannot be used, in words.
    Refused(String),
}

impl Phase {
    /// A word for a table.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Closed => "unplugged",
            Self::Silent => "silent",
            Self::Greeted => "greeted",
            Self::Loading => "loading",
            Self::Live => "live",
            Self::Refused(_) => "refused",
        }
    }
}

/// Who a board said that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// Its public key.
    pub key: [u8; 32],
    /// Whether it proved that the key is its own.
    pub proven: bool,
    /// Its kind of board.
    pub profile: String,
    /// Name and version of its firmware.
    pub build: String,
    /// Frames that it has room for in one tick.
    pub inbox: u8,
    /// Neighbours that it has room for.
    pub neighbours: u8,
}

/// A question that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    Hello,
    Load(Area, usize),
    Post,
    Restore,
    Tick(u64),
    Rehearse(u64),
    Ping,
}

#[derive(Clone, Debug)]
struct Open {
    question: Question,
    /// The number of its first frame.
    sequence: u16,
    sent_us: u64,
    again_us: u64,
    tries: u32,
}

/// A conversation with one board.
#[derive(Debug, Default)]
pub struct Session {
    writer: FrameWriter,
    reader: FrameReader,
    output: VecDeque<u8>,
    phase: Phase,
    nonce: u64,
    who: Who,
    /// The board that was last made this node: its key, and whether it proved that.
    owner: Option<([u8; 32], bool)>,
    open: Option<Open>,
    start: Option<Start>,
    refusals: u32,
    /// When a board that was refused is greeted again; 0: that is not known yet.
    again_us: u64,
    /// Why it last refused to be its node.
    objection: &'static str,
    /// Bytes and frames that had come when it was greeted last.
    greeted_after: (u64, u64),
    /// The tick that the board stands before.
    next: u64,
    /// Whether the board was made this node in this conversation.
    posted: bool,
    backlog: VecDeque<Done>,
    wanted: Option<Rehearsal>,
    says: Vec<SaidFrame>,
    answer: Option<(u64, Said)>,
    divergence: Option<Divergence>,
    /// The last tick after which its digest was the twin's, and that digest.
    agreed: Option<(u64, [u8; 32])>,
    telemetry: Telemetry,
    log: Option<String>,
    counts: BoardCounts,
    latency: Latency,
    throughput: Throughput,
    clock: Clock,
    /// When it is next asked whether it is there: what it says of itself is no answer.
    ping_due_us: u64,
    /// When it last answered as this node.
    live_us: u64,
}

impl Session {
    /// A conversation that has not begun. `nonce` tells it from others: anything new each time.
    #[must_use]
    pub fn new(nonce: u64) -> Self {
        Self { nonce: nonce | 1, ..Self::default() }
    }

    /// Where it stands.
    #[must_use]
    pub const fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Bytes that have come since the board was greeted, where none of them was a good frame.
    const fn garbled_bytes(&self) -> u64 {
        let (bytes, frames) = self.greeted_after;
        let silent = matches!(self.phase, Phase::Silent);
        if silent && self.counts.frames == frames { self.counts.bytes_in - bytes } else { 0 }
    }

    /// A word for where it stands, and what is in the way, if anything is: [`Phase::name`], or
    /// `garbled` for a silence full of bytes.
    #[must_use]
    pub fn state(&self) -> (&'static str, String) {
        let name = self.phase.name();
        match &self.phase {
            Phase::Refused(why) => (name, why.clone()),
            Phase::Silent if self.garbled_bytes() > 0 => {
                let why = format!(
                    "{} bytes have come and no good frame among them: another baud rate than {}, \
                     or another firmware than ours (docs/firmware.md)",
                    self.garbled_bytes(),
                    super::port::BAUD
                );
                ("garbled", why)
            }
            Phase::Greeted | Phase::Loading if self.refusals > 0 => {
                (name, talk::reflash(self.objection))
            }
            _ => (name, String::new()),
        }
    }

    /// Who the board said that it is.
    #[must_use]
    pub const fn who(&self) -> &Who {
        &self.who
    }

    /// What was counted.
    #[must_use]
    pub const fn counts(&self) -> &BoardCounts {
        &self.counts
    }

    /// How long it takes to answer.
    #[must_use]
    pub const fn latency(&self) -> &Latency {
        &self.latency
    }

    /// Its clock against the host's.
    #[must_use]
    pub fn clock(&self, now_us: u64) -> Option<ClockStatus> {
        self.clock.status(now_us)
    }

    /// Bytes per second in both directions, over the last second.
    #[must_use]
    pub const fn bytes_per_s(&self) -> u64 {
        self.throughput.bytes_per_s
    }

    /// The first tick in which it was not its twin, if there was one.
    #[must_use]
    pub const fn divergence(&self) -> Option<&Divergence> {
        self.divergence.as_ref()
    }

    /// The last tick after which its digest was the twin's, and that digest.
    #[must_use]
    pub const fn agreed(&self) -> Option<&(u64, [u8; 32])> {
        self.agreed.as_ref()
    }

    /// What it told of itself with its latest tick.
    #[must_use]
    pub const fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Its latest words for a person; taken once.
    pub fn take_log(&mut self) -> Option<String> {
        self.log.take()
    }

    /// The tick that the board stands before.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Ticks that it is behind the mesh.
    #[must_use]
    pub fn behind(&self) -> usize {
        self.backlog.len()
    }

    /// The port is open: somebody may be there.
    pub fn opened(&mut self, now_us: u64) {
        self.counts.opened += 1;
        self.begin(now_us);
    }

    /// Another port is this conversation's now, and is open: somebody may be there.
    pub(super) fn begin(&mut self, now_us: u64) {
        self.reader = FrameReader::default();
        self.output.clear();
        self.greet(now_us);
    }

    /// The port is gone. What the board was and had to do stays known.
    pub fn closed(&mut self) {
        self.phase = Phase::Closed;
        self.open = None;
        self.output.clear();
    }

    /// Has nothing more to do with the board, and says why.
    pub fn refuse(&mut self, why: String) {
        self.phase = Phase::Refused(why);
        self.again_us = 0;
        self.open = None;
        self.posted = false;
    }

    /// Bytes for the port.
    pub fn output(&mut self) -> Vec<u8> {
        self.counts.bytes_out += self.output.len() as u64;
        self.output.drain(..).collect()
    }

    /// Takes bytes from the port.
    pub fn take(&mut self, now_us: u64, bytes: &[u8]) {
        self.counts.bytes_in += bytes.len() as u64;
        let mut reader = std::mem::take(&mut self.reader);
        for byte in bytes {
            let before = reader.count();
            let arrived = reader.push(*byte).map(|arrived| arrived.message.to_vec());
            self.counts.add_line(before, reader.count());
            if let Some(message) = arrived {
                self.hear(now_us, &message);
            }
        }
        self.reader = reader;
        self.advance(now_us);
    }

    /// Lets time pass: asks again what was not answered, and whatever is due.
    pub fn poll(&mut self, now_us: u64) {
        self.throughput.add(now_us, self.counts.bytes_in + self.counts.bytes_out);
        if let Some(open) = self.open.as_mut().filter(|open| now_us >= open.again_us) {
            let question = open.question.clone();
            if question == Question::Hello {
                open.tries = 0;
            }
            open.tries += 1;
            let tries = open.tries;
            if question == Question::Ping || tries > TRIES {
                self.greet(now_us);
            } else {
                self.counts.retries += 1;
                self.ask_again(now_us, question, tries);
            }
        }
        // One that would not be its node in several tries is left alone until it starts anew.
        if matches!(self.phase, Phase::Refused(_)) && self.refusals < REFUSALS {
            if self.again_us == 0 {
                self.again_us = now_us + REFUSED_US;
            } else if self.open.is_none() && now_us >= self.again_us {
                self.send(now_us, Question::Hello);
            }
        }
        self.advance(now_us);
    }

    /// Whether the board is there and has to be told what it is to be, with [`Session::start`].
    #[must_use]
    pub const fn needs_start(&self) -> bool {
        matches!(self.phase, Phase::Greeted)
    }

    /// Makes the board this node, from a state between two ticks.
    pub fn start(&mut self, now_us: u64, start: Start) {
        self.counts.resyncs += u64::from(self.posted);
        self.backlog.clear();
        self.wanted = None;
        self.answer = None;
        self.next = start.tick;
        self.posted = true;
        self.owner = Some((self.who.key, self.who.proven));
        self.start = Some(start);
        self.phase = Phase::Loading;
        self.send(now_us, Question::Load(Area::Config, 0));
    }

    /// Counts what this conversation does not see.
    pub(super) fn count(&mut self, change: impl FnOnce(&mut BoardCounts)) {
        change(&mut self.counts);
    }

    /// The board needs its state again at the next occasion, whatever it is doing.
    pub fn resync(&mut self) {
        if matches!(self.phase, Phase::Loading | Phase::Live) {
            self.phase = Phase::Greeted;
            self.open = None;
            self.start = None;
        }
    }

    /// Wants to know what the board will say in a tick.
    pub fn ask(&mut self, now_us: u64, rehearsal: Rehearsal) {
        self.wanted = Some(rehearsal);
        self.answer = None;
        self.advance(now_us);
    }

    /// Whether an answer to [`Session::ask`] may still come.
    #[must_use]
    pub fn is_expected(&self) -> bool {
        self.phase == Phase::Live && self.wanted.is_some() && self.answer.is_none()
    }

    /// The answer for a tick, once; `None` if there is none.
    pub fn answer(&mut self, tick: u64) -> Option<Said> {
        self.wanted = None;
        let (answered, said) = self.answer.take()?;
        (answered == tick).then_some(said)
    }

    /// The mesh has run a tick: the board is to do the same.
    pub fn done(&mut self, now_us: u64, done: Done) {
        if !self.posted || matches!(self.phase, Phase::Refused(_)) {
            return;
        }
        let expected = self.next + self.backlog.len() as u64;
        let fits = done.heard.len() <= usize::from(self.who.inbox.max(1));
        if done.tick != expected || !fits || self.backlog.len() >= BACKLOG_MAX {
            self.lose_place();
            return;
        }
        self.backlog.push_back(done);
        self.wanted = None;
        if self.open.as_ref().is_some_and(|open| matches!(open.question, Question::Rehearse(_))) {
            self.open = None;
        }
        self.advance(now_us);
    }

    /// What the board would have to do is not known any more: it needs a state.
    fn lose_place(&mut self) {
        self.backlog.clear();
        self.next = u64::MAX;
        self.resync();
    }

    /// Begins anew with a greeting.
    fn greet(&mut self, now_us: u64) {
        self.phase = Phase::Silent;
        self.greeted_after = (self.counts.bytes_in, self.counts.frames);
        self.send(now_us, Question::Hello);
    }

    /// Goes on with whatever is next, if no question is open.
    fn advance(&mut self, now_us: u64) {
        if self.open.is_some() || self.phase != Phase::Live {
            return;
        }
        if let Some(done) = self.backlog.front() {
            self.send(now_us, Question::Tick(done.tick));
        } else if let Some(wanted) = self.wanted.filter(|_| self.answer.is_none()) {
            if wanted.tick == self.next {
                self.send(now_us, Question::Rehearse(wanted.tick));
            }
        } else if now_us >= self.ping_due_us {
            self.ping_due_us = now_us + PING_US;
            self.send(now_us, Question::Ping);
        }
    }
}
