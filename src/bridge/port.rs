//! A serial port on a thread of its own: opened, read, written, lost and opened again. Must not
//! know what the bytes mean; whoever holds a [`Port`] never waits for it.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use serialport::{DataBits, FlowControl, Parity, SerialPort, StopBits};

use super::ports;

/// The link's speed.
pub const BAUD: u32 = 115_200;
/// Time that a read waits for a byte: bytes for the board wait as long at most.
const READ_WAIT: Duration = Duration::from_millis(2);
/// First and longest pause before a port is opened again.
const PAUSE: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(1_600)];
/// Pieces that can wait on either side.
const PIECES: usize = 256;
/// Bytes that are read at a time.
const PIECE: usize = 1_024;

/// What a port tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortEvent {
    /// It is open.
    Opened,
    /// Bytes have come.
    Bytes(Vec<u8>),
    /// It is lost, or cannot be opened; it is tried again. Told once until it is open.
    Closed(String),
}

/// A handle on a port's thread, which ends with it.
#[derive(Debug)]
pub struct Port {
    path: String,
    to: Sender<Vec<u8>>,
    from: Receiver<PortEvent>,
    ends: Arc<AtomicBool>,
    dropped: u64,
}

impl Port {
    /// Opens the port at `path` on a thread of its own, and keeps it open.
    ///
    /// # Errors
    /// When the system has no thread to spare.
    pub fn start(path: &str) -> std::io::Result<Self> {
        let (to, outgoing) = bounded(PIECES);
        let (incoming, from) = bounded(PIECES);
        let ends = Arc::new(AtomicBool::new(false));
        let line = Line { path: path.to_owned(), outgoing, incoming, ends: ends.clone() };
        std::thread::Builder::new().name(format!("port {path}")).spawn(move || line.run())?;
        Ok(Self { path: path.to_owned(), to, from, ends, dropped: 0 })
    }

    /// Its path or name.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What has happened since the last call.
    pub fn events(&self) -> impl Iterator<Item = PortEvent> + '_ {
        self.from.try_iter()
    }

    /// Waits for something to happen, at most so long; what happened is for [`Port::events`].
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.from.is_empty()
    }

    /// Sends bytes. When the port does not keep up they are dropped, and counted.
    pub fn send(&mut self, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        if let Err(TrySendError::Full(bytes) | TrySendError::Disconnected(bytes)) =
            self.to.try_send(bytes)
        {
            self.dropped += bytes.len() as u64;
        }
    }

    /// Bytes that found no room.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}

/// Opens a port as the link wants it.
///
/// # Errors
/// What the system says.
pub fn open(path: &str) -> Result<Box<dyn SerialPort>, serialport::Error> {
    serialport::new(path, BAUD)
        .data_bits(DataBits::Eight)
        .parity(Parity::None)
        .stop_bits(StopBits::One)
        .flow_control(FlowControl::None)
        .timeout(READ_WAIT)
        .open()
}

struct Line {
    path: String,
    outgoing: Receiver<Vec<u8>>,
    incoming: Sender<PortEvent>,
    ends: Arc<AtomicBool>,
}

impl Line {
    fn run(self) {
        let mut pause = PAUSE[0];
        let mut told = false;
        while !self.ends.load(Ordering::Relaxed) {
            let why = match open(&self.path) {
                Ok(port) => {
                    (pause, told) = (PAUSE[0], false);
                    if self.incoming.send(PortEvent::Opened).is_err() {
                        return;
                    }
                    self.carry(port)
                }
                Err(error) => Some(ports::remedy(&self.path, &error)),
            };
            let Some(why) = why else { return };
            if !told && self.incoming.send(PortEvent::Closed(why)).is_err() {
                return;
            }
            told = true;
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSE[1]);
        }
    }

    /// Carries bytes both ways until the port is lost, and says why; `None` when nobody wants it
    /// any more.
    fn carry(&self, mut port: Box<dyn SerialPort>) -> Option<String> {
        // What waited for a port that was gone is of no use to a board that greets anew.
        self.outgoing.try_iter().for_each(drop);
        let mut piece = [0; PIECE];
        let mut waiting: Vec<u8> = Vec::new();
        while !self.ends.load(Ordering::Relaxed) {
            match port.read(&mut piece) {
                Ok(0) => return Some(broken("the port has ended")),
                Ok(count) => {
                    let bytes = piece.get(..count).unwrap_or(&[]).to_vec();
                    self.incoming.send(PortEvent::Bytes(bytes)).ok()?;
                }
                Err(error) if is_patience(error.kind()) => {}
                Err(error) => return Some(broken(error)),
            }
            waiting.extend(self.outgoing.try_iter().flatten());
            match port.write(&waiting) {
                Ok(count) => drop(waiting.drain(..count)),
                Err(error) if is_patience(error.kind()) => {}
                Err(error) => return Some(broken(error)),
            }
            waiting.truncate(PIECES * PIECE);
        }
        None
    }
}

/// A port that was open and is no more.
fn broken(why: impl std::fmt::Display) -> String {
    format!(
        "the line broke off ({why}): plug the board in again, with a cable that holds; it goes on \
         from there"
    )
}

fn is_patience(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
