//! The only place where floating point exists: configuration comes in and figures go out here.
//!
//! Nothing that a node decides may pass through this module.

use crate::q16::Q16;

/// The nearest Q16.16, ties to even; `None` for what is not a number or does not fit.
#[must_use]
pub fn q16_from_f64(value: f64) -> Option<Q16> {
    let scaled = value * 65_536.0;
    // A NaN is in no range. Half a step beyond either end still rounds into it or is refused below.
    if !(-2_147_483_649.0..=2_147_483_648.0).contains(&scaled) {
        return None;
    }
    let floor = scaled as i64 - i64::from(scaled < (scaled as i64) as f64);
    // Twice the rest is exact, and so is the comparison with one.
    let above = (scaled - floor as f64) * 2.0 - 1.0;
    let up = above > 0.0 || (above >= 0.0 && floor & 1 == 1);
    i32::try_from(floor + i64::from(up)).ok().map(Q16::from_bits)
}

/// The exact value of a Q16.16 as a float.
#[must_use]
pub fn f64_from_q16(value: Q16) -> f64 {
    f64::from(value.to_bits()) / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_nearest_even_and_refuses_the_rest() {
        let bits = |v: f64| q16_from_f64(v).map(Q16::to_bits);
        assert_eq!(bits(0.01), Some(655));
        assert_eq!(bits(-0.01), Some(-655));
        assert_eq!(bits(0.5 / 65_536.0), Some(0));
        assert_eq!(bits(1.5 / 65_536.0), Some(2));
        assert_eq!(bits(-1.5 / 65_536.0), Some(-2));
        assert_eq!(bits(32_768.0), None);
        assert_eq!(bits(-32_768.0), Some(i32::MIN));
        assert_eq!(bits(-32_769.0), None);
        assert_eq!(bits(f64::NEG_INFINITY), None);
        assert_eq!(bits(f64::NAN), None);
    }

    #[test]
    fn round_trips() {
        for raw in [0, 1, -1, 655, i32::MAX, i32::MIN] {
            let q = Q16::from_bits(raw);
            assert_eq!(q16_from_f64(f64_from_q16(q)), Some(q));
        }
    }
}
