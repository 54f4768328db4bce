//! Round trips, damage of every sort, and the vectors that docs/link.md refers to.

extern crate std;

use std::fmt::Write as _;
use std::prelude::v1::*;
use std::vec;

use proptest::prelude::*;

use super::frame::{FRAME_MAX, FrameReader, FrameWriter, LineCount, frame_of};
use super::message::*;
use super::*;
use crate::neuron::TAPS;
use crate::radio;

/// A radio frame with zeros and ones in it.
const FRAME: &[u8] = &[0x10, 1, 0, 1, 7, 0, 0, 0, 1, 2, 3, 4, 0, 255];

/// One of each, and of some more than one: name and message.
fn examples() -> Vec<(&'static str, LinkMessage<'static>)> {
    [host_examples(), board_examples()].concat()
}

fn host_examples() -> Vec<(&'static str, LinkMessage<'static>)> {
    use LinkMessage as M;
    let post = Post {
        node: 7,
        group: 1,
        role: 2,
        sentinel: u32::MAX,
        first_us: 300_000,
        join: 3,
        config_bytes: 0,
        config_crc: 0,
        free_after_ms: 10_000,
        neighbours: heapless::Vec::from_slice(&[1, 300]).expect("room"),
    };
    let order = Order {
        tick: 300,
        sample: Sample::Given(-65_536),
        disturbance: -1,
        storm: 200,
        harvest_uw: 50_000,
        heard: 2,
    };
    vec![
        ("hello", M::Hello { versions: (1, 1), nonce: 0x0102_0304_0506_0708 }),
        ("load", M::Load { area: Area::State, offset: 192, bytes: &[0, 1, 2] }),
        ("post", M::Post(post)),
        ("restore", M::Restore { tick: 128 }),
        ("hear", M::Hear { tick: 300, index: 1, at_us: 500_123, frame: FRAME }),
        ("tick-own", M::Tick(Order { sample: Sample::Own, ..order })),
        ("tick-given", M::Tick(order)),
        ("tick-absent", M::Tick(Order { sample: Sample::Absent, ..Order::default() })),
        ("ping", M::Ping { host_us: u64::MAX }),
        ("fetch", M::Fetch { offset: 192 }),
        ("release", M::Release),
        ("restart", M::Restart),
    ]
}

fn board_examples() -> Vec<(&'static str, LinkMessage<'static>)> {
    use LinkMessage as M;
    let greeting = Greeting {
        version: LINK_VERSION,
        nonce: 0x0102_0304_0506_0708,
        key: core::array::from_fn(|i| i as u8),
        proof: &[0xAB; 64],
        capabilities: CAN_SENSE | CAN_SIGN,
        profile: "virt",
        build: "qres-virt 0.1.0",
        neighbours: 16,
        inbox: 32,
        next: Some(128),
    };
    let telemetry = Telemetry {
        regime: 1,
        is_browned_out: false,
        energy_uj: 23_760_000_000,
        awake_us: 500_000,
        rounds: 12,
        weights: [65_536, -65_536, 0, 1, -1, i32::MAX, i32::MIN, 64],
        work_us: 4_321,
    };
    let ticked = Ticked {
        tick: 300,
        raw: Some(1_310_720),
        sample: None,
        heard: 2,
        heard_crc: 0xDEAD_BEEF,
        said: 1,
        digest: [0x5A; 32],
        sections: core::array::from_fn(|i| [i as u8; 4]),
        telemetry,
    };
    let beat = Beat {
        board_us: 1_000_000,
        next: Some(301),
        is_free: true,
        taken: 128,
        damaged: 1,
        lost: 2,
        stack_free: 20_000,
    };
    let rehearsal = Rehearsal {
        tick: 300,
        senses: true,
        offset: -1,
        gain: -131_072,
        pivot: 1_310_720,
        storm: 200,
        harvest_uw: 50_000,
    };
    let why = Refusal::Frames { have: 1 };
    vec![
        ("greeting", M::Greeting(greeting)),
        ("loaded", M::Loaded { area: Area::Config, length: 600 }),
        ("ready", M::Ready { tick: 128, digest: [9; 32], is_free: false }),
        ("say", M::Say { tick: 300, index: 0, at_us: 77, frame: FRAME }),
        ("ticked", M::Ticked(ticked)),
        ("missed", M::Missed { asked: 301, next: 300 }),
        ("pong", M::Pong { host_us: 5, board_us: 6 }),
        ("part", M::Part { tick: 4, total: 500, offset: 384, bytes: &[0; 116] }),
        ("log", M::Log { level: Level::Warning, text: "low on power" }),
        ("nack", M::Nack { sequence: 65_535, why }),
        ("beat", M::Beat(beat)),
        ("rehearse", M::Rehearse(rehearsal)),
        ("rehearsed", M::Rehearsed { tick: 300, raw: Some(-65_536), said: 2 }),
    ]
}

