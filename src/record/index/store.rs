//! The file of an index: snapshots one after the other, each with its tick, its sizes and a
//! checksum. Nothing that it says is believed: it is bounded, checked, and thrown away on doubt.
//!
//! All numbers are little-endian. The file begins with `QIX1` and the fingerprint of the run, 32
//! bytes. Then come entries: tick (8 bytes), bytes of the snapshot (4), bytes as packed (4), BLAKE3
//! over all of these and the packed bytes (32), the packed bytes (LZ4, one block). Ticks rise.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

const MAGIC: [u8; 4] = *b"QIX1";
/// Bytes before the first entry.
const HEAD_BYTES: u64 = 36;
/// Bytes of an entry before what is packed.
const ENTRY_BYTES: u64 = 48;
/// The largest snapshot that is unpacked: 1 GiB.
const SNAPSHOT_BYTES_MAX: u32 = 1 << 30;
/// The most bytes that one byte of LZ4 can stand for.
const UNPACKED_MAX: u64 = 255;

/// A snapshot in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    tick: u64,
    whole: u32,
    packed: u32,
    sum: [u8; 32],
    /// Where what is packed begins.
    at: u64,
}

/// What was found in the place of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// An index of this run.
    Good,
    /// One of this run whose end is damaged or cut off; that was left out.
    Cut,
    /// One of another run, or of this recording as it was before.
    Stale,
    /// The first bytes of one, and no more.
    Torn,
}

/// An open index.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    file: File,
    fingerprint: [u8; 32],
    entries: Vec<Entry>,
    /// Bytes of the file.
    bytes: u64,
    /// The last tick of the run.
    ticks: u64,
    /// It may be changed.
    writable: bool,
}

/// Whether a file begins as an index does.
pub(super) fn is_index(path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == MAGIC
}

/// The bytes of an entry that come before the checksum.
fn head(tick: u64, whole: u32, packed: u32) -> [u8; 16] {
    let mut head = [0; 16];
    head[..8].copy_from_slice(&tick.to_le_bytes());
    head[8..12].copy_from_slice(&whole.to_le_bytes());
    head[12..].copy_from_slice(&packed.to_le_bytes());
    head
}

fn checksum(head: &[u8; 16], packed: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(head).update(packed).finalize().as_bytes()
}

