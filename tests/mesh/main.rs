//! The mesh as a whole: it agrees with the core, restores, repeats itself, and finds its weather
//! out by itself.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so")]

mod aggregation;
mod attacks;
mod audit;
mod boards;
mod cascade;
mod chronicle;
mod commands;
mod common;
mod determinism;
mod faults;
mod follow;
mod fusing;
mod handover;
mod hands;
mod hands_exact;
mod integrity;
mod invariants;
mod memory;
mod privacy;
mod proofs;
mod snapshot;
mod solar;
mod stream;
mod sums;
mod troubles;
mod trust;
mod tuner;
mod twin;
mod weather;
