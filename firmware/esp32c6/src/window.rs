//! A part of a flash as a flash of its own, so that what writes there reaches nothing else. Must
//! not know what is kept in it.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

#[cfg(test)]
#[path = "../../node/tests/flash/mod.rs"]
mod flash;

/// The bytes from `start` on, `length` of them; none when it is 0.
#[derive(Debug)]
pub struct Window<F> {
    flash: F,
    start: u32,
    length: u32,
}

/// Why a window does not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowError<E> {
    /// It would reach beyond the end of the window.
    Outside,
    /// The flash failed.
    Flash(E),
}

impl<E: core::fmt::Debug> core::fmt::Display for WindowError<E> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Outside => out.write_str("beyond the partition: flash with partitions.csv"),
            Self::Flash(error) => write!(out, "flash: {error:?}"),
        }
    }
}

impl<E: core::fmt::Debug> core::error::Error for WindowError<E> {}

impl<E: NorFlashError> NorFlashError for WindowError<E> {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Outside => NorFlashErrorKind::OutOfBounds,
            Self::Flash(error) => error.kind(),
        }
    }
}

impl<F: NorFlash> Window<F> {
    /// A window on `flash`. One that does not lie whole in it, or on no borders of sectors, is
    /// empty.
    pub fn new(flash: F, start: u32, length: u32) -> Self {
        let end = start as usize + length as usize;
        let on_border = |at: usize| at.is_multiple_of(F::ERASE_SIZE);
        let fits = end <= flash.capacity() && on_border(start as usize) && on_border(end);
        Self { flash, start, length: if fits { length } else { 0 } }
    }

    /// Bytes of the window.
    #[must_use]
    pub const fn length(&self) -> u32 {
        self.length
    }

    /// Where `offset` lies in the flash, if `bytes` from there are in the window.
    fn place(&self, offset: u32, bytes: usize) -> Result<u32, WindowError<F::Error>> {
        let end = (offset as usize).checked_add(bytes);
        let inside = end.is_some_and(|end| end <= self.length as usize);
        if inside { Ok(self.start + offset) } else { Err(WindowError::Outside) }
    }
}

impl<F: NorFlash> ErrorType for Window<F> {
    type Error = WindowError<F::Error>;
}

impl<F: NorFlash> ReadNorFlash for Window<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let at = self.place(offset, bytes.len())?;
        self.flash.read(at, bytes).map_err(WindowError::Flash)
    }

    fn capacity(&self) -> usize {
        self.length as usize
    }
}

impl<F: NorFlash> NorFlash for Window<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        let bytes = to.checked_sub(from).ok_or(WindowError::Outside)?;
        let at = self.place(from, bytes as usize)?;
        self.flash.erase(at, at + bytes).map_err(WindowError::Flash)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let at = self.place(offset, bytes.len())?;
        self.flash.write(at, bytes).map_err(WindowError::Flash)
    }
}

#[cfg(test)]
mod tests {
    use qres_core::store::Store;

    use super::flash::{Flash, SECTOR};
    use super::*;

    #[test]
    fn a_store_in_a_window_leaves_the_rest_alone() {
        let mut chip = Flash(vec![0xA5; 8 * SECTOR]);
        chip.0[2 * SECTOR..6 * SECTOR].fill(0xFF);
        let mut window = Window::new(chip, 2 * SECTOR as u32, 4 * SECTOR as u32);
        for round in 0..5 {
            let payload = [round; 6_000];
            let mut store = Store::new(&mut window, 2).unwrap();
            store.save(&payload).unwrap();
            let mut buffer = [0; 6_000];
            assert_eq!(store.load(&mut buffer).unwrap(), Some(&payload[..]));
        }
        let chip = window.flash.0;
        assert!(chip[..2 * SECTOR].iter().chain(&chip[6 * SECTOR..]).all(|byte| *byte == 0xA5));
    }

    #[test]
    fn nothing_reaches_beyond_a_window() {
        let mut window = Window::new(Flash(vec![0; 8 * SECTOR]), SECTOR as u32, SECTOR as u32);
        let end = SECTOR as u32;
        let mut bytes = [0; 8];
        assert_eq!(window.read(end - 8, &mut bytes), Ok(()));
        assert_eq!(window.read(end - 4, &mut bytes), Err(WindowError::Outside));
        assert_eq!(window.write(end - 4, &bytes), Err(WindowError::Outside));
        assert_eq!(window.write(u32::MAX, &bytes), Err(WindowError::Outside));
        assert_eq!(window.erase(0, 2 * end), Err(WindowError::Outside));
        assert_eq!(window.erase(end, 0), Err(WindowError::Outside));
        assert_eq!(window.erase(0, end), Ok(()));
    }

    #[test]
    fn a_window_that_is_nowhere_is_empty() {
        let table =
            [(0, 9 * SECTOR, 0), (100, SECTOR, 0), (SECTOR, 100, 0), (SECTOR, SECTOR, SECTOR)];
        for (start, length, expected) in table {
            let window = Window::new(Flash(vec![0; 8 * SECTOR]), start as u32, length as u32);
            assert_eq!(window.capacity(), expected, "{start} {length}");
        }
    }
}
