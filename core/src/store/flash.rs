//! Records in NOR flash, in slots of whole sectors. Holds no payload and needs no heap.
//!
//! Slots are written in turn, so that each sector wears by one erase in as many saves as there are
//! slots. The slot of the newest whole record is never the one that is erased.

use embedded_storage::nor_flash::NorFlash;

use super::record::{Checksum, FILLER, HEADER_BYTES, Header, OVERHEAD_BYTES, encode, is_newer};

/// Bytes that are read or written at a time. The driver's units must divide it.
const CHUNK: usize = 256;

/// Why a store cannot do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError<E> {
    /// The flash is too small for the slots, there are fewer than 2 of them, or its units do not
    /// divide 256 bytes.
    Geometry,
    /// The payload does not fit: this many bytes would.
    TooLong(usize),
    /// The buffer does not hold the payload: this many bytes are needed.
    Buffer(usize),
    /// No slot but the newest read back what was written to it: the flash is worn out. What was
    /// stored before is still there.
    NotVerified,
    /// A record was whole and a moment later it was not: the flash reads unsteadily.
    Unsteady,
    /// The flash driver failed.
    Flash(E),
}

impl<E: core::fmt::Debug> core::fmt::Display for StoreError<E> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Geometry => out.write_str(
                "the flash cannot hold the slots; use at least 2, of at least a sector each",
            ),
            Self::TooLong(room) => write!(
                out,
                "the payload is longer than the {room} bytes of a \
                 slot; use fewer slots or more flash"
            ),
            Self::Buffer(needed) => write!(out, "the buffer is too small; it needs {needed} bytes"),
            Self::NotVerified => out.write_str("no slot keeps what is written: the flash is worn"),
            Self::Unsteady => out.write_str("the flash reads unsteadily; check its supply"),
            Self::Flash(error) => write!(out, "flash: {error:?}"),
        }
    }
}

impl<E: core::fmt::Debug> core::error::Error for StoreError<E> {}

/// Where the newest whole record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Slot, from 0.
    pub slot: u32,
    /// Generation of its record.
    pub generation: u32,
    /// Bytes of its payload.
    pub length: usize,
}

/// What the slots hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The newest whole record; `None` if there is none.
    pub newest: Option<Newest>,
    /// Slots that begin like erased flash.
    pub blank: u32,
    /// Slots that hold neither a whole record nor nothing: writes that a power cut ended, or wear.
    pub damaged: u32,
}

/// A store in the whole of a flash, or of the partition that `F` stands for.
#[derive(Debug)]
pub struct Store<F> {
    flash: F,
    slots: u32,
    slot_bytes: u32,
}

impl<F: NorFlash> Store<F> {
    /// A store of `slots` slots over all of `flash`; it reads and writes nothing yet.
    ///
    /// # Errors
    /// [`StoreError::Geometry`].
    pub fn new(flash: F, slots: u32) -> Result<Self, StoreError<F::Error>> {
        let divides = |unit: usize| unit > 0 && CHUNK.is_multiple_of(unit);
        let sector = F::ERASE_SIZE;
        let fits = divides(F::READ_SIZE) && divides(F::WRITE_SIZE) && sector > OVERHEAD_BYTES;
        if slots < 2 || !fits || u32::try_from(flash.capacity()).is_err() {
            return Err(StoreError::Geometry);
        }
        let slot_bytes = (flash.capacity() / slots as usize / sector * sector) as u32;
        if slot_bytes == 0 {
            return Err(StoreError::Geometry);
        }
        Ok(Self { flash, slots, slot_bytes })
    }

    /// Longest payload, in bytes.
    pub fn capacity(&self) -> usize {
        self.slot_bytes as usize - OVERHEAD_BYTES
    }

    /// Gives the flash back.
    pub fn release(self) -> F {
        self.flash
    }

