//! Every message there and back, its bytes, and bytes that are none.

use super::*;
use crate::trust::opinion::{Bucket, Opinion};
use proptest::prelude::*;

fn update() -> Update {
    let weights = core::array::from_fn(|i| Q16::from_bits(i as i32 * 1_000 - 3_000));
    Update {
        origin: NodeId(7),
        round: 300,
        group: GroupId(2),
        regime: Regime::Storm,
        polls: true,
        wire: Wire::Q16,
        taps: 8,
        gene: GeneId(0xAABB_CCDD),
        weights,
    }
}

fn gene() -> Gene {
    Gene {
        group: GroupId(2),
        form: crate::neuron::Form {
            taps: 8,
            lags: [2, 3, 4, 5, 6, 7, 8, 25],
            ..crate::neuron::Form::default()
        },
        lineage: crate::gene::Lineage::default(),
        weights: update().weights,
    }
}

fn audits() -> [Message; 4] {
    use crate::audit::wire::{Ask, Commit, Part};
    let commit = Commit { rounds: 16, stretches: 255, ..Commit::default() };
    let part = Part::new(1, 3, &[9; 84]).expect("a part");
    let ask = Ask::Round(1 << 20);
    [
        AuditMessage::Commit { to: NodeId::NONE, commit },
        AuditMessage::Challenge { to: NodeId(3), epoch: 9, ask, have: 1 << 27 },
        AuditMessage::Challenge { to: NodeId(3), epoch: 9, ask: Ask::Stretch(255), have: 0 },
        AuditMessage::Part { to: NodeId(3), epoch: 9, part },
    ]
    .map(Message::Audit)
}

fn sum(step: SumStep, taps: u8) -> Message {
    let mut values = [0; TAPS];
    values.iter_mut().take(usize::from(taps)).for_each(|value| *value = i32::MIN + 3);
    Message::Sum(SumPart { to: NodeId(9), epoch: 70_000, step, taps, values, tag: [6; 16] })
}

/// As many as fit.
fn opinions() -> Opinions {
    let mut all = Opinions::default();
    let bucket = |n: u32| Bucket::ALL[n as usize % 4];
    while all.push(Opinion { of: NodeId(3), bucket: bucket(all.said().len() as u32) }) {}
    all
}

fn messages() -> [Message; 17] {
    let voice = |node| crate::aggregate::Voice {
        node: NodeId(node),
        influence: Q16::ONE,
        loss: None,
        weights: update().weights,
    };
    let summary = SummaryGene::of(4, GroupId(2), 8, [9; 32], &[voice(1), voice(3)], 0);
    [
        Message::Update(update()),
        Message::Poll { to: NodeId(9) },
        Message::Beacon { emergency: true },
        Message::Grant { to: NodeId(1), standing: Q16::ONE, emergency: false },
        Message::Relay { to: NodeId(4), update: update() },
        Message::Offer { to: NodeId::NONE, gain_percent: 63, gene: gene() },
        Message::Request { to: NodeId(4), gene: gene().id() },
        Message::Digest { gene: gene().id() },
        Message::SummaryRequest { to: NodeId(4) },
        Message::Summary { to: NodeId(5), gene: gene().id(), summary: summary.expect("voices") },
        Message::Policy(Policy::default()),
        Message::Opinions(opinions()),
        Message::Stream { to: NodeId(5), part: StreamPart::new(&[7; 56]).expect("a frame") },
        sum(SumStep::Vector(Regime::Storm), 8),
        sum(SumStep::Correction, 1),
        Message::Call(SumCall {
            to: NodeId(9),
            epoch: 3,
            wanted: true,
            survivors: 0b1011,
            tag: [5; 16],
        }),
        Message::Update(Update { wire: Wire::Bfp16, ..update() }),
    ]
}

fn frame(message: &Message) -> heapless::Vec<u8, MTU> {
    let mut frame = heapless::Vec::new();
    let header = Header { kind: message.kind(), round: 44, index: 0, count: 1, sender: NodeId(7) };
    assert!(header.write(&message.to_bytes(), &mut frame).is_some());
    frame
}

#[test]
fn every_message_round_trips() {
    for message in messages().into_iter().chain(audits()) {
        let bytes = frame(&message);
        let (header, payload) = Header::read(&bytes).expect("own frame");
        assert_eq!(header.kind, message.kind());
        assert_eq!(payload.len(), message.length());
        assert!(payload.len() <= MESSAGE_MAX);
        assert_eq!(Message::from_bytes(header.kind, header.sender, payload), Ok(message));
    }
}

#[test]
fn opinions_are_five_bytes_each_and_no_empty_ones_are_sent() {
    let mut one = Opinions::default();
    assert!(one.push(Opinion { of: NodeId(0x0102), bucket: Bucket::Trusted }));
    assert_eq!(Message::Opinions(one).to_bytes()[..], [2, 1, 0, 0, 3]);
    let read = |bytes: &[u8]| Message::from_bytes(Kind::Opinions, NodeId(7), bytes);
    assert_eq!(read(&[2, 1, 0, 0, 3]), Ok(Message::Opinions(one)));
    assert_eq!(read(&[2, 1, 0, 0, 4]), Err(PacketError::Value));
    for length in [0, 4, 6, 85] {
        assert_eq!(read(&[0; 90][..length]), Err(PacketError::Length), "{length}");
    }
}

#[test]
fn a_poll_is_these_bytes() {
    let bytes = frame(&Message::Poll { to: NodeId(9) });
    assert_eq!(bytes[..8], [0x11, 44, 0, 1, 7, 0, 0, 0]);
    assert_eq!(bytes[12..], [9, 0, 0, 0]);
    assert_eq!(bytes.len(), 16);
}

#[test]
fn a_block_takes_17_bytes_instead_of_32() {
    let [words, .., block] = messages().map(|message| message.length());
    assert_eq!((words, block), (12 + 32, 12 + 17));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = frame(&messages()[0]);
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Header::read(&damaged), Err(PacketError::Crc), "bit {bit}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1100)) {
        let _ = Header::read(&bytes);
        for kind in 0..=15 {
            if let Some(kind) = Kind::from_number(kind)
                && let Ok(message) = Message::from_bytes(kind, NodeId(1), &bytes)
            {
                prop_assert_eq!(&message.to_bytes()[..], &bytes[..]);
            }
        }
    }
}
