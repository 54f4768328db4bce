//! The outlier test of Grubbs ("Sample criteria for testing outlying observations", 1950;
//! "Procedures for detecting outlying observations in samples", 1969) in integers: is the value
//! farthest from the mean too far away to be one of a normal sample?
//!
//! ```text
//! G = max|x_i - mean| / s,  s^2 = sum (x_i - mean)^2 / (n - 1)
//! outlier when G > (n - 1) / sqrt(n) * sqrt(t^2 / (n - 2 + t^2)),  t = t(alpha / 2n, n - 2)
//! ```
//!
//! with `t` the upper quantile of Student's distribution and alpha 0.01, two-sided. The models of a
//! round are tested by each weight and by their Euclidean norm, so up to nine tests are made of
//! one round, and of honest models that were normal about one round in eleven would raise a false
//! alarm with eight weights. That is why a model that stands out draws an audit and nothing else.
//!
//! It finds one liar far away. It does not find two that are alike and far (they widen the
//! deviation and mask each other), nor a cartel that stays within 1.5 deviations of the mean, nor
//! anybody among fewer than five: with three values no G exceeds the critical one by more than its
//! rounding.

use super::learner::{Blend, Heard};
use crate::id::NodeId;
use crate::neuron::TAPS;
use crate::q16::{dot, isqrt};

/// Values that are tested at once: at least and at most.
pub const SIZES: core::ops::RangeInclusive<usize> = 3..=128;

/// Critical values at alpha 0.01, two-sided, for 3 to 128 values, in 2^-16, to nearest.
const CRITICAL: [u32; 126] = [
    75_673, 98_058, 115_584, 129_291, 140_188, 149_053, 156_422, 162_666, 168_042, 172_735,
    176_880, 180_576, 183_901, 186_914, 189_662, 192_183, 194_508, 196_661, 198_663, 200_532,
    202_283, 203_927, 205_477, 206_940, 208_326, 209_640, 210_889, 212_080, 213_215, 214_300,
    215_339, 216_335, 217_290, 218_209, 219_092, 219_944, 220_764, 221_556, 222_322, 223_062,
    223_778, 224_472, 225_145, 225_797, 226_431, 227_046, 227_645, 228_227, 228_793, 229_345,
    229_882, 230_406, 230_917, 231_416, 231_903, 232_379, 232_844, 233_298, 233_743, 234_178,
    234_603, 235_020, 235_428, 235_828, 236_220, 236_605, 236_982, 237_352, 237_715, 238_071,
    238_421, 238_765, 239_102, 239_434, 239_760, 240_081, 240_396, 240_706, 241_012, 241_312,
    241_608, 241_899, 242_185, 242_467, 242_745, 243_019, 243_289, 243_555, 243_817, 244_076,
    244_331, 244_582, 244_831, 245_075, 245_317, 245_555, 245_790, 246_022, 246_252, 246_478,
    246_702, 246_922, 247_141, 247_356, 247_569, 247_779, 247_987, 248_193, 248_396, 248_597,
    248_795, 248_992, 249_186, 249_378, 249_568, 249_756, 249_942, 250_126, 250_308, 250_489,
    250_667, 250_844, 251_018, 251_191, 251_363, 251_532,
];

/// The critical value for `count` values in 2^-16; `None` outside [`SIZES`].
#[must_use]
pub fn critical(count: usize) -> Option<u32> {
    CRITICAL.get(count.checked_sub(*SIZES.start())?).copied()
}

/// The place of the value that stands out, if one does: the farthest from the mean, of equals the
/// first. `None` for fewer than 3 or more than 128 values. Exact: no quotient and no root is taken.
#[must_use]
pub fn outlier(values: &[i32]) -> Option<usize> {
    let limit = i128::from(critical(values.len())?);
    let count = values.len() as i128;
    let sum: i64 = values.iter().map(|value| i64::from(*value)).sum();
    let squares: i128 = values.iter().map(|value| i128::from(*value) * i128::from(*value)).sum();
    // n times the distance from the mean.
    let away = |value: i32| (count as i64 * i64::from(value) - sum).unsigned_abs();
    let (place, far) = values
        .iter()
        .map(|value| away(*value))
        .enumerate()
        .reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    // G^2 = far^2 (n - 1) / (n (n sum x^2 - (sum x)^2)): at most 117 bits on either side.
    let spread = count * squares - i128::from(sum) * i128::from(sum);
    let far = i128::from(far);
    let outside = (far * far * (count - 1)) << 32 > limit * limit * count * spread;
    outside.then_some(place)
}

/// Calls `each` with the origin of every model that stands out among those of a round, once.
pub fn suspects(blend: &Blend, mut each: impl FnMut(NodeId)) {
    let mut found = 0_u32;
    let mut test = |value: &dyn Fn(&Heard) -> i32| {
        let values: heapless::Vec<i32, { crate::aggregate::VOICES }> =
            blend.voices.iter().map(value).collect();
        found |= outlier(&values).map_or(0, |place| 1 << place);
    };
    for tap in 0..usize::from(blend.taps).min(TAPS) {
        test(&|heard| heard.weights.get(tap).map_or(0, |weight| weight.to_bits()));
    }
    // Eight weights of at most 4 in 2^-16 have a norm below 2^20.
    test(&|heard| isqrt(dot(&heard.weights, &heard.weights).unsigned_abs()) as i32);
    let origins = blend.voices.iter().map(|heard| heard.origin).enumerate();
    origins.filter(|(place, _)| found >> place & 1 == 1).for_each(|(_, origin)| each(origin));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::q16::Q16;
    use crate::regime::Regime;

    #[test]
    fn equal_values_extremes_and_odd_sizes_give_nothing() {
        assert_eq!(outlier(&[7; 20]), None);
        assert_eq!(outlier(&[i32::MIN, i32::MAX]), None, "two are too few");
        assert_eq!(outlier(&[0; 129]), None, "more than the table has");
        let mut wide = [i32::MIN; 128];
        wide[77] = i32::MAX;
        assert_eq!(outlier(&wide), Some(77), "no product leaves 128 bits");
        assert_eq!(outlier(&[0, 0, 0, 0, 0, 1_000, 1_000]), None, "two mask each other");
    }

    #[test]
    fn a_model_stands_out_by_one_weight_or_by_its_norm() {
        let heard = |origin: u32, weights: [i32; TAPS]| Heard {
            origin: NodeId(origin),
            round: 1,
            regime: Regime::Calm,
            influence: Q16::ONE,
            weights: weights.map(Q16::from_bits),
        };
        let honest =
            |n: u32| heard(n, [n as i32 % 3 * 100, 500 - n as i32 % 2 * 90, 7, 0, 0, 0, 0, 0]);
        let blend = |liar: [i32; TAPS]| Blend {
            round: 1,
            own_influence: Q16::ONE,
            banned: false,
            taps: 4,
            voices: (0..11).map(honest).chain([heard(99, liar)]).collect(),
        };
        let found = |liar| {
            let mut all: heapless::Vec<u32, 24> = heapless::Vec::new();
            suspects(&blend(liar), |origin| all.push(origin.0).expect("room"));
            all
        };
        assert_eq!(found([100, 450, 7, 0, 0, 0, 0, 0])[..], [0; 0], "one of them");
        assert_eq!(found([100, 450, 8, 0, 0, 0, 0, 0])[..], [99], "the third weight");
        assert_eq!(found([90_000, -90_000, 7, 0, 0, 0, 0, 0])[..], [99]);
    }
}
