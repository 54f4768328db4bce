//! Corruption: bits of a frame's real bytes flip, and checksum, decoder and signature do with them
//! what they do. Must not judge the outcome.

use qres_core::draw::{Purpose, below, draw};
use qres_core::packet::{HEADER_BYTES, Header, MTU};

use super::{Damage, Entry, Link, happens};
use crate::scenario::FaultKind;

/// What the entry does to a copy: with `P = percent / 100` flips `bits` bits.
pub(super) fn damage(entry: &Entry, link: &Link, copy: u8) -> Option<Damage> {
    let FaultKind::Corruption { percent, bits, mends_crc } = entry.kind else { return None };
    let lot = link.lot(entry.seed, Purpose::FaultFlip, u32::from(copy));
    happens(percent, lot).then_some(Damage { bits, mends_crc, lot })
}

/// Flips `bits` uniformly drawn bits of `frame`; one drawn twice flips back. To mend the checksum,
/// bits behind the header flip and the header is written anew; a frame without any stays whole.
pub(super) fn flip(frame: &mut [u8], bits: u8, mends_crc: bool, lot: u64) {
    let whole = if mends_crc { Header::read(frame).ok().map(|(header, _)| header) } else { None };
    let from = if mends_crc { HEADER_BYTES } else { 0 };
    let Some(part) = frame.get_mut(from..).filter(|part| !part.is_empty()) else { return };
    for n in 0..u32::from(bits) {
        let at = below(draw(lot, Purpose::FaultFlip, 0, 0, n), part.len() as u64 * 8);
        if let Some(byte) = part.get_mut(at as usize / 8) {
            *byte ^= 1 << (at % 8);
        }
    }
    let Some(header) = whole else { return };
    let mut mended: heapless::Vec<u8, MTU> = heapless::Vec::new();
    if header.write(part, &mut mended).is_some() && mended.len() == frame.len() {
        frame.copy_from_slice(&mended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::id::NodeId;
    use qres_core::packet::{Kind, PacketError};

    fn frame() -> heapless::Vec<u8, MTU> {
        let header = Header { kind: Kind::Update, round: 7, index: 0, count: 1, sender: NodeId(5) };
        let mut frame = heapless::Vec::new();
        header.write(&[0xA5; 30], &mut frame).expect("short");
        frame
    }

    #[test]
    fn a_checksum_finds_few_flips_and_a_mended_one_none() {
        let clean = frame();
        for lot in 0..2_000 {
            let mut bad = clean.clone();
            flip(&mut bad, 1, false, lot);
            let distance: u32 = bad.iter().zip(&clean).map(|(a, b)| (a ^ b).count_ones()).sum();
            assert_eq!(distance, 1);
            assert_eq!(Header::read(&bad).err(), Some(PacketError::Crc));
            let mut sly = clean.clone();
            flip(&mut sly, 3, true, lot);
            let (header, payload) = Header::read(&sly).expect("a checksum that fits");
            assert_eq!(header.sender, NodeId(5));
            let distance: u32 = payload.iter().map(|byte| (byte ^ 0xA5).count_ones()).sum();
            assert!(distance == 3 || distance == 1, "{distance}");
        }
        let mut empty: [u8; 0] = [];
        flip(&mut empty, 9, false, 1);
    }
}
