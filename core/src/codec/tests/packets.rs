//! Packets: round trips, losses, damage, the bytes themselves.

extern crate std;

use heapless::Vec;
use proptest::prelude::*;

use super::series;
use crate::codec::CodecError;
use crate::codec::packet::*;

type Packet = Vec<u8, PACKET_BYTES_MAX>;

fn encode(encoder: &mut PacketEncoder, samples: &[i32]) -> Packet {
    let mut out = [0; PACKET_BYTES_MAX];
    let length = encoder.encode(samples, &mut out).unwrap();
    Packet::from_slice(&out[..length]).unwrap()
}

fn decode(decoder: &mut PacketDecoder, packet: &[u8]) -> Result<std::vec::Vec<i32>, CodecError> {
    let mut samples = [0; PACKET_SAMPLES];
    let count = decoder.decode(packet, &mut samples)?;
    Ok(samples[..count].to_vec())
}

/// A stream of `kind` in full packets.
fn stream(kind: u32, packets: usize) -> std::vec::Vec<(std::vec::Vec<i32>, Packet)> {
    let samples: std::vec::Vec<i32> = series(kind, 64 * packets, 11).collect();
    let mut encoder = PacketEncoder::new(0);
    samples.chunks(64).map(|part| (part.to_vec(), encode(&mut encoder, part))).collect()
}

#[test]
fn every_kind_of_series_comes_back() {
    for kind in 0..6 {
        let mut decoder = PacketDecoder::new(0);
        for (samples, packet) in stream(kind, 20) {
            assert_eq!(decode(&mut decoder, &packet).unwrap(), samples, "kind {kind}");
        }
    }
}

#[test]
fn noise_grows_by_three_bytes_at_most_and_constants_vanish() {
    let longest = |kind| stream(kind, 20).iter().map(|(_, packet)| packet.len()).max();
    assert!(longest(2) <= Some(PACKET_BYTES_MAX));
    assert!(longest(3) <= Some(PACKET_BYTES_MAX));
    let constant = stream(0, 16);
    assert!(constant[15].1.len() <= 2, "{}", constant[15].1.len());
}

#[test]
fn a_keyframe_decodes_alone_and_ends_a_gap() {
    let packets = stream(1, 40);
    for lost in [1_usize, 3, 7, 8, 15, 16, 17] {
        let mut decoder = PacketDecoder::new(0);
        for (at, (samples, packet)) in packets.iter().enumerate() {
            if (2..2 + lost).contains(&at) {
                continue;
            }
            // The next keyframe after the gap is packet 16 or 32.
            let waiting = at >= 2 + lost && at < (2 + lost).next_multiple_of(16);
            match decode(&mut decoder, packet) {
                Ok(back) => assert!(!waiting && back == *samples, "lost {lost}, packet {at}"),
                Err(_) => assert!(waiting, "lost {lost}, packet {at}"),
            }
        }
    }
    let mut late = PacketDecoder::new(0);
    assert_eq!(decode(&mut late, &packets[5].1), Err(CodecError::Gap));
    assert_eq!(decode(&mut late, &packets[16].1).unwrap(), packets[16].0);
}

#[test]
fn a_restart_makes_a_keyframe() {
    let mut encoder = PacketEncoder::new(0);
    let first = encode(&mut encoder, &[1, 2, 3]);
    encoder.restart();
    let second = encode(&mut encoder, &[4]);
    assert_eq!(decode(&mut PacketDecoder::new(0), &second).unwrap(), [4]);
    assert_eq!(decode(&mut PacketDecoder::new(0), &first).unwrap(), [1, 2, 3]);
}

#[test]
fn counts_and_room_are_checked_before_anything_changes() {
    let mut encoder = PacketEncoder::new(0);
    let fresh = encoder.clone();
    let mut out = [0; PACKET_BYTES_MAX];
    assert_eq!(encoder.encode(&[], &mut out), Err(CodecError::Count));
    assert_eq!(encoder.encode(&[0; 65], &mut out), Err(CodecError::Count));
    assert_eq!(encoder.encode(&[0; 64], &mut out[1..]), Err(CodecError::Room));
    assert_eq!(encoder, fresh);
}

#[test]
fn shortened_packets_are_refused() {
    for (samples, packet) in stream(1, 1) {
        for length in 0..packet.len() {
            let back = decode(&mut PacketDecoder::new(0), &packet[..length]);
            assert!(back.is_err(), "{length} of {} bytes: {samples:?}", packet.len());
        }
    }
}

#[test]
fn golden_packets() {
    let mut encoder = PacketEncoder::new(0);
    let first = encode(&mut encoder, &[2131, 2133, 2140, 2138, 2150, 2161]);
    let second = encode(&mut encoder, &[2170, 2168, 2171, i32::MIN]);
    assert_eq!((first.as_slice(), second.as_slice()), (&GOLDEN_FIRST[..], &GOLDEN_SECOND[..]));
}

const GOLDEN_FIRST: [u8; 9] = [15, 252, 41, 160, 77, 7, 124, 187, 118];
const GOLDEN_SECOND: [u8; 12] = [75, 248, 179, 196, 112, 97, 171, 11, 128, 0, 46, 63];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_samples_come_back(
        packets in prop::collection::vec(prop::collection::vec(any::<i32>(), 1..=64), 1..6),
    ) {
        let (mut encoder, mut decoder) = (PacketEncoder::new(0), PacketDecoder::new(0));
        for samples in packets {
            let packet = encode(&mut encoder, &samples);
            prop_assert!(packet.len() <= 4 * samples.len() + 3);
            prop_assert_eq!(&decode(&mut decoder, &packet).unwrap()[..], &samples[..]);
        }
    }

    #[test]
    fn errors_stay_within_the_bound(
        samples in prop::collection::vec(any::<i32>(), 1..=64),
        small in prop::collection::vec(-500..500, 1..=64),
        max_error: u16,
    ) {
        for samples in [samples, small] {
            let packet = encode(&mut PacketEncoder::new(max_error), &samples);
            let back = decode(&mut PacketDecoder::new(max_error), &packet).unwrap();
            prop_assert_eq!(back.len(), samples.len());
            for (sample, back) in samples.iter().zip(&back) {
                prop_assert!(sample.abs_diff(*back) <= u32::from(max_error));
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut decoder = PacketDecoder::new(3);
        let mut samples = [0; PACKET_SAMPLES];
        let _ = decoder.decode(&bytes, &mut samples);
        let _ = decoder.decode(&bytes, &mut samples);
    }
}