impl Store {
    /// Opens the index of a run of so many ticks; where it is `writable`, begins one if there is
    /// none, and no other writer can have it open.
    ///
    /// # Errors
    /// When the file cannot be had, or when it is no index at all: it is not touched then.
    pub(super) fn open(
        path: &Path,
        fingerprint: [u8; 32],
        ticks: u64,
        writable: bool,
    ) -> io::Result<(Self, Found)> {
        let mut options = OpenOptions::new();
        options.read(true).write(writable).create(writable).truncate(false);
        let file = options.open(path)?;
        let lock = if writable { file.try_lock() } else { file.try_lock_shared() };
        lock.map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => io::Error::other("somebody else has it open"),
            std::fs::TryLockError::Error(error) => error,
        })?;
        let bytes = file.metadata()?.len();
        let path = path.to_path_buf();
        let entries = Vec::new();
        let mut store = Self { path, file, fingerprint, entries, bytes, ticks, writable };
        let head = store.beginning()?;
        let found = match head.split_at_checked(MAGIC.len()) {
            _ if bytes == 0 => Found::Nothing,
            Some((magic, print)) if magic == MAGIC && print == fingerprint => store.scan()?,
            Some((magic, print)) if magic == MAGIC && print.len() == fingerprint.len() => {
                Found::Stale
            }
            // What is left of one is shorter than what it begins with.
            Some((magic, _)) if magic == MAGIC => Found::Torn,
            None if MAGIC.starts_with(&head) => Found::Torn,
            _ => {
                return Err(io::Error::other(
                    "it is no index; move it away, and one is made in its place",
                ));
            }
        };
        if writable && matches!(found, Found::Nothing | Found::Stale | Found::Torn) {
            store.begin()?;
        }
        Ok((store, found))
    }

    /// What the file begins with, as far as that is there.
    fn beginning(&self) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        (&self.file).take(HEAD_BYTES).read_to_end(&mut head)?;
        Ok(head)
    }

    /// An empty file of this run.
    fn begin(&mut self) -> io::Result<()> {
        self.entries.clear();
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&MAGIC)?;
        self.file.write_all(&self.fingerprint)?;
        self.bytes = HEAD_BYTES;
        Ok(())
    }

    /// Finds the entries; whatever does not make sense ends them.
    fn scan(&mut self) -> io::Result<Found> {
        let mut at = HEAD_BYTES;
        while at < self.bytes {
            let Some(entry) = self.entry(at) else {
                if self.writable {
                    self.file.set_len(at)?;
                }
                self.bytes = at;
                return Ok(Found::Cut);
            };
            at = entry.at + u64::from(entry.packed);
            self.entries.push(entry);
        }
        Ok(Found::Good)
    }

    fn entry(&mut self, at: u64) -> Option<Entry> {
        let mut bytes = [0; ENTRY_BYTES as usize];
        self.file.seek(SeekFrom::Start(at)).ok()?;
        self.file.read_exact(&mut bytes).ok()?;
        let (head, sum) = bytes.split_at(16);
        let tick = u64::from_le_bytes(head.get(..8)?.try_into().ok()?);
        let whole = u32::from_le_bytes(head.get(8..12)?.try_into().ok()?);
        let packed = u32::from_le_bytes(head.get(12..)?.try_into().ok()?);
        let at = at + ENTRY_BYTES;
        let follows = self.entries.last().is_none_or(|last| last.tick < tick);
        let follows = follows && tick <= self.ticks;
        // So a few bytes cannot ask for much room.
        let comes_of = u64::from(packed) * UNPACKED_MAX >= u64::from(whole);
        let fits = at + u64::from(packed) <= self.bytes && whole <= SNAPSHOT_BYTES_MAX && comes_of;
        let sum = sum.try_into().ok()?;
        (follows && fits).then_some(Entry { tick, whole, packed, sum, at })
    }

    /// The newest tick at or before `tick` that has an entry.
    pub(super) fn nearest(&self, tick: u64) -> Option<u64> {
        let after = self.entries.partition_point(|entry| entry.tick <= tick);
        Some(self.entries.get(after.checked_sub(1)?)?.tick)
    }

    /// The newest tick that has an entry.
    pub(super) fn last(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.tick)
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of the file.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The snapshot of a tick, if it is as it was written.
    pub(super) fn read(&mut self, tick: u64) -> Option<Vec<u8>> {
        let place = self.entries.binary_search_by_key(&tick, |entry| entry.tick).ok()?;
        let entry = *self.entries.get(place)?;
        let packed = self.packed(&entry).ok()?;
        let sum = checksum(&head(entry.tick, entry.whole, entry.packed), &packed);
        if sum != entry.sum {
            return None;
        }
        let whole = lz4_flex::block::decompress(&packed, entry.whole as usize).ok()?;
        (whole.len() == entry.whole as usize).then_some(whole)
    }

    fn packed(&mut self, entry: &Entry) -> io::Result<Vec<u8>> {
        let mut packed = vec![0; entry.packed as usize];
        self.file.seek(SeekFrom::Start(entry.at))?;
        self.file.read_exact(&mut packed)?;
        Ok(packed)
    }

    /// Adds a snapshot of a tick after the last one.
    ///
    /// # Errors
    /// When it cannot be written; the file is as it was then, or its end is left out when it is
    /// opened again.
    pub(super) fn append(&mut self, tick: u64, packed: &[u8], whole: usize) -> io::Result<()> {
        let too_large = |_| io::Error::other("the snapshot is too large");
        let whole = u32::try_from(whole).map_err(too_large)?;
        let size = u32::try_from(packed.len()).map_err(too_large)?;
        let head = head(tick, whole, size);
        let sum = checksum(&head, packed);
        self.file.seek(SeekFrom::Start(self.bytes))?;
        let parts = [&head[..], &sum[..], packed];
        if let Err(error) = parts.into_iter().try_for_each(|part| self.file.write_all(part)) {
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        let at = self.bytes + ENTRY_BYTES;
        self.entries.push(Entry { tick, whole, packed: size, sum, at });
        self.bytes = at + u64::from(size);
        Ok(())
    }

    /// Leaves the entries at multiples of `spacing` only.
    ///
    /// # Errors
    /// When they cannot be moved.
    pub(super) fn thin(&mut self, spacing: u64) -> io::Result<()> {
        let kept = self.entries.iter().filter(|entry| entry.tick.is_multiple_of(spacing));
        let kept: Vec<Entry> = kept.copied().collect();
        // Entries only ever move towards the start, so none is overwritten before it has moved.
        let mut at = HEAD_BYTES;
        let mut moved = Vec::with_capacity(kept.len());
        for entry in kept {
            let packed = self.packed(&entry)?;
            self.file.seek(SeekFrom::Start(at))?;
            self.file.write_all(&head(entry.tick, entry.whole, entry.packed))?;
            self.file.write_all(&entry.sum)?;
            self.file.write_all(&packed)?;
            moved.push(Entry { at: at + ENTRY_BYTES, ..entry });
            at += ENTRY_BYTES + u64::from(entry.packed);
        }
        self.file.set_len(at)?;
        (self.entries, self.bytes) = (moved, at);
        Ok(())
    }

    /// Forgets an entry that is not what it says, and gives the file up where it is ours to change:
    /// it is made anew the next time.
    pub(super) fn reject(&mut self, tick: u64) {
        self.entries.retain(|entry| entry.tick != tick);
        if self.writable {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
