//! The radio between boards: ESP-NOW, each frame of the mesh in one broadcast, byte for byte as on
//! the air of the simulator. Must not know what a frame says: the core reads it, and drops what is
//! none of its own.
//!
//! The driver is a library of the chip's maker, which allocates; nothing else of the firmware does.

use esp_hal::peripherals::{FROM_CPU_INTR0, TIMG0, WIFI};
use esp_hal::timer::timg::TimerGroup;
use esp_radio::esp_now::{BROADCAST_ADDRESS, ESP_NOW_MAX_DATA_LEN_V1, EspNow};
use esp_radio::wifi::{ControllerConfig, WifiController};
use heapless::Deque;
use qres_core::radio::{FRAME_MAX, Frame};
use qres_firmware::{HEARD_MAX, SAID_MAX};

/// The Wi-Fi channel that all boards share.
const CHANNEL: u8 = 6;
/// Time between two frames, in microseconds: the longest takes 1.8 ms at 1 Mbit/s.
const SPACING_US: u64 = 2_500;
/// Bytes of the driver's heap: what the second-stage bootloader leaves, and some of the stack's.
const HEAP_RECLAIMED: usize = 64 * 1024;
const HEAP_MORE: usize = 36 * 1024;

// No frame of the mesh wants more than one of ESP-NOW.
const _: () = assert!(FRAME_MAX <= ESP_NOW_MAX_DATA_LEN_V1);

/// ESP-NOW, what waits to be sent, and what has come since the last tick.
pub struct Radio {
    now: EspNow,
    _controller: WifiController<'static>,
    waiting: Deque<Frame, SAID_MAX>,
    heard: Deque<Frame, HEARD_MAX>,
    next_us: u64,
}

impl Radio {
    /// Starts the driver and the scheduler that it runs in; `None` if it does not start.
    pub fn new(
        timer: TIMG0<'static>,
        interrupt: FROM_CPU_INTR0<'static>,
        wifi: WIFI<'static>,
    ) -> Option<Self> {
        esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: HEAP_RECLAIMED);
        esp_alloc::heap_allocator!(size: HEAP_MORE);
        esp_rtos::start(TimerGroup::new(timer).timer0, interrupt);
        let controller = WifiController::new(wifi, ControllerConfig::default()).ok()?;
        let now = controller.esp_now();
        now.set_channel(CHANNEL).ok()?;
        let (waiting, heard) = (Deque::new(), Deque::new());
        Some(Self { now, _controller: controller, waiting, heard, next_us: 0 })
    }

    /// Puts a frame in line; it is lost when there is no room, as on any air.
    pub fn send(&mut self, frame: &[u8]) {
        if let Ok(frame) = Frame::from_slice(frame) {
            let _ = self.waiting.push_back(frame);
        }
    }

    /// Takes what has come, since the driver keeps ten frames only, and sends the next frame if it
    /// is time. What is too long to be a frame of the mesh is passed over; what has no room in a
    /// tick pushes out the oldest.
    pub fn pump(&mut self, now_us: u64) {
        while let Some(received) = self.now.receive() {
            if let Ok(frame) = Frame::from_slice(received.data()) {
                if self.heard.is_full() {
                    self.heard.pop_front();
                }
                let _ = self.heard.push_back(frame);
            }
        }
        if now_us < self.next_us {
            return;
        }
        let Some(frame) = self.waiting.pop_front() else { return };
        if let Ok(waiter) = self.now.send(&BROADCAST_ADDRESS, &frame) {
            // Nobody answers a broadcast, and waiting for its end would stop the loop.
            core::mem::forget(waiter);
        }
        self.next_us = now_us + SPACING_US;
    }

    /// The next frame that has come.
    pub fn receive(&mut self) -> Option<Frame> {
        self.heard.pop_front()
    }
}