fn written(message: &LinkMessage<'_>) -> Vec<u8> {
    let mut buffer = [0; MESSAGE_MAX];
    message.write(&mut buffer).expect("it fits").to_vec()
}

/// All messages that a line brings, as bytes with their numbers, and what was counted.
fn taken(line: &[u8]) -> (Vec<(u16, Vec<u8>)>, LineCount) {
    let mut reader = FrameReader::default();
    let mut frames = Vec::new();
    for byte in line {
        frames.extend(reader.push(*byte).map(|frame| (frame.sequence, frame.message.to_vec())));
    }
    (frames, reader.count())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a text");
    }
    text
}

/// tests/vectors/link.txt: name, number of the frame, message, frame. The third place that knows
/// them is `docs/link_client.py`. `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn messages_and_frames_are_those_of_the_vectors() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors/link.txt");
    let mut text = String::from("# name, sequence number, message, frame; see docs/link.md\n");
    let mut writer = FrameWriter::default();
    for (name, message) in examples() {
        let sequence = writer.sequence();
        let frame = writer.write(&message).expect("it fits");
        let (message, frame) = (hex(&written(&message)), hex(&frame));
        writeln!(text, "{name} {sequence} {message} {frame}").expect("a text");
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &text).expect("vectors written");
    }
    assert_eq!(std::fs::read_to_string(path).expect("vectors"), text);
}

#[test]
fn every_message_comes_back_and_no_other_bytes_mean_it() {
    for (name, message) in examples() {
        let bytes = written(&message);
        assert_eq!(LinkMessage::read(&bytes), Ok(message), "{name}");
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(LinkMessage::read(&longer), Err(MessageError::Meaningless), "{name}");
        for end in 0..bytes.len() {
            assert!(LinkMessage::read(&bytes[..end]).is_err(), "{name} cut to {end}");
        }
    }
    // The number 0 in two bytes.
    assert!(LinkMessage::read(&[9]).is_ok() && LinkMessage::read(&[0x89, 0]).is_err());
    assert_eq!(LinkMessage::read(&[23]), Err(MessageError::Meaningless));
}

#[test]
fn the_largest_of_each_kind_fit() {
    use LinkMessage as M;
    let frame = &[0xFF; radio::FRAME_MAX];
    let bytes = &[0; PIECE_MAX];
    let proof = &[0xFF; 64];
    let (profile, build) = ("1234567890123456", "qres-esp32c6 0.1.0, built 2026-11-23 by a person");
    let text = core::str::from_utf8(&[b'x'; 200]).expect("text");
    let telemetry = Telemetry {
        regime: 2,
        is_browned_out: true,
        energy_uj: u64::MAX,
        awake_us: u32::MAX,
        rounds: u32::MAX,
        weights: [i32::MIN; TAPS],
        work_us: u32::MAX,
    };
    let ticked = Ticked {
        tick: u64::MAX,
        raw: Some(i32::MIN),
        sample: Some(i32::MIN),
        heard: u8::MAX,
        heard_crc: u32::MAX,
        said: u8::MAX,
        digest: [0xFF; 32],
        sections: [[0xFF; 4]; SECTIONS.len()],
        telemetry,
    };
    let greeting = Greeting {
        version: u16::MAX,
        nonce: u64::MAX,
        key: [0xFF; 32],
        proof,
        capabilities: u32::MAX,
        profile,
        build,
        neighbours: u8::MAX,
        inbox: u8::MAX,
        next: Some(u64::MAX),
    };
    let post = Post {
        node: u32::MAX,
        group: u8::MAX,
        role: u8::MAX,
        sentinel: u32::MAX,
        first_us: u64::MAX,
        join: u64::MAX,
        config_bytes: u16::MAX,
        config_crc: u32::MAX,
        free_after_ms: u32::MAX,
        neighbours: core::iter::repeat_n(u32::MAX, NEIGHBOURS_MAX).collect(),
    };
    let (tick, at_us, offset) = (u64::MAX, u32::MAX, u16::MAX);
    let largest = [
        M::Load { area: Area::State, offset, bytes },
        M::Post(post),
        M::Hear { tick, index: u8::MAX, at_us, frame },
        M::Say { tick, index: u8::MAX, at_us, frame },
        M::Part { tick, total: offset, offset, bytes },
        M::Log { level: Level::Fatal, text },
        M::Greeting(greeting),
        M::Ticked(ticked),
    ];
    for message in largest {
        let frame = FrameWriter::default().write(&message).expect("it fits");
        assert_eq!(LinkMessage::read(&taken(&frame).0[0].1), Ok(message));
    }
    let too_long = M::Log { level: Level::Info, text: &"x".repeat(MESSAGE_MAX) };
    assert_eq!(FrameWriter::default().write(&too_long), Err(MessageError::Long));
}

