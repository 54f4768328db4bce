//! cargo-fuzz's door to the target `snapshot`; what it does stands in `meshes`.
#![no_main]

extern crate simulator as qres;

#[path = "../meshes/mod.rs"]
mod meshes;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    meshes::run("snapshot", data);
});
