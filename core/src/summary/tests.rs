//! Moments by hand and against wide integers, bytes, and what a joiner gains.

use proptest::prelude::*;

use super::*;
use crate::draw::{Purpose, draw};
use crate::id::NodeId;
use crate::neuron::{Form, NeuronConfig};
use crate::q16::percent;
use crate::regime::Regime;

extern crate std;
use std::vec::Vec;

fn voice(node: u32, influence: i32, weight: i32) -> Voice {
    let weights = [Q16::from_bits(weight); TAPS];
    Voice { node: NodeId(node), influence: Q16::from_bits(influence), loss: None, weights }
}

fn summary(voices: &[Voice], trim: u8) -> SummaryGene {
    SummaryGene::of(9, GroupId(2), 8, [7; 32], voices, trim).expect("voices")
}

#[test]
fn moments_by_hand() {
    // 0.5, 1 and 1.5: mean 1, variance 1/6; the liar is trimmed, and so is the least.
    let voices =
        [voice(0, 1, -65_536), voice(1, 1, 32_768), voice(2, 1, 65_536), voice(3, 1, 98_304)];
    let plain = summary(&voices[1..], 0);
    assert_eq!(plain.consensus(), [Q16::ONE; TAPS]);
    let sixth = (1_i64 << 32) / 6;
    assert!((plain.variance()[0] - sixth).abs() <= sixth >> 14, "{}", plain.variance()[0]);
    let trimmed = summary(&voices, 1);
    assert_eq!(trimmed.consensus()[0].to_bits(), 49_152);
    assert_eq!(trimmed.variance()[0], 1 << 28, "a quarter squared");
    // Weights 3 and 1: mean 0.25, variance 3/16.
    let weighed = summary(&[voice(0, 30_000, 0), voice(1, 10_000, 65_536)], 0);
    assert_eq!(weighed.consensus()[0].to_bits(), 16_384);
    assert_eq!(weighed.variance()[0], 3 << 28);
    assert_eq!(SummaryGene::of(1, GroupId(0), 4, [0; 32], &[], 1), None);
}

#[test]
fn bytes_have_their_length_and_come_back() {
    let gene = summary(&[voice(0, 1, 1_000), voice(1, 1, -7_000), voice(2, 1, 3)], 0);
    let bytes = gene.to_bytes();
    assert_eq!(bytes.len(), 80);
    assert_eq!(SummaryGene::from_bytes(&bytes), Ok(gene));
    let small = SummaryGene { taps: 4, ..summary(&[voice(0, 1, 0)], 0) };
    assert_eq!(small.to_bytes().len(), 64);
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(SummaryGene::from_bytes(&damaged).is_err(), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert!(SummaryGene::from_bytes(&bytes[..length]).is_err(), "length {length}");
    }
}

#[test]
fn a_summary_of_another_mesh_is_refused_and_changes_nothing() {
    let gene = summary(&[voice(0, 1, 9_999)], 0);
    let form = Form { taps: 8, lags: [2, 3, 4, 5, 6, 7, 8, 9], ..Form::default() };
    let config = NeuronConfig { form, ..NeuronConfig::default() };
    let mut neuron = SwarmNeuron::new(&config);
    let outcomes = [
        gene.install(GroupId(1), &mut neuron),
        gene.install(GroupId(2), &mut SwarmNeuron::new(&NeuronConfig::default())),
    ];
    assert_eq!(outcomes, [Err(SummaryError::OtherMesh); 2]);
    assert_eq!(neuron, SwarmNeuron::new(&config));
    assert!(gene.install(GroupId(2), &mut neuron).is_ok());
    assert_eq!(neuron.weights()[0].to_bits(), 9_999);
}

#[test]
fn own_words_count_more_where_the_mesh_disagrees_and_with_time() {
    let onboarding =
        |variance: i64| Onboarding { consensus: [Q16::ZERO; TAPS], variance: [variance; TAPS] };
    let own = [Q16::ONE; TAPS];
    let share = |variance, samples| onboarding(variance).blend(&own, samples)[0].to_bits();
    assert_eq!(share(0, 1_000_000), 0, "a mesh of one mind");
    assert_eq!(share(1 << 30, 0), 0, "nothing seen");
    assert_eq!(share(1 << 30, 1), 32_768, "as uncertain as one sample");
    assert_eq!(share(1 << 20, 1_024), 32_768, "a thousandth of it, but a thousand samples");
    assert!(share(1 << 24, 10) < share(1 << 24, 100) && share(1 << 20, 10) < share(1 << 24, 10));
    assert_eq!(share(VARIANCE_MAX, u32::MAX), 65_536);
}

