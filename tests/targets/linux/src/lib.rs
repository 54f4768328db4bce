//! The golden script behind a C function: `main.c` beside it prints what it writes. So a target
//! needs no more of Rust than its core library.
#![no_std]

use core::fmt::{self, Write};
use core::panic::PanicInfo;

use qres_golden::golden;

#[path = "../../heap.rs"]
mod heap;

unsafe extern "C" {
    safe fn abort() -> !;
}

/// Takes a piece of text: its start and its length in bytes.
type Print = extern "C" fn(*const u8, usize);

struct Printer(Print);

impl Write for Printer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        (self.0)(text.as_ptr(), text.len());
        Ok(())
    }
}

/// Hands the report to `print`, piece by piece; 0 when all of it went out.
#[unsafe(no_mangle)]
pub extern "C" fn golden_report(print: Print) -> i32 {
    heap::begin();
    i32::from(golden::report(golden::TICKS, &mut Printer(print)).is_err())
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}
