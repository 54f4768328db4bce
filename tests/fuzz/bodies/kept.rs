//! What is stored: records, `.qres` files and packets of samples.

use qres_core::codec::Archive;
use qres_core::codec::packet::{PACKET_BYTES_MAX, PACKET_SAMPLES, PacketDecoder, PacketEncoder};
use qres_core::store::{FILLER, OVERHEAD_BYTES, decode, encode};
use qres_core::{compress, decompress};

/// A record as it came, and with a checksum behind it.
pub fn record(data: &[u8]) -> bool {
    let sealed = [data, &super::crc32(&[data])].concat();
    [data, &sealed].map(read).contains(&true)
}

fn read(data: &[u8]) -> bool {
    let Ok(record) = decode(data) else { return false };
    let mut again = Vec::new();
    let written = encode(record.generation, record.payload, |piece| again.extend_from_slice(piece));
    assert!(written.is_ok() && again.len() == record.payload.len() + OVERHEAD_BYTES);
    let (whole, rest) = data.split_at(again.len());
    assert_eq!(again, whole);
    assert!(rest.iter().all(|byte| *byte == FILLER));
    true
}

/// A file; and the same bytes as content, which must come back.
pub fn file(data: &[u8]) -> bool {
    assert_eq!(decompress(&compress(data)).as_deref(), Ok(data));
    let Ok(archive) = Archive::open(data) else { return false };
    let bytes = archive.bytes();
    let table = archive.table();
    assert!(bytes.is_err() || table.is_err(), "a file holds one of both");
    bytes.is_ok() || table.is_ok()
}

/// The largest error, then packets behind a length each.
pub fn packets(data: &[u8]) -> bool {
    let Some(([e0, e1], mut rest)) = data.split_first_chunk() else { return false };
    let max_error = u16::from_le_bytes([*e0, *e1]);
    let mut decoder = PacketDecoder::new(max_error);
    let mut accepted = false;
    while let Some((length, tail)) = rest.split_first() {
        let (packet, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        let mut samples = [0; PACKET_SAMPLES];
        if let Ok(count) = decoder.decode(packet, &mut samples) {
            accepted = true;
            again(&samples[..count], max_error);
        }
    }
    accepted
}

/// What was decoded survives another coding, within the error.
fn again(samples: &[i32], max_error: u16) {
    let mut packet = [0; PACKET_BYTES_MAX];
    let length = PacketEncoder::new(max_error).encode(samples, &mut packet).unwrap_or(0);
    let mut decoded = [0; PACKET_SAMPLES];
    let count = PacketDecoder::new(max_error).decode(&packet[..length], &mut decoded);
    assert_eq!(count, Ok(samples.len()));
    for (sample, back) in samples.iter().zip(&decoded) {
        assert!(sample.abs_diff(*back) <= u32::from(max_error), "{sample} became {back}");
    }
}
