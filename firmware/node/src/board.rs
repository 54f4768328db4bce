//! What the main loop needs of a board. Must not know what it is used for.

use embedded_storage::nor_flash::NorFlash;
use qres_core::q16::Q16;
use qres_core::radio::Frame;
use qres_core::regime::Regime;

/// What a board does at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activity {
    /// It waits for a host.
    #[default]
    Waiting,
    /// It does a host's ticks.
    Mirrored,
    /// It runs on its own.
    Free,
}

/// What a lamp shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Light {
    /// What the board does.
    pub activity: Activity,
    /// The node's regime.
    pub regime: Regime,
    /// How strong the storm is that the host says is here, 0 to 255.
    pub storm: u8,
    /// Whether the node is without power.
    pub is_browned_out: bool,
    /// Off for a moment: a lamp blinks while a storm or an attack bends what the sensor reads.
    pub is_dark: bool,
}

/// A board: serial line, clock, randomness, flash, sensor, lamp and radio.
///
/// None of these may block for longer than a byte takes on the line; none allocates.
pub trait Board {
    /// The flash that outlives a loss of power: at least two slots of 10 KiB.
    type Flash: NorFlash;

    /// Which board this is, at most 16 bytes.
    const PROFILE: &'static str;
    /// Name and version of the firmware, at most 48 bytes.
    const BUILD: &'static str;
    /// The sum of `CAN_SENSE` and its like in `qres_core::link::message`.
    const CAPABILITIES: u32;

    /// The tick from which on the lowest bit of each sample is the wrong one: a firmware that is
    /// built wrong on purpose, for those who compare it with its twin.
    const FLAWED_FROM: Option<u64> = None;

    /// The next byte that has come on the serial line, if any. The line has to hold what comes
    /// during a tick: a host sends nothing then but a greeting or a ping.
    fn read(&mut self) -> Option<u8>;
    /// Sends bytes on the serial line.
    fn write(&mut self, bytes: &[u8]);
    /// The clock, in microseconds since the start; never goes back.
    fn now_us(&mut self) -> u64;
    /// Bytes that nobody can foresee: asked for once in a board's life, for its key.
    fn random(&mut self) -> [u8; 32];
    /// The flash.
    fn flash(&mut self) -> &mut Self::Flash;
    /// What the sensor reads now; `None` if it gives nothing.
    fn sense(&mut self) -> Option<Q16>;
    /// Shows a light.
    fn show(&mut self, light: Light);
    /// Sends a frame on the board's own radio, no longer than the mesh's frames are. Used when it
    /// runs free.
    fn send(&mut self, frame: &[u8]) {
        let _ = frame;
    }
    /// The next frame that the board's own radio has received.
    fn receive(&mut self) -> Option<Frame> {
        None
    }
    /// Bytes of the stack that were never used; 0 if nobody knows.
    fn stack_free(&mut self) -> u32 {
        0
    }
}
