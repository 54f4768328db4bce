//! The linear kind: normalised least mean squares (Nagumo and Noda, "A learning method for system
//! identification", 1967), with a shared and a personal part.

use super::{POWER_FLOOR, leaked, limit, round16};
use crate::neuron::TAPS;
use crate::q16::{Q16, round_q32};
use crate::tally::Tally;

/// The forecast step in deviations: `sum((shared_i + own_i) * z_i) + bias`. Exact, whatever the
/// weights, for inputs within the widest limit of a form, 2^6 deviations: 8 products below 2^54.
#[must_use]
pub fn estimate(shared: &[Q16; TAPS], own: &[Q16; TAPS], bias: Q16, inputs: &[Q16; TAPS]) -> Q16 {
    estimate_tallied(&mut (), TAPS as u8, shared, own, bias, inputs)
}

/// [`estimate`], with its operations counted. Slots beyond `taps` hold zeros: they are gone
/// through, since a fixed length is quicker, and not counted.
#[must_use]
pub fn estimate_tallied(
    tally: &mut impl Tally,
    taps: u8,
    shared: &[Q16; TAPS],
    own: &[Q16; TAPS],
    bias: Q16,
    inputs: &[Q16; TAPS],
) -> Q16 {
    let taps = usize::from(taps);
    tally.load(3 * taps + 1);
    tally.multiply(taps);
    // Both weights, their product to the sum, half a step to round, and the bias.
    tally.add(2 * taps + 2);
    tally.shift(1);
    let mut sum = 0_i64;
    for ((weight, personal), input) in shared.iter().zip(own).zip(inputs) {
        let weight = i64::from(weight.to_bits()) + i64::from(personal.to_bits());
        sum = sum.wrapping_add(weight.wrapping_mul(i64::from(input.to_bits())));
    }
    round_q32(sum).saturating_add(bias)
}

/// The sum of squares of inputs, in 2^-32; exact as [`estimate`] is.
fn power(inputs: &[Q16; TAPS]) -> i64 {
    let square = |input: &Q16| i64::from(input.to_bits()) * i64::from(input.to_bits());
    inputs.iter().map(square).fold(0, i64::wrapping_add)
}

/// One step that takes away a share `rate` of `error` over `inputs`; `shared_step` of it goes to
/// the shared weights, the rest is personal and leaks.
#[expect(clippy::too_many_arguments, reason = "one signature for all kinds")]
pub fn learn(
    taps: u8,
    shared: &mut [Q16; TAPS],
    own: &mut [Q16; TAPS],
    bias: &mut Q16,
    inputs: &[Q16; TAPS],
    error: Q16,
    rate: Q16,
    shared_step: Q16,
) {
    learn_tallied(&mut (), taps, shared, own, bias, inputs, error, rate, shared_step);
}

/// [`learn`], with its operations counted; as in [`estimate_tallied`], zeros beyond `taps` are not.
#[expect(clippy::too_many_arguments, reason = "one signature for all kinds")]
pub fn learn_tallied(
    tally: &mut impl Tally,
    taps: u8,
    shared: &mut [Q16; TAPS],
    own: &mut [Q16; TAPS],
    bias: &mut Q16,
    inputs: &[Q16; TAPS],
    error: Q16,
    rate: Q16,
    shared_step: Q16,
) {
    let used = usize::from(taps);
    tally.load(used);
    tally.multiply(used + 1);
    tally.add(used + 1);
    tally.shift(3);
    tally.divide(1);
    let power = (power(inputs) >> 16) + POWER_FLOOR;
    // Q32 shifted once more over Q16: the step per unit of input, in 2^-32.
    let gain = ((i64::from(rate.to_bits()) * i64::from(error.to_bits())) << 8) / (power >> 8);
    let part = i64::from(shared_step.to_bits());
    let slots = shared.iter_mut().zip(own).zip(inputs);
    for ((weight, personal), input) in slots.take(usize::from(taps)) {
        // The products and their shifts; a leak; two roundings, two sums and a difference; clamps.
        tally.load(3);
        tally.multiply(2);
        tally.shift(5);
        tally.add(7);
        tally.compare(4);
        tally.store(2);
        let change = (gain * i64::from(input.to_bits())) >> 16;
        let common = (change * part) >> 16;
        *weight = limit(i64::from(weight.to_bits()) + round16(common));
        *personal = limit(leaked(*personal) + round16(change - common));
    }
    tally.load(1);
    tally.shift(2);
    tally.add(4);
    tally.compare(2);
    tally.store(1);
    *bias = limit(leaked(*bias) + round16(gain));
}
