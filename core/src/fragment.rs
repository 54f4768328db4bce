//! Cutting messages into fragments, and a bounded table that puts them together again.
//!
//! Behind a message of several fragments lies a checksum of the whole, because fragments of two
//! messages can look like one: a sender's rounds repeat modulo 256, and it may relay several
//! messages in a round. The table never grows: a new message takes the place of the one that has
//! waited longest.

use crate::canonical::{Canonical, Sink, Source};
use crate::crc::{CRC_BYTES, crc32};
use crate::id::{NodeId, Tick};
use crate::packet::{HEADER_BYTES, Header, Kind, MESSAGE_MAX, MTU, PayloadBytes, SIGNED_MAX};

/// Messages that one node can have in reassembly at a time.
pub const SLOTS: usize = 4;
/// The smallest MTU: two payload bytes a fragment, and every message still fits in 128 of them.
pub const MTU_MIN: usize = HEADER_BYTES + 2;
/// Ticks after which an unfinished message is given up.
pub const TIMEOUT_TICKS: u64 = 8;

/// Longest payload with the checksum behind it.
const WHOLE_MAX: usize = SIGNED_MAX + CRC_BYTES;

/// How many fragments a payload of `length` bytes makes at `mtu`, its checksum included.
#[must_use]
pub const fn fragment_count(length: usize, mtu: usize) -> usize {
    let room = if mtu > HEADER_BYTES { mtu - HEADER_BYTES } else { 1 };
    if length <= room { 1 } else { (length + CRC_BYTES).div_ceil(room) }
}

/// Bytes on the air of a payload of `length` bytes at `mtu`: all headers, and the checksum of the
/// whole where it takes several fragments.
#[must_use]
pub const fn bytes_on_air(length: usize, mtu: usize) -> usize {
    let count = fragment_count(length, mtu);
    length + HEADER_BYTES * count + if count > 1 { CRC_BYTES } else { 0 }
}

/// Calls `each` with every frame of the message, in order; with none when the payload is longer
/// than any message of this version.
pub fn cut(
    kind: Kind,
    sender: NodeId,
    round: u32,
    payload: &[u8],
    mtu: usize,
    mut each: impl FnMut(&[u8]),
) {
    let mtu = mtu.clamp(MTU_MIN, MTU);
    let count = fragment_count(payload.len(), mtu) as u8;
    let mut whole: heapless::Vec<u8, WHOLE_MAX> = heapless::Vec::new();
    let seal = if count > 1 { &crc32(payload)[..] } else { &[] };
    let fits = whole.extend_from_slice(payload).and_then(|()| whole.extend_from_slice(seal));
    if payload.len() > SIGNED_MAX || fits.is_err() {
        return;
    }
    let mut rest = &whole[..];
    for index in 0..count {
        let (part, tail) = rest.split_at(rest.len().min(mtu - HEADER_BYTES));
        rest = tail;
        let header = Header { kind, round: round as u8, index, count, sender };
        let mut frame: heapless::Vec<u8, { HEADER_BYTES + SIGNED_MAX }> = heapless::Vec::new();
        if header.write(part, &mut frame).is_some() {
            each(&frame);
        }
    }
}

/// A message of which some fragments are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    sender: NodeId,
    kind: u8,
    round: u8,
    count: u8,
    /// Bytes of the last fragment; 0 until it is here.
    tail: u8,
    /// Fragments here, a bit each.
    have: u128,
    since: Tick,
    bytes: [u8; MESSAGE_MAX],
    /// Bytes beyond those of a message: of the signature, and the checksum.
    beyond: [u8; WHOLE_MAX - MESSAGE_MAX],
}

/// Set in the encoding of `tail`, which is below 128, when bytes beyond follow.
const BEYOND: u8 = 0x80;

impl Canonical for Pending {
    fn encode(&self, sink: &mut impl Sink) {
        let beyond = self.beyond.iter().any(|byte| *byte != 0);
        let tail = if beyond { self.tail | BEYOND } else { self.tail };
        self.sender.encode(sink);
        [self.kind, self.round, self.count, tail].encode(sink);
        self.have.encode(sink);
        self.since.encode(sink);
        self.bytes.encode(sink);
        if beyond {
            self.beyond.encode(sink);
        }
    }

    fn decode(source: &mut Source<'_>) -> Option<Self> {
        let sender = Canonical::decode(source)?;
        let [kind, round, count, tail] = Canonical::decode(source)?;
        let (have, since) = (Canonical::decode(source)?, Canonical::decode(source)?);
        let bytes = Canonical::decode(source)?;
        let empty = [0; WHOLE_MAX - MESSAGE_MAX];
        let beyond = if tail & BEYOND == 0 { empty } else { Canonical::decode(source)? };
        // The encoder leaves out what is empty.
        if tail & BEYOND != 0 && beyond == empty {
            return None;
        }
        Some(Self { sender, kind, round, count, tail: tail & !BEYOND, have, since, bytes, beyond })
    }
}

