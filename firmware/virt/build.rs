//! Tells the linker where the memory of the machine lies.

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo:rerun-if-changed=memory.x");
    println!("cargo:rustc-link-arg-bins=-T{here}/memory.x");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
}
