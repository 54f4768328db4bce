//! A record in two slots of flash: what it costs to write one, to find the newest after a power
//! cut, and to read it. The flash is memory, so these are the costs of checking and copying, and
//! not those of erasing. Run with `cargo bench -p qres-core --bench store`.

#![expect(clippy::expect_used, reason = "a bench that cannot go on says so")]

use divan::{Bencher, Divan, black_box};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use qres_core::store::{FILLER, Store};

fn main() {
    // So many calls a sample: divan would settle on one where the first of all is interrupted.
    Divan::from_args().sample_size(64).main();
}

/// Bytes of an erase, and of a slot.
const SECTOR: usize = 4_096;
/// Payloads: a gene, and a whole node.
const LENGTHS: [usize; 2] = [64, 2_048];

struct Memory([u8; 2 * SECTOR]);

impl ErrorType for Memory {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Memory {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        check_read(self, offset, bytes.len())?;
        let from = offset as usize;
        bytes.copy_from_slice(&self.0[from..from + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Memory {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to)?;
        self.0[from as usize..to as usize].fill(FILLER);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len())?;
        let place = &mut self.0[offset as usize..][..bytes.len()];
        place.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}

fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 37) as u8).collect()
}

/// A store whose older slot holds a record, and whose newer one half of one.
fn cut(length: usize) -> Store<Memory> {
    let mut store = Store::new(Memory([FILLER; 2 * SECTOR]), 2).expect("fits");
    store.save(&payload(length)).expect("kept");
    store.save(&payload(length)).expect("kept");
    let mut flash = store.release();
    flash.0[SECTOR + length / 2] ^= 1;
    Store::new(flash, 2).expect("fits")
}

/// The other slot is erased, written and read back.
#[divan::bench(args = LENGTHS)]
fn save(bencher: Bencher<'_, '_>, length: usize) {
    let mut store = cut(length);
    let payload = payload(length);
    bencher.bench_local(|| store.save(black_box(&payload)).expect("kept"));
}

/// After a power cut in the middle of a write: the record before it is found and read.
#[divan::bench(args = LENGTHS)]
fn recover(bencher: Bencher<'_, '_>, length: usize) {
    let mut store = cut(length);
    let survey = store.survey().expect("readable");
    assert_eq!((survey.damaged, survey.newest.map(|newest| newest.slot)), (1, Some(0)));
    let mut buffer = [0; SECTOR];
    bencher.bench_local(|| {
        let found = store.load(black_box(&mut buffer)).expect("readable");
        found.expect("the record before").len()
    });
}