/// Reassembly of fragmented messages for one receiver, bounded to [`SLOTS`] messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reassembly {
    slots: heapless::Vec<Pending, SLOTS>,
}
crate::canonical!(struct Reassembly { slots });

impl Reassembly {
    /// Whether no message is waiting for fragments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Gives up what has waited too long; returns how many messages that were.
    pub fn expire(&mut self, now: Tick) -> usize {
        let before = self.slots.len();
        self.slots.retain(|slot| now.0.saturating_sub(slot.since.0) <= TIMEOUT_TICKS);
        before - self.slots.len()
    }

    /// Takes a fragment of a message that was cut for `mtu`; returns the payload when none is
    /// missing and the checksum of the whole fits. Duplicates change nothing; of two fragments for
    /// one place the newer counts, so that a mixture of two messages waits until the rest of the
    /// newer one has come; a fragment that cannot be part of such a message is dropped with all of
    /// it.
    pub fn insert(
        &mut self,
        header: &Header,
        part: &[u8],
        mtu: usize,
        now: Tick,
    ) -> Option<PayloadBytes> {
        if header.count == 1 {
            return PayloadBytes::from_slice(part).ok();
        }
        let stride = mtu.clamp(MTU_MIN, MTU) - HEADER_BYTES;
        let place = self.place(*header, now)?;
        let slot = self.slots.get_mut(place)?;
        if !slot.accept(*header, part, stride) {
            self.slots.swap_remove(place);
            return None;
        }
        if slot.have.count_ones() != u32::from(slot.count) {
            return None;
        }
        let length = stride * usize::from(slot.count - 1) + usize::from(slot.tail);
        let message = slot.open(length)?;
        self.slots.swap_remove(place);
        Some(message)
    }

    fn place(&mut self, header: Header, now: Tick) -> Option<usize> {
        let kind = header.kind as u8;
        let same = |slot: &Pending| {
            (slot.sender, slot.round, slot.kind, slot.count)
                == (header.sender, header.round, kind, header.count)
        };
        if let Some(place) = self.slots.iter().position(same) {
            return Some(place);
        }
        if self.slots.is_full() {
            let oldest = self.slots.iter().enumerate().min_by_key(|(_, s)| (s.since, s.sender));
            let place = oldest.map(|(place, _)| place)?;
            self.slots.swap_remove(place);
        }
        let fresh = Pending {
            sender: header.sender,
            kind,
            round: header.round,
            count: header.count,
            tail: 0,
            have: 0,
            since: now,
            bytes: [0; MESSAGE_MAX],
            beyond: [0; WHOLE_MAX - MESSAGE_MAX],
        };
        self.slots.push(fresh).ok()?;
        Some(self.slots.len() - 1)
    }
}

impl Pending {
    /// Stores a fragment; false when it cannot belong to this message.
    fn accept(&mut self, header: Header, part: &[u8], stride: usize) -> bool {
        let is_last = header.index + 1 == self.count;
        let fits = if is_last { (1..=stride).contains(&part.len()) } else { part.len() == stride };
        let start = stride * usize::from(header.index);
        if !fits || header.index >= 128 || start + part.len() > WHOLE_MAX {
            return false;
        }
        let slots = self.bytes.iter_mut().chain(&mut self.beyond);
        slots.skip(start).zip(part).for_each(|(slot, byte)| *slot = *byte);
        self.have |= 1 << header.index;
        if is_last {
            self.tail = part.len() as u8;
        }
        true
    }

    /// The payload of a whole of `length` bytes; `None` when its checksum does not fit.
    fn open(&self, length: usize) -> Option<PayloadBytes> {
        let mut whole: heapless::Vec<u8, WHOLE_MAX> = heapless::Vec::new();
        whole.extend_from_slice(&self.bytes).ok()?;
        whole.extend_from_slice(&self.beyond).ok()?;
        whole.truncate(length);
        let (payload, seal) = whole.split_last_chunk::<CRC_BYTES>()?;
        if crc32(payload) == *seal { PayloadBytes::from_slice(payload).ok() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    extern crate std;

    fn frames(payload: &[u8], mtu: usize, round: u32) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        cut(Kind::Update, NodeId(5), round, payload, mtu, |frame| all.push(frame.to_vec()));
        all
    }

    fn feed(table: &mut Reassembly, frame: &[u8], mtu: usize, now: u64) -> Option<PayloadBytes> {
        let (header, part) = Header::read(frame).expect("own frame");
        table.insert(&header, part, mtu, Tick(now))
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..300)
    }

