//! What outlives a power cut: records in a flash that forgets on the way.

use blake3::Hasher;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use qres_core::canonical::Canonical;
use qres_core::store::{Store, decode, encode, is_newer};

use super::draws::Draws;

/// Bytes of a sector, and of the flash.
const SECTOR: usize = 512;
const SIZE: usize = 4 * SECTOR;

/// A flash that bits can be flipped in.
struct Flash([u8; SIZE]);

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        check_read(self, offset, bytes.len())?;
        bytes.copy_from_slice(&self.0[offset as usize..offset as usize + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        SIZE
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to)?;
        self.0[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len())?;
        let cells = self.0.iter_mut().skip(offset as usize);
        // Writing clears bits and sets none.
        cells.zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}

/// Saves and loads, with bits that flip in between; records damaged and cut.
pub fn store(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(24);
    let mut flash = Flash([0xFF; SIZE]);
    let mut payload = [0; 600];
    for _ in 0..ticks / 16 {
        draws.fill(&mut payload);
        if draws.once_in(3) {
            draws.damage(&mut flash.0);
        }
        let Ok(mut store) = Store::new(flash, 4) else { return };
        let length = draws.below(payload.len() as u64) as usize;
        let saved = store.save(&payload[..length]);
        saved.unwrap_or(u32::MAX).encode(out);
        let mut buffer = [0; SECTOR];
        if let Ok(Some(loaded)) = store.load(&mut buffer) {
            out.update(loaded);
        }
        flash = store.release();
        record(&mut draws, &payload[..length], out);
    }
    out.update(&flash.0);
}

fn record(draws: &mut Draws, payload: &[u8], out: &mut Hasher) {
    let generation = draws.next() as u32;
    is_newer(generation, draws.next() as u32).encode(out);
    let mut bytes: heapless::Vec<u8, 1024> = heapless::Vec::new();
    let written = encode(generation, payload, |piece| {
        let _ = bytes.extend_from_slice(piece);
    });
    written.is_ok().encode(out);
    if draws.once_in(3) {
        draws.damage(&mut bytes);
    }
    if draws.once_in(4) {
        bytes.truncate(draws.below(700) as usize);
    }
    decode(&bytes).map_or_else(|why| why as u32, |record| record.generation).encode(out);
}
