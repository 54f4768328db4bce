//! cargo-fuzz's door to the target `recording`; what it does stands in `simulator`.
#![no_main]

#[path = "../simulator/mod.rs"]
mod simulator;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    simulator::run("recording", data);
});
