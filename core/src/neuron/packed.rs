//! A neuron in few bytes, for the air: what it has of the mesh's first model is left out, numbers
//! are as long as they need, and its history is stored as steps. Loses nothing; must not be hashed.

use super::{HISTORY, NeuronConfig, SwarmNeuron, TAPS};
use crate::canonical::{Canonical, Sink, Source};
use crate::q16::Q16;
use crate::varint::{put, put_signed, take, take_signed};

/// The model is not of the mesh's first form.
const EVOLVED: u8 = 1;
/// The scale does not move.
const FROZEN: u8 = 2;

impl SwarmNeuron {
    /// Appends the neuron of a mesh that began with `config`.
    pub(crate) fn pack(&self, config: &NeuronConfig, sink: &mut impl Sink) {
        let first = Self::new(config);
        let own = (&self.form, &self.lineage, self.gene);
        let is_first = own == (&first.form, &first.lineage, first.gene);
        let flags = if is_first { 0 } else { EVOLVED } | if self.frozen { FROZEN } else { 0 };
        flags.encode(sink);
        if !is_first {
            self.form.encode(sink);
            self.lineage.encode(sink);
            self.gene.encode(sink);
        }
        for (shared, kept) in self.state.shared.iter().zip(&self.checkpoint) {
            put_signed(sink, wide(*shared));
            put_signed(sink, wide(*kept) - wide(*shared));
        }
        self.state.own.iter().for_each(|weight| put_signed(sink, wide(*weight)));
        put_signed(sink, wide(self.state.bias));
        pack_steps(&self.history, sink);
        put(sink, u64::from(self.samples));
        put_signed(sink, self.scale_wide);
        for value in [self.prediction, self.expected, self.step] {
            put_signed(sink, wide(value));
        }
        self.head.encode(sink);
    }

    /// Reads it back; `None` when bytes are missing or mean nothing.
    pub(crate) fn unpack(config: &NeuronConfig, source: &mut Source<'_>) -> Option<Self> {
        let mut neuron = Self::new(config);
        let flags = u8::decode(source)?;
        if flags & !(EVOLVED | FROZEN) != 0 {
            return None;
        }
        neuron.frozen = flags & FROZEN != 0;
        if flags & EVOLVED != 0 {
            neuron.form = Canonical::decode(source)?;
            neuron.lineage = Canonical::decode(source)?;
            neuron.gene = Canonical::decode(source)?;
        }
        for (shared, kept) in neuron.state.shared.iter_mut().zip(&mut neuron.checkpoint) {
            *shared = number(source, 0)?;
            *kept = number(source, wide(*shared))?;
        }
        for weight in &mut neuron.state.own {
            *weight = number(source, 0)?;
        }
        neuron.state.bias = number(source, 0)?;
        neuron.history = unpack_steps(source)?;
        neuron.samples = u32::try_from(take(source)?).ok()?;
        neuron.scale_wide = take_signed(source)?;
        neuron.prediction = number(source, 0)?;
        neuron.expected = number(source, 0)?;
        neuron.step = number(source, 0)?;
        neuron.head = u8::decode(source)?;
        Some(neuron)
    }
}

const _: () = assert!(TAPS <= 8, "a packed neuron has to fit what shows it");

fn wide(value: Q16) -> i64 {
    i64::from(value.to_bits())
}

/// A number that is stored as its distance from `base`.
fn number(source: &mut Source<'_>, base: i64) -> Option<Q16> {
    let bits = take_signed(source)?.checked_add(base)?;
    i32::try_from(bits).ok().map(Q16::from_bits)
}

/// The steps from sample to sample, all in as many bits as the widest needs.
fn pack_steps(history: &[Q16; HISTORY], sink: &mut impl Sink) {
    let mut last = 0;
    let steps = history.map(|sample| {
        let step = wide(sample) - last;
        last += step;
        ((step << 1) ^ (step >> 63)) as u64
    });
    let all = steps.iter().fold(0, |all, step| all | step);
    let width = u64::BITS - all.leading_zeros();
    (width as u8).encode(sink);
    let (mut waiting, mut bits) = (0_u64, 0);
    for step in steps {
        waiting |= step << bits;
        bits += width;
        while bits >= 8 {
            (waiting as u8).encode(sink);
            (waiting, bits) = (waiting >> 8, bits - 8);
        }
    }
    if bits > 0 {
        (waiting as u8).encode(sink);
    }
}

fn unpack_steps(source: &mut Source<'_>) -> Option<[Q16; HISTORY]> {
    let width = u32::from(u8::decode(source)?);
    // A step between two samples of 32 bits has a sign and 32 bits.
    if width > 33 {
        return None;
    }
    let (mut waiting, mut bits, mut last) = (0_u64, 0, 0_i64);
    let mut history = [Q16::ZERO; HISTORY];
    for sample in &mut history {
        while bits < width {
            waiting |= u64::from(u8::decode(source)?) << bits;
            bits += 8;
        }
        let step = waiting & ((1 << width) - 1);
        (waiting, bits) = (waiting >> width, bits - width);
        last += (step >> 1) as i64 ^ -((step & 1) as i64);
        *sample = i32::try_from(last).ok().map(Q16::from_bits)?;
    }
    Some(history)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn extreme_histories_come_back() {
        let ends = [Q16::from_bits(i32::MIN), Q16::from_bits(i32::MAX)];
        let swings = core::array::from_fn(|n| ends[n % 2]);
        for history in [[Q16::ZERO; HISTORY], [ends[0]; HISTORY], swings] {
            let mut bytes: heapless::Vec<u8, 256> = heapless::Vec::new();
            pack_steps(&history, &mut bytes);
            assert_eq!(unpack_steps(&mut Source::new(&bytes)), Some(history));
            bytes.pop();
            assert_eq!(unpack_steps(&mut Source::new(&bytes)), None, "cut off");
        }
    }

    proptest! {
        #[test]
        fn a_neuron_that_has_learned_comes_back_in_less(
            values in proptest::collection::vec(-60_000..60_000_i32, 1..200),
            rate in 0..20_000_i32,
        ) {
            let config = NeuronConfig::default();
            let mut neuron = SwarmNeuron::new(&config);
            for value in values {
                let sample = Q16::from_bits((20 << 16) + value);
                neuron.adapt(&config, sample, Q16::from_bits(rate), Q16::ONE);
            }
            let mut packed: heapless::Vec<u8, 512> = heapless::Vec::new();
            let mut plain: heapless::Vec<u8, 512> = heapless::Vec::new();
            neuron.pack(&config, &mut packed);
            neuron.encode(&mut plain);
            prop_assert_eq!(SwarmNeuron::unpack(&config, &mut Source::new(&packed)), Some(neuron));
            prop_assert!(3 * packed.len() < 2 * plain.len(), "{} of {}", packed.len(), plain.len());
        }
    }
}
