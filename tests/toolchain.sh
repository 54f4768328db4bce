# Rust for targets without an operating system, and the machine that runs them: shared by
# tests/targets/run and tests/firmware/run, which set `folder` to the folder of built files.

# Where `tests/run --install` puts QEMU's system emulator.
EMULATOR=${XDG_CACHE_HOME:-$HOME/.cache}/qres/qemu/qemu-system-riscv32

have() { command -v "$1" >/dev/null 2>&1; }

has_rustup_target() { # TRIPLE
    have rustup && rustup target list --installed 2>/dev/null | grep -qx "$1"
}

has_debian_rust() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -d /usr/lib/rustlib/src/rust/library/core ]
}

linker_folder() {
    dirname "$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -type f | head -n 1)"
}

emulator() {
    if have qemu-system-riscv32; then echo qemu-system-riscv32; else echo "$EMULATOR"; fi
}

has_emulator() {
    have qemu-system-riscv32 || [ -x "$EMULATOR" ]
}

# Builds a package for a target, with rustup's library where it is installed, else with one built
# from Debian's sources.
build_for() { # TRIPLE PACKAGE
    local arguments=(build --locked --quiet --release -p "$2" --target "$1")
    if has_rustup_target "$1"; then
        CARGO_TARGET_DIR=$folder/bare cargo "${arguments[@]}"
        return
    fi
    # Debian's compiler has no linker for bare targets; it finds rustup's in PATH.
    env RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_DIR="$folder/no_std" \
        PATH="$PATH:$(linker_folder)" \
        /usr/bin/cargo "${arguments[@]}" -Zbuild-std=core,alloc
}

built_for() { # TRIPLE FILE
    local place=no_std
    has_rustup_target "$1" && place=bare
    echo "$folder/$place/$1/release/$2"
}
