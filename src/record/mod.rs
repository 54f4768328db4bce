//! What leaves a run as files: recordings that can be replayed, the rows of sweeps, tables,
//! captures. Reads what a mesh publishes and must not change it: a run that is written down has
//! the same digest.

pub mod deck;
pub mod export;
pub mod index;
pub mod mcap;
pub mod moments;
pub mod parquet;
pub mod pcap;
pub mod recording;
pub mod report;
pub mod rolling;
pub mod sweep;
#[cfg(test)]
mod tests;
pub mod totals;

pub use recording::{Recorder, Recording, RecordingError};
