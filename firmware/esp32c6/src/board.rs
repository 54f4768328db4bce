//! An ESP32-C6-DevKitC-1 as the main loop wants a board. Must not decide anything.

use core::fmt::Write;

use esp_bootloader_esp_idf::partitions::{PARTITION_TABLE_MAX_LEN, read_partition_table};
use esp_hal::Blocking;
use esp_hal::gpio::Level as Wire;
use esp_hal::peripherals::{ADC1, GPIO8, Peripherals, RMT, RNG};
use esp_hal::rmt::{Channel, PulseCode, Rmt, Tx, TxChannelConfig, TxChannelCreator};
use esp_hal::rng::{Rng, TrngSource};
use esp_hal::rtc_cntl::{Rtc, Rwdt, RwdtStage, SocResetReason};
use esp_hal::time::{Duration, Instant, Rate};
use esp_storage::FlashStorage;
use qres_board::lamp::{BITS, glow, pulses};
use qres_board::window::Window;
use qres_core::link::frame::FrameWriter;
use qres_core::link::message::{
    CAN_KEEP, CAN_RADIO, CAN_SENSE, CAN_SHINE, CAN_SIGN, Level, LinkMessage,
};
use qres_core::q16::Q16;
use qres_core::radio::Frame;
use qres_firmware::{Board, LOG_MAX, Light};

use crate::ports::Ports;
#[cfg(feature = "radio")]
use crate::radio::Radio;
use crate::sensor::Sensor;

/// The loop feeds the watchdog far more often, but for a write to flash: three sectors, each at
/// most 0.4 s to erase.
const WATCHDOG: Duration = Duration::from_secs(8);
/// The partition that keeps key and node; see partitions.csv.
const GENES: &[u8] = b"genes";
/// What the lamp's pulses are counted in: 80 MHz divided by 4.
const PULSE_NS: u32 = 50;

/// The board.
pub struct DevKit {
    ports: Ports,
    genes: Window<FlashStorage<'static>>,
    secret: [u8; 32],
    sensor: Sensor,
    lamp: Option<Channel<'static, Blocking, Tx>>,
    /// Whether the lamp was set an odd number of times.
    odd: bool,
    #[cfg(feature = "radio")]
    radio: Option<Radio>,
}

/// Sets up the board, says on its lines what it is, and starts its watchdog.
pub fn start(mut chip: Peripherals) -> (DevKit, Rwdt) {
    let mut watchdog = Rtc::new(chip.RTC_TIMER).rwdt;
    watchdog.set_timeout(RwdtStage::Stage0, WATCHDOG);
    watchdog.enable();
    let secret = noise(chip.RNG, chip.ADC1.reborrow());
    #[cfg(feature = "adc")]
    let sensor = Sensor::new(chip.ADC1, chip.GPIO2);
    #[cfg(not(feature = "adc"))]
    let sensor = Sensor::new(chip.TSENS);
    let mut board = DevKit {
        ports: Ports::new(chip.USB_DEVICE, chip.UART0, chip.GPIO16, chip.GPIO17),
        genes: genes(FlashStorage::new(chip.FLASH)),
        secret,
        sensor,
        lamp: lamp(chip.RMT, chip.GPIO8),
        odd: false,
        #[cfg(feature = "radio")]
        radio: Radio::new(chip.TIMG0, chip.FROM_CPU_INTR0, chip.WIFI),
    };
    board.introduce();
    (board, watchdog)
}

/// 32 bytes of physical noise: the random number generator, fed by the converter of voltages.
fn noise(rng: RNG<'_>, adc: ADC1<'_>) -> [u8; 32] {
    let _source = TrngSource::new(rng, adc);
    let mut bytes = [0; 32];
    Rng::new().read(&mut bytes);
    bytes
}

/// The partition for genes; empty if the partition table has none.
fn genes(mut flash: FlashStorage<'static>) -> Window<FlashStorage<'static>> {
    let mut bytes = [0; PARTITION_TABLE_MAX_LEN];
    let place = read_partition_table(&mut flash, &mut bytes).ok().and_then(|table| {
        let is_ours =
            |label: &[u8]| label.strip_prefix(GENES).is_some_and(|rest| rest.first() == Some(&0));
        table.iter().find(|entry| is_ours(entry.label())).map(|entry| (entry.offset(), entry.len()))
    });
    let (start, length) = place.unwrap_or_default();
    Window::new(flash, start, length)
}

fn lamp(rmt: RMT<'static>, pin: GPIO8<'static>) -> Option<Channel<'static, Blocking, Tx>> {
    let config = TxChannelConfig::default()
        .with_clk_divider(4)
        .with_idle_output(true)
        .with_idle_output_level(Wire::Low);
    let rmt = Rmt::new(rmt, Rate::from_mhz(80)).ok()?;
    rmt.channel0.configure_tx(&config).ok().map(|channel| channel.with_pin(pin))
}

