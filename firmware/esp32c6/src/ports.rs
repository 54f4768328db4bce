//! The two serial lines of the board: the chip's own USB port, and UART0 behind the bridge to the
//! board's other USB port. The same is understood on both. Must not know what the bytes mean.

use esp_hal::Blocking;
use esp_hal::peripherals::{GPIO16, GPIO17, UART0, USB_DEVICE};
use esp_hal::time::{Duration, Instant};
use esp_hal::uart::{Config, Uart, UartTx};
use esp_hal::usb::usb_serial_jtag::{UsbSerialJtag, UsbSerialJtagTx};
use qres_board::line::{Choice, Line, Queue};
use static_cell::ConstStaticCell;

/// Room for the longest answer to a tick: 48 messages of 172 bytes, and what is around them.
const QUEUE_BYTES: usize = 12 * 1024;
/// Bytes that UART0 receives in hardware.
const UART_FIFO: usize = 128;
/// How long last words may take on the USB port, which sends only while a host reads.
const SHOUT: Duration = Duration::from_millis(50);

static USB_QUEUE: ConstStaticCell<Queue<QUEUE_BYTES>> = ConstStaticCell::new(Queue::new());
static UART_QUEUE: ConstStaticCell<Queue<QUEUE_BYTES>> = ConstStaticCell::new(Queue::new());

/// Both lines.
pub struct Ports {
    usb: UsbSerialJtag<'static, Blocking>,
    usb_queue: &'static mut Queue<QUEUE_BYTES>,
    /// `None` when the driver refused.
    uart: Option<Uart<'static, Blocking>>,
    uart_queue: &'static mut Queue<QUEUE_BYTES>,
    /// What UART0 has received and nobody has taken.
    uart_bytes: heapless::Deque<u8, UART_FIFO>,
    choice: Choice,
}

impl Ports {
    /// Opens both, once: UART0 at 115200 baud, 8 bits, no parity, one stop bit.
    pub fn new(
        usb: USB_DEVICE<'static>,
        uart: UART0<'static>,
        tx: GPIO16<'static>,
        rx: GPIO17<'static>,
    ) -> Self {
        let uart = Uart::new(uart, Config::default()).ok();
        Self {
            usb: UsbSerialJtag::new(usb),
            usb_queue: USB_QUEUE.take(),
            uart: uart.map(|uart| uart.with_tx(tx).with_rx(rx)),
            uart_queue: UART_QUEUE.take(),
            uart_bytes: heapless::Deque::new(),
            choice: Choice::default(),
        }
    }

    /// The next byte from the line on which the host is.
    pub fn read(&mut self, now_us: u64) -> Option<u8> {
        self.flush();
        while let Ok(byte) = self.usb.read_byte() {
            if self.choice.hear(Line::Usb, now_us) {
                return Some(byte);
            }
        }
        if self.uart_bytes.is_empty() {
            let mut bytes = [0; UART_FIFO];
            // After an error the driver hands out the rest at the next call.
            let count = self
                .uart
                .as_mut()
                .and_then(|uart| uart.read_buffered(&mut bytes).ok())
                .unwrap_or(0);
            self.uart_bytes.extend(bytes.into_iter().take(count));
        }
        while let Some(byte) = self.uart_bytes.pop_front() {
            if self.choice.hear(Line::Uart, now_us) {
                return Some(byte);
            }
        }
        None
    }

    /// Puts a frame in line. It goes out as the hardware takes it, at each call of anything here.
    pub fn write(&mut self, frame: &[u8]) {
        if self.choice.speaks(Line::Usb) {
            self.usb_queue.put(frame);
        }
        if self.choice.speaks(Line::Uart) {
            self.uart_queue.put(frame);
        }
        self.flush();
    }

    fn flush(&mut self) {
        let usb = &mut self.usb;
        if self.usb_queue.drain(|byte| usb.write_byte_nb(byte).is_ok()) > 0 {
            let _ = usb.flush_tx_nb();
        }
        let Some(uart) = &mut self.uart else { return };
        self.uart_queue.drain(|byte| uart.write_ready() && uart.write(&[byte]).is_ok());
    }
}

/// Sends a frame on both lines, whatever state they are in. For last words only.
pub fn shout(frame: &[u8]) {
    // SAFETY: whoever had the port does nothing any more.
    let (_, mut usb): (_, UsbSerialJtagTx<'_, Blocking>) =
        UsbSerialJtag::new(unsafe { USB_DEVICE::steal() }).split();
    let start = Instant::now();
    // The zeros end what was sent by half.
    for byte in [0].iter().chain(frame) {
        while usb.write_byte_nb(*byte).is_err() && start.elapsed() < SHOUT {}
    }
    let _ = usb.flush_tx_nb();
    // SAFETY: as above, and for the pin.
    let (uart, pin) = unsafe { (UART0::steal(), GPIO16::steal()) };
    if let Ok(mut uart) = UartTx::new(uart, Config::default()).map(|uart| uart.with_tx(pin)) {
        for byte in [0].iter().chain(frame) {
            let _ = uart.write(&[*byte]);
        }
        let _ = uart.flush();
    }
}
