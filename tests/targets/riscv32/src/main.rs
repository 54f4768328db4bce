//! The golden script on QEMU's RV32 `virt` machine, without an operating system: the report goes
//! to the serial port, then the machine switches itself off.
#![no_std]
#![no_main]

use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::ptr::{read_volatile, write_volatile};

use qres_golden::golden;

#[path = "../../heap.rs"]
mod heap;

/// The serial port, an NS16550: its data register and its line status register.
const DATA: *mut u8 = 0x1000_0000 as *mut u8;
const LINE_STATUS: *const u8 = 0x1000_0005 as *const u8;
/// The line status bit for "may be written".
const WRITABLE: u8 = 1 << 5;
/// The register that ends the emulation, and what it takes.
const FINISHER: *mut u32 = 0x0010_0000 as *mut u32;
const PASSED: u32 = 0x5555;
const FAILED: u32 = 1 << 16 | 0x3333;

struct Serial;

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: the addresses are those of the machine's serial port, which nothing else
            // in this program touches.
            unsafe {
                while read_volatile(LINE_STATUS) & WRITABLE == 0 {}
                write_volatile(DATA, byte);
            }
        }
        Ok(())
    }
}

#[riscv_rt::entry]
fn main() -> ! {
    heap::begin();
    let written = golden::report(golden::TICKS, &mut Serial);
    finish(if written.is_ok() { PASSED } else { FAILED })
}

fn finish(verdict: u32) -> ! {
    // SAFETY: the address is that of the machine's finisher; the write ends the machine.
    unsafe { write_volatile(FINISHER, verdict) };
    loop {
        riscv::asm::wfi();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Serial, "{info}");
    finish(FAILED)
}
