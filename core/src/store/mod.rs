//! What outlives a power cut: bytes in slots, of which the newest whole one counts.
//!
//! A [`record`](Record) is a payload with a generation number and a checksum. It is never written
//! over: a new one goes into another slot, is read back, and only then is it the newest. Whenever
//! the power goes, what loads afterwards is the payload from before or the one just written, and
//! never a mixture. The payload is opaque here; a gene has its own checks.
//!
//! [`Store`] keeps records in NOR flash. Whoever has files keeps the same records in them.

mod flash;
#[cfg(test)]
mod power;
mod record;

pub use flash::{Newest, Store, StoreError, Survey};
pub use record::{
    FILLER, HEADER_BYTES, LENGTH_MAX, OVERHEAD_BYTES, Record, RecordError, decode, encode, is_newer,
};