/// The budget of docs/link.md: eight updates in, the node's own out, at 11,520 bytes a second.
#[test]
fn a_tick_with_eight_neighbours_is_a_tenth_of_a_second() {
    use LinkMessage as M;
    // 12 bytes of header and 44 of update, late in a long run.
    let frame = &[1; 56];
    let (tick, at_us) = (1 << 32, 999_999);
    let line = |message: &M<'_>| FrameWriter::default().write(message).expect("it fits").len();
    let hear = line(&M::Hear { tick, index: 7, at_us, frame });
    let say = line(&M::Say { tick, index: 7, at_us, frame });
    let order =
        Order { tick, disturbance: i32::MIN, harvest_uw: 1 << 20, heard: 8, ..Order::default() };
    let ticked = examples().into_iter().find(|(name, _)| *name == "ticked").expect("there").1;
    let bytes = (8 * hear, line(&M::Tick(order)), say, line(&ticked));
    assert_eq!(bytes, (600, 25, 75, 114));
    let plain = bytes.0 + bytes.1 + bytes.2 + bytes.3;
    assert_eq!((plain, plain * 100_000 / 11_520), (814, 7_065));
    // What a host adds that lets others hear the board in the same tick: its words come twice.
    let rehearsal = Rehearsal {
        tick,
        senses: true,
        offset: i32::MIN,
        gain: i32::MIN,
        pivot: i32::MIN,
        storm: 255,
        harvest_uw: 1 << 20,
    };
    let asked = line(&M::Rehearse(rehearsal));
    let answered = line(&M::Rehearsed { tick, raw: Some(i32::MIN), said: 1 });
    assert_eq!((asked, answered), (34, 21));
    let whole = plain + asked + say + answered;
    assert_eq!((whole, whole * 100_000 / 11_520), (944, 8_194));
}

#[test]
fn a_greeting_of_any_version_says_which() {
    let greeting = |version: &[u8]| [&[10][..], version, &[1, 2, 3]].concat();
    assert_eq!(greeting_version(&greeting(&[1])), Some(1));
    assert_eq!(greeting_version(&greeting(&[0xAC, 2])), Some(300));
    assert_eq!(greeting_version(&[11, 1]), None);
    assert_eq!(greeting_version(&[10]), None);
}

#[test]
fn gaps_are_counted_and_a_sender_that_starts_anew_is_none() {
    let line: Vec<u8> = [65_534, 65_535, 2, 3, 3, 0]
        .iter()
        .flat_map(|n| frame_of(*n, &[9]).expect("short"))
        .collect();
    let (frames, count) = taken(&line);
    assert_eq!(frames.len(), 6);
    assert_eq!(count, LineCount { taken: 6, damaged: 0, lost: 2 });
}

