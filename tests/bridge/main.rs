//! The bridge with boards on the other side: conversations in memory under every fault, and a whole
//! mesh over real pseudo-terminals.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says so")]

mod bench;
mod board;
mod distance;
mod driven;
mod faults;
#[path = "../../firmware/node/tests/flash/mod.rs"]
mod flash;
mod live;
mod metal;
mod noise;
mod odd;
mod places;
mod talk;
