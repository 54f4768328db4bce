//! NOR flash in memory: it behaves like the board's, but forgets when the machine ends.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// Two slots of three sectors.
const BYTES: usize = 6 * SECTOR;
const SECTOR: usize = 4_096;

/// The flash.
pub struct MemoryFlash([u8; BYTES]);

impl ErrorType for MemoryFlash {
    type Error = NorFlashErrorKind;
}

impl MemoryFlash {
    /// Erased flash. Bytes are kept inverted, so that the static costs the program no bytes.
    pub const fn blank() -> Self {
        Self([0; BYTES])
    }

    fn piece(&mut self, offset: u32, length: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let from = offset as usize;
        self.0.get_mut(from..from + length).ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl ReadNorFlash for MemoryFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let length = bytes.len();
        check_read(self, offset, length)?;
        for (byte, place) in bytes.iter_mut().zip(self.piece(offset, length)?) {
            *byte = !*place;
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        BYTES
    }
}

impl NorFlash for MemoryFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to)?;
        self.piece(from, to.saturating_sub(from) as usize)?.fill(0);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len())?;
        for (place, byte) in self.piece(offset, bytes.len())?.iter_mut().zip(bytes) {
            *place |= !byte;
        }
        Ok(())
    }
}
