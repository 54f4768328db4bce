//! What needs a heap: `.qres` files of bytes and of tables.

extern crate alloc;

use alloc::vec::Vec;

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::codec::{Archive, Column, Profile, Table, compress_table};
use qres_core::{compress, decompress};

use super::draws::{Draws, sample};

/// Texts that repeat themselves and noise, tables of two columns, damaged files.
pub fn files(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(25);
    for tick in 0..ticks / 400 {
        let mut content: Vec<u8> = Vec::new();
        for _ in 0..draws.below(40) {
            let words = [&b"storm "[..], b"calm ", b"21.5;", b"\n", &draws.next().to_le_bytes()];
            content.extend_from_slice(words[draws.below(5) as usize]);
        }
        let mut file = compress(&content);
        out.update(&file);
        if draws.once_in(2) {
            draws.damage(&mut file);
        }
        match decompress(&file) {
            Ok(content) => out.update(&content),
            Err(why) => out.update(&[why as u8]),
        };
        table(&mut draws, tick, out);
    }
}

fn table(draws: &mut Draws, tick: u64, out: &mut Hasher) {
    let rows = draws.below(80);
    let column = |node: u32, max_error: u16| Column {
        max_error,
        samples: (0..rows).map(|row| sample(node, 80 * tick + row).to_bits() >> 9).collect(),
        ..Column::default()
    };
    let columns = alloc::vec![column(1, 0), column(2, 3)];
    let profile = if draws.once_in(2) { Profile::Host } else { Profile::Mcu };
    let Ok(mut file) = compress_table(&Table { columns, rest: Vec::new() }, profile) else {
        return;
    };
    out.update(&file);
    if draws.once_in(3) {
        draws.damage(&mut file);
    }
    match Archive::open(&file).and_then(|archive| archive.table()) {
        Ok(table) => {
            let samples = table.columns.iter().flat_map(|column| &column.samples);
            samples.for_each(|sample| sample.encode(out));
        }
        Err(why) => (why as u8).encode(out),
    }
}
