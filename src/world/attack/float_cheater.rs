//! Float cheater: the node's own model as it would be if it had been computed in floating point
//! with few bits: each weight keeps its `bits` most significant bits, rounded to nearest, ties to
//! even.
//!
//! It does no harm to speak of, and no rule that looks at distances finds it: only a recomputation
//! that wants every bit the same does. Parameter: `bits`, 1 to 16; 11 is half precision. It looks
//! at nothing. Source of the rounding: Goldberg, "What every computer scientist should know about
//! floating-point arithmetic", 1991.

use super::view::{Vector, View};

/// The own model with `bits` significant bits a weight.
#[must_use]
pub fn forge(view: &View<'_>, bits: u32) -> Vector {
    view.own.map(|x| x.signum() * rounded(x.unsigned_abs(), bits.max(1)))
}

fn rounded(size: u64, bits: u32) -> i64 {
    let drop = (u64::BITS - size.leading_zeros()).saturating_sub(bits);
    let (kept, rest) = (size >> drop, size & ((1 << drop) - 1));
    let half = (1 << drop) >> 1;
    let up = rest > half || rest == half && drop > 0 && kept & 1 == 1;
    ((kept + u64::from(up)) << drop) as i64
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn significant_bits_are_left() {
        let cases = [
            (0, 3, 0),
            (5, 3, 5),
            (0b1011, 3, 0b1100),
            (0b1001, 3, 0b1000),
            (0b1_1111, 3, 0b10_0000),
            (0b10_0110, 3, 0b10_1000),
            (0b10_0100, 3, 0b10_0000),
            (12_345, 16, 12_345),
        ];
        for (size, bits, expected) in cases {
            assert_eq!(rounded(size, bits), expected, "{size:b} to {bits}");
        }
    }
}
