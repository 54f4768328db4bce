//! The frames of one tick: those that a node hears, and those that it sends. Must not know where
//! they come from or go to.

use qres_core::fragment;
use qres_core::id::{NodeId, Tick};
use qres_core::packet::{Header, MTU, PAYLOAD_MAX};
use qres_core::radio::{AirConfig, Frame, Heard, Outgoing, Radio};

/// Frames that a tick has room for.
pub const HEARD_MAX: usize = 32;
/// Messages that a node may send in a tick; further ones are dropped.
pub const SAID_MAX: usize = 48;

const _: () = assert!(PAYLOAD_MAX < MTU && HEARD_MAX <= 255 && SAID_MAX <= 255);

/// A message that a node sent: header and all, in one frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Start of transmission, in microseconds from the tick's start.
    pub at_us: u32,
    /// The frame.
    pub frame: Frame,
}

impl Said {
    /// Calls `each` with the frames that carry it on an air that takes `mtu` bytes at a time: one,
    /// if it is short enough.
    pub fn cut(&self, mtu: usize, mut each: impl FnMut(&[u8])) {
        if self.frame.len() <= mtu {
            each(&self.frame);
        } else if let Ok((Header { kind, round, sender, .. }, payload)) = Header::read(&self.frame)
        {
            fragment::cut(kind, sender, round.into(), payload, mtu, each);
        }
    }
}

/// The frames of a tick.
#[derive(Debug)]
pub struct Mail {
    /// The tick that `heard` belongs to.
    pub tick: u64,
    /// What arrives, in order.
    pub heard: heapless::Vec<Heard, HEARD_MAX>,
    /// What was sent in the last tick, in order.
    pub said: heapless::Vec<Said, SAID_MAX>,
}

impl Mail {
    /// No mail.
    #[must_use]
    pub const fn new() -> Self {
        Self { tick: 0, heard: heapless::Vec::new(), said: heapless::Vec::new() }
    }

    /// Takes a frame of this tick if it is the next of its tick and there is room.
    pub fn take(&mut self, tick: u64, index: u8, at_us: u32, frame: &[u8]) {
        if tick != self.tick {
            self.tick = tick;
            self.heard.clear();
        }
        if self.heard.len() != usize::from(index) {
            return;
        }
        if let Ok(frame) = Frame::from_slice(frame) {
            let _ = self.heard.push(Heard { frame, at_us: u64::from(at_us) });
        }
    }

    /// How many frames of this tick are there.
    #[must_use]
    pub fn count(&self, tick: u64) -> u8 {
        if tick == self.tick { self.heard.len() as u8 } else { 0 }
    }

    /// The radio of a tick: what was heard comes in, what the node sends is kept.
    pub fn radio(&mut self, sender: NodeId) -> MailRadio<'_> {
        self.said.clear();
        MailRadio { sender, heard: self.heard.iter(), said: &mut self.said }
    }
}

/// See [`Mail::radio`].
#[derive(Debug)]
pub struct MailRadio<'a> {
    sender: NodeId,
    heard: core::slice::Iter<'a, Heard>,
    said: &'a mut heapless::Vec<Said, SAID_MAX>,
}

impl Radio for MailRadio<'_> {
    fn transmit(&mut self, _now: Tick, outgoing: &Outgoing) {
        // In one piece: whoever puts it on the air cuts it.
        let air = AirConfig { mtu_bytes: MTU as u16, ..AirConfig::default() };
        let at_us = u32::try_from(outgoing.at_us).unwrap_or(u32::MAX);
        air.frames(self.sender, outgoing.round, &outgoing.message, &[], |frame| {
            if let Ok(frame) = Frame::from_slice(frame) {
                let _ = self.said.push(Said { at_us, frame });
            }
        });
    }

    fn receive(&mut self) -> Option<Heard> {
        self.heard.next().cloned()
    }
}