    /// Reads and checks every slot.
    ///
    /// # Errors
    /// When the driver fails.
    pub fn survey(&mut self) -> Result<Survey, StoreError<F::Error>> {
        let mut survey = Survey::default();
        for slot in 0..self.slots {
            match self.walk(slot, |_, _| {})? {
                Slot::Blank => survey.blank += 1,
                Slot::Damaged => survey.damaged += 1,
                Slot::Whole(Header { generation, length }) => {
                    if survey.newest.is_none_or(|best| is_newer(generation, best.generation)) {
                        survey.newest = Some(Newest { slot, generation, length });
                    }
                }
            }
        }
        Ok(survey)
    }

    /// Copies the newest whole payload to the front of `buffer`; `None` if there is none.
    ///
    /// # Errors
    /// When the buffer is too small, or the flash fails or reads unsteadily.
    pub fn load<'a>(
        &mut self,
        buffer: &'a mut [u8],
    ) -> Result<Option<&'a [u8]>, StoreError<F::Error>> {
        let Some(newest) = self.survey()?.newest else { return Ok(None) };
        let target = buffer.get_mut(..newest.length).ok_or(StoreError::Buffer(newest.length))?;
        let again = self.walk(newest.slot, |at, piece| {
            if let Some(place) = target.get_mut(at..at + piece.len()) {
                place.copy_from_slice(piece);
            }
        })?;
        let Newest { generation, length, .. } = newest;
        if again != Slot::Whole(Header { generation, length }) {
            return Err(StoreError::Unsteady);
        }
        Ok(Some(target))
    }

    /// Stores a payload as the newest; returns its generation. A slot that does not read back what
    /// was written to it is passed over.
    ///
    /// # Errors
    /// When the payload is too long, or no slot keeps it; the newest payload stays the one before.
    pub fn save(&mut self, payload: &[u8]) -> Result<u32, StoreError<F::Error>> {
        if payload.len() > self.capacity() {
            return Err(StoreError::TooLong(self.capacity()));
        }
        let newest = self.survey()?.newest;
        let (first, others, last) = match newest {
            Some(newest) => (newest.slot + 1, self.slots - 1, newest.generation),
            None => (0, self.slots, 0),
        };
        let mut failure = StoreError::NotVerified;
        for step in 0..others {
            let slot = (first + step) % self.slots;
            // Each try has a number of its own: a slot that failed may read well later.
            let generation = last.wrapping_add(1 + step);
            match self.put(slot, generation, payload) {
                Ok(true) => return Ok(generation),
                Ok(false) => {}
                Err(error) => failure = error,
            }
            // It may hold half a record, or one that reads well now and then.
            let _ = self.erase(slot);
        }
        Err(failure)
    }

    /// Erases a slot, writes a record to it and reads it back; whether it is there.
    fn put(
        &mut self,
        slot: u32,
        generation: u32,
        payload: &[u8],
    ) -> Result<bool, StoreError<F::Error>> {
        self.erase(slot)?;
        let at = slot * self.slot_bytes;
        let mut writer = Writer { flash: &mut self.flash, at, chunk: [0; CHUNK], filled: 0 };
        let mut written = Ok(());
        let encoded = encode(generation, payload, |piece| {
            if written.is_ok() {
                written = writer.put(piece);
            }
        });
        written.and_then(|()| writer.finish()).map_err(StoreError::Flash)?;
        let mut same = encoded.is_ok();
        let found = self.walk(slot, |at, piece| {
            same &= payload.get(at..at + piece.len()) == Some(piece);
        })?;
        Ok(same && found == Slot::Whole(Header { generation, length: payload.len() }))
    }

    fn erase(&mut self, slot: u32) -> Result<(), StoreError<F::Error>> {
        let from = slot * self.slot_bytes;
        self.flash.erase(from, from + self.slot_bytes).map_err(StoreError::Flash)
    }

    /// Reads a slot once, handing out the pieces of its payload with their places; says at the end
    /// whether the whole was a record.
    fn walk(
        &mut self,
        slot: u32,
        mut visit: impl FnMut(usize, &[u8]),
    ) -> Result<Slot, StoreError<F::Error>> {
        let start = slot * self.slot_bytes;
        let mut chunk = [0; CHUNK];
        let mut checksum = Checksum::new();
        let mut crc = [0; 4];
        let mut header = None;
        let mut at = 0;
        loop {
            let size = CHUNK.min(self.slot_bytes as usize - at);
            let Some(bytes) = chunk.get_mut(..size) else { return Ok(Slot::Damaged) };
            self.flash.read(start + at as u32, bytes).map_err(StoreError::Flash)?;
            let Header { generation, length } = match header {
                Some(header) => header,
                None => match first(bytes, self.slot_bytes as usize) {
                    Ok(found) => *header.insert(found),
                    Err(other) => return Ok(other),
                },
            };
            let end = HEADER_BYTES + length;
            checksum.update(part(bytes, at, 0, end).1);
            let (place, piece) = part(bytes, at, HEADER_BYTES, end);
            visit(place, piece);
            let (place, tail) = part(bytes, at, end, end + 4);
            crc.iter_mut().skip(place).zip(tail).for_each(|(slot, byte)| *slot = *byte);
            at += size;
            if at >= end + 4 {
                let whole = checksum.finish() == crc;
                let header = Header { generation, length };
                return Ok(if whole { Slot::Whole(header) } else { Slot::Damaged });
            }
        }
    }
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Blank,
    Damaged,
    Whole(Header),
}