#[test]
fn what_cannot_be_a_frame_is_dropped_whole() {
    assert_eq!(frame_of(0, &[]), None);
    assert_eq!(frame_of(0, &[1; MESSAGE_MAX + 1]), None);
    let frame = frame_of(5, &[9]).expect("short");
    let long = [&vec![1; FRAME_MAX * 3][..], &[0], &frame[..], &[0, 0]].concat();
    let (frames, count) = taken(&long);
    assert_eq!(frames, [(5, vec![9])]);
    assert_eq!(count, LineCount { taken: 1, damaged: 1, lost: 0 });
}

fn any_message() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..=MESSAGE_MAX)
}

proptest! {
    #[test]
    fn frames_come_back_whatever_they_carry(
        messages in prop::collection::vec(any_message(), 1..6),
        from: u16,
    ) {
        let mut line = Vec::new();
        let mut sent = Vec::new();
        for (place, message) in messages.iter().enumerate() {
            let sequence = from.wrapping_add(place as u16);
            let frame = frame_of(sequence, message).expect("it fits");
            prop_assert!(frame.len() <= FRAME_MAX && !frame[..frame.len() - 1].contains(&0));
            line.extend_from_slice(&frame);
            sent.push((sequence, message.clone()));
        }
        let (frames, count) = taken(&line);
        prop_assert_eq!(&frames, &sent);
        prop_assert_eq!(count, LineCount { taken: sent.len() as u32, damaged: 0, lost: 0 });
    }

    /// After any garbage one zero is enough; without it, the frame behind the garbage may be lost,
    /// and none after it.
    #[test]
    fn garbage_costs_at_most_the_frame_behind_it(
        garbage in prop::collection::vec(any::<u8>(), 0..600),
        message in any_message(),
        clean: bool,
    ) {
        let first = frame_of(1, &message).expect("it fits");
        let second = frame_of(2, &message).expect("it fits");
        let between: &[u8] = if clean { &[0] } else { &[] };
        let line = [&garbage[..], between, &first, &second].concat();
        let (frames, _) = taken(&line);
        let own: Vec<_> = frames.iter().filter(|(_, bytes)| *bytes == message).collect();
        prop_assert_eq!(own.last(), Some(&&(2, message.clone())));
        prop_assert!(own.len() == 2 || !clean);
    }

    /// Cut anywhere, and joined to what follows: what the cut touches is lost, and so is the frame
    /// behind it if the zero before that is gone; all others are whole, and nothing is made up.
    #[test]
    fn a_cut_line_loses_what_was_cut_and_makes_nothing_up(
        messages in prop::collection::vec(any_message(), 3),
        cut in any::<prop::sample::Index>(),
        bytes in 1_usize..300,
    ) {
        let mut line = Vec::new();
        let mut places = Vec::new();
        for (sequence, message) in (0..).zip(&messages) {
            let frame = frame_of(sequence, message).expect("it fits");
            places.push((line.len(), line.len() + frame.len()));
            line.extend_from_slice(&frame);
        }
        let from = cut.index(line.len());
        let to = (from + bytes).min(line.len());
        let (frames, _) = taken(&[&line[..from], &line[to..]].concat());
        let whole = |(start, end): (usize, usize)| {
            end <= from || start > to || (start == to && (from == 0 || line[from - 1] == 0))
        };
        let expected: Vec<_> = (0..).zip(&messages).zip(places)
            .filter(|(_, place)| whole(*place))
            .map(|((sequence, message), _)| (sequence, message.clone()))
            .collect();
        prop_assert_eq!(frames, expected);
    }

    /// A CRC-32 finds every burst of up to 32 bits; stuffing may spread one, so single bits here.
    #[test]
    fn a_changed_bit_is_never_taken_for_the_message(
        message in any_message(),
        place in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let mut line = frame_of(3, &message).expect("it fits");
        let place = place.index(line.len());
        line[place] ^= 1 << bit;
        // A zero of its own ends what the damage left open.
        let (frames, _) = taken(&[&line[..], &[0], &frame_of(4, &[9]).expect("short")].concat());
        prop_assert_eq!(frames, [(4, vec![9])]);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = LinkMessage::read(&bytes) {
            prop_assert_eq!(&written(&message), &bytes);
        }
        let _ = greeting_version(&bytes);
        let (_, count) = taken(&bytes);
        prop_assert!(count.taken + count.damaged <= bytes.len() as u32);
    }
}
