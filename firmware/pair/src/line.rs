//! A serial line with a board at its other end: asks, waits, and asks again when no answer comes.
//! Must not know what a mesh is.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use qres_core::link::frame::{FrameReader, FrameWriter};
use qres_core::link::message::{LinkMessage, MessageError, Ticked};
use qres_core::radio::{Frame, Heard};

/// How long an answer may take before the question is asked again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a question is asked.
const ATTEMPTS: usize = 5;

/// A line.
pub struct Line {
    port: File,
    writer: FrameWriter,
    letters: Receiver<Vec<u8>>,
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the board does not answer")
}

impl Line {
    /// Opens a line that is raw already, and listens to it.
    pub fn open(path: &str) -> io::Result<Self> {
        let mut port = OpenOptions::new().read(true).write(true).open(path)?;
        let mut other = port.try_clone()?;
        // Ends whatever the other end may have begun to read.
        port.write_all(&[0])?;
        let (to, letters) = channel();
        thread::spawn(move || {
            let mut reader = FrameReader::default();
            let mut bytes = [0; 256];
            while let Ok(length) = other.read(&mut bytes) {
                for byte in bytes.iter().take(length) {
                    let Some(arrived) = reader.push(*byte) else { continue };
                    if to.send(arrived.message.to_vec()).is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Self { port, writer: FrameWriter::default(), letters })
    }

    fn send(&mut self, message: &LinkMessage<'_>) -> io::Result<()> {
        let wrong = |error: MessageError| io::Error::new(io::ErrorKind::InvalidInput, error);
        let frame = self.writer.write(message).map_err(wrong)?;
        self.port.write_all(&frame)
    }

    /// The next message; `None` when none comes in time. A refusal and a fatal word end it.
    fn hear(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let letter = match self.letters.recv_timeout(PATIENCE) {
                Ok(letter) => letter,
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => return Err(late()),
            };
            match LinkMessage::read(&letter) {
                Ok(LinkMessage::Log { text, .. }) => eprintln!("board: {text}"),
                Ok(LinkMessage::Nack { why, .. }) => eprintln!("board refuses: {why:?}"),
                Ok(_) => return Ok(Some(letter)),
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
    }

    /// Asks until an answer is what `wanted` takes.
    pub fn ask<T>(
        &mut self,
        message: &LinkMessage<'_>,
        wanted: impl Fn(&LinkMessage<'_>) -> Option<T>,
    ) -> io::Result<T> {
        for _ in 0..ATTEMPTS {
            self.send(message)?;
            while let Some(letter) = self.hear()? {
                let answer = LinkMessage::read(&letter).ok().and_then(|message| wanted(&message));
                if let Some(answer) = answer {
                    return Ok(answer);
                }
            }
        }
        Err(late())
    }

    /// Who is there: profile, build and the start of its key.
    pub fn greet(&mut self) -> io::Result<String> {
        let hello = LinkMessage::Hello { versions: (1, 1), nonce: 1 };
        self.ask(&hello, |message| match message {
            LinkMessage::Greeting(greeting) if greeting.nonce == 1 => {
                let [a, b, c, d, ..] = greeting.key;
                let key = u32::from_be_bytes([a, b, c, d]);
                Some(format!("{}, {}, key {key:08x}..", greeting.profile, greeting.build))
            }
            _ => None,
        })
    }

    /// What the board says of its line and its stack.
    pub fn beat(&mut self) -> io::Result<String> {
        loop {
            let Some(letter) = self.hear()? else { return Err(late()) };
            if let Ok(LinkMessage::Beat(beat)) = LinkMessage::read(&letter) {
                return Ok(format!(
                    "{} frames taken, {} damaged, {} lost, {} bytes of stack never used",
                    beat.taken, beat.damaged, beat.lost, beat.stack_free
                ));
            }
        }
    }

    /// Says what `say` says until the tick is answered whole; what it did, and what was said in it.
    pub fn ask_all(
        &mut self,
        say: impl Fn(&mut dyn FnMut(&LinkMessage<'_>)),
        tick: u64,
    ) -> io::Result<(Ticked, Vec<Heard>)> {
        for _ in 0..ATTEMPTS {
            let mut sent = Ok(());
            say(&mut |message| {
                if sent.is_ok() {
                    sent = self.send(message);
                }
            });
            sent?;
            let mut said = Vec::new();
            while let Some(letter) = self.hear()? {
                match LinkMessage::read(&letter) {
                    Ok(LinkMessage::Say { tick: of, index, at_us, frame })
                        if of == tick && usize::from(index) == said.len() =>
                    {
                        let frame = Frame::from_slice(frame).unwrap_or_default();
                        said.push(Heard { frame, at_us: u64::from(at_us) });
                    }
                    Ok(LinkMessage::Ticked(ticked)) if ticked.tick == tick => {
                        if usize::from(ticked.said) == said.len() {
                            return Ok((ticked, said));
                        }
                        break;
                    }
                    _ => {}
                }
            }
        }
        Err(late())
    }
}
