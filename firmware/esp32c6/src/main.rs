//! The firmware of an ESP32-C6-DevKitC-1: the portable main loop on the board's serial lines, flash,
//! sensor and lamp, under a watchdog. What a node does stands in `qres-core`; what a host may ask,
//! in `qres-firmware`.
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
use qres_firmware::Firmware;
use static_cell::StaticCell;

use crate::board::DevKit;

esp_bootloader_esp_idf::esp_app_desc!();

/// All that the board knows.
static FIRMWARE: StaticCell<Firmware<DevKit>> = StaticCell::new();

#[esp_hal::main]
fn main() -> ! {
    stack::paint();
    let config = esp_hal::Config::default().with_cpu_clock(CpuClock::max());
    let (board, mut watchdog) = board::start(esp_hal::init(config));
    let firmware = FIRMWARE.init_with(|| Firmware::new(board));
    loop {
        firmware.step();
        watchdog.feed();
    }
}