impl DevKit {
    /// Says why it started, what it reads and what it keeps.
    fn introduce(&mut self) {
        let reason = match esp_hal::system::reset_reason() {
            Some(SocResetReason::ChipPowerOn) => "power",
            Some(SocResetReason::SysRtcWdt | SocResetReason::CoreRtcWdt) => "watchdog",
            Some(SocResetReason::CoreSw | SocResetReason::Cpu0Sw) => "fault or command",
            Some(SocResetReason::CoreUsbJtag | SocResetReason::CoreUsbUart) => "USB",
            Some(SocResetReason::SysBrownOut) => "low voltage",
            _ => "other",
        };
        let (name, bytes) = (Sensor::NAME, self.genes.length());
        let mut text = heapless::String::<LOG_MAX>::new();
        let _ =
            write!(text, "started by: {reason}; sensor: {name}; flash for genes: {bytes} bytes");
        // Ends what the boot loader has said on the same lines.
        self.ports.write(&[0]);
        self.log(Level::Info, &text);
        if bytes == 0 {
            let text = "keeps nothing: flash with --partition-table partitions.csv";
            self.log(Level::Warning, text);
        }
        #[cfg(feature = "radio")]
        if self.radio.is_none() {
            self.log(Level::Warning, "the radio does not start");
        }
    }

    fn log(&mut self, level: Level, text: &str) {
        // With a number of its own: before the loop starts there is no other writer.
        if let Ok(frame) = FrameWriter::default().write(&LinkMessage::Log { level, text }) {
            self.ports.write(&frame);
        }
    }
}

impl Board for DevKit {
    type Flash = Window<FlashStorage<'static>>;

    const PROFILE: &'static str = "Esp32C6";
    const BUILD: &'static str =
        concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), ", DevKitC-1");
    const CAPABILITIES: u32 = CAN_SENSE
        + CAN_SHINE
        + CAN_KEEP
        + CAN_SIGN
        + if cfg!(feature = "radio") { CAN_RADIO } else { 0 };

    fn read(&mut self) -> Option<u8> {
        let now_us = self.now_us();
        #[cfg(feature = "radio")]
        if let Some(radio) = &mut self.radio {
            radio.pump(now_us);
        }
        self.ports.read(now_us)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.ports.write(bytes);
    }

    fn now_us(&mut self) -> u64 {
        Instant::now().duration_since_epoch().as_micros()
    }

    fn random(&mut self) -> [u8; 32] {
        self.secret
    }

    fn flash(&mut self) -> &mut Self::Flash {
        &mut self.genes
    }

    fn sense(&mut self) -> Option<Q16> {
        self.sensor.read()
    }

    fn show(&mut self, light: Light) {
        self.odd = !self.odd;
        let Some(channel) = self.lamp.take() else { return };
        let mut codes = [PulseCode::end_marker(); BITS + 1];
        for (code, (high_ns, low_ns)) in codes.iter_mut().zip(pulses(glow(light, self.odd))) {
            let (high, low) = ((high_ns / PULSE_NS) as u16, (low_ns / PULSE_NS) as u16);
            *code = PulseCode::new_clamped(Wire::High, high, Wire::Low, low);
        }
        // 30 us: less than a byte takes on UART0.
        self.lamp = Some(match channel.transmit(&codes) {
            Ok(transaction) => transaction.wait().unwrap_or_else(|(_, channel)| channel),
            Err((_, channel)) => channel,
        });
    }

    fn send(&mut self, frame: &[u8]) {
        #[cfg(feature = "radio")]
        if let Some(radio) = &mut self.radio {
            radio.send(frame);
        }
        let _ = frame;
    }

    fn receive(&mut self) -> Option<Frame> {
        #[cfg(feature = "radio")]
        return self.radio.as_mut()?.receive();
        #[cfg(not(feature = "radio"))]
        None
    }

    fn stack_free(&mut self) -> u32 {
        crate::stack::free()
    }
}
