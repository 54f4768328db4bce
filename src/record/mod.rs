//! What leaves a run as files: the rows of sweeps, tables, captures. Reads what a mesh publishes
//! and must not change it: a run that is exported has the same digest.

pub mod export;
pub mod mcap;
pub mod parquet;
pub mod pcap;
pub mod report;
pub mod sweep;
#[cfg(test)]
mod tests;
pub mod totals;
