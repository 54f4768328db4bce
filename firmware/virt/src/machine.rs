//! The machine's registers, and the board that they make. All that is unsafe stands here.

use core::ptr::{read_volatile, write_volatile};

use qres_core::link::message::{CAN_SENSE, CAN_SIGN};
use qres_core::q16::Q16;
use qres_core::stream::derive;
use qres_firmware::{Board, Light};

use crate::flash::MemoryFlash;

/// The serial port, an NS16550: its data register and its line status register.
const DATA: *mut u8 = 0x1000_0000 as *mut u8;
const LINE_STATUS: *const u8 = 0x1000_0005 as *const u8;
/// Line status: a byte has come; one may be written.
const READABLE: u8 = 1;
const WRITABLE: u8 = 1 << 5;
/// The clock's two halves, at 10 MHz.
const MTIME_LOW: *const u32 = 0x0200_BFF8 as *const u32;
const MTIME_HIGH: *const u32 = 0x0200_BFFC as *const u32;
const TICKS_PER_US: u64 = 10;
/// Where `-device loader,addr=0x81000000,data=N,data-len=8` puts a number that no other machine
/// has: it stands for the noise that a board's hardware gives.
const ENTROPY: *const [u32; 2] = 0x8100_0000 as *const [u32; 2];
/// The register that ends the emulation, and what it takes.
const FINISHER: *mut u32 = 0x0010_0000 as *mut u32;
const FAILED: u32 = 1 << 16 | 0x3333;
/// What an unused word of the stack holds.
const PAINT: u32 = 0x5AFE_57AC;
/// Bytes below the caller's frame that painting leaves alone.
const PAINT_GAP: usize = 256;

unsafe extern "C" {
    static __stack_low: u32;
}

/// Sends bytes, each when there is room.
pub fn write(bytes: &[u8]) {
    for byte in bytes {
        // SAFETY: the addresses are those of the machine's serial port; its registers may be read
        // and written at any time.
        unsafe {
            while read_volatile(LINE_STATUS) & WRITABLE == 0 {}
            write_volatile(DATA, *byte);
        }
    }
}

/// Ends the machine with a failure.
pub fn fail() -> ! {
    // SAFETY: the address is that of the machine's finisher; the write ends the machine.
    unsafe { write_volatile(FINISHER, FAILED) };
    loop {
        riscv::asm::wfi();
    }
}

/// Fills the unused stack, so that [`Board::stack_free`] can tell how much of it stays unused. To
/// be called once, first.
pub fn paint_stack() {
    let here = 0_u8;
    let mut place = &raw const __stack_low as *mut u32;
    let end = (&raw const here as usize).saturating_sub(PAINT_GAP) as *mut u32;
    while place < end {
        // SAFETY: from the stack's low end to well below this function's frame nothing lives yet.
        unsafe {
            write_volatile(place, PAINT);
            place = place.add(1);
        }
    }
}

/// The emulated board.
pub struct Machine {
    flash: &'static mut MemoryFlash,
    readings: u32,
}

impl Machine {
    /// A machine with this flash.
    pub const fn new(flash: &'static mut MemoryFlash) -> Self {
        Self { flash, readings: 0 }
    }
}

impl Board for Machine {
    type Flash = MemoryFlash;

    const PROFILE: &'static str = "virt";
    const BUILD: &'static str = concat!("qres-virt ", env!("CARGO_PKG_VERSION"));
    const CAPABILITIES: u32 = CAN_SENSE | CAN_SIGN;

    fn read(&mut self) -> Option<u8> {
        // SAFETY: as in `write`.
        unsafe { (read_volatile(LINE_STATUS) & READABLE != 0).then(|| read_volatile(DATA)) }
    }

    fn write(&mut self, bytes: &[u8]) {
        write(bytes);
    }

    fn now_us(&mut self) -> u64 {
        loop {
            // SAFETY: the addresses are those of the machine's clock, which can only be read here.
            let (high, low, again) = unsafe {
                (read_volatile(MTIME_HIGH), read_volatile(MTIME_LOW), read_volatile(MTIME_HIGH))
            };
            if high == again {
                return (u64::from(high) << 32 | u64::from(low)) / TICKS_PER_US;
            }
        }
    }

    fn random(&mut self) -> [u8; 32] {
        // SAFETY: the address lies in the machine's memory and outside of the program's.
        let [low, high] = unsafe { read_volatile(ENTROPY) };
        let parts: [&[u8]; 2] = [&low.to_le_bytes(), &high.to_le_bytes()];
        derive("qres 2026 emulated board v1", &parts)
    }

    fn flash(&mut self) -> &mut MemoryFlash {
        self.flash
    }

    /// 20 degrees, up and down by 1.25 in 40 readings, with some noise that does not repeat soon.
    fn sense(&mut self) -> Option<Q16> {
        self.readings = self.readings.wrapping_add(1);
        let slope = (self.readings % 40) as i32 - 20;
        let noise = (self.readings.wrapping_mul(2_654_435_761) >> 20) as i32 - 2_048;
        Some(Q16::from_bits(20 * 65_536 + slope.abs() * 4_096 + noise))
    }

    fn show(&mut self, _light: Light) {}

    fn stack_free(&mut self) -> u32 {
        let low = &raw const __stack_low;
        let mut words = 0;
        // SAFETY: the loop ends at the first word in use, which is in the stack.
        while unsafe { read_volatile(low.add(words)) } == PAINT {
            words += 1;
        }
        (words * size_of::<u32>()) as u32
    }
}
