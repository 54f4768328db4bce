//! Frames, messages and reassembly.

use qres_core::canonical::{Canonical, Source};
use qres_core::fragment::{MTU_MIN, Reassembly, SLOTS, cut};
use qres_core::id::{NodeId, Tick};
use qres_core::packet::{HEADER_BYTES, Header, Kind, MESSAGE_MAX, MTU, Message};

const KINDS: [Kind; 16] = [
    Kind::Update,
    Kind::Poll,
    Kind::Beacon,
    Kind::Grant,
    Kind::Relay,
    Kind::Offer,
    Kind::Request,
    Kind::Digest,
    Kind::Summary,
    Kind::SummaryRequest,
    Kind::Stream,
    Kind::Policy,
    Kind::Sum,
    Kind::Call,
    Kind::Audit,
    Kind::Opinions,
];

/// The kind of this number, or some kind for any other.
fn kind_of(number: u8) -> Kind {
    let known = KINDS.into_iter().find(|kind| *kind as u8 == number);
    known.unwrap_or(KINDS[usize::from(number) % KINDS.len()])
}

/// A frame as it came, and with its checksum mended.
pub fn header(data: &[u8]) -> bool {
    let mut accepted = frame(data);
    if data.len() >= HEADER_BYTES {
        let mut sealed = data.to_vec();
        let crc = super::crc32(&[&data[..8], &data[HEADER_BYTES..]]);
        sealed[8..HEADER_BYTES].copy_from_slice(&crc);
        accepted |= frame(&sealed);
    }
    accepted
}

fn frame(data: &[u8]) -> bool {
    let Ok((header, payload)) = Header::read(data) else { return false };
    let mut again: heapless::Vec<u8, MTU> = heapless::Vec::new();
    assert_eq!(header.write(payload, &mut again), Some(()), "what was read fits a frame");
    assert_eq!(again, data, "{header:?}");
    let _ = parsed(header.kind, header.sender, payload);
    true
}

/// Kind, sender, payload.
pub fn message(data: &[u8]) -> bool {
    let Some(([kind, s0, s1, s2, s3], payload)) = data.split_first_chunk() else { return false };
    let kind = kind_of(*kind);
    parsed(kind, NodeId(u32::from_le_bytes([*s0, *s1, *s2, *s3])), payload)
}

fn parsed(kind: Kind, sender: NodeId, payload: &[u8]) -> bool {
    let Ok(message) = Message::from_bytes(kind, sender, payload) else { return false };
    assert_eq!(message.kind(), kind);
    assert_eq!(message.to_bytes(), payload, "{message:?}");
    assert_eq!(message.length(), payload.len(), "{message:?}");
    true
}

/// An MTU, then fragments: sender, kind, round, index, count, length, and that many bytes. And a
/// message that was cut honestly comes back whole, wherever its fragments begin.
pub fn fragment(data: &[u8]) -> bool {
    let Some(([m0, m1, turn], rest)) = data.split_first_chunk() else { return false };
    let mtu = usize::from(u16::from_le_bytes([*m0, *m1]));
    whole(mtu, usize::from(*turn), &rest[..rest.len().min(MESSAGE_MAX)]);
    let mut table = Reassembly::default();
    let mut accepted = false;
    let mut rest = rest;
    let mut now = Tick(0);
    while let Some(([sender, kind, round, index, count, length], tail)) = rest.split_first_chunk() {
        let (part, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        let header = Header {
            kind: kind_of(*kind),
            round: *round,
            index: *index,
            count: *count,
            sender: NodeId(u32::from(*sender)),
        };
        // `Header::read` refuses such a header before it gets here.
        if index >= count {
            continue;
        }
        if let Some(bytes) = table.insert(&header, part, mtu, now) {
            accepted = true;
            let _ = parsed(header.kind, header.sender, &bytes);
        }
        now.0 += u64::from(*round & 1);
        assert!(table.expire(now) <= SLOTS);
    }
    let mut bytes: heapless::Vec<u8, 1024> = heapless::Vec::new();
    table.encode(&mut bytes);
    assert_eq!(Reassembly::decode(&mut Source::new(&bytes)), Some(table));
    accepted
}

/// Cuts a payload and puts it together again, beginning at fragment `turn`.
fn whole(mtu: usize, turn: usize, payload: &[u8]) {
    let mut frames: Vec<Vec<u8>> = Vec::new();
    cut(Kind::Relay, NodeId(1), 7, payload, mtu, |frame| frames.push(frame.to_vec()));
    let count = frames.len();
    frames.rotate_left(turn % count);
    let mut table = Reassembly::default();
    let mut back = None;
    for frame in &frames {
        assert!(frame.len() <= mtu.max(MTU_MIN));
        let Ok((header, part)) = Header::read(frame) else { unreachable!("own frame") };
        assert!(back.is_none(), "whole before its last fragment");
        back = table.insert(&header, part, mtu, Tick(0));
    }
    assert_eq!(back.as_deref(), Some(payload));
    assert!(table.is_empty());
}
