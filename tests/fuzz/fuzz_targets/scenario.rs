//! cargo-fuzz's door to the target `scenario`; what it does stands in `simulator`.
#![no_main]

#[path = "../simulator/mod.rs"]
mod simulator;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    simulator::run("scenario", data);
});
