//! The messages of the link, as postcard has them: a number for the kind, then the fields in the
//! order in which they stand here. Must not know how they are framed, nor who sends what when.
//!
//! Postcard: <https://postcard.jamesmunns.com/wire-format>. Whole numbers above one byte are
//! variable-length, signed ones zigzag; bytes, text and lists stand behind their length.

use serde::{Deserialize, Serialize};

use crate::disturbance::Disturbance;
use crate::neuron::TAPS;
use crate::q16::Q16;

/// Longest message, in bytes.
pub const MESSAGE_MAX: usize = 240;
/// Bytes of a configuration or a state in one message, at most.
pub const PIECE_MAX: usize = 192;
/// Neighbours that a [`Post`] has room for.
pub const NEIGHBOURS_MAX: usize = 32;
/// Parts of a node's state that have a digest of their own.
pub const SECTIONS: [&str; 6] = ["sensing", "speaking", "energy", "trust", "memory", "options"];

/// The own sensor is there.
pub const CAN_SENSE: u32 = 1;
/// A lamp shows regime and storm.
pub const CAN_SHINE: u32 = 2;
/// A radio of its own is there, beside the link.
pub const CAN_RADIO: u32 = 4;
/// What it keeps outlives a loss of power.
pub const CAN_KEEP: u32 = 8;
/// It signs greetings with the key that it names.
pub const CAN_SIGN: u32 = 16;

/// What can be said on the link. Variants are numbered as they stand here, from 0; new ones are
/// added at the end, with a new version of the link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkMessage<'a> {
    /// 0, host: who is there? Answered by `Greeting` at any time.
    Hello {
        /// Oldest and newest version of the link that the host speaks.
        versions: (u16, u16),
        /// Anything but 0, new each time: the greeting repeats and signs it.
        nonce: u64,
    },
    /// 1, host: a piece of what `Post` or `Restore` will refer to. Answered by `Loaded`. A piece at
    /// offset 0 begins anew.
    Load {
        /// What it is a piece of.
        area: Area,
        /// Where it belongs, in bytes; pieces come in order.
        offset: u16,
        /// 1 to [`PIECE_MAX`] bytes.
        bytes: &'a [u8],
    },
    /// 2, host: be this node. Answered by `Ready`.
    Post(Post),
    /// 3, host: take on the loaded state and go on with this tick. Answered by `Ready`.
    Restore {
        /// The next tick.
        tick: u64,
    },
    /// 4, host: a radio frame that arrives in this tick. No answer.
    Hear {
        /// The tick.
        tick: u64,
        /// Its place among the frames of the tick, from 0.
        index: u8,
        /// End of reception, in microseconds from the tick's start.
        at_us: u32,
        /// The frame as on the air, at most 172 bytes.
        frame: &'a [u8],
    },
    /// 5, host: do this tick. Answered by `Say`s and `Ticked`, by `Missed` or by `Nack`.
    Tick(Order),
    /// 6, host: for clocks, and to be heard. Answered by `Pong`.
    Ping {
        /// The host's clock, in microseconds.
        host_us: u64,
    },
    /// 7, host: a piece of the board's state. Answered by `Part`. Offset 0 takes a snapshot, other
    /// offsets read from it.
    Fetch {
        /// First byte wanted.
        offset: u16,
    },
    /// 8, host: run free, on the own clock, sensor and radio. Answered by `Ready`.
    Release,
    /// 9, host: forget everything and greet. Answered by `Greeting` with nonce 0.
    Restart,
    /// 10, board: who it is. Unasked (nonce 0) after each start.
    Greeting(Greeting<'a>),
    /// 11, board: a piece has arrived.
    Loaded {
        /// Of what.
        area: Area,
        /// Bytes there now.
        length: u16,
    },
    /// 12, board: it is a node, and stands before this tick.
    Ready {
        /// The next tick.
        tick: u64,
        /// The digest of the node.
        digest: [u8; 32],
        /// Whether it runs free.
        is_free: bool,
    },
    /// 13, board: a message that the node transmitted in this tick.
    Say {
        /// The tick.
        tick: u64,
        /// Its place among the messages of the tick, from 0.
        index: u8,
        /// Start of transmission, in microseconds from the tick's start.
        at_us: u32,
        /// Header and message in one piece, as on an air whose frames are long enough.
        frame: &'a [u8],
    },
    /// 14, board: the tick is done.
    Ticked(Ticked),
    /// 15, board: the host asks for a tick that is not the next; nothing was done.
    Missed {
        /// The tick that was asked for.
        asked: u64,
        /// The tick that is next.
        next: u64,
    },
    /// 16, board: the answer to a ping.
    Pong {
        /// The host's clock in the ping.
        host_us: u64,
        /// The board's clock when it answered, in microseconds since its start.
        board_us: u64,
    },
    /// 17, board: a piece of its state.
    Part {
        /// The tick that comes next in this state.
        tick: u64,
        /// Bytes of the whole.
        total: u16,
        /// Where the piece belongs.
        offset: u16,
        /// At most [`PIECE_MAX`] bytes; empty at the end.
        bytes: &'a [u8],
    },
    /// 18, board: words for a person.
    Log {
        /// How grave.
        level: Level,
        /// At most 200 bytes of text.
        text: &'a str,
    },
    /// 19, board: it will not.
    Nack {
        /// The sequence number of the frame that it refuses.
        sequence: u16,
        /// Why.
        why: Refusal,
    },
    /// 20, board: it lives; each second in which it says nothing else.
    Beat(Beat),
    /// 21, host: read the sensor and say what the node will say in this tick. Answered by `Say`s
    /// and `Rehearsed`, by `Missed` or by `Nack`. The node itself stays before the tick, until
    /// `Tick` gives it what was made of its words.
    Rehearse(Rehearsal),
    /// 22, board: as many `Say`s came before this as the node will say in the tick.
    Rehearsed {
        /// The tick.
        tick: u64,
        /// What the own sensor read, in Q16.16 bits, before the disturbance; the same however often
        /// the host asks.
        raw: Option<i32>,
        /// `Say`s that came before this.
        said: u8,
    },
}

