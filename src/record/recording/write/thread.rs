//! The thread that writes a recording: entries to lines, lines to the store, each second to the
//! disk. Once it cannot write it takes entries all the same, so that nobody waits for it.

use std::io::{BufWriter, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, select, tick};

use super::{Entry, Note, Shared, Store};
use crate::record::recording::FILE_BYTES_MAX;
use crate::record::recording::text::line::{self, Sum};

/// A mark of how far the run has come is written at each flush, so many times; then at every second
/// one, so many times; and so on, so that a run of days stays small.
const MARKS: u32 = 6_000;

/// A writer with what it has written.
pub(super) struct Scribe {
    out: Option<BufWriter<Box<dyn Store>>>,
    shared: Arc<Shared>,
    sum: Sum,
    /// The tick of the last line.
    tick: u64,
    marks: u32,
    flushes: u64,
}

impl Scribe {
    pub(super) fn new(store: Box<dyn Store>, shared: Arc<Shared>) -> Self {
        let out = Some(BufWriter::new(store));
        Self { out, shared, sum: Sum::default(), tick: 0, marks: 0, flushes: 0 }
    }

    /// Writes until nobody hands it anything any more.
    pub(super) fn run(mut self, inbox: &Receiver<Entry>, flush_every: Duration) {
        let pulse = tick(flush_every);
        loop {
            select! {
                recv(inbox) -> entry => match entry {
                    Ok(entry) => self.put(entry),
                    Err(_) => break,
                },
                recv(pulse) -> _ => {
                    // Read first: all that was handed over before then is in the inbox.
                    let reached = self.shared.reached.load(Ordering::Acquire);
                    for entry in inbox.try_iter() {
                        self.put(entry);
                    }
                    self.mark(reached);
                    self.keep();
                }
            }
        }
        self.keep();
    }

    /// Notes how far the run has come, if that is news.
    fn mark(&mut self, reached: u64) {
        self.flushes += 1;
        let between = 1 << (self.marks / MARKS).min(32);
        if reached > self.tick && self.flushes.is_multiple_of(between) {
            self.marks += 1;
            self.put(Entry::Note(reached, Note::Reached));
        }
    }

    fn put(&mut self, entry: Entry) {
        let Some(out) = &mut self.out else { return };
        self.tick = self.tick.max(entry.tick());
        let written = line::write(&entry.record(), &mut self.sum)
            .map_err(std::io::Error::other)
            .and_then(|line| out.write_all(line.as_bytes()).map(|()| line.len() as u64));
        match written {
            Ok(bytes) => self.count(bytes),
            Err(error) => self.give_up(&error.to_string()),
        }
    }

    fn count(&mut self, bytes: u64) {
        let mut all = 0;
        self.shared.change(|status| {
            status.lines += 1;
            status.bytes += bytes;
            all = status.bytes;
        });
        // The longest line has to fit behind it.
        if all > FILE_BYTES_MAX / 2 {
            self.give_up(&format!("it has {} MiB, the most that is written", all >> 20));
        }
    }

    /// Lets what was written outlive a crash.
    fn keep(&mut self) {
        let Some(out) = &mut self.out else { return };
        if let Err(error) = out.flush().and_then(|()| out.get_mut().keep()) {
            self.give_up(&error.to_string());
        }
    }

    /// Writes nothing more.
    fn give_up(&mut self, why: &str) {
        if let Some(out) = self.out.take() {
            // What did not reach the store would be written where it cannot.
            let _ = out.into_parts();
        }
        self.shared.fail(&format!(
            "the recording cannot be written any further: {why}; the run goes on without it"
        ));
    }
}
