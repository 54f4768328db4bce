//! A small NOR flash whose power can go at any byte: what a node with storage keeps its model in.
//! Two sectors, two slots of the core's [`Store`]. Must not outlive the run.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read,
    check_write,
};
use qres_core::canonical::{Canonical, Sink, Source};
use qres_core::store::Store;

/// Bytes of a sector.
const SECTOR: usize = 256;
/// Sectors, each a slot.
const SLOTS: usize = 2;
/// Bytes of the whole.
const SIZE: usize = SECTOR * SLOTS;

/// The flash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    cells: Box<[u8; SIZE]>,
    /// Bytes that can still be erased or written before the power goes; `None`: any number.
    power: Option<u32>,
}

impl Default for Flash {
    fn default() -> Self {
        Self { cells: Box::new([0xFF; SIZE]), power: None }
    }
}

impl Flash {
    /// Bytes that are erased or written when a payload is saved.
    #[must_use]
    pub const fn effort(payload: usize) -> u32 {
        (SECTOR + qres_core::store::OVERHEAD_BYTES + payload) as u32
    }

    /// Saves `payload` in the older slot; with `power`, only as far as so many bytes of erasing and
    /// writing go. Whether it is stored.
    pub fn save(&mut self, payload: &[u8], power: Option<u32>) -> bool {
        let flash = Self { power, cells: self.cells.clone() };
        let Ok(mut store) = Store::new(flash, SLOTS as u32) else { return false };
        let stored = store.save(payload).is_ok();
        *self = Self { power: None, ..store.release() };
        stored
    }

    /// Loads the newest whole payload into `buffer`.
    #[must_use]
    pub fn load<'a>(&self, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let mut store = Store::new(self.clone(), SLOTS as u32).ok()?;
        store.load(buffer).ok().flatten()
    }

    /// Changes cells one by one, as long as there is power.
    fn change(&mut self, from: u32, to: u32, value: impl Fn(usize, u8) -> u8) -> Result<(), Cut> {
        let range = from as usize..to as usize;
        for (at, cell) in self.cells.get_mut(range).into_iter().flatten().enumerate() {
            match &mut self.power {
                Some(0) => return Err(Cut::Power),
                Some(left) => *left -= 1,
                None => {}
            }
            *cell = value(at, *cell);
        }
        Ok(())
    }
}

/// Why the flash stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The power is gone.
    Power,
    /// It was asked for what it cannot do.
    Misuse(NorFlashErrorKind),
}

impl NorFlashError for Cut {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Power => NorFlashErrorKind::Other,
            Self::Misuse(kind) => *kind,
        }
    }
}

impl ErrorType for Flash {
    type Error = Cut;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Cut> {
        check_read(self, offset, bytes.len()).map_err(Cut::Misuse)?;
        let from = offset as usize;
        let part = self.cells.get(from..from + bytes.len());
        bytes.copy_from_slice(part.ok_or(Cut::Misuse(NorFlashErrorKind::OutOfBounds))?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 1;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Cut> {
        check_erase(self, from, to).map_err(Cut::Misuse)?;
        self.change(from, to, |_, _| 0xFF)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Cut> {
        check_write(self, offset, bytes.len()).map_err(Cut::Misuse)?;
        let fresh = |at: usize, old: u8| old & bytes.get(at).copied().unwrap_or(0xFF);
        self.change(offset, offset + bytes.len() as u32, fresh)
    }
}

impl Canonical for Flash {
    fn encode(&self, sink: &mut impl Sink) {
        sink.put(&*self.cells);
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let cells = Box::new(source.take(SIZE)?.try_into().ok()?);
        Some(Self { cells, power: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_save_leaves_the_one_before() {
        let mut kept = Flash::default();
        let mut buffer = [0; 64];
        assert_eq!(kept.load(&mut buffer), None);
        assert!(kept.save(b"first", None) && kept.save(b"second", None));
        let effort = Flash::effort(b"third".len());
        for power in 0..=effort {
            let mut torn = kept.clone();
            let stored = torn.save(b"third", Some(power));
            assert_eq!(stored, power == effort, "{power}");
            let expected: &[u8] = if stored { b"third" } else { b"second" };
            assert_eq!(torn.load(&mut buffer), Some(expected), "{power}");
            assert!(torn.save(b"fourth", None));
            assert_eq!(torn.load(&mut buffer), Some(&b"fourth"[..]));
        }
    }
}
