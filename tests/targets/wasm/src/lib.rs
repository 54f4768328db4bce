//! The golden script as a WebAssembly module that imports one function, `print`: `print.mjs`
//! beside it runs the module in Node.js.
#![no_std]

use core::fmt::{self, Write};
use core::panic::PanicInfo;

use qres_golden::golden;

#[path = "../../heap.rs"]
mod heap;

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Takes a piece of text: its start and its length in bytes.
    safe fn print(text: *const u8, length: usize);
}

struct Printer;

impl Write for Printer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        print(text.as_ptr(), text.len());
        Ok(())
    }
}

/// Hands the report to the host, piece by piece; 0 when all of it went out.
#[unsafe(no_mangle)]
pub extern "C" fn report() -> i32 {
    heap::begin();
    i32::from(golden::report(golden::TICKS, &mut Printer).is_err())
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