    proptest! {
        #[test]
        fn any_order_with_duplicates_gives_the_message_once(
            payload in proptest::collection::vec(any::<u8>(), 1..=SIGNED_MAX),
            mtu in MTU_MIN..120_usize,
            order in proptest::collection::vec(any::<prop::sample::Index>(), 0..200),
        ) {
            let all = frames(&payload, mtu, 1);
            let mut table = Reassembly::default();
            let mut seen = [false; 128];
            for index in &order {
                let pick = index.index(all.len());
                seen[pick] = true;
                if let Some(message) = feed(&mut table, &all[pick], mtu, 0) {
                    prop_assert_eq!(&message[..], &payload[..]);
                    prop_assert!((0..all.len()).all(|i| seen[i]));
                    seen = [false; 128];
                }
            }
        }

        #[test]
        fn a_mixture_of_two_messages_is_never_taken(
            payloads in (21..=SIGNED_MAX).prop_flat_map(|length| {
                let payload = || proptest::collection::vec(any::<u8>(), length);
                [payload(), payload()]
            }),
            order in proptest::collection::vec((0..2_usize, any::<prop::sample::Index>()), 0..60),
        ) {
            // Rounds 5 and 261 look the same in a header.
            let both = [frames(&payloads[0], 32, 5), frames(&payloads[1], 32, 261)];
            let mut table = Reassembly::default();
            for (which, index) in &order {
                let all = &both[*which];
                if let Some(message) = feed(&mut table, &all[index.index(all.len())], 32, 0) {
                    prop_assert!(payloads.iter().any(|payload| payload[..] == message[..]));
                }
            }
            // Whatever waits, a message that comes whole is taken.
            let all = &both[0];
            let taken = all.iter().filter_map(|frame| feed(&mut table, frame, 32, 0)).count();
            prop_assert!(taken >= 1);
        }

        #[test]
        fn arbitrary_fragments_never_panic(
            parts in proptest::collection::vec(
                (any::<u8>(), 1..=255_u8, any::<u8>(), bytes()),
                0..40,
            ),
        ) {
            let mut table = Reassembly::default();
            for (index, count, round, part) in &parts {
                let header = Header {
                    kind: Kind::Update, round: round % 3, index: index % count, count: *count,
                    sender: NodeId(1),
                };
                let _ = table.insert(&header, part, 40, Tick(0));
            }
            prop_assert!(table.slots.len() <= SLOTS);
        }
    }

    #[test]
    fn a_mixture_waits_for_the_rest_of_the_newer_message() {
        let [old, new] = [[1; 30], [2; 30]].map(|payload| frames(&payload, 32, 9));
        let mut table = Reassembly::default();
        assert_eq!(feed(&mut table, &old[1], 32, 0), None);
        assert_eq!(feed(&mut table, &new[0], 32, 0), None, "all there, but of two messages");
        assert_eq!(feed(&mut table, &new[1], 32, 0).as_deref(), Some(&[2; 30][..]));
        assert!(table.is_empty());
    }

    #[test]
    fn a_whole_is_sealed_only_when_it_is_cut() {
        for (length, mtu, count, bytes) in
            [(0, 32, 1, 12), (20, 32, 1, 32), (21, 32, 2, 49), (36, 32, 2, 64), (37, 32, 3, 77)]
        {
            let payload = [7; 40];
            let all = frames(&payload[..length], mtu, 1);
            assert_eq!((all.len(), fragment_count(length, mtu)), (count, count), "{length}");
            assert_eq!(all.iter().map(Vec::len).sum::<usize>(), bytes, "{length}");
            assert_eq!(bytes_on_air(length, mtu), bytes, "{length}");
        }
        let mut sent = 0;
        cut(Kind::Update, NodeId(5), 1, &[0; SIGNED_MAX + 1], 32, |_| sent += 1);
        assert_eq!(sent, 0, "no message of this version is as long");
    }

    /// An update of 28 bytes, node 5, round 300, at an MTU of 32; checksums by zlib.
    #[test]
    fn the_frames_of_a_message_byte_by_byte() {
        let payload: Vec<u8> = (0..28).collect();
        let all = frames(&payload, 32, 300);
        let first =
            [[0x10, 44, 0, 2, 5, 0, 0, 0, 0x50, 0xF4, 0x48, 0xC8].as_slice(), &payload[..20]];
        let seal = [0x5D, 0x08, 0x08, 0xD7];
        let head = [0x10, 44, 1, 2, 5, 0, 0, 0, 0xA3, 0xF2, 0xB8, 0x55];
        assert_eq!(all, [first.concat(), [&head, &payload[20..], &seal].concat()]);
    }

    #[test]
    fn the_oldest_message_makes_room() {
        let mut table = Reassembly::default();
        for round in 0..=SLOTS as u32 {
            let all = frames(&[round as u8; 30], 32, round);
            assert_eq!(feed(&mut table, &all[0], 32, u64::from(round)), None);
        }
        assert_eq!(table.slots.len(), SLOTS);
        assert!(table.slots.iter().all(|slot| slot.round > 0), "the first one made room");
        assert_eq!(table.expire(Tick(100)), SLOTS);
        assert!(table.is_empty());
    }

    #[test]
    fn a_message_that_fits_needs_no_slot() {
        let all = frames(&[1, 2, 3], 1024, 0);
        assert_eq!(all.len(), 1);
        let mut table = Reassembly::default();
        assert_eq!(feed(&mut table, &all[0], 1024, 0).as_deref(), Some(&[1, 2, 3][..]));
        assert!(table.is_empty());
    }
}
