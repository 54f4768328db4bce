//! What the board does when it cannot go on: it says why on both lines, and starts anew. Must not
//! count on anything that was set up before.

use core::fmt::Write;
use core::panic::PanicInfo;

use qres_firmware::{LOG_MAX, last_words};

/// Text that ends where there is no more room.
struct Words(heapless::String<LOG_MAX>);

impl Write for Words {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        text.chars().try_for_each(|letter| self.0.push(letter)).map_err(|_| core::fmt::Error)
    }
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    let mut words = Words(heapless::String::new());
    let _ = write!(words, "{info}");
    crate::ports::shout(&last_words(&words.0));
    esp_hal::system::software_reset()
}
