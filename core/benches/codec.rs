//! Time of the codec: `cargo bench -p qres-core --bench codec`. Per sample in packets and files of
//! columns, per byte in files of bytes; a synthetic series, so ratios mean nothing here.

#![expect(clippy::expect_used, reason = "a bench that cannot go on says so")]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use qres_core::codec::packet::{PACKET_BYTES_MAX, PACKET_SAMPLES, PacketDecoder, PacketEncoder};
use qres_core::codec::{Archive, Column, Profile, Table, compress, compress_table, decompress};

const PACKETS: usize = 64;
const ROWS: usize = PACKETS * PACKET_SAMPLES;

fn main() {
    divan::main();
}

/// A wandering series with noise, like a temperature in hundredths.
fn series() -> Vec<i32> {
    let (mut level, mut noise) = (2000, 1_u64);
    let next = |_| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        level += (noise >> 60) as i32 - 7;
        level + (noise >> 40 & 7) as i32
    };
    (0..ROWS).map(next).collect()
}

fn packets() -> Vec<Vec<u8>> {
    let mut encoder = PacketEncoder::new(0);
    let encode = |part: &[i32]| {
        let mut packet = [0; PACKET_BYTES_MAX];
        let length = encoder.encode(part, &mut packet).expect("64 samples");
        packet[..length].to_vec()
    };
    series().chunks(PACKET_SAMPLES).map(encode).collect()
}

fn table() -> Table {
    let column = Column { samples: series(), ..Column::default() };
    Table { columns: vec![column], rest: Vec::new() }
}

fn text() -> Vec<u8> {
    series().iter().flat_map(|sample| format!("{sample},").into_bytes()).collect()
}

/// One packet of 64 samples, as a sensor sends them one after another.
#[divan::bench]
fn packet_encode(bencher: Bencher<'_, '_>) {
    let samples = series();
    let mut parts = samples.chunks(PACKET_SAMPLES).cycle();
    let mut encoder = PacketEncoder::new(0);
    let mut packet = [0; PACKET_BYTES_MAX];
    bencher.bench_local(|| encoder.encode(black_box(parts.next().unwrap_or(&[])), &mut packet));
}

/// The same packet by packet at the other end; behind the last comes the first, a keyframe.
#[divan::bench]
fn packet_decode(bencher: Bencher<'_, '_>) {
    let packets = packets();
    let mut packets = packets.iter().cycle();
    let mut decoder = PacketDecoder::new(0);
    let mut samples = [0; PACKET_SAMPLES];
    bencher.bench_local(|| {
        let packet = packets.next().map_or(&[][..], Vec::as_slice);
        decoder.decode(black_box(packet), &mut samples)
    });
}

#[divan::bench]
fn packets_encode(bencher: Bencher<'_, '_>) {
    let samples = series();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut encoder = PacketEncoder::new(0);
        let mut packet = [0; PACKET_BYTES_MAX];
        for part in samples.chunks(PACKET_SAMPLES) {
            let _ = black_box(encoder.encode(black_box(part), &mut packet));
        }
    });
}

#[divan::bench]
fn packets_decode(bencher: Bencher<'_, '_>) {
    let packets = packets();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut decoder = PacketDecoder::new(0);
        let mut samples = [0; PACKET_SAMPLES];
        for packet in &packets {
            let _ = black_box(decoder.decode(black_box(packet), &mut samples));
        }
    });
}

#[divan::bench]
fn host_compress(bencher: Bencher<'_, '_>) {
    let table = table();
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench_local(|| compress_table(black_box(&table), Profile::Host));
}

#[divan::bench]
fn host_decompress(bencher: Bencher<'_, '_>) {
    let file = compress_table(&table(), Profile::Host).expect("a table");
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench_local(|| Archive::open(black_box(&file)).and_then(|archive| archive.table()));
}

#[divan::bench]
fn bytes_compress(bencher: Bencher<'_, '_>) {
    let text = text();
    bencher.counter(BytesCount::new(text.len())).bench_local(|| compress(black_box(&text)));
}

#[divan::bench]
fn bytes_decompress(bencher: Bencher<'_, '_>) {
    let file = compress(&text());
    bencher.counter(BytesCount::new(text().len())).bench_local(|| decompress(black_box(&file)));
}