/// Where a [`LinkMessage::Load`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Area {
    /// 0: the canonical bytes of a `NodeConfig`.
    Config,
    /// 1: the canonical bytes of a `Node`.
    State,
}

/// How grave a [`LinkMessage::Log`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// 0: good to know.
    Info,
    /// 1: something is wrong, and it goes on.
    Warning,
    /// 2: it starts anew.
    Fatal,
}

/// Why a board refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// 0: no version that both ends speak.
    Version,
    /// 1: it is no node yet: `Post` first.
    NoNode,
    /// 2: the loaded bytes are no configuration.
    Config,
    /// 3: the configuration asks for something that this firmware lacks.
    Unsupported,
    /// 4: the loaded bytes are no state of such a node.
    State,
    /// 5: frames of this tick are missing: send again from this place.
    Frames {
        /// Frames that have arrived.
        have: u8,
    },
    /// 6: a piece that does not follow the one before it, or has no room.
    Piece {
        /// Bytes that have arrived.
        length: u16,
    },
    /// 7: bytes that are no message of this version.
    Message,
    /// 8: a message that only boards send.
    Direction,
}

/// The node that a board is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Its id.
    pub node: u32,
    /// Its modality group.
    pub group: u8,
    /// 0 scheduled, 1 on demand, 2 sentinel.
    pub role: u8,
    /// Its sentinel; `u32::MAX` for none.
    pub sentinel: u32,
    /// When its first round may begin, in microseconds since the start of the run.
    pub first_us: u64,
    /// The tick in which it joins, which is the next one.
    pub join: u64,
    /// Bytes of the loaded configuration; 0 for the default one.
    pub config_bytes: u16,
    /// CRC-32 of them.
    pub config_crc: u32,
    /// Whether it runs free when it hears nothing for so long, in milliseconds; 0: it waits.
    pub free_after_ms: u32,
    /// Those it may hear.
    pub neighbours: heapless::Vec<u32, NEIGHBOURS_MAX>,
}

/// A tick that the host asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which.
    pub tick: u64,
    /// Where the sample comes from.
    pub sample: Sample,
    /// Added to what the own sensor reads, in Q16.16 bits: a storm or an attack on the sensor.
    pub disturbance: i32,
    /// How strong the storm is here, 0 to 255, for the lamp.
    pub storm: u8,
    /// Power that the world gives, in microwatts.
    pub harvest_uw: u32,
    /// `Hear`s that were sent for this tick.
    pub heard: u8,
}

/// A tick that a board looks ahead to, so that the mesh hears it in that tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// Which; the one that is next.
    pub tick: u64,
    /// Whether a reading is due.
    pub senses: bool,
    /// What comes between the reading and the sample: [`Disturbance::offset`].
    ///
    /// [`Disturbance::offset`]: crate::disturbance::Disturbance::offset
    pub offset: i32,
    /// The same: its gain, Q16.16.
    pub gain: i32,
    /// The same: its pivot, in Q16.16 bits.
    pub pivot: i32,
    /// How strong the storm is here, 0 to 255, for the lamp.
    pub storm: u8,
    /// Power that the world gives, in microwatts.
    pub harvest_uw: u32,
}

impl Rehearsal {
    /// What comes between the reading and the sample.
    #[must_use]
    pub const fn disturbance(&self) -> Disturbance {
        Disturbance { offset: self.offset, gain: self.gain, pivot: self.pivot }
    }
}

/// Where a sample comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sample {
    /// 0: the own sensor.
    #[default]
    Own,
    /// 1: the host, in Q16.16 bits. The disturbance is in it.
    Given(i32),
    /// 2: nowhere; the node senses nothing in this tick.
    Absent,
}

