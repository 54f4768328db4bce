//! Exact noise: the discrete Gaussian on the integers, `P(x) ~ exp(-x^2 / (2 sigma^2))`, sampled
//! with integers only from uniform bits.
//!
//! Canonne, Kamath and Steinke, "The discrete Gaussian for differential privacy", 2020: algorithms
//! 1 to 3. No floating point, so no probability is rounded and no low bits give a value away
//! (Mironov, "On significance of the least significant bits for differential privacy", 2012). How
//! long a draw takes depends on what is drawn.

use crate::stream::Stream;

/// Largest numerator of a variance.
pub const NUMERATOR_MAX: u64 = 1 << 44;
/// Largest denominator of a variance.
pub const DENOMINATOR_MAX: u32 = 1 << 16;

/// A variance as an exact fraction, in squared units of what the noise is added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variance {
    numerator: u64,
    denominator: u32,
}
crate::canonical!(struct Variance { numerator, denominator });

/// Why a fraction is no variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VarianceError;

impl core::fmt::Display for VarianceError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("a variance is a fraction of 1 to 2^44 over 1 to 65536")
    }
}

impl core::error::Error for VarianceError {}

impl Variance {
    /// The variance `numerator / denominator`, of 1 to [`NUMERATOR_MAX`] over 1 to
    /// [`DENOMINATOR_MAX`].
    ///
    /// # Errors
    /// [`VarianceError`] when either is out of range.
    pub const fn new(numerator: u64, denominator: u32) -> Result<Self, VarianceError> {
        let fits = numerator >= 1 && numerator <= NUMERATOR_MAX;
        if fits && denominator >= 1 && denominator <= DENOMINATOR_MAX {
            Ok(Self { numerator, denominator })
        } else {
            Err(VarianceError)
        }
    }

    /// The numerator.
    #[must_use]
    pub const fn numerator(&self) -> u64 {
        self.numerator
    }

    /// The denominator.
    #[must_use]
    pub const fn denominator(&self) -> u32 {
        self.denominator
    }

    /// What each of `members` has to add so that the sum of any `members` noises has this variance:
    /// with secure aggregation, the group's threshold. Sums of discrete Gaussians are not exactly
    /// one; with a variance of at least 16 in each, the difference is below 2^-200 (Kairouz, Liu
    /// and Steinke, "The distributed discrete Gaussian mechanism for federated learning with
    /// secure aggregation", 2021).
    ///
    /// # Errors
    /// [`VarianceError`] for no members, or when the fraction leaves its range.
    pub const fn split(&self, members: u8) -> Result<Self, VarianceError> {
        Self::new(self.numerator, self.denominator.saturating_mul(members as u32))
    }

    /// `floor(sigma) + 1`, the scale of the proposal.
    const fn scale(&self) -> u64 {
        (self.numerator / self.denominator as u64).isqrt() + 1
    }
}

/// One draw of noise.
pub fn sample(variance: Variance, stream: &mut Stream) -> i64 {
    let (p, q) = (u128::from(variance.numerator), u128::from(variance.denominator));
    let scale = variance.scale();
    let t = u128::from(scale);
    // (|y| - p / (q t))^2 / (2 p / q) as one fraction. In range: q t is below 2^31, so its product
    // with a |y| below 2^32 below 2^63; the denominator is below 2^92. That |y| is beyond 2^32,
    // which is 1000 scales at least, has a chance below 2^-1400; it is refused.
    let under = 2 * p * q * t * t;
    loop {
        let proposal = laplace(scale, stream);
        let size = u128::from(proposal.unsigned_abs());
        if size >> 32 == 0 && bernoulli_exp((size * q * t).abs_diff(p).pow(2), under, stream) {
            return proposal;
        }
    }
}

/// Adds noise to each value; says whether all stayed within 32 bits, else they are saturated,
/// which no privacy is lost by.
pub fn add_noise(variance: Variance, stream: &mut Stream, values: &mut [i32]) -> bool {
    let mut fits = true;
    for value in values {
        let noisy = i64::from(*value) + sample(variance, stream);
        let kept = noisy.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
        fits &= kept == noisy;
        *value = kept as i32;
    }
    fits
}

/// A draw of the discrete Laplace distribution, `P(x) ~ exp(-|x| / scale)`.
fn laplace(scale: u64, stream: &mut Stream) -> i64 {
    let t = u128::from(scale);
    loop {
        let low = stream.below(t);
        if !bernoulli_exp(low, t, stream) {
            continue;
        }
        let mut high = 0_u64;
        while bernoulli_exp(1, 1, stream) {
            high += 1;
        }
        // Below 2^63: `high` would have to be beyond 2^40, which no run lives to see.
        let size = (low as u64).saturating_add(scale.saturating_mul(high)) as i64;
        let is_negative = stream.below(2) == 1;
        if !(is_negative && size == 0) {
            return if is_negative { -size } else { size };
        }
    }
}

/// True with probability `exp(-over / under)`.
fn bernoulli_exp(over: u128, under: u128, stream: &mut Stream) -> bool {
    let (mut whole, rest) = (over / under, over % under);
    while whole > 0 {
        if !bernoulli_exp_of_fraction(1, 1, stream) {
            return false;
        }
        whole -= 1;
    }
    bernoulli_exp_of_fraction(rest, under, stream)
}

/// True with probability `exp(-over / under)` for a fraction in 0..=1: the number of successes in a
/// row, at chances of fraction/1, fraction/2, .., is even.
fn bernoulli_exp_of_fraction(over: u128, under: u128, stream: &mut Stream) -> bool {
    let mut place = 1_u32;
    while stream.below(under.saturating_mul(u128::from(place))) < over {
        place += 1;
    }
    place % 2 == 1
}

#[cfg(test)]
mod tests;
