//! The one way from a float in a file to the fixed point that the mesh computes on.
//! Must not be used for anything that is computed rather than read.

use qres_core::boundary;
use qres_core::q16::Q16;

/// `value` in Q16.16, rounded to the nearest step and to the even one at a tie.
///
/// `None` for NaN, an infinity, or what does not fit (about -32,768 to 32,768).
#[must_use]
pub fn q16(value: f64) -> Option<i32> {
    boundary::q16_from_f64(value).map(Q16::to_bits)
}

/// [`q16`] of a value that a checked scenario holds, and 0 for one that does not fit.
#[must_use]
pub fn fixed(value: f64) -> i32 {
    q16(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::q16;

    #[test]
    fn rounds_to_nearest_even_and_refuses_the_rest() {
        let step = 1.0 / 65_536.0;
        let cases = [
            (0.0, Some(0)),
            (-0.0, Some(0)),
            (1.0, Some(65_536)),
            (-1.5, Some(-98_304)),
            (0.45, Some(29_491)),
            (0.5 * step, Some(0)),
            (1.5 * step, Some(2)),
            (2.5 * step, Some(2)),
            (-2.5 * step, Some(-2)),
            (32_767.0, Some(2_147_418_112)),
            (32_767.0 + 65_535.0 * step, Some(i32::MAX)),
            (32_768.0, None),
            (-32_768.0, Some(i32::MIN)),
            (-32_769.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (f64::NEG_INFINITY, None),
            (f64::MAX, None),
        ];
        for (value, expected) in cases {
            assert_eq!(q16(value), expected, "{value}");
        }
    }
}
