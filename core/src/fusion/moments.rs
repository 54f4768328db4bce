//! Mean and deviation of a stream in integers. Must not know what the values mean.

use crate::q16::Q16;

/// Bits behind the point of the mean, beyond those of a sample.
const EXTRA_BITS: u32 = 8;

/// Running mean and sum of squared deviations (Welford, "Note on a method for calculating corrected
/// sums of squares and products", 1962), with 24 bits behind the point and a 128-bit sum, so that
/// nothing cancels:
///
/// ```text
/// d    = x - mean
/// mean = mean + d / n                rounded to nearest
/// m2   = m2 + d * (x - mean)         never negative: both factors have the sign of d
/// ```
///
/// `n` counts up to 2^`window_shift`; from there on `m2` also loses an n-th of itself, and the
/// averages are exponential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    count: u32,
    /// 2^-24 of the unit.
    mean: i64,
    /// 2^-48 of the unit squared.
    m2: i128,
}

crate::canonical!(struct Moments { count, mean, m2 });

impl Moments {
    /// Takes a value in.
    pub fn add(&mut self, value: Q16, window_shift: u32) {
        let full = self.count >> window_shift != 0;
        if full {
            self.m2 -= self.m2 / i128::from(self.count);
        } else {
            self.count += 1;
        }
        let wide = i64::from(value.to_bits()) << EXTRA_BITS;
        let away = wide - self.mean;
        let count = i64::from(self.count);
        self.mean += (2 * away + count).div_euclid(2 * count);
        self.m2 += i128::from(away) * i128::from(wide - self.mean);
    }

    /// Values taken in, up to the window.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The mean, rounded down to 2^-16.
    #[must_use]
    pub const fn mean(&self) -> Q16 {
        Q16::from_bits((self.mean >> EXTRA_BITS) as i32)
    }

    /// The deviation (of the population: `sqrt(m2 / n)`), truncated to 2^-16.
    #[must_use]
    pub fn deviation(&self) -> Q16 {
        let variance = self.m2.unsigned_abs() / u128::from(self.count.max(1));
        let bits = (variance.isqrt() >> EXTRA_BITS).min(i32::MAX as u128);
        Q16::from_bits(bits as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(values: &[i32], window_shift: u32) -> Moments {
        let mut moments = Moments::default();
        for value in values {
            moments.add(Q16::from_num(*value), window_shift);
        }
        moments
    }

    #[test]
    fn eight_values_by_hand() {
        // Sum 40, mean 5; squared deviations 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32; 32 / 8 = 2^2.
        let moments = over(&[2, 4, 4, 4, 5, 5, 7, 9], 10);
        assert_eq!(moments.count(), 8);
        // The means on the way (3, 10/3, ...) were rounded to 2^-24.
        let away = (moments.mean() - Q16::from_num(5)).to_bits().abs();
        assert!(away <= 1, "mean {}", moments.mean());
        assert!((moments.deviation() - Q16::from_num(2)).to_bits().abs() <= 1);
    }

    #[test]
    fn extremes_do_not_overflow() {
        let mut moments = Moments::default();
        for n in 0..40_000 {
            moments.add(if n % 2 == 0 { Q16::MAX } else { Q16::MIN }, 14);
        }
        assert!(moments.deviation() > Q16::from_num(32_000), "{}", moments.deviation());
    }

    #[test]
    fn a_large_level_does_not_drown_a_small_spread() {
        // 30,000 +- 1/4: the naive E[x^2] - E[x]^2 would need 62 bits for the squares alone.
        let mut moments = Moments::default();
        for n in 0..1_000 {
            let swing = if n % 2 == 0 { 1 << 14 } else { -(1 << 14) };
            moments.add(Q16::from_num(30_000) + Q16::from_bits(swing), 14);
        }
        assert!((moments.deviation().to_bits() - (1 << 14)).abs() <= 1);
    }

    #[test]
    fn a_short_window_follows_a_new_level() {
        let mut moments = over(&[0; 64], 4);
        assert_eq!(moments.count(), 16);
        (0..160).for_each(|_| moments.add(Q16::from_num(8), 4));
        // (15/16)^160 of the old level is left.
        assert!(moments.mean() > Q16::from_num(7), "{}", moments.mean());
        assert!(moments.deviation() < Q16::from_num(1), "{}", moments.deviation());
    }
}
