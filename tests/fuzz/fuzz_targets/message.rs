//! cargo-fuzz's door to the target `message`; what it does stands in `bodies`.
#![no_main]

#[path = "../bodies/mod.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    bodies::run("message", data);
});
