//! A heap in static memory, for programs that have no other. Included by each of them.

use core::mem::MaybeUninit;

use linked_list_allocator::LockedHeap;

const BYTES: usize = 4 << 20;

#[global_allocator]
static HEAP: LockedHeap = LockedHeap::empty();

/// Makes the heap ready; to be called once, before anything allocates.
pub fn begin() {
    static mut ARENA: [MaybeUninit<u8>; BYTES] = [MaybeUninit::uninit(); BYTES];
    // SAFETY: `begin` is called once and nothing else names the arena.
    unsafe { HEAP.lock().init((&raw mut ARENA).cast(), BYTES) };
}
