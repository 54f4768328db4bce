//! The state machine of a board: what it holds, and one turn of its loop. What it answers stands in
//! `answer`, what a tick does in `tick`.

use qres_core::config::NodeConfig;
use qres_core::id::NodeId;
use qres_core::integrity::identity::Identity;
use qres_core::link::LINK_VERSION;
use qres_core::link::frame::{FrameReader, FrameWriter};
use qres_core::link::message::{Beat, CAN_SIGN, Greeting, LinkMessage, MESSAGE_MAX, Ticked};
use qres_core::node::Node;
use qres_core::q16::Q16;
use qres_core::regime::Regime;

use crate::board::{Activity, Board, Light};
use crate::keep;
use crate::mail::{HEARD_MAX, Mail};

/// Neighbours that a board's node has room for.
pub const NEIGHBOURS: usize = 16;
/// Room for the canonical bytes of a configuration.
pub(crate) const CONFIG_MAX: usize = 640;
/// Room for the canonical bytes of a node.
pub const STATE_MAX: usize = 8 * 1024;
/// Room for a record in flash: a node and what stands before it.
pub(crate) type Scratch = heapless::Vec<u8, { STATE_MAX + CONFIG_MAX + 64 }>;

/// A board that says nothing else says that it lives this often, in microseconds.
const BEAT_US: u64 = 1_000_000;
/// Time for which a lamp that blinks is on, and then off, in microseconds.
const BLINK_US: u64 = 125_000;
/// Bytes that one turn takes from the line, so that a busy line does not stop the clock.
const BYTES_PER_TURN: usize = 512;

/// The large parts of a board's memory. Built at compile time, so that it lies in a static and
/// never on the stack.
pub struct Memory {
    pub(crate) mail: Mail,
    pub(crate) config_area: heapless::Vec<u8, CONFIG_MAX>,
    pub(crate) state_area: heapless::Vec<u8, STATE_MAX>,
    /// A snapshot, or a record on its way to the flash.
    pub(crate) scratch: Scratch,
}

impl Memory {
    /// Empty memory.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            mail: Mail::new(),
            config_area: heapless::Vec::new(),
            state_area: heapless::Vec::new(),
            scratch: Scratch::new(),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// A board and its loop.
pub struct Firmware<'m, B: Board> {
    pub(crate) board: B,
    pub(crate) memory: &'m mut Memory,
    pub(crate) secret: [u8; 32],
    pub(crate) identity: Identity,
    reader: FrameReader,
    pub(crate) writer: FrameWriter,
    /// Whether the host speaks our version.
    pub(crate) understood: bool,
    pub(crate) config: NodeConfig,
    pub(crate) node: Option<Node<NEIGHBOURS>>,
    /// The tick that the node stands before.
    pub(crate) next: u64,
    /// What the sensor read for the tick that was rehearsed last.
    pub(crate) read: Option<(u64, Option<Q16>)>,
    /// What the last tick was answered with.
    pub(crate) last: Option<Ticked>,
    pub(crate) snapshot_tick: u64,
    pub(crate) activity: Activity,
    pub(crate) storm: u8,
    /// Something comes between the sensor and the node.
    is_disturbed: bool,
    /// The lamp is off, as it blinks.
    is_dark: bool,
    blink_us: u64,
    /// Silence of the host after which the node runs free; 0 for never.
    pub(crate) free_after_us: u64,
    heard_us: u64,
    said_us: u64,
    /// When the next free tick is due.
    pub(crate) due_us: u64,
}

impl<'m, B: Board> Firmware<'m, B> {
    /// A board that has just started. It takes its key from the flash, or makes one on its first
    /// start; a node that ran free when the power went runs on. It greets unasked.
    pub fn new(mut board: B, memory: &'m mut Memory) -> Self {
        let scratch = &mut memory.scratch;
        let kept = keep::load(board.flash(), scratch);
        let node = kept.and_then(|_| keep::node(scratch));
        let secret = kept.unwrap_or_else(|| {
            let secret = board.random();
            // A flash that keeps nothing makes it another board at each start, with another key.
            keep::save(board.flash(), scratch, &secret, None);
            secret
        });
        let now_us = board.now_us();
        let activity = if node.is_some() { Activity::Free } else { Activity::Waiting };
        let (config, node, next) = match node {
            Some((config, node, next)) => (config, Some(node), next),
            None => (NodeConfig::default(), None, 0),
        };
        let mut firmware = Self {
            board,
            memory,
            secret,
            identity: Identity::from_seed(&secret),
            reader: FrameReader::default(),
            writer: FrameWriter::default(),
            understood: true,
            config,
            node,
            next,
            read: None,
            last: None,
            snapshot_tick: 0,
            activity,
            storm: 0,
            is_disturbed: false,
            is_dark: false,
            blink_us: now_us,
            free_after_us: 0,
            heard_us: now_us,
            said_us: now_us,
            due_us: now_us,
        };
        firmware.greet(0);
        firmware.shine();
        firmware
    }