/// Who a board is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting<'a> {
    /// The version that it will speak; of no other field does a later version change the place.
    pub version: u16,
    /// The hello's, or 0.
    pub nonce: u64,
    /// Its public key, Ed25519.
    pub key: [u8; 32],
    /// The signature of [`greeting_bytes`], 64 bytes; empty where it does not sign.
    pub proof: &'a [u8],
    /// What it can do: the sum of [`CAN_SENSE`] and its like.
    pub capabilities: u32,
    /// Which board it is, which decides its figures of power; at most 16 bytes.
    pub profile: &'a str,
    /// Name and version of its firmware; at most 48 bytes.
    pub build: &'a str,
    /// Neighbours that it has room for.
    pub neighbours: u8,
    /// Radio frames that it has room for in one tick.
    pub inbox: u8,
    /// The tick that it stands before; `None` when it is no node.
    pub next: Option<u64>,
}

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticked {
    /// Which.
    pub tick: u64,
    /// What the own sensor read, in Q16.16 bits, before the disturbance.
    pub raw: Option<i32>,
    /// What the node took as its sample, in Q16.16 bits.
    pub sample: Option<i32>,
    /// Frames that it heard, as many as `Hear`s were sent.
    pub heard: u8,
    /// CRC-32 of the frames that it heard, one after the other.
    pub heard_crc: u32,
    /// Messages that it transmitted: as many `Say`s came before this.
    pub said: u8,
    /// The digest of the node after the tick.
    pub digest: [u8; 32],
    /// Its parts: the first 4 bytes of the BLAKE3 of each of [`SECTIONS`].
    pub sections: [[u8; 4]; SECTIONS.len()],
    /// What a person wants to see.
    pub telemetry: Telemetry,
}

/// What a person wants to see of a board, beside its digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telemetry {
    /// 0 calm, 1 pre-storm, 2 storm.
    pub regime: u8,
    /// Whether it is without power.
    pub is_browned_out: bool,
    /// Energy in its simulated store, in microjoules.
    pub energy_uj: u64,
    /// Time for which its radio is awake in this tick, in microseconds.
    pub awake_us: u32,
    /// Rounds that it has begun.
    pub rounds: u32,
    /// Weights of its predictor, in Q16.16 bits.
    pub weights: [i32; TAPS],
    /// Time that the tick took the board, in microseconds.
    pub work_us: u32,
}

/// A board's sign of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// Its clock, in microseconds since its start.
    pub board_us: u64,
    /// The tick that it stands before; `None` when it is no node.
    pub next: Option<u64>,
    /// Whether it runs free.
    pub is_free: bool,
    /// Frames that it took.
    pub taken: u32,
    /// Frames that it dropped as damaged.
    pub damaged: u32,
    /// Frames that are missing between those that it took.
    pub lost: u32,
    /// Bytes of its stack that were never used; 0 if it does not know.
    pub stack_free: u32,
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// No message of this version, or not written as this version writes it.
    Meaningless,
    /// The message is longer than [`MESSAGE_MAX`].
    Long,
}

impl core::fmt::Display for MessageError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Meaningless => "no message of this version: do both ends run the same one?",
            Self::Long => "the message is too long for a frame: send it in parts",
        })
    }
}

impl core::error::Error for MessageError {}

impl<'a> LinkMessage<'a> {
    /// Writes the message to the start of `buffer` and returns its bytes.
    ///
    /// # Errors
    /// [`MessageError::Long`] when it has no room there, or is longer than any may be.
    pub fn write<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], MessageError> {
        let room = buffer.len().min(MESSAGE_MAX);
        let buffer = buffer.get_mut(..room).ok_or(MessageError::Long)?;
        postcard::to_slice(self, buffer).map(|bytes| &*bytes).map_err(|_| MessageError::Long)
    }

    /// Reads a message. What it accepts is what [`LinkMessage::write`] writes, to the byte.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn read(bytes: &'a [u8]) -> Result<Self, MessageError> {
        if bytes.len() > MESSAGE_MAX {
            return Err(MessageError::Long);
        }
        let message: Self = postcard::from_bytes(bytes).map_err(|_| MessageError::Meaningless)?;
        let mut again = [0; MESSAGE_MAX];
        let same = message.write(&mut again).is_ok_and(|again| again == bytes);
        if same { Ok(message) } else { Err(MessageError::Meaningless) }
    }
}

/// The version in a greeting, whatever version it is of; `None` if the bytes are no greeting.
#[must_use]
pub fn greeting_version(bytes: &[u8]) -> Option<u16> {
    let (kind, rest): (u32, &[u8]) = postcard::take_from_bytes(bytes).ok()?;
    let version = postcard::take_from_bytes(rest).ok()?.0;
    (kind == 10).then_some(version)
}

/// What a greeting's proof signs: `qres-link-v1`, four zero bytes, the nonce, little-endian.
#[must_use]
pub fn greeting_bytes(nonce: u64) -> [u8; 24] {
    let mut bytes = *b"qres-link-v1\0\0\0\0\0\0\0\0\0\0\0\0";
    if let Some(place) = bytes.last_chunk_mut() {
        *place = nonce.to_le_bytes();
    }
    bytes
}

/// A reading under a disturbance: their sum, at the ends of the range where it leaves it.
#[must_use]
pub const fn disturbed(raw: Q16, disturbance: i32) -> Q16 {
    Q16::from_bits(raw.to_bits().saturating_add(disturbance))
}
