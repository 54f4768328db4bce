//! How much of the stack was never used: it is painted at the start, and the paint that is left is
//! counted. Must not allocate, nor reach the guard word at the stack's end.

/// What no program writes by chance all over its stack.
const PAINT: u32 = 0x5EED_CAFE;
/// Bytes between the guard word, which the chip watches, and the lowest paint.
const ABOVE_GUARD: usize = 64;
/// Bytes below the painter's own frame that are left as they are.
const BELOW_FRAME: usize = 512;

unsafe extern "C" {
    /// The guard word; esp-hal's linker script puts it 4 KiB above the stack's end.
    static __stack_chk_guard: u32;
    /// The stack's first address, which is its highest.
    static _stack_start: u32;
}

fn lowest() -> usize {
    &raw const __stack_chk_guard as usize + ABOVE_GUARD
}

/// Paints what is free now. To be called once, first of all.
#[inline(never)]
pub fn paint() {
    let here = 0_u32;
    let end = (&raw const here as usize).saturating_sub(BELOW_FRAME);
    for at in (lowest()..end).step_by(4) {
        // SAFETY: between the stack's end and this frame lies RAM that nothing uses yet: no
        // interrupt is on, and `at` is a multiple of 4 as the linker aligns the guard word.
        unsafe { (at as *mut u32).write_volatile(PAINT) };
    }
}

/// Bytes that were never used.
pub fn free() -> u32 {
    let end = &raw const _stack_start as usize;
    let is_painted = |at: &usize| {
        // SAFETY: it is RAM of the stack, aligned as in `paint`, and only read.
        unsafe { (*at as *const u32).read_volatile() == PAINT }
    };
    (lowest()..end).step_by(4).take_while(is_painted).count() as u32 * 4
}