#[test]
fn a_history_is_told_by_its_hash() {
    let update = |round, weight| Update {
        origin: NodeId(3),
        round,
        group: GroupId(0),
        regime: Regime::Calm,
        polls: false,
        wire: crate::packet::Wire::default(),
        gene: crate::gene::GeneId::default(),
        taps: 4,
        weights: [Q16::from_bits(weight); TAPS],
    };
    let chain = |updates: &[Update]| updates.iter().fold([0; 32], |h, u| extend_history(&h, u));
    let one = chain(&[update(1, 5), update(2, 6)]);
    assert_eq!(one, chain(&[update(1, 5), update(2, 6)]));
    assert_ne!(one, chain(&[update(2, 6), update(1, 5)]));
    assert_ne!(one, chain(&[update(1, 5), update(2, 7)]));
}

/// A node's signal: a triangle wave that all share, with a gain, a phase and a noise of its own.
fn sample(node: u32, n: u32) -> Q16 {
    let phase = (n + node * 37) % 120;
    let wave = (phase as i32 - 60).abs() * (900 + 100 * node as i32);
    let noise = (draw(3, Purpose::Noise, node, u64::from(n), 0) % 4_000) as i32;
    Q16::from_bits(20 * 65_536 + wave + noise)
}

/// Lets a neuron see samples; returns its summed |error| in deviations, raw.
fn live(neuron: &mut SwarmNeuron, node: u32, range: core::ops::Range<u32>) -> i64 {
    let config = NeuronConfig::default();
    let each = |n| {
        let error = neuron.forecast_and_adapt(&config, sample(node, n), percent(1), Q16::ZERO);
        i64::from(error.to_bits())
    };
    range.map(each).sum()
}

#[test]
fn a_joiner_is_better_from_the_start_for_a_fraction_of_the_bytes() {
    let config = NeuronConfig::default();
    let voices: Vec<Voice> = (0..8)
        .map(|node| {
            let mut neuron = SwarmNeuron::new(&config);
            live(&mut neuron, node, 0..3_000);
            Voice {
                node: NodeId(node),
                influence: Q16::ONE,
                loss: None,
                weights: *neuron.weights(),
            }
        })
        .collect();
    let gene =
        SummaryGene::of(60, GroupId(0), config.form.taps, [0; 32], &voices, 1).expect("voices");
    let bytes = gene.to_bytes();
    // 8 nodes, an update of 36 bytes on the air every 50 samples.
    let replay = 8 * 60 * 36;
    assert!(bytes.len() * 200 < replay, "{} against {replay}", bytes.len());
    let (mut cold, mut warm) = (SwarmNeuron::new(&config), SwarmNeuron::new(&config));
    let read = SummaryGene::from_bytes(&bytes).expect("own bytes");
    read.install(GroupId(0), &mut warm).expect("of this mesh");
    // The first sample fills the memory, the next ones settle the scale.
    live(&mut cold, 9, 0..32);
    live(&mut warm, 9, 0..32);
    let (without, with) = (live(&mut cold, 9, 32..232), live(&mut warm, 9, 32..232));
    assert!(with * 100 < without * 95, "{with} with, {without} without");
}

proptest! {
    /// Codec, trimming and order: what is read is what was written, whoever spoke first.
    #[test]
    fn summaries_round_trip_in_any_order(
        values in proptest::collection::vec(
            (-262_144..=262_144_i32, 0..=65_536_i32), 1..VOICES),
        trim in 0..4_u8,
        turn in 0..16_usize,
    ) {
        let mut voices: Vec<Voice> =
            values.iter().enumerate().map(|(n, (v, i))| voice(n as u32, *i, *v)).collect();
        let gene = summary(&voices, trim);
        prop_assert_eq!(SummaryGene::from_bytes(&gene.to_bytes()), Ok(gene));
        let length = voices.len();
        voices.rotate_left(turn % length);
        prop_assert_eq!(summary(&voices, trim), gene);
        let (low, high) = (values.iter().map(|v| v.0).min(), values.iter().map(|v| v.0).max());
        let mean = gene.consensus()[0].to_bits();
        // A mantissa of 15 bits for values up to 2^18: within 2^3.
        prop_assert!(low.unwrap_or(0) - 8 <= mean && mean <= high.unwrap_or(0) + 8);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..100),
        sealed in any::<bool>(),
    ) {
        if sealed && bytes.len() > 10 {
            bytes[..3].copy_from_slice(b"QS\x01");
            bytes[5] = 0;
            let end = bytes.len() - 4;
            let crc = crc32(&bytes[..end]);
            bytes[end..].copy_from_slice(&crc);
        }
        if let Ok(gene) = SummaryGene::from_bytes(&bytes) {
            prop_assert_eq!(&gene.to_bytes()[..], &bytes[..]);
        }
    }
}