    /// The node, once it is one.
    pub const fn node(&self) -> Option<&Node<NEIGHBOURS>> {
        self.node.as_ref()
    }

    /// The board, for whoever drives it in a test.
    pub const fn board(&mut self) -> &mut B {
        &mut self.board
    }

    /// Ends the loop and gives the board back, as a loss of power would.
    pub fn into_board(self) -> B {
        self.board
    }

    /// One turn: takes what has come on the line and answers it, does a free tick that is due, and
    /// says that it lives. To be called for ever.
    pub fn step(&mut self) {
        for _ in 0..BYTES_PER_TURN {
            let Some(byte) = self.board.read() else { break };
            let Some(arrived) = self.reader.push(byte) else { continue };
            let sequence = arrived.sequence;
            let message: heapless::Vec<u8, MESSAGE_MAX> = arrived.message.iter().copied().collect();
            self.heard_us = self.board.now_us();
            self.answer(sequence, &message);
        }
        let now_us = self.board.now_us();
        let silent_us = now_us.saturating_sub(self.heard_us);
        let mirrored = self.activity == Activity::Mirrored;
        if mirrored && self.free_after_us > 0 && silent_us >= self.free_after_us {
            self.run_free();
        }
        if self.activity == Activity::Free {
            self.free_ticks(now_us);
        }
        if self.is_disturbed && now_us.saturating_sub(self.blink_us) >= BLINK_US {
            self.blink_us = now_us;
            self.is_dark = !self.is_dark;
            self.shine();
        }
        if now_us.saturating_sub(self.said_us) >= BEAT_US {
            self.beat(now_us);
        }
    }

    /// Puts a message on the line. What is too long for a frame is not said; nothing here is.
    pub(crate) fn say(&mut self, message: &LinkMessage<'_>) {
        if let Ok(frame) = self.writer.write(message) {
            self.board.write(&frame);
        }
        self.said_us = self.board.now_us();
    }

    pub(crate) fn greet(&mut self, nonce: u64) {
        let signs = B::CAPABILITIES & CAN_SIGN != 0;
        let proof = if signs { self.identity.greet(nonce) } else { [0; 64] };
        let next = self.node.is_some().then_some(self.next);
        let greeting = Greeting {
            version: LINK_VERSION,
            nonce,
            key: self.identity.public().to_bytes(),
            proof: if signs { &proof } else { &[] },
            capabilities: B::CAPABILITIES,
            profile: B::PROFILE,
            build: B::BUILD,
            neighbours: NEIGHBOURS as u8,
            inbox: HEARD_MAX as u8,
            next,
        };
        self.say(&LinkMessage::Greeting(greeting));
    }

    fn beat(&mut self, now_us: u64) {
        let count = self.reader.count();
        let beat = Beat {
            board_us: now_us,
            next: self.node.is_some().then_some(self.next),
            is_free: self.activity == Activity::Free,
            taken: count.taken,
            damaged: count.damaged,
            lost: count.lost,
            stack_free: self.board.stack_free(),
        };
        self.say(&LinkMessage::Beat(beat));
    }

    /// Whether anything comes between the sensor and the node: the lamp blinks from the first
    /// moment on, and is steady again when it ends.
    pub(crate) fn disturb(&mut self, is_disturbed: bool) {
        if is_disturbed != self.is_disturbed {
            self.is_disturbed = is_disturbed;
            self.is_dark = is_disturbed;
            self.blink_us = self.board.now_us();
        }
    }

    pub(crate) const fn is_disturbed(&self) -> bool {
        self.is_disturbed
    }

    /// Lets the lamp show what is.
    pub(crate) fn shine(&mut self) {
        let node = self.node.as_ref();
        let light = Light {
            activity: self.activity,
            regime: node.map_or(Regime::Calm, |node| node.detector.regime()),
            storm: self.storm,
            is_browned_out: node.is_some_and(|node| node.energy.is_browned_out()),
            is_dark: self.is_dark,
        };
        self.board.show(light);
    }

    /// The node's id, if it is one.
    pub(crate) fn id(&self) -> NodeId {
        self.node.as_ref().map_or(NodeId::NONE, |node| node.id)
    }
}
