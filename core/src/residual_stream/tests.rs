//! What comes out is what went in, or is reported; and no bytes are too strange.

use proptest::prelude::*;

use super::*;
use crate::draw::{Purpose, draw};

extern crate std;
use std::vec::Vec;

fn config() -> StreamConfig {
    StreamConfig { frame_samples: 32, key_every: 8, check_every: 2, ..StreamConfig::default() }
}

/// Frames and readings of a signal.
fn sent(config: &StreamConfig, signal: &[i32]) -> Vec<StreamFrame> {
    let mut sender = StreamSender::new(config, &[Q16::ZERO; TAPS]);
    let mut frames: Vec<StreamFrame> =
        signal.iter().filter_map(|r| sender.push(config, *r).expect("in range")).collect();
    frames.extend(sender.flush(config));
    assert_eq!(sender.samples() as usize, signal.len());
    frames
}

fn noise(n: u32, width: i64) -> i32 {
    (draw(7, Purpose::Noise, 0, u64::from(n), 0) as i64).rem_euclid(2 * width + 1) as i32
        - width as i32
}

/// A triangle wave with a kink, whole steps.
fn wave(n: u32) -> i32 {
    ((n % 200) as i32 - 100).abs() * 7 + (n % 37) as i32
}

/// Named signals of 2,000 readings.
fn signals() -> [(&'static str, Vec<i32>); 6] {
    let make = |f: &dyn Fn(u32) -> i32| (0..2_000).map(f).collect::<Vec<i32>>();
    let mut walk = 0;
    let wander: Vec<i32> = (0..2_000)
        .map(|n| {
            walk += noise(n, 5);
            walk
        })
        .collect();
    [
        ("constant", make(&|_| 1_234)),
        ("wave", make(&wave)),
        ("noise", make(&|n| noise(n, 50))),
        ("walk", wander),
        ("steps", make(&|n| if n / 61 % 2 == 0 { -900 } else { 900 })),
        // 3,276,000 * 655 / 65,536 is close to the end of what fits.
        ("extremes", make(&|n| if n % 3 == 0 { 3_276_000 } else { -3_276_000 })),
    ]
}

#[test]
fn the_receiver_has_every_reading() {
    for (name, signal) in signals() {
        let config = config();
        let frames = sent(&config, &signal);
        let mut receiver = StreamReceiver::new(&config);
        let mut out = Vec::new();
        for frame in &frames {
            receiver.take(&config, frame, |index, r| out.push((index, r))).expect(name);
        }
        let expected: Vec<_> = (0..).zip(signal.iter().copied()).collect();
        assert!(out == expected, "{name}");
        assert_eq!((receiver.received(), receiver.lost()), (2_000, 0), "{name}");
    }
}

#[test]
fn what_is_predicted_costs_nearly_nothing() {
    let config = StreamConfig { frame_samples: 250, key_every: 100, check_every: 100, ..config() };
    let bytes = |signal: &[i32]| sent(&config, signal).iter().map(|f| f.len()).sum::<usize>();
    let [constant, _, noise, ..] = signals();
    // Eight frames: a header of 3 bytes and a byte or two of runs, one keyframe.
    assert!(bytes(&constant.1) <= 8 * 5 + 24, "{} bytes", bytes(&constant.1));
    // A residual of 101 values is 6.7 bits at best.
    let each = bytes(&noise.1) * 8 / 2_000;
    assert!((7..=9).contains(&each), "{each} bits");
}

#[test]
fn a_lost_frame_costs_the_readings_up_to_the_next_keyframe() {
    let config = config();
    let [_, (_, signal), ..] = signals();
    let frames = sent(&config, &signal);
    let lost = [3_usize, 17, 18];
    let mut receiver = StreamReceiver::new(&config);
    let mut wrong = 0;
    for (number, frame) in frames.iter().enumerate() {
        if lost.contains(&number) {
            continue;
        }
        let outcome = receiver.take(&config, frame, |index, reading| {
            wrong += usize::from(signal[index as usize] != reading);
        });
        let due = match number {
            4..8 | 19..24 => Err(StreamError::Gap),
            _ => Ok(()),
        };
        assert_eq!(outcome, due, "frame {number}");
    }
    assert_eq!(wrong, 0);
    assert_eq!(receiver.received() + receiver.lost(), 2_000);
    assert!(receiver.lost() > 300, "{}", receiver.lost());
}

#[test]
fn twice_the_same_frame_is_told_and_changes_nothing() {
    let config = config();
    let frames = sent(&config, &signals()[2].1);
    let mut receiver = StreamReceiver::new(&config);
    for frame in &frames[..5] {
        receiver.take(&config, frame, |_, _| ()).expect("in order");
        let before = receiver.clone();
        let again = receiver.take(&config, frame, |_, _| panic!("again"));
        assert_eq!(again, Err(StreamError::Stale));
        assert_eq!(receiver, before);
    }
}

#[test]
fn ends_that_differ_are_found_out_by_the_checksum() {
    let config = config();
    let frames = sent(&config, &signals()[1].1);
    let other = StreamConfig { rate: Q16::from_bits(6_554), ..config };
    let mut receiver = StreamReceiver::new(&other);
    let found = frames
        .iter()
        .any(|frame| receiver.take(&other, frame, |_, _| ()) == Err(StreamError::Diverged));
    assert!(found && receiver.received() < 200, "{}", receiver.received());
}

#[test]
fn a_reading_out_of_range_is_refused_and_the_stream_goes_on() {
    let config = config();
    let mut sender = StreamSender::new(&config, &[Q16::ZERO; TAPS]);
    assert_eq!(sender.push(&config, 5), Ok(None));
    let before = sender.clone();
    assert_eq!(sender.push(&config, 4_000_000), Err(StreamError::Range));
    assert_eq!(sender, before);
}

#[test]
fn this_stream_has_these_bytes() {
    // A golden frame: key, short; sequence 0; 5 readings; index 0; first 10; no weights but zeros.
    let config = StreamConfig { check_every: 9, ..config() };
    let frames = sent(&config, &[10, 10, 10, 12, 12]);
    let bytes: Vec<u8> = frames.concat_bytes();
    assert_eq!(bytes[..8], [3, 0, 0, 5, 0, 0, 0, 0]);
    assert_eq!(bytes[8..12], [10, 0, 0, 0]);
    assert!(bytes[12..28].iter().all(|byte| *byte == 0));
    // 1, then two zeros in two bits, then 2 -> 4 - 1 = 3 as 0 and 11; then one zero as 0 ... 0.
    assert_eq!(bytes[28..], [0b0011_0101]);
}

trait ConcatBytes {
    fn concat_bytes(&self) -> Vec<u8>;
}

impl ConcatBytes for Vec<StreamFrame> {
    fn concat_bytes(&self) -> Vec<u8> {
        self.iter().flat_map(|frame| frame.iter().copied()).collect()
    }
}

proptest! {
    /// Any signal, with any frames lost, damaged or doubled: every reading that comes out is one
    /// that went in at that place, unless a damaged frame slipped through without a checksum.
    #[test]
    fn nothing_wrong_comes_out_of_losses(
        signal in proptest::collection::vec(-3_000_000..3_000_000_i32, 1..300),
        lost in any::<u64>(),
        frame_samples in 1..40_u8,
        key_every in 1..6_u8,
    ) {
        let config = StreamConfig { frame_samples, key_every, check_every: 1, ..config() };
        let mut receiver = StreamReceiver::new(&config);
        let mut wrong = 0;
        for (number, frame) in sent(&config, &signal).iter().enumerate() {
            if lost >> (number % 64) & 1 == 0 {
                let _ = receiver.take(&config, frame, |index, reading| {
                    wrong += usize::from(signal.get(index as usize) != Some(&reading));
                });
            }
        }
        prop_assert_eq!(wrong, 0);
        prop_assert!(receiver.received() + receiver.lost() <= signal.len() as u32);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        frames in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..70), 1..20),
        flags in 0..8_u8,
    ) {
        let config = config();
        let mut receiver = StreamReceiver::new(&config);
        for mut frame in frames {
            if let Some(first) = frame.first_mut() {
                *first = flags;
            }
            let _ = receiver.take(&config, &frame, |_, _| ());
        }
    }
}
