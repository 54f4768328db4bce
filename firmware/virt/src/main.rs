//! The firmware on QEMU's RV32 `virt` machine, without an operating system: an NS16550 as the
//! serial line, `mtime` as the clock, flash in memory, a made-up sensor. Must not do anything that
//! the board does not do: the loop is `qres-firmware`'s.
#![no_std]
#![no_main]

mod flash;
mod machine;

use core::fmt::Write;
use core::panic::PanicInfo;

use qres_firmware::{Firmware, LOG_MAX, Memory, last_words};
use static_cell::{ConstStaticCell, StaticCell};

use flash::MemoryFlash;
use machine::Machine;

// All of the firmware's memory but its stack.
static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());
static FLASH: ConstStaticCell<MemoryFlash> = ConstStaticCell::new(MemoryFlash::blank());
static FIRMWARE: StaticCell<Firmware<'static, Machine>> = StaticCell::new();

#[riscv_rt::entry]
fn main() -> ! {
    machine::paint_stack();
    let machine = Machine::new(FLASH.take());
    let firmware = FIRMWARE.init_with(|| Firmware::new(machine, MEMORY.take()));
    loop {
        firmware.step();
    }
}

/// The text of a panic, cut where it gets too long.
struct Text {
    bytes: [u8; LOG_MAX],
    length: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for (place, byte) in self.bytes.iter_mut().skip(self.length).zip(text.bytes()) {
            *place = byte;
        }
        self.length = LOG_MAX.min(self.length + text.len());
        Ok(())
    }
}

/// Says why, and ends the machine: a board would start anew.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let mut text = Text { bytes: [0; LOG_MAX], length: 0 };
    let _ = write!(text, "{info}");
    let bytes = text.bytes.get(..text.length).unwrap_or_default();
    let frame = last_words(core::str::from_utf8(bytes).unwrap_or("a panic"));
    machine::write(&[0]);
    machine::write(&frame);
    machine::fail()
}
