//! `--pcap`: the air of a run as a capture file, one record for each frame. The classic format of
//! libpcap (draft-ietf-opsawg-pcap), little-endian, in microseconds of simulated time, with the
//! link type 147, which is free for users. docs/captures.md says what stands before a frame's own
//! bytes. Must not hold more than one frame.

use std::io::{self, Write};

use crate::mesh::Mesh;
use crate::mesh::capture::Frame;

use super::export::Exporter;

/// Version of the bytes in front of a frame.
const VERSION: u8 = 1;
/// How many those are.
pub const FRONT_BYTES: usize = 48;
/// Link type `USER0`.
const LINK_TYPE: u32 = 147;
/// No record is longer.
const LENGTH_MAX: u32 = 4_096;
/// The format, with times in microseconds.
const MAGIC: u32 = 0xA1B2_C3D4;

/// A capture that is being written.
pub struct Pcap<W: Write> {
    out: W,
    tick_us: u64,
}

impl<W: Write> Pcap<W> {
    /// Begins a capture; a tick is `tick_us` long.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(mut out: W, tick_us: u64) -> io::Result<Self> {
        let words: [u32; 6] = [MAGIC, 2 | 4 << 16, 0, 0, LENGTH_MAX, LINK_TYPE];
        for word in words {
            out.write_all(&word.to_le_bytes())?;
        }
        Ok(Self { out, tick_us })
    }

    fn frame(&mut self, tick: u64, frame: &Frame<'_>) -> io::Result<()> {
        let front = front(tick, frame);
        let at_us = tick * self.tick_us + frame.transmission.span_us.0;
        let length = (front.len() + frame.bytes.len()) as u32;
        for word in [(at_us / 1_000_000) as u32, (at_us % 1_000_000) as u32, length, length] {
            self.out.write_all(&word.to_le_bytes())?;
        }
        self.out.write_all(&front)?;
        self.out.write_all(frame.bytes)
    }
}

/// The bytes in front of a frame.
fn front(tick: u64, frame: &Frame<'_>) -> [u8; FRONT_BYTES] {
    let sent = frame.transmission;
    let (start_us, end_us) = sent.span_us;
    let word = |wide: u64| wide.min(u64::from(u32::MAX)) as u32;
    let receiver = sent.destination.map_or(u32::MAX, |node| node.0);
    let mut front = [0; FRONT_BYTES];
    let head = [VERSION, FRONT_BYTES as u8, u8::from(frame.is_answer), 0];
    let words = [word(start_us), word(end_us - start_us), sent.sender.0, receiver];
    let bytes = head.into_iter().chain(tick.to_le_bytes());
    let bytes = bytes.chain(words.into_iter().flat_map(u32::to_le_bytes));
    let bytes = bytes.chain(frame.outcomes.into_iter().flat_map(u16::to_le_bytes));
    for (place, byte) in front.iter_mut().zip(bytes) {
        *place = byte;
    }
    front
}

impl<W: Write> Exporter for Pcap<W> {
    const WHAT: &'static str = "capture";
    const BEGINS: &'static [u8] = &MAGIC.to_le_bytes();

    fn tick(&mut self, mesh: &mut Mesh) -> io::Result<()> {
        let tick = mesh.ticks().saturating_sub(1);
        mesh.frames(|frame| self.frame(tick, frame))
    }

    fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
