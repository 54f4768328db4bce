//! Cutting messages into fragments, and a bounded table that puts them together again.
//!
//! The table never grows: a new message takes the place of the one that has waited longest.

use crate::canonical::{Canonical, Sink, Source};
use crate::id::{NodeId, Tick};
use crate::packet::{HEADER_BYTES, Header, Kind, MESSAGE_MAX, MTU, PayloadBytes, SIGNED_MAX};

/// Messages that one node can have in reassembly at a time.
pub const SLOTS: usize = 4;
/// The smallest MTU: two payload bytes a fragment, and every message still fits in 128 of them.
pub const MTU_MIN: usize = HEADER_BYTES + 2;
/// Ticks after which an unfinished message is given up.
pub const TIMEOUT_TICKS: u64 = 8;

/// How many fragments a payload of `length` bytes makes at `mtu`.
#[must_use]
pub const fn fragment_count(length: usize, mtu: usize) -> usize {
    let room = if mtu > HEADER_BYTES { mtu - HEADER_BYTES } else { 1 };
    if length == 0 { 1 } else { length.div_ceil(room) }
}

/// Calls `each` with every frame of the message, in order.
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
    let mut rest = payload;
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
    /// Bytes beyond those of a message: of the signature.
    beyond: [u8; SIGNED_MAX - MESSAGE_MAX],
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
        let empty = [0; SIGNED_MAX - MESSAGE_MAX];
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

    /// Takes a fragment of a message that was cut for `mtu`; returns the payload when it was the
    /// last one missing. Duplicates change nothing; a fragment that cannot be part of such a
    /// message is dropped with the whole message.
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
        let mut message = PayloadBytes::from_slice(&slot.bytes).ok()?;
        message.extend_from_slice(&slot.beyond).ok()?;
        message.truncate(length);
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
            beyond: [0; SIGNED_MAX - MESSAGE_MAX],
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
        if !fits || header.index >= 128 || start + part.len() > SIGNED_MAX {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    extern crate std;

    fn frames(
        payload: &[u8],
        mtu: usize,
        round: u32,
    ) -> heapless::Vec<heapless::Vec<u8, MTU>, 128> {
        let mut all = heapless::Vec::new();
        cut(Kind::Update, NodeId(5), round, payload, mtu, |frame| {
            let frame = heapless::Vec::from_slice(frame).expect("fits");
            all.push(frame).expect("fits");
        });
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
