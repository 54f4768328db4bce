//! Q16.16 kernels on the `fixed` crate: the arithmetic that consensus is made of.
//!
//! Nothing here touches floating point. Every operation saturates or says how it rounds, so two
//! targets can never disagree.

/// A signed fixed-point number with 16 integer and 16 fractional bits, -32768 to 32767.99998.
pub type Q16 = fixed::types::I16F16;

/// One half, the first reputation of an unknown node.
pub const HALF: Q16 = Q16::from_bits(1 << 15);

/// Hundredths as Q16.16, truncated: `percent(45)` is 0.45.
#[must_use]
pub const fn percent(hundredths: i32) -> Q16 {
    Q16::from_bits(((hundredths as i64) * 65_536 / 100) as i32)
}

/// Rounds a Q32.32 accumulator to Q16.16, halves upwards, saturating.
#[must_use]
pub fn round_q32(accumulator: i64) -> Q16 {
    let bits = accumulator.saturating_add(1 << 15) >> 16;
    Q16::from_bits(bits.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
}

/// The sum of products as Q32.32. Exact as long as no product sum leaves 64 bits, which eight
/// products of in-range values cannot.
#[must_use]
pub fn dot(left: &[Q16], right: &[Q16]) -> i64 {
    let product = |(a, b): (&Q16, &Q16)| i64::from(a.to_bits()) * i64::from(b.to_bits());
    left.iter().zip(right).map(product).fold(0, i64::saturating_add)
}

/// `gap / count`, truncated, where the count is at least 1 and stops at 2^`shift`: the step of an
/// average that is exact at first and exponential later. Dividing only where it must keeps the
/// tick quick.
#[must_use]
pub const fn shrink(gap: i64, count: u32, shift: u32) -> i64 {
    if count >> shift != 0 {
        // Truncation towards zero, as the division has it.
        let up = (gap >> 63) & ((1 << shift) - 1);
        return (gap + up) >> shift;
    }
    gap / (if count == 0 { 1 } else { count as i64 })
}

/// |`value`|, with the one value that has no opposite saturated.
#[must_use]
pub fn magnitude(value: Q16) -> Q16 {
    value.saturating_abs()
}

/// The largest integer whose square is at most `value`.
#[must_use]
pub const fn isqrt(value: u64) -> u64 {
    value.isqrt()
}

/// The square root of a non-negative Q16.16, truncated; 0 for negative input.
#[must_use]
pub fn sqrt(value: Q16) -> Q16 {
    let wide = (value.to_bits().max(0) as u64) << 16;
    Q16::from_bits(isqrt(wide) as i32)
}

/// log2(1 + i / 64) for i from 0 to 64, in 2^-16, truncated.
const LOG2_TABLE: [i32; 65] = log2_table();

/// The table by repeated squaring: each squaring of a number in [1, 2) brings out one more bit.
const fn log2_table() -> [i32; 65] {
    let mut table = [0; 65];
    let mut i = 0;
    while i < 64 {
        // 1 + i / 64 in 2^-31.
        let mut number = (64 + i as u64) << 25;
        let mut bit = 0;
        while bit < 16 {
            number = (number * number) >> 31;
            table[i] *= 2;
            if number >= 1 << 32 {
                number >>= 1;
                table[i] += 1;
            }
            bit += 1;
        }
        i += 1;
    }
    table[64] = 1 << 16;
    table
}

/// log2 of a whole number, as Q16.16, by table and straight lines between its entries; at most
/// 2^-14 below the true value and never above it. 0 for 0.
#[must_use]
pub fn log2(value: u64) -> Q16 {
    let Some(whole) = value.checked_ilog2() else { return Q16::ZERO };
    // The fraction in 2^-32.
    let fraction = if whole == 0 { 0 } else { (value << (64 - whole)) >> 32 };
    let index = (fraction >> 26) as usize;
    let rest = (fraction & 0x03FF_FFFF) as i64;
    let at = |index: usize| i64::from(LOG2_TABLE.get(index).copied().unwrap_or(1 << 16));
    let between = at(index) + (((at(index + 1) - at(index)) * rest) >> 26);
    Q16::from_bits(((whole as i32) << 16) + between as i32)
}

/// Hermite cubic of 2^-t on [0, 1]: 1 - a t + b t^2 - c t^3, coefficients in 1/65536.
const HERMITE: [i64; 3] = [45_426, 15_214, 2_556];

/// `2^-exponent` for a non-negative exponent, as Q16.16 in (0, 1]; 1 for negative input.
///
/// The fractional part uses the cubic through the exact values at 0 and 1 with exact slopes
/// there; its error is below 2^-10 of the value.
#[must_use]
pub fn exp2_neg(exponent: Q16) -> Q16 {
    let bits = exponent.to_bits().max(0);
    let whole = (bits >> 16) as u32;
    if whole >= 17 {
        return Q16::ZERO;
    }
    let fraction = i64::from(bits & 0xFFFF);
    let [a, b, c] = HERMITE;
    let cubic = b - ((c * fraction) >> 16);
    let quadratic = a - ((cubic * fraction) >> 16);
    let value = 65_536 - ((quadratic * fraction) >> 16);
    Q16::from_bits((value >> whole) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrink_is_truncating_division() {
        for gap in [-1_000_001, -512, -511, -1, 0, 1, 511, 512, 1_000_001] {
            for count in [0_u32, 1, 7, 511, 512, 513, 9_999] {
                let divisor = i64::from(count.clamp(1, 512));
                assert_eq!(shrink(gap, count, 9), gap / divisor, "{gap} / {count}");
            }
        }
    }

    #[test]
    fn dot_of_extremes_does_not_wrap() {
        let low = [Q16::MIN; 8];
        assert_eq!(dot(&low, &low), i64::MAX, "2^65 saturates");
        assert_eq!(dot(&[Q16::ONE], &[Q16::ONE]), 1 << 32);
    }

    #[test]
    fn round_q32_rounds_halves_up() {
        assert_eq!(round_q32(1 << 15).to_bits(), 1);
        assert_eq!(round_q32((1 << 15) - 1).to_bits(), 0);
        assert_eq!(round_q32(-(1 << 15)).to_bits(), 0);
        assert_eq!(round_q32(i64::MAX), Q16::MAX);
    }

    #[test]
    fn roots_are_floors() {
        assert_eq!(sqrt(Q16::from_num(4)), Q16::from_num(2));
        assert_eq!(sqrt(Q16::from_num(2)).to_bits(), 92_681);
        assert_eq!(sqrt(Q16::from_num(-1)), Q16::ZERO);
    }

    #[test]
    fn log2_is_exact_at_powers_and_close_between() {
        assert_eq!(log2(0), Q16::ZERO);
        for power in 0..64 {
            assert_eq!(log2(1 << power), Q16::from_num(power));
        }
        // log2 times 65536, truncated.
        let exact = [
            (3, 103_872),
            (5, 152_169),
            (7, 183_982),
            (100, 435_411),
            (999, 653_023),
            (65_535, 1_048_574),
            (1_000_003, 1_306_235),
        ];
        for (value, bits) in exact {
            let got = log2(value).to_bits();
            assert!(got <= bits && bits - got <= 5, "{value}: {got} for {bits}");
        }
        assert_eq!(log2(u64::MAX), Q16::from_bits((64 << 16) - 1));
    }

    #[test]
    fn exp2_neg_halves_and_stays_close() {
        assert_eq!(exp2_neg(Q16::ZERO), Q16::ONE);
        assert_eq!(exp2_neg(Q16::from_num(-3)), Q16::ONE);
        assert_eq!(exp2_neg(Q16::from_num(1)), HALF);
        assert_eq!(exp2_neg(Q16::from_num(20)), Q16::ZERO);
        // 2^-0.5 = 0.70710678 -> 46340.95
        assert!((exp2_neg(HALF).to_bits() - 46_341).abs() < 64);
        let mut last = 65_537;
        for bits in (0..6 * 65_536).step_by(97) {
            let value = exp2_neg(Q16::from_bits(bits)).to_bits();
            assert!(value <= last, "monotone at {bits}");
            last = value;
        }
    }
}