/// The header at the front of a slot, if the record that it states fits the slot.
fn first(bytes: &[u8], slot_bytes: usize) -> Result<Header, Slot> {
    let blank = bytes.iter().all(|byte| *byte == FILLER);
    let other = if blank { Slot::Blank } else { Slot::Damaged };
    let head = bytes.first_chunk::<HEADER_BYTES>().ok_or(other)?;
    let header = Header::parse(head).map_err(|_| other)?;
    if header.length > slot_bytes - OVERHEAD_BYTES { Err(other) } else { Ok(header) }
}

/// The bytes of a chunk that lie in `from..to` of its slot, with their place after `from`.
fn part(chunk: &[u8], chunk_at: usize, from: usize, to: usize) -> (usize, &[u8]) {
    let start = from.max(chunk_at);
    let end = to.min(chunk_at + chunk.len());
    if start >= end {
        return (0, &[]);
    }
    (start - from, chunk.get(start - chunk_at..end - chunk_at).unwrap_or(&[]))
}

/// Gathers pieces into aligned writes.
struct Writer<'a, F> {
    flash: &'a mut F,
    at: u32,
    chunk: [u8; CHUNK],
    filled: usize,
}

impl<F: NorFlash> Writer<'_, F> {
    fn put(&mut self, mut piece: &[u8]) -> Result<(), F::Error> {
        while !piece.is_empty() {
            let room = self.chunk.get_mut(self.filled..).unwrap_or(&mut []);
            let (now, later) = piece.split_at(piece.len().min(room.len()));
            room.iter_mut().zip(now).for_each(|(slot, byte)| *slot = *byte);
            self.filled += now.len();
            piece = later;
            if self.filled == CHUNK {
                self.flush(CHUNK)?;
            }
        }
        Ok(())
    }

    /// Writes what is left, filled up to a whole unit.
    fn finish(mut self) -> Result<(), F::Error> {
        let size = self.filled.next_multiple_of(F::WRITE_SIZE);
        let rest = self.chunk.get_mut(self.filled..size).unwrap_or(&mut []);
        rest.fill(FILLER);
        if size > 0 { self.flush(size) } else { Ok(()) }
    }

    fn flush(&mut self, size: usize) -> Result<(), F::Error> {
        self.flash.write(self.at, self.chunk.get(..size).unwrap_or(&[]))?;
        self.at += size as u32;
        self.filled = 0;
        Ok(())
    }
}
