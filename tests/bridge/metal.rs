//! The real firmware on this machine: its main loop over a line, a clock, a flash and a sensor in
//! memory. And what the tests ask of any board.

use std::collections::VecDeque;

use crate::flash::Flash;
use qres_core::draw::{Purpose, draw};
use qres_core::link::message::{CAN_KEEP, CAN_SENSE, CAN_SHINE, CAN_SIGN};
use qres_core::q16::Q16;
use qres_firmware::{Board as Metalwork, Firmware, Light, Memory};

/// The tick from which on the flawed firmware is wrong.
pub const FLAW_TICK: u64 = 40;

/// A board, whatever is inside.
pub trait Device: Send {
    /// Takes bytes from the host at a moment.
    fn take(&mut self, now_us: u64, bytes: &[u8]);
    /// Bytes for the host.
    fn output(&mut self) -> Vec<u8>;
    /// The power goes and comes back.
    fn reset(&mut self);
    /// How strong a storm its lamp has shown at most, 0 to 255.
    fn brightest(&mut self) -> u8;
}

/// What the firmware finds on this machine; a flawed one is built with a bit that is wrong.
pub struct Metal<const FLAWED: bool> {
    seed: u64,
    input: VecDeque<u8>,
    out: Vec<u8>,
    now_us: u64,
    flash: Flash,
    reads: u64,
    brightest: u8,
}

impl<const FLAWED: bool> Metalwork for Metal<FLAWED> {
    type Flash = Flash;

    const PROFILE: &'static str = "host";
    const BUILD: &'static str = "qres-host 0.1.0";
    const CAPABILITIES: u32 = CAN_SENSE | CAN_SHINE | CAN_KEEP | CAN_SIGN;
    const FLAWED_FROM: Option<u64> = if FLAWED { Some(FLAW_TICK) } else { None };

    fn read(&mut self) -> Option<u8> {
        self.input.pop_front()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn now_us(&mut self) -> u64 {
        self.now_us
    }

    fn random(&mut self) -> [u8; 32] {
        let mut bytes = [9; 32];
        bytes[..8].copy_from_slice(&self.seed.to_le_bytes());
        bytes
    }

    fn flash(&mut self) -> &mut Flash {
        &mut self.flash
    }

    /// Each reading is another one: only the host knows which one counted.
    fn sense(&mut self) -> Option<Q16> {
        self.reads += 1;
        let bits = draw(self.seed, Purpose::Noise, 1, self.reads, 0);
        (!bits.is_multiple_of(50)).then(|| Q16::from_bits((20 << 16) + (bits >> 48) as i32))
    }

    fn show(&mut self, light: Light) {
        self.brightest = self.brightest.max(light.storm);
    }
}

/// A board's static memory, given up at each loss of power: a test has few of those.
fn memory() -> &'static mut Memory {
    Box::leak(Box::new(Memory::new()))
}

/// The firmware under power.
pub struct Powered<const FLAWED: bool>(Option<Box<Firmware<'static, Metal<FLAWED>>>>);

impl<const FLAWED: bool> Powered<FLAWED> {
    /// A board that is switched on for the first time.
    pub fn new(seed: u64) -> Self {
        let metal = Metal {
            seed,
            input: VecDeque::new(),
            out: Vec::new(),
            now_us: 0,
            flash: Flash(vec![0xFF; 32 * 1_024]),
            reads: 0,
            brightest: 0,
        };
        Self(Some(Box::new(Firmware::new(metal, memory()))))
    }

    fn firmware(&mut self) -> &mut Firmware<'static, Metal<FLAWED>> {
        self.0.as_mut().expect("under power")
    }
}

impl<const FLAWED: bool> Device for Powered<FLAWED> {
    fn take(&mut self, now_us: u64, bytes: &[u8]) {
        let firmware = self.firmware();
        firmware.board().now_us = now_us;
        firmware.board().input.extend(bytes);
        while {
            firmware.step();
            !firmware.board().input.is_empty()
        } {}
    }

    fn output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.firmware().board().out)
    }

    fn reset(&mut self) {
        let mut metal = self.0.take().expect("under power").into_board();
        metal.out.clear();
        metal.input.clear();
        self.0 = Some(Box::new(Firmware::new(metal, memory())));
    }

    fn brightest(&mut self) -> u8 {
        self.firmware().board().brightest
    }
}
