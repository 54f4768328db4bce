//! The codec: integer samples on a sensor's own scale, and bytes, losslessly or within a stated
//! error.
//!
//! - [`packet`]: packets of up to 64 samples with less than 1 KiB of state at either end and no
//!   heap: what a sensor sends.
//! - with the feature `alloc`: [`compress`] and [`decompress`] for bytes, [`compress_table`] and
//!   [`Archive`] for columns of samples, in files whose blocks decode on their own.
//!
//! Samples are foreseen by integer predictors, mixed and range coded; the decoder is the same
//! integers in the same order, so that it is bit-exact on every target. Decoders take any bytes:
//! they answer with an error, never with a panic, and never allocate more than a stated multiple
//! of their input.

#[cfg(feature = "alloc")]
mod bytes;
#[cfg(feature = "alloc")]
mod columns;
#[cfg(feature = "alloc")]
mod container;
mod error;
mod lattice;
mod model;
pub mod packet;
mod range;
#[cfg(feature = "alloc")]
mod reader;
mod squares;
mod tables;
#[cfg(test)]
mod tests;

#[cfg(feature = "alloc")]
pub use columns::Profile;
#[cfg(feature = "alloc")]
pub use container::{
    Archive, BLOCK_BYTES, COLUMNS_MAX, Column, DECIMALS_MAX, EXPANSION_MAX, Kind, MAGIC,
    OVERHEAD_BYTES_MAX, Table, VERSION, compress, compress_table, decompress,
};
pub use error::CodecError;
