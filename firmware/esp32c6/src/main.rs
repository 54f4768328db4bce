//! The firmware of an ESP32-C6-DevKitC-1: the portable main loop on the board's serial lines,
//! flash, sensor and lamp, under a watchdog. What a node does stands in `qres-core`; what a host
//! may ask, in `qres-firmware`.
#![no_std]
#![no_main]

mod board;
mod fault;
mod ports;
#[cfg(feature = "radio")]
mod radio;
mod sensor;
mod stack;

use esp_hal::clock::CpuClock;
use qres_firmware::{Firmware, Memory};
use static_cell::{ConstStaticCell, StaticCell};

use crate::board::DevKit;

esp_bootloader_esp_idf::esp_app_desc!();

// All of the firmware's memory but its stack, and what waits on the lines.
static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());
static FIRMWARE: StaticCell<Firmware<'static, DevKit>> = StaticCell::new();

#[esp_hal::main]
fn main() -> ! {
    stack::paint();
    let config = esp_hal::Config::default().with_cpu_clock(CpuClock::max());
    let (board, mut watchdog) = board::start(esp_hal::init(config));
    let firmware = FIRMWARE.init_with(|| Firmware::new(board, MEMORY.take()));
    loop {
        firmware.step();
        watchdog.feed();
    }
}
